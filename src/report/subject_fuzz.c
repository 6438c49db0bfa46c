/* Any bytes in every text of a host or a domain: each format stays what it claims to be. The first
 * byte chooses the format. */
#include "report/report_samples.h"
#include "report/subject_checks.h"
#include "report/subject_samples.h"

enum { NAGIOS = REPORT_PROMETHEUS + 1, FORMATS };

static bool is_good(int format, struct str s)
{
    switch (format) {
    case REPORT_TEXT:
        return is_good_page(s, FLOW_MIN_WIDTH);
    case REPORT_JUNIT:
        return is_good_xml(s);
    case REPORT_TAP:
        return is_good_tap(s, true);
    case REPORT_GITHUB:
        return is_good_github(s);
    case REPORT_MARKDOWN:
        return is_good_markdown(s);
    case REPORT_JSONL:
        return is_good_jsonl(s);
    case REPORT_PROMETHEUS:
        return is_good_prometheus(s);
    case NAGIOS:
        return is_good_nagios(s);
    default:
        return is_good_json(s);
    }
}

static void write_stream(struct buf *out, const struct subject *s, enum report_format format,
                         struct str bytes)
{
    struct report_options o = {.format = format,
                               .fail_on = bytes.n % 2 == 0 ? SEV_HIGH : SEV_CRITICAL,
                               .verbose = true,
                               .width = FLOW_MIN_WIDTH};
    struct report *r = report_new(&o, out, bytes.n % 2);
    report_subject(r, s);
    report_error(r, &(struct report_error){bytes, bytes, "probe"});
    report_end(r);
    report_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct subject_sample s;
    struct buf out;
    if (size == 0)
        return 0;
    struct str bytes = str_make((const char *)data + 1, size - 1);
    int format = data[0] % FORMATS;
    subject_sample_init(&s);
    subject_hostile(&s, bytes);
    buf_init(&out, 64 << 20);
    if (format == NAGIOS)
        report_nagios(&out, &s.subject, 1, SEV_HIGH);
    else
        write_stream(&out, &s.subject, (enum report_format)format, bytes);
    if (out.failed || !is_good(format, buf_str(&out)))
        abort();
    buf_clear(&out);
    subject_sample_clear(&s);
    return 0;
}
