/* Test Anything Protocol 14: a message is a test point, its findings a YAML block. */
#include "report/report_internal.h"

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

static void test_point(struct report *r, bool ok, struct str source, const char *rest)
{
    buf_addf(r->out, "%s %zu - ", ok ? "ok" : "not ok", r->entries);
    add_description(r->out, source);
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

static void finding_lines_yaml(struct buf *out, const struct job *job)
{
    size_t order[FINDINGS_MAX];
    size_t n = findings_by_severity(job, order);
    buf_addz(out, n == 0 ? "  findings: []\n" : "  findings:\n");
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &job->findings.items[order[i]];
        const struct finding_kind *kind = finding_kind(f->id);
        buf_addf(out, "    - id: " STR_FMT "\n", STR_ARG(kind->name));
        buf_addf(out, "      severity: %s\n", severity_name(f->severity));
        quoted_line(out, "      ", "title", str_from(kind->title));
        quoted_line(out, "      ", "evidence", f->evidence);
        quoted_line(out, "      ", "remedy", str_from(kind->remedy));
    }
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
        buf_addf(r->out, "1..%zu\n", r->entries);
}

const struct report_ops report_tap_ops = {tap_begin, tap_message, tap_error, tap_end};
