/* Questions about content and their answers: workers first, since they work while DNS is asked. */
#include "run/scanners.h"

#include "run/av_scan.h"

static struct content content_for(struct job *job, struct scan_ask *a)
{
    const struct content_settings *settings = job->config->content;
    return (struct content){.arena = &job->arena,
                            .lists = settings->lists,
                            .limits = &settings->limits,
                            .budget = &job->content.budget,
                            .passwords = job->content.passwords,
                            .n_passwords = job->content.n_passwords,
                            .report = &a->report};
}

/* The report that an answer is written into; objects[0] is what was asked about. */
static int open_report(struct job *job, struct scan_ask *a, struct mp_err *err)
{
    a->report = (struct content_report){.complete = true};
    finding_list_init(&a->report.findings, &job->arena);
    if (a->n_objects == 0)
        return MP_OK;
    a->report.objects = arena_new(&job->arena, struct content_object, 1);
    if (a->report.objects == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    a->report.objects[0] = a->objects[0];
    a->report.n = a->report.cap = 1;
    return MP_OK;
}

int scanners_begin(const struct scanners *s, struct job *job, int64_t deadline_us,
                   struct scan_round *round, struct mp_err *err)
{
    struct content_stage *c = &job->content;
    int st = MP_OK;
    *round = (struct scan_round){.n = c->n_asks};
    round->calls = arena_new(&job->arena, struct sandbox_call *, c->n_asks);
    if (round->calls == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    for (size_t i = 0; st == MP_OK && i < c->n_asks; i++) {
        struct scan_ask *a = &c->asks[i];
        if (a->answered)
            continue;
        st = open_report(job, a, err);
        if (st != MP_OK || a->by != SCAN_BY_WORKER || s->sandbox == NULL)
            continue;
        struct content content = content_for(job, a);
        st = sandbox_begin(s->sandbox, &content, 0, deadline_us, &round->calls[i], err);
    }
    if (st != MP_OK) {
        for (size_t i = 0; i < round->n; i++)
            sandbox_cancel(round->calls[i]);
        round->n = 0;
    }
    return st;
}

/* ---- workers ---- */

static int finish_worker(const struct scanners *s, struct job *job, struct scan_ask *a,
                         struct sandbox_call *call, struct mp_err *err)
{
    struct sandbox_result result = {.outcome = SANDBOX_UNAVAILABLE,
                                    .text = "no workers in this program"};
    struct content content = content_for(job, a);
    int st = MP_OK;
    if (s->sandbox != NULL)
        st = sandbox_finish(call, &content, &result, err);
    if (st != MP_OK)
        return st;
    sandbox_note(&a->report.findings, &result, &a->objects[0]);
    a->report.complete &= result.outcome == SANDBOX_OK;
    return MP_OK;
}

int scanners_finish(const struct scanners *s, struct job *job, struct scan_round *round,
                    struct mp_err *err)
{
    struct content_stage *c = &job->content;
    int st = MP_OK;
    for (size_t i = 0; i < c->n_asks; i++) {
        struct scan_ask *a = &c->asks[i];
        if (a->answered)
            continue;
        if (a->by == SCAN_BY_WORKER && st != MP_OK)
            sandbox_cancel(round->calls[i]);
        else if (a->by == SCAN_BY_WORKER)
            st = finish_worker(s, job, a, round->calls[i], err);
        else if (st == MP_OK)
            st = av_scan(s->clamd, job->raw, NULL, a->objects, a->n_objects, 0, &a->report.findings,
                         &a->report.complete, err);
        a->answered = true;
    }
    return st;
}
