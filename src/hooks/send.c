/* The threads that send: a few for each endpoint, so that a slow one holds up nobody. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crypto/hmac.h"
#include "hooks/hooks_internal.h"
#include "io/fetch.h"

enum {
    ARENA_BYTES = 4 * HOOKS_PAYLOAD_MAX_BYTES,
    SIGNATURES_BYTES = HOOKS_MAX_SECRETS * 64,
    LOOK_MS = 100 /* how late a stop may be seen */
};

/* One hooks_run. */
struct sending {
    struct hooks *h;
    const atomic_bool *stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    int failed; /* MP_OK, or what ended it */
    struct mp_err err;
};

struct sender {
    struct sending *run;
    size_t endpoint;
    pthread_t thread;
    struct arena arena;
};

/* ---- one request ---- */

static bool goes_on(void *ctx, uint64_t got, uint64_t total)
{
    (void)got;
    (void)total;
    return !atomic_load((const atomic_bool *)ctx);
}

static int post(struct sender *s, const struct hook_endpoint *e, const struct hook_job *job,
                struct fetch_reply *reply, struct mp_err *err)
{
    struct buf signature;
    int64_t now_s = clock_wall_s();
    uint32_t timeout_ms = e->timeout_ms != 0 ? e->timeout_ms : HOOKS_DEFAULT_TIMEOUT_MS;
    buf_init(&signature, SIGNATURES_BYTES);
    int st = hook_sign(e->secrets, e->n_secrets, job->id, now_s, job->payload, &signature, err);
    struct str stamp = arena_fmt(&s->arena, "%lld", (long long)now_s);
    if (st == MP_OK && stamp.p == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a webhook");
    const struct fetch_request request = {.url = e->url,
                                          .headers = {{STR("webhook-id"), job->id},
                                                      {STR("webhook-timestamp"), stamp},
                                                      {STR("webhook-signature"),
                                                       buf_str(&signature)}},
                                          .n_headers = 3,
                                          .has_secret = true,
                                          .body = job->payload,
                                          .content_type = STR("application/json"),
                                          .max_bytes = HOOKS_ANSWER_MAX_BYTES,
                                          .ca_file = e->ca_file,
                                          .allow_private = e->allow_private,
                                          .no_redirects = true,
                                          .resolve_host = e->resolve_host,
                                          .resolve_ip = e->resolve_ip,
                                          .deadline_us = clock_mono_us() + timeout_ms * 1000LL,
                                          .progress = goes_on,
                                          .progress_ctx = (void *)(uintptr_t)s->run->stop};
    if (st == MP_OK)
        st = fetch(&s->arena, &request, reply, err);
    buf_clear(&signature);
    return st;
}

static unsigned count_failures(struct hooks *h, size_t endpoint, bool failed)
{
    pthread_mutex_lock(&h->send_lock);
    unsigned n = h->in_row[endpoint] = failed ? h->in_row[endpoint] + 1 : 0;
    pthread_mutex_unlock(&h->send_lock);
    return n;
}

static uint32_t chance(void)
{
    uint32_t n = 0;
    (void)crypto_random(&n, sizeof n);
    return n;
}

static struct hook_result judge(struct sender *s, const struct hook_job *job,
                                const struct fetch_reply *reply)
{
    struct hooks *h = s->run->h;
    const struct hook_answer answer = {reply->fault, reply->status, reply->retry_after_s};
    unsigned percent = h->config.retry_percent;
    struct hook_next next = hook_judge(&answer, job->tries, 1, 0, percent);
    unsigned in_row = count_failures(h, s->endpoint, next.outcome != HOOK_DELIVERED);
    if (next.outcome == HOOK_AGAIN || next.outcome == HOOK_DEAD)
        next = hook_judge(&answer, job->tries, in_row, chance(), percent);
    return (struct hook_result){next, reply->status,
                                str_slice(reply->reason, 0, HOOKS_REASON_BYTES - 1)};
}

/* ---- one delivery ---- */

static int send_job(struct sender *s, const struct hook_job *job)
{
    struct hooks *h = s->run->h;
    struct fetch_reply reply = {.retry_after_s = -1};
    struct mp_err err;
    struct hook_result r = {.next.outcome = HOOK_DEAD};
    if (job->is_gone) {
        r.reason = STR("its event is not in the queue, or damaged");
    } else if (clock_wall_ms() - job->created_ms > HOOKS_OLD_S * 1000LL && job->tries > 1) {
        r.reason = STR("the endpoint did not answer for days");
    } else if (post(s, &h->config.endpoints[s->endpoint], job, &reply, &err) != MP_OK) {
        /* Ours, not the endpoint's: a URL that cannot be used, no memory. */
        hooks_note(h, &err);
        reply.fault = HTTPS_OTHER;
        reply.reason = str_from(err.text);
        r = judge(s, job, &reply);
    } else if (reply.fault == HTTPS_OTHER && atomic_load(s->run->stop)) {
        return queue_give_back(h, job);
    } else {
        r = judge(s, job, &reply);
    }
    return queue_end(h, s->endpoint, job, &r, clock_wall_ms());
}

/* True: there may be more at once. */
static bool send_next(struct sender *s)
{
    struct hooks *h = s->run->h;
    struct hook_job job;
    bool found = false;
    arena_reset(&s->arena);
    int rc = queue_take(h, s->endpoint, clock_wall_ms(), &s->arena, &job, &found);
    if (rc == SQLITE_DONE && found)
        rc = send_job(s, &job);
    if (rc == SQLITE_DONE)
        return found;
    struct mp_err err;
    pthread_mutex_lock(&h->send_lock);
    int st = db_fail_code(&h->spec, h->send.db, rc, &err);
    pthread_mutex_unlock(&h->send_lock);
    hooks_note(h, &err);
    if (!db_is_damage(rc))
        return false; /* the next look tries again */
    pthread_mutex_lock(&s->run->lock);
    s->run->failed = st;
    s->run->err = err;
    s->run->stopping = true;
    pthread_mutex_unlock(&s->run->lock);
    return false;
}

/* ---- threads ---- */

static void wait_ms(struct sending *run, int ms)
{
    int64_t until_us = clock_mono_us() + ms * 1000LL;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    pthread_mutex_lock(&run->lock);
    if (!run->stopping)
        pthread_cond_timedwait(&run->wake, &run->lock, &until);
    pthread_mutex_unlock(&run->lock);
}

static bool is_stopping(struct sending *run)
{
    pthread_mutex_lock(&run->lock);
    bool yes = run->stopping;
    pthread_mutex_unlock(&run->lock);
    return yes || atomic_load(run->stop);
}

static void *sender(void *arg)
{
    struct sender *s = arg;
    while (!is_stopping(s->run))
        if (!send_next(s))
            wait_ms(s->run, HOOKS_TICK_MS);
    return NULL;
}

static size_t threads_of(const struct hook_endpoint *e)
{
    return e->concurrent != 0 ? e->concurrent : HOOKS_DEFAULT_CONCURRENT;
}

static void run_until_stop(struct sending *run)
{
    while (!is_stopping(run))
        wait_ms(run, LOOK_MS);
    pthread_mutex_lock(&run->lock);
    run->stopping = true;
    pthread_cond_broadcast(&run->wake);
    pthread_mutex_unlock(&run->lock);
}

int hooks_run(struct hooks *h, const atomic_bool *stop, struct mp_err *err)
{
    struct sending run = {.h = h, .stop = stop};
    pthread_condattr_t monotonic;
    size_t n = 0, started = 0;
    for (size_t i = 0; i < h->config.n_endpoints; i++)
        n += threads_of(&h->config.endpoints[i]);
    struct sender *senders = calloc(n + 1, sizeof *senders);
    if (senders == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to send webhooks");
    pthread_mutex_init(&run.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&run.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; i < h->config.n_endpoints && !is_stopping(&run); i++)
        for (size_t k = threads_of(&h->config.endpoints[i]); k > 0; k--) {
            struct sender *s = &senders[started];
            *s = (struct sender){.run = &run, .endpoint = i};
            arena_init(&s->arena, ARENA_BYTES);
            if (pthread_create(&s->thread, NULL, sender, s) == 0) {
                started++;
                continue;
            }
            pthread_mutex_lock(&run.lock);
            run.failed = mp_fail(&run.err, MP_E_NOMEM, 0, "no thread to send webhooks");
            run.stopping = true;
            pthread_mutex_unlock(&run.lock);
            break;
        }
    run_until_stop(&run);
    for (size_t i = 0; i < started; i++) {
        pthread_join(senders[i].thread, NULL);
        arena_clear(&senders[i].arena);
    }
    free(senders);
    pthread_mutex_destroy(&run.lock);
    pthread_cond_destroy(&run.wake);
    if (run.failed != MP_OK && err != NULL)
        *err = run.err;
    return run.failed;
}
