/* Webhooks by Standard Webhooks 1.0.0: what happened is queued in SQLite by one process, signed and
 * sent by another, at least once. */
#ifndef MP_HOOKS_HOOKS_H
#define MP_HOOKS_HOOKS_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/ip.h"
#include "ipc/mail_summary.h"

enum {
    HOOKS_MAX_ENDPOINTS = 64,
    HOOKS_MAX_SECRETS = 4,     /* of an endpoint: all sign, so that they can be changed */
    HOOKS_MAX_PATTERNS = 32,   /* of findings, an endpoint */
    HOOKS_MAX_TRIES = 10,      /* then it is dead: the schedule of the specification, 3 days */
    HOOKS_MAX_PAUSE_S = 86400, /* whatever Retry-After says */
    HOOKS_PAYLOAD_MAX_BYTES = 256 * 1024, /* a longer one is not queued, counted as lost */
    HOOKS_ANSWER_MAX_BYTES = 16 * 1024,   /* of an endpoint's answer, that are read */
    HOOKS_QUEUE_MAX = 4096,               /* events that wait for the disk */
    HOOKS_QUEUE_MAX_BYTES = 32 << 20,     /* the same, in bytes */
    HOOKS_WAITING_MAX = 100000,           /* deliveries of an endpoint that wait: more are lost */
    HOOKS_DEAD_MAX = 1000,                /* dead ones kept, of an endpoint; the oldest go */
    HOOKS_CONCURRENT_MAX = 16,            /* requests to an endpoint at a time */
    HOOKS_TIMEOUT_MAX_MS = 60000,         /* of one request; the default is 15 s */
    HOOKS_URL_MAX_BYTES = 2048,
    HOOKS_NAME_MAX_BYTES = 64,
    HOOKS_REASON_BYTES = 200,
    HOOKS_ID_BYTES = 27 /* "msg_" and 22 characters, NUL */
};

enum hook_type {
    HOOK_MAIL_VERDICT,    /* "mail.verdict" */
    HOOK_MAIL_FINDING,    /* "mail.finding" */
    HOOK_MONITOR_CHANGED, /* "monitor.changed" */
    HOOK_REPORT_RECEIVED, /* "report.received" */
    HOOK_DAEMON_STATE,    /* "daemon.state" */
    HOOK_TYPE_COUNT
};
const char *hook_type_name(enum hook_type t);
bool hook_type_by_name(struct str s, enum hook_type *out);

/* Where to, and what of. Texts are borrowed until hooks_close. */
struct hook_endpoint {
    struct str name; /* letters, digits, "-", "_": in lists and metrics */
    struct str url;  /* https; http only to a loopback address, with allow_private */
    struct str secrets[HOOKS_MAX_SECRETS]; /* "whsec_" and base64 of 24 to 64 bytes */
    size_t n_secrets;
    bool types[HOOK_TYPE_COUNT];
    /* Of mail.verdict: told only when what was done is among these; none set: all. */
    bool actions[ACTION_TEMPFAIL + 1];
    /* Of mail.verdict and mail.finding: a finding at least this grave ... */
    bool has_severity;
    enum severity severity;
    /* ... and of one of these ids ("intel.*"); none: any. */
    struct str findings[HOOKS_MAX_PATTERNS];
    size_t n_findings;
    bool allow_private;      /* else private and other special addresses are refused */
    const char *ca_file;     /* NULL: the system's */
    uint32_t timeout_ms;     /* 0: 15000 */
    uint32_t concurrent;     /* requests at a time; 0: 2 */
    struct str resolve_host; /* tests: this host is at ... */
    struct ip resolve_ip;
};

struct hooks_config {
    const char *dir; /* hooks.db; made when missing, 0700 */
    const struct hook_endpoint *endpoints;
    size_t n_endpoints;
    bool no_subjects;  /* of mail.*: no subject */
    bool no_addresses; /* of mail.*: domains alone */
    bool move_damaged; /* a damaged file is moved aside and begun anew; else that is an error */
    unsigned retry_percent; /* tests: of the schedule's times; 0: 100 */
};

/* What is wrong with an endpoint: MP_E_USAGE or MP_E_LIMIT, "webhook NAME: ...", without secrets.
 * For the check of a config; hooks_open does it too. */
int hook_endpoint_check(const struct hook_endpoint *e, struct mp_err *err);

struct hooks;
/* MP_E_USAGE, MP_E_LIMIT: an endpoint; MP_E_IO: "DIR/hooks.db: what"; MP_E_NOMEM. */
int hooks_open(const struct hooks_config *config, struct hooks **out, struct mp_err *err);
/* Writes what waits for the disk (one try). hooks_run has ended before. Accepts NULL. */
void hooks_close(struct hooks *h);

/* ---- telling: never blocks; threads: any; NULL for `h`: false ---- */

/* `data`: one JSON value. Queued for each endpoint that wants this type. False: lost, counted. */
bool hooks_put(struct hooks *h, enum hook_type type, int64_t time_ms, struct str data);
/* mail.verdict, and mail.finding for each finding, for those endpoints whose filters let it
 * through. Evidence of intel.* findings is left out: what a feed shares with us is not ours to
 * pass on. */
bool hooks_put_mail(struct hooks *h, const struct mail_summary *s);
/* Waits until what was put before is on the disk, or lost. */
void hooks_flush(struct hooks *h);

/* ---- sending ---- */

/* Sends what is due until *stop; looks for new ones every second. Several processes may: each
 * delivery is taken by one. What is under way at the stop is broken off and sent again. MP_E_IO
 * when the file is damaged, MP_E_NOMEM without threads. */
int hooks_run(struct hooks *h, const atomic_bool *stop, struct mp_err *err);

/* ---- seeing ---- */

struct hook_endpoint_status {
    struct str name;                 /* borrowed of the config */
    bool disabled;                   /* it said 410 Gone */
    int64_t paused_until_ms;         /* it asked for a pause; 0: none */
    uint64_t waiting, dead;          /* in the queue */
    uint64_t sent, failed, lost;     /* ever: delivered, tries that failed, had no room */
    int64_t sent_ms, failed_ms;      /* last; 0: never */
    char reason[HOOKS_REASON_BYTES]; /* of the last failure */
};
struct hooks_status {
    uint64_t put, written, lost; /* events, of this process */
    uint64_t queued;
    char problem[MP_ERR_TEXT_MAX]; /* of the database, the last one; may be empty */
};
void hooks_status(struct hooks *h, struct hooks_status *out);
typedef bool hook_endpoint_fn(void *ctx, const struct hook_endpoint_status *s);
int hooks_endpoints(struct hooks *h, hook_endpoint_fn *fn, void *ctx, struct mp_err *err);

/* One delivery that is dead or waits. */
struct hook_delivery {
    int64_t seq;
    struct str id, endpoint, type, reason; /* id: webhook-id */
    int64_t time_ms, next_ms;              /* of the event; of the next try, 0 when dead */
    uint32_t tries, status;                /* status: the last one of HTTP, 0: none came */
    bool dead;
};
typedef bool hook_delivery_fn(void *ctx, const struct hook_delivery *d);
/* Newest first; endpoint empty: all; before_seq 0: from the newest. */
int hooks_deliveries(struct hooks *h, struct str endpoint, bool dead, int64_t before_seq,
                     size_t limit, hook_delivery_fn *fn, void *ctx, struct mp_err *err);
/* Dead ones are tried again from the start of the schedule; a disabled endpoint is enabled.
 * `endpoint` empty: all. */
int hooks_retry(struct hooks *h, struct str endpoint, uint64_t *n, struct mp_err *err);

/* ---- signing, for tests and for who receives ---- */

/* "v1,BASE64 v1,BASE64" over "id.timestamp.body". MP_E_USAGE: not a secret; MP_E_NOMEM. */
int hook_sign(const struct str *secrets, size_t n, struct str id, int64_t timestamp_s,
              struct str body, struct buf *out, struct mp_err *err);

#endif
