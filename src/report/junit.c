/* JUnit XML as Jenkins and GitLab read it: the run is a suite, a message is a test case. */
#include <inttypes.h>

#include "report/report_internal.h"

enum { CASE_MAX_BYTES = 8 << 20 };

/* Text that is well-formed XML 1.0 (section 2.2) whatever came in: made printable, so no controls
 * and no bad UTF-8 are left; the two non-characters that XML forbids are replaced. Line ends are
 * kept, because only our own texts have them at this place. */
static void xml_text(struct buf *out, struct str s)
{
    while (s.n > 0) {
        struct str before = s;
        int32_t cp = utf8_next(&s);
        struct str bytes = str_slice(before, 0, before.n - s.n);
        switch (cp) {
        case '&':
            buf_addz(out, "&amp;");
            break;
        case '<':
            buf_addz(out, "&lt;");
            break;
        case '>':
            buf_addz(out, "&gt;");
            break;
        case '"':
            buf_addz(out, "&quot;");
            break;
        case '\'':
            buf_addz(out, "&apos;");
            break;
        case '\n':
            buf_addc(out, '\n');
            break;
        case 0xfffe:
        case 0xffff:
        case UTF8_BAD:
            utf8_add(out, 0xfffd);
            break;
        default:
            utf8_add_printable(out, bytes, SHOWN_MAX_BYTES);
        }
    }
}

static void xml_shown(struct buf *out, struct str s)
{
    struct buf b;
    buf_init(&b, 64 * SHOWN_MAX_BYTES);
    utf8_add_printable(&b, s, 4 * SHOWN_MAX_BYTES);
    xml_text(out, buf_str(&b));
    buf_clear(&b);
}

static void seconds(struct buf *out, int64_t us)
{
    us = us < 0 ? 0 : us;
    buf_addf(out, "%" PRId64 ".%06d", us / 1000000, (int)(us % 1000000));
}

/* All findings, a line each: GitLab shows the text and not the attribute. */
static void finding_list_text(struct buf *out, const struct job *job)
{
    size_t order[FINDINGS_MAX];
    size_t n = findings_by_severity(job, order);
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &job->findings.items[order[i]];
        const struct finding_kind *kind = finding_kind(f->id);
        buf_addf(out, "\n%s ", severity_name(f->severity));
        xml_text(out, kind->name);
        buf_addz(out, ": ");
        xml_text(out, str_from(kind->title));
        if (f->evidence.n > 0) {
            buf_addz(out, "\n    seen: ");
            xml_shown(out, f->evidence);
        }
        buf_addz(out, "\n    do: ");
        xml_text(out, str_from(kind->remedy));
    }
}

static void open_case(struct buf *out, struct str source, int64_t elapsed_us)
{
    buf_addz(out, "    <testcase classname=\"mailproof.scan\" name=\"");
    xml_shown(out, source);
    buf_addz(out, "\" time=\"");
    seconds(out, elapsed_us);
    buf_addz(out, "\"");
}

/* The whole case or nothing of it reaches `side`; what has no room is counted and told. */
static void keep_case(struct report *r, const struct buf *one)
{
    if (one->failed || r->side.failed || one->n > r->side.max_bytes - r->side.n)
        r->left_out++;
    else
        buf_add(&r->side, buf_str(one));
}

static void junit_begin(struct report *r)
{
    (void)r;
}

static void junit_message(struct report *r, const struct job *job, int outcome)
{
    const char *element = outcome == EXIT_FAILED ? "failure" : "error";
    struct buf b, why;
    buf_init(&b, CASE_MAX_BYTES);
    buf_init(&why, CASE_MAX_BYTES);
    open_case(&b, job->source, job->elapsed_us);
    if (outcome == EXIT_PASSED) {
        buf_addz(&b, "/>\n");
    } else {
        add_why(&why, job, r->options.fail_on, outcome);
        buf_addf(&b, ">\n      <%s type=\"%s\" message=\"", element,
                 action_name(job->verdict.action));
        xml_shown(&b, buf_str(&why));
        buf_addz(&b, "\">");
        xml_shown(&b, buf_str(&why));
        finding_list_text(&b, job);
        buf_addf(&b, "\n      </%s>\n    </testcase>\n", element);
    }
    keep_case(r, &b);
    buf_clear(&why);
    buf_clear(&b);
}

static void junit_error(struct report *r, const struct report_error *e)
{
    struct buf b;
    buf_init(&b, CASE_MAX_BYTES);
    open_case(&b, e->source, 0);
    buf_addz(&b, ">\n      <error type=\"unreadable\" message=\"");
    xml_shown(&b, e->text);
    buf_addz(&b, "\">");
    xml_shown(&b, e->text);
    buf_addz(&b, "</error>\n    </testcase>\n");
    keep_case(r, &b);
    buf_clear(&b);
}

static void counts(struct report *r, const char *indent, const char *element)
{
    bool cut = r->left_out > 0;
    buf_addf(r->out,
             "%s<%s name=\"mailproof\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
             "skipped=\"0\" time=\"",
             indent, element, r->entries + cut, r->failed, r->undecided + r->unreadable + cut);
    seconds(r->out, r->elapsed_us);
    buf_addz(r->out, "\">\n");
}

static void junit_end(struct report *r)
{
    buf_addz(r->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    counts(r, "", "testsuites");
    counts(r, "  ", "testsuite");
    buf_add(r->out, buf_str(&r->side));
    if (r->left_out > 0)
        buf_addf(r->out,
                 "    <testcase classname=\"mailproof.scan\" name=\"report\" time=\"0\">\n"
                 "      <error type=\"limit\" message=\"%zu messages are not listed\"/>\n"
                 "    </testcase>\n",
                 r->left_out);
    buf_addz(r->out, "  </testsuite>\n</testsuites>\n");
}

const struct report_ops report_junit_ops = {junit_begin, junit_message, junit_error, junit_end};
