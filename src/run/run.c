/* The blocking driver: what is missing is fetched in parallel, then the stages run again. */
#include "run/run.h"

#include "base/clock.h"
#include "dns/zone.h"

int run_start(struct job *job, const struct dns_source *source, struct str label, struct str raw,
              const struct envelope *envelope, int64_t now_s, struct mp_err *err)
{
    if (source->zone != NULL)
        return job_start(job, label, raw, envelope, now_s, dns_zone_lookup, source->zone, err);
    return job_start(job, label, raw, envelope, now_s, resolver_ready, source->resolver, err);
}

int run_job(struct job *job, const struct dns_source *source, struct mp_err *err)
{
    unsigned ms = source->deadline_ms == 0 ? RUN_DEADLINE_MS : source->deadline_ms;
    int64_t deadline_us = clock_mono_us() + (int64_t)ms * 1000;
    int st;
    while ((st = engine_run(job, err)) == MP_WAIT)
        if ((st = resolver_fill(source->resolver, job->dns, deadline_us, err)) != MP_OK)
            break;
    return st;
}
