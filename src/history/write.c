/* Entries as rows, and the counts beside them: all within the writer's transaction. */
#include <stdlib.h>

#include "base/idna.h"
#include "history/history_internal.h"

enum {
    MINUTE_MS = 60000,
    HOUR_MS = 3600000,
    DAY_MS = 86400000,
    CLOCK_AHEAD_MS = 5 * MINUTE_MS, /* a time beyond is taken for a mistake: it would never age */
    RCPTS_MAX_BYTES = SUMMARY_MAX_RCPTS * (SUMMARY_MAX_TEXT_BYTES + 1)
};

static sqlite3_stmt *numbers(struct history *h, enum history_sql which, const int64_t *values,
                             int n)
{
    for (int i = 0; i < n; i++)
        sqlite3_bind_int64(h->sql[which], i + 1, values[i]);
    return h->sql[which];
}

static int done_of(struct str done)
{
    enum verdict_action a;
    return action_by_name(done, &a) ? (int)a : HISTORY_DONE_OTHER;
}

static int64_t bounded(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* ---- domains ---- */

static void add_domain(struct arena *a, struct str domain, unsigned role, struct domain_role *out,
                       size_t *n)
{
    struct str name = STR_NONE;
    if (domain.n == 0)
        return;
    if (!idna_to_ascii(a, domain, &name))
        name = arena_lower(a, str_slice(domain, 0, DOMAIN_MAX_OCTETS));
    for (size_t i = 0; name.p != NULL && i < *n; i++)
        if (str_eq(out[i].domain, name)) {
            out[i].roles |= role;
            return;
        }
    if (name.p != NULL && *n < HISTORY_DOMAINS)
        out[(*n)++] = (struct domain_role){name, role};
}

static struct str behind_at(struct str address)
{
    size_t at = str_rfind(address, '@');
    return at < address.n ? str_slice(address, at + 1, address.n) : STR_NONE;
}

size_t history_domains(struct arena *a, const struct mail_summary *s,
                       struct domain_role out[HISTORY_DOMAINS])
{
    size_t n = 0;
    add_domain(a, s->from_domain, HISTORY_FROM, out, &n);
    add_domain(a, behind_at(s->mail_from), HISTORY_MAIL_FROM, out, &n);
    for (size_t i = 0; i < s->n_rcpts; i++)
        add_domain(a, behind_at(s->rcpt_to[i]), HISTORY_RCPT, out, &n);
    for (size_t i = 0; i < s->n_dkim; i++)
        add_domain(a, s->dkim[i].domain, HISTORY_DKIM, out, &n);
    return n;
}

/* ---- names of findings ---- */

bool history_wider(struct str *name, char room[HISTORY_NAME_BYTES + 2])
{
    struct str s = *name;
    if (s.n >= 2 && s.p[s.n - 1] == '*')
        s = str_slice(s, 0, s.n - 2); /* "auth.dmarc.*": without its end */
    size_t dot = str_rfind(s, '.');
    if (dot >= s.n || dot > HISTORY_NAME_BYTES)
        return false;
    if (s.p != room)
        memcpy(room, s.p, dot + 1);
    room[dot + 1] = '*';
    *name = str_make(room, dot + 2);
    return true;
}

/* Number of a name; made when there is none. */
static int name_of(struct history *h, struct str text, int64_t *out)
{
    sqlite3_stmt *q = h->sql[SQL_NAME];
    db_bind(q, 1, text);
    int rc = sqlite3_step(q);
    *out = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    if (rc == SQLITE_ROW)
        return SQLITE_DONE;
    db_bind(h->sql[SQL_NAME_ADD], 1, text);
    rc = rc == SQLITE_DONE ? db_run(h->sql[SQL_NAME_ADD]) : rc;
    *out = sqlite3_last_insert_rowid(h->db);
    return rc;
}

/* ---- one mail ---- */

static struct str join_rcpts(struct history *h, const struct mail_summary *s)
{
    struct buf out;
    buf_init(&out, RCPTS_MAX_BYTES);
    for (size_t i = 0; i < s->n_rcpts; i++) {
        size_t from = out.n + (i > 0);
        if (i > 0)
            buf_addc(&out, '\n');
        buf_add(&out, s->rcpt_to[i]);
        for (size_t k = from; k < out.n; k++) /* what it is not made of */
            if (out.p[k] == '\n')
                out.p[k] = '?';
    }
    struct str copy = out.failed ? STR_NONE : arena_copy(&h->arena, buf_str(&out));
    buf_clear(&out);
    return copy;
}

static int worst_of(const struct mail_summary *s)
{
    int worst = -1;
    for (size_t i = 0; i < s->n_findings; i++)
        if ((int)s->findings[i].severity > worst)
            worst = (int)s->findings[i].severity;
    return worst;
}

static int put_message(struct history *h, const struct mail_summary *s, int64_t *seq)
{
    char client[IP_TEXT_MAX] = "";
    struct str rcpts = join_rcpts(h, s);
    if (rcpts.p == NULL && s->n_rcpts > 0)
        return SQLITE_NOMEM;
    if (s->client.family != IP_NONE)
        ip_write(&s->client, client);
    const int64_t values[] = {s->time_ms,
                              s->elapsed_us,
                              s->has_mail_from,
                              s->n_rcpt_to,
                              bounded(s->size_bytes),
                              s->action,
                              done_of(s->done),
                              s->complete,
                              s->spf_aligned,
                              s->dkim_aligned,
                              s->policy.testing,
                              s->policy.wants_reports,
                              worst_of(s)};
    int at = (int)ARRAY_LEN(values);
    sqlite3_stmt *q = numbers(h, SQL_MESSAGE, values, at);
    db_bind(q, ++at, str_from(client));
    db_bind(q, ++at, rcpts);
    for (size_t i = 0; i < history_n_texts; i++)
        db_bind(q, ++at,
                *(const struct str *)(const void *)((const char *)s + history_texts[i].at));
    int rc = db_run(q);
    *seq = sqlite3_last_insert_rowid(h->db);
    return rc;
}

/* The id, and all that stands above it. */
static int index_finding(struct history *h, struct str name, int64_t n, int64_t time_ms,
                         int64_t seq)
{
    char room[HISTORY_NAME_BYTES + 2];
    for (;;) {
        int rc = db_run(numbers(h, SQL_FINDING_OF, (int64_t[]){n, time_ms, seq}, 3));
        if (rc != SQLITE_DONE || !history_wider(&name, room))
            return rc;
        rc = name_of(h, name, &n);
        if (rc != SQLITE_DONE)
            return rc;
    }
}

static int put_findings(struct history *h, const struct mail_summary *s, int64_t seq)
{
    int rc = SQLITE_DONE;
    for (size_t i = 0; rc == SQLITE_DONE && i < s->n_findings; i++) {
        const struct summary_finding *f = &s->findings[i];
        struct str id = str_slice(f->id, 0, HISTORY_NAME_BYTES);
        int64_t n;
        rc = name_of(h, id, &n);
        if (rc != SQLITE_DONE)
            return rc;
        sqlite3_stmt *q =
            numbers(h, SQL_FINDING, (int64_t[]){seq, (int64_t)i, n, f->severity, f->count}, 5);
        db_bind(q, 6, f->evidence);
        rc = db_run(q);
        if (rc == SQLITE_DONE)
            rc = index_finding(h, id, n, s->time_ms, seq);
        if (rc == SQLITE_DONE)
            rc = db_run(numbers(h, SQL_HOUR_FINDING,
                                (int64_t[]){s->time_ms / HOUR_MS, n, f->severity, f->count}, 4));
    }
    return rc;
}

static int put_dkim(struct history *h, const struct mail_summary *s, int64_t seq)
{
    int rc = SQLITE_DONE;
    for (size_t i = 0; rc == SQLITE_DONE && i < s->n_dkim; i++) {
        sqlite3_stmt *q = numbers(h, SQL_DKIM, (int64_t[]){seq, (int64_t)i}, 2);
        db_bind(q, 3, s->dkim[i].domain);
        db_bind(q, 4, s->dkim[i].selector);
        db_bind(q, 5, s->dkim[i].result);
        rc = db_run(q);
    }
    return rc;
}

static int put_domains(struct history *h, const struct mail_summary *s, int64_t seq)
{
    struct domain_role roles[HISTORY_DOMAINS];
    size_t n = history_domains(&h->arena, s, roles);
    int rc = SQLITE_DONE;
    for (size_t i = 0; rc == SQLITE_DONE && i < n; i++) {
        sqlite3_stmt *q =
            numbers(h, SQL_DOMAIN_OF, (int64_t[]){0, s->time_ms, seq, roles[i].roles}, 4);
        db_bind(q, 1, roles[i].domain);
        rc = db_run(q);
    }
    return rc;
}

/* ---- counts ---- */

static int count_minute(struct history *h, const struct mail_summary *s)
{
    const int64_t values[] = {s->time_ms / MINUTE_MS, 0,
                              done_of(s->done),       !s->complete,
                              bounded(s->size_bytes), s->elapsed_us};
    sqlite3_stmt *q = numbers(h, SQL_MINUTE, values, ARRAY_LEN(values));
    db_bind(q, 2, str_slice(s->mode, 0, HISTORY_NAME_BYTES));
    return db_run(q);
}

static bool is(struct str a, const char *b)
{
    return str_eq(a, str_from(b));
}

static int count_auth(struct history *h, const struct mail_summary *s)
{
    bool passed = false;
    struct str domain = arena_lower(&h->arena, str_slice(s->from_domain, 0, DOMAIN_MAX_OCTETS));
    if (s->spf.n == 0 && s->dmarc.n == 0 && s->n_dkim == 0) /* our own mail is signed, not judged */
        return SQLITE_DONE;
    for (size_t i = 0; i < s->n_dkim; i++)
        passed = passed || is(s->dkim[i].result, "pass");
    const int64_t values[] = {
        s->time_ms / HOUR_MS,     0,
        is(s->spf, "pass"),       is(s->spf, "fail") || is(s->spf, "softfail"),
        s->spf_aligned,           passed,
        s->n_dkim > 0 && !passed, s->dkim_aligned,
        is(s->dmarc, "pass"),     is(s->dmarc, "fail"),
        is(s->dmarc, "none"),     is(s->arc, "pass"),
        is(s->arc, "fail")};
    sqlite3_stmt *q = numbers(h, SQL_HOUR_AUTH, values, ARRAY_LEN(values));
    db_bind(q, 2, domain);
    int rc = db_run(q);
    if (rc != SQLITE_DONE)
        return rc;
    q = numbers(h, SQL_DAY_AUTH, values, ARRAY_LEN(values));
    sqlite3_bind_int64(q, 1, s->time_ms / DAY_MS);
    db_bind(q, 2, domain);
    return db_run(q);
}

/* ---- reports and messages ---- */

/* Into h->packed. One state for all: to make it anew costs as much as a small document. */
static bool pack(struct history *h, struct str bytes)
{
    z_stream *z = &h->z;
    h->has_z = h->has_z ? deflateReset(z) == Z_OK : deflateInit(z, Z_BEST_SPEED) == Z_OK;
    size_t n = h->has_z ? deflateBound(z, (uLong)bytes.n) : 0;
    buf_reset(&h->packed);
    char *room = n == 0 ? NULL : buf_reserve(&h->packed, n);
    if (room == NULL)
        return false;
    z->next_in = (Bytef *)(uintptr_t)bytes.p;
    z->avail_in = (uInt)bytes.n;
    z->next_out = (Bytef *)room;
    z->avail_out = (uInt)n;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return false;
    h->packed.n += n - z->avail_out;
    return true;
}

static int put_packed(struct history *h, enum history_sql which, int64_t seq, int64_t time_ms,
                      struct str bytes)
{
    if (!pack(h, bytes))
        return SQLITE_NOMEM;
    sqlite3_stmt *q = numbers(h, which, (int64_t[]){seq, time_ms}, 2);
    db_bind_blob(q, 3, buf_str(&h->packed));
    return db_run(q);
}

int write_mail(struct history *h, const struct entry *e, int64_t now_ms)
{
    struct mail_summary *s = &h->summary;
    struct wire_in in = {.left = e->wire};
    int64_t seq;
    mail_summary_read(&in, s);
    if (in.bad != NULL)
        return SQLITE_MISMATCH; /* never: history_add wrote it */
    if (s->time_ms < 0 || s->time_ms > now_ms + CLOCK_AHEAD_MS)
        s->time_ms = now_ms;
    arena_reset(&h->arena);
    if (!history_minimise(h, &h->arena, s))
        return SQLITE_NOMEM;
    int rc = put_message(h, s, &seq);
    if (rc == SQLITE_DONE)
        rc = put_findings(h, s, seq);
    if (rc == SQLITE_DONE)
        rc = put_dkim(h, s, seq);
    if (rc == SQLITE_DONE)
        rc = put_domains(h, s, seq);
    if (rc == SQLITE_DONE)
        rc = count_minute(h, s);
    if (rc == SQLITE_DONE)
        rc = count_auth(h, s);
    if (rc == SQLITE_DONE && e->report.n > 0)
        rc = put_packed(h, SQL_REPORT, seq, s->time_ms, e->report);
    if (rc == SQLITE_DONE && e->message.n > 0)
        rc = put_packed(h, SQL_BODY, seq, s->time_ms, e->message);
    return rc;
}

/* ---- the monitor's ---- */

int write_run(struct history *h, const struct history_run *r)
{
    sqlite3_stmt *q = h->sql[SQL_RUN_LAST];
    db_bind(q, 1, r->suite);
    db_bind(q, 2, r->name);
    int rc = sqlite3_step(q);
    bool first = rc == SQLITE_DONE;
    int64_t before = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : (int64_t)r->state;
    sqlite3_reset(q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    q = numbers(h, SQL_RUN,
                (int64_t[]){0, 0, r->time_ms, r->duration_ms, r->state,
                            first || before != (int64_t)r->state, before},
                7);
    db_bind(q, 1, r->suite);
    db_bind(q, 2, r->name);
    db_bind(q, 8, r->text);
    rc = db_run(q);
    if (rc != SQLITE_DONE)
        return rc;
    q = numbers(h, SQL_RUN_LAST_SET, (int64_t[]){0, 0, sqlite3_last_insert_rowid(h->db), r->state},
                4);
    db_bind(q, 1, r->suite);
    db_bind(q, 2, r->name);
    return db_run(q);
}

int write_audit(struct history *h, const struct history_audit *a)
{
    sqlite3_stmt *q = h->sql[SQL_AUDIT_LAST];
    db_bind(q, 1, a->domain);
    db_bind(q, 2, a->findings);
    int rc = sqlite3_step(q);
    struct str before = rc == SQLITE_ROW ? arena_copy(&h->arena, db_text(q, 0)) : STR("");
    bool changed =
        rc == SQLITE_DONE || sqlite3_column_int64(q, 1) == 0 || !str_eq(before, a->grade);
    sqlite3_reset(q);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    q = numbers(h, SQL_AUDIT, (int64_t[]){0, a->time_ms, 0, a->score, changed}, 5);
    db_bind(q, 1, a->domain);
    db_bind(q, 3, a->grade);
    db_bind(q, 6, before);
    db_bind(q, 7, a->findings);
    rc = db_run(q);
    if (rc != SQLITE_DONE)
        return rc;
    q = numbers(h, SQL_AUDIT_LAST_SET, (int64_t[]){0, sqlite3_last_insert_rowid(h->db)}, 2);
    db_bind(q, 1, a->domain);
    db_bind(q, 3, a->grade);
    db_bind(q, 4, a->findings);
    return db_run(q);
}
