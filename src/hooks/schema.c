/* The tables of the queue, connections and their statements. */
#include <stdio.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "hooks/hooks_internal.h"

static const char *const migrations[HOOKS_SCHEMA] = {
    "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
    " type TEXT NOT NULL, time_ms INT NOT NULL, payload BLOB NOT NULL);"
    "CREATE TABLE delivery (seq INTEGER PRIMARY KEY AUTOINCREMENT, event INT NOT NULL,"
    " endpoint TEXT NOT NULL, created_ms INT NOT NULL, next_ms INT NOT NULL, tries INT NOT NULL,"
    " status INT NOT NULL, reason TEXT NOT NULL, dead INT NOT NULL);"
    "CREATE INDEX delivery_due ON delivery (endpoint, next_ms) WHERE dead = 0;"
    "CREATE INDEX delivery_dead ON delivery (endpoint, seq) WHERE dead = 1;"
    "CREATE INDEX delivery_event ON delivery (event);"
    /* place: a hash of the URL, which may hold a secret: at another one the name begins anew. */
    "CREATE TABLE endpoint (name TEXT PRIMARY KEY, place TEXT NOT NULL, disabled INT NOT NULL,"
    " paused_until_ms INT NOT NULL, waiting INT NOT NULL, sent INT NOT NULL, failed INT NOT NULL,"
    " lost INT NOT NULL, sent_ms INT NOT NULL, failed_ms INT NOT NULL, reason TEXT NOT NULL)"
    " WITHOUT ROWID;",
};

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_EVENT] = "INSERT INTO event VALUES (NULL, ?1, ?2, ?3, ?4)",
    [SQL_DELIVERY] = "INSERT INTO delivery SELECT NULL, ?1, ?2, ?3, 0, 0, 0, '', 0 FROM endpoint"
                     " WHERE name = ?2 AND disabled = 0 AND waiting < ?4",
    [SQL_WAITS] = "UPDATE endpoint SET waiting = waiting + 1 WHERE name = ?1",
    [SQL_LOST] = "UPDATE endpoint SET lost = lost + 1 WHERE name = ?1",
    [SQL_DROP_EVENT] = "DELETE FROM event WHERE seq = ?1 AND NOT EXISTS"
                       " (SELECT 1 FROM delivery WHERE event = ?1)",
    [SQL_DUE] = "SELECT d.seq, d.next_ms, d.created_ms, d.tries, e.id, e.payload FROM delivery d"
                " LEFT JOIN event e ON e.seq = d.event WHERE d.endpoint = ?1 AND d.dead = 0"
                " AND d.next_ms <= ?2 AND EXISTS (SELECT 1 FROM endpoint WHERE name = ?1"
                " AND disabled = 0 AND paused_until_ms <= ?2) ORDER BY d.next_ms LIMIT 1",
    [SQL_TAKE] = "UPDATE delivery SET next_ms = ?3, tries = tries + 1"
                 " WHERE seq = ?1 AND next_ms = ?2 AND dead = 0",
    [SQL_PAUSED] = "UPDATE endpoint SET paused_until_ms = ?2 WHERE name = ?1",
    [SQL_DONE] = "DELETE FROM delivery WHERE seq = ?1 RETURNING event",
    [SQL_SENT] = "UPDATE endpoint SET waiting = max(waiting - 1, 0), sent = sent + 1, sent_ms = ?2"
                 " WHERE name = ?1",
    [SQL_AGAIN] = "UPDATE delivery SET next_ms = ?2, status = ?3, reason = ?4 WHERE seq = ?1",
    [SQL_FAILED] = "UPDATE endpoint SET failed = failed + 1, failed_ms = ?2, reason = ?3"
                   " WHERE name = ?1",
    [SQL_DEAD] = "UPDATE delivery SET dead = 1, next_ms = 0, status = ?2, reason = ?3"
                 " WHERE seq = ?1",
    [SQL_NO_LONGER_WAITS] = "UPDATE endpoint SET waiting = max(waiting - 1, 0) WHERE name = ?1",
    [SQL_TRIM_DEAD] = "SELECT seq FROM delivery WHERE endpoint = ?1 AND dead = 1"
                      " ORDER BY seq DESC LIMIT 1 OFFSET ?2",
    [SQL_GIVE_BACK] = "UPDATE delivery SET next_ms = ?2, tries = max(tries - 1, 0)"
                      " WHERE seq = ?1 AND dead = 0",
    [SQL_GONE] = "UPDATE endpoint SET disabled = 1, waiting = 0 WHERE name = ?1",
    [SQL_ALL_DEAD] = "UPDATE delivery SET dead = 1, next_ms = 0, status = 410,"
                     " reason = 'the endpoint said 410 Gone' WHERE endpoint = ?1 AND dead = 0",
};

int hooks_connect(struct hooks *h, struct hooks_db *out, struct mp_err *err)
{
    bool moved = false;
    int st = db_open(&h->spec, &out->db, &moved, err);
    for (int i = 0; st == MP_OK && i < SQL_COUNT; i++)
        st = db_prepare(&h->spec, out->db, texts[i], &out->sql[i], err);
    if (moved)
        snprintf(h->status.problem, sizeof h->status.problem,
                 "hooks.db was damaged: moved aside, begun anew");
    return st;
}

void hooks_disconnect(struct hooks_db *d)
{
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(d->sql[i]);
    sqlite3_close(d->db);
    *d = (struct hooks_db){0};
}

/* One that has moved is another one: what the old place said does not hold for it. */
static const char known_sql[] =
    "INSERT INTO endpoint VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0, '') ON CONFLICT (name) DO UPDATE"
    " SET disabled = 0, paused_until_ms = 0, place = ?2 WHERE place <> ?2";

static int know(struct hooks *h, sqlite3_stmt *q, const struct hook_endpoint *e, struct mp_err *err)
{
    unsigned char hash[DIGEST_MAX_BYTES];
    struct arena a;
    arena_init(&a, 1024);
    struct str place = digest_once(DIGEST_SHA256, e->url, hash)
                           ? hex_encode(&a, str_make((const char *)hash, 16))
                           : STR_NONE;
    int st = place.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a webhook") : MP_OK;
    db_bind(q, 1, e->name);
    db_bind(q, 2, place);
    int rc = st == MP_OK ? db_run(q) : SQLITE_DONE;
    if (rc != SQLITE_DONE)
        st = db_fail_code(&h->spec, h->put.db, rc, err);
    arena_clear(&a);
    return st;
}

int hooks_db_open(struct hooks *h, struct mp_err *err)
{
    sqlite3_stmt *q = NULL;
    h->spec = (struct db_spec){.dir = h->dir,
                               .name = "hooks.db",
                               .what = "the queue of webhooks",
                               .application_id = HOOKS_APPLICATION_ID,
                               .migrations = migrations,
                               .n_migrations = HOOKS_SCHEMA,
                               .shrinks = true,
                               .move_damaged = h->config.move_damaged};
    int st = hooks_connect(h, &h->put, err);
    if (st == MP_OK)
        st = db_prepare(&h->spec, h->put.db, known_sql, &q, err);
    for (size_t i = 0; st == MP_OK && i < h->config.n_endpoints; i++)
        st = know(h, q, &h->config.endpoints[i], err);
    sqlite3_finalize(q);
    if (st == MP_OK)
        st = hooks_connect(h, &h->send, err);
    return st;
}

void hooks_note(struct hooks *h, const struct mp_err *err)
{
    pthread_mutex_lock(&h->lock);
    snprintf(h->status.problem, sizeof h->status.problem, "%s", err->text);
    pthread_mutex_unlock(&h->lock);
}
