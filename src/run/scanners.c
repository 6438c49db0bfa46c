/* Questions about content and their answers: workers first, since they work while DNS is asked. */
#include "run/scanners.h"

#include "content/place.h"
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

/* As many as may be with workers at once; each gets the budget that is left then. */
static int begin_some(const struct scanners *s, struct job *job, struct scan_round *round,
                      struct mp_err *err)
{
    struct content_stage *c = &job->content;
    int st = MP_OK;
    for (; st == MP_OK && round->next < round->n && round->begun < SCANNERS_AT_ONCE;
         round->next++) {
        struct scan_ask *a = &c->asks[round->next];
        if (a->answered || a->by != SCAN_BY_WORKER || s->sandbox == NULL)
            continue;
        struct content content = content_for(job, a);
        st = sandbox_begin(s->sandbox, &content, 0, round->deadline_us, &round->calls[round->next],
                           err);
        round->begun += st == MP_OK;
    }
    return st;
}

static void cancel_all(struct scan_round *round)
{
    for (size_t i = 0; i < round->n; i++)
        sandbox_cancel(round->calls[i]);
    round->n = round->begun = 0;
}

int scanners_begin(const struct scanners *s, struct job *job, int64_t deadline_us,
                   struct scan_round *round, struct mp_err *err)
{
    struct content_stage *c = &job->content;
    int st = MP_OK;
    *round = (struct scan_round){.deadline_us = deadline_us};
    round->calls = arena_new(&job->arena, struct sandbox_call *, c->n_asks);
    if (round->calls == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    round->n = c->n_asks;
    for (size_t i = 0; st == MP_OK && i < c->n_asks; i++)
        st = c->asks[i].answered ? MP_OK : open_report(job, &c->asks[i], err);
    if (st == MP_OK)
        st = begin_some(s, job, round, err);
    if (st != MP_OK)
        cancel_all(round);
    return st;
}

/* One mail of many small bombs may not hold the workers of all others. */
static void leave_closed(struct job *job, struct scan_ask *a)
{
    finding_add(&a->report.findings, FINDING_LIMIT_CONTENT, content_place(&a->objects[0]),
                "not opened: workers spent %d s on this message", SCANNERS_WORK_MS / 1000);
    a->report.complete = false;
    job->content.found.complete = false;
}

/* What could not be kept is an outcome of that object, not of the message. */
static int finish_worker(const struct scanners *s, struct job *job, struct scan_ask *a,
                         struct sandbox_call *call, int64_t *spent_us, struct mp_err *err)
{
    struct sandbox_result result = {.outcome = SANDBOX_UNAVAILABLE,
                                    .text = "no workers in this program"};
    struct content content = content_for(job, a);
    int st = MP_OK;
    if (s->sandbox != NULL)
        st = sandbox_finish(call, &content, &result, err);
    if (st == MP_E_NOMEM)
        result = (struct sandbox_result){.outcome = SANDBOX_NO_MEMORY,
                                         .text = "what was found is more than a message may have"};
    else if (st != MP_OK)
        return st;
    *spent_us += result.elapsed_us;
    sandbox_note(&a->report.findings, &result, &a->objects[0]);
    a->report.complete &= result.outcome == SANDBOX_OK;
    return MP_OK;
}

static int finish_workers(const struct scanners *s, struct job *job, struct scan_round *round,
                          struct mp_err *err)
{
    struct content_stage *c = &job->content;
    int64_t spent_us = 0;
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < round->n; i++) {
        struct scan_ask *a = &c->asks[i];
        if (a->answered || a->by != SCAN_BY_WORKER)
            continue;
        if (round->calls[i] == NULL && s->sandbox != NULL) {
            leave_closed(job, a);
            continue;
        }
        round->begun -= round->calls[i] != NULL;
        st = finish_worker(s, job, a, round->calls[i], &spent_us, err);
        round->calls[i] = NULL;
        if (st == MP_OK && spent_us < (int64_t)SCANNERS_WORK_MS * 1000)
            st = begin_some(s, job, round, err);
    }
    if (st != MP_OK)
        cancel_all(round);
    return st;
}

int scanners_finish(const struct scanners *s, struct job *job, struct scan_round *round,
                    struct mp_err *err)
{
    struct content_stage *c = &job->content;
    const unsigned char *sha256 = job->sha256_hex.n > 0 ? job->sha256 : NULL;
    int st = finish_workers(s, job, round, err);
    for (size_t i = 0; st == MP_OK && i < c->n_asks; i++) {
        struct scan_ask *a = &c->asks[i];
        if (!a->answered && a->by == SCAN_BY_CLAMD)
            st = av_scan(s->clamd, job->raw, sha256, a->objects, a->n_objects, 0,
                         &a->report.findings, &a->report.complete, err);
    }
    for (size_t i = 0; i < c->n_asks; i++)
        c->asks[i].answered = true;
    return st;
}
