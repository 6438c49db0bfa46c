/* A host or a domain that was checked, as bytes: the same formats as for messages, and those of
 * monitors: Prometheus and Nagios. */
#ifndef MP_REPORT_SUBJECT_H
#define MP_REPORT_SUBJECT_H

#include "finding/check.h"
#include "report/report.h"
#include "report/text_flow.h"

enum { METRIC_MAX_LABELS = 4 };

/* One number of a subject. Prometheus writes all; performance data of Nagios those with `perf`. */
struct metric {
    const char *name; /* "mailproof_probe_stage_seconds": snake case, base unit as suffix */
    const char *help;
    double value;
    struct {
        const char *name;
        struct str value; /* any bytes: escaped by the writer */
    } labels[METRIC_MAX_LABELS];
    size_t n_labels;
    /* Perfdata: label (unique in the subject; NULL: not shown), unit ("s", "B", "", "d"), and
     * thresholds as text ("" for none). */
    struct str perf;
    const char *unit;
    struct str warn, crit;
};

/* All borrowed; alive while report_subject runs. */
struct subject {
    const char *kind; /* "probe", "audit": also the class name of JUnit */
    struct str name;  /* what was asked for: "good.test" */
    struct str file;  /* zone or suite that SARIF and GitHub can point at; or none */
    /* A case of a suite (kind "run"): the suite's name, and the line of `file` where the case
     * stands. JUnit and TAP then have one test for all its checks. Empty: none. */
    struct str suite;
    size_t line;
    struct str headline;             /* one line: "grade A", "2 of 2 hosts answer" */
    const struct check_list *checks; /* with their findings */
    int64_t started_s, elapsed_us;
    const struct metric *metrics;
    size_t n_metrics;
    /* Remedies that were tried out, by finding index; NULL or one entry a finding. `text` is what
     * to publish, a line each; `verified` says that the audit with it is clean of the finding. */
    const struct remedy {
        struct str text;
        bool verified;
    } * remedies;
    /* By finding index: an earlier, saved audit had it too. It is told ("known"), but it fails
     * nothing: exit code, JUnit and TAP count only new ones. NULL: all count. */
    const bool *known;
    /* Members of the JSON document beside the common ones; may be NULL. */
    void (*json)(struct json *j, const void *ctx);
    /* Lines for people, after the findings, always, also where a passed one is one line (what is
     * gone since a saved audit); may write nothing, may be NULL. */
    void (*lines)(struct flow *f, const void *ctx);
    /* --verbose: more of them (SPF tree, transcript); may be NULL. */
    void (*verbose)(struct flow *f, const void *ctx);
    const void *ctx;
};

/* Is it a case of a suite? */
static inline bool subject_is_case(const struct subject *s)
{
    return s->suite.n > 0;
}

/* In this order: 1 a finding is at least so severe; 3 a check is undecided, or memory was short;
 * 0 passed. */
int report_subject_exit_code(const struct subject *s, enum severity fail_on);

/* Into the stream of report_new (all formats of enum report_format, REPORT_PROMETHEUS too).
 * JSON: one document "mailproof/<kind>/1" (docs/schema/):
 *   {"schema","subject","headline","started","checks":[{"group","name","status","detail",
 *    "elapsed_us","findings":[index...]}],"findings":[{"id","severity","title","evidence",
 *    "check":{"group","name"},"remedy","fix":{"text","verified"},"reference"}],
 *    "result":"passed|failed|undecided", <json callback>, "elapsed_us"}
 * JUnit and TAP: every check is a test case (classname "mailproof.<kind>", name "<subject>: <group>
 * <check>"); skipped checks are skipped, undecided ones are errors, never passed. A case fails when
 * one of its findings is at least fail_on.
 * A case of a suite is one test (classname: the suite), skipped when all its checks are. Its
 * document "mailproof/run/1" has "suite", "file" and "line" too, and each check "file", "line",
 * "expected" and "got".
 * SARIF, GitHub: a finding points at `file` when there is one; else it has a logical location. */
void report_subject(struct report *r, const struct subject *s);

/* The value of a metric in a page that was written before (REPORT_PROMETHEUS). False: it has none.
 */
bool report_metric_find(struct str page, const struct metric *m, double *value);

/* The one line that Nagios reads, and perfdata: "PROBE CRITICAL - <why> | label=value...".
 * Returns 0 OK, 1 WARNING (a finding of medium, below fail_on), 2 CRITICAL, 3 UNKNOWN. No byte of
 * a server can end the line or begin perfdata. Cases of suites: "MAILFLOW OK - 7 cases passed". */
int report_nagios(struct buf *out, const struct subject *subjects, size_t n, enum severity fail_on);

#endif
