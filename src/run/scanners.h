/* Who answers what the content stage asks: worker processes and clamd. */
#ifndef MP_RUN_SCANNERS_H
#define MP_RUN_SCANNERS_H

#include "engine/job.h"
#include "io/clamd.h"
#include "sandbox/sandbox.h"

/* Shared by all threads of a run. */
struct scanners {
    struct sandbox *sandbox; /* NULL: containers stay closed, and a finding says so */
    struct clamd *clamd;     /* NULL with content_settings.clamd false */
};

/* The open questions of a job, being answered by workers. */
struct scan_round {
    struct sandbox_call **calls; /* beside job->content.asks; NULL where nobody works on it */
    size_t n;
};

/* Hand the open questions to workers; does not wait. Then, after other work, wait for them and ask
 * clamd. Every question of job->content is answered afterwards: with what was found, or with the
 * finding that says why not. `deadline_us`: clock_mono_us. MP_OK or MP_E_NOMEM. */
int scanners_begin(const struct scanners *s, struct job *job, int64_t deadline_us,
                   struct scan_round *round, struct mp_err *err);
int scanners_finish(const struct scanners *s, struct job *job, struct scan_round *round,
                    struct mp_err *err);

#endif
