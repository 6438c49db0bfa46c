/* Worker processes: whatever heavy or foreign code must look at a stranger's bytes does so in a
 * process that can open no file, no socket and no other process, and that is killed when it takes
 * too long. Its death is an outcome, never ours.
 *
 *   parent (threads of ours)                zygote                     workers
 *   sandbox_begin --queue--> loop thread --fork, reap--> (loaded, warm) --fork--> recvmsg
 *                               |<------------- answers, deaths ----------------------'
 *   sandbox_finish <--done------'
 *
 * The zygote is our own program, executed anew: it loads data, lets libraries load theirs, gives
 * up its rights, and from then on only forks. A worker costs a fork, not a start. Objects go over
 * as sealed memfds, answers come back in a memfd of ours: frame.h. docs/sandbox.md tells the rest.
 */
#ifndef MP_SANDBOX_SANDBOX_H
#define MP_SANDBOX_SANDBOX_H

#include "base/err.h"
#include "content/content.h"

struct sandbox;
struct sandbox_call;

enum {
    SANDBOX_MAX_WORKERS = 64,   /* at a time */
    SANDBOX_MAX_REQUESTS = 1000 /* of one worker: then another takes its place */
};

/* Zero stands for the default. Everything pointed to must outlive the sandbox. */
struct sandbox_config {
    const char *path;      /* of the worker's program: default /proc/self/exe */
    char *const *argv;     /* its arguments, [0] included: it must call sandbox_worker_main */
    char *const *env;      /* its environment: default TZ=UTC0 alone */
    unsigned max_workers;  /* default: as many as processors */
    unsigned max_requests; /* of one worker: default SANDBOX_MAX_REQUESTS */
    unsigned wall_ms;      /* of one request: default CONTENT_WORKER_WALL_MS */
    unsigned cpu_s;        /* of one request: default CONTENT_WORKER_CPU_S */
    unsigned load_ms;      /* until the zygote is ready: default 20 s */
    uint64_t memory_bytes; /* of one worker: default CONTENT_WORKER_MEMORY_BYTES */
};

/* What holds a worker, as it told when it started. */
struct sandbox_facts {
    int32_t zygote_pid, worker_pid;
    int32_t landlock_abi; /* 0: this kernel has none; seccomp holds all the same */
    bool strict;          /* forbidden system calls kill; false: they fail (sanitizer builds) */
    bool no_network;      /* in a network namespace of its own, which is empty */
    bool other_user;      /* runs as nobody */
    bool memory_limited;  /* RLIMIT_AS; not in sanitizer builds */
};

enum sandbox_outcome {
    SANDBOX_OK,         /* inspected; cut by a limit or not */
    SANDBOX_CRASHED,    /* the worker died of the object, or somebody killed it */
    SANDBOX_TIMEOUT,    /* killed at its time limit */
    SANDBOX_NO_MEMORY,  /* it wanted more than a worker may have, or the answer did */
    SANDBOX_BAD_ANSWER, /* what it answered is no answer */
    SANDBOX_UNAVAILABLE /* no worker could be had in time */
};

struct sandbox_result {
    enum sandbox_outcome outcome;
    int64_t elapsed_us; /* in the worker and on the way; 0 when it never got to one */
    char text[200];     /* not OK: what happened, printable, one line */
};

/* Has this build a sanitizer? Then forbidden system calls fail instead of killing. */
bool sandbox_is_sanitized(void);

/* Starts nothing: the first request does. MP_E_USAGE, MP_E_NOMEM, MP_E_IO. */
int sandbox_new(const struct sandbox_config *config, struct sandbox **out, struct mp_err *err);

/* Ends zygote and workers. Accepts NULL. All calls must be finished. */
void sandbox_free(struct sandbox *sb);

/* Start now, wait until one worker is there, and tell what holds it. MP_E_IO: it cannot be had. */
int sandbox_start(struct sandbox *sb, int64_t deadline_us, struct sandbox_facts *out,
                  struct mp_err *err);

/* Ask for the inspection of c->report->objects[object]. Never waits for a worker: as many calls
 * as there are objects may be begun before the first is finished. The object must end before
 * `deadline_us` (clock_mono_us), waiting for a worker included, and takes at most wall_ms.
 * Copies all it needs. Calls begun together are each given the budget that is left.
 * Threads: any number. Returns MP_OK with a call to finish, or MP_E_NOMEM. */
int sandbox_begin(struct sandbox *sb, const struct content *c, size_t object, int64_t deadline_us,
                  struct sandbox_call **out, struct mp_err *err);

/* Wait for it, and append what was found to c->report (frame_report_read), as content_inspect
 * would have. Ends and frees `call` in any case. When the outcome is not OK nothing is appended
 * but c->report->complete is false: sandbox_note has the finding. A worker that served others
 * before and dies or answers nonsense is no proof against this object: it is then asked for once
 * more, of a fresh worker.
 * Returns MP_OK with *out, or MP_E_NOMEM, MP_E_CRYPTO: nothing was appended. */
int sandbox_finish(struct sandbox_call *call, struct content *c, struct sandbox_result *out,
                   struct mp_err *err);

bool sandbox_is_done(struct sandbox_call *call); /* sandbox_finish will not wait */
void sandbox_cancel(struct sandbox_call *call);  /* nobody wants it any more; accepts NULL */

/* Both in one. */
int sandbox_inspect(struct sandbox *sb, struct content *c, size_t object, int64_t deadline_us,
                    struct sandbox_result *out, struct mp_err *err);

/* engine.* for an outcome, with the object's place and sha256; NULL for SANDBOX_OK. */
struct finding *sandbox_note(struct finding_list *list, const struct sandbox_result *result,
                             const struct content_object *object);

const char *sandbox_outcome_name(enum sandbox_outcome o); /* "ok", "crashed", ... */

/* What was done since sandbox_new: for metrics. */
struct sandbox_counts {
    uint64_t requests, zygotes, workers, crashed, timeouts, bad_answers, retried;
    unsigned alive;
};
void sandbox_counts(struct sandbox *sb, struct sandbox_counts *out);

#endif
