/* Putting events: the queue in memory, the one thread that writes it to the disk, open and close.
 */
#include "hooks/hooks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "hooks/hooks_internal.h"

/* ---- the queue ---- */

static bool enqueue(struct hooks *h, struct waiting *w)
{
    pthread_mutex_lock(&h->lock);
    struct hooks_status *s = &h->status;
    bool room = w != NULL && s->queued < HOOKS_QUEUE_MAX &&
                h->queued_bytes + w->bytes <= HOOKS_QUEUE_MAX_BYTES;
    s->put++;
    if (room) {
        w->next = NULL;
        *h->last = w;
        h->last = &w->next;
        s->queued++;
        h->queued_bytes += w->bytes;
        pthread_cond_signal(&h->wake);
    } else {
        s->lost++;
    }
    pthread_mutex_unlock(&h->lock);
    if (!room)
        free(w);
    return room;
}

static bool put_payload(struct hooks *h, const struct hook_subject *s, int64_t time_ms,
                        uint64_t endpoints, const struct buf *payload)
{
    struct waiting *w = NULL;
    if (!payload->failed)
        w = malloc(sizeof *w + payload->n);
    if (w != NULL) {
        *w = (struct waiting){.bytes = sizeof *w + payload->n,
                              .type = s->type,
                              .time_ms = time_ms,
                              .endpoints = endpoints,
                              .payload = {(char *)(w + 1), payload->n}};
        memcpy(w + 1, payload->p, payload->n);
    }
    return enqueue(h, w);
}

/* One bit for each endpoint that wants it. */
static uint64_t who_wants(const struct hooks *h, const struct hook_subject *s)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < h->config.n_endpoints; i++)
        if (hook_wants(&h->config.endpoints[i], s))
            bits |= 1ULL << i;
    return bits;
}

bool hooks_put(struct hooks *h, enum hook_type type, int64_t time_ms, struct str data)
{
    struct buf payload;
    if (h == NULL)
        return false;
    const struct hook_subject subject = {.type = type};
    uint64_t endpoints = who_wants(h, &subject);
    if (endpoints == 0)
        return true;
    buf_init(&payload, HOOKS_PAYLOAD_MAX_BYTES);
    payload_write(&payload, type, time_ms, data);
    bool taken = put_payload(h, &subject, time_ms, endpoints, &payload);
    buf_clear(&payload);
    return taken;
}

static bool put_mail(struct hooks *h, const struct hook_subject *subject)
{
    struct buf payload;
    uint64_t endpoints = who_wants(h, subject);
    if (endpoints == 0)
        return true;
    buf_init(&payload, HOOKS_PAYLOAD_MAX_BYTES);
    payload_mail(&payload, &h->config, subject);
    bool taken = put_payload(h, subject, subject->mail->time_ms, endpoints, &payload);
    buf_clear(&payload);
    return taken;
}

bool hooks_put_mail(struct hooks *h, const struct mail_summary *s)
{
    if (h == NULL)
        return false;
    bool taken = put_mail(h, &(struct hook_subject){.type = HOOK_MAIL_VERDICT, .mail = s});
    for (size_t i = 0; i < s->n_findings; i++)
        taken =
            put_mail(h,
                     &(struct hook_subject){.type = HOOK_MAIL_FINDING, .mail = s, .finding = i}) &&
            taken;
    return taken;
}

/* ---- the writer ---- */

static int write_all(struct hooks *h, const struct waiting *w, size_t n, struct mp_err *err)
{
    int rc = db_run(h->put.sql[SQL_BEGIN]);
    for (size_t i = 0; rc == SQLITE_DONE && i < n; i++) {
        w = i == 0 ? w : w->next; /* that of the last one belongs to the queue */
        rc = queue_put(h, w);
    }
    if (rc == SQLITE_DONE)
        rc = db_run(h->put.sql[SQL_COMMIT]);
    if (rc != SQLITE_DONE)
        db_fail_code(&h->spec, h->put.db, rc, err);
    if (sqlite3_get_autocommit(h->put.db) == 0)
        db_run(h->put.sql[SQL_ROLLBACK]);
    return rc;
}

/* The first `n` leave the queue. */
static void finish(struct hooks *h, size_t n, bool written)
{
    pthread_mutex_lock(&h->lock);
    struct waiting *list = h->first, *end = list;
    for (size_t i = 0; i < n; i++) {
        h->queued_bytes -= end->bytes;
        end = end->next;
    }
    h->first = end;
    if (end == NULL)
        h->last = &h->first;
    h->status.queued -= n;
    *(written ? &h->status.written : &h->status.lost) += n;
    pthread_mutex_unlock(&h->lock);
    while (list != end) {
        struct waiting *next = list->next;
        free(list);
        list = next;
    }
}

/* True: it is tried again later, because what is wrong may pass. */
static bool write_batch(struct hooks *h, size_t n, bool closing)
{
    struct mp_err err;
    int rc = write_all(h, h->first, n, &err);
    if (rc != SQLITE_DONE) {
        hooks_note(h, &err);
        pthread_mutex_lock(&h->lock);
        h->failures++;
        pthread_mutex_unlock(&h->lock);
    }
    if (rc != SQLITE_DONE && db_is_passing(rc) && !closing)
        return true;
    finish(h, n, rc == SQLITE_DONE);
    return false;
}

static size_t wait_for(struct hooks *h, bool later, bool *closing)
{
    int64_t until_us = clock_mono_us() + HOOKS_TICK_MS * 1000LL;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    int timed_out = 0;
    pthread_mutex_lock(&h->lock);
    pthread_cond_broadcast(&h->tried);
    while ((h->first == NULL || later) && !h->closing && timed_out == 0)
        timed_out = later ? pthread_cond_timedwait(&h->wake, &h->lock, &until)
                          : pthread_cond_wait(&h->wake, &h->lock);
    size_t n = h->status.queued < HOOKS_BATCH ? h->status.queued : HOOKS_BATCH;
    *closing = h->closing;
    pthread_mutex_unlock(&h->lock);
    return n;
}

static void *writer(void *arg)
{
    struct hooks *h = arg;
    bool later = false, closing = false;
    for (;;) {
        size_t n = wait_for(h, later, &closing);
        if (n == 0 && closing)
            return NULL;
        later = n > 0 && write_batch(h, n, closing);
    }
}

/* ---- open and close ---- */

static int check(const struct hooks_config *c, struct mp_err *err)
{
    int st = MP_OK;
    if (c->n_endpoints > HOOKS_MAX_ENDPOINTS)
        return mp_fail(err, MP_E_LIMIT, HOOKS_MAX_ENDPOINTS, "more than %d webhooks",
                       HOOKS_MAX_ENDPOINTS);
    for (size_t i = 0; st == MP_OK && i < c->n_endpoints; i++) {
        st = hook_endpoint_check(&c->endpoints[i], err);
        for (size_t k = 0; st == MP_OK && k < i; k++)
            if (str_eq(c->endpoints[k].name, c->endpoints[i].name))
                st = mp_fail(err, MP_E_USAGE, 0, "two webhooks have the name " STR_FMT,
                             STR_ARG(c->endpoints[i].name));
    }
    return st;
}

static int init(struct hooks *h, const struct hooks_config *config, struct mp_err *err)
{
    pthread_condattr_t monotonic;
    h->config = *config;
    if (h->config.retry_percent == 0)
        h->config.retry_percent = 100;
    h->last = &h->first;
    h->dir = strdup(config->dir);
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->send_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &monotonic);
    pthread_cond_init(&h->tried, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return h->dir == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for webhooks") : MP_OK;
}

int hooks_open(const struct hooks_config *config, struct hooks **out, struct mp_err *err)
{
    int st = check(config, err);
    struct hooks *h = st == MP_OK ? calloc(1, sizeof *h) : NULL;
    if (h == NULL)
        return st != MP_OK ? st : mp_fail(err, MP_E_NOMEM, 0, "no memory for webhooks");
    st = init(h, config, err);
    if (st == MP_OK)
        st = hooks_db_open(h, err);
    if (st == MP_OK && pthread_create(&h->thread, NULL, writer, h) != 0)
        st = mp_fail(err, MP_E_NOMEM, 0, "no thread for webhooks");
    h->running = st == MP_OK;
    if (st == MP_OK)
        *out = h;
    else
        hooks_close(h);
    return st;
}

void hooks_close(struct hooks *h)
{
    if (h == NULL)
        return;
    if (h->running) {
        pthread_mutex_lock(&h->lock);
        h->closing = true;
        pthread_cond_signal(&h->wake);
        pthread_mutex_unlock(&h->lock);
        pthread_join(h->thread, NULL);
    }
    hooks_disconnect(&h->put);
    hooks_disconnect(&h->send);
    pthread_mutex_destroy(&h->lock);
    pthread_mutex_destroy(&h->send_lock);
    pthread_cond_destroy(&h->wake);
    pthread_cond_destroy(&h->tried);
    free(h->dir);
    free(h);
}

void hooks_flush(struct hooks *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    uint64_t since = h->failures;
    while (h->status.queued > 0 && h->failures == since)
        pthread_cond_wait(&h->tried, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void hooks_status(struct hooks *h, struct hooks_status *out)
{
    *out = (struct hooks_status){0};
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    *out = h->status;
    pthread_mutex_unlock(&h->lock);
}
