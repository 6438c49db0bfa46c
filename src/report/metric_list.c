/* Building the numbers of a subject. */
#include "report/metric_list.h"

struct metric *metric_add(struct metric_list *l, const char *name, const char *help, double value)
{
    struct metric *m = &l->items[l->n < l->cap ? l->n++ : l->cap - 1];
    *m = (struct metric){.name = name, .help = help, .value = value, .n_labels = 1};
    m->labels[0].name = l->label;
    m->labels[0].value = l->value;
    return m;
}

void metric_label(struct metric *m, const char *name, struct str value)
{
    if (m->n_labels == METRIC_MAX_LABELS)
        return;
    m->labels[m->n_labels].name = name;
    m->labels[m->n_labels++].value = value;
}

struct metric *metric_show(struct metric *m, struct str perf, const char *unit)
{
    m->perf = perf;
    m->unit = unit;
    return m;
}

struct metric *metric_outcomes(struct metric_list *l, const struct metric_outcome_names *names,
                               const struct check_list *checks)
{
    unsigned severities[SEV_CRITICAL + 1] = {0}, statuses[CHECK_FAIL + 1] = {0};
    struct metric *first = NULL;
    for (size_t i = 0; i < checks->findings->n; i++)
        severities[checks->findings->items[i].severity]++;
    for (size_t i = 0; i < checks->n; i++)
        statuses[check_status_of(&checks->items[i])]++;
    for (int s = SEV_INFO; s <= SEV_CRITICAL; s++) {
        struct metric *m = metric_add(l, names->findings, names->findings_help, severities[s]);
        metric_label(m, "severity", str_from(severity_name((enum severity)s)));
        first = first == NULL ? m : first;
    }
    for (int s = CHECK_PASS; s <= CHECK_FAIL; s++)
        metric_label(metric_add(l, names->checks, names->checks_help, statuses[s]), "status",
                     str_from(check_status_name((enum check_status)s)));
    return first;
}

void metric_success(struct metric_list *l, const struct check_list *checks)
{
    bool success = !check_list_undecided(checks);
    for (size_t i = 0; i < checks->n; i++)
        success &= check_status_of(&checks->items[i]) != CHECK_FAIL;
    metric_add(l, "probe_success", "1 when nothing failed and nothing stayed undecided.",
               success ? 1 : 0);
}
