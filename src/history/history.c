/* The history's life: the queue, the one thread that writes, and what is told of them. */
#include "history/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "history/history_internal.h"

enum { WIRE_MAX_BYTES = 1 << 20 /* of a summary: its texts are bounded */ };

const char *history_run_state_name(enum history_run_state s)
{
    static const char *const names[] = {"passed", "failed", "undecided"};
    return (size_t)s < ARRAY_LEN(names) ? names[s] : "undecided";
}

/* ---- the queue ---- */

static bool enqueue(struct history *h, struct entry *e)
{
    pthread_mutex_lock(&h->lock);
    struct history_status *s = &h->status;
    bool room = e != NULL && s->state != HISTORY_DAMAGED && s->queued < HISTORY_QUEUE_MAX &&
                (s->queued == 0 || s->queued_bytes + e->bytes <= HISTORY_QUEUE_MAX_BYTES);
    s->added++;
    if (room) {
        e->next = NULL;
        *h->last = e;
        h->last = &e->next;
        s->queued++;
        s->queued_bytes += e->bytes;
        pthread_cond_signal(&h->wake);
    } else {
        s->lost++;
    }
    pthread_mutex_unlock(&h->lock);
    if (!room)
        free(e);
    return room;
}

/* Room for `n` bytes of texts behind the entry. */
static struct entry *entry_new(enum entry_kind kind, size_t n, char **texts)
{
    struct entry *e = malloc(sizeof *e + n);
    if (e == NULL)
        return NULL;
    *e = (struct entry){.kind = kind, .bytes = sizeof *e + n};
    *texts = (char *)(e + 1);
    return e;
}

static struct str put(char **to, struct str s)
{
    struct str copy = {*to, s.n};
    if (s.n > 0)
        memcpy(*to, s.p, s.n);
    *to += s.n;
    return copy;
}

static struct str kept(struct str bytes, uint32_t days, uint64_t max)
{
    return days > 0 && bytes.n <= max ? bytes : STR("");
}

bool history_add(struct history *h, const struct mail_summary *s, struct str report,
                 struct str message)
{
    struct buf wire;
    struct entry *e = NULL;
    char *to;
    if (h == NULL)
        return false;
    uint64_t max = h->config.max_message_bytes;
    max = max == 0 || max > HISTORY_MESSAGE_MAX_BYTES ? HISTORY_MESSAGE_MAX_BYTES : max;
    report = kept(report, h->config.keep_reports, HISTORY_REPORT_MAX_BYTES);
    message = kept(message, h->config.keep_messages, max);
    buf_init(&wire, WIRE_MAX_BYTES);
    mail_summary_write(&wire, s);
    if (!wire.failed)
        e = entry_new(ENTRY_MAIL, wire.n + report.n + message.n, &to);
    if (e != NULL) {
        e->wire = put(&to, buf_str(&wire));
        e->report = put(&to, report);
        e->message = put(&to, message);
    }
    buf_clear(&wire);
    return enqueue(h, e);
}

bool history_add_run(struct history *h, const struct history_run *r)
{
    char *to;
    if (h == NULL)
        return false;
    struct history_run copy = *r;
    copy.suite = utf8_cut(r->suite, HISTORY_TEXT_MAX_BYTES);
    copy.name = utf8_cut(r->name, HISTORY_TEXT_MAX_BYTES);
    copy.text = utf8_cut(r->text, HISTORY_TEXT_MAX_BYTES);
    struct entry *e = entry_new(ENTRY_RUN, copy.suite.n + copy.name.n + copy.text.n, &to);
    if (e != NULL) {
        e->run = copy;
        e->run.suite = put(&to, copy.suite);
        e->run.name = put(&to, copy.name);
        e->run.text = put(&to, copy.text);
    }
    return enqueue(h, e);
}

bool history_add_audit(struct history *h, const struct history_audit *a)
{
    char *to;
    if (h == NULL)
        return false;
    struct history_audit copy = *a;
    copy.domain = utf8_cut(a->domain, HISTORY_TEXT_MAX_BYTES);
    copy.grade = utf8_cut(a->grade, HISTORY_NAME_BYTES);
    copy.findings = a->findings.n <= HISTORY_AUDIT_MAX_BYTES ? a->findings : STR("");
    struct entry *e = entry_new(ENTRY_AUDIT, copy.domain.n + copy.grade.n + copy.findings.n, &to);
    if (e != NULL) {
        e->audit = copy;
        e->audit.domain = put(&to, copy.domain);
        e->audit.grade = put(&to, copy.grade);
        e->audit.findings = put(&to, copy.findings);
    }
    return enqueue(h, e);
}

/* ---- the writer ---- */

static int write_entry(struct history *h, const struct entry *e, int64_t now_ms)
{
    switch (e->kind) {
    case ENTRY_MAIL:
        return write_mail(h, e, now_ms);
    case ENTRY_RUN:
        return write_run(h, &e->run);
    case ENTRY_AUDIT:
        arena_reset(&h->arena);
        return write_audit(h, &e->audit);
    }
    return SQLITE_MISUSE;
}

/* The first `n` of the list in one transaction. SQLITE_DONE: they are written. */
static int write_all(struct history *h, const struct entry *list, size_t n, struct mp_err *err)
{
    int64_t now_ms = clock_wall_ms();
    int rc = db_run(h->sql[SQL_BEGIN]);
    for (size_t i = 0; rc == SQLITE_DONE && i < n; i++) {
        list = i == 0 ? list : list->next; /* that of the last one belongs to the queue */
        rc = write_entry(h, list, now_ms);
    }
    if (rc == SQLITE_DONE)
        rc = db_run(h->sql[SQL_COMMIT]);
    if (rc != SQLITE_DONE)
        db_fail_code(&h->spec, h->db, rc, err);
    if (sqlite3_get_autocommit(h->db) == 0)
        db_run(h->sql[SQL_ROLLBACK]);
    return rc;
}

enum outcome {
    WRITTEN,
    LOST,     /* by its own fault: it is tried alone */
    GIVEN_UP, /* the file is damaged, or this was the last try */
    LATER
};

static enum outcome judge(struct history *h, int rc, const struct mp_err *err)
{
    enum outcome out = rc == SQLITE_DONE ? WRITTEN : db_is_passing(rc) ? LATER : LOST;
    pthread_mutex_lock(&h->lock);
    struct history_status *s = &h->status;
    if (out == WRITTEN) {
        s->state = HISTORY_OK;
        s->commits++;
    } else {
        s->state = db_is_damage(rc) ? HISTORY_DAMAGED : out == LATER ? HISTORY_FAILING : s->state;
        s->failures++;
        s->failed_ms = clock_wall_ms();
        snprintf(s->problem, sizeof s->problem, "%s", err->text);
    }
    if (s->state == HISTORY_DAMAGED || (out == LATER && h->closing))
        out = GIVEN_UP;
    pthread_mutex_unlock(&h->lock);
    return out;
}

static enum outcome try_to_write(struct history *h, size_t n)
{
    struct mp_err err;
    /* What the writer may read without the lock: `first` and the links within the first n. */
    int rc = write_all(h, h->first, n, &err);
    return judge(h, rc, &err);
}

/* The first `n` leave the queue: written, or lost. */
static void finish(struct history *h, size_t n, bool written)
{
    pthread_mutex_lock(&h->lock);
    struct entry *list = h->first, *e = list;
    for (size_t i = 0; i < n; i++) {
        h->status.queued_bytes -= e->bytes;
        e = e->next;
    }
    h->first = e;
    if (e == NULL)
        h->last = &h->first;
    h->status.queued -= n;
    *(written ? &h->status.written : &h->status.lost) += n;
    pthread_mutex_unlock(&h->lock);
    for (; list != e; n--) {
        struct entry *next = list->next;
        free(list);
        list = next;
    }
}

/* Whatever is wrong with one of them must not take the others along. */
static enum outcome write_each(struct history *h, size_t n)
{
    enum outcome out = WRITTEN;
    for (; n > 0 && out != LATER; n--) {
        out = try_to_write(h, 1);
        if (out != LATER)
            finish(h, 1, out == WRITTEN);
    }
    return out;
}

static enum outcome write_batch(struct history *h, size_t n)
{
    enum outcome out = try_to_write(h, n);
    if (out == LOST && n > 1)
        return write_each(h, n);
    if (out != LATER)
        finish(h, n, out == WRITTEN);
    return out;
}

/* Waits for entries, at most until the next tick. How many to write; *end: nothing more comes. */
static size_t wait_for(struct history *h, bool later, bool *end)
{
    int64_t until_us = clock_mono_us() + HISTORY_TICK_MS * 1000LL;
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    int timed_out = 0;
    pthread_mutex_lock(&h->lock);
    h->tries++;
    pthread_cond_broadcast(&h->tried);
    while ((h->first == NULL || later) && !h->closing && timed_out == 0)
        timed_out = pthread_cond_timedwait(&h->wake, &h->lock, &until);
    size_t n = h->status.queued < HISTORY_BATCH_MAX ? h->status.queued : HISTORY_BATCH_MAX;
    *end = h->closing && n == 0;
    pthread_mutex_unlock(&h->lock);
    return n;
}

static bool waits(struct history *h)
{
    pthread_mutex_lock(&h->lock);
    bool any = h->first != NULL || h->closing;
    pthread_mutex_unlock(&h->lock);
    return any;
}

/* Age and size: as long as nobody waits to be written, or one step when somebody does. */
static void tick(struct history *h)
{
    bool more = clock_mono_us() - h->ticked_us >= HISTORY_TICK_MS * 1000LL;
    while (more) {
        if (retention_step(h, clock_wall_ms(), &more) != SQLITE_DONE)
            more = false;
        if (!more)
            h->ticked_us = clock_mono_us();
        if (waits(h))
            return;
    }
}

static void *writer(void *arg)
{
    struct history *h = arg;
    bool later = false, end = false;
    for (;;) {
        size_t n = wait_for(h, later, &end);
        if (end)
            return NULL;
        later = n > 0 && write_batch(h, n) == LATER;
        if (!later)
            tick(h);
    }
}

/* ---- open and close ---- */

static int init(struct history *h, const struct history_config *config, struct mp_err *err)
{
    pthread_condattr_t monotonic;
    h->config = *config;
    h->last = &h->first;
    h->dir = strdup(config->dir);
    h->config.dir = h->dir;
    arena_init(&h->arena, HISTORY_ARENA_BYTES);
    buf_init(&h->packed, HISTORY_MESSAGE_MAX_BYTES + (HISTORY_MESSAGE_MAX_BYTES >> 8));
    pthread_mutex_init(&h->lock, NULL);
    pthread_mutex_init(&h->reader_lock, NULL);
    pthread_cond_init(&h->reader_free, NULL);
    pthread_cond_init(&h->tried, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (h->dir == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the history");
    if ((config->no_subjects || config->hash_addresses) &&
        (config->keep_reports > 0 || config->keep_messages > 0))
        return mp_fail(err, MP_E_USAGE, 0,
                       "history: reports and messages hold subjects and addresses: keep none of "
                       "them, or keep subjects and addresses");
    return MP_OK;
}

int history_open(const struct history_config *config, struct history **out, struct mp_err *err)
{
    struct history *h = calloc(1, sizeof *h);
    if (h == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the history");
    int st = init(h, config, err);
    if (st == MP_OK)
        st = history_db_open(h, err);
    if (st == MP_OK && config->hash_addresses)
        st = history_key_load(h, err);
    if (st == MP_OK && pthread_create(&h->thread, NULL, writer, h) != 0)
        st = mp_fail(err, MP_E_NOMEM, 0, "no thread for the history");
    h->running = st == MP_OK;
    if (st == MP_OK)
        *out = h;
    else
        history_close(h);
    return st;
}

void history_close(struct history *h)
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
    history_db_close(h);
    arena_clear(&h->arena);
    if (h->has_z)
        deflateEnd(&h->z);
    buf_clear(&h->packed);
    pthread_mutex_destroy(&h->lock);
    pthread_mutex_destroy(&h->reader_lock);
    pthread_cond_destroy(&h->wake);
    pthread_cond_destroy(&h->tried);
    pthread_cond_destroy(&h->reader_free);
    free(h->dir);
    free(h);
}

void history_flush(struct history *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    uint64_t since = h->status.failures;
    while (h->status.queued > 0 && h->status.failures == since)
        pthread_cond_wait(&h->tried, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void history_status(struct history *h, struct history_status *out)
{
    *out = (struct history_status){0};
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    *out = h->status;
    pthread_mutex_unlock(&h->lock);
}
