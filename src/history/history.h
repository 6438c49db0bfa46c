/* What passed through the daemon, what the monitor found: kept in SQLite, searched, counted. */
#ifndef MP_HISTORY_HISTORY_H
#define MP_HISTORY_HISTORY_H

#include "base/buf.h"
#include "ipc/mail_summary.h"

enum {
    HISTORY_QUEUE_MAX = 8192,              /* entries that wait for the writer */
    HISTORY_QUEUE_MAX_BYTES = 64 << 20,    /* the same, in bytes: what is beyond is lost, counted */
    HISTORY_BATCH_MAX = 512,               /* entries of one commit */
    HISTORY_PAGE_MAX = 1000,               /* entries of one page */
    HISTORY_BUCKETS_MAX = 10000,           /* of one statistic */
    HISTORY_ROWS_MAX = 1000,               /* domains, findings of one statistic */
    HISTORY_QUERY_MAX_MS = 10000,          /* of one query */
    HISTORY_TEXT_MAX_BYTES = 1000,         /* searched for; of a monitor's case */
    HISTORY_REPORT_MAX_BYTES = 4 << 20,    /* a longer report is not kept */
    HISTORY_MESSAGE_MAX_BYTES = 150 << 20, /* whatever max_message_bytes says */
    HISTORY_AUDIT_MAX_BYTES = 1 << 20      /* findings of an audit, JSON */
};

/* Who asks for reports, messages or none of people's data says so here. Zero-initialised it keeps
 * everything but reports and messages, for ever. */
struct history_config {
    const char *dir; /* made when missing, 0700; several processes may use it at once */
    /* What goes again by age, in days; 0: never. Counts may outlive what was counted. */
    uint32_t keep_days, keep_counts_days, keep_runs_days;
    uint64_t max_bytes;                   /* the oldest mails go first; 0: no limit */
    uint32_t keep_reports, keep_messages; /* days; 0: none is kept at all */
    uint64_t max_message_bytes;           /* a longer message is not kept; 0: none is longer */
    bool no_subjects;                     /* also no evidence that quotes one */
    bool hash_addresses; /* local parts and logins become keyed hashes, the domain stays */
    bool move_damaged;   /* a damaged file is moved aside and begun anew; else that is an error */
};

struct history;
/* MP_E_USAGE: reports or messages cannot be kept with no_subjects or hash_addresses: they hold
 * both. MP_E_IO: "DIR/history.db: what": damaged, of another program or a newer version, no rights.
 * MP_E_NOMEM. */
int history_open(const struct history_config *config, struct history **out, struct mp_err *err);
/* Writes what waits (one try), then frees. Accepts NULL. */
void history_close(struct history *h);

/* ---- writing: never blocks, everything is copied; false: lost, and counted ----
 * Threads: any. NULL for `h`: there is no history, false. */

/* `report`, `message`: kept when the config says so; may be empty. */
bool history_add(struct history *h, const struct mail_summary *s, struct str report,
                 struct str message);

enum history_run_state { HISTORY_PASSED, HISTORY_FAILED, HISTORY_UNDECIDED };
const char *history_run_state_name(enum history_run_state s); /* "passed", ... */

/* One case of a suite that the monitor ran. */
struct history_run {
    struct str suite, name;
    int64_t time_ms, duration_ms;
    enum history_run_state state;
    struct str text; /* why, for people */
    /* When read: */
    int64_t seq;
    bool changed;                  /* another state than the run before, or the first one */
    enum history_run_state before; /* of `changed`; the state itself for the first one */
};
bool history_add_run(struct history *h, const struct history_run *r);

/* One audit of a domain. */
struct history_audit {
    struct str domain, grade;
    int64_t time_ms;
    int32_t score;
    struct str findings; /* JSON, as the caller has it */
    /* When read: */
    int64_t seq;
    bool changed;      /* grade or findings are others than in the audit before, or the first */
    struct str before; /* the grade before; empty for the first */
};
bool history_add_audit(struct history *h, const struct history_audit *a);

/* Waits until all that was added before is written or lost: tests, and before a reload. */
void history_flush(struct history *h);

enum history_state {
    HISTORY_OK,
    HISTORY_FAILING, /* cannot write at the moment (disk full, read-only): it is tried again */
    HISTORY_DAMAGED  /* the file is: everything is lost until somebody acts and restarts */
};
struct history_status {
    enum history_state state;
    uint64_t added, written, lost, deleted, commits, failures; /* of this process */
    uint64_t queued, queued_bytes;
    uint64_t bytes;                /* of the database, when last looked at */
    int64_t failed_ms;             /* when it failed last; 0: never */
    char problem[MP_ERR_TEXT_MAX]; /* the last one, also when it is over; may be empty */
};
void history_status(struct history *h, struct history_status *out);

/* ---- reading: blocking, at most HISTORY_QUERY_MAX_MS (MP_E_TIMEOUT) ----
 * Threads: any; each query has a connection of its own, and waits while all are in use. Texts live
 * until the callback returns; false from it ends the query, which is no error. A callback must not
 * query again. MP_E_USAGE for NULL. */

/* Of a page: newest first, ordered by (time, seq). */
struct history_cursor {
    int64_t time_ms, seq;
};

enum history_role {
    HISTORY_FROM = 1,      /* domain of the author */
    HISTORY_MAIL_FROM = 2, /* of the envelope's sender */
    HISTORY_RCPT = 4,      /* of a recipient */
    HISTORY_DKIM = 8       /* of a signature, whatever its result */
};

/* All that is set must hold. */
struct history_query {
    int64_t from_ms, to_ms; /* [from, to); 0: open */
    struct str domain;      /* A-labels, any case; exactly this one */
    unsigned roles;         /* enum history_role; 0: any */
    struct str address;     /* exactly, any case: author, sender, recipient or login; also hashed */
    bool has_done, has_action, has_severity;
    enum verdict_action done, action;
    enum severity severity; /* of the gravest finding, at least */
    struct str finding;     /* "auth.dmarc.fail", or "auth.*" for all below */
    struct str message_id;  /* with or without <> */
    struct str client_ip, mode, listener, queue_id;
    struct str text; /* somewhere in subject, addresses, message-id; ASCII without case */
    bool has_cursor;
    struct history_cursor cursor; /* older than it; with `newer`: the next ones newer than it */
    bool newer;
    size_t limit; /* 0: HISTORY_PAGE_MAX */
};

struct history_message {
    int64_t seq;
    struct mail_summary s;
    enum severity worst; /* SEV_INFO without findings */
    bool has_report, has_message;
};
typedef bool history_message_fn(void *ctx, const struct history_message *m);

struct history_page {
    size_t n;
    bool more;                         /* beyond this page, in the direction of the query */
    struct history_cursor first, last; /* of the page, newest first; zero without entries */
};
int history_search(struct history *h, const struct history_query *q, history_message_fn *fn,
                   void *ctx, struct history_page *out, struct mp_err *err);
/* All that match, oldest first, however many: page by page, so that no reader holds up the writer.
 * The query's cursor, direction and limit are not looked at. */
int history_each(struct history *h, const struct history_query *q, history_message_fn *fn,
                 void *ctx, struct mp_err *err);

/* By id of the scan; the latest when there are several. *found false: none (any more). */
int history_get(struct history *h, struct str id, history_message_fn *fn, void *ctx, bool *found,
                struct mp_err *err);
int history_report(struct history *h, struct str id, struct buf *out, bool *found,
                   struct mp_err *err);
int history_message_bytes(struct history *h, struct str id, struct buf *out, bool *found,
                          struct mp_err *err);

/* ---- statistics: of counts kept beside the mails, so cheap at any size ---- */

enum { HISTORY_ACTIONS = ACTION_TEMPFAIL + 1 };

/* Minutes summed up into buckets of `bucket_s` (rounded up to minutes); only those with mail. */
struct history_count {
    int64_t start_ms;
    uint64_t done[HISTORY_ACTIONS], other; /* what the MTA was told */
    uint64_t messages, incomplete, bytes, elapsed_us;
};
typedef bool history_count_fn(void *ctx, const struct history_count *c);
/* `mode`: empty for all. MP_E_LIMIT: more than HISTORY_BUCKETS_MAX buckets. */
int history_counts(struct history *h, int64_t from_ms, int64_t to_ms, uint32_t bucket_s,
                   struct str mode, history_count_fn *fn, void *ctx, struct mp_err *err);

/* By author domain, most mail first; whole hours that touch [from, to). */
struct history_auth {
    struct str domain; /* empty: no usable author */
    uint64_t messages;
    uint64_t spf_pass, spf_fail, spf_aligned;    /* fail: fail and softfail */
    uint64_t dkim_pass, dkim_fail, dkim_aligned; /* pass: a signature passed; fail: none of some */
    uint64_t dmarc_pass, dmarc_fail, dmarc_none; /* none: no policy */
    uint64_t arc_pass, arc_fail;
};
typedef bool history_auth_fn(void *ctx, const struct history_auth *a);
int history_auth(struct history *h, int64_t from_ms, int64_t to_ms, size_t limit,
                 history_auth_fn *fn, void *ctx, struct mp_err *err);

/* Most mails first; whole hours. */
struct history_finding {
    struct str id;
    enum severity worst;
    uint64_t messages, count;
};
typedef bool history_finding_fn(void *ctx, const struct history_finding *f);
int history_findings(struct history *h, int64_t from_ms, int64_t to_ms, size_t limit,
                     history_finding_fn *fn, void *ctx, struct mp_err *err);

struct history_totals {
    uint64_t messages, reports, bodies, runs, audits; /* that are kept */
    uint64_t counted;                                 /* mails, also those that went by age */
    int64_t oldest_ms, newest_ms;                     /* of the mails kept; 0: none */
    uint64_t bytes;                                   /* in use, of the database */
};
int history_totals(struct history *h, struct history_totals *out, struct mp_err *err);

/* ---- the monitor's ---- */

struct history_run_query {
    struct str suite, name, domain; /* exactly; empty: all. `domain`: of audits */
    int64_t from_ms, to_ms;         /* [from, to); 0: open */
    bool changes;                   /* only where the state became another */
    bool latest;                    /* only the last of each case, or domain */
    int64_t before_seq;             /* a cursor: only those behind it; 0: from the newest */
    size_t limit;                   /* 0: HISTORY_PAGE_MAX */
};
typedef bool history_run_fn(void *ctx, const struct history_run *r);
typedef bool history_audit_fn(void *ctx, const struct history_audit *a);
/* Newest first. */
int history_runs(struct history *h, const struct history_run_query *q, history_run_fn *fn,
                 void *ctx, struct mp_err *err);
int history_audits(struct history *h, const struct history_run_query *q, history_audit_fn *fn,
                   void *ctx, struct mp_err *err);

#endif
