/* A host or a domain on the page for people: how it came out, what was checked and seen, what to
 * do. */
#include <stdio.h>

#include "report/case_internal.h"
#include "report/text_internal.h"

enum {
    COLUMN_MARK = 4,
    COLUMN_CHECK = 15,
    COLUMN_SEEN = 34,
    HANG_FIX = COLUMN_FINDING + 10,
    MS = 1000
};

static enum flow_style outcome_style(int outcome)
{
    return outcome == EXIT_PASSED ? FLOW_GOOD : outcome == EXIT_FAILED ? FLOW_BAD : FLOW_WARN;
}

/* ---- the head ---- */

/* "0.42 s", "31.07 s": as precise as one wants to read. */
static void seconds(struct flow *f, enum flow_style style, int64_t us)
{
    char text[32];
    us = us < 0 ? 0 : us;
    snprintf(text, sizeof text, "%lld.%02d s", (long long)(us / 1000000),
             (int)(us % 1000000 / 10000));
    flow_putz(f, style, text);
}

static void check_counts(struct flow *f, const struct subject *s)
{
    static const struct {
        enum check_status status;
        enum flow_style style;
        const char *words;
    } rows[] = {{CHECK_PASS, FLOW_GOOD, " ok"},
                {CHECK_WARN, FLOW_WARN, " warn"},
                {CHECK_FAIL, FLOW_BAD, " fail"},
                {CHECK_UNDECIDED, FLOW_WARN, " undecided"},
                {CHECK_SKIPPED, FLOW_DIM, " skipped"}};
    size_t n[CHECK_FAIL + 1] = {0};
    for (size_t i = 0; i < s->checks->n; i++)
        n[check_status_of(&s->checks->items[i])]++;
    flow_num(f, FLOW_DIM, s->checks->n);
    flow_putz(f, FLOW_DIM, s->checks->n == 1 ? " check: " : " checks: ");
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (n[rows[i].status] == 0)
            continue;
        flow_putz(f, FLOW_DIM, any ? ", " : "");
        text_count(f, rows[i].style, n[rows[i].status], rows[i].words);
        any = true;
    }
    flow_putz(f, FLOW_DIM, any ? "" : "none");
}

static void head_lines(struct flow *f, const struct subject *s, int outcome, enum severity fail_on)
{
    flow_line(f, 0, COLUMN_FINDING);
    text_upper(f, outcome_style(outcome), outcome_name(outcome));
    flow_putz(f, FLOW_PLAIN, "  ");
    flow_value(f, FLOW_BOLD, s->name);
    if (s->headline.n > 0) {
        flow_putz(f, FLOW_PLAIN, "  ");
        flow_put(f, FLOW_PLAIN, s->headline);
    }
    flow_end(f);

    flow_line(f, COLUMN_NAME, COLUMN_FINDING);
    flow_putz(f, FLOW_DIM, s->kind);
    flow_putz(f, FLOW_DIM, ", ");
    seconds(f, FLOW_DIM, s->elapsed_us);
    flow_putz(f, FLOW_DIM, ", ");
    check_counts(f, s);
    flow_end(f);
    if (outcome == EXIT_PASSED)
        return;
    struct buf why;
    buf_init(&why, 64 * SHOWN_MAX_BYTES);
    subject_add_why(&why, s, fail_on, outcome);
    flow_line(f, COLUMN_NAME, COLUMN_FINDING);
    flow_put_whole(f, FLOW_PLAIN, buf_str(&why));
    flow_end(f);
    buf_clear(&why);
}

/* ---- checks, group by group ---- */

static void mark(struct flow *f, enum check_status status)
{
    static const struct {
        const char *word;
        enum flow_style style;
    } marks[] = {[CHECK_PASS] = {"ok", FLOW_GOOD},
                 [CHECK_SKIPPED] = {"skipped", FLOW_DIM},
                 [CHECK_WARN] = {"warn", FLOW_WARN},
                 [CHECK_UNDECIDED] = {"undecided", FLOW_WARN},
                 [CHECK_FAIL] = {"fail", FLOW_BAD}};
    flow_putz(f, marks[status].style, marks[status].word);
}

static void check_line(struct flow *f, const struct check *c, bool verbose)
{
    enum check_status status = check_status_of(c);
    flow_line(f, COLUMN_MARK, COLUMN_SEEN);
    mark(f, status);
    flow_pad(f, COLUMN_CHECK);
    flow_putz(f, status == CHECK_SKIPPED ? FLOW_DIM : FLOW_PLAIN, c->name);
    if (c->detail.n > 0) {
        flow_pad(f, COLUMN_SEEN);
        flow_put(f, status == CHECK_SKIPPED ? FLOW_DIM : FLOW_PLAIN, c->detail);
    }
    if (verbose && c->elapsed_us >= 0) {
        flow_putz(f, FLOW_DIM, "  (");
        flow_num(f, FLOW_DIM, (uint64_t)c->elapsed_us / MS);
        flow_putz(f, FLOW_DIM, " ms)");
    }
    flow_end(f);
}

static void check_lines(struct flow *f, const struct subject *s, bool verbose)
{
    for (size_t i = 0; i < s->checks->n; i++) {
        const struct check *c = &s->checks->items[i];
        if (i == 0 || !str_eq(c->group, s->checks->items[i - 1].group)) {
            flow_line(f, COLUMN_NAME, COLUMN_MARK);
            flow_put(f, FLOW_BOLD, c->group);
            flow_end(f);
        }
        check_line(f, c, verbose);
    }
    if (s->checks->starved || s->checks->findings->starved) {
        flow_line(f, COLUMN_NAME, COLUMN_MARK);
        flow_putz(f, FLOW_BAD, "memory was short: checks or findings are missing");
        flow_end(f);
    }
}

/* ---- findings ---- */

/* What to publish, line by line as it is told. */
static void fix_lines(struct flow *f, const struct remedy *fix)
{
    text_labelled(f, "fix");
    flow_putz(f, fix->verified ? FLOW_GOOD : FLOW_WARN,
              fix->verified ? "publish this; tried out, the finding is gone:"
                            : "publish this; not tried out:");
    flow_end(f);
    for (struct str rest = fix->text; rest.p != NULL;) {
        flow_line(f, COLUMN_FINDING + 6, HANG_FIX);
        flow_put_whole(f, FLOW_PLAIN, str_cut(&rest, '\n'));
        flow_end(f);
    }
}

static void at_line(struct flow *f, const struct check *c)
{
    text_labelled(f, "at");
    flow_put(f, FLOW_PLAIN, c->group);
    flow_putz(f, FLOW_PLAIN, c->group.n > 0 ? ", " : "");
    flow_putz(f, FLOW_PLAIN, c->name);
    flow_end(f);
}

/* Info, low and what was known before are told in brief: they need no action now. */
static void finding(struct flow *f, const struct subject *s, size_t i, const struct check *c,
                    bool verbose)
{
    const struct finding *item = &s->checks->findings->items[i];
    bool known = subject_is_known(s, i);
    text_finding_head(f, item, known);
    if (c != NULL)
        at_line(f, c);
    if (!verbose && (known || item->severity <= SEV_LOW))
        return;
    text_finding_remedy(f, item);
    if (subject_remedy(s, i) != NULL)
        fix_lines(f, subject_remedy(s, i));
}

static void findings(struct flow *f, const struct subject *s, bool verbose)
{
    const struct check *owners[FINDINGS_MAX];
    size_t order[FINDINGS_MAX], n = subject_findings(s, order);
    subject_owners(s, owners);
    if (n > 0)
        buf_addc(f->out, '\n');
    for (size_t i = 0; i < n; i++)
        finding(f, s, order[i], owners[order[i]], verbose);
    text_findings_dropped(f, s->checks->findings->dropped);
}

/* ---- the whole ---- */

/* Is there anything that someone should read? */
static bool is_quiet(const struct subject *s)
{
    const struct finding_list *list = s->checks->findings;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].severity > SEV_INFO && !subject_is_known(s, i))
            return false;
    return list->dropped == 0;
}

static void one_line(struct flow *f, const struct subject *s)
{
    flow_line(f, 0, COLUMN_FINDING);
    text_upper(f, FLOW_GOOD, outcome_name(EXIT_PASSED));
    flow_pad(f, COLUMN_FINDING);
    flow_value(f, FLOW_PLAIN, s->name);
    if (s->headline.n > 0) {
        flow_putz(f, FLOW_PLAIN, "  ");
        flow_put(f, FLOW_PLAIN, s->headline);
    }
    flow_end(f);
}

void text_subject(struct report *r, const struct subject *s, int outcome)
{
    struct flow f;
    bool many = r->expected != 1, verbose = r->options.verbose;
    if (subject_is_case(s)) {
        text_case(r, s, outcome);
        return;
    }
    flow_init(&f, r->out, r->options.width, r->options.colour);
    if (many && !verbose && outcome == EXIT_PASSED && is_quiet(s)) {
        one_line(&f, s);
        if (s->lines != NULL)
            s->lines(&f, s->ctx);
    } else {
        head_lines(&f, s, outcome, r->options.fail_on);
        check_lines(&f, s, verbose);
        findings(&f, s, verbose);
        if (s->lines != NULL)
            s->lines(&f, s->ctx);
        if (verbose && s->verbose != NULL) {
            buf_addc(r->out, '\n');
            s->verbose(&f, s->ctx);
        }
        if (many)
            buf_addc(r->out, '\n');
    }
    flow_clear(&f);
}
