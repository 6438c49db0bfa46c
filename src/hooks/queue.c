/* Deliveries: put, taken, done, tried again, dead. Codes of SQLite. */
#include <stdio.h>

#include "base/clock.h"
#include "crypto/hmac.h"
#include "hooks/hooks_internal.h"

static struct str name_of(const struct hooks *h, size_t endpoint)
{
    return h->config.endpoints[endpoint].name;
}

static int run_named(const struct hooks *h, struct hooks_db *d, enum hooks_sql which,
                     size_t endpoint)
{
    db_bind(d->sql[which], 1, name_of(h, endpoint));
    return db_run(d->sql[which]);
}

static void roll_back(struct hooks_db *d)
{
    if (sqlite3_get_autocommit(d->db) == 0)
        db_run(d->sql[SQL_ROLLBACK]);
}

/* ---- put: within the writer's transaction ---- */

static bool make_id(char id[HOOKS_ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[(HOOKS_ID_BYTES - 5) / 2];
    if (!crypto_random(bytes, sizeof bytes))
        return false;
    memcpy(id, "msg_", 4);
    for (size_t i = 0; i < sizeof bytes; i++) {
        id[4 + 2 * i] = digits[bytes[i] >> 4];
        id[5 + 2 * i] = digits[bytes[i] & 15];
    }
    id[4 + 2 * sizeof bytes] = '\0';
    return true;
}

static int put_delivery(struct hooks *h, int64_t event, size_t endpoint, int64_t now_ms)
{
    sqlite3_stmt *q = h->put.sql[SQL_DELIVERY];
    sqlite3_bind_int64(q, 1, event);
    db_bind(q, 2, name_of(h, endpoint));
    sqlite3_bind_int64(q, 3, now_ms);
    sqlite3_bind_int64(q, 4, HOOKS_WAITING_MAX);
    int rc = db_run(q);
    if (rc != SQLITE_DONE)
        return rc;
    bool taken = sqlite3_changes(h->put.db) > 0; /* else it is disabled, or has no room */
    return run_named(h, &h->put, taken ? SQL_WAITS : SQL_LOST, endpoint);
}

int queue_put(struct hooks *h, const struct waiting *w)
{
    char id[HOOKS_ID_BYTES];
    sqlite3_stmt *q = h->put.sql[SQL_EVENT];
    if (!make_id(id))
        return SQLITE_NOMEM;
    db_bind(q, 1, str_from(id));
    db_bind(q, 2, str_from(hook_type_name(w->type)));
    sqlite3_bind_int64(q, 3, w->time_ms);
    db_bind_blob(q, 4, w->payload);
    int rc = db_run(q);
    int64_t event = sqlite3_last_insert_rowid(h->put.db);
    for (size_t i = 0; rc == SQLITE_DONE && i < h->config.n_endpoints; i++)
        if ((w->endpoints >> i & 1) != 0)
            rc = put_delivery(h, event, i, clock_wall_ms());
    if (rc != SQLITE_DONE)
        return rc;
    sqlite3_bind_int64(h->put.sql[SQL_DROP_EVENT], 1, event); /* nobody took it */
    return db_run(h->put.sql[SQL_DROP_EVENT]);
}

/* ---- take ---- */

static bool read_job(sqlite3_stmt *q, struct arena *a, struct hook_job *out)
{
    *out = (struct hook_job){.seq = sqlite3_column_int64(q, 0),
                             .next_ms = sqlite3_column_int64(q, 1),
                             .created_ms = sqlite3_column_int64(q, 2),
                             .tries = (unsigned)db_u64(q, 3, 1000) + 1};
    struct str id = db_text(q, 4), payload = db_text(q, 5);
    /* What no code of ours has written is not sent: no header or signature may be broken by it. */
    out->is_gone = id.n != HOOKS_ID_BYTES - 1 || !str_starts(id, STR("msg_")) || payload.n == 0 ||
                   payload.n > HOOKS_PAYLOAD_MAX_BYTES;
    for (size_t i = 4; !out->is_gone && i < id.n; i++)
        out->is_gone = !is_alnum(id.p[i]);
    if (out->is_gone)
        return true;
    out->id = arena_copy(a, id);
    out->payload = arena_copy(a, payload);
    return out->id.p != NULL && out->payload.p != NULL;
}

static int64_t lease_ms(const struct hook_endpoint *e)
{
    return (e->timeout_ms != 0 ? e->timeout_ms : HOOKS_DEFAULT_TIMEOUT_MS) + HOOKS_LEASE_MS;
}

static int take(struct hooks *h, size_t endpoint, int64_t now_ms, struct arena *a,
                struct hook_job *out, bool *found)
{
    struct hooks_db *d = &h->send;
    sqlite3_stmt *q = d->sql[SQL_DUE];
    db_bind(q, 1, name_of(h, endpoint));
    sqlite3_bind_int64(q, 2, now_ms);
    int rc = sqlite3_step(q);
    bool any = rc == SQLITE_ROW, read = any && read_job(q, a, out);
    int reset = sqlite3_reset(q);
    if (!any)
        return rc == SQLITE_DONE ? rc : reset;
    if (!read)
        return SQLITE_NOMEM;
    q = d->sql[SQL_TAKE];
    sqlite3_bind_int64(q, 1, out->seq);
    sqlite3_bind_int64(q, 2, out->next_ms);
    sqlite3_bind_int64(q, 3, now_ms + lease_ms(&h->config.endpoints[endpoint]));
    rc = db_run(q);
    *found = rc == SQLITE_DONE && sqlite3_changes(d->db) > 0; /* else another process was first */
    return rc;
}

int queue_take(struct hooks *h, size_t endpoint, int64_t now_ms, struct arena *a,
               struct hook_job *out, bool *found)
{
    pthread_mutex_lock(&h->send_lock);
    *found = false;
    int rc = take(h, endpoint, now_ms, a, out, found);
    pthread_mutex_unlock(&h->send_lock);
    return rc;
}

int queue_give_back(struct hooks *h, const struct hook_job *job)
{
    pthread_mutex_lock(&h->send_lock);
    sqlite3_stmt *q = h->send.sql[SQL_GIVE_BACK];
    sqlite3_bind_int64(q, 1, job->seq);
    sqlite3_bind_int64(q, 2, job->next_ms);
    int rc = db_run(q);
    pthread_mutex_unlock(&h->send_lock);
    return rc;
}

/* ---- end ---- */

static int drop(struct hooks_db *d, int64_t seq)
{
    sqlite3_stmt *q = d->sql[SQL_DONE];
    sqlite3_bind_int64(q, 1, seq);
    int rc = sqlite3_step(q);
    int64_t event = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    while (rc == SQLITE_ROW)
        rc = sqlite3_step(q);
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        return rc;
    sqlite3_bind_int64(d->sql[SQL_DROP_EVENT], 1, event);
    return db_run(d->sql[SQL_DROP_EVENT]);
}

static int end_delivered(struct hooks *h, size_t endpoint, const struct hook_job *job,
                         int64_t now_ms)
{
    int rc = drop(&h->send, job->seq);
    sqlite3_bind_int64(h->send.sql[SQL_SENT], 2, now_ms);
    return rc == SQLITE_DONE ? run_named(h, &h->send, SQL_SENT, endpoint) : rc;
}

/* Of the dead the newest are kept. */
static int trim_dead(struct hooks *h, size_t endpoint)
{
    int rc = SQLITE_DONE;
    for (bool more = true; more && rc == SQLITE_DONE;) {
        sqlite3_stmt *q = h->send.sql[SQL_TRIM_DEAD];
        db_bind(q, 1, name_of(h, endpoint));
        sqlite3_bind_int64(q, 2, HOOKS_DEAD_MAX);
        rc = sqlite3_step(q);
        more = rc == SQLITE_ROW;
        int64_t seq = more ? sqlite3_column_int64(q, 0) : 0;
        sqlite3_reset(q);
        if (more)
            rc = drop(&h->send, seq);
    }
    return rc;
}

static int end_dead(struct hooks *h, size_t endpoint, const struct hook_job *job,
                    const struct hook_result *r)
{
    sqlite3_stmt *q = h->send.sql[SQL_DEAD];
    sqlite3_bind_int64(q, 1, job->seq);
    sqlite3_bind_int64(q, 2, r->status);
    db_bind(q, 3, r->reason);
    int rc = db_run(q);
    if (rc == SQLITE_DONE)
        rc = run_named(h, &h->send, SQL_NO_LONGER_WAITS, endpoint);
    return rc == SQLITE_DONE ? trim_dead(h, endpoint) : rc;
}

static int end_gone(struct hooks *h, size_t endpoint)
{
    int rc = run_named(h, &h->send, SQL_ALL_DEAD, endpoint);
    if (rc == SQLITE_DONE)
        rc = run_named(h, &h->send, SQL_GONE, endpoint);
    return rc == SQLITE_DONE ? trim_dead(h, endpoint) : rc;
}

static int end_again(struct hooks *h, const struct hook_job *job, const struct hook_result *r,
                     int64_t now_ms)
{
    sqlite3_stmt *q = h->send.sql[SQL_AGAIN];
    sqlite3_bind_int64(q, 1, job->seq);
    sqlite3_bind_int64(q, 2, now_ms + r->next.wait_ms);
    sqlite3_bind_int64(q, 3, r->status);
    db_bind(q, 4, r->reason);
    return db_run(q);
}

static int note_failure(struct hooks *h, size_t endpoint, const struct hook_result *r,
                        int64_t now_ms)
{
    sqlite3_stmt *q = h->send.sql[SQL_FAILED];
    sqlite3_bind_int64(q, 2, now_ms);
    db_bind(q, 3, r->reason);
    int rc = run_named(h, &h->send, SQL_FAILED, endpoint);
    if (rc != SQLITE_DONE || r->next.pause_ms == 0)
        return rc;
    sqlite3_bind_int64(h->send.sql[SQL_PAUSED], 2, now_ms + r->next.pause_ms);
    return run_named(h, &h->send, SQL_PAUSED, endpoint);
}

static int end(struct hooks *h, size_t endpoint, const struct hook_job *job,
               const struct hook_result *r, int64_t now_ms)
{
    int rc = db_run(h->send.sql[SQL_BEGIN]);
    if (rc == SQLITE_DONE && r->next.outcome != HOOK_DELIVERED)
        rc = note_failure(h, endpoint, r, now_ms);
    if (rc != SQLITE_DONE)
        return rc;
    switch (r->next.outcome) {
    case HOOK_DELIVERED:
        rc = end_delivered(h, endpoint, job, now_ms);
        break;
    case HOOK_AGAIN:
        rc = end_again(h, job, r, now_ms);
        break;
    case HOOK_DEAD:
        rc = end_dead(h, endpoint, job, r);
        break;
    case HOOK_GONE:
        rc = end_gone(h, endpoint);
        break;
    }
    return rc == SQLITE_DONE ? db_run(h->send.sql[SQL_COMMIT]) : rc;
}

int queue_end(struct hooks *h, size_t endpoint, const struct hook_job *job,
              const struct hook_result *r, int64_t now_ms)
{
    pthread_mutex_lock(&h->send_lock);
    int rc = end(h, endpoint, job, r, now_ms);
    roll_back(&h->send);
    pthread_mutex_unlock(&h->send_lock);
    return rc;
}
