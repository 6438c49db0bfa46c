/* What a case does: hosts, sinks and one request a step, with every value resolved. Texts live in
 * the arena of the case (hosts and sinks that the suite names: of the suite). */
#ifndef MP_SUITE_REQUEST_H
#define MP_SUITE_REQUEST_H

#include "forge/forge.h"
#include "posture/posture.h"
#include "sink/sink.h"
#include "smtp/smuggle.h"
#include "suite/expect.h"

/* ---- sinks: capture servers that live as long as the run ---- */

struct suite_sink {
    struct suite_place at;
    struct str name;
    struct sink_listener listener; /* port 0: any free one */
    const char *hostname;
    const char *cert_file, *key_file; /* both or none: then one is made */
    const struct str *domains;        /* recipients that stay inside: always allowed */
    size_t n_domains;
    struct str script; /* JSON for inboxes_script; empty: none. It was parsed once, and holds */
    enum sink_auth auth;
    const char *auth_file;
    bool auth_required, xclient, lenient_line_ends;
    uint64_t max_message_bytes; /* 0: the sink's default */
};

/* ---- hosts: where mail is sent, looked for, or asked ---- */

enum suite_host_kind {
    SUITE_HOST_SERVER,  /* url for target_parse: SMTP, LMTP, or a domain (its MX hosts) */
    SUITE_HOST_MAILBOX, /* url for mailbox_open: IMAP, POP3, Maildir, a running sink's API */
    SUITE_HOST_SINK     /* a sink of this suite: in this process */
};

struct suite_host {
    struct suite_place at;
    struct str name; /* as the suite calls it; inline ones: their URL */
    enum suite_host_kind kind;
    struct str url;                                 /* never with user information */
    const struct suite_sink *sink;                  /* SUITE_HOST_SINK */
    bool has_auth, auth_plaintext;                  /* auth_plaintext: also without TLS */
    struct str user, password, token, authorize_as; /* password and token are secrets */
    const enum sasl_mech *mechs;                    /* n == 0: the strongest that is offered */
    size_t n_mechs;
    const struct str *folders; /* IMAP; none: INBOX */
    size_t n_folders;
    struct str inbox;        /* of a running sink */
    bool xclient;            /* `xclient: allowed`: `as` may be used here */
    struct str helo;         /* our name there; empty: the run's */
    struct smtp_proxy proxy; /* version 0: none; addresses come from `as` */
    struct ip local;         /* source address; IP_NONE: any */
    const char *ca_file;     /* NULL: the run's */
    bool tls_verify;         /* sending: nothing is sent unless the certificate verifies */
    bool insecure;           /* mailboxes: certificates are not verified */
    bool require_tls;        /* mailboxes */
    struct str authserv_id;  /* whose Authentication-Results to believe there; empty: nobody's */
};

/* `as`: who we pretend to be, by XCLIENT. */
struct suite_as {
    struct suite_place at;
    struct ip addr; /* IP_NONE: not given */
    struct str helo;
    const struct smtp_attribute *xclient; /* addr, name, helo, proto, login, ... in that form */
    size_t n_xclient;
};

/* ---- requests ---- */

struct suite_probe {
    struct str target;             /* for probe_run: a domain, or a URL */
    bool mx_of;                    /* the target is a domain whose MX hosts are asked */
    const struct suite_host *host; /* the host it came from, else NULL; has credentials, TLS, ... */
    struct suite_as as;
    struct str helo;
    bool has_from;
    struct str from;
    const struct str *to;
    size_t n_to;
    bool login;              /* with the host's credentials; no login: false */
    bool catch_all;          /* also a random recipient; given by `catch-all` in expect too */
    unsigned retry_after_ms; /* a 4xx is tried again; 0: not */
    struct suite_expect_probe expect;
};

struct suite_attachment {
    struct suite_place at;
    struct str path; /* a file, ready to open; or */
    struct str kind; /* a kind of forge_attachment: "eicar", "macro", "nested-zip:5" */
};

struct suite_send {
    const struct suite_host *via;
    const struct suite_host *auth_of; /* credentials of another host; NULL: those of via */
    struct suite_as as;
    struct str helo;
    bool has_from;
    struct str from; /* envelope; empty with has_from: <>. Without it: the kind's, or the user */
    const struct str *to;
    size_t n_to;
    struct str from_header; /* From of the message; empty: as `from` */
    struct str subject, body;
    const struct str *headers; /* "Name: value" */
    size_t n_headers;
    const struct suite_attachment *attach;
    size_t n_attach;
    struct str message_path;       /* a message as it is (the tag goes on top); empty: none */
    bool keep_raw;                 /* without the tag */
    const struct forge_kind *kind; /* `spoof` or `kind`; NULL: an ordinary message */
    struct str attacker;           /* domain that spoofing kinds send from */
    const char *key_file, *attacker_key_file; /* PEM; NULL: none was given */
    struct str selector, sign_domain, attacker_selector;
    uint64_t seed;
    bool has_seed;
    struct smtp_mail_params mail_params;
    struct smtp_rcpt_params rcpt_params;
    bool chunking, as_is;
    bool tls_verify;
    struct suite_expect_send expect;
};

struct suite_arrive {                   /* arrive and not-arrive */
    const struct suite_host *const *in; /* arrive: in one of these; not-arrive: in none */
    size_t n_in;
    bool must_not;
    unsigned within_ms;
    unsigned warn_ms, crit_ms; /* slower: warned, failed; 0: none */
    unsigned settle_ms;        /* further copies are waited for; not 0 when copies are expected */
    const struct str *search;  /* folders instead of the host's; none: those */
    size_t n_search;
    bool bounce; /* what is waited for is a report about the message */
    /* Beside the tag of the message that was sent; without `send` they stand alone. */
    struct str to, from, subject;
    struct suite_expect_arrival expect;
};

struct suite_relay_test {
    const struct suite_host *host;
    struct suite_as as;
    struct str to; /* somebody elsewhere; empty: probe's own choice. Never gets a message */
    struct suite_expect_relay expect;
};

struct suite_smuggle {
    const struct suite_host *host;
    struct suite_as as;
    struct str from;
    const struct str *to;
    size_t n_to;
    const struct smuggle_sequence *const *sequences; /* n == 0: all */
    size_t n_sequences;
    struct suite_expect_smuggle expect;
};

struct suite_audit_domain {
    struct suite_place at;
    struct str domain;
    enum posture_profile profile;
};
struct suite_audit {
    const struct suite_audit_domain *domains;
    size_t n_domains;
    const char *zone_file; /* before publishing; NULL */
    const struct str *selectors, *dnsbl;
    size_t n_selectors, n_dnsbl;
    bool connect, https; /* default true; false with a zone file unless said */
    uint64_t every_s;    /* for the daemon; 0: each time */
    struct suite_expect_audit expect;
};

struct suite_scan {
    struct str path;               /* a message, a world; or */
    const struct forge_kind *kind; /* made for the occasion: from, to, attacker, key_file, ... */
    struct str from, to, attacker;
    const char *key_file, *attacker_key_file;
    struct str selector, attacker_selector;
    uint64_t seed;
    struct ip ip;
    struct str helo, mail_from;
    bool has_mail_from;
    const char *zone_file; /* answers come from here alone; NULL: the resolver */
    bool has_time;
    int64_t time_s;
    struct str authserv_id;
    const char *policy_file;
    struct suite_expect_scan expect;
};

struct suite_script { /* what a sink does during this case, for its recipients */
    const struct suite_sink *sink;
    struct str script; /* JSON for inboxes_script */
};

enum suite_verb { /* in the order of a case's steps */
                  SUITE_SCRIPT,
                  SUITE_PROBE,
                  SUITE_SEND,
                  SUITE_ARRIVE,
                  SUITE_NOT_ARRIVE,
                  SUITE_RELAY_TEST,
                  SUITE_SMUGGLE,
                  SUITE_AUDIT,
                  SUITE_SCAN,
                  SUITE_VERB_COUNT
};
const char *suite_verb_name(enum suite_verb v); /* "sink", "probe", ..., as the key is */

struct suite_step {
    enum suite_verb verb;
    struct suite_place at; /* of the verb; an arrival that `expect` implies: of expect */
    union {
        struct suite_script *script;
        struct suite_probe *probe;
        struct suite_send *send;
        struct suite_arrive *arrive; /* and not-arrive */
        struct suite_relay_test *relay;
        struct suite_smuggle *smuggle;
        struct suite_audit *audit;
        struct suite_scan *scan;
    };
};

#endif
