/* The database of reports: its schema, connections, errors and values. */
#include <stdlib.h>

#include "feedback/store_internal.h"
#include "io/own_dir.h"

/* One step a version; a database of an older one gets the steps it lacks. */
static const char *const migrations[FEEDBACK_SCHEMA] = {
    "CREATE TABLE report (id INTEGER PRIMARY KEY, kind INT NOT NULL, org TEXT NOT NULL,"
    " report_id TEXT NOT NULL, domain TEXT NOT NULL, begin_s INT NOT NULL, end_s INT NOT NULL,"
    " received_s INT NOT NULL, digest BLOB NOT NULL, email TEXT, version TEXT, source TEXT,"
    " p TEXT, sp TEXT, np TEXT, adkim TEXT, aspf TEXT, fo TEXT, pct TEXT, testing TEXT,"
    " discovery TEXT, problems INT, messages INT, failed INT, passed INT, dkim_aligned INT,"
    " spf_aligned INT, quarantined INT, rejected INT,"
    " UNIQUE (kind, org, report_id, domain, begin_s, end_s));"
    "CREATE INDEX report_age ON report (received_s);"
    "CREATE INDEX report_domain ON report (domain, end_s);"
    "CREATE TABLE row (report INT NOT NULL, ip TEXT NOT NULL, count INT NOT NULL,"
    " disposition INT NOT NULL, dkim INT NOT NULL, spf INT NOT NULL, dkim_passed INT NOT NULL,"
    " spf_passed INT NOT NULL, header_from TEXT, envelope_from TEXT, envelope_to TEXT,"
    " reasons TEXT, dkim_results TEXT, spf_results TEXT, dkim_domain TEXT, spf_domain TEXT);"
    "CREATE INDEX row_report ON row (report);"
    "CREATE INDEX row_ip ON row (ip);"
    "CREATE TABLE tls (report INT NOT NULL, domain TEXT NOT NULL, policy_type TEXT,"
    " successful INT NOT NULL, failed INT NOT NULL);"
    "CREATE INDEX tls_report ON tls (report);"
    "CREATE TABLE tls_failure (report INT NOT NULL, domain TEXT NOT NULL, policy_type TEXT,"
    " failed INT NOT NULL, result_type TEXT, sending_ip TEXT, receiving_mx TEXT,"
    " receiving_ip TEXT, reason TEXT, info TEXT);"
    "CREATE INDEX tls_failure_report ON tls_failure (report);"
    "CREATE TABLE failure (report INT NOT NULL, time_s INT NOT NULL, type TEXT, auth_failure TEXT,"
    " delivery_result TEXT, mail_from_domain TEXT, from_domain TEXT, dkim_domain TEXT,"
    " dkim_selector TEXT, user_agent TEXT, ip TEXT NOT NULL, incidents INT NOT NULL);"
    "CREATE INDEX failure_report ON failure (report);"
    /* What was seen: a row of a day and domain, by the hash of what tells it from others. */
    "CREATE TABLE seen (day_s INT NOT NULL, domain TEXT NOT NULL, key BLOB NOT NULL,"
    " count INT NOT NULL, item BLOB NOT NULL, PRIMARY KEY (day_s, domain, key)) WITHOUT ROWID;"
    "CREATE TABLE seen_domain (day_s INT NOT NULL, domain TEXT NOT NULL, rows INT NOT NULL,"
    " messages INT NOT NULL, lost INT NOT NULL, last_s INT NOT NULL, published BLOB NOT NULL,"
    " PRIMARY KEY (day_s, domain)) WITHOUT ROWID;"
    "CREATE TABLE sent (day_s INT NOT NULL, domain TEXT NOT NULL, destination TEXT NOT NULL,"
    " report_id TEXT, sent_s INT NOT NULL, PRIMARY KEY (day_s, domain, destination))"
    " WITHOUT ROWID;",
};

/* ---- errors, statements, values ---- */

int feedback_db_fail(const struct feedback_store *s, struct mp_err *err)
{
    return db_fail(&s->spec, s->db, err);
}

int feedback_db_exec(struct feedback_store *s, const char *sql, struct mp_err *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? MP_OK
                                                                   : feedback_db_fail(s, err);
}

int feedback_db_prepare(struct feedback_store *s, const char *sql, sqlite3_stmt **out,
                        struct mp_err *err)
{
    return db_prepare(&s->spec, s->db, sql, out, err);
}

int feedback_db_begin(struct feedback_store *s, struct mp_err *err)
{
    if (s->read_only)
        return mp_fail(err, MP_E_USAGE, 0, "%s/%s: opened to be read only", s->spec.dir,
                       s->spec.name);
    return feedback_db_exec(s, "BEGIN IMMEDIATE", err);
}

int feedback_db_end(struct feedback_store *s, int st, struct mp_err *err)
{
    if (st == MP_OK)
        st = feedback_db_exec(s, "COMMIT", err);
    if (st != MP_OK)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

int feedback_db_step(struct feedback_store *s, sqlite3_stmt *q, struct mp_err *err)
{
    int rc = db_run(q);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? MP_OK : feedback_db_fail(s, err);
}

void feedback_bind(sqlite3_stmt *q, int at, struct str text)
{
    sqlite3_bind_text64(q, at, text.n == 0 ? "" : text.p, text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void feedback_bind_u64(sqlite3_stmt *q, int at, uint64_t v)
{
    sqlite3_bind_int64(q, at, v > INT64_MAX ? INT64_MAX : (sqlite3_int64)v);
}

struct str feedback_column(sqlite3_stmt *q, int at, struct arena *a, bool *failed)
{
    const char *p = (const char *)sqlite3_column_blob(q, at);
    int n = sqlite3_column_bytes(q, at);
    struct str s = arena_copy(a, str_make(p, p == NULL || n < 0 ? 0 : (size_t)n));
    *failed |= s.p == NULL;
    return s;
}

uint64_t feedback_column_u64(sqlite3_stmt *q, int at)
{
    sqlite3_int64 v = sqlite3_column_int64(q, at);
    return v < 0 ? 0 : (uint64_t)v;
}

struct str feedback_ip_text(const struct ip *ip, char room[IP_TEXT_MAX])
{
    return ip->family == IP_NONE ? STR("") : str_make(room, ip_write(ip, room));
}

void feedback_db_lock(struct feedback_store *s)
{
    pthread_mutex_lock(&s->lock);
}

void feedback_db_unlock(struct feedback_store *s)
{
    pthread_mutex_unlock(&s->lock);
}

/* ---- opening ---- */

static int open_memory(struct feedback_store *s, struct mp_err *err)
{
    int st = MP_OK;
    if (sqlite3_open_v2(":memory:", &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for reports");
    for (int v = 0; st == MP_OK && v < FEEDBACK_SCHEMA; v++)
        st = feedback_db_exec(s, migrations[v], err);
    return st;
}

/* Somebody else's file, or one of another form, answers nothing that we could read. */
static int open_reader(struct feedback_store *s, struct mp_err *err)
{
    const struct own_dir place = {s->spec.dir, s->spec.what};
    bool absent = false;
    int64_t head[2] = {0};
    static const char *const questions[] = {"PRAGMA application_id", "PRAGMA user_version"};
    int st = own_dir_check(&place, &absent, err);
    if (st == MP_OK && absent)
        st = mp_fail(err, MP_E_IO, 0, "%s: there is no such directory", s->spec.dir);
    if (st == MP_OK)
        st = db_open_reader(&s->spec, &s->db, err);
    for (size_t i = 0; st == MP_OK && i < ARRAY_LEN(questions); i++) {
        sqlite3_stmt *q = NULL;
        st = feedback_db_prepare(s, questions[i], &q, err);
        if (st == MP_OK && sqlite3_step(q) == SQLITE_ROW)
            head[i] = sqlite3_column_int64(q, 0);
        sqlite3_finalize(q);
    }
    if (st == MP_OK && (head[0] != FEEDBACK_APPLICATION_ID || head[1] != FEEDBACK_SCHEMA))
        st = mp_fail(err, MP_E_IO, 0, "%s/%s: no reports of this version of mailproof are in it",
                     s->spec.dir, s->spec.name);
    return st;
}

int feedback_store_open(const struct feedback_store_config *config, struct feedback_store **out,
                        struct mp_err *err)
{
    struct feedback_store *s = calloc(1, sizeof *s);
    if (s == NULL || (config->dir != NULL && (s->dir = strdup(config->dir)) == NULL)) {
        free(s);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for reports");
    }
    pthread_mutex_init(&s->lock, NULL);
    s->spec = (struct db_spec){.dir = s->dir != NULL ? s->dir : "memory",
                               .name = "feedback.db",
                               .what = "reports",
                               .application_id = FEEDBACK_APPLICATION_ID,
                               .migrations = migrations,
                               .n_migrations = FEEDBACK_SCHEMA};
    s->keep_s = config->keep_s > 0 ? config->keep_s : FEEDBACK_KEEP_S;
    s->max_reports = config->max_reports > 0 ? config->max_reports : FEEDBACK_STORE_MAX_REPORTS;
    s->read_only = config->read_only && s->dir != NULL;
    int st = s->dir == NULL ? open_memory(s, err)
             : s->read_only ? open_reader(s, err)
                            : db_open(&s->spec, &s->db, NULL, err);
    /* A mail that was read is deleted from its mailbox: then its report must last. */
    if (st == MP_OK && s->dir != NULL)
        st = feedback_db_exec(s, "PRAGMA synchronous = FULL", err);
    if (st == MP_OK)
        *out = s;
    else
        feedback_store_close(s);
    return st;
}

void feedback_store_close(struct feedback_store *s)
{
    if (s == NULL)
        return;
    sqlite3_close(s->db);
    pthread_mutex_destroy(&s->lock);
    free(s->dir);
    free(s);
}
