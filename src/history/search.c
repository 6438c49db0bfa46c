/* Finding mails: conditions as SQL with bound values, pages by cursor. */
#include <stdlib.h>

#include "base/idna.h"
#include "history/history_internal.h"

enum { SQL_MAX_BYTES = 16 * 1024, MAX_BINDS = 40, EACH_PAGE = 500 };

/* A statement that grows: text, and the values of its places in their order. */
struct where {
    struct buf sql;
    struct arena arena;
    struct {
        struct str text;
        int64_t number;
        bool is_number;
    } binds[MAX_BINDS];
    int n;
    bool is_empty; /* nothing can match */
};

static void add_text(struct where *w, const char *sql, struct str value)
{
    buf_addz(&w->sql, sql);
    w->binds[w->n++].text = value;
}

static void add_number(struct where *w, const char *sql, int64_t value)
{
    buf_addz(&w->sql, sql);
    w->binds[w->n].number = value;
    w->binds[w->n++].is_number = true;
}

static void bind_all(const struct where *w, sqlite3_stmt *st)
{
    for (int i = 0; i < w->n; i++)
        if (w->binds[i].is_number)
            sqlite3_bind_int64(st, i + 1, w->binds[i].number);
        else
            db_bind(st, i + 1, w->binds[i].text);
}

/* ---- values ---- */

static struct str domain_of(struct where *w, struct str domain)
{
    struct str out = STR_NONE;
    return idna_to_ascii(&w->arena, domain, &out) ? out : arena_lower(&w->arena, domain);
}

/* Somewhere in a text, whatever its own "%" and "_". */
static struct str like(struct where *w, struct str text)
{
    struct buf b;
    buf_init(&b, 2 * HISTORY_TEXT_MAX_BYTES + 3);
    buf_addc(&b, '%');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '%' || text.p[i] == '_' || text.p[i] == '\\')
            buf_addc(&b, '\\');
        buf_addc(&b, text.p[i]);
    }
    buf_addc(&b, '%');
    struct str out = b.failed ? STR_NONE : arena_copy(&w->arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

/* As a Message-ID is kept: with its brackets or without, both are tried. */
static void add_message_id(struct where *w, struct str id)
{
    struct str bare = id;
    if (bare.n >= 2 && bare.p[0] == '<' && bare.p[bare.n - 1] == '>')
        bare = str_slice(bare, 1, bare.n - 1);
    add_text(w, " AND m.message_id <> '' AND m.message_id IN (?", bare);
    add_text(w, ", ?)", arena_fmt(&w->arena, "<" STR_FMT ">", STR_ARG(bare)));
}

static int find_name(const struct reader *r, struct str text, int64_t *out, struct mp_err *err)
{
    sqlite3_stmt *q;
    int st = db_prepare(&r->h->spec, r->db, "SELECT n FROM name WHERE text = ?1", &q, err);
    if (st != MP_OK)
        return st;
    db_bind(q, 1, text);
    int rc = sqlite3_step(q);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    return reader_end(r, q, rc, err);
}

/* ---- which table leads: its index has mails in the order of time ---- */

struct lead {
    struct str domain;
    int64_t name;           /* of a finding; 0: none asked for */
    const char *time, *seq; /* its columns */
};

static void add_lead(struct where *w, const struct history_query *q, struct lead *l)
{
    bool joined = l->domain.n > 0 || l->name != 0;
    l->time = joined ? "t.time_ms" : "m.time_ms";
    l->seq = joined ? "t.seq" : "m.seq";
    buf_addf(&w->sql, "SELECT %s, %s FROM ", l->time, l->seq);
    if (!joined) {
        buf_addz(&w->sql, "message m WHERE 1");
    } else if (l->domain.n == 0) {
        buf_addz(&w->sql, "finding_of t CROSS JOIN message m ON m.seq = t.seq WHERE 1");
        add_number(w, " AND t.name = ?", l->name);
    } else {
        buf_addz(&w->sql, "domain_of t CROSS JOIN message m ON m.seq = t.seq WHERE 1");
        add_text(w, " AND t.domain = ?", l->domain);
        if (q->roles != 0)
            add_number(w, " AND (t.roles & ?) <> 0", q->roles);
        if (l->name != 0)
            add_number(w,
                       " AND EXISTS (SELECT 1 FROM finding_of f WHERE f.name = ?"
                       " AND f.time_ms = t.time_ms AND f.seq = t.seq)",
                       l->name);
    }
}

/* An address is looked for among the mails of its domain. */
static int find_lead(const struct reader *r, struct where *w, const struct history_query *q,
                     struct lead *out, struct mp_err *err)
{
    size_t at = str_rfind(q->address, '@');
    *out = (struct lead){0};
    if (q->domain.n > 0)
        out->domain = domain_of(w, q->domain);
    else if (at < q->address.n && at + 1 < q->address.n)
        out->domain = domain_of(w, str_slice(q->address, at + 1, q->address.n));
    if (q->finding.n == 0 || str_eq(q->finding, STR("*")))
        return MP_OK;
    int st = find_name(r, q->finding, &out->name, err);
    w->is_empty = w->is_empty || out->name == 0; /* never found so far */
    return st;
}

/* ---- conditions ---- */

static void add_address(struct where *w, const struct reader *r, struct str address)
{
    struct str value = history_address(r->h, &w->arena, address);
    add_text(w, " AND (m.author = ? COLLATE NOCASE", value);
    add_text(w, " OR m.mail_from = ? COLLATE NOCASE", value);
    add_text(w, " OR m.auth_user = ? COLLATE NOCASE", value);
    /* One line of several. */
    add_text(w,
             " OR instr(char(10) || lower(m.rcpts) || char(10), char(10) || lower(?) ||"
             " char(10)) > 0)",
             value);
}

static void add_words(struct where *w, struct str text)
{
    static const char *const columns[] = {"subject", "author", "mail_from", "rcpts", "message_id"};
    struct str pattern = like(w, text);
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        buf_addf(&w->sql, "%sm.%s LIKE ?", i == 0 ? " AND (" : " OR ", columns[i]);
        w->binds[w->n++].text = pattern;
        buf_addz(&w->sql, " ESCAPE '\\'");
    }
    buf_addc(&w->sql, ')');
}

static void add_client(struct where *w, struct str client)
{
    struct ip ip;
    char text[IP_TEXT_MAX];
    struct str value = client;
    if (ip_parse(client, &ip))
        value = arena_copy(&w->arena, str_make(text, ip_write(&ip, text)));
    add_text(w, " AND m.client <> '' AND m.client = ?", value);
}

static void add_conditions(struct where *w, const struct reader *r, const struct history_query *q)
{
    const struct {
        struct str value;
        const char *sql;
    } texts[] = {{q->mode, " AND m.mode = ?"},
                 {q->listener, " AND m.listener = ?"},
                 {q->queue_id, " AND m.queue_id = ?"}};
    if (q->has_done)
        add_number(w, " AND m.done = ?", q->done);
    if (q->has_action)
        add_number(w, " AND m.action = ?", q->action);
    if (q->has_severity)
        add_number(w,
                   q->severity >= SEV_HIGH ? " AND m.worst >= 3 AND m.worst >= ?"
                                           : " AND m.worst >= ?",
                   q->severity);
    if (str_eq(q->finding, STR("*")))
        buf_addz(&w->sql, " AND m.worst >= 0");
    if (q->message_id.n > 0)
        add_message_id(w, q->message_id);
    if (q->client_ip.n > 0)
        add_client(w, q->client_ip);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].value.n > 0)
            add_text(w, texts[i].sql, texts[i].value);
    if (q->address.n > 0)
        add_address(w, r, q->address);
    if (q->text.n > 0)
        add_words(w, q->text);
}

static void add_time(struct where *w, const struct lead *l, const char *op, int64_t value)
{
    buf_addf(&w->sql, " AND %s %s ?", l->time, op);
    w->binds[w->n].number = value;
    w->binds[w->n++].is_number = true;
}

static void add_order(struct where *w, const struct history_query *q, const struct lead *l,
                      size_t limit)
{
    const char *order = q->newer ? "ASC" : "DESC";
    if (q->from_ms != 0)
        add_time(w, l, ">=", q->from_ms);
    if (q->to_ms != 0)
        add_time(w, l, "<", q->to_ms);
    if (q->has_cursor) {
        buf_addf(&w->sql, " AND (%s, %s) %c (?", l->time, l->seq, q->newer ? '>' : '<');
        add_number(w, "", q->cursor.time_ms);
        add_number(w, ", ?)", q->cursor.seq);
    }
    buf_addf(&w->sql, " ORDER BY %s %s, %s %s", l->time, order, l->seq, order);
    add_number(w, " LIMIT ?", (int64_t)limit);
}

/* ---- keys, then mails ---- */

static int read_keys(const struct reader *r, const struct where *w, struct history_cursor *keys,
                     size_t max, size_t *n, struct mp_err *err)
{
    sqlite3_stmt *q;
    int rc = SQLITE_DONE, st = db_prepare(&r->h->spec, r->db, w->sql.p, &q, err);
    if (st != MP_OK)
        return st;
    bind_all(w, q);
    for (*n = 0; *n < max && (rc = sqlite3_step(q)) == SQLITE_ROW; ++*n)
        keys[*n] = (struct history_cursor){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    return reader_end(r, q, rc, err);
}

/* The keys of a page in the query's own order, one more than `limit` when there are more. */
static int find_keys(const struct reader *r, const struct history_query *q, size_t limit,
                     struct history_cursor *keys, size_t *n, struct mp_err *err)
{
    struct where w = {0};
    struct lead lead;
    *n = 0;
    if (q->text.n > HISTORY_TEXT_MAX_BYTES)
        return mp_fail(err, MP_E_USAGE, HISTORY_TEXT_MAX_BYTES,
                       "the text to look for is longer than %d bytes", HISTORY_TEXT_MAX_BYTES);
    buf_init(&w.sql, SQL_MAX_BYTES);
    arena_init(&w.arena, HISTORY_ARENA_BYTES);
    int st = find_lead(r, &w, q, &lead, err);
    if (st == MP_OK && !w.is_empty) {
        add_lead(&w, q, &lead);
        add_conditions(&w, r, q);
        add_order(&w, q, &lead, limit);
        buf_addc(&w.sql, '\0');
        st = w.sql.failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a search")
                          : read_keys(r, &w, keys, limit, n, err);
    }
    buf_clear(&w.sql);
    arena_clear(&w.arena);
    return st;
}

/* *stop: the callback has had enough. */
static int tell(struct reader *r, const struct history_cursor *keys, size_t n, bool backwards,
                history_message_fn *fn, void *ctx, bool *stop, struct mp_err *err)
{
    struct mail_reader *m = NULL;
    const struct history_message *message;
    bool found;
    int st = mail_reader_open(r, &m, err);
    for (size_t i = 0; st == MP_OK && !*stop && i < n; i++) {
        st = mail_read(m, keys[backwards ? n - 1 - i : i].seq, &message, &found, err);
        if (st == MP_OK && found)
            *stop = !fn(ctx, message);
    }
    mail_reader_close(m);
    return st;
}

int history_search(struct history *h, const struct history_query *q, history_message_fn *fn,
                   void *ctx, struct history_page *out, struct mp_err *err)
{
    struct reader r;
    struct history_page page = {0};
    bool stop = false;
    size_t n = 0,
           limit = q->limit == 0 || q->limit > HISTORY_PAGE_MAX ? HISTORY_PAGE_MAX : q->limit;
    struct history_cursor *keys = malloc((limit + 1) * sizeof *keys);
    if (keys == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a page of the history");
    int st = reader_take(h, &r, err);
    if (st == MP_OK) {
        st = find_keys(&r, q, limit + 1, keys, &n, err);
        page.more = n > limit;
        page.n = page.more ? limit : n;
        if (page.n > 0) {
            page.first = keys[q->newer ? page.n - 1 : 0];
            page.last = keys[q->newer ? 0 : page.n - 1];
        }
        if (st == MP_OK)
            st = tell(&r, keys, page.n, q->newer, fn, ctx, &stop, err);
        reader_give(&r);
    }
    free(keys);
    if (st == MP_OK)
        *out = page;
    return st;
}

int history_each(struct history *h, const struct history_query *q, history_message_fn *fn,
                 void *ctx, struct mp_err *err)
{
    struct history_cursor keys[EACH_PAGE];
    struct history_query page = *q;
    bool stop = false;
    size_t n = EACH_PAGE;
    int st = MP_OK;
    page.has_cursor = false;
    page.newer = true;
    while (st == MP_OK && !stop && n == EACH_PAGE) {
        struct reader r;
        st = reader_take(h, &r, err);
        if (st != MP_OK)
            return st;
        st = find_keys(&r, &page, EACH_PAGE, keys, &n, err);
        if (st == MP_OK)
            st = tell(&r, keys, n, false, fn, ctx, &stop, err);
        reader_give(&r);
        if (n > 0)
            page.cursor = keys[n - 1];
        page.has_cursor = true;
    }
    return st;
}

/* ---- one mail ---- */

static int find_id(const struct reader *r, struct str id, int64_t *seq, struct mp_err *err)
{
    sqlite3_stmt *q;
    int st = db_prepare(&r->h->spec, r->db, "SELECT max(seq) FROM message WHERE id = ?1", &q, err);
    if (st != MP_OK)
        return st;
    db_bind(q, 1, id);
    int rc = sqlite3_step(q);
    *seq = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    return reader_end(r, q, rc, err);
}

int history_get(struct history *h, struct str id, history_message_fn *fn, void *ctx, bool *found,
                struct mp_err *err)
{
    struct reader r;
    struct mail_reader *m = NULL;
    const struct history_message *message = NULL;
    int64_t seq = 0;
    bool is_there = false;
    int st = reader_take(h, &r, err);
    if (st != MP_OK)
        return st;
    st = find_id(&r, id, &seq, err);
    if (st == MP_OK && seq != 0)
        st = mail_reader_open(&r, &m, err);
    if (m != NULL)
        st = mail_read(m, seq, &message, &is_there, err);
    if (st == MP_OK && is_there)
        fn(ctx, message);
    mail_reader_close(m);
    reader_give(&r);
    if (st == MP_OK)
        *found = is_there;
    return st;
}

static int unpack_row(const struct reader *r, const char *sql, int64_t seq, size_t max,
                      struct buf *out, bool *found, struct mp_err *err)
{
    sqlite3_stmt *q;
    int st = db_prepare(&r->h->spec, r->db, sql, &q, err);
    if (st != MP_OK)
        return st;
    sqlite3_bind_int64(q, 1, seq);
    int rc = sqlite3_step(q);
    *found = rc == SQLITE_ROW;
    bool whole = !*found || history_unpack(db_text(q, 0), max, out);
    st = reader_end(r, q, rc, err);
    return st == MP_OK && !whole
               ? mp_fail(err, MP_E_IO, 0, "%s/%s: what is kept of this mail is damaged",
                         r->h->spec.dir, r->h->spec.name)
               : st;
}

static int kept_bytes(struct history *h, const char *sql, struct str id, size_t max,
                      struct buf *out, bool *found, struct mp_err *err)
{
    struct reader r;
    int64_t seq = 0;
    bool is_there = false;
    int st = reader_take(h, &r, err);
    if (st != MP_OK)
        return st;
    st = find_id(&r, id, &seq, err);
    if (st == MP_OK)
        st = unpack_row(&r, sql, seq, max, out, &is_there, err);
    reader_give(&r);
    if (st == MP_OK)
        *found = is_there;
    return st;
}

int history_report(struct history *h, struct str id, struct buf *out, bool *found,
                   struct mp_err *err)
{
    return kept_bytes(h, "SELECT z FROM report WHERE seq = ?1", id, HISTORY_REPORT_MAX_BYTES, out,
                      found, err);
}

int history_message_bytes(struct history *h, struct str id, struct buf *out, bool *found,
                          struct mp_err *err)
{
    return kept_bytes(h, "SELECT z FROM body WHERE seq = ?1", id, HISTORY_MESSAGE_MAX_BYTES, out,
                      found, err);
}
