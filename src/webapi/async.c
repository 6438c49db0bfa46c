/* Scans that are asked for later: a table of bounded number and bytes, threads that work it off,
 * results that are forgotten after a while. */
#include <stdlib.h>

#include "base/clock.h"
#include "webapi/webapi_internal.h"

enum {
    ENTRY_ARENA_BYTES = 80 << 20, /* a request with its message */
    ANSWER_ARENA_BYTES = 96 << 20,
    WHO_MAX_BYTES = 128
};

enum state { STATE_FREE, STATE_WAITING, STATE_RUNNING, STATE_DONE, STATE_FAILED };
static const char *const state_names[] = {"free", "waiting", "running", "done", "failed"};

struct entry {
    enum state state;
    uint64_t order; /* of submission */
    struct scan_input in;
    struct arena arena; /* of `in` */
    struct buf report;  /* of STATE_DONE */
    char who[WHO_MAX_BYTES];
    struct mp_err err;
    int64_t submitted_ms, done_ms, done_us;
    size_t bytes; /* of message or report, as counted */
};

struct async {
    struct webapi *w;
    struct httpd *httpd; /* whose handlers add */
    pthread_mutex_t lock;
    pthread_cond_t work, ended;
    struct entry entries[WEBAPI_ASYNC_MAX];
    uint64_t order;
    size_t bytes;
    bool closed, stopping;
    pthread_t threads[WEBAPI_ASYNC_THREADS];
    unsigned n_threads;
};

/* ---- entries; all under the lock ---- */

static void forget(struct async *a, struct entry *e)
{
    a->bytes -= e->bytes;
    arena_clear(&e->arena);
    buf_clear(&e->report);
    *e = (struct entry){.state = STATE_FREE};
}

static bool is_over(const struct entry *e)
{
    return e->state == STATE_DONE || e->state == STATE_FAILED;
}

static void forget_old(struct async *a)
{
    int64_t now = clock_mono_us();
    for (size_t i = 0; i < WEBAPI_ASYNC_MAX; i++)
        if (is_over(&a->entries[i]) &&
            now - a->entries[i].done_us > WEBAPI_ASYNC_KEEP_S * 1000000LL)
            forget(a, &a->entries[i]);
}

/* The first to have been submitted of those in `state`, or of those that are over. */
static struct entry *oldest(struct async *a, enum state state)
{
    struct entry *best = NULL;
    for (size_t i = 0; i < WEBAPI_ASYNC_MAX; i++) {
        struct entry *e = &a->entries[i];
        bool fits = state == STATE_DONE ? is_over(e) : e->state == state;
        if (fits && (best == NULL || e->order < best->order))
            best = e;
    }
    return best;
}

/* Room for so many bytes: old results go for new work, work never goes. */
static bool make_room(struct async *a, size_t bytes)
{
    while (bytes > WEBAPI_ASYNC_MAX_BYTES - a->bytes) {
        struct entry *e = oldest(a, STATE_DONE);
        if (e == NULL)
            return false;
        forget(a, e);
    }
    return true;
}

static struct entry *free_entry(struct async *a)
{
    struct entry *e = oldest(a, STATE_FREE);
    if (e == NULL && (e = oldest(a, STATE_DONE)) != NULL)
        forget(a, e);
    return e;
}

/* ---- adding ---- */

/* All texts into the entry's arena. */
static bool copy_input(struct entry *e, const struct scan_input *in)
{
    struct mail_request *r = &e->in.r;
    struct str *const texts[] = {&r->listener,  &r->client_name, &r->helo,      &r->tls,
                                 &r->cipher,    &r->auth_user,   &r->auth_type, &r->queue_id,
                                 &r->mail_from, &r->policy,      &e->in.message};
    bool ok = true;
    e->in = *in;
    e->in.held = NULL;
    r->id = str_make(e->in.id, sizeof e->in.id - 1);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        *texts[i] = arena_copy(&e->arena, *texts[i]);
        ok = ok && texts[i]->p != NULL;
    }
    r->rcpt_to = arena_new(&e->arena, struct str, in->r.n_rcpt_to + 1);
    ok = ok && r->rcpt_to != NULL;
    for (size_t i = 0; ok && i < in->r.n_rcpt_to; i++) {
        r->rcpt_to[i] = arena_copy(&e->arena, in->r.rcpt_to[i]);
        ok = r->rcpt_to[i].p != NULL;
    }
    return ok;
}

bool webapi_async_add(struct async *a, struct httpd *h, const struct scan_input *in, struct str who)
{
    bool added = false;
    pthread_mutex_lock(&a->lock);
    a->httpd = h;
    forget_old(a);
    struct entry *e = a->closed ? NULL : free_entry(a);
    if (e != NULL && who.n < WHO_MAX_BYTES && make_room(a, in->message.n)) {
        arena_init(&e->arena, ENTRY_ARENA_BYTES);
        buf_init(&e->report, ANSWER_MAX_REPORT_BYTES);
        added = copy_input(e, in);
        e->state = STATE_WAITING;
        e->order = ++a->order;
        e->submitted_ms = clock_wall_ms();
        e->bytes = in->message.n;
        a->bytes += e->bytes;
        if (who.n != 0)
            memcpy(e->who, who.p, who.n);
        if (added)
            pthread_cond_signal(&a->work);
        else
            forget(a, e);
    }
    pthread_mutex_unlock(&a->lock);
    return added;
}

/* ---- working ---- */

static void end_entry(struct async *a, struct entry *e, int st, struct str report)
{
    if (st == MP_OK && report.n == 0)
        st = mp_fail(&e->err, MP_E_INTERNAL, 0, "the report is not there");
    a->bytes -= e->bytes;
    e->bytes = 0;
    arena_clear(&e->arena);
    e->in.message = STR_NONE;
    if (st == MP_OK && make_room(a, report.n)) {
        buf_add(&e->report, report);
        e->bytes = report.n;
        a->bytes += report.n;
    } else if (st == MP_OK) {
        st = mp_fail(&e->err, MP_E_LIMIT, 0, "there was no room for the report");
    }
    if (st == MP_OK && e->report.failed)
        st = mp_fail(&e->err, MP_E_NOMEM, 0, "there was no memory for the report");
    e->state = st == MP_OK ? STATE_DONE : STATE_FAILED;
    e->done_ms = clock_wall_ms();
    e->done_us = clock_mono_us();
}

static void *worker(void *arg)
{
    struct async *a = arg;
    struct arena arena = {0};
    arena_init(&arena, ANSWER_ARENA_BYTES);
    pthread_mutex_lock(&a->lock);
    for (;;) {
        struct entry *e;
        struct mail_answer answer = {0};
        char topic[MAIL_ID_BYTES];
        while ((e = oldest(a, STATE_WAITING)) == NULL && !a->stopping)
            pthread_cond_wait(&a->work, &a->lock);
        if (a->stopping)
            break;
        e->state = STATE_RUNNING; /* now nobody else touches it */
        memcpy(topic, e->in.id, sizeof topic);
        pthread_mutex_unlock(&a->lock);
        int st = scan_judge(a->w, &e->in, &arena, &answer, &e->err);
        pthread_mutex_lock(&a->lock);
        end_entry(a, e, st, answer.report);
        pthread_cond_broadcast(&a->ended);
        pthread_mutex_unlock(&a->lock);
        arena_clear(&arena);
        httpd_wake(a->httpd, str_from(topic));
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    arena_clear(&arena);
    return NULL;
}

/* ---- asking ---- */

static void write_entry(const struct entry *e, struct json *j)
{
    json_object_begin(j);
    json_kstr(j, "id", str_make(e->in.id, sizeof e->in.id - 1));
    json_kword(j, "state", state_names[e->state]);
    json_ktime_ms(j, "submitted", e->submitted_ms);
    json_ktime_ms(j, "done", e->done_ms);
    json_ktime_ms(j, "expires", e->done_ms == 0 ? 0 : e->done_ms + WEBAPI_ASYNC_KEEP_S * 1000LL);
    json_kopt(j, "error", str_from(e->state == STATE_FAILED ? e->err.text : NULL));
    webapi_json_embed(j, "report", e->state == STATE_DONE ? buf_str(&e->report) : STR_NONE);
    json_object_end(j);
}

void webapi_async_write(struct async *a, struct str id, struct str who, bool all, struct json *j,
                        bool *found, bool *done)
{
    *found = *done = false;
    pthread_mutex_lock(&a->lock);
    forget_old(a);
    for (size_t i = 0; i < WEBAPI_ASYNC_MAX && !*found; i++) {
        const struct entry *e = &a->entries[i];
        if (e->state == STATE_FREE || !str_eq(id, str_make(e->in.id, sizeof e->in.id - 1)) ||
            (!all && !str_eq(who, str_from(e->who))))
            continue;
        *found = true;
        *done = is_over(e);
        write_entry(e, j);
    }
    pthread_mutex_unlock(&a->lock);
}

void webapi_async_counts(struct async *a, unsigned *waiting, unsigned *kept)
{
    *waiting = *kept = 0;
    pthread_mutex_lock(&a->lock);
    forget_old(a);
    for (size_t i = 0; i < WEBAPI_ASYNC_MAX; i++) {
        *waiting += a->entries[i].state == STATE_WAITING || a->entries[i].state == STATE_RUNNING;
        *kept += is_over(&a->entries[i]);
    }
    pthread_mutex_unlock(&a->lock);
}

/* ---- life ---- */

int webapi_async_start(struct webapi *w, struct mp_err *err)
{
    struct async *a = calloc(1, sizeof *a);
    pthread_condattr_t attr;
    if (a == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the API");
    a->w = w;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* as clock_mono_us */
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->work, NULL);
    pthread_cond_init(&a->ended, &attr);
    pthread_condattr_destroy(&attr);
    w->async = a;
    for (; a->n_threads < WEBAPI_ASYNC_THREADS; a->n_threads++)
        if (pthread_create(&a->threads[a->n_threads], NULL, worker, a) != 0)
            return mp_fail(err, MP_E_IO, 0, "no thread for the API");
    return MP_OK;
}

bool webapi_async_drain(struct async *a, unsigned timeout_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    pthread_mutex_lock(&a->lock);
    a->closed = true;
    bool in_time = true;
    while (in_time && (oldest(a, STATE_WAITING) != NULL || oldest(a, STATE_RUNNING) != NULL))
        in_time = pthread_cond_timedwait(&a->ended, &a->lock, &until) == 0;
    pthread_mutex_unlock(&a->lock);
    return in_time;
}

void webapi_async_stop(struct async *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->lock);
    a->closed = a->stopping = true;
    pthread_cond_broadcast(&a->work);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->n_threads; i++)
        pthread_join(a->threads[i], NULL);
    for (size_t i = 0; i < WEBAPI_ASYNC_MAX; i++)
        if (a->entries[i].state != STATE_FREE)
            forget(a, &a->entries[i]);
    pthread_cond_destroy(&a->work);
    pthread_cond_destroy(&a->ended);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
