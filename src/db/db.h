/* A SQLite file of ours: opened with care, migrated, shared by several processes. */
#ifndef MP_DB_DB_H
#define MP_DB_DB_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/str.h"

enum { DB_BUSY_MS = 5000, DB_PATH_BYTES = 4096 };

/* Static, but for `dir`. */
struct db_spec {
    const char *dir, *name; /* "DIR/history.db"; the directory is made, 0700 */
    const char *what;       /* kept there, for errors: "the history" */
    uint32_t application_id;
    const char *const *migrations; /* SQL from version i to i + 1 */
    int n_migrations;
    bool shrinks;      /* auto_vacuum = INCREMENTAL: only of a new file */
    bool move_damaged; /* aside, to "NAME.damaged-UNIXTIME"; a new one is begun */
};

/* A connection for writing: WAL, synchronous NORMAL, foreign files refused, all migrations done,
 * whoever else opens it at the same time. *moved (may be NULL): a damaged one was moved aside.
 * MP_E_IO: "DIR/NAME: what is wrong, what to do"; MP_E_NOMEM. */
int db_open(const struct db_spec *spec, sqlite3 **out, bool *moved, struct mp_err *err);
/* Another one, for reading alone, to a file that has been opened. */
int db_open_reader(const struct db_spec *spec, sqlite3 **out, struct mp_err *err);

/* The error that the connection has: MP_E_IO, MP_E_NOMEM, MP_E_TIMEOUT (interrupted). */
int db_fail(const struct db_spec *spec, sqlite3 *db, struct mp_err *err);
/* The same of a code that a call has given. */
int db_fail_code(const struct db_spec *spec, sqlite3 *db, int rc, struct mp_err *err);
bool db_is_damage(int rc); /* of SQLite: will not go away by itself */
/* Will go away by itself or by what an operator does: busy, full, read-only, no memory. */
bool db_is_passing(int rc);

int db_prepare(const struct db_spec *spec, sqlite3 *db, const char *sql, sqlite3_stmt **out,
               struct mp_err *err);
/* One step to its end, and reset. SQLITE_DONE or SQLITE_ROW: it went well. */
int db_run(sqlite3_stmt *st);

/* Borrowed until the statement has run; an empty one is '' and not NULL. */
void db_bind(sqlite3_stmt *st, int at, struct str text);
void db_bind_blob(sqlite3_stmt *st, int at, struct str bytes);
struct str db_text(sqlite3_stmt *st, int column); /* until the next step; never p == NULL */
/* Of a row that may be damaged: within [0, max], else 0. */
uint64_t db_u64(sqlite3_stmt *st, int column, uint64_t max);

#endif
