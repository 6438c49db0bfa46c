/* JUnit XML as Jenkins and GitLab read it: the run is a suite; a message, or a check of a host or a
 * domain, is a test case. Suites of `run` stay suites, and their cases cases. */
#include <inttypes.h>

#include "report/case_internal.h"

enum { CASE_MAX_BYTES = 8 << 20 };

/* Text that is well-formed XML 1.0 (section 2.2) whatever came in: made printable, so no controls
 * and no bad UTF-8 are left; the two non-characters that XML forbids are replaced. Line ends are
 * kept, because only our own texts have them at this place. What a build server reads as a command
 * when the file is shown in its log ("::", "##[" and others) is written with a character reference.
 */
static void xml_text(struct buf *out, struct str s)
{
    for (bool begins = true; s.n > 0;) {
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
        case ':':
            buf_addz(out, begins && str_starts(s, STR(":")) ? "&#58;" : ":");
            break;
        case '#':
            buf_addz(out, str_starts_command(before) ? "&#35;" : "#");
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
        begins = cp == '\n' || (begins && cp == ' ');
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

/* ---- cases of suites ---- */

static void counts(struct buf *out, const char *indent, const char *element, struct str name,
                   const struct tally *t, int64_t us)
{
    buf_addf(out, "%s<%s name=\"", indent, element);
    xml_shown(out, name);
    buf_addf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"", t->n,
             t->failed, t->errors, t->skipped);
    seconds(out, us);
    buf_addz(out, "\"");
}

/* The suite whose cases stand in `side`, whole. */
static void close_suite(struct report *r, const struct tally *all, int64_t us)
{
    char started[TIME_TEXT_MAX];
    const struct tally *before = &r->suites.before;
    struct tally t = {.n = all->n - before->n,
                      .failed = all->failed - before->failed,
                      .errors = all->errors - before->errors,
                      .skipped = all->skipped - before->skipped};
    struct buf *out = &r->suites.whole;
    if (r->suite.n == 0)
        return;
    counts(out, "  ", "testsuite", buf_str(&r->suite), &t, us - r->suites.before_us);
    if (time_text(r->suites.started_s, started)) /* without the Z: as Jenkins' schema has it */
        buf_addf(out, " timestamp=\"%.*s\"", (int)strlen(started) - 1, started);
    buf_addz(out, ">\n");
    buf_add(out, buf_str(&r->side));
    buf_addz(out, "  </testsuite>\n");
    buf_reset(&r->side);
}

static void open_suite(struct report *r, const struct subject *s)
{
    int64_t before_us = r->elapsed_us - s->elapsed_us;
    close_suite(r, &r->cases, before_us);
    r->suites.before = r->cases;
    r->suites.before_us = before_us;
    r->suites.started_s = s->started_s;
}

/* Every check that is not good, with its place: GitLab shows the text and no attribute. */
static void case_text(struct buf *out, const struct subject *s, enum severity fail_on)
{
    for (size_t i = 0, n = subject_cases(s); i < n; i++) {
        size_t order[FINDINGS_MAX], found = subject_case_findings(s, i, order);
        struct subject_case c = subject_case_at(s, i, fail_on);
        struct buf one;
        if (c.outcome == EXIT_PASSED)
            continue;
        buf_init(&one, CASE_MAX_BYTES);
        if (case_line(s, c.check) > 0) {
            buf_add(&one, case_file(s, c.check));
            buf_addf(&one, ":%zu: ", case_line(s, c.check));
        }
        buf_addz(&one, c.outcome == EXIT_UNDECIDED ? "undecided: " : "");
        case_add_reason(&one, &c);
        buf_addz(out, "\n");
        xml_shown(out, buf_str(&one));
        buf_clear(&one);
        for (size_t k = 0; k < found; k++)
            if (!case_told(s, order[k]))
                finding_text(out, &s->checks->findings->items[order[k]]);
    }
}

static void junit_case(struct report *r, const struct subject *s, int outcome)
{
    const char *element = outcome == EXIT_FAILED    ? "failure"
                          : outcome == CASE_SKIPPED ? "skipped"
                                                    : "error";
    struct buf b, why;
    buf_init(&b, CASE_MAX_BYTES);
    buf_init(&why, CASE_MAX_BYTES);
    if (case_opens_suite(r, s))
        open_suite(r, s);
    count_case(r, outcome);
    buf_addz(&b, "    <testcase classname=\"");
    xml_shown(&b, s->suite);
    buf_addz(&b, "\" name=\"");
    xml_shown(&b, s->name);
    buf_addz(&b, "\" time=\"");
    seconds(&b, s->elapsed_us);
    if (s->file.n > 0) {
        buf_addz(&b, "\" file=\"");
        xml_shown(&b, s->file);
    }
    buf_addz(&b, "\"");
    if (s->line > 0)
        buf_addf(&b, " line=\"%zu\"", s->line);
    if (outcome == EXIT_PASSED) {
        buf_addz(&b, "/>\n");
    } else {
        case_add_why(&why, s, r->options.fail_on, outcome);
        buf_addf(&b, ">\n      <%s%s message=\"", element,
                 outcome == EXIT_FAILED    ? " type=\"failed\""
                 : outcome == CASE_SKIPPED ? ""
                                           : " type=\"undecided\"");
        xml_shown(&b, buf_str(&why));
        buf_addz(&b, "\">");
        xml_shown(&b, buf_str(&why));
        case_text(&b, s, r->options.fail_on);
        buf_addf(&b, "\n      </%s>\n    </testcase>\n", element);
    }
    keep_case(r, &b);
    buf_clear(&why);
    buf_clear(&b);
}

/* ---- hosts and domains, and what could not be tried ---- */

static void junit_subject(struct report *r, const struct subject *s, int outcome)
{
    struct buf b, name;
    if (subject_is_case(s)) {
        junit_case(r, s, outcome);
        return;
    }
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

/* What there was no room for is an error, in a suite of ours. */
static void last_suite(struct report *r, const struct tally *t, int64_t us)
{
    counts(r->out, "  ", "testsuite", STR("mailproof"), t, us);
    buf_addz(r->out, ">\n");
    if (r->n_cases == 0)
        buf_add(r->out, buf_str(&r->side));
    if (r->left_out > 0)
        buf_addf(r->out,
                 "    <testcase classname=\"mailproof.report\" name=\"report\" time=\"0\">\n"
                 "      <error type=\"limit\" message=\"%zu %s are not listed\"/>\n"
                 "    </testcase>\n",
                 r->left_out,
                 r->n_cases > 0    ? "cases"
                 : r->subjects > 0 ? "checks"
                                   : "messages");
    buf_addz(r->out, "  </testsuite>\n");
}

static void junit_end(struct report *r)
{
    size_t cut = r->left_out > 0;
    if (r->n_cases > 0)
        close_suite(r, &r->cases, r->elapsed_us);
    r->cases.n += cut;
    r->cases.errors += cut;
    buf_addz(r->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    counts(r->out, "", "testsuites", STR("mailproof"), &r->cases, r->elapsed_us);
    buf_addz(r->out, ">\n");
    buf_add(r->out, buf_str(&r->suites.whole));
    if (r->n_cases == 0)
        last_suite(r, &r->cases, r->elapsed_us);
    else if (cut > 0)
        last_suite(r, &(struct tally){.n = cut, .errors = cut}, 0);
    r->out->failed |= r->suites.whole.failed;
    buf_addz(r->out, "</testsuites>\n");
}

const struct report_ops report_junit_ops = {junit_begin, junit_message, junit_subject, junit_error,
                                            junit_end};
