/* The words of reports, and the list of what was wrong with one. */
#include "feedback/read_internal.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const kinds[FEEDBACK_KIND_COUNT] = {"aggregate", "failure", "tls"};
static const char *const dispositions[DISPOSITION_COUNT] = {"unknown", "none", "pass", "quarantine",
                                                            "reject"};
static const char *const alignments[ALIGNED_COUNT] = {"unknown", "pass", "fail"};
static const char *const gravities[] = {"note", "partial", "refused"};
static const char *const problems[PROBLEM_COUNT] = {
    [PROBLEM_NOT_A_REPORT] = "not-a-report",
    [PROBLEM_NOT_WELL_FORMED] = "not-well-formed",
    [PROBLEM_DOCTYPE] = "doctype",
    [PROBLEM_DEPTH] = "depth",
    [PROBLEM_SIZE] = "size",
    [PROBLEM_RATIO] = "ratio",
    [PROBLEM_PACKED] = "packed",
    [PROBLEM_LIMIT] = "limit",
    [PROBLEM_MISSING] = "missing",
    [PROBLEM_NUMBER] = "number",
    [PROBLEM_ADDRESS] = "address",
    [PROBLEM_RANGE] = "range",
    [PROBLEM_WORD] = "word",
    [PROBLEM_DUPLICATE] = "duplicate",
    [PROBLEM_TYPE] = "type",
    [PROBLEM_DEVIATION] = "deviation",
    [PROBLEM_WORKER] = "worker",
};

const char *feedback_kind_name(enum feedback_kind k)
{
    return k < FEEDBACK_KIND_COUNT ? kinds[k] : "?";
}

const char *feedback_disposition_name(enum feedback_disposition d)
{
    return d < DISPOSITION_COUNT ? dispositions[d] : "?";
}

const char *feedback_aligned_name(enum feedback_aligned a)
{
    return a < ALIGNED_COUNT ? alignments[a] : "?";
}

const char *feedback_problem_name(enum feedback_problem_kind k)
{
    return k < PROBLEM_COUNT ? problems[k] : "?";
}

const char *feedback_gravity_name(enum feedback_gravity g)
{
    return g <= GRAVITY_REFUSED ? gravities[g] : "?";
}

void feedback_problem(struct feedback_problems *list, enum feedback_problem_kind kind,
                      enum feedback_gravity gravity, struct str where, const char *fmt, ...)
{
    char text[MP_ERR_TEXT_MAX];
    struct mp_err printable;
    va_list ap;
    list->worst = gravity > list->worst ? gravity : list->worst;
    /* Why it was refused is always told, in the place of the last one if need be. */
    if (list->n == FEEDBACK_MAX_PROBLEMS) {
        list->dropped++;
        if (gravity != GRAVITY_REFUSED)
            return;
        list->n--;
    }
    if (list->items == NULL)
        list->items = arena_new(list->arena, struct feedback_problem, FEEDBACK_MAX_PROBLEMS);
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mp_fail(&printable, MP_OK, 0, "%s", text);
    const struct str pieces[] = {list->place,
                                 list->place.n > 0 && where.n > 0 ? STR(", ") : STR(""), where};
    /* What libraries say may quote a part of a character. */
    struct feedback_problem p = {kind, gravity,
                                 feedback_text(list->arena, arena_join(list->arena, pieces, 3)),
                                 feedback_text(list->arena, str_from(printable.text))};
    list->failed |= list->items == NULL || p.where.p == NULL || p.text.p == NULL;
    if (!list->failed)
        list->items[list->n++] = p;
}
