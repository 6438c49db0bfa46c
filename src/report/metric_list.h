/* Building the numbers of a subject (report/subject.h) in room that the caller gives. */
#ifndef MP_REPORT_METRIC_LIST_H
#define MP_REPORT_METRIC_LIST_H

#include "report/subject.h"

enum { METRIC_OUTCOMES = SEV_CRITICAL + 1 + CHECK_FAIL + 1 }; /* that metric_outcomes adds */

struct metric_list {
    struct metric *items; /* borrowed; room for `cap`, at least 1 */
    size_t n, cap;
    const char *label; /* the first label of each, as "target", and its value */
    struct str value;
};

/* A number with the first label. `name` and `help` are borrowed. A full list gives its last one
 * again: what is written never leaves the room. */
struct metric *metric_add(struct metric_list *l, const char *name, const char *help, double value);
void metric_label(struct metric *m, const char *name, struct str value);
/* Also as performance data of Nagios. Returns `m`. */
struct metric *metric_show(struct metric *m, struct str perf, const char *unit);
/* Findings by severity and checks by outcome; returns the first of METRIC_OUTCOMES. */
struct metric_outcome_names {
    const char *findings, *findings_help, *checks, *checks_help;
};
struct metric *metric_outcomes(struct metric_list *l, const struct metric_outcome_names *names,
                               const struct check_list *checks);
/* probe_success, that users of the blackbox exporter have alerts for. */
void metric_success(struct metric_list *l, const struct check_list *checks);

#endif
