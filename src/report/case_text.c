/* A case of a suite on the page for people: one line when it passed, else what was not as expected,
 * and where the suite says so. */
#include <stdio.h>

#include "report/case_internal.h"
#include "report/text_internal.h"

enum {
    COLUMN_CASE = 22, /* times stand before it, to the right */
    COLUMN_WHY = 13,
    COLUMN_CHECK_MARK = 15,
    COLUMN_CHECK_NAME = 26,
    MS = 1000
};

static enum flow_style style_of(int outcome)
{
    return outcome == EXIT_PASSED    ? FLOW_GOOD
           : outcome == EXIT_FAILED  ? FLOW_BAD
           : outcome == CASE_SKIPPED ? FLOW_DIM
                                     : FLOW_WARN;
}

static void suite_line(struct flow *f, const struct subject *s)
{
    flow_line(f, 0, COLUMN_NAME);
    flow_value(f, FLOW_BOLD, s->suite);
    if (s->file.n > 0) {
        flow_putz(f, FLOW_DIM, " (");
        flow_put(f, FLOW_DIM, s->file);
        flow_putz(f, FLOW_DIM, ")");
    }
    flow_end(f);
}

static void case_head(struct flow *f, const struct subject *s, int outcome)
{
    char time[32];
    int n = snprintf(time, sizeof time, "%lld.%02d s", (long long)(s->elapsed_us / 1000000),
                     (int)(s->elapsed_us % 1000000 / 10000));
    flow_line(f, COLUMN_NAME, COLUMN_CASE);
    text_upper(f, style_of(outcome), outcome_name(outcome));
    flow_pad(f, n + 2 < COLUMN_CASE ? (unsigned)(COLUMN_CASE - 2 - n) : 0);
    flow_putz(f, FLOW_DIM, time);
    flow_pad(f, COLUMN_CASE);
    flow_put(f, FLOW_PLAIN, s->name);
    if (s->headline.n > 0) {
        flow_putz(f, FLOW_DIM, ": ");
        flow_put(f, FLOW_DIM, s->headline);
    }
    flow_end(f);
}

static void place(struct flow *f, const struct subject *s, const struct check *c)
{
    if (case_line(s, c) == 0)
        return;
    flow_put(f, FLOW_DIM, case_file(s, c));
    flow_putz(f, FLOW_DIM, ":");
    flow_num(f, FLOW_DIM, case_line(s, c));
    flow_putz(f, FLOW_DIM, ": ");
}

/* "gate.yaml:27: send refused: expected 550 at data, got 250 2.0.0 queued" */
static void reason_line(struct flow *f, const struct subject *s, const struct subject_case *c)
{
    struct buf why;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    case_add_reason(&why, c);
    flow_line(f, COLUMN_WHY, COLUMN_WHY + 2);
    place(f, s, c->check);
    flow_putz(f, FLOW_WARN, c->outcome == EXIT_UNDECIDED ? "undecided: " : "");
    flow_put_whole(f, c->outcome == CASE_SKIPPED ? FLOW_DIM : FLOW_PLAIN, buf_str(&why));
    flow_end(f);
    buf_clear(&why);
}

static void finding_lines_of(struct flow *f, const struct subject *s, size_t i, bool verbose)
{
    size_t order[FINDINGS_MAX], n = subject_case_findings(s, i, order);
    bool compared = i < s->checks->n && s->checks->items[i].expected.n > 0; /* and told */
    for (size_t k = 0; k < n; k++) {
        const struct finding *item = &s->checks->findings->items[order[k]];
        if (case_told(s, order[k]) || (item->severity < SEV_MEDIUM && !verbose))
            continue;
        flow_line(f, COLUMN_CHECK_MARK, COLUMN_CHECK_MARK + 2);
        flow_putz(f, severity_style(item->severity), severity_name(item->severity));
        flow_putz(f, FLOW_PLAIN, " ");
        flow_put(f, FLOW_BOLD, finding_kind(item->id)->name);
        if (item->evidence.n > 0 && !compared) {
            flow_putz(f, FLOW_PLAIN, ": ");
            flow_put(f, FLOW_PLAIN, item->evidence);
        }
        flow_end(f);
        if (!verbose)
            continue;
        flow_line(f, COLUMN_CHECK_MARK + 2, COLUMN_CHECK_MARK + 2);
        flow_putz(f, FLOW_DIM, finding_kind(item->id)->remedy);
        flow_end(f);
    }
}

/* Verbose: every check with what was seen. */
static void check_line(struct flow *f, const struct subject_case *c, bool warned)
{
    struct buf name;
    buf_init(&name, 64 * SHOWN_MAX_BYTES);
    case_add_check(&name, c);
    flow_line(f, COLUMN_WHY, COLUMN_CHECK_NAME + 2);
    flow_putz(f, warned ? FLOW_WARN : style_of(c->outcome),
              warned ? "warned" : outcome_name(c->outcome));
    flow_pad(f, COLUMN_CHECK_NAME);
    flow_put(f, FLOW_PLAIN, buf_str(&name));
    if (c->detail.n > 0) {
        flow_putz(f, FLOW_PLAIN, ": ");
        flow_put(f, FLOW_PLAIN, c->detail);
    }
    if (c->elapsed_us >= 0) {
        flow_putz(f, FLOW_DIM, " (");
        flow_num(f, FLOW_DIM, (uint64_t)c->elapsed_us / MS);
        flow_putz(f, FLOW_DIM, " ms)");
    }
    flow_end(f);
    buf_clear(&name);
}

static bool has_warning(const struct subject *s, size_t i)
{
    return i < s->checks->n && s->checks->items[i].worst >= SEV_MEDIUM;
}

void text_case(struct report *r, const struct subject *s, int outcome)
{
    struct flow f;
    bool verbose = r->options.verbose;
    flow_init(&f, r->out, r->options.width, r->options.colour);
    if (case_opens_suite(r, s))
        suite_line(&f, s);
    case_head(&f, s, outcome);
    for (size_t i = 0, n = subject_cases(s); i < n; i++) {
        struct subject_case c = subject_case_at(s, i, r->options.fail_on);
        bool good = c.outcome == EXIT_PASSED && !has_warning(s, i);
        bool shown = !good && (c.outcome != CASE_SKIPPED || outcome == CASE_SKIPPED);
        if (c.outcome == EXIT_PASSED && (verbose || !good))
            check_line(&f, &c, !good);
        else if (shown || verbose)
            reason_line(&f, s, &c);
        if (shown || verbose)
            finding_lines_of(&f, s, i, verbose);
    }
    text_findings_dropped(&f, s->checks->findings->dropped);
    if (s->lines != NULL)
        s->lines(&f, s->ctx);
    if (verbose && s->verbose != NULL)
        s->verbose(&f, s->ctx);
    flow_clear(&f);
}
