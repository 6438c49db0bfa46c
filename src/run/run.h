/* Drivers: fill the answers, call the engine, until done. */
#ifndef MP_RUN_RUN_H
#define MP_RUN_RUN_H

#include "engine/job.h"
#include "io/resolver.h"
#include "run/intel_source.h"
#include "run/scanners.h"

/* Where answers come from: a zone (nothing from the network), or a resolver. One of both. And who
 * looks into what a message carries, and knows of it, where the job's config asks for that. */
struct dns_source {
    struct dns_zone *zone;
    struct resolver *resolver;
    const struct scanners *scanners;  /* NULL: nobody, and a finding says so */
    const struct intel_source *intel; /* NULL: nobody, where no job's config asks for it */
    unsigned deadline_ms;             /* for one message, over all rounds; RUN_DEADLINE_MS */
};
enum { RUN_DEADLINE_MS = 20000 };

/* job_start with the source's ready answers. */
int run_start(struct job *job, const struct dns_source *source, struct str label, struct str raw,
              const struct envelope *envelope, int64_t now_s, struct mp_err *err);

/* The blocking driver, for a job that was started. Returns as engine_run, never MP_WAIT: what is
 * not answered in time is DNS_TIMEOUT. Threads: any number at once, each with its own job. */
int run_job(struct job *job, const struct dns_source *source, struct mp_err *err);

#endif
