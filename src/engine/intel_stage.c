/* The store first, it costs nothing; then DNS lists, all names in one round. */
#include "engine/intel_stage.h"

#include "engine/intel_internal.h"
#include "engine/job.h"

/* What is in the store. */
static int look_up(struct job *job, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    const struct intel_settings *settings = job->config->intel;
    if (s->snapshot == NULL) {
        if (settings->has_store) {
            finding_add(&s->findings, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                        "the local store: %s" STR_FMT,
                        settings->store_fault.n > 0 ? "" : "there is none yet",
                        STR_ARG(settings->store_fault));
            s->missing = true;
        }
        return MP_OK;
    }
    if (settings->store_fault.n > 0) {
        finding_add(&s->findings, FINDING_INTEL_UNAVAILABLE, NOWHERE,
                    "the newest store is damaged, an older one is used: " STR_FMT,
                    STR_ARG(settings->store_fault));
        s->missing = true;
    }
    s->missing |= intel_stale(s->snapshot, job->now_s, &s->findings);
    return intel_match(&job->arena, s->snapshot, s->items, s->n_items, job->now_s, &s->findings,
                       &s->hits, err);
}

static int read_once(struct job *job, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    int st = MP_OK;
    if (s->read)
        return MP_OK;
    s->read = true;
    finding_list_init(&s->findings, &job->arena);
    st = intel_items_read(job, err);
    if (st == MP_OK)
        st = look_up(job, err);
    if (st == MP_OK && job->config->intel->dns_lists != NULL)
        st = intel_list_facts(job, err);
    return st;
}

int intel_stage_run(struct job *job, struct mp_err *err)
{
    struct intel_stage *s = &job->intel;
    const struct intel_settings *settings = job->config->intel;
    if (settings == NULL)
        return MP_OK;
    int st = read_once(job, err);
    finding_append(&job->findings, &s->findings);
    if (st == MP_OK && settings->dns_lists != NULL)
        st = dns_list_check(&job->arena, job->dns, settings->dns_lists, settings->health,
                            &s->listed, job->now_s, &job->findings, &s->lists, err);
    s->missing |= s->lists.missing;
    job->cut |= s->missing && settings->require && st != MP_WAIT;
    return st;
}
