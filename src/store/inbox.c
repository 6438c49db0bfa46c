/* Disposable inboxes, and originals of what was sent. */
#include "base/clock.h"
#include "store/store_internal.h"

/* ---- inboxes ---- */

static int run_inbox_put(struct store *s, void *arg, struct mp_err *err)
{
    const struct store_inbox *in = arg;
    sqlite3_stmt *q = s->sql[SQL_INBOX_PUT];
    store_db_bind(s->sql[SQL_INBOX_DELETE], 1, in->id);
    int st = store_db_run(s, SQL_INBOX_DELETE, err);
    bool is_new = sqlite3_changes(s->db) == 0;
    store_db_bind(q, 1, in->id);
    store_db_bind(q, 2, in->name);
    store_db_bind(q, 3, in->token_hash);
    sqlite3_bind_int64(q, 4, in->created_ms);
    sqlite3_bind_int64(q, 5, in->expires_ms);
    sqlite3_bind_int64(q, 6, in->max_messages > INT64_MAX ? INT64_MAX : (int64_t)in->max_messages);
    store_db_bind(q, 7, in->script);
    if (st == MP_OK)
        st = store_db_run(s, SQL_INBOX_PUT, err);
    s->change.totals.inboxes += is_new;
    s->change.changed = true;
    s->expiring |= in->expires_ms != 0;
    return st;
}

int store_inbox_put(struct store *s, const struct store_inbox *in, struct mp_err *err)
{
    struct store_inbox copy = *in;
    if (in->id.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "an inbox needs an id");
    return store_command(s, run_inbox_put, &copy, err);
}

static bool read_inbox(sqlite3_stmt *q, struct arena *a, struct store_inbox *out)
{
    struct str *const texts[] = {&out->id, &out->name, &out->token_hash, &out->script};
    static const int columns[] = {0, 1, 2, 6};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        *texts[i] = arena_copy(a, store_db_text(q, columns[i]));
        if (texts[i]->p == NULL)
            return false;
    }
    out->created_ms = sqlite3_column_int64(q, 3);
    out->expires_ms = sqlite3_column_int64(q, 4);
    out->max_messages = (uint64_t)sqlite3_column_int64(q, 5);
    return true;
}

int store_inboxes(struct store *s, struct arena *a, struct store_inbox **out, size_t *n,
                  struct mp_err *err)
{
    enum { FIRST = 16 };
    struct store_inbox *items = arena_new(a, struct store_inbox, FIRST);
    size_t count = 0, cap = FIRST;
    sqlite3 *db;
    sqlite3_stmt *q = NULL;
    int rc = SQLITE_DONE, st = store_db_reader_take(s, &db, err);
    if (st != MP_OK)
        return st;
    st =
        store_db_prepare(s, db,
                         "SELECT id, name, token_hash, created_ms, expires_ms, max_messages, script"
                         " FROM inbox ORDER BY created_ms, id",
                         &q, err);
    while (st == MP_OK && items != NULL && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (count == cap) {
            items = arena_grow(a, items, count, cap * 2, sizeof *items);
            cap *= 2;
        }
        if (items != NULL && !read_inbox(q, a, &items[count++]))
            items = NULL;
    }
    if (st == MP_OK && items == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the list of inboxes");
    else if (st == MP_OK && rc != SQLITE_DONE)
        st = store_db_fail(s, db, err);
    sqlite3_finalize(q);
    store_db_reader_give(s, db);
    if (st == MP_OK) {
        *out = items;
        *n = count;
    }
    return st;
}

static int run_inbox_delete(struct store *s, void *arg, struct mp_err *err)
{
    struct str id = *(const struct str *)arg;
    uint64_t deleted;
    int st = retention_clear(s, id, &deleted, err);
    store_db_bind(s->sql[SQL_INBOX_DELETE], 1, id);
    if (st == MP_OK)
        st = store_db_run(s, SQL_INBOX_DELETE, err);
    if (st == MP_OK)
        s->change.totals.inboxes -= sqlite3_changes(s->db) > 0;
    return st;
}

int store_inbox_delete(struct store *s, struct str id, struct mp_err *err)
{
    if (id.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "the common inbox cannot be deleted");
    return store_delete_command(s, run_inbox_delete, &id, err);
}

/* ---- originals ---- */

struct sent {
    struct str tag, raw;
    int64_t expires_ms;
};

static int run_sent_put(struct store *s, void *arg, struct mp_err *err)
{
    const struct sent *x = arg;
    sqlite3_stmt *q = s->sql[SQL_SENT_PUT];
    store_db_bind(q, 1, x->tag);
    sqlite3_bind_blob64(q, 2, x->raw.n == 0 ? "" : x->raw.p, x->raw.n, SQLITE_STATIC);
    sqlite3_bind_int64(q, 3, x->expires_ms);
    int st = store_db_run(s, SQL_SENT_PUT, err);
    sqlite3_bind_int64(s->sql[SQL_SENT_EXCESS], 1, STORE_MAX_SENT);
    if (st == MP_OK)
        st = store_db_run(s, SQL_SENT_EXCESS, err);
    s->change.changed = true;
    s->expiring |= x->expires_ms != 0;
    return st;
}

int store_sent_put(struct store *s, struct str tag, struct str raw, int64_t expires_ms,
                   struct mp_err *err)
{
    struct sent x = {tag, raw, expires_ms};
    return store_command(s, run_sent_put, &x, err);
}

int store_sent_get(struct store *s, struct str tag, struct buf *out, bool *found,
                   struct mp_err *err)
{
    sqlite3 *db;
    sqlite3_stmt *q = NULL;
    *found = false;
    int st = store_db_reader_take(s, &db, err);
    if (st != MP_OK)
        return st;
    st = store_db_prepare(
        s, db, "SELECT raw FROM sent WHERE tag = ?1 AND (expires_ms = 0 OR expires_ms > ?2)", &q,
        err);
    if (st == MP_OK) {
        store_db_bind(q, 1, tag);
        sqlite3_bind_int64(q, 2, clock_wall_ms());
        int rc = sqlite3_step(q);
        *found = rc == SQLITE_ROW;
        if (*found)
            buf_add(out, store_db_text(q, 0));
        else if (rc != SQLITE_DONE)
            st = store_db_fail(s, db, err);
    }
    sqlite3_finalize(q);
    store_db_reader_give(s, db);
    if (st == MP_OK && out->failed)
        st = mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes,
                     "an original is longer than %zu bytes", out->max_bytes);
    return st;
}
