/* SQLite, a rival of the store: one table without row ids, filled in order in one transaction, and
 * one prepared statement over a mapped file. */
#include <sqlite3.h>

#include "bench/intel_bench.h"

static struct {
    sqlite3 *db;
    sqlite3_stmt *find;
    volatile char read;
} lite;

static void check(bool ok)
{
    if (!ok)
        bench_fail(sqlite3_errmsg(lite.db));
}

static void run(const char *sql)
{
    check(sqlite3_exec(lite.db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *s = NULL;
    check(sqlite3_prepare_v2(lite.db, sql, -1, &s, NULL) == SQLITE_OK);
    return s;
}

static void bind(sqlite3_stmt *s, int at, struct str text)
{
    check(sqlite3_bind_blob(s, at, text.p, (int)text.n, SQLITE_STATIC) == SQLITE_OK);
}

static void build(const char *path, const struct bench_item *items, size_t n)
{
    check(sqlite3_open(path, &lite.db) == SQLITE_OK);
    run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096;"
        "CREATE TABLE i(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID; BEGIN");
    sqlite3_stmt *put = prepare("INSERT INTO i VALUES(?1, ?2)");
    for (size_t i = 0; i < n; i++) {
        bind(put, 1, bench_key(&items[i]));
        bind(put, 2, bench_value(&items[i]));
        check(sqlite3_step(put) == SQLITE_DONE);
        sqlite3_reset(put);
    }
    sqlite3_finalize(put);
    run("COMMIT");
    sqlite3_close(lite.db);
}

static void open_it(const char *path)
{
    check(sqlite3_open_v2(path, &lite.db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
          SQLITE_OK);
    run("PRAGMA mmap_size=4294967296");
    lite.find = prepare("SELECT v FROM i WHERE k = ?1");
}

static void begin(void)
{
    run("BEGIN");
}

static bool find(struct str text)
{
    bind(lite.find, 1, text);
    bool found = sqlite3_step(lite.find) == SQLITE_ROW;
    if (found)
        lite.read = *(const char *)sqlite3_column_blob(lite.find, 0);
    sqlite3_reset(lite.find);
    return found;
}

static void end(void)
{
    run("COMMIT");
}

static void close_it(void)
{
    sqlite3_finalize(lite.find);
    sqlite3_close(lite.db);
}

const struct bench_rival bench_sqlite = {"SQLite", true, build, open_it,
                                         begin,    find, end,   close_it};
