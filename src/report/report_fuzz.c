/* Any bytes as message and in every text of a job: each format stays what it claims to be. */
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
        return is_good_tap(s);
    case REPORT_GITHUB:
        return is_good_github(s);
    case REPORT_JSONL:
        return is_good_jsonl(s);
    default:
        return is_good_json(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    struct sample s;
    struct buf out;
    sample_init(&s);
    sample_hostile(&s, bytes, bytes);
    buf_init(&out, 64 << 20);
    for (int f = REPORT_TEXT; f <= REPORT_GITHUB; f++) {
        struct report_options o = {.format = (enum report_format)f,
                                   .verbose = true,
                                   .width = FLOW_MIN_WIDTH};
        struct report *r = report_new(&o, &out, size % 2);
        report_message(r, &s.job);
        report_error(r, &(struct report_error){bytes, bytes});
        report_end(r);
        if (out.failed || !is_good(o.format, buf_str(&out)))
            abort();
        report_free(r);
        buf_reset(&out);
    }
    buf_clear(&out);
    sample_clear(&s);
    return 0;
}
