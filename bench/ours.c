/* mailproof in the contest: what `scan --only auth` does between reading the file and reporting. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/contest.h"
#include "engine/job.h"

struct ours {
    const struct bench_set *set;
    struct policy policy;
    struct job_config config;
    struct job job;
};

static void *ours_open(const struct bench_set *set)
{
    struct ours *s = calloc(1, sizeof *s);
    if (s == NULL)
        bench_fail("no memory");
    s->set = set;
    policy_default(&s->policy);
    auth_config_init(&s->config.auth);
    s->config.auth.authserv_id = STR("mx.example.test");
    s->config.auth.receiver = STR("mx.example.test");
    s->config.policy = &s->policy;
    job_init(&s->job, &s->config);
    return s;
}

static bool ours_verify(void *state, const struct bench_mail *mail)
{
    struct ours *s = state;
    struct mp_err err = {0};
    const struct envelope envelope = {.client = mail->client,
                                      .helo = mail->helo,
                                      .mail_from = mail->mail_from,
                                      .has_mail_from = true};
    if (job_start(&s->job, STR("bench"), mail->raw, &envelope, BENCH_NOW_S, dns_zone_lookup,
                  s->set->zone, &err) != MP_OK ||
        engine_run(&s->job, &err) != MP_OK) {
        fprintf(stderr, "mailproof: %s\n", err.text);
        return false;
    }
    size_t passed = 0;
    for (size_t i = 0; i < s->job.dkim.n; i++)
        passed += s->job.dkim.sigs[i].result == DKIM_PASS;
    return passed == mail->n_signatures && s->job.spf.result == SPF_PASS &&
           s->job.dmarc.result == DMARC_PASS && s->job.verdict.complete;
}

static void ours_close(void *state)
{
    struct ours *s = state;
    job_clear(&s->job);
    free(s);
}

const struct contestant contest_mailproof = {"mailproof", ours_open, ours_verify, ours_close};
