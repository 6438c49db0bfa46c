/* What goes by age and size: a little in each transaction, the oldest first. */
#include <stdio.h>

#include "base/clock.h"
#include "history/history_internal.h"

enum { DAY_MS = 86400000, MINUTE_MS = 60000, HOUR_MS = 3600000 };

struct victim {
    int64_t seq, time_ms;
};

static int drop_by_seq(struct history *h, enum history_sql which, int64_t seq)
{
    sqlite3_bind_int64(h->sql[which], 1, seq);
    return db_run(h->sql[which]);
}

/* ---- under which names and domains is it found? ---- */

static int drop_index(struct history *h, const struct victim *v, int64_t name)
{
    sqlite3_stmt *q = h->sql[SQL_DROP_FINDING_OF];
    sqlite3_bind_int64(q, 1, name);
    sqlite3_bind_int64(q, 2, v->time_ms);
    sqlite3_bind_int64(q, 3, v->seq);
    return db_run(q);
}

/* Number of a name that exists; 0: none. */
static int64_t name_number(struct history *h, struct str text)
{
    sqlite3_stmt *q = h->sql[SQL_NAME];
    db_bind(q, 1, text);
    int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    return n;
}

static int drop_names(struct history *h, const struct victim *v, struct str name)
{
    char room[HISTORY_NAME_BYTES + 2];
    int rc;
    do {
        rc = drop_index(h, v, name_number(h, name));
    } while (rc == SQLITE_DONE && history_wider(&name, room));
    return rc;
}

static int drop_domain(struct history *h, const struct victim *v, struct str domain)
{
    sqlite3_stmt *q = h->sql[SQL_DROP_DOMAIN_OF];
    db_bind(q, 1, domain);
    sqlite3_bind_int64(q, 2, v->time_ms);
    sqlite3_bind_int64(q, 3, v->seq);
    return db_run(q);
}

/* ---- mails ---- */

static int drop_mail(struct history *h, const struct victim *v)
{
    static const enum history_sql by_seq[] = {SQL_DROP_FINDINGS, SQL_DROP_DKIM, SQL_DROP_REPORT,
                                              SQL_DROP_BODY, SQL_DROP_MESSAGE};
    const struct history_message *m;
    struct domain_role roles[HISTORY_DOMAINS];
    bool found;
    int rc = SQLITE_DONE;
    if (mail_read(h->victims, v->seq, &m, &found, NULL) != MP_OK)
        return sqlite3_extended_errcode(h->db);
    arena_reset(&h->arena);
    size_t n = found ? history_domains(&h->arena, &m->s, roles) : 0;
    for (size_t i = 0; rc == SQLITE_DONE && i < n; i++)
        rc = drop_domain(h, v, roles[i].domain);
    for (size_t i = 0; found && rc == SQLITE_DONE && i < m->s.n_findings; i++)
        rc = drop_names(h, v, m->s.findings[i].id);
    for (size_t i = 0; rc == SQLITE_DONE && i < ARRAY_LEN(by_seq); i++)
        rc = drop_by_seq(h, by_seq[i], v->seq);
    h->dropped += rc == SQLITE_DONE;
    return rc;
}

/* The oldest before a time. */
static int drop_mails(struct history *h, int64_t before_ms, bool *more)
{
    struct victim victims[HISTORY_SWEEP];
    size_t n = 0;
    sqlite3_stmt *q = h->sql[SQL_OLDEST];
    sqlite3_bind_int64(q, 1, before_ms);
    sqlite3_bind_int64(q, 2, HISTORY_SWEEP);
    int rc = SQLITE_ROW;
    while (n < HISTORY_SWEEP && (rc = sqlite3_step(q)) == SQLITE_ROW)
        victims[n++] = (struct victim){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};
    sqlite3_reset(q);
    if (rc == SQLITE_ROW)
        rc = SQLITE_DONE;
    for (size_t i = 0; rc == SQLITE_DONE && i < n; i++)
        rc = drop_mail(h, &victims[i]);
    *more = *more || n == HISTORY_SWEEP;
    return rc;
}

/* ---- all that ages ---- */

static int64_t before(int64_t now_ms, uint32_t days, int64_t unit_ms)
{
    return days == 0 ? INT64_MIN : (now_ms - (int64_t)days * DAY_MS) / unit_ms;
}

static int drop_aged(struct history *h, int64_t now_ms, bool *more)
{
    const struct history_config *c = &h->config;
    const struct {
        enum history_sql which;
        int64_t before;
    } aged[] = {{SQL_AGED_REPORTS, before(now_ms, c->keep_reports, 1)},
                {SQL_AGED_BODIES, before(now_ms, c->keep_messages, 1)},
                {SQL_AGED_MINUTES, before(now_ms, c->keep_counts_days, MINUTE_MS)},
                {SQL_AGED_AUTH, before(now_ms, c->keep_counts_days, HOUR_MS)},
                {SQL_AGED_DAYS, before(now_ms, c->keep_counts_days, DAY_MS)},
                {SQL_AGED_FINDINGS, before(now_ms, c->keep_counts_days, HOUR_MS)},
                {SQL_AGED_RUNS, before(now_ms, c->keep_runs_days, 1)},
                {SQL_AGED_AUDITS, before(now_ms, c->keep_runs_days, 1)}};
    int rc = SQLITE_DONE;
    for (size_t i = 0; rc == SQLITE_DONE && i < ARRAY_LEN(aged); i++) {
        sqlite3_stmt *q = h->sql[aged[i].which];
        if (aged[i].before == INT64_MIN)
            continue;
        sqlite3_bind_int64(q, 1, aged[i].before);
        sqlite3_bind_int64(q, 2, HISTORY_SWEEP);
        rc = db_run(q);
        *more = *more || sqlite3_changes(h->db) >= HISTORY_SWEEP;
    }
    return rc;
}

struct sizes {
    int64_t used, page, free;
};

static int look_at_size(struct history *h, struct sizes *out)
{
    sqlite3_stmt *q = h->sql[SQL_USED];
    int rc = sqlite3_step(q);
    *out = (struct sizes){sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1),
                          sqlite3_column_int64(q, 2)};
    sqlite3_reset(q);
    pthread_mutex_lock(&h->lock);
    h->status.bytes = (uint64_t)(out->used * out->page);
    pthread_mutex_unlock(&h->lock);
    return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

static int step(struct history *h, int64_t now_ms, bool *more)
{
    struct sizes sizes;
    int rc = look_at_size(h, &sizes);
    uint64_t max = h->config.max_bytes;
    if (rc == SQLITE_DONE && h->config.keep_days > 0)
        rc = drop_mails(h, before(now_ms, h->config.keep_days, 1), more);
    if (rc == SQLITE_DONE && max > 0 && (uint64_t)(sizes.used * sizes.page) > max)
        rc = drop_mails(h, INT64_MAX, more);
    if (rc == SQLITE_DONE)
        rc = drop_aged(h, now_ms, more);
    /* What is free is used again; when it is most of the file, some goes back. */
    if (rc == SQLITE_DONE && sizes.free > sizes.used && sizes.free > HISTORY_VACUUM_PAGES) {
        while ((rc = sqlite3_step(h->sql[SQL_VACUUM])) == SQLITE_ROW)
            ;
        sqlite3_reset(h->sql[SQL_VACUUM]);
    }
    return rc;
}

static void note(struct history *h, int rc)
{
    struct mp_err err;
    if (rc != SQLITE_DONE)
        db_fail_code(&h->spec, h->db, rc, &err);
    pthread_mutex_lock(&h->lock);
    if (rc == SQLITE_DONE) {
        h->status.deleted += h->dropped;
    } else {
        h->status.failures++;
        h->status.failed_ms = clock_wall_ms();
        snprintf(h->status.problem, sizeof h->status.problem, "%s", err.text);
    }
    pthread_mutex_unlock(&h->lock);
}

int retention_step(struct history *h, int64_t now_ms, bool *more)
{
    *more = false;
    h->dropped = 0;
    int rc = db_run(h->sql[SQL_BEGIN]);
    if (rc == SQLITE_DONE)
        rc = step(h, now_ms, more);
    if (rc == SQLITE_DONE)
        rc = db_run(h->sql[SQL_COMMIT]);
    note(h, rc);
    if (sqlite3_get_autocommit(h->db) == 0)
        db_run(h->sql[SQL_ROLLBACK]);
    return rc;
}
