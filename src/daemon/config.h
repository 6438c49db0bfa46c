/* The daemon's configuration: one YAML file, docs/serve.md and mailproof.yaml(5).
 *
 * Read by the supervisor, which hands the same text to every process: each reads it again, so that
 * all of a generation have the same, and none needs the file. */
#ifndef MP_DAEMON_CONFIG_H
#define MP_DAEMON_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "ipc/mail_request.h"

enum {
    SERVE_CONFIG_MAX_BYTES = 1 << 20,
    SERVE_MAX_MILTERS = 16,
    SERVE_MAX_NETWORKS = 256, /* of one listener */
    SERVE_MAX_TOKENS = 64,
    SERVE_MAX_NAMES = 64, /* hosts of the HTTP listener, events of one webhook */
    SERVE_MAX_CLAMD = 8,
    SERVE_MAX_YARA = 32,
    SERVE_MAX_OWN_DOMAINS = 64,
    SERVE_MAX_WEBHOOKS = 16,
    SERVE_MAX_SUITES = 100,
    SERVE_MAX_AUDITS = 1000,
    SERVE_MAX_WORKERS = 64,
    SERVE_MAX_THREADS = 256, /* of one worker */
    SERVE_MAX_TEXT_BYTES = 1024,
    SERVE_MAX_NAME_BYTES = 48, /* of listeners, tokens, webhooks */

    SERVE_WORKERS = 0, /* as many as processors */
    SERVE_THREADS = 16,
    SERVE_DEADLINE_MS = 20000,          /* of one message */
    SERVE_MAX_MESSAGE_BYTES = 64 << 20, /* default; larger ones: `oversize` */
    SERVE_MAX_CONNECTIONS = 1000,       /* default, of the MTA, of one listener */
    SERVE_DRAIN_MS = 300000             /* an old generation has that long to end what it has */
};

/* "unix:/path", "inet:8891@127.0.0.1" and "inet:127.0.0.1:8891" (as Sendmail and Postfix write),
 * "127.0.0.1:8891", "[::1]:8891", or "fd:NAME" of socket activation. */
enum serve_address_kind { SERVE_UNIX, SERVE_INET, SERVE_FD };
struct serve_address {
    enum serve_address_kind kind;
    struct str path; /* of the socket; or the name of the descriptor */
    struct ip ip;
    uint16_t port;
    unsigned mode;    /* of the socket file; default 0660 */
    struct str group; /* its group; empty: as it is made */
    struct str text;  /* as it was written */
};

struct serve_network {
    struct ip ip;
    unsigned prefix_bits;
};

struct serve_milter {
    struct str name;
    struct serve_address listen;
    enum mail_mode mode; /* inbound, outbound, monitor: of strangers ... */
    /* ... and of clients that may send for us: default outbound where the mode is inbound. */
    enum mail_mode authenticated, local;
    struct serve_network networks[SERVE_MAX_NETWORKS]; /* which clients are local */
    size_t n_networks;                                 /* default: loopback */
    enum verdict_action on_failure;                    /* tempfail (default), or accept */
    enum verdict_action oversize; /* of a message above max_message_bytes: tempfail, reject, accept
                                     (then it is told that nobody looked) */
    uint64_t max_message_bytes;
    unsigned max_connections;
    bool early_reject;      /* at RCPT, where SPF and the policy leave no doubt */
    bool warm;              /* at MAIL FROM names are fetched ahead; default true */
    bool quarantine;        /* ask the MTA to hold; default true; false: it is tagged */
    struct str subject_tag; /* "[suspicious] " before the subject of what is tagged; empty: none */
    bool add_headers;       /* X-Mailproof-*: verdict and findings; default true */
    bool strip_results;     /* forged Authentication-Results go; default true */
    bool seal;              /* ARC-seal what is judged, with the key of `signing: seal` */
};

struct serve_token {
    struct str name;
    struct str sha256; /* hex of the token's hash; or */
    struct str file;   /* a file that has the token in its first line */
    unsigned scopes;   /* bits of enum serve_scope */
};
enum serve_scope {
    SERVE_SCOPE_SCAN = 1,
    SERVE_SCOPE_READ = 2,
    SERVE_SCOPE_METRICS = 4,
    SERVE_SCOPE_ADMIN = 8
};

struct serve_http {
    bool enabled;
    struct serve_address listen;
    struct str cert_file, key_file;    /* empty: plain HTTP, which is for loopback and proxies */
    struct str names[SERVE_MAX_NAMES]; /* that requests may name in Host */
    size_t n_names;
    struct serve_token tokens[SERVE_MAX_TOKENS];
    size_t n_tokens;
    bool rspamd;           /* POST /checkv2 */
    bool dashboard;        /* default true */
    bool open_metrics;     /* /metrics without a token */
    unsigned max_scans;    /* at a time; 0: as many as workers have threads */
    unsigned rate_per_min; /* requests of one token; 0: no limit */
    uint64_t max_message_bytes;
};

struct serve_history {
    bool enabled;
    struct str dir;     /* default state_dir/history */
    unsigned keep_days; /* default 30 */
    uint64_t max_bytes; /* default 1 GiB */
    bool keep_reports;  /* result documents; default true */
    bool keep_messages; /* default false */
    bool hash_addresses, omit_subjects;
};

struct serve_webhook {
    struct str name, url;
    struct str secret_file, secret_env;
    struct str events[SERVE_MAX_NAMES]; /* "mail.verdict", ...: empty: all */
    size_t n_events;
    enum verdict_action min_action; /* of mail events: default tag; accept: all */
    bool has_severity;              /* of mail events: a finding at least this grave ... */
    enum severity severity;
    struct str findings[SERVE_MAX_NAMES]; /* ... of one of these kinds ("intel.*"); none: any */
    size_t n_findings;
    bool allow_private; /* the address may be a private one */
};

struct serve_audit {
    struct str domain;
    struct str profile; /* "sending", "receiving", "parked"; empty: found out */
};

struct serve_monitor {
    struct str suites[SERVE_MAX_SUITES]; /* files with `schedule:` */
    size_t n_suites;
    struct serve_audit audits[SERVE_MAX_AUDITS];
    size_t n_audits;
    unsigned audit_every_s; /* default a day */
};

struct serve_reports {
    bool enabled;
    struct str dir; /* default state_dir/reports */
    bool observe;   /* count what is seen, for aggregate reports to others; default true */
    struct str organization, email;                     /* of the reports that we send */
    struct str imap_url, imap_user, imap_password_file; /* where ours arrive */
    unsigned imap_every_s;
    unsigned keep_days;
};

struct serve_content {
    struct str clamd[SERVE_MAX_CLAMD], yara[SERVE_MAX_YARA], own_domains[SERVE_MAX_OWN_DOMAINS];
    size_t n_clamd, n_yara, n_own_domains;
    struct str data_dir;
    bool enabled; /* default true */
};

struct serve_intel {
    bool enabled; /* default true */
    struct str config_file, store_dir;
    bool require, send_urls;
    unsigned update_every_s; /* by the clerk; 0: somebody else does (the systemd timer) */
};

struct serve_dns {
    struct str server, trust_anchor; /* as --resolver and --trust-anchor */
    struct str zone_file;            /* tests: answers from there, nothing from the network */
    unsigned timeout_ms;
    struct str discovery; /* "tree-walk" or "psl" */
};

enum serve_log_format { SERVE_LOG_JSON, SERVE_LOG_TEXT };

/* Texts live in the arena of serve_config_load. About 150 KB: not for the stack. */
struct serve_config {
    struct str user, group; /* of the processes, when it is started as root: "mailproof" */
    struct str signer_user; /* of the signer; empty: the same */
    struct str runtime_dir; /* sockets between the processes: "/run/mailproof" */
    struct str state_dir;   /* "/var/lib/mailproof" */
    struct str host_name;   /* empty: the machine's */
    struct str policy_file; /* empty: the built-in policy */
    unsigned workers, threads, deadline_ms, drain_ms;
    enum serve_log_format log_format;
    bool log_mails; /* an event for each mail; default true */
    struct serve_dns dns;
    struct serve_content content;
    struct serve_intel intel;
    struct serve_milter milters[SERVE_MAX_MILTERS];
    size_t n_milters;
    struct serve_http http;
    struct serve_history history;
    struct serve_webhook webhooks[SERVE_MAX_WEBHOOKS];
    size_t n_webhooks;
    struct serve_monitor monitor;
    struct serve_reports reports;
    struct signing_table *signing; /* room signer; NULL: nothing is signed */
};

/* What holds where the file says nothing. No listener: an empty file is refused. */
void serve_config_default(struct serve_config *c);

/* YAML over the defaults. Files that are named relatively stand beside `file`, if that has a
 * directory: give it whole. MP_OK; MP_E_SYNTAX "file:line:column: ..."; MP_E_LIMIT; MP_E_NOMEM.
 * `c` is written only on success. No file is opened: see serve_config_check. */
int serve_config_load(struct arena *arena, struct str yaml, const char *file,
                      struct serve_config *c, struct mp_err *err);

/* What only shows on the machine: files that are named are there and can be read, users exist,
 * policy and suites have no mistakes, a plain HTTP listener without token on a public address is
 * refused. The first mistake, with what to do about it. */
int serve_config_check(struct arena *arena, const struct serve_config *c, struct mp_err *err);
/* Whether that suite names a webhook of its own, which the daemon does not call. */
bool serve_suite_has_webhook(struct arena *arena, struct str path);

#endif
