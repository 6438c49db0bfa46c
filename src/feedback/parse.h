/* Reports of strangers are read in a process that can do nothing but compute. */
#ifndef MP_FEEDBACK_PARSE_H
#define MP_FEEDBACK_PARSE_H

#include "feedback/report.h"
#include "sandbox/sandbox.h"

enum {
    FEEDBACK_WORKER_WALL_MS = 60 * 1000,
    FEEDBACK_WORKER_CPU_S = 50,
    FEEDBACK_WORKER_MEMORY_MB = 1536
};

/* The whole of the worker's program: see sandbox/worker.h. Returns an exit code. */
int feedback_worker_main(void);

/* Limits fit for reports; `argv` starts a program that calls feedback_worker_main. */
struct sandbox_config feedback_sandbox_config(char *const *argv);

/* feedback_read in a worker. All of *out lives in `arena` (FEEDBACK_ARENA_MAX_BYTES). MP_OK
 * whatever the bytes are; a worker that crashed, was too slow or could not be had is the problem
 * PROBLEM_WORKER. MP_E_NOMEM, MP_E_CRYPTO. Threads: any number with one sandbox. */
int feedback_parse(struct arena *arena, struct sandbox *sb, struct str bytes, int64_t deadline_us,
                   struct feedback_content *out, struct mp_err *err);

/* Nothing is known of it: to be tried once more, and not to be thrown away. */
bool feedback_is_lost(const struct feedback_content *content);

#endif
