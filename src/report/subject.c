/* Hosts and domains: how they came out, and the walk over checks and findings that all formats of
 * them share. */
#include "report/subject_internal.h"

enum { WHY_MAX_ITEMS = 10 };

bool subject_is_known(const struct subject *s, size_t finding)
{
    return s->known != NULL && s->known[finding];
}

const struct remedy *subject_remedy(const struct subject *s, size_t finding)
{
    bool has = s->remedies != NULL && s->remedies[finding].text.n > 0;
    return has ? &s->remedies[finding] : NULL;
}

bool subject_is_incomplete(const struct subject *s)
{
    return s->checks->n == 0 || check_list_undecided(s->checks);
}

/* ---- which finding belongs to which check ---- */

static const struct finding_list *findings_of(const struct subject *s)
{
    return s->checks->findings;
}

static size_t shown_findings(const struct subject *s)
{
    size_t n = findings_of(s)->n;
    return n < FINDINGS_MAX ? n : FINDINGS_MAX;
}

void subject_owners(const struct subject *s, const struct check *owners[FINDINGS_MAX])
{
    size_t n = shown_findings(s);
    for (size_t i = 0; i < n; i++)
        owners[i] = NULL;
    for (size_t c = 0; c < s->checks->n; c++) {
        const struct check *check = &s->checks->items[c];
        for (size_t i = 0; i < check->n_findings && check->first_finding + i < n; i++)
            owners[check->first_finding + i] = check;
    }
}

static size_t owned_findings(const struct subject *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->checks->n; i++)
        n += s->checks->items[i].n_findings;
    return n;
}

size_t subject_findings(const struct subject *s, size_t order[FINDINGS_MAX])
{
    size_t all[FINDINGS_MAX], n = findings_by_severity(findings_of(s), all), told = 0;
    for (int known = 0; known <= 1; known++)
        for (size_t i = 0; i < n; i++)
            if (subject_is_known(s, all[i]) == (known == 1))
                order[told++] = all[i];
    return told;
}

size_t subject_case_findings(const struct subject *s, size_t i, size_t order[FINDINGS_MAX])
{
    const struct check *owners[FINDINGS_MAX];
    const struct check *check = i < s->checks->n ? &s->checks->items[i] : NULL;
    size_t all[FINDINGS_MAX], n = subject_findings(s, all), told = 0;
    subject_owners(s, owners);
    for (size_t k = 0; k < n; k++)
        if (owners[all[k]] == check)
            order[told++] = all[k];
    return told;
}

/* ---- outcomes ---- */

static bool fails(const struct subject *s, size_t finding, enum severity fail_on)
{
    return findings_of(s)->items[finding].severity >= fail_on && !subject_is_known(s, finding);
}

/* A worst finding that was not kept for lack of room cannot be known from before, so it counts. */
static bool check_fails(const struct subject *s, const struct check *c, enum severity fail_on)
{
    bool kept_worst = false;
    for (size_t i = 0; i < c->n_findings && c->first_finding + i < shown_findings(s); i++) {
        size_t finding = c->first_finding + i;
        if (fails(s, finding, fail_on))
            return true;
        kept_worst |= (int)findings_of(s)->items[finding].severity >= c->worst;
    }
    return c->worst >= (int)fail_on && !kept_worst;
}

size_t subject_cases(const struct subject *s)
{
    bool short_of = s->checks->starved || findings_of(s)->starved;
    bool stray = owned_findings(s) < shown_findings(s);
    return s->checks->n + (short_of || stray || s->checks->n == 0);
}

/* What has no check: see struct subject_case. */
static struct subject_case last_case(const struct subject *s, enum severity fail_on)
{
    const struct check *owners[FINDINGS_MAX];
    struct subject_case c = {
        .group = STR(""), .name = "complete", .outcome = EXIT_PASSED, .elapsed_us = -1};
    if (s->checks->starved || findings_of(s)->starved)
        c.detail = STR("memory was short: checks or findings are missing");
    else if (s->checks->n == 0)
        c.detail = STR("nothing was checked");
    if (c.detail.n > 0)
        c.outcome = EXIT_UNDECIDED;
    subject_owners(s, owners);
    for (size_t i = 0; i < shown_findings(s); i++)
        if (owners[i] == NULL && fails(s, i, fail_on))
            c.outcome = EXIT_FAILED;
    return c;
}

struct subject_case subject_case_at(const struct subject *s, size_t i, enum severity fail_on)
{
    if (i >= s->checks->n)
        return last_case(s, fail_on);
    const struct check *check = &s->checks->items[i];
    return (struct subject_case){.group = check->group,
                                 .name = check->name,
                                 .detail = check->detail,
                                 .check = check,
                                 .outcome = check_fails(s, check, fail_on) ? EXIT_FAILED
                                            : check->undecided             ? EXIT_UNDECIDED
                                            : check->skipped               ? CASE_SKIPPED
                                                                           : EXIT_PASSED,
                                 .elapsed_us = check->elapsed_us};
}

int report_subject_exit_code(const struct subject *s, enum severity fail_on)
{
    for (size_t i = 0, n = subject_cases(s); i < n; i++)
        if (subject_case_at(s, i, fail_on).outcome == EXIT_FAILED)
            return EXIT_FAILED;
    return subject_is_incomplete(s) ? EXIT_UNDECIDED : EXIT_PASSED;
}

/* ---- words ---- */

static void add_place(struct buf *out, struct str group, const char *name)
{
    buf_add(out, group);
    buf_addz(out, group.n > 0 ? " " : "");
    buf_addz(out, name);
}

void subject_add_case_name(struct buf *out, const struct subject *s, const struct subject_case *c)
{
    buf_add(out, s->name);
    buf_addz(out, ": ");
    add_place(out, c->group, c->name);
}

/* The reasons of a list: the first few, and how many more. */
struct reasons {
    struct buf *out;
    size_t n;
};

static bool next_reason(struct reasons *r)
{
    if (r->n++ >= WHY_MAX_ITEMS)
        return false;
    buf_addz(r->out, r->n == 1 ? "" : ", ");
    return true;
}

static void end_reasons(const struct reasons *r)
{
    if (r->n > WHY_MAX_ITEMS)
        buf_addf(r->out, ", and %zu more", r->n - WHY_MAX_ITEMS);
}

static void failing_reasons(struct reasons *r, const struct subject *s, size_t i,
                            enum severity fail_on)
{
    size_t order[FINDINGS_MAX], n = subject_case_findings(s, i, order), before = r->n;
    struct subject_case c = subject_case_at(s, i, fail_on);
    for (size_t k = 0; k < n; k++) {
        const struct finding *f = &findings_of(s)->items[order[k]];
        if (!fails(s, order[k], fail_on) || !next_reason(r))
            continue;
        buf_addf(r->out, STR_FMT " (%s) at ", STR_ARG(finding_kind(f->id)->name),
                 severity_name(f->severity));
        add_place(r->out, c.group, c.name);
    }
    if (r->n == before && next_reason(r)) {
        add_place(r->out, c.group, c.name);
        buf_addz(r->out, " (its finding was only counted)");
    }
}

static void open_reason(struct reasons *r, const struct subject_case *c)
{
    if (!next_reason(r))
        return;
    add_place(r->out, c->group, c->name);
    if (c->detail.n > 0) {
        buf_addz(r->out, " (");
        buf_add(r->out, c->detail);
        buf_addz(r->out, ")");
    }
}

static void add_reason(struct reasons *r, const struct subject *s, size_t i, enum severity fail_on,
                       int outcome)
{
    struct subject_case c = subject_case_at(s, i, fail_on);
    bool is_open = c.check == NULL ? c.detail.n > 0 : c.check->undecided;
    if (outcome == EXIT_FAILED && c.outcome == EXIT_FAILED)
        failing_reasons(r, s, i, fail_on);
    else if (outcome == EXIT_UNDECIDED ? is_open : outcome == c.outcome && outcome != EXIT_FAILED)
        open_reason(r, &c); /* of a failed check too, when something in it is open as well */
}

void subject_add_why(struct buf *out, const struct subject *s, enum severity fail_on, int outcome)
{
    struct reasons r = {.out = out};
    buf_addf(out, "%s: ", outcome_name(outcome));
    for (size_t i = 0, n = subject_cases(s); i < n; i++)
        add_reason(&r, s, i, fail_on, outcome);
    end_reasons(&r);
}

void subject_add_case_why(struct buf *out, const struct subject *s, size_t i, enum severity fail_on)
{
    struct reasons r = {.out = out};
    int outcome = subject_case_at(s, i, fail_on).outcome;
    buf_addf(out, "%s: ", outcome_name(outcome));
    add_reason(&r, s, i, fail_on, outcome);
    end_reasons(&r);
}
