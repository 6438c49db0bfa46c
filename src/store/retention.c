/* What has to go: by count, bytes and age, by the limit of an inbox, and when an inbox ends. */
#include "store/store_internal.h"

/* Deletes the rows that a statement with "LIMIT ?1" finds, from the last to the first when
 * `backwards`; stops when `enough` is reached. *n: how many went. */
struct sweep {
    enum store_sql which;
    bool backwards, quiet;
    const uint64_t *value, *enough; /* NULL: all that is found */
};

static int sweep(struct store *s, const struct sweep *w, size_t limit, size_t *n,
                 struct mp_err *err)
{
    sqlite3_stmt *q = s->sql[w->which];
    int64_t seqs[STORE_SWEEP_MAX];
    size_t found = 0;
    int rc, st;
    *n = 0;
    limit = limit < STORE_SWEEP_MAX ? limit : STORE_SWEEP_MAX;
    sqlite3_bind_int64(q, 1, (int64_t)limit);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && found < limit)
        seqs[found++] = sqlite3_column_int64(q, 0);
    st = rc == SQLITE_DONE || rc == SQLITE_ROW ? MP_OK : store_db_fail(s, s->db, err);
    sqlite3_reset(q);
    for (size_t i = 0; i < found && st == MP_OK; i++) {
        bool gone;
        if (w->value != NULL && *w->value <= *w->enough)
            break;
        st = change_delete(s, seqs[w->backwards ? found - 1 - i : i], STR_NONE, w->quiet, &gone,
                           err);
        *n += gone;
    }
    return st;
}

/* ---- behind each put ---- */

static int down_to(struct store *s, enum store_sql which, const uint64_t *value, uint64_t enough,
                   struct mp_err *err)
{
    const struct sweep w = {.which = which, .value = value, .enough = &enough};
    size_t n = 1;
    int st = MP_OK;
    while (st == MP_OK && n > 0 && *value > enough) {
        /* bytes: a few rows at a time, since how many it takes is not known */
        uint64_t over = *value - enough;
        size_t limit = which == SQL_OLDEST ? STORE_BATCH_MAX : STORE_SWEEP_MAX;
        st = sweep(s, &w, over < limit && which != SQL_OLDEST ? (size_t)over : limit, &n, err);
    }
    return st;
}

static int inbox_limit(struct store *s, struct str inbox, struct mp_err *err)
{
    sqlite3_stmt *q = s->sql[SQL_INBOX_LIMIT];
    const struct sweep w = {.which = SQL_INBOX_EXCESS, .backwards = true};
    size_t n = 1;
    store_db_bind(q, 1, inbox);
    int rc = sqlite3_step(q), st = MP_OK;
    int64_t max = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = store_db_fail(s, s->db, err);
    sqlite3_reset(q);
    if (max <= 0)
        return st;
    while (st == MP_OK && n > 0) {
        store_db_bind(s->sql[SQL_INBOX_EXCESS], 2, inbox);
        sqlite3_bind_int64(s->sql[SQL_INBOX_EXCESS], 3, max);
        st = sweep(s, &w, STORE_SWEEP_MAX, &n, err);
    }
    return st;
}

/* Each inbox once, at its last delivery of the batch. */
static bool comes_again(const struct work *w)
{
    for (const struct work *later = w->next; later != NULL; later = later->next)
        if (str_eq(later->d.inbox, w->d.inbox))
            return true;
    return false;
}

int retention_apply(struct store *s, const struct work *list, struct mp_err *err)
{
    const struct totals *t = &s->change.totals;
    const struct store_config *c = &s->config;
    int st = MP_OK;
    for (const struct work *w = list; w != NULL && st == MP_OK && t->inboxes > 0; w = w->next)
        if (w->d.inbox.n != 0 && !comes_again(w))
            st = inbox_limit(s, w->d.inbox, err);
    if (st == MP_OK && c->max_messages != 0)
        st = down_to(s, SQL_OLDEST_MESSAGES, &t->messages, c->max_messages, err);
    if (st == MP_OK)
        st = down_to(s, SQL_OLDEST_ATTEMPTS, &t->attempts, STORE_MAX_ATTEMPTS, err);
    if (st == MP_OK && c->max_bytes != 0)
        st = down_to(s, SQL_OLDEST, &t->bytes, c->max_bytes, err);
    return st;
}

/* ---- by the clock ---- */

int retention_clear(struct store *s, struct str inbox, uint64_t *deleted, struct mp_err *err)
{
    const struct sweep w = {.which = SQL_OF_INBOX, .quiet = true};
    size_t n = 1;
    int st = MP_OK;
    *deleted = 0;
    while (st == MP_OK && n > 0) {
        store_db_bind(s->sql[SQL_OF_INBOX], 2, inbox);
        st = sweep(s, &w, STORE_SWEEP_MAX, &n, err);
        *deleted += n;
    }
    struct str copy = arena_copy(&s->change.arena, inbox);
    if (st == MP_OK && copy.p == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory to clear an inbox");
    return st == MP_OK
               ? change_tell(s, &(struct told){.kind = STORE_EVENT_CLEARED, .inbox = copy}, err)
               : st;
}

/* One inbox that has ended, with all that is in it. */
static int end_inbox(struct store *s, int64_t now_ms, bool *more, struct mp_err *err)
{
    sqlite3_stmt *q = s->sql[SQL_INBOX_EXPIRED];
    struct str id = STR_NONE;
    uint64_t deleted;
    sqlite3_bind_int64(q, 1, now_ms);
    int rc = sqlite3_step(q), st = MP_OK;
    if (rc == SQLITE_ROW)
        id = arena_copy(&s->change.arena, store_db_text(q, 0));
    else if (rc != SQLITE_DONE)
        st = store_db_fail(s, s->db, err);
    sqlite3_reset(q);
    if (rc != SQLITE_ROW)
        return st;
    if (id.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to end an inbox");
    *more = true;
    st = retention_clear(s, id, &deleted, err);
    store_db_bind(s->sql[SQL_INBOX_DELETE], 1, id);
    if (st == MP_OK)
        st = store_db_run(s, SQL_INBOX_DELETE, err);
    s->change.totals.inboxes -= st == MP_OK;
    return st;
}

int retention_tick(struct store *s, void *arg, struct mp_err *err)
{
    struct retention_tick *t = arg;
    size_t n = 0;
    t->more = false;
    int st = end_inbox(s, t->now_ms, &t->more, err);
    if (st == MP_OK && s->config.max_age_s != 0) {
        const struct sweep aged = {.which = SQL_AGED};
        int64_t age_ms = s->config.max_age_s > INT64_MAX / 2000
                             ? INT64_MAX / 2
                             : (int64_t)s->config.max_age_s * 1000;
        sqlite3_bind_int64(s->sql[SQL_AGED], 2, t->now_ms - age_ms);
        st = sweep(s, &aged, STORE_SWEEP_MAX, &n, err);
        t->more |= n == STORE_SWEEP_MAX;
    }
    sqlite3_bind_int64(s->sql[SQL_SENT_EXPIRED], 1, t->now_ms);
    if (st == MP_OK)
        st = store_db_run(s, SQL_SENT_EXPIRED, err);
    s->change.changed |= st == MP_OK && sqlite3_changes(s->db) > 0;
    return st;
}
