/* Mail seen: rows of a day and a policy domain added up, and what was sent of them. */
#include "base/grow.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "feedback/item_wire.h"
#include "feedback/store_internal.h"

enum { SEEN_ROW_MAX_BYTES = 1024 * 1024, SEEN_ARENA_BYTES = 8 * 1024 * 1024 };

enum seen_sql { SEEN_ADD, SEEN_NEW, SEEN_DOMAIN_NEW, SEEN_DOMAIN_ADD, SEEN_HOW_MANY, SEEN_COUNT };
static const char *const texts[SEEN_COUNT] = {
    [SEEN_ADD] = "UPDATE seen SET count = count + ?4 WHERE day_s = ?1 AND domain = ?2 AND key = ?3",
    [SEEN_NEW] = "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5)",
    [SEEN_DOMAIN_NEW] = "INSERT OR IGNORE INTO seen_domain VALUES (?1, ?2, 0, 0, 0, 0, x'')",
    /* ?3 rows more, ?4 messages, ?5 of them lost, at ?6; the policy is the one seen last. */
    [SEEN_DOMAIN_ADD] =
        "UPDATE seen_domain SET rows = rows + ?3, messages = messages + ?4, lost = lost + ?5,"
        " published = CASE WHEN last_s <= ?6 THEN ?7 ELSE published END, last_s = max(last_s, ?6)"
        " WHERE day_s = ?1 AND domain = ?2",
    [SEEN_HOW_MANY] =
        ("SELECT (SELECT rows FROM seen_domain WHERE day_s = ?1 AND domain = ?2), count(*)"
         " FROM seen_domain WHERE day_s = ?1"),
};

struct observer {
    struct feedback_store *s;
    sqlite3_stmt *sql[SEEN_COUNT];
    struct arena arena;
    struct buf row, published;
    struct mp_err *err;
};

static int64_t day_of(int64_t time_s)
{
    return time_s - ((time_s % DAY_S) + DAY_S) % DAY_S;
}

/* ---- one message ---- */

/* Whatever no report may hold is left out: it must not keep the others from being read. */
static struct str clean(struct str s)
{
    return utf8_valid(s) ? utf8_cut(s, FEEDBACK_MAX_TEXT_BYTES) : STR("");
}

static bool clean_results(struct arena *a, struct dmarc_auth **list, size_t *n)
{
    *n = *n > FEEDBACK_SEEN_MAX_DKIM ? FEEDBACK_SEEN_MAX_DKIM : *n;
    struct dmarc_auth *own = arena_new(a, struct dmarc_auth, *n + 1);
    if (own == NULL)
        return false;
    for (size_t i = 0; i < *n; i++)
        own[i] = (struct dmarc_auth){clean((*list)[i].domain), clean((*list)[i].selector),
                                     clean((*list)[i].scope), clean((*list)[i].result),
                                     clean((*list)[i].human_result)};
    *list = own;
    return true;
}

static int clean_row(struct observer *o, const struct dmarc_row *in, struct dmarc_row *out)
{
    struct dmarc_row r = *in;
    r.count = 0; /* no part of what tells rows apart */
    r.header_from = clean(r.header_from);
    r.envelope_from = clean(r.envelope_from);
    r.envelope_to = clean(r.envelope_to);
    r.n_reasons = r.n_reasons > FEEDBACK_MAX_REASONS ? FEEDBACK_MAX_REASONS : r.n_reasons;
    r.reasons = arena_new(&o->arena, struct dmarc_reason, r.n_reasons + 1);
    if (r.reasons == NULL || !clean_results(&o->arena, &r.dkim_results, &r.n_dkim) ||
        !clean_results(&o->arena, &r.spf_results, &r.n_spf))
        return mp_fail(o->err, MP_E_NOMEM, 0, "no memory for what was seen");
    for (size_t i = 0; i < r.n_reasons; i++)
        r.reasons[i] =
            (struct dmarc_reason){clean(in->reasons[i].type), clean(in->reasons[i].comment)};
    *out = r;
    return MP_OK;
}

static void bind_day(sqlite3_stmt *q, int64_t day_s, struct str domain)
{
    sqlite3_bind_int64(q, 1, day_s);
    feedback_bind(q, 2, domain);
}

/* How many rows this domain has, -1 for none yet; and how many domains the day has. */
static int how_many(struct observer *o, int64_t day_s, struct str domain, int64_t *rows,
                    int64_t *domains)
{
    sqlite3_stmt *q = o->sql[SEEN_HOW_MANY];
    bind_day(q, day_s, domain);
    int st = sqlite3_step(q) == SQLITE_ROW ? MP_OK : feedback_db_fail(o->s, o->err);
    if (st == MP_OK) {
        *rows = sqlite3_column_type(q, 0) == SQLITE_NULL ? -1 : sqlite3_column_int64(q, 0);
        *domains = sqlite3_column_int64(q, 1);
    }
    sqlite3_reset(q);
    return st;
}

/* The row of these bytes has `count` more; *is_new when it is made, *lost when it may not be. */
static int add_row(struct observer *o, int64_t day_s, struct str domain, uint64_t count,
                   bool may_grow, bool *is_new, bool *lost)
{
    unsigned char key[DIGEST_MAX_BYTES];
    sqlite3_stmt *q = o->sql[SEEN_ADD];
    if (o->row.failed || !digest_once(DIGEST_SHA256, buf_str(&o->row), key))
        return mp_fail(o->err, MP_E_NOMEM, 0, "no memory for what was seen");
    bind_day(q, day_s, domain);
    sqlite3_bind_blob(q, 3, key, (int)sizeof key, SQLITE_STATIC);
    feedback_bind_u64(q, 4, count);
    int st = feedback_db_step(o->s, q, o->err);
    if (st != MP_OK || sqlite3_changes(o->s->db) > 0)
        return st;
    *lost = !may_grow;
    if (*lost)
        return MP_OK;
    *is_new = true;
    q = o->sql[SEEN_NEW];
    bind_day(q, day_s, domain);
    sqlite3_bind_blob(q, 3, key, (int)sizeof key, SQLITE_STATIC);
    feedback_bind_u64(q, 4, count);
    sqlite3_bind_blob64(q, 5, o->row.p, o->row.n, SQLITE_STATIC);
    return feedback_db_step(o->s, q, o->err);
}

static void pack_published(struct observer *o, const struct dmarc_published *p)
{
    struct dmarc_published own = {clean(p->domain),  clean(p->adkim),
                                  clean(p->aspf),    clean(p->p),
                                  clean(p->sp),      clean(p->np),
                                  clean(p->fo),      clean(p->pct),
                                  clean(p->testing), clean(p->discovery_method)};
    buf_reset(&o->published);
    dmarc_published_pack(&o->published, &own);
}

static int observe(struct observer *o, const struct feedback_seen *seen)
{
    enum { COUNT_MAX = 1000 * 1000 * 1000 };
    struct dmarc_row row;
    bool is_new = false, lost = false;
    int64_t rows = 0, domains = 0, day_s = day_of(seen->time_s);
    uint64_t count = seen->row.count == 0 ? 1 : seen->row.count;
    count = count > COUNT_MAX ? COUNT_MAX : count;
    arena_reset(&o->arena);
    struct str domain = arena_lower(&o->arena, clean(seen->published.domain));
    int st = domain.p == NULL ? mp_fail(o->err, MP_E_NOMEM, 0, "no memory for what was seen")
                              : clean_row(o, &seen->row, &row);
    if (st != MP_OK || domain.n == 0)
        return st; /* of no domain: nobody to tell */
    st = how_many(o, day_s, domain, &rows, &domains);
    if (st != MP_OK || (rows < 0 && domains >= FEEDBACK_MAX_SEEN_DOMAINS))
        return st;
    sqlite3_stmt *q = o->sql[SEEN_DOMAIN_NEW];
    bind_day(q, day_s, domain);
    st = feedback_db_step(o->s, q, o->err);
    buf_reset(&o->row);
    dmarc_row_pack(&o->row, &row);
    if (st == MP_OK)
        st = add_row(o, day_s, domain, count, rows < FEEDBACK_MAX_SEEN_ROWS, &is_new, &lost);
    if (st != MP_OK)
        return st;
    pack_published(o, &seen->published);
    q = o->sql[SEEN_DOMAIN_ADD];
    bind_day(q, day_s, domain);
    sqlite3_bind_int(q, 3, is_new);
    feedback_bind_u64(q, 4, count);
    feedback_bind_u64(q, 5, lost ? count : 0);
    sqlite3_bind_int64(q, 6, seen->time_s);
    sqlite3_bind_blob64(q, 7, o->published.p, o->published.n, SQLITE_STATIC);
    return feedback_db_step(o->s, q, o->err);
}

int feedback_observe(struct feedback_store *s, const struct feedback_seen *seen, size_t n,
                     struct mp_err *err)
{
    struct observer o = {.s = s, .err = err};
    arena_init(&o.arena, SEEN_ARENA_BYTES);
    buf_init(&o.row, SEEN_ROW_MAX_BYTES);
    buf_init(&o.published, SEEN_ROW_MAX_BYTES);
    feedback_db_lock(s);
    int st = feedback_db_begin(s, err);
    if (st == MP_OK) {
        for (int i = 0; st == MP_OK && i < SEEN_COUNT; i++)
            st = feedback_db_prepare(s, texts[i], &o.sql[i], err);
        for (size_t i = 0; st == MP_OK && i < n; i++)
            st = observe(&o, &seen[i]);
        for (int i = 0; i < SEEN_COUNT; i++)
            sqlite3_finalize(o.sql[i]);
        st = feedback_db_end(s, st, err);
    }
    feedback_db_unlock(s);
    buf_clear(&o.published);
    buf_clear(&o.row);
    arena_clear(&o.arena);
    return st;
}

/* ---- what was seen of a day ---- */

int feedback_seen_domains(struct feedback_store *s, int64_t day_s, struct arena *a,
                          struct feedback_day_domain_list *out, struct mp_err *err)
{
    struct feedback_day_domain_list list = {0};
    sqlite3_stmt *q = NULL;
    size_t cap = 0;
    bool failed = false;
    int rc = SQLITE_DONE;
    feedback_db_lock(s);
    int st = feedback_db_prepare(
        s,
        "SELECT domain, messages, lost, (SELECT count(*) FROM sent t WHERE t.day_s = d.day_s AND"
        " t.domain = d.domain) FROM seen_domain d WHERE day_s = ?1 ORDER BY domain",
        &q, err);
    if (st == MP_OK)
        sqlite3_bind_int64(q, 1, day_s);
    while (st == MP_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        list.items = list_room(a, list.items, list.n, &cap, sizeof list.items[0]);
        if (list.items == NULL || failed) {
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the domains of a day");
            break;
        }
        list.items[list.n++] =
            (struct feedback_day_domain){feedback_column(q, 0, a, &failed),
                                         feedback_column_u64(q, 1), feedback_column_u64(q, 2),
                                         feedback_column_u64(q, 3)};
    }
    if (st == MP_OK && rc != SQLITE_DONE)
        st = feedback_db_fail(s, err);
    sqlite3_finalize(q);
    feedback_db_unlock(s);
    if (st == MP_OK && failed)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the domains of a day");
    if (st == MP_OK)
        *out = list;
    return st;
}

static int read_published(struct feedback_store *s, sqlite3_stmt *q, struct arena *a,
                          struct dmarc_published *out, struct mp_err *err)
{
    bool failed = false;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_DONE)
        return mp_fail(err, MP_E_USAGE, 0, "no mail of this domain was seen on that day");
    if (rc != SQLITE_ROW)
        return feedback_db_fail(s, err);
    struct str bytes = feedback_column(q, 0, a, &failed);
    return failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for what was seen")
                  : dmarc_published_unpack(a, bytes, out, err);
}

static int read_rows(struct feedback_store *s, sqlite3_stmt *q, struct arena *a,
                     struct dmarc_aggregate *r, struct mp_err *err)
{
    size_t cap = 0;
    bool failed = false;
    int rc, st = MP_OK;
    while (st == MP_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        r->rows = list_room(a, r->rows, r->n_rows, &cap, sizeof r->rows[0]);
        struct str bytes = feedback_column(q, 1, a, &failed);
        if (r->rows == NULL || failed)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for what was seen");
        struct dmarc_row *row = &r->rows[r->n_rows];
        st = dmarc_row_unpack(a, bytes, row, err);
        row->count = feedback_column_u64(q, 0);
        r->messages += row->count;
        r->n_rows++;
    }
    return st == MP_OK && rc != SQLITE_DONE ? feedback_db_fail(s, err) : st;
}

int feedback_seen_rows(struct feedback_store *s, int64_t day_s, struct str domain, struct arena *a,
                       struct dmarc_aggregate *out, struct mp_err *err)
{
    struct dmarc_aggregate r = {.begin_s = day_s, .end_s = day_s + DAY_S - 1};
    sqlite3_stmt *policy = NULL, *rows = NULL;
    feedback_db_lock(s);
    int st =
        feedback_db_prepare(s, "SELECT published FROM seen_domain WHERE day_s = ?1 AND domain = ?2",
                            &policy, err);
    if (st == MP_OK)
        st = feedback_db_prepare(s,
                                 "SELECT count, item FROM seen WHERE day_s = ?1 AND domain = ?2"
                                 " ORDER BY count DESC, key",
                                 &rows, err);
    if (st == MP_OK) {
        bind_day(policy, day_s, domain);
        bind_day(rows, day_s, domain);
        st = read_published(s, policy, a, &r.published, err);
    }
    if (st == MP_OK)
        st = read_rows(s, rows, a, &r, err);
    sqlite3_finalize(policy);
    sqlite3_finalize(rows);
    feedback_db_unlock(s);
    if (st == MP_OK)
        *out = r;
    return st;
}

/* ---- what was sent ---- */

int feedback_seen_is_sent(struct feedback_store *s, int64_t day_s, struct str domain,
                          struct str destination, bool *sent, struct mp_err *err)
{
    sqlite3_stmt *q = NULL;
    feedback_db_lock(s);
    int st = feedback_db_prepare(
        s, "SELECT 1 FROM sent WHERE day_s = ?1 AND domain = ?2 AND destination = ?3", &q, err);
    if (st == MP_OK) {
        bind_day(q, day_s, domain);
        feedback_bind(q, 3, destination);
        int rc = sqlite3_step(q);
        if (rc == SQLITE_ROW || rc == SQLITE_DONE)
            *sent = rc == SQLITE_ROW;
        else
            st = feedback_db_fail(s, err);
    }
    sqlite3_finalize(q);
    feedback_db_unlock(s);
    return st;
}

int feedback_seen_mark_sent(struct feedback_store *s, int64_t day_s, struct str domain,
                            struct str destination, struct str report_id, int64_t now_s,
                            struct mp_err *err)
{
    sqlite3_stmt *q = NULL;
    feedback_db_lock(s);
    int st = feedback_db_begin(s, err);
    if (st == MP_OK) {
        st = feedback_db_prepare(s, "INSERT OR REPLACE INTO sent VALUES (?1, ?2, ?3, ?4, ?5)", &q,
                                 err);
        if (st == MP_OK) {
            bind_day(q, day_s, domain);
            feedback_bind(q, 3, destination);
            feedback_bind(q, 4, report_id);
            sqlite3_bind_int64(q, 5, now_s);
            st = feedback_db_step(s, q, err);
        }
        sqlite3_finalize(q);
        st = feedback_db_end(s, st, err);
    }
    feedback_db_unlock(s);
    return st;
}
