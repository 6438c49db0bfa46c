/* What a suite expects, as typed values, each with its place in the file. A value that the suite
 * does not give is all zero: SUITE_GIVEN says no. All texts live in the arena of the case. */
#ifndef MP_SUITE_EXPECT_H
#define MP_SUITE_EXPECT_H

#include "auth/dmarc.h"
#include "finding/finding.h"
#include "io/smtp_client.h"

/* Where something stands: lines and columns from 1; line 0: nowhere, not given. */
struct suite_place {
    const char *file; /* as it is told to people and reports: relative to where we were started */
    unsigned line, column;
};
#define SUITE_GIVEN(x) ((x).at.line != 0)

enum suite_op { SUITE_EQ, SUITE_NE, SUITE_LT, SUITE_LE, SUITE_GT, SUITE_GE };

/* ">=1.2", "<5s", ">=10M", "=1", "!=0"; a bare value means "=". In the key's unit: milliseconds,
 * bytes, days, a count; a version of TLS as on the wire (0x0303 is 1.2, 0 is no TLS, "none"); a
 * grade as its rank (F 0, D 1, C 2, B 3, A 4, A+ 5). */
struct suite_compare {
    struct suite_place at;
    struct str text; /* as written, for messages */
    enum suite_op op;
    int64_t value;
};
bool suite_compare_holds(const struct suite_compare *c, int64_t seen);
/* "TLSv1.3" -> 0x0304; empty or unknown: 0. */
int64_t suite_tls_version(struct str name);
/* "A+" -> 5; unknown: -1. */
int64_t suite_grade_rank(struct str grade);

/* days-left: ">14", or {warn: 21, crit: 7}: fewer than these are a warning, a failure. */
struct suite_days {
    struct suite_place at;
    struct suite_compare compare; /* given or not */
    bool has_warn, has_crit;
    int64_t warn, crit;
};

struct suite_flag { /* true, false */
    struct suite_place at;
    bool value;
};

struct suite_choice { /* one of an enum; see the member */
    struct suite_place at;
    int value;
};

struct suite_text { /* a glob: suite_glob */
    struct suite_place at;
    struct str text;
};

/* A list of words or globs: [] is given with n == 0. `all`: the word "all" or "any" instead of a
 * list; `none`: the word "none" (also given by []). */
struct suite_list {
    struct suite_place at;
    const struct str *items;
    size_t n;
    bool all, none;
};

/* "*" is any text, "?" one character; without regard to ASCII case; no escapes. Linear enough:
 * patterns are at most SUITE_GLOB_MAX. */
bool suite_glob(struct str pattern, struct str text);
bool suite_list_matches(const struct suite_list *l, struct str text); /* any of its globs */

/* ---- shared parts ---- */

/* Results are words of the RFCs; several: one of them. */
struct suite_expect_auth {
    struct suite_place at;
    struct suite_list spf, dkim, dmarc, arc;
    struct suite_text dkim_domain, dkim_selector; /* of a signature with that result */
    struct suite_text dmarc_policy;               /* published: none, quarantine, reject */
    struct suite_choice alignment;                /* SUITE_ALIGN_*: of what dmarc passes by */
};
enum suite_alignment { SUITE_ALIGN_RELAXED, SUITE_ALIGN_STRICT };

struct suite_expect_cert {
    struct suite_place at;
    struct suite_days days_left;
    struct suite_flag valid; /* chain, dates and host name verify */
    struct suite_list names; /* each must be in the certificate */
    struct suite_text issuer;
};

struct suite_expect_sts {
    struct suite_place at;
    struct suite_choice mode; /* enum mta_sts_mode */
    struct suite_flag matches_mx;
};

/* Findings by id, as globs ("posture.spf.*"). */
struct suite_expect_findings {
    struct suite_list forbid;    /* none of these, whatever their severity */
    struct suite_list require;   /* at least one for each of these */
    struct suite_list tolerate;  /* these fail nothing by fail_on */
    struct suite_choice fail_on; /* enum severity: none at least so severe; not given: not asked */
};

/* ---- probe ---- */

enum suite_starttls { SUITE_STARTTLS_NONE, SUITE_STARTTLS_OFFERED, SUITE_STARTTLS_REQUIRED };
/* required: MAIL FROM before TLS is refused, or no AUTH is offered there and login needs one. */

struct suite_expect_server {
    struct suite_place at;
    struct suite_flag answers;
    struct suite_text banner;
    struct suite_compare tls;           /* version */
    struct suite_choice starttls;       /* enum suite_starttls */
    struct suite_list auth_before_tls;  /* exactly these mechanisms */
    struct suite_list auth;             /* each offered, behind TLS where there is TLS */
    struct suite_list ehlo, ehlo_lacks; /* keywords: each offered; none offered */
    struct suite_compare size, time;    /* of SIZE in bytes; of the conversation in ms */
    struct suite_expect_cert cert;
    struct suite_choice dane; /* enum dane_verdict */
    struct suite_flag fcrdns;
    struct suite_choice rcpt;         /* enum rcpt_class: of every recipient of the probe */
    struct suite_list code, enhanced; /* globs: of the reply to every recipient */
    struct suite_flag catch_all;
    struct suite_choice login; /* SUITE_LOGIN_* */
};
enum suite_login { SUITE_LOGIN_REFUSED, SUITE_LOGIN_ACCEPTED };

struct suite_expect_probe {
    struct suite_expect_server all; /* all-mx, or the same keys without it: every server */
    struct suite_expect_server any; /* any-mx: at least one has all of it */
    struct suite_compare servers;   /* that answer */
    struct suite_flag null_mx;
    struct suite_expect_sts sts;
    struct suite_expect_findings findings;
};

/* ---- send ---- */

enum suite_outcome {
    SUITE_ACCEPTED, /* by default */
    SUITE_REFUSED,  /* 5xx */
    SUITE_DEFERRED, /* 4xx */
    SUITE_ANY       /* accepted: any; and the default beside not-arrive alone */
};
struct suite_expect_send {
    struct suite_place at; /* of the outcome; line 0: nothing was said about it */
    enum suite_outcome outcome;
    unsigned stages; /* 1u << enum smtp_stage, or'ed: refused at one of these; 0: at any. "data" has
                        DATA, BODY and END */
    struct suite_place stages_at;
    struct suite_list code, enhanced; /* globs: "550", "5.7.*" */
    struct suite_text text;           /* of the reply */
    struct suite_compare tls, time;   /* version; ms of the conversation */
};

/* ---- arrive ---- */

/* none: nothing of that kind may differ. A list: only these may (globs; for body and parts the
 * words of trace_change_name without "body-" and "part-": [appended]). any: whatever. */
struct suite_expect_altered {
    struct suite_place at;
    struct suite_list body, parts, headers_added, headers_removed, headers_changed;
};

struct suite_expect_hops {
    struct suite_place at;
    struct suite_compare count, slowest, total, skew; /* a count; ms */
    struct suite_choice tls; /* SUITE_HOPS_ALL_TLS: every hop between hosts */
};
enum suite_hops_tls { SUITE_HOPS_NO_TLS, SUITE_HOPS_ALL_TLS };

/* What the receiving sink saw of the client that delivered. */
struct suite_expect_client {
    struct suite_place at;
    struct suite_flag fcrdns, helo_matches; /* PTR confirmed; HELO resolves to the address */
    struct suite_compare tls;
    struct suite_text ip, helo;
    struct suite_list dnsbl_lists; /* zones */
    struct suite_flag dnsbl_listed;
};

struct suite_expect_bounce {
    struct suite_place at;
    struct suite_list status; /* "5.1.1", "5.7.*" */
    struct suite_text action, recipient, diagnostic;
};

struct suite_expect_header {
    struct suite_place at;
    struct str name;
    struct str pattern; /* of one such field's decoded value; p == NULL: there must be none */
};

struct suite_expect_arrival {
    struct suite_list folder;  /* one of these */
    struct suite_compare time; /* ms from sending to arrival */
    struct suite_compare copies, attempts;
    struct suite_expect_auth auth;
    struct suite_text authserv_id; /* judge auth by this receiver's own field, not here */
    struct suite_expect_hops hops;
    struct suite_expect_altered altered;
    struct suite_expect_client client;
    struct suite_expect_bounce bounce;
    struct suite_text subject;
    struct suite_list contains;        /* texts, each in the decoded text of the message */
    struct suite_compare links, codes; /* how many of trace_extract */
    const struct suite_expect_header *headers;
    size_t n_headers;
    struct suite_expect_findings findings; /* of the message as judged here */
};

/* ---- the rest ---- */

struct suite_expect_relay {
    struct suite_choice refused; /* SUITE_RELAY_*; not given: all */
    unsigned stages;             /* as in suite_expect_send */
    struct suite_place stages_at;
    struct suite_list code, enhanced;
};
enum suite_relay { SUITE_RELAY_REFUSED_NONE, SUITE_RELAY_REFUSED_ALL };

struct suite_expect_smuggle {
    struct suite_list smuggled; /* names of sequences that may; not given: none */
    struct suite_list ends; /* that may end DATA although nothing was smuggled; not given: all */
};

struct suite_expect_audit {
    struct suite_compare level; /* rank of the grade */
    struct suite_expect_cert cert;
    struct suite_expect_sts sts;
    struct suite_flag dane_valid, dane_rollover_ready;
    struct suite_choice dmarc_policy; /* enum dmarc_policy: at least so strict */
    struct suite_compare spf_lookups;
    struct suite_flag dnssec;
    struct suite_choice changed; /* changed-since-last: SUITE_CHANGED_* */
    struct suite_expect_findings findings;
};
enum suite_changed { SUITE_CHANGED_IGNORE, SUITE_CHANGED_WARN, SUITE_CHANGED_FAIL };

struct suite_expect_scan {
    struct suite_list action; /* accept, tag, quarantine, reject, tempfail: one of these */
    struct suite_expect_auth auth;
    struct suite_expect_findings findings;
};

#endif
