/* The HTTP API of the daemon: mail judged on request, history, statistics, state, live events,
 * metrics, the dashboard. What each address answers: docs/schema/api.openapi.yaml. */
#ifndef MP_WEBAPI_WEBAPI_H
#define MP_WEBAPI_WEBAPI_H

#include "base/json.h"
#include "crypto/digest.h"
#include "history/history.h"
#include "ipc/mail_answer.h"
#include "ipc/mail_request.h"

enum {
    WEBAPI_MAX_TOKENS = 100,
    WEBAPI_TOKEN_MIN_BYTES = 16,
    WEBAPI_TOKEN_MAX_BYTES = 512,
    WEBAPI_RATE_BURST_S = 10,      /* of requests of a token: the rate of so many seconds at once */
    WEBAPI_LOGINS_FAILED_MAX = 10, /* of one address (IPv6: a /64) ... */
    WEBAPI_LOGIN_REFILL_S = 6,     /* ... and one more each so many seconds */
    WEBAPI_MAX_CLIENTS = 4096,     /* addresses remembered for it */
    WEBAPI_SCANS = 16,             /* messages judged at once, when the config names no number */
    WEBAPI_MAX_SCANS = 128,
    WEBAPI_MAX_WAITING = 512,             /* requests that wait for one of these places; then 503 */
    WEBAPI_PLACE_WAIT_MS = 20000,         /* at most so long; then 503 */
    WEBAPI_SCAN_DEADLINE_MS = 30000,      /* of one scan, when the request names none ... */
    WEBAPI_SCAN_MAX_DEADLINE_MS = 120000, /* ... and at most */
    WEBAPI_MAX_RCPTS = 1000,
    WEBAPI_MAX_TEXT_BYTES = 2000,         /* an address or name of an envelope */
    WEBAPI_JSON_MAX_BYTES = 32 << 20,     /* a message in JSON; others may be longer */
    WEBAPI_MAX_POLICY_BYTES = 256 * 1024, /* of a policy to be tested */
    WEBAPI_ASYNC_MAX = 256,               /* asynchronous scans: waiting, running, kept */
    WEBAPI_ASYNC_MAX_BYTES = 128 << 20,   /* their messages and reports; beyond it 503 */
    WEBAPI_ASYNC_THREADS = 4,
    WEBAPI_ASYNC_KEEP_S = 600, /* a result; then it is forgotten */
    WEBAPI_MAX_PAGE = 500,     /* `limit` of a list */
    WEBAPI_MAX_BUCKETS = 2000, /* of traffic over time */
    WEBAPI_MAX_SUITES = 200,   /* of the monitor that are listed, and tests of one of them: 1000 */
    WEBAPI_MAX_TESTS = 1000,
    WEBAPI_MAX_STREAMS = 100,
    WEBAPI_EVENT_MAX_BYTES = 128 * 1024, /* a longer event is told as lost */
    WEBAPI_MULTIPART_MAX_PARTS = 1100
};

/* What a token opens; the first four are bits of a config. Admin: all of the others. */
enum {
    WEBAPI_SCAN = 1,
    WEBAPI_READ = 2,
    WEBAPI_METRICS = 4,
    WEBAPI_ADMIN = 8,
    WEBAPI_ANY = 16,  /* whoever has a token */
    WEBAPI_CHECK = 32 /* /checkv2: whoever may scan, and clients without a token that may */
};

struct webapi_token {
    struct str name;
    unsigned scopes;
    unsigned char sha256[DIGEST_MAX_BYTES]; /* of the token's bytes */
};
/* Of 64 hexadecimal digits, with or without "sha256:" before them. False: it is no such text. */
bool webapi_token_hash(struct str text, unsigned char out[DIGEST_MAX_BYTES]);
/* Of the token in a file's text: its first line. MP_E_SYNTAX: more than a line, not printable
 * ASCII, shorter or longer than WEBAPI_TOKEN_*; MP_E_CRYPTO. */
int webapi_token_of(struct str text, unsigned char out[DIGEST_MAX_BYTES], struct mp_err *err);

struct webapi_prefix {
    struct ip ip;
    unsigned bits;
};
struct webapi_schedule { /* how often a suite of the monitor runs: "5m" */
    struct str suite, schedule;
};

/* What the daemon does for us. Threads: any number of them at once. */
struct webapi_service {
    void *ctx;
    /* Judge it: blocks, at most r->deadline_ms. Texts of *out live in the arena. MP_OK also for
     * ANSWER_FAILED; MP_E_TIMEOUT: not in time; others: no worker could do it. Nothing is decided
     * by any but MP_OK with ANSWER_JUDGED. */
    int (*scan)(void *ctx, const struct mail_request *r, struct str message, struct arena *a,
                struct mail_answer *out, struct mp_err *err);
    /* The members of Status but `http`, into an object that is open. NULL: none. */
    void (*status)(void *ctx, struct json *j);
    /* Objects {name, ok, detail} into an array that is open; true: all are ok. NULL: ready. */
    bool (*ready)(void *ctx, struct json *j);
    /* Series of the daemon's own, with HELP and TYPE; those of mails and HTTP are ours. NULL. */
    void (*metrics)(void *ctx, struct buf *out);
    /* Those of the monitor that are not in the config: `add` for each; its texts are copied. NULL.
     */
    void (*schedules)(void *ctx, void (*add)(void *of, const struct webapi_schedule *s), void *of);
};

struct feedback_store;
struct webapi_config { /* borrowed until webapi_stop */
    struct ip ip;
    uint16_t port;
    bool has_listen_fd; /* then ip and port are the socket's; owned from webapi_start on */
    int listen_fd;
    const char *cert_pem, *key_pem; /* text; NULL: plain HTTP */
    const char *const *host_names;  /* that requests may name, besides localhost and addresses */
    size_t n_host_names;
    const struct webapi_token *tokens;
    size_t n_tokens;          /* none: allowed on loopback addresses only, and all is open there */
    unsigned rate_per_min;    /* requests of one token; 0: no limit */
    bool open_metrics;        /* /metrics without a token */
    unsigned scans;           /* 0: WEBAPI_SCANS */
    size_t max_message_bytes; /* 0: HTTPD_MAX_BODY_BYTES, which is the most */
    bool rspamd;              /* is /checkv2 there? */
    const struct webapi_prefix *rspamd_open; /* clients that need no token for it */
    size_t n_rspamd_open;
    struct str listener; /* its name, of mails that are judged here; empty: "http" */
    struct webapi_service service;
    struct history *history;         /* NULL: none is kept */
    struct feedback_store *feedback; /* NULL: no reports of others */
    const struct webapi_schedule *schedules;
    size_t n_schedules;
    struct str page, page_csp; /* the dashboard; empty: there is none */
};

struct webapi;
/* Listens, starts its threads. MP_E_USAGE: no tokens on a wider address, a certificate that cannot
 * be used, too many of something; MP_E_IO: "127.0.0.1:8080: Address already in use". */
int webapi_start(const struct webapi_config *c, struct webapi **out, struct mp_err *err);
/* No new connections; what runs ends, streams and polls at once. False: not all had ended. */
bool webapi_drain(struct webapi *w, unsigned timeout_ms);
void webapi_stop(struct webapi *w); /* before history and feedback are closed; accepts NULL */
uint16_t webapi_port(const struct webapi *w);

/* ---- what happens, told by the daemon; never blocks for long; threads: any; NULL: nothing ---- */

/* A mail was judged and its MTA told: the event `mail`, and the metrics. For scans asked for here
 * too: the daemon tells of all mails alike. */
void webapi_mail(struct webapi *w, const struct mail_summary *s);
/* The event `monitor`: `json` is a MonitorChange, one line. */
void webapi_monitor(struct webapi *w, struct str json);
/* The event `status`: `part` "role.worker", `state` of State. */
void webapi_status(struct webapi *w, const char *part, const char *state, struct str detail);

#endif
