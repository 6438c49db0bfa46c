/* Cases of suites: how one came out, and why, in one line; all formats of them share it. */
#include "report/case_internal.h"

enum { CASE_WHY_MAX = 10 };

int case_outcome(const struct subject *s, enum severity fail_on)
{
    int outcome = report_subject_exit_code(s, fail_on);
    size_t skipped = 0;
    for (size_t i = 0; i < s->checks->n; i++)
        skipped += check_status_of(&s->checks->items[i]) == CHECK_SKIPPED;
    bool all = skipped > 0 && skipped == s->checks->n;
    return outcome == EXIT_PASSED && all ? CASE_SKIPPED : outcome;
}

void case_add_name(struct buf *out, const struct subject *s)
{
    buf_add(out, s->suite);
    buf_addz(out, ": ");
    buf_add(out, s->name);
}

void case_add_check(struct buf *out, const struct subject_case *c)
{
    buf_add(out, c->group);
    buf_addz(out, c->group.n > 0 ? " " : "");
    buf_addz(out, c->name);
}

void case_add_reason(struct buf *out, const struct subject_case *c)
{
    const struct check *check = c->check;
    case_add_check(out, c);
    if (check != NULL && check->expected.n > 0 && c->outcome == EXIT_FAILED) {
        buf_addz(out, ": expected ");
        buf_add(out, check->expected);
        buf_addz(out, ", got ");
        buf_add(out, check->got.n > 0 ? check->got : STR("nothing"));
    } else if (c->detail.n > 0) {
        buf_addz(out, ": ");
        buf_add(out, c->detail);
    }
}

bool case_told(const struct subject *s, size_t finding)
{
    return s->checks->findings->items[finding].id == FINDING_FLOW_SUITE_UNMET;
}

struct str case_file(const struct subject *s, const struct check *c)
{
    return c != NULL && c->line > 0 && c->file.n > 0 ? c->file : s->file;
}

size_t case_line(const struct subject *s, const struct check *c)
{
    return c != NULL && c->line > 0 ? c->line : s->line;
}

void case_add_why(struct buf *out, const struct subject *s, enum severity fail_on, int outcome)
{
    size_t told = 0;
    for (size_t i = 0, n = subject_cases(s); i < n; i++) {
        struct subject_case c = subject_case_at(s, i, fail_on);
        if (c.outcome != outcome)
            continue;
        if (told++ >= CASE_WHY_MAX)
            continue;
        buf_addz(out, told == 1 ? "" : "; ");
        case_add_reason(out, &c);
    }
    if (told > CASE_WHY_MAX)
        buf_addf(out, "; and %zu more", told - CASE_WHY_MAX);
    if (told == 0)
        buf_addz(out, outcome_name(outcome));
}
