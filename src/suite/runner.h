/* The running half of room suite: the cases of a suite that was read, with capture servers beside
 * them, each result as checks that report/ can tell. Blocks; threads of its own. */
#ifndef MP_SUITE_RUNNER_H
#define MP_SUITE_RUNNER_H

#include "engine/job.h"
#include "io/tls.h"
#include "report/subject.h"
#include "run/run.h"
#include "suite/suite.h"

enum {
    SUITE_MAX_JOBS = 64,                  /* -j */
    SUITE_RESULT_ARENA_BYTES = 64 << 20,  /* of one case's result */
    SUITE_WORK_ARENA_BYTES = 1 << 30,     /* of one attempt: messages, conversations */
    SUITE_TRANSCRIPT_MAX_BYTES = 8 << 20, /* kept of one conversation */
    SUITE_FILE_MAX_BYTES = 64 << 20       /* a message, a zone, an attachment */
};

/* What the machine brings. Borrowed; read-only while suites run. */
struct suite_world {
    const struct dns_source *dns;
    struct tls_client *tls;
    const char *ca_file;                 /* what `tls` was made with; NULL: the system's */
    struct str helo;                     /* our name */
    const struct job_config *job_config; /* how messages are judged */
    uint16_t https_port, smtp_port;      /* of policy hosts and MX hosts (tests); 0: as usual */
    bool allow_private;                  /* private addresses are no fault in audits and probes */
    const char *state_dir; /* audits are kept there between runs (changed-since-last); NULL */
};

/* One conversation, or one message that arrived; secrets are masked. */
struct suite_transcript {
    struct str name; /* "send mx1.good.test [192.0.2.1]:25" */
    struct str text;
};

struct suite_result {
    struct arena arena; /* of what follows */
    const struct suite *suite;
    size_t index; /* of the case in the plan */
    struct str name, file, tag;
    struct finding_list findings;
    struct check_list checks;
    bool finished;
    unsigned attempts;             /* 0: it was not run */
    int64_t started_s, elapsed_us; /* of all attempts */
    int64_t delivered_ms;          /* slowest arrival of the last attempt; -1: none */
    struct str headline;
    struct suite_transcript *transcripts;
    size_t n_transcripts, cap_transcripts;
    struct metric *metrics;
    size_t n_metrics, cap_metrics;
};

struct suite_run_options {
    unsigned jobs;              /* cases at a time; 0: one */
    bool fail_fast;             /* what has not begun when a case fails is skipped */
    bool transcripts;           /* keep them */
    unsigned warn_ms, crit_ms;  /* a delivery, or a case without one, that takes longer; 0: none */
    const _Atomic bool *cancel; /* once true: cases that have not begun stay undecided; NULL */
    /* In the order of the plan, one after the other, as soon as those before are done too. */
    void (*done)(void *ctx, const struct suite_result *r);
    /* What is going on, printable; from any thread, one at a time. NULL: nobody wants it. */
    void (*progress)(void *ctx, const struct suite_result *r, const char *text);
    void *ctx;
};

struct suite_results {
    struct suite_result *items; /* one a case of the plan, in its order */
    size_t n, passed, failed, undecided, skipped;
    int64_t elapsed_us;
};

/* Start the sinks, run every case, stop the sinks. MP_OK however the cases came out; when a sink
 * cannot listen all are undecided, and say why. MP_E_USAGE: a suite with unset references;
 * MP_E_NOMEM. suite_results_clear always. */
int suite_run(const struct suite *s, const struct suite_world *w, const struct suite_run_options *o,
              struct suite_results *out, struct mp_err *err);
void suite_results_clear(struct suite_results *r); /* accepts a zeroed one */

/* 1 a case failed, 3 one is undecided, 0 all others; what was skipped fails nothing. */
int suite_exit_code(const struct suite_results *r);

/* As a subject of kind "run"; borrows the result. JSON members: "tag", "attempts", "delivered_ms".
 */
void suite_subject(const struct suite_result *r, struct subject *out);

#endif
