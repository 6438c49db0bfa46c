/* The table of stages, run over one message until all are done. */
#include "base/buf.h"
#include "base/clock.h"
#include "engine/job.h"
#include "phish/phish.h"

enum {
    AUTHRES_USUAL_BYTES = 1024,
    AUTHRES_MAX_BYTES = 1024 * 1024 /* DKIM_MAX_PARSED results, five values of 800 bytes in each */
};

static int stage_author(struct job *job, struct mp_err *err)
{
    (void)err;
    author_check(&job->auth, &job->author);
    if (!job->auth_skipped || job->config->content != NULL)
        author_findings(&job->auth, &job->author); /* what deceives readers needs no proof */
    structure_findings(&job->auth);
    field_findings(&job->auth);
    if (job->auth_skipped)
        return MP_OK;
    authres_findings(&job->auth);
    if (job->author.status == AUTHOR_OK)
        dmarc_prefetch(&job->auth, job->author.domain);
    return MP_OK;
}

static int stage_spf(struct job *job, struct mp_err *err)
{
    if (job->envelope.client.family == IP_NONE) {
        job->spf =
            (struct spf_outcome){.result = SPF_NONE, .reason = STR("no client address was given")};
        return MP_OK;
    }
    int st = spf_check(&job->auth, &job->spf_request, &job->spf, err);
    if (st != MP_OK)
        return st;
    job->spf_checked = true;
    spf_findings(&job->auth, &job->spf_request, &job->spf);
    return MP_OK;
}

/* RFC 7208 2.3: HELO is checked beside MAIL FROM. It never stands in for it. */
static int stage_helo(struct job *job, struct mp_err *err)
{
    struct str from = job->envelope.mail_from;
    bool null_sender = from.n == 0 || str_eq(from, STR("<>"));
    if (job->envelope.client.family == IP_NONE || job->envelope.helo.n == 0 || null_sender)
        return MP_OK;
    int st = spf_check_helo(&job->auth, &job->spf_request, &job->helo, err);
    if (st != MP_OK)
        return st;
    job->helo_checked = true;
    if (job->helo.result == SPF_FAIL)
        finding_add(&job->findings, FINDING_AUTH_HELO_FAIL, NOWHERE, "HELO " STR_FMT,
                    STR_ARG(job->helo.domain));
    return MP_OK;
}

static int stage_dkim(struct job *job, struct mp_err *err)
{
    int st = dkim_verify(&job->auth, job->author.domain, &job->dkim, err);
    if (st == MP_OK)
        dkim_findings(&job->auth, &job->dkim);
    return st;
}

static int stage_arc(struct job *job, struct mp_err *err)
{
    int st = arc_verify(&job->auth, &job->arc, err);
    if (st == MP_OK)
        arc_findings(&job->auth, &job->arc);
    return st;
}

static int stage_dmarc(struct job *job, struct mp_err *err)
{
    int st =
        dmarc_check(&job->auth, &job->author, &job->spf, &job->dkim, &job->arc, &job->dmarc, err);
    if (st != MP_OK)
        return st;
    dmarc_findings(&job->auth, &job->dmarc);
    if (job->dmarc.result == DMARC_FAIL && !job->spf_checked)
        finding_add(&job->findings, FINDING_AUTH_SPF_NOT_CHECKED, NOWHERE, STR_FMT,
                    STR_ARG(job->spf.reason));
    return MP_OK;
}

static int stage_phish(struct job *job, struct mp_err *err)
{
    if (job->config->content == NULL || job->config->only_facts)
        return MP_OK;
    const struct phish_input in = {.message = &job->message,
                                   .author = &job->author,
                                   .found = &job->content.found,
                                   .lists = job->config->content->lists,
                                   .names = job->config->content->names,
                                   .mail_from = job->envelope.mail_from,
                                   .rcpt_to = job->envelope.rcpt_to,
                                   .n_rcpt_to = job->envelope.n_rcpt_to,
                                   .auth_checked = !job->auth_skipped,
                                   .dmarc_pass = job->dmarc.result == DMARC_PASS,
                                   .dmarc_fail = job->dmarc.result == DMARC_FAIL};
    return phish_check(&job->arena, &in, &job->findings, err);
}

/* In the order of dependence: a stage runs when all that it needs are done. Stages that wait do
 * not stop the others, so that every name is asked in the same round. */
static const struct stage {
    int (*run)(struct job *job, struct mp_err *err);
    unsigned needs; /* bits of enum job_stage */
} stages[STAGE_COUNT] = {
    [STAGE_AUTHOR] = {stage_author, 0},
    [STAGE_SPF] = {stage_spf, 0},
    [STAGE_HELO] = {stage_helo, 0},
    [STAGE_DKIM] = {stage_dkim, 1u << STAGE_AUTHOR},
    [STAGE_ARC] = {stage_arc, 0},
    [STAGE_DMARC] = {stage_dmarc,
                     1u << STAGE_AUTHOR | 1u << STAGE_SPF | 1u << STAGE_DKIM | 1u << STAGE_ARC},
    [STAGE_CONTENT] = {content_stage_run, 0},
    [STAGE_INTEL] = {intel_stage_run, 1u << STAGE_AUTHOR | 1u << STAGE_CONTENT},
    [STAGE_PHISH] = {stage_phish, 1u << STAGE_AUTHOR | 1u << STAGE_DMARC | 1u << STAGE_INTEL},
    [STAGE_SERVICES] = {service_stage_run, 1u << STAGE_PHISH},
};

static bool is_ready(const struct job *job, const struct stage *s)
{
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        if ((s->needs >> i & 1) && !job->done[i])
            return false;
    return true;
}

/* A stage that hit a limit of ours counts as done without a result: never as a pass. */
static void note_cut(struct job *job, int status, const struct mp_err *err)
{
    job->cut = true;
    finding_add(&job->findings, status == MP_E_LIMIT ? FINDING_LIMIT_DNS : FINDING_LIMIT_MEMORY,
                NOWHERE, "%s", err->text);
}

/* DNS lists have told of theirs themselves, and their names may hold keys. */
static void dns_findings(struct job *job)
{
    const struct dns_lists *lists = job_dns_lists(job);
    for (size_t i = 0; i < dns_view_count(job->dns); i++) {
        const struct dns_answer *a = dns_view_at(job->dns, i);
        if (a == NULL || dns_lists_have(lists, a->name) ||
            (a->status != DNS_BOGUS && a->status != DNS_SERVFAIL && a->status != DNS_TIMEOUT))
            continue;
        enum finding_id id =
            a->status == DNS_BOGUS ? FINDING_DNS_BOGUS_ANSWER : FINDING_DNS_UNAVAILABLE;
        finding_add(&job->findings, id, NOWHERE, STR_FMT " %s: %s%s" STR_FMT, STR_ARG(a->name),
                    dns_type_name(a->type), dns_status_name(a->status), a->why.n == 0 ? "" : ", ",
                    STR_ARG(a->why));
    }
}

static bool parse_was_cut(const struct message *m)
{
    return message_has(m, ANOMALY_TOO_MANY_FIELDS) || message_has(m, ANOMALY_HEAD_TOO_LONG);
}

/* Is everything known that could change the verdict? One aligned pass decides DMARC whatever else
 * DNS kept from us (N43). */
static bool is_complete(const struct job *job)
{
    if (job->cut || job->findings.starved || parse_was_cut(&job->message) ||
        job->dmarc.result == DMARC_TEMPERROR)
        return false;
    bool temporary = job->spf.result == SPF_TEMPERROR || job->dkim.result == DKIM_TEMPERROR ||
                     job->arc.result == ARC_TEMPERROR;
    return job->dmarc.result == DMARC_PASS || !temporary;
}

static enum dmarc_request request_of(const struct dmarc_outcome *d)
{
    if (d->result != DMARC_FAIL)
        return DMARC_REQUEST_NONE;
    switch (d->disposition) {
    case DMARC_P_REJECT:
        return DMARC_REQUEST_REJECT;
    case DMARC_P_QUARANTINE:
        return DMARC_REQUEST_QUARANTINE;
    default:
        return DMARC_REQUEST_NONE;
    }
}

static void write_results(struct job *job)
{
    struct buf b;
    buf_init(&b, AUTHRES_MAX_BYTES);
    (void)buf_reserve(&b, AUTHRES_USUAL_BYTES); /* at once, instead of by growing */
    struct authres_input in = {.authserv_id = job->config->auth.authserv_id,
                               .spf_request = &job->spf_request,
                               .spf = job->spf_checked ? &job->spf : NULL,
                               .dkim = &job->dkim,
                               .arc = &job->arc,
                               .dmarc = &job->dmarc};
    authres_write(&b, &in);
    if (!b.failed)
        job->authentication_results = arena_copy(&job->arena, buf_str(&b));
    job->cut |= job->authentication_results.p == NULL; /* an empty field would hide the verdict */
    buf_clear(&b);
}

static void finish(struct job *job)
{
    dns_findings(job);
    if (!job->auth_skipped)
        write_results(job);
    if (job->findings.dropped > 0)
        finding_add(&job->findings, FINDING_LIMIT_FINDINGS, NOWHERE, "%zu not kept",
                    job->findings.dropped);
    verdict_decide(job->config->policy, &job->findings, request_of(&job->dmarc), is_complete(job),
                   &job->verdict);
    job->finished = true;
    job->elapsed_us = clock_mono_us() - job->started_us;
}

int engine_run(struct job *job, struct mp_err *err)
{
    struct mp_err local = {0};
    err = err == NULL ? &local : err;
    bool waiting = false;
    int failed = MP_OK;
    for (unsigned i = 0; i < STAGE_COUNT; i++) {
        if (job->done[i] || !is_ready(job, &stages[i]))
            continue;
        struct finding_mark mark = finding_mark(&job->findings);
        int st = stages[i].run(job, err);
        if (st == MP_WAIT) {
            finding_rewind(&job->findings, mark);
            waiting = true;
            continue;
        }
        if (st != MP_OK) {
            note_cut(job, st, err);
            failed = st;
        }
        job->done[i] = true;
    }
    if (waiting)
        return MP_WAIT;
    finish(job);
    return failed;
}
