/* Opening a SQLite file that several processes share: rights, head, migrations, damage. */
#include "db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/own_dir.h"

enum { OPEN_TRIES = 50, DB_PAGE_BYTES = 4096, DB_CACHE_KIB = 8192, DB_LOG_BYTES = 64 << 20 };

/* ---- errors ---- */

bool db_is_damage(int rc)
{
    return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

bool db_is_passing(int rc)
{
    static const int passing[] = {SQLITE_BUSY,  SQLITE_LOCKED,   SQLITE_FULL,     SQLITE_IOERR,
                                  SQLITE_NOMEM, SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PROTOCOL};
    for (size_t i = 0; i < ARRAY_LEN(passing); i++)
        if ((rc & 0xff) == passing[i])
            return true;
    return false;
}

static int fail(const struct db_spec *s, int rc, const char *text, struct mp_err *err)
{
    if ((rc & 0xff) == SQLITE_NOMEM)
        return mp_fail(err, MP_E_NOMEM, rc, "%s/%s: no memory for %s", s->dir, s->name, s->what);
    if ((rc & 0xff) == SQLITE_INTERRUPT)
        return mp_fail(err, MP_E_TIMEOUT, rc, "%s/%s: the question takes too long: ask for less",
                       s->dir, s->name);
    if ((rc & 0xff) == SQLITE_FULL)
        return mp_fail(err, MP_E_IO, rc, "%s/%s: no space left on the disk", s->dir, s->name);
    if (db_is_damage(rc))
        return mp_fail(err, MP_E_IO, rc,
                       "%s/%s: damaged, or no database (%s): move it away, or put a copy in its "
                       "place",
                       s->dir, s->name, text);
    return mp_fail(err, MP_E_IO, rc, "%s/%s: %s (SQLite %d)", s->dir, s->name, text, rc);
}

int db_fail(const struct db_spec *spec, sqlite3 *db, struct mp_err *err)
{
    return fail(spec, sqlite3_extended_errcode(db), sqlite3_errmsg(db), err);
}

int db_fail_code(const struct db_spec *spec, sqlite3 *db, int rc, struct mp_err *err)
{
    bool known = (sqlite3_errcode(db) & 0xff) == (rc & 0xff);
    return fail(spec, rc, known ? sqlite3_errmsg(db) : sqlite3_errstr(rc), err);
}

/* ---- statements ---- */

int db_prepare(const struct db_spec *spec, sqlite3 *db, const char *sql, sqlite3_stmt **out,
               struct mp_err *err)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
        return MP_OK;
    return db_fail(spec, db, err);
}

int db_run(sqlite3_stmt *st)
{
    int rc = sqlite3_step(st);
    int reset = sqlite3_reset(st); /* the extended code */
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? rc : reset != SQLITE_OK ? reset : rc;
}

void db_bind(sqlite3_stmt *st, int at, struct str text)
{
    sqlite3_bind_text64(st, at, text.n == 0 ? "" : text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
}

void db_bind_blob(sqlite3_stmt *st, int at, struct str bytes)
{
    sqlite3_bind_blob64(st, at, bytes.n == 0 ? "" : bytes.p, bytes.n, SQLITE_STATIC);
}

struct str db_text(sqlite3_stmt *st, int column)
{
    const char *p = (const char *)sqlite3_column_blob(st, column);
    int n = sqlite3_column_bytes(st, column);
    return p == NULL || n <= 0 ? STR("") : str_make(p, (size_t)n);
}

uint64_t db_u64(sqlite3_stmt *st, int column, uint64_t max)
{
    int64_t v = sqlite3_column_int64(st, column);
    return v < 0 || (uint64_t)v > max ? 0 : (uint64_t)v;
}

/* ---- the file ---- */

static int path_of(const struct db_spec *s, char path[DB_PATH_BYTES], struct mp_err *err)
{
    int n = snprintf(path, DB_PATH_BYTES, "%s/%s", s->dir, s->name);
    if (n > 0 && n < DB_PATH_BYTES - 32) /* room for what is put behind it */
        return MP_OK;
    return mp_fail(err, MP_E_IO, ENAMETOOLONG, "%s: the path is too long", s->dir);
}

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

/* Made by us, so that its rights are ours; SQLite gives the same ones to what it puts beside it.
 * One that exists is not opened: closing it again would take this process's locks of it away. */
static int check_file(const char *path, struct mp_err *err)
{
    struct stat sb;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        close(fd);
        return MP_OK;
    }
    if (errno != EEXIST || lstat(path, &sb) < 0)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    const char *why = refuse(&sb);
    return why == NULL ? MP_OK : mp_fail(err, MP_E_IO, 0, "%s: %s", path, why);
}

/* The log beside it must not be taken for that of the new file. It goes along, if it may. */
static bool move_aside(const char *path)
{
    char from[DB_PATH_BYTES + 8], to[DB_PATH_BYTES + 40];
    static const char *const parts[] = {"", "-wal", "-shm"};
    long long now_s = (long long)clock_wall_s();
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(from, sizeof from, "%s%s", path, parts[i]);
        snprintf(to, sizeof to, "%s.damaged-%lld%s", path, now_s, parts[i]);
        if (rename(from, to) < 0 && errno != ENOENT)
            return false;
    }
    return true;
}

/* ---- head and migrations ---- */

static int number(sqlite3 *db, const char *sql, int64_t *out)
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

struct head {
    int64_t application, version, tables;
};

static int read_head(sqlite3 *db, struct head *h)
{
    int rc = number(db, "SELECT count(*) FROM sqlite_schema", &h->tables);
    if (rc == SQLITE_OK)
        rc = number(db, "PRAGMA application_id", &h->application);
    return rc == SQLITE_OK ? number(db, "PRAGMA user_version", &h->version) : rc;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* The steps that it lacks, in one transaction; whoever is second finds nothing to do. */
static int migrate(const struct db_spec *s, sqlite3 *db, struct head *h)
{
    char end[128];
    int rc = run(db, "BEGIN IMMEDIATE");
    if (rc != SQLITE_OK)
        return rc;
    rc = read_head(db, h);
    bool ours = h->tables == 0 || h->application == s->application_id;
    bool todo = rc == SQLITE_OK && ours && h->version >= 0 && h->version < s->n_migrations;
    for (int64_t v = h->version; todo && rc == SQLITE_OK && v < s->n_migrations; v++)
        rc = run(db, s->migrations[v]);
    snprintf(end, sizeof end, "PRAGMA application_id = %lld; PRAGMA user_version = %d; COMMIT",
             (long long)s->application_id, s->n_migrations);
    if (todo && rc == SQLITE_OK)
        rc = run(db, end);
    if (sqlite3_get_autocommit(db) == 0)
        run(db, "ROLLBACK");
    return rc;
}

/* *foreign: why it is not for us. */
static int prepare_file(const struct db_spec *s, sqlite3 *db, const char **foreign)
{
    char sql[200];
    struct head h = {0};
    int rc = read_head(db, &h);
    if (rc == SQLITE_OK && h.tables == 0) {
        snprintf(sql, sizeof sql, "PRAGMA page_size = %d; PRAGMA auto_vacuum = %s;", DB_PAGE_BYTES,
                 s->shrinks ? "INCREMENTAL" : "NONE");
        rc = run(db, sql);
    }
    bool ours = h.tables == 0 || h.application == s->application_id;
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%d; PRAGMA journal_mode = WAL", DB_CACHE_KIB);
    if (rc == SQLITE_OK && ours)
        rc = run(db, sql);
    if (rc == SQLITE_OK && ours && h.version < s->n_migrations)
        rc = migrate(s, db, &h);
    if (h.tables != 0 && h.application != s->application_id)
        *foreign = "a database of another program: choose another directory";
    else if (h.version > s->n_migrations || h.version < 0)
        *foreign = "written by a newer mailproof: use that one, or another directory";
    return rc;
}

static int connect_to(const struct db_spec *s, const char *path, int flags, sqlite3 **out)
{
    char sql[300];
    int rc = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_extended_result_codes(*out, 1);
    sqlite3_busy_timeout(*out, DB_BUSY_MS);
    sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    snprintf(sql, sizeof sql,
             "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
             "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = OFF;"
             "PRAGMA journal_size_limit = %d;",
             DB_LOG_BYTES);
    (void)s;
    return run(*out, sql);
}

static int open_file(const struct db_spec *s, const char *path, sqlite3 **out, const char **foreign)
{
    int rc = SQLITE_BUSY;
    /* Several that begin at once make SQLite say "busy" at once, without waiting as told. */
    for (int i = 0; i < OPEN_TRIES && (rc & 0xff) == SQLITE_BUSY; i++) {
        if (i > 0)
            sqlite3_sleep(DB_BUSY_MS / OPEN_TRIES);
        sqlite3_close(*out);
        *out = NULL;
        rc = connect_to(s, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, out);
        if (rc == SQLITE_OK)
            rc = prepare_file(s, *out, foreign);
    }
    return rc;
}

static void once(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* a lock around each allocation */
}

int db_open(const struct db_spec *spec, sqlite3 **out, bool *moved, struct mp_err *err)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    char path[DB_PATH_BYTES];
    const struct own_dir place = {spec->dir, spec->what};
    const char *foreign = NULL;
    sqlite3 *db = NULL;
    bool aside = false;
    pthread_once(&configured, once);
    int st = path_of(spec, path, err);
    if (st == MP_OK)
        st = own_dir_make(&place, err);
    if (st == MP_OK)
        st = check_file(path, err);
    if (st != MP_OK)
        return st;
    int rc = open_file(spec, path, &db, &foreign);
    if (db_is_damage(rc) && spec->move_damaged) {
        sqlite3_close(db);
        db = NULL;
        aside = move_aside(path) && check_file(path, NULL) == MP_OK;
        if (aside)
            rc = open_file(spec, path, &db, &foreign);
    }
    if (rc != SQLITE_OK)
        st = fail(spec, rc, db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db), err);
    else if (foreign != NULL)
        st = mp_fail(err, MP_E_IO, 0, "%s: %s", path, foreign);
    if (st != MP_OK) {
        sqlite3_close(db);
        return st;
    }
    if (moved != NULL)
        *moved = aside;
    *out = db;
    return MP_OK;
}

int db_open_reader(const struct db_spec *spec, sqlite3 **out, struct mp_err *err)
{
    char path[DB_PATH_BYTES];
    sqlite3 *db = NULL;
    int st = path_of(spec, path, err);
    if (st != MP_OK)
        return st;
    /* Not read-only: the first reader after a crash has to put the log in order. */
    int rc = connect_to(spec, path, SQLITE_OPEN_READWRITE, &db);
    if (rc == SQLITE_OK)
        rc = run(db, "PRAGMA query_only = 1");
    if (rc == SQLITE_OK) {
        *out = db;
        return MP_OK;
    }
    st = fail(spec, rc, db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db), err);
    sqlite3_close(db);
    return st;
}
