/* The database: its schema and settings, the writer's statements, connections for readers. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/store_internal.h"

/* ---- the schema: one step a version; a database of an older one gets the steps it lacks ---- */

static const char *const migrations[STORE_SCHEMA] = {
    "CREATE TABLE delivery (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, outcome INT NOT NULL,"
    " received_ms INT NOT NULL, seen INT NOT NULL, size_bytes INT NOT NULL,"
    " stored_bytes INT NOT NULL, n_attachments INT NOT NULL, in_file INT NOT NULL,"
    " client_port INT NOT NULL, reply_code INT NOT NULL, rcpts BLOB NOT NULL, inbox TEXT NOT NULL,"
    " message_id TEXT, subject TEXT, from_text TEXT, to_text TEXT, tag TEXT, snippet TEXT,"
    " mail_from TEXT, helo TEXT, client_ip TEXT, listener TEXT, protocol TEXT, auth_user TEXT,"
    " tls_version TEXT, tls_cipher TEXT, tls_sni TEXT, mail_params TEXT, stage TEXT,"
    " reply_text TEXT);"
    /* Lists read rows by the thousand, bodies one by one. */
    "CREATE TABLE body (seq INTEGER PRIMARY KEY, raw BLOB, transcript TEXT);"
    /* Each index costs every delivery: these are short, or of few rows. */
    "CREATE INDEX delivery_age ON delivery (received_ms);"
    "CREATE INDEX delivery_attempt ON delivery (seq) WHERE outcome <> 0;"
    "CREATE INDEX delivery_inbox ON delivery (inbox) WHERE inbox <> '';"
    "CREATE TABLE inbox (id TEXT PRIMARY KEY, name TEXT, token_hash TEXT, created_ms INT,"
    " expires_ms INT, max_messages INT, script TEXT) WITHOUT ROWID;"
    "CREATE INDEX inbox_end ON inbox (expires_ms) WHERE expires_ms <> 0;"
    "CREATE TABLE sent (tag TEXT PRIMARY KEY, raw BLOB, expires_ms INT);"
    "CREATE INDEX sent_end ON sent (expires_ms) WHERE expires_ms <> 0;"
    "CREATE TABLE last_seq (one INTEGER PRIMARY KEY, seq INT NOT NULL);"
    "INSERT INTO last_seq VALUES (1, 0);",
};

#define OLDEST(where) "SELECT seq FROM delivery " where " ORDER BY seq LIMIT ?1"
static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_INSERT] = row_insert,
    [SQL_INSERT_BODY] = "INSERT INTO body (seq, raw, transcript) VALUES (?1, ?2, ?3)",
    [SQL_DELETE] = "DELETE FROM delivery WHERE seq = ?1 AND (?2 = '' OR id = ?2)"
                   " RETURNING id, inbox, outcome, seen, stored_bytes, in_file",
    [SQL_DELETE_BODY] = "DELETE FROM body WHERE seq = ?1",
    [SQL_LAST_SEQ_SET] = "UPDATE last_seq SET seq = ?1",
    [SQL_SEEN] = "UPDATE delivery SET seen = ?1 WHERE seq = ?2 AND id = ?3 AND seen <> ?1"
                 " RETURNING outcome",
    [SQL_OLDEST_MESSAGES] = OLDEST("WHERE outcome = 0"),
    [SQL_OLDEST_ATTEMPTS] = OLDEST("WHERE outcome <> 0"),
    [SQL_OLDEST] = OLDEST(""),
    [SQL_AGED] = "SELECT seq FROM delivery WHERE received_ms < ?2 ORDER BY received_ms LIMIT ?1",
    [SQL_OF_INBOX] = "SELECT seq FROM delivery WHERE inbox = ?2 AND (?2 = '' OR inbox <> '')"
                     " LIMIT ?1",
    [SQL_INBOX_EXCESS] = "SELECT seq FROM delivery WHERE inbox = ?2 AND inbox <> ''"
                         " AND outcome = 0 ORDER BY seq DESC LIMIT ?1 OFFSET ?3",
    [SQL_INBOX_PUT] = "INSERT OR REPLACE INTO inbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_INBOX_DELETE] = "DELETE FROM inbox WHERE id = ?1",
    [SQL_INBOX_LIMIT] = "SELECT max_messages FROM inbox WHERE id = ?1 AND max_messages <> 0",
    [SQL_INBOX_EXPIRED] = "SELECT id FROM inbox WHERE expires_ms <> 0 AND expires_ms <= ?1"
                          " ORDER BY expires_ms LIMIT 1",
    [SQL_SENT_PUT] = "INSERT OR REPLACE INTO sent VALUES (?1, ?2, ?3)",
    [SQL_SENT_EXPIRED] = "DELETE FROM sent WHERE expires_ms <> 0 AND expires_ms <= ?1",
    [SQL_SENT_EXCESS] = "DELETE FROM sent WHERE rowid IN"
                        " (SELECT rowid FROM sent ORDER BY rowid DESC LIMIT -1 OFFSET ?1)",
};

/* ---- errors and values ---- */

static const char *place(const struct store *s)
{
    return s->dir == NULL ? "memory" : s->dir;
}

int store_db_fail(const struct store *s, sqlite3 *db, struct mp_err *err)
{
    int code = sqlite3_errcode(db);
    switch (code) {
    case SQLITE_NOMEM:
        return mp_fail(err, MP_E_NOMEM, code, "%s: no memory for the store", place(s));
    case SQLITE_FULL:
        return mp_fail(err, MP_E_IO, code, "%s: no space left: free some, or lower the retention",
                       place(s));
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return mp_fail(err, MP_E_IO, code,
                       "%s/store.db: damaged, or no database of mailproof (%s): move it away, or "
                       "put a copy in its place",
                       place(s), sqlite3_errmsg(db));
    default:
        return mp_fail(err, MP_E_IO, code, "%s/store.db: %s (SQLite %d)", place(s),
                       sqlite3_errmsg(db), sqlite3_extended_errcode(db));
    }
}

int store_db_prepare(const struct store *s, sqlite3 *db, const char *sql, sqlite3_stmt **out,
                     struct mp_err *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
        return MP_OK;
    return store_db_fail(s, db, err);
}

int store_db_run(struct store *s, enum store_sql which, struct mp_err *err)
{
    int rc = sqlite3_step(s->sql[which]);
    int st = rc == SQLITE_DONE || rc == SQLITE_ROW ? MP_OK : store_db_fail(s, s->db, err);
    sqlite3_reset(s->sql[which]);
    return st;
}

void store_db_bind(sqlite3_stmt *st, int at, struct str text)
{
    sqlite3_bind_text64(st, at, text.n == 0 ? "" : text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
}

struct str store_db_text(sqlite3_stmt *st, int column)
{
    const char *p = (const char *)sqlite3_column_blob(st, column);
    int n = sqlite3_column_bytes(st, column);
    return str_make(p == NULL ? "" : p, p == NULL || n < 0 ? 0 : (size_t)n);
}

/* ---- opening ---- */

static int exec(const struct store *s, sqlite3 *db, const char *sql, struct mp_err *err)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? MP_OK : store_db_fail(s, db, err);
}

static int number(const struct store *s, sqlite3 *db, const char *sql, int64_t *out,
                  struct mp_err *err)
{
    sqlite3_stmt *q;
    int st = store_db_prepare(s, db, sql, &q, err);
    if (st != MP_OK)
        return st;
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    else
        st = store_db_fail(s, db, err);
    sqlite3_finalize(q);
    return st;
}

static int connect_to(struct store *s, sqlite3 **out, struct mp_err *err)
{
    enum { PATH_MAX_BYTES = 4096 };
    char path[PATH_MAX_BYTES] = ":memory:";
    sqlite3 *db = NULL;
    if (s->dir != NULL && snprintf(path, sizeof path, "%s/store.db", s->dir) >= (int)sizeof path)
        return mp_fail(err, MP_E_IO, 0, "%s: the path is too long", s->dir);
    int rc =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL);
    int st = rc == SQLITE_OK ? MP_OK : store_db_fail(s, db, err);
    /* A database that we shall refuse must stay as it is. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(db, STORE_BUSY_MS);
    if (st == MP_OK && functions_add(s, db) != SQLITE_OK)
        st = store_db_fail(s, db, err);
    if (st != MP_OK)
        sqlite3_close(db);
    else
        *out = db;
    return st;
}

/* What is there is ours and of a version that we know? Nothing is written yet. */
static int check_version(const struct store *s, int64_t *version, struct mp_err *err)
{
    int64_t application, tables;
    int st = number(s, s->db, "PRAGMA user_version", version, err);
    if (st == MP_OK)
        st = number(s, s->db, "PRAGMA application_id", &application, err);
    if (st == MP_OK)
        st = number(s, s->db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (st != MP_OK)
        return st;
    if (tables != 0 && application != STORE_APPLICATION_ID)
        return mp_fail(err, MP_E_IO, 0,
                       "%s/store.db: a database of another program: choose another directory",
                       place(s));
    if (*version > STORE_SCHEMA)
        return mp_fail(err, MP_E_IO, *version,
                       "%s/store.db: written by a newer mailproof (schema %lld, this one knows "
                       "%d): use that one, or another directory",
                       place(s), (long long)*version, STORE_SCHEMA);
    return MP_OK;
}

static int migrate(struct store *s, int64_t version, struct mp_err *err)
{
    char sql[160];
    int st = MP_OK;
    if (version == 0) {
        snprintf(sql, sizeof sql, "PRAGMA page_size = %d; PRAGMA journal_mode = WAL",
                 STORE_PAGE_BYTES);
        st = exec(s, s->db, sql, err);
    }
    if (st != MP_OK || version == STORE_SCHEMA)
        return st;
    st = exec(s, s->db, "BEGIN IMMEDIATE", err);
    for (int64_t v = version < 0 ? 0 : version; st == MP_OK && v < STORE_SCHEMA; v++)
        st = exec(s, s->db, migrations[v], err);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             STORE_APPLICATION_ID, STORE_SCHEMA);
    return st == MP_OK ? exec(s, s->db, sql, err) : st;
}

static int load_totals(struct store *s, struct mp_err *err)
{
    sqlite3_stmt *q;
    int64_t expiring = 0;
    int st =
        store_db_prepare(s, s->db,
                         "SELECT ifnull(sum(outcome = 0), 0), ifnull(sum(outcome <> 0), 0),"
                         " ifnull(sum(stored_bytes), 0), ifnull(sum(outcome = 0 AND seen = 0), 0),"
                         " max(ifnull(max(seq), 0), (SELECT seq FROM last_seq)),"
                         " (SELECT count(*) FROM inbox) FROM delivery",
                         &q, err);
    if (st != MP_OK)
        return st;
    if (sqlite3_step(q) == SQLITE_ROW)
        s->totals = (struct totals){.messages = (uint64_t)sqlite3_column_int64(q, 0),
                                    .attempts = (uint64_t)sqlite3_column_int64(q, 1),
                                    .bytes = (uint64_t)sqlite3_column_int64(q, 2),
                                    .unseen = (uint64_t)sqlite3_column_int64(q, 3),
                                    .last_seq = sqlite3_column_int64(q, 4),
                                    .inboxes = (uint64_t)sqlite3_column_int64(q, 5)};
    else
        st = store_db_fail(s, s->db, err);
    sqlite3_finalize(q);
    if (st == MP_OK)
        st = number(s, s->db,
                    "SELECT (SELECT count(*) FROM inbox WHERE expires_ms <> 0) +"
                    " (SELECT count(*) FROM sent WHERE expires_ms <> 0)",
                    &expiring, err);
    s->expiring = expiring != 0 || s->config.max_age_s != 0;
    return st;
}

int store_db_open(struct store *s, struct mp_err *err)
{
    int64_t version = 0;
    int st = connect_to(s, &s->db, err);
    if (st == MP_OK)
        st = check_version(s, &version, err);
    if (st == MP_OK)
        st = migrate(s, version, err);
    if (st == MP_OK)
        st = exec(s, s->db,
                  "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                  "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
                  err);
    for (int i = 0; st == MP_OK && i < SQL_COUNT; i++)
        st = store_db_prepare(s, s->db, texts[i], &s->sql[i], err);
    if (st == MP_OK)
        st = load_totals(s, err);
    if (st == MP_OK)
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return st;
}

void store_db_close(struct store *s)
{
    for (int i = 0; i < STORE_READERS; i++)
        sqlite3_close(s->readers[i]);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(s->sql[i]);
    sqlite3_close(s->db);
}

/* ---- readers ---- */

static int reader_index(const struct store *s)
{
    for (int i = 0; i < STORE_READERS; i++)
        if (!s->reader_busy[i])
            return i;
    return -1;
}

static int connect_reader(struct store *s, sqlite3 **out, struct mp_err *err)
{
    sqlite3 *db;
    int st = connect_to(s, &db, err);
    if (st != MP_OK)
        return st;
    st = exec(s, db, "PRAGMA query_only = 1", err);
    if (st == MP_OK)
        *out = db;
    else
        sqlite3_close(db);
    return st;
}

int store_db_reader_take(struct store *s, sqlite3 **out, struct mp_err *err)
{
    int i, st = MP_OK;
    if (s->dir == NULL) {
        pthread_mutex_lock(&s->memory_lock);
        *out = s->db;
        return MP_OK;
    }
    pthread_mutex_lock(&s->lock);
    while ((i = reader_index(s)) < 0)
        pthread_cond_wait(&s->reader_free, &s->lock);
    s->reader_busy[i] = true;
    sqlite3 *db = s->readers[i];
    pthread_mutex_unlock(&s->lock);
    if (db == NULL)
        st = connect_reader(s, &db, err);
    pthread_mutex_lock(&s->lock);
    s->readers[i] = db;
    if (st != MP_OK) {
        s->reader_busy[i] = false;
        pthread_cond_signal(&s->reader_free);
    }
    pthread_mutex_unlock(&s->lock);
    *out = db;
    return st;
}

void store_db_reader_give(struct store *s, sqlite3 *db)
{
    if (s->dir == NULL) {
        pthread_mutex_unlock(&s->memory_lock);
        return;
    }
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < STORE_READERS; i++)
        if (s->readers[i] == db && s->reader_busy[i])
            s->reader_busy[i] = false;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->lock);
}
