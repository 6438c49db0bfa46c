/* What the files of room hooks share: the queue's inside, its statements, what an answer means. */
#ifndef MP_HOOKS_HOOKS_INTERNAL_H
#define MP_HOOKS_HOOKS_INTERNAL_H

#include <pthread.h>

#include "db/db.h"
#include "hooks/hooks.h"
#include "io/https.h"

enum {
    HOOKS_SCHEMA = 1,
    HOOKS_APPLICATION_ID = 0x4d507368, /* "MPsh" in the head of the file */
    HOOKS_BATCH = 256,                 /* events of one commit */
    HOOKS_TICK_MS = 1000,              /* between two looks for what is due, two tries of a disk */
    HOOKS_DEFAULT_TIMEOUT_MS = 15000,
    HOOKS_DEFAULT_CONCURRENT = 2,
    HOOKS_LEASE_MS = 30000, /* beyond the timeout: then whoever took a delivery is dead */
    HOOKS_SECRET_MIN = 24,
    HOOKS_SECRET_BYTES = 64,
    HOOKS_FINDINGS = 20, /* of a payload: "usually smaller than 20kb" */
    HOOKS_OLD_S = 5 * 86400
};

/* ---- judge.c: pure ---- */

/* What came of one try. */
struct hook_answer {
    enum https_fault fault;
    unsigned status;       /* 0: none came */
    int64_t retry_after_s; /* -1: not told */
};
enum hook_outcome { HOOK_DELIVERED, HOOK_AGAIN, HOOK_DEAD, HOOK_GONE };
struct hook_next {
    enum hook_outcome outcome;
    int64_t wait_ms;  /* HOOK_AGAIN */
    int64_t pause_ms; /* the endpoint gets nothing at all for so long; 0: no pause */
};
/* `tries`: this one included; `in_row`: failures of this endpoint without a success in between,
 * this one included; `chance`: any number; `percent`: of the schedule's times. */
struct hook_next hook_judge(const struct hook_answer *a, unsigned tries, unsigned in_row,
                            uint32_t chance, unsigned percent);

/* ---- endpoint.c ---- */

struct hook_subject {
    enum hook_type type;
    const struct mail_summary *mail; /* NULL: no mail */
    size_t finding;                  /* of mail, for HOOK_MAIL_FINDING */
};
bool hook_wants(const struct hook_endpoint *e, const struct hook_subject *s);

/* ---- sign.c ---- */

/* False: it is no "whsec_" with base64 of 24 to 64 bytes. */
bool hook_secret(struct str text, unsigned char out[HOOKS_SECRET_BYTES], size_t *n);

/* ---- payload.c ---- */

/* {"type":...,"timestamp":...,"data":...} */
void payload_write(struct buf *out, enum hook_type type, int64_t time_ms, struct str data);
void payload_mail(struct buf *out, const struct hooks_config *c, const struct hook_subject *s);

/* ---- the queue ---- */

struct waiting {
    struct waiting *next;
    size_t bytes;
    enum hook_type type;
    int64_t time_ms;
    uint64_t endpoints; /* one bit each */
    struct str payload; /* behind it */
};

enum hooks_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_EVENT,
    SQL_DELIVERY,
    SQL_WAITS,
    SQL_LOST,
    SQL_DROP_EVENT,
    SQL_DUE,
    SQL_TAKE,
    SQL_PAUSED,
    SQL_DONE,
    SQL_SENT,
    SQL_AGAIN,
    SQL_FAILED,
    SQL_DEAD,
    SQL_NO_LONGER_WAITS,
    SQL_TRIM_DEAD,
    SQL_GIVE_BACK,
    SQL_GONE,
    SQL_ALL_DEAD,
    SQL_COUNT
};

/* A connection with its statements; one thread at a time. */
struct hooks_db {
    sqlite3 *db;
    sqlite3_stmt *sql[SQL_COUNT];
};

struct hooks {
    struct hooks_config config;
    char *dir;
    struct db_spec spec;

    struct hooks_db put; /* the writer's alone */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* up to `status` */
    pthread_cond_t wake, tried;
    struct waiting *first, **last;
    bool closing;
    uint64_t queued_bytes, failures;
    struct hooks_status status;

    pthread_mutex_t send_lock; /* all below */
    struct hooks_db send;
    unsigned in_row[HOOKS_MAX_ENDPOINTS];
};

/* ---- schema.c ---- */

int hooks_db_open(struct hooks *h, struct mp_err *err); /* the file, and `put` */
int hooks_connect(struct hooks *h, struct hooks_db *out, struct mp_err *err);
void hooks_disconnect(struct hooks_db *d);
void hooks_note(struct hooks *h, const struct mp_err *err);

/* ---- queue.c: codes of SQLite ---- */

int queue_put(struct hooks *h, const struct waiting *w);

struct hook_job {
    int64_t seq, next_ms, created_ms;
    unsigned tries; /* this one included */
    struct str id, payload;
    bool is_gone; /* its event is not there */
};
/* The next delivery of an endpoint that is due; taken, so that nobody else sends it. *found false:
 * none, or it is paused or disabled. */
int queue_take(struct hooks *h, size_t endpoint, int64_t now_ms, struct arena *a,
               struct hook_job *out, bool *found);
/* What came of it. */
struct hook_result {
    struct hook_next next;
    unsigned status;
    struct str reason;
};
int queue_end(struct hooks *h, size_t endpoint, const struct hook_job *job,
              const struct hook_result *r, int64_t now_ms);
/* It was not sent after all. */
int queue_give_back(struct hooks *h, const struct hook_job *job);

#endif
