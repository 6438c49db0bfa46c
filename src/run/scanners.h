/* Who answers what the content stage asks: worker processes and clamd. */
#ifndef MP_RUN_SCANNERS_H
#define MP_RUN_SCANNERS_H

#include "engine/job.h"
#include "io/clamd.h"
#include "sandbox/sandbox.h"

enum {
    SCANNERS_AT_ONCE = 2,     /* objects of one message with workers: others want some too */
    SCANNERS_WORK_MS = 10000, /* of workers, for one message: then what is left stays closed */
};

/* Shared by all threads of a run. */
struct scanners {
    struct sandbox *sandbox; /* NULL: containers stay closed, and a finding says so */
    struct clamd *clamd;     /* NULL with content_settings.clamd false */
};

/* The open questions of a job, being answered by workers. */
struct scan_round {
    struct sandbox_call **calls; /* beside job->content.asks; NULL where nobody works on it */
    size_t n, next;              /* the first that nobody was asked about yet */
    unsigned begun;              /* and not finished */
    int64_t deadline_us;
};

/* Hand the first open questions to workers; does not wait. Then, after other work, wait for them
 * and ask clamd. Every question of job->content is answered afterwards: with what was found, or
 * with the finding that says why not. `deadline_us`: clock_mono_us. MP_OK or MP_E_NOMEM. */
int scanners_begin(const struct scanners *s, struct job *job, int64_t deadline_us,
                   struct scan_round *round, struct mp_err *err);
int scanners_finish(const struct scanners *s, struct job *job, struct scan_round *round,
                    struct mp_err *err);

#endif
