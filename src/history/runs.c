/* What the monitor found: runs of cases, audits of domains, and where they changed. */
#include <stdlib.h>

#include "history/history_internal.h"

/* Two tables with the same questions. */
struct kind {
    const char *columns, *table, *last; /* last: has the seq of the latest row of each */
};
static const struct kind run_kind = {"r.seq, r.suite, r.name, r.time_ms, r.duration_ms, r.state,"
                                     " r.changed, r.before, r.text",
                                     "run", "run_last"};
static const struct kind audit_kind = {"r.seq, r.domain, r.time_ms, r.grade, r.score, r.changed,"
                                       " r.before, r.findings",
                                       "audit", "audit_last"};

static const char *sql_of(const struct kind *k, const struct history_run_query *q, struct buf *b)
{
    buf_init(b, 2048);
    buf_addf(b,
             "SELECT %s FROM %s r WHERE r.time_ms >= ?1 AND (?2 = 0 OR r.time_ms < ?2)"
             " AND (?3 = 0 OR r.seq < ?3)",
             k->columns, k->table);
    if (k == &run_kind) {
        buf_addz(b, q->suite.n > 0 ? " AND r.suite = ?5" : "");
        buf_addz(b, q->name.n > 0 ? " AND r.name = ?6" : "");
    } else if (q->domain.n > 0) {
        buf_addz(b, " AND r.domain = ?5");
    }
    if (q->changes)
        buf_addz(b, " AND r.changed = 1");
    if (q->latest)
        buf_addf(b, " AND r.seq IN (SELECT seq FROM %s)", k->last);
    buf_addz(b, " ORDER BY r.seq DESC LIMIT ?4");
    buf_addc(b, '\0');
    return b->failed ? NULL : b->p;
}

static int prepare(const struct reader *r, const struct kind *k, const struct history_run_query *q,
                   sqlite3_stmt **out, struct mp_err *err)
{
    struct buf b;
    const char *sql = sql_of(k, q, &b);
    size_t limit = q->limit == 0 || q->limit > HISTORY_PAGE_MAX ? HISTORY_PAGE_MAX : q->limit;
    int st = sql == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a query")
                         : db_prepare(&r->h->spec, r->db, sql, out, err);
    buf_clear(&b);
    if (st != MP_OK)
        return st;
    sqlite3_bind_int64(*out, 1, q->from_ms);
    sqlite3_bind_int64(*out, 2, q->to_ms);
    sqlite3_bind_int64(*out, 3, q->before_seq);
    sqlite3_bind_int64(*out, 4, (int64_t)limit);
    struct str first = k == &run_kind ? q->suite : q->domain;
    if (first.n > 0)
        db_bind(*out, 5, first);
    if (k == &run_kind && q->name.n > 0)
        db_bind(*out, 6, q->name);
    return MP_OK;
}

static struct str text(sqlite3_stmt *q, int column, size_t max)
{
    return str_slice(db_text(q, column), 0, max);
}

int history_runs(struct history *h, const struct history_run_query *q, history_run_fn *fn,
                 void *ctx, struct mp_err *err)
{
    struct reader r;
    sqlite3_stmt *s;
    int rc = SQLITE_DONE, st = reader_take(h, &r, err);
    if (st != MP_OK)
        return st;
    st = prepare(&r, &run_kind, q, &s, err);
    bool more = st == MP_OK;
    while (more && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const struct history_run run = {.seq = sqlite3_column_int64(s, 0),
                                        .suite = text(s, 1, HISTORY_TEXT_MAX_BYTES),
                                        .name = text(s, 2, HISTORY_TEXT_MAX_BYTES),
                                        .time_ms = sqlite3_column_int64(s, 3),
                                        .duration_ms = sqlite3_column_int64(s, 4),
                                        .state =
                                            (enum history_run_state)db_u64(s, 5, HISTORY_UNDECIDED),
                                        .changed = sqlite3_column_int(s, 6) != 0,
                                        .before =
                                            (enum history_run_state)db_u64(s, 7, HISTORY_UNDECIDED),
                                        .text = text(s, 8, HISTORY_TEXT_MAX_BYTES)};
        more = fn(ctx, &run);
    }
    if (st == MP_OK)
        st = reader_end(&r, s, rc, err);
    reader_give(&r);
    return st;
}

int history_audits(struct history *h, const struct history_run_query *q, history_audit_fn *fn,
                   void *ctx, struct mp_err *err)
{
    struct reader r;
    sqlite3_stmt *s;
    int rc = SQLITE_DONE, st = reader_take(h, &r, err);
    if (st != MP_OK)
        return st;
    st = prepare(&r, &audit_kind, q, &s, err);
    bool more = st == MP_OK;
    while (more && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const struct history_audit audit = {.seq = sqlite3_column_int64(s, 0),
                                            .domain = text(s, 1, HISTORY_TEXT_MAX_BYTES),
                                            .time_ms = sqlite3_column_int64(s, 2),
                                            .grade = text(s, 3, HISTORY_NAME_BYTES),
                                            .score = (int32_t)sqlite3_column_int(s, 4),
                                            .changed = sqlite3_column_int(s, 5) != 0,
                                            .before = text(s, 6, HISTORY_NAME_BYTES),
                                            .findings = text(s, 7, HISTORY_AUDIT_MAX_BYTES)};
        more = fn(ctx, &audit);
    }
    if (st == MP_OK)
        st = reader_end(&r, s, rc, err);
    reader_give(&r);
    return st;
}
