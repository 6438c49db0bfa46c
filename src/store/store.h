/* What the capture server keeps: deliveries with their bytes, inboxes, originals to compare with.
 * SQLite in WAL mode (synchronous=FULL, batched commits) and files for large messages; or memory.
 */
#ifndef MP_STORE_STORE_H
#define MP_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    STORE_ID_BYTES = 23,                /* 22 digits of URL-safe base64 and a NUL: 48 bits of seq,
                                           84 bits that nobody can guess */
    STORE_INLINE_MAX_BYTES = 64 * 1024, /* a longer message is a file of its own */
    STORE_BATCH_MAX = 512,              /* deliveries of one commit */
    /* taken but not yet committed; beyond it store_put refuses */
    STORE_QUEUE_MAX_BYTES = 256 << 20,
    STORE_MAX_RCPTS = 10000,
    STORE_MAX_ATTEMPTS = 10000,    /* kept: refused, deferred, dropped; the oldest go first */
    STORE_MAX_SENT = 10000,        /* originals kept; the oldest go first */
    STORE_RESERVE_BYTES = 8 << 20, /* held back on the disk: deleting works when that is full */
    STORE_PAGE_MAX = 1000
};

struct store_config {
    const char *dir; /* made when missing, mode 0700, one process at a time; NULL: memory only */
    /* Retention, applied by the store itself, oldest first; 0: no limit. */
    uint64_t max_messages, max_bytes, max_age_s;
};

/* How one transaction ended. Refused and dropped ones are kept too: they are the attempts that a
 * flow test counts. */
enum store_outcome {
    STORE_ACCEPTED, /* 250 behind the final dot: this is a message */
    STORE_DEFERRED, /* 4xx at some stage */
    STORE_REFUSED,  /* 5xx at some stage */
    STORE_DROPPED   /* the connection ended before the transaction did */
};
const char *store_outcome_name(enum store_outcome o);

/* One transaction, as far as one inbox is concerned: a mail to recipients of two inboxes is two
 * deliveries. Views: borrowed by store_put until it returns, in the caller's arena otherwise. */
struct store_delivery {
    char id[STORE_ID_BYTES]; /* given by store_put */
    int64_t seq;             /* grows; a cursor for pages and watchers */
    struct str inbox;        /* id of a disposable inbox; empty: the common one */
    enum store_outcome outcome;
    int64_t received_ms; /* Unix milliseconds of its end */
    struct str mail_from;
    const struct str *rcpts; /* of this inbox only */
    size_t n_rcpts;
    struct str helo, client_ip, listener; /* "127.0.0.1:2525" */
    uint16_t client_port;
    struct str protocol;                         /* "ESMTPSA" (RFC 3848) */
    struct str auth_user;                        /* empty: did not log in */
    struct str tls_version, tls_cipher, tls_sni; /* empty: no TLS */
    struct str mail_params;                      /* of MAIL FROM, as sent */
    struct str stage;                            /* that ended it: "rcpt", "end" */
    unsigned reply_code;                         /* 0: none was sent */
    struct str reply_text;
    /* Of the message, for lists and search: decoded, UTF-8, cut. Filled by store_put. */
    struct str message_id, subject, from, to, tag; /* tag: X-Mailproof-Tag */
    struct str snippet;                            /* begin of the text, one line */
    unsigned n_attachments;
    uint64_t size_bytes;
    bool seen;
    struct str transcript; /* head of the connection and this transaction, as swaks prints it */
    struct str raw;        /* exact bytes after dot-unstuffing; store_get leaves it empty */
};

struct store;
/* MP_E_IO: "DIR: what": cannot be made, locked by another process, damaged, disk full. */
int store_open(const struct store_config *config, struct store **out, struct mp_err *err);
/* Commits what is queued, tells every waiting `done`, then frees. Accepts NULL. */
void store_close(struct store *s);

/* Called once a put, from the store's thread: MP_OK when it is durable (with `dir`: on disk, after
 * fsync), else nothing of it was kept. Must not call the store and must be quick. */
typedef void store_done_fn(void *ctx, int status, const char *id, int64_t seq);
/* Queue one delivery; everything is copied. MP_OK: `done` will be called. MP_E_LIMIT: the queue is
 * full, MP_E_NOMEM, MP_E_LIMIT for more than STORE_MAX_RCPTS: `done` is not called.
 * Threads: any, like all below. */
int store_put(struct store *s, const struct store_delivery *d, store_done_fn *done, void *ctx,
              struct mp_err *err);

/* ---- reading; results in `a` ---- */

/* *out NULL: there is none (or it was deleted). */
int store_get(struct store *s, struct str id, struct arena *a, struct store_delivery **out,
              struct mp_err *err);
/* The bytes; false in *found when there is none. */
int store_raw(struct store *s, struct str id, struct buf *out, bool *found, struct mp_err *err);

/* One condition of a search (docs/sink.md has the words); all must hold. */
enum store_field {
    STORE_F_ANY, /* from, to, subject, message id, snippet */
    STORE_F_FROM,
    STORE_F_TO,   /* field and recipients */
    STORE_F_RCPT, /* exactly this recipient, without case */
    STORE_F_SUBJECT,
    STORE_F_MESSAGE_ID,
    STORE_F_TAG, /* exactly; also found in Message-ID or subject */
    STORE_F_BODY,
    STORE_F_ATTACHMENT, /* has one */
    STORE_F_SEEN,
    STORE_F_LARGER,
    STORE_F_SMALLER, /* number: bytes */
    STORE_F_BEFORE,
    STORE_F_AFTER /* number: Unix milliseconds */
};
struct store_term {
    enum store_field field;
    bool negate;
    struct str text;
    int64_t number;
};
enum { STORE_MAX_TERMS = 32, STORE_SEARCH_MAX_BYTES = 4096 };

struct store_query {
    bool in_inbox; /* only of `inbox` (empty: the common one) */
    struct str inbox;
    bool attempts; /* also those that were not accepted */
    const struct store_term *terms;
    size_t n_terms;
    int64_t after_seq;  /* only newer; 0: all */
    int64_t before_seq; /* only older; 0: all */
    bool oldest_first;
    size_t skip, limit; /* limit 0: STORE_PAGE_MAX */
};
/* Words of the search language into terms (search.c). MP_E_SYNTAX tells which word is wrong. */
int store_search_parse(struct arena *a, struct str text, int64_t now_ms, struct store_term **out,
                       size_t *n, struct mp_err *err);

struct store_page {
    struct store_delivery *items; /* without raw and transcript */
    size_t n;
    uint64_t total, unseen; /* that match, over all pages */
};
int store_list(struct store *s, const struct store_query *q, struct arena *a,
               struct store_page *out, struct mp_err *err);

int store_mark_seen(struct store *s, const struct str *ids, size_t n, bool seen,
                    struct mp_err *err);
/* *deleted may be NULL. An id that is not there is no error. */
int store_delete(struct store *s, const struct str *ids, size_t n, uint64_t *deleted,
                 struct mp_err *err);
int store_delete_matching(struct store *s, const struct store_query *q, uint64_t *deleted,
                          struct mp_err *err);

struct store_stats {
    uint64_t messages, attempts, bytes, unseen, inboxes, queued_bytes, commits;
    int64_t last_seq;
};
int store_stats(struct store *s, struct store_stats *out, struct mp_err *err);

/* ---- disposable inboxes ---- */

struct store_inbox {
    struct str id;                  /* "t-3f9k...": also the local part of its address */
    struct str name;                /* for people; may be empty */
    struct str token_hash;          /* SHA-256 of the token, hex: the token itself is not kept */
    int64_t created_ms, expires_ms; /* 0: never */
    uint64_t max_messages;          /* its own retention; 0: none */
    struct str script;              /* JSON; empty: none */
};
/* Durable when it returns. An inbox with that id is replaced. */
int store_inbox_put(struct store *s, const struct store_inbox *in, struct mp_err *err);
int store_inboxes(struct store *s, struct arena *a, struct store_inbox **out, size_t *n,
                  struct mp_err *err);
/* With all its deliveries. */
int store_inbox_delete(struct store *s, struct str id, struct mp_err *err);

/* ---- originals: what was sent, to be compared with what arrives ---- */

int store_sent_put(struct store *s, struct str tag, struct str raw, int64_t expires_ms,
                   struct mp_err *err);
int store_sent_get(struct store *s, struct str tag, struct buf *out, bool *found,
                   struct mp_err *err);

/* ---- watching ---- */

enum store_event_kind { STORE_EVENT_ADDED, STORE_EVENT_DELETED, STORE_EVENT_CLEARED };
struct store_event {
    enum store_event_kind kind;
    const struct store_delivery *delivery; /* ADDED: without raw and transcript */
    struct str id, inbox;                  /* DELETED: id; CLEARED: inbox */
};
typedef void store_watch_fn(void *ctx, const struct store_event *e);
/* `fn` is called from the store's thread behind each commit, in order; it must be quick and must
 * not call the store. Before the store is closed: store_unwatch, after which `fn` is not running.
 */
struct store_watch;
int store_watch(struct store *s, store_watch_fn *fn, void *ctx, struct store_watch **out,
                struct mp_err *err);
void store_unwatch(struct store *s, struct store_watch *w); /* accepts NULL */

#endif
