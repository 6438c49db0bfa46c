/* The blocking driver: what is missing is fetched in parallel, then the stages run again. */
#include "run/run.h"

#include "base/clock.h"
#include "dns/zone.h"

int run_start(struct job *job, const struct dns_source *source, struct str label, struct str raw,
              const struct envelope *envelope, int64_t now_s, struct mp_err *err)
{
    int st =
        source->zone != NULL
            ? job_start(job, label, raw, envelope, now_s, dns_zone_lookup, source->zone, err)
            : job_start(job, label, raw, envelope, now_s, resolver_ready, source->resolver, err);
    if (source->intel != NULL && source->intel->hold != NULL)
        job->intel.snapshot = vault_snapshot(source->intel->hold);
    return st;
}

static bool dns_is_open(const struct job *job)
{
    struct dns_question q;
    size_t cursor = 0;
    return dns_view_missing(job->dns, &cursor, &q);
}

static bool content_is_open(const struct job *job)
{
    for (size_t i = 0; i < job->content.n_asks; i++)
        if (!job->content.asks[i].answered)
            return true;
    return false;
}

static bool services_are_open(const struct job *job)
{
    for (size_t i = 0; i < job->intel.n_asks; i++)
        if (!job->intel.asks[i].answered)
            return true;
    return false;
}

/* Answer all that the job has asked: workers open what is packed while DNS is asked. */
static int fill(struct job *job, const struct dns_source *source, int64_t deadline_us,
                struct mp_err *err)
{
    static const struct scanners nobody;
    const struct scanners *scanners = source->scanners == NULL ? &nobody : source->scanners;
    struct scan_round round = {0};
    bool content = content_is_open(job);
    int st = MP_OK, other = MP_OK;
    if (content)
        st = scanners_begin(scanners, job, deadline_us, &round, err);
    if (st == MP_OK && dns_is_open(job))
        other = resolver_fill(source->resolver, job->dns, deadline_us, err);
    if (st == MP_OK && content)
        st = scanners_finish(scanners, job, &round, other == MP_OK ? err : NULL);
    if (st == MP_OK && other == MP_OK && services_are_open(job))
        st = intel_source_answer(source->intel, job, deadline_us, err);
    return other == MP_OK ? st : other;
}

int run_job(struct job *job, const struct dns_source *source, struct mp_err *err)
{
    unsigned ms = source->deadline_ms == 0 ? RUN_DEADLINE_MS : source->deadline_ms;
    int64_t deadline_us = clock_mono_us() + (int64_t)ms * 1000;
    int st;
    while ((st = engine_run(job, err)) == MP_WAIT)
        if ((st = fill(job, source, deadline_us, err)) != MP_OK)
            break;
    return st;
}
