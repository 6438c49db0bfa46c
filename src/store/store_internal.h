/* What the files of this room share: the store's inside, its statements, one transaction. */
#ifndef MP_STORE_STORE_INTERNAL_H
#define MP_STORE_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/store.h"

enum {
    STORE_SCHEMA = 1,
    STORE_APPLICATION_ID = 0x4d507374, /* "MPst" in the head of the database file */
    STORE_BATCH_MAX_BYTES = 16 << 20,  /* of one commit: more would let the first wait too long */
    STORE_BATCH_FILES = 64,            /* descriptors open at once */
    STORE_READERS = 4,                 /* connections for reading */
    STORE_SWEEP_MAX = 1000,            /* deliveries that retention deletes in one commit */
    STORE_TICK_MS = 1000,              /* how late age and expiry may be noticed */
    STORE_WAL_PAGES = 4000,            /* the log is copied into the database at this length */
    STORE_PAGE_BYTES = 8192,
    STORE_ARENA_BYTES = 512 << 20, /* what one commit may need beside the messages */
    STORE_BUSY_MS = 10000
};

/* The writer's statements; their texts are in db.c. */
enum store_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_INSERT,
    SQL_INSERT_BODY,
    SQL_DELETE,
    SQL_DELETE_BODY,
    SQL_LAST_SEQ_SET,
    SQL_SEEN,
    SQL_OLDEST_MESSAGES,
    SQL_OLDEST_ATTEMPTS,
    SQL_OLDEST,
    SQL_AGED,
    SQL_OF_INBOX,
    SQL_INBOX_EXCESS,
    SQL_INBOX_PUT,
    SQL_INBOX_DELETE,
    SQL_INBOX_LIMIT,
    SQL_INBOX_EXPIRED,
    SQL_SENT_PUT,
    SQL_SENT_EXPIRED,
    SQL_SENT_EXCESS,
    SQL_COUNT
};

struct totals {
    uint64_t messages, attempts, bytes, unseen, inboxes;
    int64_t last_seq;
};

/* Something for the writer's thread, in a transaction of its own. It may be run again when the disk
 * was full. */
typedef int store_run_fn(struct store *s, void *arg, struct mp_err *err);

/* What stands in the queue: a delivery, or a command that somebody waits for. */
struct work {
    struct work *next;
    size_t bytes;
    store_run_fn *run; /* NULL: a delivery */
    void *arg;
    bool frees; /* of a command: it may have the reserve */
    struct mp_err *err;
    bool finished; /* of a command; under the store's lock */
    store_done_fn *done;
    void *ctx;
    int status, fd; /* fd: of its file until that is synced, -1 */
    bool in_file;
    struct store_delivery d;
};

/* One thing to tell the watchers, or a file to be taken away, when the transaction has ended. */
struct told {
    enum store_event_kind kind;
    const struct store_delivery *added;
    struct str id, inbox;
    bool in_file; /* its file goes behind the commit */
};

/* The transaction at hand; the writer's thread only. */
struct change {
    struct arena arena;
    struct totals totals;
    struct told *told;
    size_t n_told, cap_told;
    bool changed;
};

struct store {
    char *dir; /* NULL: memory */
    int dir_fd, files_fd, lock_fd;
    bool has_reserve; /* the writer's thread only, like all up to `thread` */
    struct store_config config;

    sqlite3 *db; /* the writer's */
    sqlite3_stmt *sql[SQL_COUNT];
    struct change change;
    struct arena scratch; /* of one message */
    int64_t last_tick_ms;
    int wal_pages;
    bool expiring; /* something has an end */

    pthread_t thread;
    pthread_mutex_t lock; /* queue, totals, readers */
    pthread_cond_t wake, finished;
    struct work *first, **last;
    size_t queued_bytes;
    bool closing, running;
    struct totals totals;
    uint64_t commits;

    pthread_mutex_t memory_lock; /* without a directory all share the writer's connection */
    pthread_cond_t reader_free;
    sqlite3 *readers[STORE_READERS];
    bool reader_busy[STORE_READERS];

    pthread_mutex_t watch_lock; /* held while watchers are called */
    struct store_watch *watches;
};

/* ---- db.c: connections ---- */

/* "DIR/store.db: what SQLite says", MP_E_NOMEM or MP_E_IO. */
int store_db_fail(const struct store *s, sqlite3 *db, struct mp_err *err);
int store_db_open(struct store *s, struct mp_err *err);
void store_db_close(struct store *s);
int store_db_reader_take(struct store *s, sqlite3 **out, struct mp_err *err);
void store_db_reader_give(struct store *s, sqlite3 *db);
int store_db_prepare(const struct store *s, sqlite3 *db, const char *sql, sqlite3_stmt **out,
                     struct mp_err *err);
/* One of the writer's statements without result, and reset. */
int store_db_run(struct store *s, enum store_sql which, struct mp_err *err);
void store_db_bind(sqlite3_stmt *st, int at, struct str text);
struct str store_db_text(sqlite3_stmt *st, int column); /* until the next step */

/* ---- row.c: a delivery as a row ---- */

extern const char row_select_one[]; /* "... WHERE seq = ?1" */
extern const char row_insert[];
enum { ROW_FIXED = 12, ROW_TEXTS = 19, ROW_IN_FILE = 8 };

int row_put(struct store *s, const struct work *w, struct mp_err *err);
/* False: no memory. */
bool row_read(sqlite3_stmt *st, struct arena *a, struct store_delivery *out);
/* Recipients as "LENGTH:ADDRESS" one behind the other. */
bool rcpt_next(struct str *list, struct str *out);

void id_make(char id[STORE_ID_BYTES], int64_t seq);
bool id_seq(struct str id, int64_t *seq); /* false: none of ours */

/* ---- files.c: messages that are files ---- */

int files_open(struct store *s, struct mp_err *err);
int files_lock(struct store *s, struct mp_err *err);
int files_write(struct store *s, struct work *w, struct mp_err *err);
int files_sync(struct store *s, struct work *w, struct mp_err *err);
void files_remove(struct store *s, const char *id);
/* *found false: it is not there (any more). */
int files_read(struct store *s, const char *id, struct buf *out, bool *found, struct mp_err *err);
/* Those that no row speaks of. */
int files_sweep(struct store *s, struct mp_err *err);
/* Some space that is given up when the disk is full; taken again when there is some. */
void files_reserve(struct store *s);
void files_give_reserve(struct store *s);

/* ---- write.c: transactions of the writer ---- */

int change_begin(struct store *s, struct mp_err *err);
/* Ends it: `st` MP_OK commits, else takes all back. The status that holds. */
int change_end(struct store *s, int st, struct mp_err *err);
int change_tell(struct store *s, const struct told *t, struct mp_err *err);
/* Deletes one delivery; told, unless `quiet`. True in *gone when there was one. */
int change_delete(struct store *s, int64_t seq, struct str id, bool quiet, bool *gone,
                  struct mp_err *err);
void change_put(struct store *s, struct work *list);
/* Run `run` in the writer's thread, in its own transaction, and wait. The second: what deletes, and
 * has to work on a full disk. */
int store_command(struct store *s, store_run_fn *run, void *arg, struct mp_err *err);
int store_delete_command(struct store *s, store_run_fn *run, void *arg, struct mp_err *err);
void watch_tell(struct store *s);

/* ---- retention.c ---- */

int retention_apply(struct store *s, const struct work *list, struct mp_err *err);
/* Age and expiry. */
struct retention_tick {
    int64_t now_ms;
    bool more; /* there is more to do at once */
};
store_run_fn retention_tick;
/* An inbox's deliveries, with the event CLEARED. */
int retention_clear(struct store *s, struct str inbox, uint64_t *deleted, struct mp_err *err);

/* ---- query.c ---- */

/* Functions that our SQL uses. */
int functions_add(struct store *s, sqlite3 *db);

#endif
