/* The tables, the writer's statements, the readers' connections. */
#include <stdio.h>

#include "base/clock.h"
#include "history/history_internal.h"

#define COLUMN(column, member) {#column, offsetof(struct mail_summary, member)},
const struct history_text history_texts[] = {HISTORY_TEXTS(COLUMN)};
#undef COLUMN
const size_t history_n_texts = ARRAY_LEN(history_texts);

/* ---- the schema: one step a version ---- */

/* By hours, and by days for the long view of the same. */
#define AUTH_TABLE(table, unit)                                                                    \
    "CREATE TABLE " table " (" unit " INT, domain TEXT, messages INT NOT NULL,"                    \
    " spf_pass INT NOT NULL, spf_fail INT NOT NULL, spf_aligned INT NOT NULL,"                     \
    " dkim_pass INT NOT NULL, dkim_fail INT NOT NULL, dkim_aligned INT NOT NULL,"                  \
    " dmarc_pass INT NOT NULL, dmarc_fail INT NOT NULL, dmarc_none INT NOT NULL,"                  \
    " arc_pass INT NOT NULL, arc_fail INT NOT NULL, PRIMARY KEY (" unit                            \
    ", domain)) WITHOUT ROWID;"
#define TEXT_COLUMN(column, member) ", " #column " TEXT NOT NULL"
const char *const history_migrations[HISTORY_SCHEMA] = {
    "CREATE TABLE message (seq INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INT NOT NULL,"
    " elapsed_us INT NOT NULL, has_mail_from INT NOT NULL, n_rcpt_to INT NOT NULL,"
    " size_bytes INT NOT NULL, action INT NOT NULL, done INT NOT NULL, complete INT NOT NULL,"
    " spf_aligned INT NOT NULL, dkim_aligned INT NOT NULL, testing INT NOT NULL,"
    " wants_reports INT NOT NULL,"
    " worst INT NOT NULL, client TEXT NOT NULL, rcpts TEXT NOT NULL" HISTORY_TEXTS(
        TEXT_COLUMN) ");"
                     /* Each index costs every mail: these serve the ways in which a mail is looked
                        for. */
                     "CREATE INDEX message_time ON message (time_ms);"
                     "CREATE INDEX message_scan ON message (id);"
                     "CREATE INDEX message_name ON message (message_id) WHERE message_id <> '';"
                     "CREATE INDEX message_client ON message (client, time_ms) WHERE client <> '';"
                     "CREATE INDEX message_done ON message (done, time_ms);"
                     "CREATE INDEX message_grave ON message (time_ms) WHERE worst >= 3;" /* SEV_HIGH
                                                                                          */
                     "CREATE TABLE finding (seq INT, n INT, name INT NOT NULL, severity INT NOT "
                     "NULL,"
                     " count INT NOT NULL, evidence TEXT NOT NULL, PRIMARY KEY (seq, n)) WITHOUT "
                     "ROWID;"
                     /* Found by id and by all that stands above it: "auth.dmarc.fail",
                        "auth.dmarc.*", "auth.*". */
                     "CREATE TABLE finding_of (name INT, time_ms INT, seq INT, PRIMARY KEY (name, "
                     "time_ms, seq))"
                     " WITHOUT ROWID;"
                     "CREATE TABLE name (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
                     "CREATE TABLE dkim (seq INT, n INT, domain TEXT NOT NULL, selector TEXT NOT "
                     "NULL,"
                     " result TEXT NOT NULL, PRIMARY KEY (seq, n)) WITHOUT ROWID;"
                     "CREATE TABLE domain_of (domain TEXT, time_ms INT, seq INT, roles INT NOT "
                     "NULL,"
                     " PRIMARY KEY (domain, time_ms, seq)) WITHOUT ROWID;"
                     "CREATE TABLE report (seq INTEGER PRIMARY KEY, time_ms INT NOT NULL, z BLOB "
                     "NOT NULL);"
                     "CREATE INDEX report_time ON report (time_ms);"
                     "CREATE TABLE body (seq INTEGER PRIMARY KEY, time_ms INT NOT NULL, z BLOB NOT "
                     "NULL);"
                     "CREATE INDEX body_time ON body (time_ms);"
                     /* Counts. */
                     "CREATE TABLE minute (minute INT, mode TEXT, done INT, messages INT NOT NULL,"
                     " incomplete INT NOT NULL, bytes INT NOT NULL, elapsed_us INT NOT NULL,"
                     " PRIMARY KEY (minute, mode, done)) WITHOUT ROWID;" AUTH_TABLE("hour_auth",
                                                                                    "hour")
                         AUTH_TABLE(
                             "day_auth",
                             "day") "CREATE TABLE hour_finding (hour INT, name INT, worst INT NOT "
                                    "NULL, messages "
                                    "INT NOT NULL,"
                                    " count INT NOT NULL, PRIMARY KEY (hour, name)) WITHOUT ROWID;"
                                    /* The monitor's. */
                                    "CREATE TABLE run (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
                                    "suite TEXT NOT NULL,"
                                    " name TEXT NOT NULL, time_ms INT NOT NULL, duration_ms INT "
                                    "NOT NULL, state "
                                    "INT NOT NULL,"
                                    " changed INT NOT NULL, before INT NOT NULL, text TEXT NOT "
                                    "NULL);"
                                    "CREATE INDEX run_case ON run (suite, name, seq);"
                                    "CREATE INDEX run_time ON run (time_ms);"
                                    "CREATE INDEX run_changed ON run (seq) WHERE changed = 1;"
                                    "CREATE TABLE run_last (suite TEXT, name TEXT, seq INT NOT "
                                    "NULL, state INT "
                                    "NOT NULL,"
                                    " PRIMARY KEY (suite, name)) WITHOUT ROWID;"
                                    "CREATE TABLE audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, "
                                    "domain TEXT NOT "
                                    "NULL,"
                                    " time_ms INT NOT NULL, grade TEXT NOT NULL, score INT NOT "
                                    "NULL, changed INT "
                                    "NOT NULL,"
                                    " before TEXT NOT NULL, findings TEXT NOT NULL);"
                                    "CREATE INDEX audit_domain ON audit (domain, seq);"
                                    "CREATE INDEX audit_time ON audit (time_ms);"
                                    "CREATE INDEX audit_changed ON audit (seq) WHERE changed = 1;"
                                    "CREATE TABLE audit_last (domain TEXT PRIMARY KEY, seq INT NOT "
                                    "NULL, grade "
                                    "TEXT NOT NULL,"
                                    " findings TEXT NOT NULL) WITHOUT ROWID;",
};

/* ---- the writer's statements ---- */

#define NAME(column, member)  ", " #column
#define PLACE(column, member) ", ?"
#define PLACES_15             "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define AGED(table, key, row)                                                                      \
    "DELETE FROM " table " WHERE (" row ") IN (SELECT " row " FROM " table " WHERE " key           \
    " < ?1 ORDER BY " key " LIMIT ?2)"
#define AUTH_COUNT(table, unit)                                                                    \
    "INSERT INTO " table " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"     \
    " ON CONFLICT (" unit ", domain) DO UPDATE SET messages = messages + 1,"                       \
    " spf_pass = spf_pass + ?3, spf_fail = spf_fail + ?4, spf_aligned = spf_aligned + ?5,"         \
    " dkim_pass = dkim_pass + ?6, dkim_fail = dkim_fail + ?7,"                                     \
    " dkim_aligned = dkim_aligned + ?8, dmarc_pass = dmarc_pass + ?9,"                             \
    " dmarc_fail = dmarc_fail + ?10, dmarc_none = dmarc_none + ?11,"                               \
    " arc_pass = arc_pass + ?12, arc_fail = arc_fail + ?13"
const char *const history_sql_texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_MESSAGE] = "INSERT INTO message (" HISTORY_NUMBERS HISTORY_TEXTS(
        NAME) ") VALUES (NULL, " PLACES_15 HISTORY_TEXTS(PLACE) ")",
    [SQL_FINDING] = "INSERT INTO finding VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_FINDING_OF] = "INSERT OR IGNORE INTO finding_of VALUES (?1, ?2, ?3)",
    [SQL_DKIM] = "INSERT INTO dkim VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_DOMAIN_OF] = "INSERT OR IGNORE INTO domain_of VALUES (?1, ?2, ?3, ?4)",
    [SQL_REPORT] = "INSERT OR REPLACE INTO report VALUES (?1, ?2, ?3)",
    [SQL_BODY] = "INSERT OR REPLACE INTO body VALUES (?1, ?2, ?3)",
    [SQL_NAME_ADD] = "INSERT INTO name (text) VALUES (?1)",
    [SQL_NAME] = "SELECT n FROM name WHERE text = ?1",
    [SQL_MINUTE] = "INSERT INTO minute VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)"
                   " ON CONFLICT (minute, mode, done) DO UPDATE SET messages = messages + 1,"
                   " incomplete = incomplete + ?4, bytes = bytes + ?5,"
                   " elapsed_us = elapsed_us + ?6",
    [SQL_HOUR_AUTH] = AUTH_COUNT("hour_auth", "hour"),
    [SQL_DAY_AUTH] = AUTH_COUNT("day_auth", "day"),
    [SQL_HOUR_FINDING] = "INSERT INTO hour_finding VALUES (?1, ?2, ?3, 1, ?4)"
                         " ON CONFLICT (hour, name) DO UPDATE SET messages = messages + 1,"
                         " count = count + ?4, worst = max(worst, ?3)",
    [SQL_RUN_LAST] = "SELECT state FROM run_last WHERE suite = ?1 AND name = ?2",
    [SQL_RUN] = "INSERT INTO run VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_RUN_LAST_SET] = "INSERT OR REPLACE INTO run_last VALUES (?1, ?2, ?3, ?4)",
    [SQL_AUDIT_LAST] = "SELECT grade, findings = ?2 FROM audit_last WHERE domain = ?1",
    [SQL_AUDIT] = "INSERT INTO audit VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_AUDIT_LAST_SET] = "INSERT OR REPLACE INTO audit_last VALUES (?1, ?2, ?3, ?4)",
    [SQL_OLDEST] = "SELECT seq, time_ms FROM message"
                   " WHERE time_ms < ?1 ORDER BY time_ms, seq LIMIT ?2",
    [SQL_DROP_MESSAGE] = "DELETE FROM message WHERE seq = ?1",
    [SQL_DROP_FINDINGS] = "DELETE FROM finding WHERE seq = ?1",
    [SQL_DROP_FINDING_OF] = "DELETE FROM finding_of WHERE name = ?1 AND time_ms = ?2 AND seq = ?3",
    [SQL_DROP_DKIM] = "DELETE FROM dkim WHERE seq = ?1",
    [SQL_DROP_DOMAIN_OF] = "DELETE FROM domain_of WHERE domain = ?1 AND time_ms = ?2 AND seq = ?3",
    [SQL_DROP_REPORT] = "DELETE FROM report WHERE seq = ?1",
    [SQL_DROP_BODY] = "DELETE FROM body WHERE seq = ?1",
    [SQL_AGED_REPORTS] = AGED("report", "time_ms", "seq"),
    [SQL_AGED_BODIES] = AGED("body", "time_ms", "seq"),
    [SQL_AGED_MINUTES] = AGED("minute", "minute", "minute, mode, done"),
    [SQL_AGED_AUTH] = AGED("hour_auth", "hour", "hour, domain"),
    [SQL_AGED_DAYS] = AGED("day_auth", "day", "day, domain"),
    [SQL_AGED_FINDINGS] = AGED("hour_finding", "hour", "hour, name"),
    [SQL_AGED_RUNS] = AGED("run", "time_ms", "seq"),
    [SQL_AGED_AUDITS] = AGED("audit", "time_ms", "seq"),
    [SQL_VACUUM] = "PRAGMA incremental_vacuum(500)",
    [SQL_USED] = "SELECT (SELECT page_count FROM pragma_page_count) -"
                 " (SELECT freelist_count FROM pragma_freelist_count),"
                 " (SELECT page_size FROM pragma_page_size),"
                 " (SELECT freelist_count FROM pragma_freelist_count)",
};

int history_db_open(struct history *h, struct mp_err *err)
{
    bool moved = false;
    h->spec = (struct db_spec){.dir = h->dir,
                               .name = "history.db",
                               .what = "the history",
                               .application_id = HISTORY_APPLICATION_ID,
                               .migrations = history_migrations,
                               .n_migrations = HISTORY_SCHEMA,
                               .shrinks = true,
                               .move_damaged = h->config.move_damaged};
    int st = db_open(&h->spec, &h->db, &moved, err);
    _Static_assert(SEV_HIGH == 3, "the index message_grave names it");
    for (int i = 0; st == MP_OK && i < SQL_COUNT; i++)
        st = db_prepare(&h->spec, h->db, history_sql_texts[i], &h->sql[i], err);
    struct reader own = {h, h->db, INT64_MAX, -1};
    if (st == MP_OK)
        st = mail_reader_open(&own, &h->victims, err);
    if (moved)
        snprintf(h->status.problem, sizeof h->status.problem,
                 "history.db was damaged: moved aside, begun anew");
    return st;
}

void history_db_close(struct history *h)
{
    for (int i = 0; i < HISTORY_READERS; i++)
        sqlite3_close(h->readers[i]);
    mail_reader_close(h->victims);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(h->sql[i]);
    sqlite3_close(h->db);
}

/* ---- readers ---- */

static int free_reader(const struct history *h)
{
    for (int i = 0; i < HISTORY_READERS; i++)
        if (!h->reader_busy[i])
            return i;
    return -1;
}

static void release(struct history *h, int i)
{
    pthread_mutex_lock(&h->reader_lock);
    h->reader_busy[i] = false;
    pthread_cond_signal(&h->reader_free);
    pthread_mutex_unlock(&h->reader_lock);
}

/* SQLite asks now and then whether to go on. */
static int is_late(void *arg)
{
    const struct reader *r = arg;
    return clock_mono_us() > r->until_us;
}

int reader_fail(const struct reader *r, struct mp_err *err)
{
    return db_fail(&r->h->spec, r->db, err);
}

int reader_take(struct history *h, struct reader *r, struct mp_err *err)
{
    int i;
    if (h == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "there is no history: it is switched off");
    pthread_mutex_lock(&h->reader_lock);
    while ((i = free_reader(h)) < 0)
        pthread_cond_wait(&h->reader_free, &h->reader_lock);
    h->reader_busy[i] = true;
    pthread_mutex_unlock(&h->reader_lock);
    int st = h->readers[i] == NULL ? db_open_reader(&h->spec, &h->readers[i], err) : MP_OK;
    if (st == MP_OK) {
        *r = (struct reader){h, h->readers[i], clock_mono_us() + HISTORY_QUERY_MAX_MS * 1000LL, i};
        sqlite3_progress_handler(r->db, 10000, is_late, r);
        if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
            st = reader_fail(r, err);
    }
    if (st != MP_OK)
        release(h, i);
    return st;
}

void reader_give(struct reader *r)
{
    sqlite3_progress_handler(r->db, 0, NULL, NULL);
    if (sqlite3_get_autocommit(r->db) == 0)
        sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
    release(r->h, r->slot);
}

int reader_end(const struct reader *r, sqlite3_stmt *st, int rc, struct mp_err *err)
{
    int out = rc == SQLITE_DONE || rc == SQLITE_ROW ? MP_OK : reader_fail(r, err);
    sqlite3_finalize(st);
    return out;
}
