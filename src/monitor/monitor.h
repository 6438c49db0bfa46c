/* Suites and audits that run again and again, each in a process of its own, and what changed. */
#ifndef MP_MONITOR_MONITOR_H
#define MP_MONITOR_MONITOR_H

#include "suite/suite.h"

enum {
    MONITOR_MAX_TARGETS = 2000,
    MONITOR_MAX_RUNNING = 16,            /* at a time; 2 by default */
    MONITOR_MAX_CASES = 5000,            /* of a target */
    MONITOR_MAX_OUTPUT_BYTES = 64 << 20, /* of one run: it is ended */
    MONITOR_MAX_ERRORS_BYTES = 4096,     /* what is kept of its standard error */
    MONITOR_MAX_TEXT_BYTES = 1000,       /* why, of a case */
    MONITOR_MAX_NAME_BYTES = 4096,       /* of a case: a longer one is cut */
    MONITOR_MAX_STATE_BYTES = 8 << 20,   /* of one target, kept between runs */
    MONITOR_MAX_CONFIRM = 10,
    MONITOR_MIN_EVERY_MS = 1000,
    MONITOR_TIME_LIMIT_MS = 900000, /* of a run, by default */
    MONITOR_RECHECK_MS = 60000      /* until a result that is not confirmed is tried again */
};

/* ---- what is run ---- */

enum monitor_kind { MONITOR_SUITE, MONITOR_AUDIT };

struct monitor_target { /* a NUL is behind name, file and profile: they become arguments */
    enum monitor_kind kind;
    struct str name;    /* the suite's name, the domain */
    struct str file;    /* the suite's */
    struct str profile; /* of an audit: "parked"; empty: auto */
    int64_t every_ms, jitter_ms;
    bool only_one;         /* no run begins while one is not over; else two may overlap */
    unsigned confirm;      /* runs in a row that must agree before a change is told; 0: 1 */
    int64_t time_limit_ms; /* of a run; 0: MONITOR_TIME_LIMIT_MS */
    /* `report:` of a suite: for those who connect the callbacks. */
    bool prometheus;
    struct str webhook_url, webhook_secret;
    unsigned webhook_on; /* SUITE_ON_* */
    uint64_t keep_s;
};

/* The suite file's name, schedule and report keys. Owns: texts in `arena` (the webhook's secret
 * too). MP_E_USAGE: it has no `schedule`; else as suite_read. Confirmed by two runs. */
int monitor_suite_target(struct arena *arena, const char *file, const struct suite_outside *outside,
                         struct monitor_target *out, struct mp_err *err);
/* Confirmed by one run: audits are rare, and what they find stays. Borrows the texts. */
struct monitor_target monitor_audit_target(struct str domain, struct str profile, int64_t every_ms);

/* ---- what came out ---- */

enum monitor_result { MONITOR_UNKNOWN, MONITOR_PASSED, MONITOR_FAILED, MONITOR_UNDECIDED };
const char *monitor_result_name(enum monitor_result r); /* "unknown", "passed", ... */

/* One case of a run; of an audit there is one, with the domain's name. */
struct monitor_case {
    struct str name, text; /* text: why it is not passed, in one line; may be empty */
    enum monitor_result result;
    int64_t duration_ms;
    uint64_t print; /* of what failed: equal for the same reasons */
};

struct monitor_run {
    int64_t started_ms, duration_ms; /* Unix time */
    /* The worst of its cases. A run that is not whole is undecided at best: `why` says what broke
     * it, and its cases are those that were told before. */
    enum monitor_result result;
    bool whole;
    struct str why;
    const struct monitor_case *cases;
    size_t n_cases;
    struct str grade, findings; /* of an audit: "B", and JSON of its findings; or empty */
};

/* SUITE_ON_FAIL, _UNDECIDED and _ALWAYS, as far as they hold for it; a change is _CHANGE. */
unsigned monitor_run_on(const struct monitor_run *r);

enum monitor_change_kind {
    MONITOR_WORSE,        /* to failed, or from passed to undecided */
    MONITOR_BETTER,       /* to passed, or from failed to undecided */
    MONITOR_OTHER_REASON, /* it fails as before, for another reason */
    MONITOR_FLAPS,        /* it changes all the time: until it rests nothing more is told of it */
    MONITOR_RESTS         /* and now it does not */
};
const char *monitor_change_name(enum monitor_change_kind k); /* "worse", "other-reason", ... */

/* Only of what is confirmed. The name MONITOR_RUN_NAME stands for the run itself: undecided when it
 * broke. A case that begins as passed is not told. */
#define MONITOR_RUN_NAME "(run)"
struct monitor_change {
    enum monitor_change_kind kind;
    struct str name, text;
    enum monitor_result from, to;
    int64_t time_ms, since_ms; /* Unix time; since_ms: when `from` was confirmed; 0: never */
};

/* All in the thread of monitor_turn; texts live until they return. */
struct monitor_calls {
    void (*ran)(void *ctx, const struct monitor_target *t, const struct monitor_run *r);
    void (*changed)(void *ctx, const struct monitor_target *t, const struct monitor_change *c);
    /* What to remember of a target, so that a restart tells nothing again. `load`: into `out`
     * (initialised, with its maximum), nothing when there is none. A failure is a target that
     * begins anew. NULL: nothing is remembered. */
    int (*load)(void *ctx, struct str key, struct buf *out, struct mp_err *err);
    int (*save)(void *ctx, struct str key, struct str state, struct mp_err *err);
    void (*failed)(void *ctx, const struct mp_err *err); /* of load and save; may be NULL */
    void *ctx;
};

struct monitor_clock {
    int64_t (*wall_ms)(void *ctx), (*mono_ms)(void *ctx);
    uint64_t (*random)(void *ctx); /* for jitter */
    void *ctx;
};

struct monitor_config {
    const struct monitor_target *targets; /* borrowed, as all texts */
    size_t n_targets;
    const char *program;                /* ours: an absolute path */
    const char *const *suite_arguments; /* more of them, with a NULL; NULL: none */
    const char *const *audit_arguments;
    unsigned running;                  /* at a time; 0: 2 */
    const struct monitor_clock *clock; /* NULL: that of the machine */
};

struct monitor;
/* MP_E_USAGE, MP_E_LIMIT: the config; MP_E_IO: no descriptors; MP_E_NOMEM. */
int monitor_new(const struct monitor_config *config, const struct monitor_calls *calls,
                struct monitor **out, struct mp_err *err);
/* Ends what runs (SIGKILL to its group), and waits for it. Accepts NULL. */
void monitor_free(struct monitor *m);

/* Until `stop_fd` is readable or at its end; runs are then broken off, which is not told.
 * MP_OK; MP_E_IO: poll. */
int monitor_run(struct monitor *m, int stop_fd, struct mp_err *err);
/* One turn: begin what is due, wait until something happens but at most `max_wait_ms`, take what
 * is there, end what is over or too long. *stop: as above. */
int monitor_turn(struct monitor *m, int stop_fd, int max_wait_ms, bool *stop, struct mp_err *err);
/* Run that target as soon as there is room: for the API and tests. */
void monitor_now(struct monitor *m, size_t target);
size_t monitor_running(const struct monitor *m);

/* ---- the states as files ---- */

/* For `load` and `save` with ctx = the directory's path: a file for each key, replaced whole. */
int monitor_file_load(void *ctx, struct str key, struct buf *out, struct mp_err *err);
int monitor_file_save(void *ctx, struct str key, struct str state, struct mp_err *err);

#endif
