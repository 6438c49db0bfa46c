/* Scanning many messages: inputs, workers, reports in the order of the inputs. */
#ifndef MP_RUN_SCAN_H
#define MP_RUN_SCAN_H

#include <stdio.h>

#include "report/report.h"
#include "run/input.h"
#include "run/run.h"

enum { SCAN_MAX_JOBS = 256, SCAN_REPORT_MAX_BYTES = 512 * 1024 * 1024 };

enum scan_clock { SCAN_CLOCK_NOW, SCAN_CLOCK_FIXED, SCAN_CLOCK_RECEIVED };

struct scan_options {
    struct job_config config;
    struct dns_source source;
    struct report_options report;
    struct envelope envelope; /* for inputs that bring none */
    bool envelope_from_headers;
    enum scan_clock clock;
    int64_t time_s;           /* with SCAN_CLOCK_FIXED */
    unsigned jobs;            /* threads; 0: one */
    const char *record_path;  /* NULL, or where the world of the (single) message goes */
    const char *rewrite_path; /* NULL, or where the rewritten message goes; "-" is `out` */
    const char *extract_dir;  /* NULL, or where payloads go: run/extract.h */
    FILE *out;                /* reports */
    FILE *progress;           /* NULL: no progress line */
};

struct scan_totals {
    size_t messages, passed, failed, undecided, unreadable;
};

/* Check all inputs. Every input is reported, in order, whatever happens to the others.
 * Returns MP_OK (also when messages failed: see totals), or MP_E_IO when `out` or one of the files
 * cannot be written, MP_E_NOMEM. Starts options->jobs threads and joins them. */
int scan_run(const struct scan_options *options, struct inputs *inputs, struct scan_totals *totals,
             struct mp_err *err);

/* 0 passed; 1 a check failed; 2 an input could not be read; 3 undecided: the gravest wins in the
 * order 1, 2, 3. */
int scan_exit_code(const struct scan_totals *t);

#endif
