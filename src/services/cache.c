/* The cache of answers: one connection under a lock, four statements, a damaged file set aside. */
#include "services/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "io/own_dir.h"

enum {
    CACHE_PATH_BYTES = 4096,
    CACHE_SCHEMA = 1,
    CACHE_APPLICATION_ID = 0x4d507373, /* "MPss" in the head of the file */
    CACHE_SWEEP_EVERY = 256,           /* answers kept between two looks at how many there are */
    CACHE_KEY_BYTES = 300,
    CACHE_TRIES = 25
};

enum cache_sql {
    SQL_GET,
    SQL_PUT,
    SQL_COUNT_ROWS,
    SQL_DROP_EXPIRED,
    SQL_DROP_OLDEST,
    SQL_QUOTA,
    SQL_QUOTA_ADD,
    SQL_PAUSE,
    SQL_COUNT
};

static const char *const texts[SQL_COUNT] = {
    [SQL_GET] = "SELECT outcome, malicious, suspicious, harmless, total, reports, seen_s,"
                " stored_s, expires_s, label, text FROM answer"
                " WHERE service = ?1 AND kind = ?2 AND value = ?3",
    [SQL_PUT] = "INSERT OR REPLACE INTO answer VALUES"
                " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SQL_COUNT_ROWS] = "SELECT count(*) FROM answer",
    [SQL_DROP_EXPIRED] = "DELETE FROM answer WHERE expires_s <= ?1",
    [SQL_DROP_OLDEST] = "DELETE FROM answer WHERE (service, kind, value) IN (SELECT service, kind,"
                        " value FROM answer ORDER BY stored_s LIMIT ?1)",
    [SQL_QUOTA] = "SELECT day, used, paused_until_s FROM quota WHERE service = ?1",
    /* A day that is over starts anew; counts are never below 0. */
    [SQL_QUOTA_ADD] =
        "INSERT INTO quota VALUES (?1, ?2, max(?3, 0), 0) ON CONFLICT (service)"
        " DO UPDATE SET used = max((CASE WHEN day = ?2 THEN used ELSE 0 END) + ?3, 0),"
        " day = ?2 RETURNING used",
    [SQL_PAUSE] = "INSERT INTO quota VALUES (?1, 0, 0, ?2) ON CONFLICT (service)"
                  " DO UPDATE SET paused_until_s = ?2",
};

static const char schema[] =
    "CREATE TABLE answer (service TEXT, kind TEXT, value TEXT, outcome TEXT, malicious INT,"
    " suspicious INT, harmless INT, total INT, reports INT, seen_s INT, stored_s INT,"
    " expires_s INT, label TEXT, text TEXT, PRIMARY KEY (service, kind, value)) WITHOUT ROWID;"
    "CREATE INDEX answer_age ON answer (stored_s);"
    "CREATE INDEX answer_end ON answer (expires_s);"
    "CREATE TABLE quota (service TEXT PRIMARY KEY, day INT, used INT, paused_until_s INT)"
    " WITHOUT ROWID;";

struct service_cache {
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *sql[SQL_COUNT];
    char path[CACHE_PATH_BYTES]; /* "": in memory */
    size_t max_rows;
    unsigned puts;
    char note[SERVICE_CACHE_NOTE_BYTES];
};

/* ---- the place ---- */

static int fail_path(const char *path, const char *why, struct mp_err *err)
{
    return mp_fail(err, MP_E_IO, 0, "%s: %s", path, why);
}

/* Who could write it could make malware known as good. */
static const char *refuse(const struct stat *sb)
{
    if (!S_ISREG(sb->st_mode))
        return "it is no file";
    if (sb->st_uid != geteuid() && sb->st_uid != 0)
        return "it belongs to somebody else";
    if ((sb->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "others can write it";
    return NULL;
}

/* Made by us, so that its rights are ours; SQLite gives the same ones to what it puts beside it. */
static int check_file(const char *path, struct mp_err *err)
{
    struct stat sb;
    int st = MP_OK, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 || fstat(fd, &sb) < 0)
        st = fail_path(path, strerror(errno), err);
    const char *why = st == MP_OK ? refuse(&sb) : NULL;
    if (why != NULL)
        st = fail_path(path, why, err);
    if (fd >= 0)
        close(fd);
    return st;
}

/* ---- the database ---- */

static void note(struct service_cache *c, const char *what)
{
    snprintf(c->note, sizeof c->note, "services.db: %s", what);
}

static bool is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

static void disconnect(struct service_cache *c)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(c->sql[i]);
        c->sql[i] = NULL;
    }
    sqlite3_close(c->db);
    c->db = NULL;
}

static int read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int64(q, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(q);
    return rc;
}

/* All of one moment: somebody else may be making the tables just now. */
static int read_head(sqlite3 *db, int64_t *application, int64_t *version, int64_t *tables)
{
    int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", tables);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA application_id", application);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA user_version", version);
    return rc == SQLITE_OK ? sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) : rc;
}

static int make_tables(sqlite3 *db)
{
    char sql[sizeof schema + 128];
    int64_t tables = 0;
    snprintf(sql, sizeof sql, "%s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             schema, CACHE_APPLICATION_ID, CACHE_SCHEMA);
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) /* somebody else may have been first */
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc != SQLITE_OK)
        return rc;
    return sqlite3_exec(db, tables != 0 ? "ROLLBACK" : sql, NULL, NULL, NULL);
}

/* A new file gets its tables; one of another program or of a later version is left alone. */
static int check_schema(struct service_cache *c, bool *is_foreign)
{
    int64_t application = 0, version = 0, tables = 0;
    int rc = read_head(c->db, &application, &version, &tables);
    if (rc != SQLITE_OK)
        return rc;
    *is_foreign = tables != 0 && (application != CACHE_APPLICATION_ID || version != CACHE_SCHEMA);
    return tables != 0 ? SQLITE_OK : make_tables(c->db);
}

static int connect_db(struct service_cache *c, bool *is_foreign)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(c->path[0] == '\0' ? ":memory:" : c->path, &c->db, flags, NULL);
    *is_foreign = false;
    sqlite3_busy_timeout(c->db, SERVICE_CACHE_BUSY_MS);
    if (rc == SQLITE_OK)
        rc = check_schema(c, is_foreign);
    if (rc == SQLITE_OK && !*is_foreign)
        rc = sqlite3_exec(c->db,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                          "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;"
                          "PRAGMA journal_size_limit = 4194304;",
                          NULL, NULL, NULL);
    for (int i = 0; rc == SQLITE_OK && !*is_foreign && i < SQL_COUNT; i++)
        rc = sqlite3_prepare_v3(c->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &c->sql[i], NULL);
    return rc;
}

/* What it cannot read it keeps for whoever wants to look; the log beside it must not be taken for
 * that of the new file. */
static bool set_aside(struct service_cache *c)
{
    char aside[CACHE_PATH_BYTES + 16];
    disconnect(c);
    if (c->path[0] == '\0')
        return true;
    snprintf(aside, sizeof aside, "%s.damaged", c->path);
    if (rename(c->path, aside) < 0)
        return false;
    snprintf(aside, sizeof aside, "%s-wal", c->path);
    unlink(aside);
    snprintf(aside, sizeof aside, "%s-shm", c->path);
    unlink(aside);
    note(c, "damaged, moved to services.db.damaged; begun anew");
    return check_file(c->path, NULL) == MP_OK;
}

/* Several that begin at once make SQLite say "busy" at once, without waiting as it is told to. */
static int connect_patiently(struct service_cache *c, bool *is_foreign)
{
    int rc = connect_db(c, is_foreign);
    for (int i = 0; i < CACHE_TRIES && (rc & 0xff) == SQLITE_BUSY; i++) {
        disconnect(c);
        sqlite3_sleep(SERVICE_CACHE_BUSY_MS / CACHE_TRIES);
        rc = connect_db(c, is_foreign);
    }
    return rc;
}

static int open_db(struct service_cache *c, struct mp_err *err)
{
    bool is_foreign = false;
    int rc = connect_patiently(c, &is_foreign);
    if (is_damage(rc) && set_aside(c))
        rc = connect_patiently(c, &is_foreign);
    if (rc == SQLITE_OK && is_foreign)
        return fail_path(c->path, "a database of another program or a newer mailproof", err);
    if (rc == SQLITE_NOMEM)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the cache of services");
    return rc == SQLITE_OK ? MP_OK : fail_path(c->path, sqlite3_errstr(rc), err);
}

int service_cache_open(const char *dir, size_t max_rows, struct service_cache **out,
                       struct mp_err *err)
{
    struct service_cache *c = calloc(1, sizeof *c);
    int st = MP_OK;
    if (c == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the cache of services");
    pthread_mutex_init(&c->lock, NULL);
    c->puts = CACHE_SWEEP_EVERY; /* many short runs keep a few answers each: the first one looks */
    c->max_rows = max_rows == 0 ? SERVICE_CACHE_MAX_ROWS : max_rows;
    if (dir != NULL) {
        const struct own_dir place = {dir, "answers of services"};
        int n = snprintf(c->path, sizeof c->path, "%s/services.db", dir);
        st = n > 0 && n < (int)sizeof c->path ? own_dir_make(&place, err)
                                              : fail_path(dir, "the path is too long", err);
        if (st == MP_OK)
            st = check_file(c->path, err);
    }
    if (st == MP_OK)
        st = open_db(c, err);
    if (st == MP_OK)
        *out = c;
    else
        service_cache_close(c);
    return st;
}

void service_cache_close(struct service_cache *c)
{
    if (c == NULL)
        return;
    disconnect(c);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* ---- statements ---- */

/* NULL: there is no database at the moment. */
static sqlite3_stmt *begin(struct service_cache *c, enum cache_sql which)
{
    pthread_mutex_lock(&c->lock);
    return c->sql[which];
}

/* After what the last step gave. A file that turns out to be damaged is replaced. */
static void end(struct service_cache *c, enum cache_sql which, int rc)
{
    bool is_foreign;
    if (c->sql[which] != NULL) {
        sqlite3_reset(c->sql[which]);
        sqlite3_clear_bindings(c->sql[which]);
    }
    if (is_damage(rc) && (!set_aside(c) || connect_db(c, &is_foreign) != SQLITE_OK)) {
        disconnect(c);
        note(c, "damaged, and cannot be begun anew: nothing is kept");
    } else if (!is_damage(rc) && rc != SQLITE_ROW && rc != SQLITE_DONE) {
        note(c, sqlite3_errstr(rc));
    }
    pthread_mutex_unlock(&c->lock);
}

static void bind(sqlite3_stmt *q, int at, struct str text)
{
    sqlite3_bind_text64(q, at, text.n == 0 ? "" : text.p, text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static struct str column(sqlite3_stmt *q, int at)
{
    const char *p = (const char *)sqlite3_column_blob(q, at);
    int n = sqlite3_column_bytes(q, at);
    return str_make(p == NULL ? "" : p, p == NULL || n < 0 ? 0 : (size_t)n);
}

static bool names_people(enum indicator_kind kind)
{
    return kind == INDICATOR_URL || kind == INDICATOR_EMAIL;
}

/* The three words of a key; false: this value cannot be one. */
static bool bind_key(sqlite3_stmt *q, const struct service_cache_key *key)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[DIGEST_MAX_BYTES];
    char text[CACHE_KEY_BYTES] = "sha256:";
    size_t n = strlen(text);
    if (names_people(key->kind) || key->value.n >= sizeof text) {
        if (!digest_once(DIGEST_SHA256, key->value, hash))
            return false;
        for (size_t i = 0; i < digest_bytes(DIGEST_SHA256); i++) {
            text[n++] = digits[hash[i] >> 4];
            text[n++] = digits[hash[i] & 15];
        }
        bind(q, 3, str_make(text, n));
    } else {
        bind(q, 3, key->value);
    }
    bind(q, 1, str_from(intel_service_name(key->service)));
    bind(q, 2, str_from(indicator_kind_name(key->kind)));
    return true;
}

/* ---- answers ---- */

static unsigned small(sqlite3_stmt *q, int at)
{
    int64_t v = sqlite3_column_int64(q, at);
    return v < 0 ? 0 : v > INT32_MAX ? INT32_MAX : (unsigned)v;
}

static bool read_word(sqlite3_stmt *q, int64_t now_s, struct service_word *w)
{
    int64_t stored = sqlite3_column_int64(q, 7), expires = sqlite3_column_int64(q, 8);
    int64_t reports = sqlite3_column_int64(q, 5);
    /* One from the future came from a clock that was wrong: its end cannot be believed either. */
    if (stored > now_s || expires <= now_s || !word_outcome_by_name(column(q, 0), &w->outcome))
        return false;
    w->malicious = small(q, 1);
    w->suspicious = small(q, 2);
    w->harmless = small(q, 3);
    w->total = small(q, 4);
    w->reports = reports < 0 ? 0 : (uint64_t)reports;
    w->seen_s = sqlite3_column_int64(q, 6);
    w->asked_s = stored;
    w->expires_s = expires;
    w->cached = true;
    word_label(w, column(q, 9));
    word_text(w, STR_FMT, STR_ARG(column(q, 10)));
    return true;
}

bool service_cache_get(struct service_cache *c, const struct service_cache_key *key, int64_t now_s,
                       struct service_word *out)
{
    struct service_word w = {.service = key->service};
    sqlite3_stmt *q = begin(c, SQL_GET);
    int rc = SQLITE_DONE;
    bool found = false;
    if (q != NULL && bind_key(q, key)) {
        rc = sqlite3_step(q);
        found = rc == SQLITE_ROW && read_word(q, now_s, &w);
    }
    end(c, SQL_GET, rc);
    if (found)
        *out = w;
    return found;
}

static int64_t count_rows(struct service_cache *c)
{
    sqlite3_stmt *q = c->sql[SQL_COUNT_ROWS];
    int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    return n;
}

static int drop(struct service_cache *c, enum cache_sql which, int64_t value)
{
    sqlite3_bind_int64(c->sql[which], 1, value);
    int rc = sqlite3_step(c->sql[which]);
    sqlite3_reset(c->sql[which]);
    return rc;
}

/* What has expired goes first; then the oldest, a tenth at once, so that this is rare. */
static int sweep(struct service_cache *c, int64_t now_s)
{
    size_t every = c->max_rows / 10 < CACHE_SWEEP_EVERY ? c->max_rows / 10 : CACHE_SWEEP_EVERY;
    if (c->puts++ < every)
        return SQLITE_DONE;
    c->puts = 0;
    if (count_rows(c) <= (int64_t)c->max_rows)
        return SQLITE_DONE;
    int rc = drop(c, SQL_DROP_EXPIRED, now_s);
    int64_t n = count_rows(c), max = (int64_t)c->max_rows;
    return rc == SQLITE_DONE && n > max ? drop(c, SQL_DROP_OLDEST, n - max + max / 10) : rc;
}

void service_cache_put(struct service_cache *c, const struct service_cache_key *key,
                       const struct service_word *w, int64_t now_s, int64_t expires_s)
{
    sqlite3_stmt *q = begin(c, SQL_PUT);
    int rc = SQLITE_DONE;
    if (q != NULL && bind_key(q, key)) {
        bind(q, 4, str_from(word_outcome_name(w->outcome)));
        sqlite3_bind_int64(q, 5, w->malicious);
        sqlite3_bind_int64(q, 6, w->suspicious);
        sqlite3_bind_int64(q, 7, w->harmless);
        sqlite3_bind_int64(q, 8, w->total);
        sqlite3_bind_int64(q, 9, (int64_t)(w->reports > INT64_MAX ? INT64_MAX : w->reports));
        sqlite3_bind_int64(q, 10, w->seen_s);
        sqlite3_bind_int64(q, 11, now_s);
        sqlite3_bind_int64(q, 12, expires_s);
        bind(q, 13, str_from(w->label));
        bind(q, 14, str_from(w->text));
        rc = sqlite3_step(q);
        sqlite3_reset(q);
        if (rc == SQLITE_DONE)
            rc = sweep(c, now_s);
    }
    end(c, SQL_PUT, rc);
}

uint64_t service_cache_rows(struct service_cache *c)
{
    sqlite3_stmt *q = begin(c, SQL_COUNT_ROWS);
    int rc = q == NULL ? SQLITE_DONE : sqlite3_step(q);
    int64_t n = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
    end(c, SQL_COUNT_ROWS, rc);
    return n < 0 ? 0 : (uint64_t)n;
}

/* ---- quota ---- */

bool service_cache_quota(struct service_cache *c, enum intel_service service,
                         struct service_quota *out)
{
    sqlite3_stmt *q = begin(c, SQL_QUOTA);
    int rc = SQLITE_DONE;
    if (q != NULL) {
        bind(q, 1, str_from(intel_service_name(service)));
        rc = sqlite3_step(q);
    }
    bool found = rc == SQLITE_ROW;
    if (found)
        *out = (struct service_quota){.day = sqlite3_column_int64(q, 0),
                                      .used = small(q, 1),
                                      .paused_until_s = sqlite3_column_int64(q, 2)};
    end(c, SQL_QUOTA, rc);
    return found;
}

bool service_cache_count(struct service_cache *c, enum intel_service service, int64_t day,
                         int delta, uint64_t *used)
{
    sqlite3_stmt *q = begin(c, SQL_QUOTA_ADD);
    int rc = SQLITE_DONE;
    bool counted = false;
    if (q != NULL) {
        bind(q, 1, str_from(intel_service_name(service)));
        sqlite3_bind_int64(q, 2, day);
        sqlite3_bind_int(q, 3, delta);
        rc = sqlite3_step(q);
        counted = rc == SQLITE_ROW;
        if (counted)
            *used = small(q, 0);
        while (rc == SQLITE_ROW) /* what RETURNING gives is written when it has ended */
            rc = sqlite3_step(q);
    }
    end(c, SQL_QUOTA_ADD, rc);
    return counted && rc == SQLITE_DONE;
}

void service_cache_pause(struct service_cache *c, enum intel_service service, int64_t until_s)
{
    sqlite3_stmt *q = begin(c, SQL_PAUSE);
    int rc = SQLITE_DONE;
    if (q != NULL) {
        bind(q, 1, str_from(intel_service_name(service)));
        sqlite3_bind_int64(q, 2, until_s);
        rc = sqlite3_step(q);
    }
    end(c, SQL_PAUSE, rc);
}

void service_cache_note(struct service_cache *c, char out[SERVICE_CACHE_NOTE_BYTES])
{
    pthread_mutex_lock(&c->lock);
    memcpy(out, c->note, sizeof c->note);
    pthread_mutex_unlock(&c->lock);
}
