/* Any computation in a worker, besides looking into mail: a request and bytes go over, a head and a
 * body come back. Rooms that read what strangers send (feeds, reports) are built on it. */
#ifndef MP_SANDBOX_TASK_H
#define MP_SANDBOX_TASK_H

#include "sandbox/sandbox.h"

/* ---- the parent ---- */

struct sandbox_task {
    struct str request; /* small: what is to be done; may be empty */
    struct str bytes;   /* with what */
    size_t max_answer_bytes;
    int64_t deadline_us; /* clock_mono_us */
};

struct sandbox_answer {
    enum sandbox_outcome outcome;
    struct str reason;     /* not SANDBOX_OK: what happened, printable */
    struct str head, body; /* as the worker wrote them: hostile */
};

/* Waits. All of *out lives in `arena`. MP_OK whatever became of the worker; MP_E_NOMEM,
 * MP_E_CRYPTO. Threads: any number with one sandbox. */
int sandbox_task_run(struct arena *arena, struct sandbox *sb, const struct sandbox_task *task,
                     struct sandbox_answer *out, struct mp_err *err);

/* ---- the worker ---- */

struct sandbox_task_worker {
    int (*load)(void *data, struct mp_err *err); /* see sandbox_worker; may be NULL */
    /* What it points *head and *body to must stay until the next call. A status other than MP_OK
     * is a request that is none, or our own failure: the parent sees SANDBOX_BAD_ANSWER, or
     * SANDBOX_NO_MEMORY. */
    int (*work)(void *data, struct arena *arena, struct str request, struct str bytes,
                struct str *head, struct str *body, struct mp_err *err);
    void *data;
};

/* The whole of the worker's program: see sandbox_worker_main. */
int sandbox_task_main(const struct sandbox_task_worker *w);

#endif
