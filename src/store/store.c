/* The store's life: the queue, the one thread that writes, and the watchers. */
#include "store/store.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store_internal.h"

struct store_watch {
    struct store_watch *next;
    store_watch_fn *fn;
    void *ctx;
};

/* ---- the queue ---- */

static void enqueue(struct store *s, struct work *w) /* the lock is held */
{
    w->next = NULL;
    *s->last = w;
    s->last = &w->next;
    s->queued_bytes += w->bytes;
    pthread_cond_signal(&s->wake);
}

static const size_t borrowed[] = {
    offsetof(struct store_delivery, inbox),       offsetof(struct store_delivery, mail_from),
    offsetof(struct store_delivery, helo),        offsetof(struct store_delivery, client_ip),
    offsetof(struct store_delivery, listener),    offsetof(struct store_delivery, protocol),
    offsetof(struct store_delivery, auth_user),   offsetof(struct store_delivery, tls_version),
    offsetof(struct store_delivery, tls_cipher),  offsetof(struct store_delivery, tls_sni),
    offsetof(struct store_delivery, mail_params), offsetof(struct store_delivery, stage),
    offsetof(struct store_delivery, reply_text),  offsetof(struct store_delivery, transcript),
    offsetof(struct store_delivery, raw)};

static struct str *text_of(struct store_delivery *d, size_t i)
{
    return (struct str *)((char *)d + borrowed[i]);
}

static struct str move(char **to, struct str from)
{
    struct str out = {*to, from.n};
    if (from.n != 0)
        memcpy(*to, from.p, from.n);
    *to += from.n;
    return out;
}

/* One allocation holds the delivery and all it borrows. */
static struct work *work_new(const struct store_delivery *d)
{
    struct store_delivery copy = *d;
    size_t n = sizeof(struct work) + d->n_rcpts * sizeof(struct str);
    for (size_t i = 0; i < ARRAY_LEN(borrowed); i++)
        n += text_of(&copy, i)->n;
    for (size_t i = 0; i < d->n_rcpts; i++)
        n += d->rcpts[i].n;
    struct work *w = malloc(n);
    if (w == NULL)
        return NULL;
    *w = (struct work){.bytes = n, .fd = -1, .d = copy};
    struct str *rcpts = (struct str *)(w + 1);
    char *to = (char *)(rcpts + d->n_rcpts);
    for (size_t i = 0; i < d->n_rcpts; i++)
        rcpts[i] = move(&to, d->rcpts[i]);
    for (size_t i = 0; i < ARRAY_LEN(borrowed); i++)
        *text_of(&w->d, i) = move(&to, *text_of(&copy, i));
    w->d.rcpts = rcpts;
    return w;
}

int store_put(struct store *s, const struct store_delivery *d, store_done_fn *done, void *ctx,
              struct mp_err *err)
{
    if (d->n_rcpts > STORE_MAX_RCPTS)
        return mp_fail(err, MP_E_LIMIT, STORE_MAX_RCPTS, "more than %d recipients of one delivery",
                       STORE_MAX_RCPTS);
    struct work *w = work_new(d);
    if (w == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a message of %zu bytes", d->raw.n);
    w->done = done;
    w->ctx = ctx;
    pthread_mutex_lock(&s->lock);
    /* One that is larger than the limit may still stand there alone. */
    bool full = s->queued_bytes != 0 && s->queued_bytes + w->bytes > STORE_QUEUE_MAX_BYTES;
    if (!full)
        enqueue(s, w);
    pthread_mutex_unlock(&s->lock);
    if (!full)
        return MP_OK;
    free(w);
    return mp_fail(err, MP_E_LIMIT, STORE_QUEUE_MAX_BYTES,
                   "%d MiB wait to be stored: the disk is slower than the mail comes in",
                   STORE_QUEUE_MAX_BYTES >> 20);
}

static int wait_for(struct store *s, struct work w)
{
    pthread_mutex_lock(&s->lock);
    enqueue(s, &w);
    while (!w.finished)
        pthread_cond_wait(&s->finished, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return w.status;
}

int store_command(struct store *s, store_run_fn *run, void *arg, struct mp_err *err)
{
    return wait_for(s, (struct work){.run = run, .arg = arg, .err = err, .fd = -1});
}

int store_delete_command(struct store *s, store_run_fn *run, void *arg, struct mp_err *err)
{
    return wait_for(s, (struct work){.run = run, .arg = arg, .frees = true, .err = err, .fd = -1});
}

/* ---- the writer ---- */

/* What one commit takes: one command, or deliveries up to the next command. NULL: nothing came
 * until the next tick, or the end. */
static struct work *take(struct store *s)
{
    int64_t until_us = clock_mono_us() + STORE_TICK_MS * 1000;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    pthread_mutex_lock(&s->lock);
    int timed_out = 0;
    while (s->first == NULL && !s->closing && timed_out == 0) {
        if (s->expiring)
            timed_out = pthread_cond_timedwait(&s->wake, &s->lock, &until);
        else
            pthread_cond_wait(&s->wake, &s->lock);
    }
    struct work *list = s->first, *end = NULL;
    size_t n = 0, files = 0, bytes = 0;
    for (struct work *w = list; w != NULL; w = w->next) {
        size_t is_file = s->dir != NULL && w->d.raw.n > STORE_INLINE_MAX_BYTES;
        if (end != NULL &&
            (end->run != NULL || w->run != NULL || n == STORE_BATCH_MAX ||
             files + is_file > STORE_BATCH_FILES || bytes + w->bytes > STORE_BATCH_MAX_BYTES))
            break;
        end = w;
        n++;
        files += is_file;
        bytes += w->bytes;
    }
    if (end != NULL) {
        s->first = end->next;
        end->next = NULL;
        if (s->first == NULL)
            s->last = &s->first;
    }
    pthread_mutex_unlock(&s->lock);
    return list;
}

static int transaction(struct store *s, store_run_fn *run, void *arg, struct mp_err *err)
{
    int st = change_begin(s, err);
    return st == MP_OK ? change_end(s, run(s, arg, err), err) : st;
}

/* The log goes into the database and is cut: a deletion that is written there has freed nothing
 * yet. A reader may be in the way; then a later one does it. */
static void shrink_log(struct store *s)
{
    sqlite3_busy_timeout(s->db, 0);
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
}

/* What deletes: once more with the reserve, when the disk may have been full. */
static int freeing(struct store *s, store_run_fn *run, void *arg, struct mp_err *err)
{
    int st = transaction(s, run, arg, err);
    if (st == MP_E_IO && s->has_reserve) {
        files_give_reserve(s);
        st = transaction(s, run, arg, err);
        shrink_log(s);
    }
    return st;
}

static void run_command(struct store *s, struct work *w)
{
    int st = w->frees ? freeing(s, w->run, w->arg, w->err) : transaction(s, w->run, w->arg, w->err);
    watch_tell(s);
    pthread_mutex_lock(&s->lock);
    w->status = st;
    w->finished = true;
    pthread_cond_broadcast(&s->finished);
    pthread_mutex_unlock(&s->lock);
}

static void tick(struct store *s)
{
    int64_t now = clock_wall_ms();
    bool more = s->expiring && (now - s->last_tick_ms >= STORE_TICK_MS || now < s->last_tick_ms);
    if (more)
        s->last_tick_ms = now;
    while (more) {
        struct retention_tick t = {.now_ms = now};
        if (freeing(s, retention_tick, &t, NULL) != MP_OK)
            return; /* the next tick tries again */
        more = t.more;
        watch_tell(s);
    }
}

/* Behind the answers, so that nobody waits for it. A reader may be in the way: the next one. */
static void checkpoint(struct store *s)
{
    if (s->wal_pages >= STORE_WAL_PAGES)
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void *writer(void *arg)
{
    struct store *s = arg;
    for (;;) {
        struct work *list = take(s);
        if (list != NULL && list->run != NULL)
            run_command(s, list);
        else if (list != NULL)
            change_put(s, list);
        tick(s);
        if (s->dir != NULL)
            checkpoint(s);
        if (s->dir != NULL && !s->has_reserve)
            files_reserve(s);
        pthread_mutex_lock(&s->lock);
        bool end = s->closing && s->first == NULL;
        pthread_mutex_unlock(&s->lock);
        if (end)
            return NULL;
    }
}

static int wal_grew(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store *s = arg;
    (void)db;
    (void)name;
    s->wal_pages = pages;
    return SQLITE_OK;
}

/* ---- open and close ---- */

static void once(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* a lock around each allocation */
}

static int init(struct store *s, const struct store_config *config)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    pthread_condattr_t monotonic;
    pthread_once(&configured, once);
    s->config = *config;
    s->dir_fd = s->files_fd = s->lock_fd = -1;
    s->last = &s->first;
    arena_init(&s->change.arena, STORE_ARENA_BYTES);
    arena_init(&s->scratch, STORE_ARENA_BYTES);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->memory_lock, NULL);
    pthread_mutex_init(&s->watch_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&s->finished, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    s->dir = config->dir == NULL ? NULL : strdup(config->dir);
    return config->dir == NULL || s->dir != NULL ? MP_OK : MP_E_NOMEM;
}

int store_open(const struct store_config *config, struct store **out, struct mp_err *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL || init(s, config) != MP_OK) {
        free(s);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the store");
    }
    int st = s->dir == NULL ? MP_OK : files_open(s, err);
    if (st == MP_OK)
        st = store_db_open(s, err);
    if (st == MP_OK)
        sqlite3_wal_hook(s->db, wal_grew, s);
    if (st == MP_OK && s->dir != NULL)
        st = files_sweep(s, err);
    if (st == MP_OK && s->dir != NULL)
        files_reserve(s);
    if (st == MP_OK && s->dir != NULL && fsync(s->dir_fd) < 0)
        st = mp_fail(err, MP_E_IO, 0, "%s: cannot be synced", s->dir);
    if (st == MP_OK && pthread_create(&s->thread, NULL, writer, s) != 0)
        st = mp_fail(err, MP_E_NOMEM, 0, "no thread for the store");
    s->running = st == MP_OK;
    if (st == MP_OK)
        *out = s;
    else
        store_close(s);
    return st;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    if (s->running) {
        pthread_mutex_lock(&s->lock);
        s->closing = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    store_db_close(s);
    const int fds[] = {s->files_fd, s->dir_fd, s->lock_fd};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    arena_clear(&s->change.arena);
    arena_clear(&s->scratch);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->memory_lock);
    pthread_mutex_destroy(&s->watch_lock);
    pthread_cond_destroy(&s->wake);
    pthread_cond_destroy(&s->finished);
    pthread_cond_destroy(&s->reader_free);
    free(s->dir);
    free(s);
}

int store_stats(struct store *s, struct store_stats *out, struct mp_err *err)
{
    (void)err;
    pthread_mutex_lock(&s->lock);
    *out = (struct store_stats){.messages = s->totals.messages,
                                .attempts = s->totals.attempts,
                                .bytes = s->totals.bytes,
                                .unseen = s->totals.unseen,
                                .inboxes = s->totals.inboxes,
                                .queued_bytes = s->queued_bytes,
                                .commits = s->commits,
                                .last_seq = s->totals.last_seq};
    pthread_mutex_unlock(&s->lock);
    return MP_OK;
}

/* ---- watching ---- */

int store_watch(struct store *s, store_watch_fn *fn, void *ctx, struct store_watch **out,
                struct mp_err *err)
{
    struct store_watch *w = malloc(sizeof *w);
    if (w == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to watch the store");
    pthread_mutex_lock(&s->watch_lock);
    *w = (struct store_watch){.next = s->watches, .fn = fn, .ctx = ctx};
    s->watches = w;
    pthread_mutex_unlock(&s->watch_lock);
    *out = w;
    return MP_OK;
}

void store_unwatch(struct store *s, struct store_watch *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&s->watch_lock);
    for (struct store_watch **at = &s->watches; *at != NULL; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    pthread_mutex_unlock(&s->watch_lock);
    free(w);
}

void watch_tell(struct store *s)
{
    const struct change *c = &s->change;
    pthread_mutex_lock(&s->watch_lock);
    for (size_t i = 0; i < c->n_told && s->watches != NULL; i++) {
        const struct told *t = &c->told[i];
        struct store_event e = {
            .kind = t->kind, .delivery = t->added, .id = t->id, .inbox = t->inbox};
        if (t->kind == STORE_EVENT_CLEARED && t->id.n != 0) /* only its file was to be told */
            continue;
        for (const struct store_watch *w = s->watches; w != NULL; w = w->next)
            w->fn(w->ctx, &e);
    }
    pthread_mutex_unlock(&s->watch_lock);
}
