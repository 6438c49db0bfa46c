/* Test Anything Protocol 14: a message, or a check of a host or a domain, is a test point, its
 * findings a YAML block. */
#include "report/case_internal.h"

/* A description on one line; # and \ are escaped, so no text can become a directive. */
static void add_description(struct buf *out, struct str s)
{
    struct buf b;
    buf_init(&b, 64 * SHOWN_MAX_BYTES);
    utf8_add_printable(&b, s, SHOWN_MAX_BYTES);
    for (size_t i = 0; i < b.n; i++) {
        if (b.p[i] == '#' || b.p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, b.p[i]);
    }
    buf_clear(&b);
}

static void open_point(struct report *r, bool ok, struct str name)
{
    buf_addf(r->out, "%s %zu - ", ok ? "ok" : "not ok", r->cases.n);
    add_description(r->out, name);
}

static void test_point(struct report *r, bool ok, struct str source, const char *rest)
{
    open_point(r, ok, source);
    buf_addf(r->out, ": %s\n", rest);
}

static void quoted_line(struct buf *out, const char *indent, const char *key, struct str value)
{
    buf_addf(out, "%s%s: ", indent, key);
    add_quoted(out, value);
    buf_addc(out, '\n');
}

static void dkim_line(struct buf *out, const struct dkim_outcome *d)
{
    buf_addz(out, "  dkim: [");
    for (size_t i = 0; i < d->n; i++)
        buf_addf(out, "%s%s", i == 0 ? "" : ", ", dkim_result_name(d->sigs[i].result));
    buf_addz(out, "]\n");
}

static void finding_yaml(struct buf *out, const struct finding *f)
{
    const struct finding_kind *kind = finding_kind(f->id);
    buf_addf(out, "    - id: " STR_FMT "\n", STR_ARG(kind->name));
    buf_addf(out, "      severity: %s\n", severity_name(f->severity));
    quoted_line(out, "      ", "title", str_from(kind->title));
    quoted_line(out, "      ", "evidence", f->evidence);
    quoted_line(out, "      ", "remedy", str_from(kind->remedy));
}

static void findings_head(struct buf *out, size_t n)
{
    buf_addz(out, n == 0 ? "  findings: []\n" : "  findings:\n");
}

static void finding_lines_yaml(struct buf *out, const struct job *job)
{
    size_t order[FINDINGS_MAX];
    size_t n = findings_by_severity(&job->findings, order);
    findings_head(out, n);
    for (size_t i = 0; i < n; i++)
        finding_yaml(out, &job->findings.items[order[i]]);
}

static void tap_begin(struct report *r)
{
    buf_addz(r->out, "TAP version 14\n");
}

static void tap_message(struct report *r, const struct job *job, int outcome)
{
    struct facts facts;
    struct buf why;
    test_point(r, outcome == EXIT_PASSED, job->source, action_name(job->verdict.action));
    if (outcome == EXIT_PASSED)
        return;
    facts_of(&r->scratch, job, &facts);
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    add_why(&why, job, r->options.fail_on, outcome);
    buf_addz(r->out, "  ---\n");
    quoted_line(r->out, "  ", "message", buf_str(&why));
    buf_addf(r->out, "  severity: fail\n  outcome: %s\n  action: %s\n", outcome_name(outcome),
             action_name(job->verdict.action));
    quoted_line(r->out, "  ", "from", facts.from);
    quoted_line(r->out, "  ", "subject", facts.subject);
    buf_addf(r->out, "  spf: %s\n", spf_result_name(job->spf.result));
    dkim_line(r->out, &job->dkim);
    buf_addf(r->out, "  arc: %s\n  dmarc: %s\n", arc_result_name(job->arc.result),
             dmarc_result_name(job->dmarc.result));
    finding_lines_yaml(r->out, job);
    buf_addz(r->out, "  ...\n");
    buf_clear(&why);
}

/* A list, for a record may be longer than what is shown of one text. */
static void fix_yaml(struct buf *out, const struct remedy *fix)
{
    buf_addf(out, "      verified: %s\n      fix:\n", fix->verified ? "true" : "false");
    for (struct str rest = fix->text; rest.p != NULL && !out->failed;) {
        buf_addz(out, "        - ");
        add_quoted_whole(out, str_cut(&rest, '\n'));
        buf_addc(out, '\n');
    }
}

static void case_block(struct report *r, const struct subject *s, size_t i,
                       const struct subject_case *c)
{
    size_t order[FINDINGS_MAX], n = subject_case_findings(s, i, order);
    struct buf why;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    subject_add_case_why(&why, s, i, r->options.fail_on);
    buf_addz(r->out, "  ---\n");
    quoted_line(r->out, "  ", "message", buf_str(&why));
    buf_addf(r->out, "  severity: fail\n  outcome: %s\n", outcome_name(c->outcome));
    quoted_line(r->out, "  ", "detail", c->detail);
    findings_head(r->out, n);
    for (size_t k = 0; k < n; k++) {
        const struct remedy *fix = subject_remedy(s, order[k]);
        finding_yaml(r->out, &s->checks->findings->items[order[k]]);
        if (s->known != NULL)
            buf_addf(r->out, "      known: %s\n", s->known[order[k]] ? "true" : "false");
        if (fix != NULL)
            fix_yaml(r->out, fix);
    }
    buf_addz(r->out, "  ...\n");
    buf_clear(&why);
}

/* ---- cases of suites ---- */

static void place_lines(struct buf *out, const char *indent, struct str file, size_t line)
{
    if (file.n > 0)
        quoted_line(out, indent, "file", file);
    if (line > 0)
        buf_addf(out, "%sline: %zu\n", indent, line);
}

static void check_yaml(struct buf *out, const struct subject *s, const struct subject_case *c)
{
    struct buf name;
    buf_init(&name, 64 * SHOWN_MAX_BYTES);
    case_add_check(&name, c);
    quoted_line(out, "    - ", "name", buf_str(&name));
    buf_addf(out, "      outcome: %s\n", outcome_name(c->outcome));
    place_lines(out, "      ", case_file(s, c->check), case_line(s, c->check));
    if (c->check != NULL && c->check->expected.n > 0) {
        quoted_line(out, "      ", "expected", c->check->expected);
        quoted_line(out, "      ", "got", c->check->got);
    }
    quoted_line(out, "      ", "detail", c->detail);
    buf_clear(&name);
}

static void tap_case_block(struct report *r, const struct subject *s, const struct buf *why,
                           int outcome)
{
    quoted_line(r->out, "  ---\n  ", "message", buf_str(why));
    buf_addf(r->out, "  severity: fail\n  outcome: %s\n", outcome_name(outcome));
    place_lines(r->out, "  ", s->file, s->line);
    buf_addz(r->out, "  checks:\n");
    for (size_t i = 0, n = subject_cases(s); i < n; i++) {
        struct subject_case c = subject_case_at(s, i, r->options.fail_on);
        check_yaml(r->out, s, &c);
    }
    buf_addz(r->out, "  ...\n");
}

static void tap_suite_case(struct report *r, const struct subject *s, int outcome)
{
    struct buf name, why;
    bool ok = outcome == EXIT_PASSED || outcome == CASE_SKIPPED;
    buf_init(&name, 64 * SHOWN_MAX_BYTES);
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    case_add_name(&name, s);
    case_add_why(&why, s, r->options.fail_on, outcome);
    count_case(r, outcome);
    open_point(r, ok, buf_str(&name));
    if (outcome == CASE_SKIPPED) {
        buf_addz(r->out, " # SKIP ");
        add_description(r->out, buf_str(&why));
    }
    buf_addc(r->out, '\n');
    if (!ok)
        tap_case_block(r, s, &why, outcome);
    buf_clear(&why);
    buf_clear(&name);
}

/* ---- hosts and domains, and what could not be tried ---- */

static void tap_subject(struct report *r, const struct subject *s, int outcome)
{
    struct buf name;
    if (subject_is_case(s)) {
        tap_suite_case(r, s, outcome);
        return;
    }
    buf_init(&name, 64 * SHOWN_MAX_BYTES);
    for (size_t i = 0, n = subject_cases(s); i < n; i++) {
        struct subject_case c = subject_case_at(s, i, r->options.fail_on);
        bool ok = c.outcome == EXIT_PASSED || c.outcome == CASE_SKIPPED;
        buf_reset(&name);
        count_case(r, c.outcome);
        subject_add_case_name(&name, s, &c);
        open_point(r, ok, buf_str(&name));
        if (c.outcome == CASE_SKIPPED) {
            buf_addz(r->out, " # SKIP ");
            add_description(r->out, c.detail);
        }
        buf_addc(r->out, '\n');
        if (!ok)
            case_block(r, s, i, &c);
    }
    buf_clear(&name);
}

static void tap_error(struct report *r, const struct report_error *e)
{
    test_point(r, false, e->source, "error");
    buf_addz(r->out, "  ---\n");
    quoted_line(r->out, "  ", "message", e->text);
    buf_addz(r->out, "  severity: fail\n  outcome: undecided\n  ...\n");
}

/* The plan may stand at the end. A run without a message proves nothing, and "1..0" would count
 * as skipped, that is as good. */
static void tap_end(struct report *r)
{
    if (r->entries == 0)
        buf_addz(r->out, "Bail out! No message was checked.\n");
    else
        buf_addf(r->out, "1..%zu\n", r->cases.n);
}

const struct report_ops report_tap_ops = {tap_begin, tap_message, tap_subject, tap_error, tap_end};
