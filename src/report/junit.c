/* JUnit XML as Jenkins and GitLab read it: the run is a suite; a message, or a check of a host or a
 * domain, is a test case. */
#include <inttypes.h>

#include "report/subject_internal.h"

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

static void finding_text(struct buf *out, const struct finding *f)
{
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

/* All findings, a line each: GitLab shows the text and not the attribute. */
static void finding_list_text(struct buf *out, const struct job *job)
{
    size_t order[FINDINGS_MAX];
    size_t n = findings_by_severity(&job->findings, order);
    for (size_t i = 0; i < n; i++)
        finding_text(out, &job->findings.items[order[i]]);
}

static void open_case(struct buf *out, const char *kind, struct str name, int64_t elapsed_us)
{
    buf_addf(out, "    <testcase classname=\"mailproof.%s\" name=\"", kind);
    xml_shown(out, name);
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
    open_case(&b, "scan", job->source, job->elapsed_us);
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

/* What to publish, line by line as it is told, so that it can be copied. */
static void fix_text(struct buf *out, const struct remedy *fix)
{
    buf_addz(out, fix->verified ? "\n    fix (verified):" : "\n    fix (not verified):");
    for (struct str rest = fix->text; rest.p != NULL && !out->failed;) {
        buf_addz(out, "\n      ");
        xml_text(out, str_cut(&rest, '\n'));
    }
}

static void case_reason(struct buf *out, const struct subject *s, size_t i,
                        const struct subject_case *c, enum severity fail_on)
{
    const char *element = c->outcome == EXIT_FAILED    ? "failure"
                          : c->outcome == CASE_SKIPPED ? "skipped"
                                                       : "error";
    size_t order[FINDINGS_MAX], n = subject_case_findings(s, i, order);
    struct buf why;
    buf_init(&why, CASE_MAX_BYTES);
    subject_add_case_why(&why, s, i, fail_on);
    buf_addf(out, ">\n      <%s%s message=\"", element,
             c->outcome == EXIT_FAILED    ? " type=\"failed\""
             : c->outcome == CASE_SKIPPED ? ""
                                          : " type=\"undecided\"");
    xml_shown(out, buf_str(&why));
    buf_addz(out, "\">");
    xml_shown(out, buf_str(&why));
    for (size_t k = 0; k < n; k++) {
        const struct remedy *fix = subject_remedy(s, order[k]);
        finding_text(out, &s->checks->findings->items[order[k]]);
        if (subject_is_known(s, order[k]))
            buf_addz(out, "\n    known from the saved report");
        if (fix != NULL)
            fix_text(out, fix);
    }
    buf_addf(out, "\n      </%s>\n    </testcase>\n", element);
    buf_clear(&why);
}

static void junit_subject(struct report *r, const struct subject *s, int outcome)
{
    struct buf b, name;
    (void)outcome;
    buf_init(&b, CASE_MAX_BYTES);
    buf_init(&name, CASE_MAX_BYTES);
    for (size_t i = 0, n = subject_cases(s); i < n; i++) {
        struct subject_case c = subject_case_at(s, i, r->options.fail_on);
        buf_reset(&b);
        buf_reset(&name);
        count_case(r, c.outcome);
        subject_add_case_name(&name, s, &c);
        open_case(&b, s->kind, buf_str(&name), c.elapsed_us);
        if (c.outcome == EXIT_PASSED)
            buf_addz(&b, "/>\n");
        else
            case_reason(&b, s, i, &c, r->options.fail_on);
        keep_case(r, &b);
    }
    buf_clear(&name);
    buf_clear(&b);
}

static void junit_error(struct report *r, const struct report_error *e)
{
    struct buf b;
    buf_init(&b, CASE_MAX_BYTES);
    open_case(&b, e->kind == NULL ? "scan" : e->kind, e->source, 0);
    buf_addf(&b, ">\n      <error type=\"%s\" message=\"",
             e->kind == NULL ? "unreadable" : "not-tried");
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
             "skipped=\"%zu\" time=\"",
             indent, element, r->cases.n + cut, r->cases.failed, r->cases.errors + cut,
             r->cases.skipped);
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
                 "    <testcase classname=\"mailproof.report\" name=\"report\" time=\"0\">\n"
                 "      <error type=\"limit\" message=\"%zu %s are not listed\"/>\n"
                 "    </testcase>\n",
                 r->left_out, r->subjects > 0 ? "checks" : "messages");
    buf_addz(r->out, "  </testsuite>\n</testsuites>\n");
}

const struct report_ops report_junit_ops = {junit_begin, junit_message, junit_subject, junit_error,
                                            junit_end};
