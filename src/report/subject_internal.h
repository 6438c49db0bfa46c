/* What the writers for hosts and domains share: the walk over checks and their findings. */
#ifndef MP_REPORT_SUBJECT_INTERNAL_H
#define MP_REPORT_SUBJECT_INTERNAL_H

#include "report/report_internal.h"

/* One test case: a check; or the last one, which stands for what has no check: nothing was
 * checked, memory was short, a finding outside of all checks. */
struct subject_case {
    struct str group;
    const char *name;
    struct str detail;
    const struct check *check; /* NULL: the last one */
    int outcome;               /* EXIT_PASSED, EXIT_FAILED, EXIT_UNDECIDED, CASE_SKIPPED */
    int64_t elapsed_us;        /* -1: not timed */
};
size_t subject_cases(const struct subject *s);
struct subject_case subject_case_at(const struct subject *s, size_t i, enum severity fail_on);

/* Indexes of the findings of one case, the most severe first. Returns how many. */
size_t subject_case_findings(const struct subject *s, size_t i, size_t order[FINDINGS_MAX]);

/* All of them: new ones first, then the known; the most severe first in both. */
size_t subject_findings(const struct subject *s, size_t order[FINDINGS_MAX]);

/* The check of each finding, NULL for those outside of all. */
void subject_owners(const struct subject *s, const struct check *owners[FINDINGS_MAX]);

bool subject_is_known(const struct subject *s, size_t finding);
/* A remedy with a text, or NULL. */
const struct remedy *subject_remedy(const struct subject *s, size_t finding);

/* Is something undecided or missing, whatever else was found? */
bool subject_is_incomplete(const struct subject *s);

/* "good.test: SPF record": any bytes. */
void subject_add_case_name(struct buf *out, const struct subject *s, const struct subject_case *c);

/* "failed: posture.spf.none (high) at SPF record, ..."; "undecided: MX resolve (timeout), ...". Any
 * bytes of strangers in it: the caller makes it harmless. */
void subject_add_why(struct buf *out, const struct subject *s, enum severity fail_on, int outcome);
/* The same of one case. */
void subject_add_case_why(struct buf *out, const struct subject *s, size_t i,
                          enum severity fail_on);

/* One case into the counts of JUnit and TAP (report.c). */
void count_case(struct report *r, int outcome);

/* The document mailproof/<kind>/1 (subject_json.c). */
void report_subject_json(struct json *j, const struct subject *s, int outcome);
void subject_json_schema(struct json *j, const char *kind);

/* Series of all subjects, family by family, until the end (prometheus.c). */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);

#endif
