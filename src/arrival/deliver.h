/* The sending half of a delivery proof: a tagged message through one server, and what it said. */
#ifndef MP_ARRIVAL_DELIVER_H
#define MP_ARRIVAL_DELIVER_H

#include "flow/compose.h"
#include "flow/route.h"
#include "io/smtp_client.h"

enum {
    DELIVER_MAX_RCPTS = 100,
    DELIVER_MAX_SERVERS = 50, /* addresses that are tried */
    DELIVER_DEADLINE_MS = 60000
};

struct deliver_request { /* all borrowed */
    /* As target_parse takes it: "smtp+starttls://submit.good.test:587", "lmtp+unix:///run/x", a
     * domain (its MX hosts in order; the next address is tried when one cannot be talked to). */
    struct str server;
    const struct dns_source *dns; /* NULL: addresses and sockets only */
    /* Asked before each connection; NULL: all are allowed. Unix sockets: IP_NONE. False: refused
     * with MP_E_USAGE, nothing is sent. */
    bool (*allowed)(void *ctx, struct str host, struct ip ip);
    void *allowed_ctx;
    struct tls_client *tls; /* NULL: TLS cannot be used */
    bool tls_verify;        /* nothing is sent when the certificate does not verify for the host */
    struct str helo;        /* empty: the host part of `message.host` */
    struct ip local;
    struct smtp_proxy proxy;
    const struct smtp_attribute *xclient; /* not offered: undecided, nothing is sent */
    size_t n_xclient;
    struct sasl_credentials credentials;
    bool has_credentials, auth_plaintext;
    const enum sasl_mech *mechs; /* allowed; n == 0: the strongest that is offered */
    size_t n_mechs;
    struct str mail_from; /* empty: <> */
    const struct str *rcpts;
    size_t n_rcpts;
    struct smtp_mail_params mail_params;
    struct smtp_rcpt_params rcpt_params;
    bool chunking; /* BDAT when it is offered */
    /* The message: `raw` when raw.p is not NULL (X-Mailproof-Tag is put on top of it unless
     * `keep_raw`), else `message`, whose from, to, id, host and now_s are filled where empty; tag
     * into its own field, Message-ID and subject. Line ends become CRLF unless `as_is`. */
    struct str raw;
    bool keep_raw, as_is;
    struct compose message;
    struct str tag;       /* empty: one is made */
    unsigned deadline_ms; /* 0: DELIVER_DEADLINE_MS */
    unsigned stage_timeout_ms;
    void (*progress)(void *ctx, const char *text);
    void *progress_ctx;
};

struct deliver_rcpt {
    struct str address;
    struct smtp_reply reply; /* code 0: not asked */
    struct smtp_reply end;   /* behind the final dot: LMTP its own, SMTP that of all */
    bool delivered;          /* both were 2xx */
};

enum deliver_outcome {
    DELIVER_SENT,      /* the server took it for all recipients */
    DELIVER_PARTLY,    /* for some */
    DELIVER_DEFERRED,  /* 4xx for all, or before the recipients */
    DELIVER_REFUSED,   /* 5xx likewise (the worse of several: any 4xx is DEFERRED) */
    DELIVER_UNDECIDED, /* no server could be talked to to the end; it may or may not have it */
    DELIVER_UNMET      /* what was demanded is not there: TLS, verified certificate, AUTH, XCLIENT;
                          nothing was sent */
};
const char *deliver_outcome_name(enum deliver_outcome o); /* "sent", "partly", "deferred", ... */

struct deliver_result { /* texts in the arena */
    enum deliver_outcome outcome;
    enum smtp_stage at;      /* the stage that decided: END for SENT, RCPT for refused recipients */
    struct smtp_reply reply; /* the reply that decided; code 0: none came */
    struct str reason;       /* a sentence; empty for SENT */
    struct str host, group;  /* "mx1.good.test", "mx1.good.test [192.0.2.1]:25" */
    struct ip ip;
    uint16_t port;
    struct str tag, message_id; /* message_id without angle brackets; empty in `raw` without one */
    struct str bytes;           /* exactly what was sent, without dot-stuffing */
    struct deliver_rcpt *rcpts;
    size_t n_rcpts, n_delivered;
    const char *auth_mech;     /* that succeeded; NULL */
    struct smtp_client client; /* closed: ehlo, has_tls, tls, transcript, stage_us to be read */
    bool talked;               /* `client` was used */
    int64_t sent_ms; /* Unix time before MAIL FROM: what servers stamp is never before it */
    int64_t elapsed_us;
};

/* Every line end as CRLF, and one at the end: as it travels. p == NULL without memory. */
struct str deliver_line_ends(struct arena *a, struct str s);

/* MP_OK whatever the server said. MP_E_USAGE: the server's text, an address, a header, or what may
 * not be reached; MP_E_NOMEM, MP_E_LIMIT. Blocking; nothing is left open. */
int deliver(const struct deliver_request *r, struct arena *a, struct deliver_result *out,
            struct mp_err *err);

#endif
