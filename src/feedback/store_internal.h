/* What the files of the store share: the connection, statements, values. */
#ifndef MP_FEEDBACK_STORE_INTERNAL_H
#define MP_FEEDBACK_STORE_INTERNAL_H

#include <pthread.h>

#include "db/db.h"
#include "feedback/feedback_store.h"

enum {
    FEEDBACK_SCHEMA = 1,
    FEEDBACK_APPLICATION_ID = 0x4d506662, /* "MPfb" in the head of the file */
    FEEDBACK_SENT_KEEP_S = 400 * 86400,
    DAY_S = 86400
};

struct feedback_store {
    pthread_mutex_t lock;
    sqlite3 *db;
    char *dir; /* NULL: memory */
    struct db_spec spec;
    int64_t keep_s;
    size_t max_reports;
    bool read_only;
};

/* ---- store_db.c; all with the lock held, but for these two ---- */

void feedback_db_lock(struct feedback_store *s);
void feedback_db_unlock(struct feedback_store *s);

int feedback_db_fail(const struct feedback_store *s, struct mp_err *err);
int feedback_db_exec(struct feedback_store *s, const char *sql, struct mp_err *err);
int feedback_db_prepare(struct feedback_store *s, const char *sql, sqlite3_stmt **out,
                        struct mp_err *err);
/* BEGIN IMMEDIATE, refused where nothing may be written. */
int feedback_db_begin(struct feedback_store *s, struct mp_err *err);
/* COMMIT where `st` is MP_OK, else ROLLBACK; the status that holds. */
int feedback_db_end(struct feedback_store *s, int st, struct mp_err *err);
/* A statement without result, reset behind it. */
int feedback_db_step(struct feedback_store *s, sqlite3_stmt *q, struct mp_err *err);

void feedback_bind(sqlite3_stmt *q, int at, struct str text);
void feedback_bind_u64(sqlite3_stmt *q, int at, uint64_t v); /* INT64_MAX at most */
/* Copies; *failed is set without memory. */
struct str feedback_column(sqlite3_stmt *q, int at, struct arena *a, bool *failed);
uint64_t feedback_column_u64(sqlite3_stmt *q, int at); /* 0 for what is negative */

/* An address as it is stored and asked for; "" for none. */
struct str feedback_ip_text(const struct ip *ip, char room[IP_TEXT_MAX]);

#endif
