/* Reading: one delivery, its bytes, lists by conditions; and deleting what a list would show. */
#include "store/store_internal.h"
#include "store/summary_internal.h"

/* ---- conditions to SQL ---- */

enum { WHERE_MAX_BYTES = 16 * 1024, MAX_BINDS = 4 + STORE_MAX_TERMS };

struct where {
    struct buf sql;
    struct arena arena; /* folded words */
    struct {
        struct str text;
        int64_t number;
        bool is_number;
    } binds[MAX_BINDS];
    int n;
};

enum value { VALUE_NONE, VALUE_FOLDED, VALUE_TEXT, VALUE_NUMBER };

/* "#" stands for the number of the value. */
static const struct {
    const char *sql;
    enum value value;
} fields[] = {
    [STORE_F_ANY] = {"(has(?#, from_text, to_text, subject, message_id, snippet, mail_from)"
                     " OR has_rcpt(?#, rcpts))",
                     VALUE_FOLDED},
    [STORE_F_FROM] = {"has(?#, from_text, mail_from)", VALUE_FOLDED},
    [STORE_F_TO] = {"(has(?#, to_text) OR has_rcpt(?#, rcpts))", VALUE_FOLDED},
    [STORE_F_RCPT] = {"rcpt_is(?#, rcpts)", VALUE_FOLDED},
    [STORE_F_SUBJECT] = {"has(?#, subject)", VALUE_FOLDED},
    [STORE_F_MESSAGE_ID] = {"has(?#, message_id)", VALUE_FOLDED},
    [STORE_F_TAG] = {"(tag = ?# COLLATE NOCASE OR has(?#, message_id, subject))", VALUE_FOLDED},
    [STORE_F_BODY] = {"body_has(?#, (SELECT raw FROM body WHERE body.seq = delivery.seq), id,"
                      " in_file)",
                      VALUE_TEXT},
    [STORE_F_ATTACHMENT] = {"n_attachments > 0", VALUE_NONE},
    [STORE_F_SEEN] = {"seen <> 0", VALUE_NONE},
    [STORE_F_LARGER] = {"size_bytes > ?#", VALUE_NUMBER},
    [STORE_F_SMALLER] = {"size_bytes < ?#", VALUE_NUMBER},
    [STORE_F_BEFORE] = {"received_ms < ?#", VALUE_NUMBER},
    [STORE_F_AFTER] = {"received_ms >= ?#", VALUE_NUMBER},
};

static void add_sql(struct where *w, const char *sql)
{
    for (; *sql != '\0'; sql++)
        if (*sql == '#')
            buf_addf(&w->sql, "%d", w->n);
        else
            buf_addc(&w->sql, *sql);
}

static void add_number(struct where *w, const char *sql, int64_t number)
{
    w->binds[w->n].number = number;
    w->binds[w->n++].is_number = true;
    add_sql(w, sql);
}

static bool add_term(struct where *w, const struct store_term *t)
{
    enum value kind = fields[t->field].value;
    struct str text = kind == VALUE_FOLDED ? text_fold(&w->arena, t->text) : t->text;
    if (kind == VALUE_FOLDED && text.p == NULL)
        return false;
    buf_addz(&w->sql, t->negate ? " AND NOT " : " AND ");
    if (kind == VALUE_NUMBER)
        add_number(w, fields[t->field].sql, t->number);
    else {
        if (kind != VALUE_NONE)
            w->binds[w->n++].text = text;
        add_sql(w, fields[t->field].sql);
    }
    return true;
}

static void where_clear(struct where *w)
{
    buf_clear(&w->sql);
    arena_clear(&w->arena);
}

static int where_make(struct where *w, const struct store_query *q, struct mp_err *err)
{
    *w = (struct where){0};
    buf_init(&w->sql, WHERE_MAX_BYTES);
    arena_init(&w->arena, 2 * STORE_SEARCH_MAX_BYTES + WHERE_MAX_BYTES);
    if (q->n_terms > STORE_MAX_TERMS)
        return mp_fail(err, MP_E_LIMIT, STORE_MAX_TERMS, "a search has at most %d conditions",
                       STORE_MAX_TERMS);
    buf_addz(&w->sql, "SELECT seq, seen = 0 AND outcome = 0 FROM delivery WHERE 1");
    if (q->in_inbox) {
        w->binds[w->n++].text = q->inbox;
        /* so that SQLite sees the partial index */
        add_sql(w, q->inbox.n != 0 ? " AND inbox = ?# AND inbox <> ''" : " AND inbox = ?#");
    }
    if (!q->attempts)
        buf_addz(&w->sql, " AND outcome = 0");
    if (q->after_seq != 0)
        add_number(w, " AND seq > ?#", q->after_seq);
    if (q->before_seq != 0)
        add_number(w, " AND seq < ?#", q->before_seq);
    bool ok = true;
    for (size_t i = 0; i < q->n_terms && ok; i++)
        ok = add_term(w, &q->terms[i]);
    buf_addz(&w->sql, q->oldest_first ? " ORDER BY seq" : " ORDER BY seq DESC");
    buf_addc(&w->sql, '\0');
    if (ok && !w->sql.failed)
        return MP_OK;
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for a search");
}

static int where_prepare(struct store *s, sqlite3 *db, const struct where *w, sqlite3_stmt **out,
                         struct mp_err *err)
{
    int st = store_db_prepare(s, db, w->sql.p, out, err);
    for (int i = 0; st == MP_OK && i < w->n; i++)
        if (w->binds[i].is_number)
            sqlite3_bind_int64(*out, i + 1, w->binds[i].number);
        else
            store_db_bind(*out, i + 1, w->binds[i].text);
    return st;
}

/* ---- one ---- */

/* The row that `q` (row_select_one) finds. */
static int row_at(struct store *s, sqlite3 *db, sqlite3_stmt *q, int64_t seq, struct arena *a,
                  struct store_delivery *out, bool *found, struct mp_err *err)
{
    sqlite3_bind_int64(q, 1, seq);
    int rc = sqlite3_step(q), st = MP_OK;
    *found = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW && !row_read(q, a, out))
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a list of deliveries");
    else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        st = store_db_fail(s, db, err);
    sqlite3_reset(q);
    return st;
}

static int transcript_at(struct store *s, sqlite3 *db, struct arena *a, struct store_delivery *d,
                         struct mp_err *err)
{
    sqlite3_stmt *q;
    int st = store_db_prepare(s, db, "SELECT transcript FROM body WHERE seq = ?1", &q, err);
    if (st != MP_OK)
        return st;
    sqlite3_bind_int64(q, 1, d->seq);
    if (sqlite3_step(q) == SQLITE_ROW) {
        d->transcript = arena_copy(a, store_db_text(q, 0));
        if (d->transcript.p == NULL)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a transcript");
    } else
        st = store_db_fail(s, db, err);
    sqlite3_finalize(q);
    return st;
}

/* A snapshot for several statements; in memory mode the lock is that. */
static void snapshot(struct store *s, sqlite3 *db, bool begin)
{
    if (s->dir != NULL)
        sqlite3_exec(db, begin ? "BEGIN" : "ROLLBACK", NULL, NULL, NULL);
}

int store_get(struct store *s, struct str id, struct arena *a, struct store_delivery **out,
              struct mp_err *err)
{
    sqlite3 *db;
    sqlite3_stmt *q = NULL;
    int64_t seq;
    bool found = false;
    *out = NULL;
    struct store_delivery *d = arena_new(a, struct store_delivery, 1);
    if (d == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a delivery");
    if (!id_seq(id, &seq))
        return MP_OK;
    int st = store_db_reader_take(s, &db, err);
    if (st != MP_OK)
        return st;
    snapshot(s, db, true);
    st = store_db_prepare(s, db, row_select_one, &q, err);
    if (st == MP_OK)
        st = row_at(s, db, q, seq, a, d, &found, err);
    found = found && str_eq(id, str_make(d->id, STORE_ID_BYTES - 1));
    if (st == MP_OK && found)
        st = transcript_at(s, db, a, d, err);
    sqlite3_finalize(q);
    snapshot(s, db, false);
    store_db_reader_give(s, db);
    *out = st == MP_OK && found ? d : NULL;
    return st;
}

/* What the row of a message says of its bytes; those that stand there are added to `out`. */
struct raw_row {
    bool found, in_file;
    uint64_t size_bytes;
};

static int raw_row(struct store *s, struct str id, int64_t seq, struct buf *out,
                   struct raw_row *row, struct mp_err *err)
{
    sqlite3 *db;
    sqlite3_stmt *q = NULL;
    *row = (struct raw_row){0};
    int st = store_db_reader_take(s, &db, err);
    if (st != MP_OK)
        return st;
    st = store_db_prepare(s, db,
                          "SELECT in_file, size_bytes, raw FROM delivery JOIN body USING (seq)"
                          " WHERE seq = ?1 AND id = ?2",
                          &q, err);
    if (st == MP_OK) {
        sqlite3_bind_int64(q, 1, seq);
        store_db_bind(q, 2, id);
        int rc = sqlite3_step(q);
        row->found = rc == SQLITE_ROW;
        row->in_file = row->found && sqlite3_column_int(q, 0) != 0;
        row->size_bytes = row->found ? (uint64_t)sqlite3_column_int64(q, 1) : 0;
        if (row->found && !row->in_file)
            buf_add(out, store_db_text(q, 2));
        else if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            st = store_db_fail(s, db, err);
    }
    sqlite3_finalize(q);
    store_db_reader_give(s, db);
    return st;
}

/* A file goes behind its row: one that is missing while its row is there was taken by others. */
static int raw_file(struct store *s, struct str id, int64_t seq, struct raw_row *row,
                    struct buf *out, struct mp_err *err)
{
    char name[STORE_ID_BYTES];
    size_t before = out->n;
    memcpy(name, id.p, STORE_ID_BYTES - 1);
    name[STORE_ID_BYTES - 1] = '\0';
    int st = files_read(s, name, out, &row->found, err);
    if (st != MP_OK)
        return st;
    if (!row->found) {
        st = raw_row(s, id, seq, out, row, err);
        return st == MP_OK && row->found
                   ? mp_fail(err, MP_E_IO, 0, "%s/messages/%s: the file of a message is missing",
                             s->dir, name)
                   : st;
    }
    if (out->n - before == row->size_bytes)
        return MP_OK;
    return mp_fail(err, MP_E_IO, 0,
                   "%s/messages/%s: damaged: it has %zu bytes, the message had %llu", s->dir, name,
                   out->n - before, (unsigned long long)row->size_bytes);
}

int store_raw(struct store *s, struct str id, struct buf *out, bool *found, struct mp_err *err)
{
    struct raw_row row;
    int64_t seq;
    *found = false;
    if (!id_seq(id, &seq))
        return MP_OK;
    int st = raw_row(s, id, seq, out, &row, err);
    if (st == MP_OK && row.in_file)
        st = raw_file(s, id, seq, &row, out, err);
    if (st == MP_OK && out->failed)
        st = mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes, "a message is longer than %zu bytes",
                     out->max_bytes);
    *found = st == MP_OK && row.found;
    return st;
}

/* ---- lists ---- */

/* One pass over all that match counts them and notes which belong to the page. */
static int scan(struct store *s, sqlite3 *db, sqlite3_stmt *q, const struct store_query *query,
                int64_t *seqs, size_t *n, struct store_page *page, struct mp_err *err)
{
    size_t limit =
        query->limit == 0 || query->limit > STORE_PAGE_MAX ? STORE_PAGE_MAX : query->limit;
    int rc;
    *n = 0;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (page->total++ >= query->skip && *n < limit)
            seqs[(*n)++] = sqlite3_column_int64(q, 0);
        page->unseen += sqlite3_column_int(q, 1) != 0;
    }
    return rc == SQLITE_DONE ? MP_OK : store_db_fail(s, db, err);
}

static int list(struct store *s, sqlite3 *db, const struct where *w, const struct store_query *q,
                struct arena *a, struct store_page *page, struct mp_err *err)
{
    sqlite3_stmt *find = NULL, *row = NULL;
    size_t n = 0;
    int64_t *seqs = arena_new(a, int64_t, STORE_PAGE_MAX);
    if (seqs == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a list of deliveries");
    int st = where_prepare(s, db, w, &find, err);
    if (st == MP_OK)
        st = scan(s, db, find, q, seqs, &n, page, err);
    sqlite3_finalize(find);
    if (st == MP_OK)
        st = store_db_prepare(s, db, row_select_one, &row, err);
    if (st == MP_OK) {
        page->items = arena_new(a, struct store_delivery, n + 1);
        if (page->items == NULL)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a list of deliveries");
    }
    for (size_t i = 0; st == MP_OK && i < n; i++) {
        bool found;
        st = row_at(s, db, row, seqs[i], a, &page->items[page->n], &found, err);
        page->n += st == MP_OK && found;
    }
    sqlite3_finalize(row);
    return st;
}

int store_list(struct store *s, const struct store_query *q, struct arena *a,
               struct store_page *out, struct mp_err *err)
{
    struct where w;
    struct store_page page = {0};
    sqlite3 *db;
    int st = where_make(&w, q, err);
    if (st == MP_OK)
        st = store_db_reader_take(s, &db, err);
    if (st == MP_OK) {
        snapshot(s, db, true);
        st = list(s, db, &w, q, a, &page, err);
        snapshot(s, db, false);
        store_db_reader_give(s, db);
    }
    where_clear(&w);
    if (st == MP_OK)
        *out = page;
    return st;
}

/* ---- changes that somebody waits for ---- */

struct ids {
    const struct str *ids;
    size_t n;
    bool seen;
    uint64_t done;
};

static int run_seen(struct store *s, void *arg, struct mp_err *err)
{
    struct ids *x = arg;
    sqlite3_stmt *q = s->sql[SQL_SEEN];
    int st = MP_OK;
    for (size_t i = 0; i < x->n && st == MP_OK; i++) {
        int64_t seq;
        if (!id_seq(x->ids[i], &seq))
            continue;
        sqlite3_bind_int64(q, 1, x->seen);
        sqlite3_bind_int64(q, 2, seq);
        store_db_bind(q, 3, x->ids[i]);
        int rc = sqlite3_step(q);
        if (rc == SQLITE_ROW) {
            s->change.changed = true;
            if (sqlite3_column_int(q, 0) == STORE_ACCEPTED)
                s->change.totals.unseen += x->seen ? (uint64_t)-1 : 1;
            rc = sqlite3_step(q);
        }
        if (rc != SQLITE_DONE)
            st = store_db_fail(s, s->db, err);
        sqlite3_reset(q);
    }
    return st;
}

int store_mark_seen(struct store *s, const struct str *ids, size_t n, bool seen, struct mp_err *err)
{
    struct ids x = {.ids = ids, .n = n, .seen = seen};
    return store_command(s, run_seen, &x, err);
}

static int run_delete(struct store *s, void *arg, struct mp_err *err)
{
    struct ids *x = arg;
    int st = MP_OK;
    x->done = 0;
    for (size_t i = 0; i < x->n && st == MP_OK; i++) {
        int64_t seq;
        bool gone = false;
        if (id_seq(x->ids[i], &seq))
            st = change_delete(s, seq, x->ids[i], false, &gone, err);
        x->done += gone;
    }
    return st;
}

int store_delete(struct store *s, const struct str *ids, size_t n, uint64_t *deleted,
                 struct mp_err *err)
{
    struct ids x = {.ids = ids, .n = n};
    int st = store_delete_command(s, run_delete, &x, err);
    if (st == MP_OK && deleted != NULL)
        *deleted = x.done;
    return st;
}

struct matching {
    const struct store_query *query;
    const struct where *where;
    uint64_t done;
};

/* The whole of an inbox is one event. */
static bool is_whole_inbox(const struct store_query *q)
{
    return q->in_inbox && q->attempts && q->n_terms == 0 && q->after_seq == 0 && q->before_seq == 0;
}

static int run_matching(struct store *s, void *arg, struct mp_err *err)
{
    struct matching *x = arg;
    sqlite3_stmt *q = NULL;
    struct store_page page = {0};
    struct store_query all = *x->query;
    int64_t *seqs = arena_new(&s->change.arena, int64_t, STORE_PAGE_MAX);
    size_t n = 1;
    x->done = 0;
    if (is_whole_inbox(x->query))
        return retention_clear(s, x->query->inbox, &x->done, err);
    if (seqs == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to delete deliveries");
    all.skip = all.limit = 0;
    int st = where_prepare(s, s->db, x->where, &q, err);
    while (st == MP_OK && n > 0) {
        st = scan(s, s->db, q, &all, seqs, &n, &page, err);
        sqlite3_reset(q);
        for (size_t i = 0; i < n && st == MP_OK; i++) {
            bool gone;
            st = change_delete(s, seqs[i], STR_NONE, false, &gone, err);
            x->done += gone;
        }
    }
    sqlite3_finalize(q);
    return st;
}

int store_delete_matching(struct store *s, const struct store_query *q, uint64_t *deleted,
                          struct mp_err *err)
{
    struct where w;
    struct matching x = {.query = q, .where = &w};
    int st = where_make(&w, q, err);
    if (st == MP_OK)
        st = store_delete_command(s, run_matching, &x, err);
    where_clear(&w);
    if (st == MP_OK && deleted != NULL)
        *deleted = x.done;
    return st;
}
