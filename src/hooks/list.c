/* What people see of the queue: endpoints, deliveries; and what they may do: try again. */
#include <stdio.h>

#include "base/clock.h"
#include "hooks/hooks_internal.h"

enum { PAGE_MAX = 1000 };

static int reader(struct hooks *h, const char *sql, sqlite3 **db, sqlite3_stmt **q,
                  struct mp_err *err)
{
    *db = NULL;
    *q = NULL;
    if (h == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "there are no webhooks: they are switched off");
    int st = db_open_reader(&h->spec, db, err);
    return st == MP_OK ? db_prepare(&h->spec, *db, sql, q, err) : st;
}

static int end(struct hooks *h, sqlite3 *db, sqlite3_stmt *q, int rc, struct mp_err *err)
{
    int st = rc == SQLITE_DONE || rc == SQLITE_ROW ? MP_OK : db_fail_code(&h->spec, db, rc, err);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return st;
}

/* ---- endpoints ---- */

static void read_endpoint(sqlite3_stmt *q, struct hook_endpoint_status *s)
{
    struct str reason = db_text(q, 7);
    s->disabled = sqlite3_column_int(q, 0) != 0;
    int64_t paused = sqlite3_column_int64(q, 1);
    s->paused_until_ms = paused > clock_wall_ms() ? paused : 0;
    s->sent = db_u64(q, 2, INT64_MAX);
    s->failed = db_u64(q, 3, INT64_MAX);
    s->lost = db_u64(q, 4, INT64_MAX);
    s->sent_ms = sqlite3_column_int64(q, 5);
    s->failed_ms = sqlite3_column_int64(q, 6);
    s->waiting = db_u64(q, 8, INT64_MAX);
    s->dead = db_u64(q, 9, INT64_MAX);
    snprintf(s->reason, sizeof s->reason, STR_FMT, STR_ARG(reason));
}

int hooks_endpoints(struct hooks *h, hook_endpoint_fn *fn, void *ctx, struct mp_err *err)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    int st = reader(h,
                    "SELECT disabled, paused_until_ms, sent, failed, lost, sent_ms, failed_ms,"
                    " reason, (SELECT count(*) FROM delivery WHERE endpoint = ?1 AND dead = 0),"
                    " (SELECT count(*) FROM delivery WHERE endpoint = ?1 AND dead = 1)"
                    " FROM endpoint WHERE name = ?1",
                    &db, &q, err);
    if (st != MP_OK) {
        sqlite3_close(db);
        return st;
    }
    for (size_t i = 0; i < h->config.n_endpoints; i++) {
        struct hook_endpoint_status s = {.name = h->config.endpoints[i].name};
        db_bind(q, 1, s.name);
        rc = sqlite3_step(q);
        if (rc == SQLITE_ROW)
            read_endpoint(q, &s);
        else if (rc != SQLITE_DONE)
            break;
        sqlite3_reset(q);
        rc = SQLITE_DONE;
        if (!fn(ctx, &s))
            break;
    }
    return end(h, db, q, rc, err);
}

/* ---- deliveries ---- */

int hooks_deliveries(struct hooks *h, struct str endpoint, bool dead, int64_t before_seq,
                     size_t limit, hook_delivery_fn *fn, void *ctx, struct mp_err *err)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    int rc = SQLITE_DONE;
    int st = reader(h,
                    "SELECT d.seq, ifnull(e.id, ''), d.endpoint, ifnull(e.type, ''), d.reason,"
                    " ifnull(e.time_ms, 0), d.next_ms, d.tries, d.status, d.dead FROM delivery d"
                    " LEFT JOIN event e ON e.seq = d.event WHERE (?1 = '' OR d.endpoint = ?1)"
                    " AND d.dead = ?2 AND (?3 = 0 OR d.seq < ?3) ORDER BY d.seq DESC LIMIT ?4",
                    &db, &q, err);
    if (st != MP_OK) {
        sqlite3_close(db);
        return st;
    }
    db_bind(q, 1, endpoint);
    sqlite3_bind_int64(q, 2, dead);
    sqlite3_bind_int64(q, 3, before_seq);
    sqlite3_bind_int64(q, 4, limit == 0 || limit > PAGE_MAX ? PAGE_MAX : (int64_t)limit);
    for (bool more = true; more && (rc = sqlite3_step(q)) == SQLITE_ROW;) {
        const struct hook_delivery d = {.seq = sqlite3_column_int64(q, 0),
                                        .id = str_slice(db_text(q, 1), 0, HOOKS_ID_BYTES),
                                        .endpoint =
                                            str_slice(db_text(q, 2), 0, HOOKS_NAME_MAX_BYTES),
                                        .type = str_slice(db_text(q, 3), 0, HOOKS_NAME_MAX_BYTES),
                                        .reason = str_slice(db_text(q, 4), 0, HOOKS_REASON_BYTES),
                                        .time_ms = sqlite3_column_int64(q, 5),
                                        .next_ms = sqlite3_column_int64(q, 6),
                                        .tries = (uint32_t)db_u64(q, 7, UINT32_MAX),
                                        .status = (uint32_t)db_u64(q, 8, 999),
                                        .dead = sqlite3_column_int(q, 9) != 0};
        more = fn(ctx, &d);
    }
    return end(h, db, q, rc, err);
}

/* ---- again ---- */

static const char *const retry_sql[] = {
    "UPDATE endpoint SET disabled = 0, paused_until_ms = 0, waiting = waiting +"
    " (SELECT count(*) FROM delivery d WHERE d.endpoint = name AND dead = 1)"
    " WHERE ?1 = '' OR name = ?1",
    "UPDATE delivery SET dead = 0, tries = 0, next_ms = 0, created_ms = ?2"
    " WHERE dead = 1 AND (?1 = '' OR endpoint = ?1)",
};

static int retry(struct hooks *h, struct str endpoint, uint64_t *n, struct mp_err *err)
{
    struct hooks_db *d = &h->send;
    int rc = db_run(d->sql[SQL_BEGIN]);
    for (size_t i = 0; rc == SQLITE_DONE && i < ARRAY_LEN(retry_sql); i++) {
        sqlite3_stmt *q;
        int st = db_prepare(&h->spec, d->db, retry_sql[i], &q, err);
        if (st != MP_OK)
            return st;
        db_bind(q, 1, endpoint);
        if (i == 1)
            sqlite3_bind_int64(q, 2, clock_wall_ms());
        rc = db_run(q);
        sqlite3_finalize(q);
    }
    *n = (uint64_t)sqlite3_changes(d->db);
    if (rc == SQLITE_DONE)
        rc = db_run(d->sql[SQL_COMMIT]);
    return rc == SQLITE_DONE ? MP_OK : db_fail_code(&h->spec, d->db, rc, err);
}

int hooks_retry(struct hooks *h, struct str endpoint, uint64_t *n, struct mp_err *err)
{
    uint64_t changed = 0;
    if (h == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "there are no webhooks: they are switched off");
    pthread_mutex_lock(&h->send_lock);
    int st = retry(h, endpoint, &changed, err);
    if (sqlite3_get_autocommit(h->send.db) == 0)
        db_run(h->send.sql[SQL_ROLLBACK]);
    memset(h->in_row, 0, sizeof h->in_row);
    pthread_mutex_unlock(&h->send_lock);
    if (st == MP_OK && n != NULL)
        *n = changed;
    return st;
}
