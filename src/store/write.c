/* Transactions of the writer's thread: deliveries in, deliveries out, and who is told. */
#include <stdlib.h>
#include <unistd.h>

#include "store/store_internal.h"
#include "store/summary_internal.h"

/* ---- one transaction ---- */

int change_begin(struct store *s, struct mp_err *err)
{
    struct change *c = &s->change;
    arena_reset(&c->arena);
    c->told = NULL;
    c->n_told = c->cap_told = 0;
    c->changed = false;
    c->totals = s->totals; /* only this thread writes them */
    if (s->dir == NULL)
        pthread_mutex_lock(&s->memory_lock);
    int st = store_db_run(s, SQL_BEGIN, err);
    if (st != MP_OK && s->dir == NULL)
        pthread_mutex_unlock(&s->memory_lock);
    return st;
}

/* A full disk, a damaged page: SQLite may have rolled back by itself. */
static void roll_back(struct store *s)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        store_db_run(s, SQL_ROLLBACK, NULL);
}

int change_end(struct store *s, int st, struct mp_err *err)
{
    struct change *c = &s->change;
    bool commit = st == MP_OK && c->changed;
    if (commit) {
        sqlite3_bind_int64(s->sql[SQL_LAST_SEQ_SET], 1, c->totals.last_seq);
        st = store_db_run(s, SQL_LAST_SEQ_SET, err);
    }
    if (commit && st == MP_OK)
        st = store_db_run(s, SQL_COMMIT, err);
    roll_back(s);
    if (s->dir == NULL)
        pthread_mutex_unlock(&s->memory_lock);
    if (!commit || st != MP_OK) {
        c->n_told = 0;
        return st;
    }
    pthread_mutex_lock(&s->lock);
    s->totals = c->totals;
    s->commits++;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < c->n_told; i++)
        if (c->told[i].in_file)
            files_remove(s, c->told[i].id.p);
    return MP_OK;
}

int change_tell(struct store *s, const struct told *t, struct mp_err *err)
{
    struct change *c = &s->change;
    c->changed = true;
    if (c->n_told == c->cap_told) {
        size_t cap = c->cap_told == 0 ? STORE_BATCH_MAX : c->cap_told * 2;
        struct told *grown = arena_grow(&c->arena, c->told, c->n_told, cap, sizeof *grown);
        if (grown == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for a change of %zu deliveries", cap);
        c->told = grown;
        c->cap_told = cap;
    }
    c->told[c->n_told++] = *t;
    return MP_OK;
}

int change_delete(struct store *s, int64_t seq, struct str id, bool quiet, bool *gone,
                  struct mp_err *err)
{
    struct totals *t = &s->change.totals;
    sqlite3_stmt *q = s->sql[SQL_DELETE];
    struct told told = {.kind = quiet ? STORE_EVENT_CLEARED : STORE_EVENT_DELETED};
    *gone = false;
    sqlite3_bind_int64(q, 1, seq);
    store_db_bind(q, 2, id);
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *gone = true;
        told.id = arena_copy(&s->change.arena, store_db_text(q, 0));
        told.inbox = arena_copy(&s->change.arena, store_db_text(q, 1));
        told.in_file = sqlite3_column_int(q, 5) != 0;
        bool message = sqlite3_column_int(q, 2) == STORE_ACCEPTED;
        *(message ? &t->messages : &t->attempts) -= 1;
        t->unseen -= message && sqlite3_column_int(q, 3) == 0;
        t->bytes -= (uint64_t)sqlite3_column_int64(q, 4);
        rc = sqlite3_step(q);
    }
    int st = rc == SQLITE_DONE ? MP_OK : store_db_fail(s, s->db, err);
    sqlite3_reset(q);
    if (st != MP_OK || !*gone)
        return st;
    if (told.id.p == NULL || told.inbox.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to delete a delivery");
    sqlite3_bind_int64(s->sql[SQL_DELETE_BODY], 1, seq);
    st = store_db_run(s, SQL_DELETE_BODY, err);
    if (st != MP_OK || (quiet && !told.in_file)) {
        s->change.changed = true;
        return st;
    }
    return change_tell(s, &told, err);
}

/* ---- deliveries ---- */

static void summarise(struct store *s, struct store_delivery *d)
{
    struct summary sum;
    struct arena *a = &s->change.arena;
    const struct str *from[] = {&sum.message_id, &sum.subject, &sum.from,
                                &sum.to,         &sum.tag,     &sum.snippet};
    struct str *to[] = {&d->message_id, &d->subject, &d->from, &d->to, &d->tag, &d->snippet};
    arena_reset(&s->scratch);
    summary_make(&s->scratch, d->raw, &sum);
    for (size_t i = 0; i < ARRAY_LEN(to); i++)
        *to[i] = from[i]->n == 0 ? STR_NONE : arena_copy(a, *from[i]);
    d->n_attachments = sum.n_attachments;
    if (d->raw.n > 0)
        d->size_bytes = d->raw.n;
}

/* Files first: the row must never be there without its file. One that cannot be written is the
 * misfortune of that delivery alone. */
static void write_files(struct store *s, struct work *list)
{
    bool any = false;
    for (struct work *w = list; w != NULL; w = w->next) {
        w->d.seq = ++s->change.totals.last_seq;
        id_make(w->d.id, w->d.seq);
        if (s->dir != NULL && w->d.raw.n > STORE_INLINE_MAX_BYTES)
            w->status = files_write(s, w, NULL);
    }
    for (struct work *w = list; w != NULL; w = w->next)
        if (w->fd >= 0) {
            w->status = files_sync(s, w, NULL);
            any = true;
        }
    if (!any || fsync(s->files_fd) == 0)
        return;
    for (struct work *w = list; w != NULL; w = w->next)
        if (w->in_file)
            w->status = MP_E_IO;
}

static int insert(struct store *s, struct work *w, struct mp_err *err)
{
    struct totals *t = &s->change.totals;
    struct store_delivery *told = arena_new(&s->change.arena, struct store_delivery, 1);
    if (told == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a delivery");
    summarise(s, &w->d);
    int st = row_put(s, w, err);
    if (st != MP_OK)
        return st;
    *told = w->d;
    told->raw = told->transcript = STR_NONE;
    *(w->d.outcome == STORE_ACCEPTED ? &t->messages : &t->attempts) += 1;
    t->unseen += w->d.outcome == STORE_ACCEPTED && !w->d.seen;
    t->bytes += w->d.raw.n + w->d.transcript.n;
    return change_tell(s, &(struct told){.kind = STORE_EVENT_ADDED, .added = told}, err);
}

static void finish(struct store *s, struct work *list, int st)
{
    size_t bytes = 0;
    for (const struct work *w = list; w != NULL; w = w->next)
        bytes += w->bytes;
    pthread_mutex_lock(&s->lock);
    s->queued_bytes -= bytes;
    pthread_mutex_unlock(&s->lock);
    for (struct work *w = list; w != NULL; w = w->next) {
        int status = w->status != MP_OK ? w->status : st;
        if (status != MP_OK && w->in_file)
            files_remove(s, w->d.id);
        if (status == MP_OK)
            w->done(w->ctx, MP_OK, w->d.id, w->d.seq);
        else
            w->done(w->ctx, status, NULL, 0);
    }
    watch_tell(s);
    for (struct work *w = list, *next; w != NULL; w = next) {
        next = w->next;
        free(w);
    }
}

void change_put(struct store *s, struct work *list)
{
    int st = change_begin(s, NULL);
    if (st != MP_OK) {
        finish(s, list, st);
        return;
    }
    write_files(s, list);
    for (struct work *w = list; w != NULL && st == MP_OK; w = w->next)
        if (w->status == MP_OK)
            st = insert(s, w, NULL);
    if (st == MP_OK)
        st = retention_apply(s, list, NULL);
    st = change_end(s, st, NULL);
    finish(s, list, st);
}
