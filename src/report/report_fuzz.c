/* Any bytes as message and in every text of a job: each format stays what it claims to be. The
 * first byte chooses the format. */
#include "report/report_checks.h"
#include "report/report_samples.h"

static bool is_good(enum report_format f, struct str s)
{
    switch (f) {
    case REPORT_TEXT:
        return is_good_page(s, FLOW_MIN_WIDTH);
    case REPORT_JUNIT:
        return is_good_xml(s);
    case REPORT_TAP:
        return is_good_tap(s, false);
    case REPORT_GITHUB:
        return is_good_github(s);
    case REPORT_MARKDOWN:
        return is_good_markdown(s);
    case REPORT_JSONL:
        return is_good_jsonl(s);
    default:
        return is_good_json(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report_options o = {.verbose = true, .width = FLOW_MIN_WIDTH};
    struct sample s;
    struct buf out;
    if (size == 0)
        return 0;
    struct str bytes = str_make((const char *)data + 1, size - 1);
    o.format = (enum report_format)(data[0] % (REPORT_MARKDOWN + 1));
    sample_init(&s);
    sample_hostile(&s, bytes, bytes);
    buf_init(&out, 64 << 20);
    struct report *r = report_new(&o, &out, size % 2);
    report_message(r, &s.job);
    report_error(r, &(struct report_error){bytes, bytes});
    report_end(r);
    if (out.failed || !is_good(o.format, buf_str(&out)))
        abort();
    report_free(r);
    buf_clear(&out);
    sample_clear(&s);
    return 0;
}
