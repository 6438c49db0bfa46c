/* The grade: one letter for people, by the worst findings and how many there are. */
#include "posture/posture_internal.h"

/* The first row that applies. What could not be decided bars from the best grade, for it might be
 * anything. */
static const struct {
    enum severity severity;
    unsigned at_least; /* findings of this severity */
    const char *grade;
} grades[] = {
    {SEV_CRITICAL, 1, "F"}, {SEV_HIGH, 3, "F"}, {SEV_HIGH, 1, "D"},  {SEV_MEDIUM, 3, "C"},
    {SEV_MEDIUM, 1, "B"},   {SEV_LOW, 1, "A"},  {SEV_INFO, 0, "A+"},
};

static const struct finding *worst_of(const struct finding_list *list)
{
    const struct finding *worst = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (worst == NULL || list->items[i].severity > worst->severity)
            worst = &list->items[i];
    return worst;
}

/* "1 high, 3 medium" */
static struct str counts_text(struct arena *a, const unsigned n[SEV_CRITICAL + 1])
{
    struct str text = STR("");
    for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
        if (n[s] > 0)
            text = arena_fmt(a, "%.*s%s%u %s", STR_ARG(text), text.n > 0 ? ", " : "", n[s],
                             severity_name((enum severity)s));
    return text;
}

void posture_grade(struct posture_ctx *c)
{
    unsigned n[SEV_CRITICAL + 1] = {0}, undecided = 0;
    struct posture *p = c->out;
    for (size_t i = 0; i < c->findings.n; i++)
        n[c->findings.items[i].severity]++;
    for (size_t i = 0; i < c->checks.n; i++)
        undecided += c->checks.items[i].undecided;
    size_t row = 0;
    while (grades[row].at_least > 0 && n[grades[row].severity] < grades[row].at_least)
        row++;
    p->grade = grades[row].at_least == 0 && undecided > 0 ? "A" : grades[row].grade;
    const struct finding *worst = worst_of(&c->findings);
    if (worst == NULL || worst->severity == SEV_INFO)
        p->grade_reason = STR("nothing above info was found");
    else
        p->grade_reason = arena_fmt(c->arena, "%.*s; worst: %s", STR_ARG(counts_text(c->arena, n)),
                                    finding_kind(worst->id)->title);
    if (undecided > 0)
        p->grade_reason =
            arena_fmt(c->arena, "%.*s (%u checks undecided)", STR_ARG(p->grade_reason), undecided);
}
