/* What the files of room history share: the store's inside, its statements, entries, readers. */
#ifndef MP_HISTORY_HISTORY_INTERNAL_H
#define MP_HISTORY_HISTORY_INTERNAL_H

#include <pthread.h>
#include <zlib.h>

#include "db/db.h"
#include "history/history.h"

enum {
    HISTORY_SCHEMA = 1,
    HISTORY_APPLICATION_ID = 0x4d507379, /* "MPsy" in the head of the file */
    HISTORY_READERS = 4,
    HISTORY_TICK_MS = 1000,     /* between two looks at age and size, two tries of a full disk */
    HISTORY_SWEEP = 200,        /* rows of a table that retention deletes in one commit */
    HISTORY_VACUUM_PAGES = 500, /* given back to the file system in one tick */
    HISTORY_KEY_BYTES = 32,
    HISTORY_DOMAINS = 2 + SUMMARY_MAX_RCPTS + SUMMARY_MAX_SIGNATURES,
    HISTORY_ARENA_BYTES = 64 << 20, /* of one entry, beside its message */
    HISTORY_NAME_BYTES = 64,        /* id of a finding */
    HISTORY_DONE_OTHER = HISTORY_ACTIONS
};

/* The columns of table message that are texts: column, member of mail_summary. */
#define HISTORY_TEXTS(X)                                                                           \
    X(id, id)                                                                                      \
    X(mode, mode)                                                                                  \
    X(listener, listener)                                                                          \
    X(queue_id, queue_id)                                                                          \
    X(client_name, client_name)                                                                    \
    X(helo, helo)                                                                                  \
    X(tls, tls)                                                                                    \
    X(auth_user, auth_user)                                                                        \
    X(mail_from, mail_from)                                                                        \
    X(author, from)                                                                                \
    X(from_domain, from_domain)                                                                    \
    X(subject, subject)                                                                            \
    X(message_id, message_id)                                                                      \
    X(sha256, sha256)                                                                              \
    X(reply, reply)                                                                                \
    X(spf, spf)                                                                                    \
    X(spf_domain, spf_domain)                                                                      \
    X(spf_scope, spf_scope)                                                                        \
    X(arc, arc)                                                                                    \
    X(dmarc, dmarc)                                                                                \
    X(dmarc_domain, dmarc_domain)                                                                  \
    X(p, policy.p)                                                                                 \
    X(sp, policy.sp)                                                                               \
    X(np, policy.np)                                                                               \
    X(adkim, policy.adkim)                                                                         \
    X(aspf, policy.aspf)                                                                           \
    X(discovery, policy.discovery)                                                                 \
    X(disposition, policy.disposition)                                                             \
    X(override, policy.override)                                                                   \
    X(comment, policy.comment)                                                                     \
    X(signed_by, signed_by)

/* The others, in this order in front of them. */
#define HISTORY_NUMBERS                                                                            \
    "seq, time_ms, elapsed_us, has_mail_from, n_rcpt_to, size_bytes, action, done, complete, "     \
    "spf_aligned, dkim_aligned, testing, wants_reports, worst, client, rcpts"
enum { HISTORY_N_NUMBERS = 16 };

extern const struct history_text {
    const char *column;
    size_t at; /* of the struct str in mail_summary */
} history_texts[];
extern const size_t history_n_texts;

enum history_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_MESSAGE,
    SQL_FINDING,
    SQL_FINDING_OF,
    SQL_DKIM,
    SQL_DOMAIN_OF,
    SQL_REPORT,
    SQL_BODY,
    SQL_NAME_ADD,
    SQL_NAME,
    SQL_MINUTE,
    SQL_HOUR_AUTH,
    SQL_DAY_AUTH,
    SQL_HOUR_FINDING,
    SQL_RUN_LAST,
    SQL_RUN,
    SQL_RUN_LAST_SET,
    SQL_AUDIT_LAST,
    SQL_AUDIT,
    SQL_AUDIT_LAST_SET,
    SQL_OLDEST,
    SQL_DROP_MESSAGE,
    SQL_DROP_FINDINGS,
    SQL_DROP_FINDING_OF,
    SQL_DROP_DKIM,
    SQL_DROP_DOMAIN_OF,
    SQL_DROP_REPORT,
    SQL_DROP_BODY,
    SQL_AGED_REPORTS,
    SQL_AGED_BODIES,
    SQL_AGED_MINUTES,
    SQL_AGED_AUTH,
    SQL_AGED_DAYS,
    SQL_AGED_FINDINGS,
    SQL_AGED_RUNS,
    SQL_AGED_AUDITS,
    SQL_VACUUM,
    SQL_USED,
    SQL_COUNT
};
extern const char *const history_sql_texts[SQL_COUNT];

enum entry_kind { ENTRY_MAIL, ENTRY_RUN, ENTRY_AUDIT };

/* What waits for the writer; its texts stand behind it in the same allocation. */
struct entry {
    struct entry *next;
    enum entry_kind kind;
    size_t bytes;
    struct str wire, report, message; /* ENTRY_MAIL */
    struct history_run run;
    struct history_audit audit;
};

struct history {
    struct history_config config;
    char *dir;
    struct db_spec spec;
    unsigned char key[HISTORY_KEY_BYTES];

    /* The writer's alone. */
    sqlite3 *db;
    sqlite3_stmt *sql[SQL_COUNT];
    struct arena arena; /* of one entry */
    struct mail_summary summary;
    z_stream z; /* zero before the first document */
    bool has_z;
    struct buf packed;
    struct mail_reader *victims; /* of retention, on the writer's connection */
    int64_t ticked_us;
    uint64_t dropped; /* mails that retention deleted in this transaction */

    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t wake, tried;
    struct entry *first, **last;
    uint64_t tries; /* attempts to write that have ended, and looks with nothing to do */
    bool closing;
    struct history_status status;

    pthread_mutex_t reader_lock;
    pthread_cond_t reader_free;
    sqlite3 *readers[HISTORY_READERS];
    bool reader_busy[HISTORY_READERS];
};

/* ---- schema.c ---- */

extern const char *const history_migrations[HISTORY_SCHEMA];
int history_db_open(struct history *h, struct mp_err *err);
void history_db_close(struct history *h);

/* A reader, in a transaction: all its answers are of one moment. */
struct reader {
    struct history *h;
    sqlite3 *db;
    int64_t until_us;
    int slot; /* which of the readers it is */
};
int reader_take(struct history *h, struct reader *r, struct mp_err *err);
void reader_give(struct reader *r);
int reader_fail(const struct reader *r, struct mp_err *err);
/* What sqlite3_step said at the end of a loop; finalizes. */
int reader_end(const struct reader *r, sqlite3_stmt *st, int rc, struct mp_err *err);

/* ---- minimise.c ---- */

int history_key_load(struct history *h, struct mp_err *err);
/* What the config does not want kept, is out of it. False: no memory. */
bool history_minimise(const struct history *h, struct arena *a, struct mail_summary *s);
/* An address or login as it is written: itself, or hashed. p == NULL: no memory. */
struct str history_address(const struct history *h, struct arena *a, struct str address);

/* ---- write.c: within a transaction; codes of SQLite ---- */

int write_mail(struct history *h, const struct entry *e, int64_t now_ms);
int write_run(struct history *h, const struct history_run *r);
int write_audit(struct history *h, const struct history_audit *a);

/* The domains of a mail, each once, with its roles. */
struct domain_role {
    struct str domain;
    unsigned roles;
};
size_t history_domains(struct arena *a, const struct mail_summary *s,
                       struct domain_role out[HISTORY_DOMAINS]);
/* "auth.dmarc.fail", "auth.dmarc.*", "auth.*": the names under which a finding is found. The next
 * shorter one of `name`, false behind the last. `room` holds it. */
bool history_wider(struct str *name, char room[HISTORY_NAME_BYTES + 2]);

/* ---- retention.c ---- */

/* A little of what has to go, in a transaction of its own. *more: there is more at once. */
int retention_step(struct history *h, int64_t now_ms, bool *more);

/* ---- read.c ---- */

/* Reads mails by seq; on the heap, because a summary is large. */
struct mail_reader;
int mail_reader_open(struct reader *r, struct mail_reader **out, struct mp_err *err);
void mail_reader_close(struct mail_reader *m); /* accepts NULL */
/* *found false: it is gone. *out lives until the next one. */
int mail_read(struct mail_reader *m, int64_t seq, const struct history_message **out, bool *found,
              struct mp_err *err);
/* Unpack zlib; false: damaged, or longer than it may be. */
bool history_unpack(struct str packed, size_t max, struct buf *out);

#endif
