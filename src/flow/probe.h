/* `probe`: conversations with every server of a target; what it offers, how safe it is, what it
 * accepts. Sends no message unless told to (`send`, `smuggle`). Blocking; one thread. */
#ifndef MP_FLOW_PROBE_H
#define MP_FLOW_PROBE_H

#include "finding/check.h"
#include "flow/route.h"
#include "io/smtp_client.h"
#include "report/subject.h"
#include "smtp/smuggle.h"
#include "transport/tls_policy.h"

enum {
    PROBE_MAX_RCPTS = 100,
    PROBE_MAX_CONNECTIONS = 100, /* addresses of one target; the rest is told as limit.probe */
    PROBE_DEADLINE_MS = 60000,   /* over one target, when --timeout does not say else */
    PROBE_CERT_WARN_DAYS = 21,
    PROBE_CERT_HIGH_DAYS = 7,
    PROBE_SMUGGLE_WAIT_MS = 2000,    /* for an answer that may never come */
    PROBE_SMUGGLE_ANSWER_MS = 15000, /* for one that must come, behind the end of a message */
    PROBE_MAX_METRICS = 4000,
    PROBE_ARENA_BYTES = 256 << 20
};

/* swaks -q: the last thing to do before QUIT. */
enum probe_stop {
    PROBE_STOP_CONNECT, /* the banner was read */
    PROBE_STOP_EHLO,    /* the first EHLO */
    PROBE_STOP_TLS,
    PROBE_STOP_AUTH,
    PROBE_STOP_MAIL,
    PROBE_STOP_RCPT,
    PROBE_STOP_DATA,
    PROBE_STOP_END
};

struct probe_options { /* strings borrowed */
    const struct dns_source *dns;
    struct tls_client *tls;
    const char *ca_file;      /* also for the MTA-STS policy */
    const char *sts_cache;    /* directory; NULL: none is kept */
    uint16_t https_port;      /* 0: 443 */
    bool allow_private_https; /* policy hosts on private addresses (tests, inner networks) */
    struct str helo;          /* our name */
    struct ip local;          /* source address */
    bool only_v4, only_v6;
    uint16_t port;            /* 0: the target's */
    enum target_tls tls_mode; /* TARGET_TLS_AUTO: the target's */
    bool lmtp;
    bool force_helo;        /* HELO, no EHLO */
    bool tls_optional;      /* swaks -tlso: a failed handshake is tried again without TLS */
    struct str sni;         /* empty: the host's name */
    struct str verify_name; /* reference identifier; empty: the host's name */
    bool tls_verify;        /* a certificate that does not verify is high, not by policy only */
    bool no_dane, no_sts, no_ptr;
    bool injection_test; /* STARTTLS command injection, own connection; default on */
    struct smtp_proxy proxy;
    const struct smtp_attribute *xclient;
    size_t n_xclient;
    bool xclient_optional;   /* goes on where it is not offered, or refused */
    bool xclient_if_offered; /* goes on where it is not offered */
    bool xclient_blind;      /* sent whether offered or not */
    /* AUTH: with a user the login is tried (only in TLS for mechanisms that show the secret, unless
     * auth_plaintext). */
    struct sasl_credentials credentials;
    bool has_credentials, auth_optional, auth_plaintext;
    const enum sasl_mech *mechs; /* allowed; n == 0: the strongest that is offered */
    size_t n_mechs;
    /* Envelope. */
    struct str mail_from; /* empty with has_mail_from: <> */
    bool has_mail_from;
    const struct str *rcpts;
    size_t n_rcpts;
    bool catch_all; /* also try a random local part; default on with recipients */
    bool vrfy;
    unsigned retry_after_ms; /* a 4xx is tried again once after this; 0: not */
    struct smtp_mail_params mail_params;
    struct smtp_rcpt_params rcpt_params;
    bool pipeline, chunking;
    bool hide_data; /* leave the message out of the transcript */
    /* Tests. */
    bool relay_test;
    struct str relay_target; /* foreign recipient; empty: probe@<random>.example.com */
    bool smuggle;
    const struct smuggle_sequence *const *sequences; /* n == 0: all */
    size_t n_sequences;
    struct str message; /* with has_message: sent when RCPT was accepted */
    bool has_message;
    enum probe_stop stop; /* PROBE_STOP_END: as far as the other options lead */
    bool hang_up;         /* no QUIT: the connection is dropped (swaks --da) */
    /* Dropped before the reply of this stage is read (swaks --das); SMTP_STAGE_CONNECT: not. */
    enum smtp_stage hang_up_at;
    bool first_only; /* one address that answers is enough */
    /* Asked about every address before the first is connected to; NULL: all are allowed. Unix
     * sockets: IP_NONE. False: MP_E_USAGE, nothing is connected to. */
    bool (*allowed)(void *ctx, struct str host, struct ip ip);
    void *allowed_ctx;
    unsigned cert_warn_days, cert_high_days;
    /* Over one target; waits that belong to a test (retry_after_ms, smuggling) are not counted. */
    unsigned deadline_ms;
    unsigned stage_timeout_ms;
    int64_t now_s;
    /* For terminals: called before each step; may be NULL. */
    void (*progress)(void *ctx, const char *text);
    void *progress_ctx;
};
void probe_options_init(struct probe_options *o);

enum rcpt_class { RCPT_ACCEPTED, RCPT_REFUSED, RCPT_DEFERRED, RCPT_GREYLISTED, RCPT_UNDECIDED };
const char *rcpt_class_name(enum rcpt_class c);
struct probe_rcpt {
    struct str address;
    enum rcpt_class class_;
    struct smtp_reply reply, second; /* second: after retry_after_ms; code 0: not tried */
    bool catch_all;                  /* the random one of its domain was accepted too */
    unsigned catch_all_code;         /* reply to the random one; 0: not asked */
    unsigned vrfy_code;              /* 0: not asked */
};

struct probe_relay {
    const char *form;
    struct str from, to;
    unsigned code; /* of RCPT, or of MAIL where that was refused; 0: not reached */
    unsigned class_, subject, detail; /* its enhanced code; class_ 0: none */
    bool by_mail;                     /* it is that of MAIL */
    bool accepted;
    bool is_local; /* accepted, but so is any name there: it may just be a local mailbox */
};

struct probe_smuggle {
    const struct smuggle_sequence *sequence;
    enum smuggle_verdict stepwise,
        verdict;       /* A: does it end DATA; and the whole verdict, by A and B */
    unsigned accepted; /* messages that B got accepted */
    struct str evidence;
};

struct probe_notes; /* what the checks need beside, see probe_internal.h */

/* One address. Texts in the probe's arena. */
struct probe_server {
    struct str group; /* "mx1.good.test [192.0.2.1]:25": group of its checks */
    const struct route_host *host;
    struct ip ip;
    uint16_t port;
    bool tried, answered;
    enum smtp_fault fault;
    enum smtp_stage fault_stage;
    struct smtp_client client; /* closed; replies, ehlo, facts, transcript stay readable */
    struct str ptr_name;       /* first name that confirms; empty: none */
    bool fcrdns;
    struct dane dane;
    struct tls_decision decision;
    bool has_decision;
    const char *auth_mech; /* that succeeded; NULL */
    struct probe_rcpt *rcpts;
    size_t n_rcpts;
    struct probe_relay *relay;
    size_t n_relay;
    struct probe_smuggle *smuggle;
    size_t n_smuggle;
    unsigned message_code;            /* reply to the end of the message; 0: none was sent */
    struct transcript transcripts[8]; /* further conversations: relay, injection, ... */
    size_t n_transcripts;
    struct probe_notes *notes;
};

struct probe {
    struct arena arena;
    struct target target;
    struct route route;
    struct dns_view *dns;
    struct check_list checks;
    struct finding_list findings;
    struct probe_server *servers;
    size_t n_servers;
    bool has_sts; /* a policy binds this domain */
    struct mta_sts_policy sts;
    struct str sts_reason; /* why not, or where it came from */
    struct metric *metrics;
    size_t n_metrics;
    struct str headline;
    int64_t started_s, elapsed_us;
};

/* MP_OK whatever was found. Else memory or usage (target text). Release with probe_clear always. */
int probe_run(struct probe *p, struct str target, const struct probe_options *o,
              struct mp_err *err);
void probe_clear(struct probe *p);

/* As a subject for reports; borrows `p`. JSON members: "target", "route", "servers". */
void probe_subject(const struct probe *p, struct subject *out);

#endif
