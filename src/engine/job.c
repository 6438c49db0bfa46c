/* The life of a job: one arena, one view, one message after another. */
#include "engine/job.h"

#include "base/clock.h"
#include "base/hex.h"
#include "crypto/digest.h"

void job_init(struct job *job, const struct job_config *config)
{
    *job = (struct job){.config = config};
    arena_init(&job->arena, JOB_BUDGET_MIN_BYTES);
}

void job_clear(struct job *job)
{
    if (job == NULL)
        return;
    dns_view_release(job->dns);
    job->dns = NULL;
    arena_clear(&job->arena);
}

static size_t budget_for(const struct job_config *config, size_t raw_bytes)
{
    if (config->budget_bytes != 0)
        return config->budget_bytes;
    size_t scaled =
        raw_bytes > SIZE_MAX / JOB_BUDGET_FACTOR ? SIZE_MAX : raw_bytes * JOB_BUDGET_FACTOR;
    scaled = scaled < JOB_BUDGET_MIN_BYTES ? JOB_BUDGET_MIN_BYTES : scaled;
    if (config->content == NULL)
        return scaled;
    uint64_t unpacked = config->content->limits.max_decoded_bytes; /* beside the message itself */
    return unpacked > SIZE_MAX - scaled ? SIZE_MAX : scaled + (size_t)unpacked;
}

void job_envelope_changed(struct job *job)
{
    const struct envelope *e = &job->envelope;
    job->spf_request =
        (struct spf_request){.client = e->client, .helo = e->helo, .mail_from = e->mail_from};
}

static void skip_auth(struct job *job)
{
    static const enum job_stage skipped[] = {STAGE_SPF, STAGE_HELO, STAGE_DKIM, STAGE_ARC,
                                             STAGE_DMARC};
    for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
        job->done[skipped[i]] = true;
    job->auth_skipped = true;
    job->spf.reason = job->dmarc.reason = STR("not asked for");
}

/* A message above the size limit is not looked at: it is cut, with a finding, and no stage runs. */
static int parse(struct job *job, struct mp_err *err)
{
    int st = message_parse(&job->arena, job->raw, &job->message, err);
    if (st != MP_E_LIMIT)
        return st;
    finding_add(&job->findings, FINDING_LIMIT_SIZE, NOWHERE, "%zu bytes", job->raw.n);
    job->cut = true;
    job->raw = STR_NONE;
    for (unsigned i = 0; i < STAGE_COUNT; i++)
        job->done[i] = true;
    return message_parse(&job->arena, STR_NONE, &job->message, err);
}

int job_start(struct job *job, struct str source, struct str raw, const struct envelope *envelope,
              int64_t now_s, dns_ready_fn *ready, void *ready_ctx, struct mp_err *err)
{
    const struct job_config *config = job->config;
    struct arena arena = job->arena;
    dns_view_release(job->dns);
    arena_reset(&arena);
    *job = (struct job){.config = config,
                        .arena = arena,
                        .raw = raw,
                        .source = source,
                        .envelope = *envelope,
                        .now_s = now_s,
                        .started_us = clock_mono_us()};
    job->arena.budget_bytes = budget_for(config, raw.n);
    finding_list_init(&job->findings, &job->arena);
    job->dns = dns_view_new(&job->arena, ready, ready_ctx);
    if (job->dns == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, STR_FMT ": no memory to begin", STR_ARG(source));
    if (config->skip_auth)
        skip_auth(job);
    int st = parse(job, err);
    if (st != MP_OK)
        return st;
    job->auth = (struct auth_ctx){.arena = &job->arena,
                                  .msg = &job->message,
                                  .dns = job->dns,
                                  .findings = &job->findings,
                                  .config = &config->auth,
                                  .bodies = body_hashes_new(&job->arena, job->message.body),
                                  .now_s = now_s};
    job->spf_request = (struct spf_request){.client = envelope->client,
                                            .helo = envelope->helo,
                                            .mail_from = envelope->mail_from};
    if (job->auth.bodies == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, STR_FMT ": no memory to begin", STR_ARG(source));
    return MP_OK;
}

const struct dns_lists *job_dns_lists(const struct job *job)
{
    const struct job_config *c = job->config;
    return c == NULL || c->intel == NULL ? NULL : c->intel->dns_lists;
}

int job_describe(struct job *job, struct mp_err *err)
{
    if (digest_once(DIGEST_SHA256, job->raw, job->sha256))
        job->sha256_hex =
            hex_encode(&job->arena, str_make((const char *)job->sha256, sizeof job->sha256));
    int st = mime_parse(&job->arena, &job->message, &job->mime, err);
    if (st != MP_OK || !job->mime.complete) {
        finding_add(&job->findings, FINDING_LIMIT_MIME, NOWHERE, "%zu parts were read",
                    job->mime.n);
        job->cut = true;
    }
    return st;
}
