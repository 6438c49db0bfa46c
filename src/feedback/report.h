/* Reports of other receivers: DMARC aggregate (RFC 7489 App. C, RFC 9990), abuse and failure (RFC
 * 5965, 6591, 9991), TLS-RPT (RFC 8460). Texts are as the reporter wrote them: hostile. */
#ifndef MP_FEEDBACK_REPORT_H
#define MP_FEEDBACK_REPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

enum {
    FEEDBACK_MAX_BYTES = 64 * 1024 * 1024,       /* of one report, unpacked */
    FEEDBACK_MAX_RATIO = 250,                    /* unpacked to packed ... */
    FEEDBACK_RATIO_FREE_MAX_BYTES = 1024 * 1024, /* ... above this size */
    FEEDBACK_MAX_DEPTH = 16,                     /* elements of XML, values of JSON */
    FEEDBACK_MAX_ROWS = 200 * 1000,              /* records of an aggregate report */
    FEEDBACK_MAX_RESULTS = 100,                  /* of DKIM in one of them (RFC 9990) */
    FEEDBACK_MAX_REASONS = 20,                   /* and reasons of an override */
    FEEDBACK_MAX_POLICIES = 1000,                /* of a TLS report */
    FEEDBACK_MAX_TLS_FAILURES = 20 * 1000,       /* of all its policies */
    FEEDBACK_MAX_LIST = 100,                     /* other lists: domains of an abuse report */
    FEEDBACK_MAX_TEXT_BYTES = 1024,              /* of one text */
    FEEDBACK_MAX_PROBLEMS = 50,                  /* told of one report */
    FEEDBACK_MAX_ITEMS = 50,                     /* reports in one mail */
    FEEDBACK_ARENA_MAX_BYTES = 512 * 1024 * 1024 /* for all of one input */
};

enum feedback_kind { FEEDBACK_AGGREGATE, FEEDBACK_FAILURE, FEEDBACK_TLS, FEEDBACK_KIND_COUNT };
const char *feedback_kind_name(enum feedback_kind k); /* "aggregate", "failure", "tls" */

/* ---- DMARC aggregate ---- */

enum feedback_disposition {
    DISPOSITION_UNKNOWN, /* not told, or no such word */
    DISPOSITION_NONE,
    DISPOSITION_PASS, /* RFC 9990 */
    DISPOSITION_QUARANTINE,
    DISPOSITION_REJECT,
    DISPOSITION_COUNT
};
const char *feedback_disposition_name(enum feedback_disposition d);

enum feedback_aligned { ALIGNED_UNKNOWN, ALIGNED_PASS, ALIGNED_FAIL, ALIGNED_COUNT };
const char *feedback_aligned_name(enum feedback_aligned a);

struct dmarc_reason {
    struct str type, comment;
};

struct dmarc_auth { /* of DKIM: domain, selector; of SPF: domain, scope */
    struct str domain, selector, scope, result, human_result;
};

struct dmarc_row {
    struct ip source;
    uint64_t count;
    enum feedback_disposition disposition;
    enum feedback_aligned dkim, spf; /* what DMARC made of them: pass and aligned, or not */
    struct str header_from, envelope_from, envelope_to;
    struct dmarc_reason *reasons;
    struct dmarc_auth *dkim_results, *spf_results;
    size_t n_reasons, n_dkim, n_spf;
};

struct dmarc_published {
    struct str domain, adkim, aspf, p, sp, np, fo, pct, testing, discovery_method;
};

struct dmarc_aggregate {
    struct str version, ns; /* ns: its XML namespace; both may be empty */
    struct str org_name, email, extra_contact, report_id, generator, error;
    int64_t begin_s, end_s; /* 0: not told */
    struct dmarc_published published;
    struct dmarc_row *rows;
    size_t n_rows;
    uint64_t messages; /* sum of the counts */
};

/* ---- TLS-RPT ---- */

struct tls_failure {
    struct str result_type, sending_ip, receiving_mx, receiving_helo, receiving_ip, info, reason;
    uint64_t count;
};

struct tls_result {
    struct str policy_type, domain;
    struct str *policy_strings, *mx_hosts;
    size_t n_strings, n_mx;
    uint64_t successful, failed;
    struct tls_failure *failures;
    size_t n_failures;
};

struct tls_report {
    struct str org_name, contact, report_id, begin, end; /* the dates as written ... */
    int64_t begin_s, end_s;                              /* ... and read; 0: not told */
    struct tls_result *results;
    size_t n_results;
    uint64_t successful, failed;
};

/* ---- abuse and failure ---- */

struct failure_report {
    struct str feedback_type, user_agent, version, source, arrival_date, mail_from, auth_failure,
        delivery_result, identity_alignment, dkim_domain, dkim_identity, dkim_selector, spf_dns,
        reporting_mta, envelope_id, authentication_results;
    struct str *domains, *uris, *rcpts; /* Reported-Domain, Reported-URI, Original-Rcpt-To */
    size_t n_domains, n_uris, n_rcpts;
    struct ip ip;       /* of `source`; IP_NONE: not told, or no address */
    uint64_t incidents; /* 1 when not told */
    int64_t arrival_s;  /* 0: not told */
    /* What it is about: "message/rfc822", "text/rfc822-headers"; empty: nothing was enclosed. */
    struct str original_part, subject, message_id, from, from_domain;
    /* Of the mail that brought it. */
    struct str reporter, report_id; /* domain of its author; its Message-ID */
    int64_t reported_s;
};

/* ---- what was wrong ---- */

enum feedback_problem_kind {
    PROBLEM_NOT_A_REPORT, /* neither by its form nor by what it says */
    PROBLEM_NOT_WELL_FORMED,
    PROBLEM_DOCTYPE, /* a DTD, which could declare entities */
    PROBLEM_DEPTH,
    PROBLEM_SIZE,
    PROBLEM_RATIO,
    PROBLEM_PACKED,  /* damaged, encrypted, nested, or several files */
    PROBLEM_LIMIT,   /* the rest was left out */
    PROBLEM_MISSING, /* what a report must have */
    PROBLEM_NUMBER,  /* no number, negative, or above what counts */
    PROBLEM_ADDRESS, /* no IP address */
    PROBLEM_RANGE,   /* of time: ends before it begins */
    PROBLEM_WORD,    /* none of the words of the format */
    PROBLEM_DUPLICATE,
    PROBLEM_TYPE,      /* of JSON: something else is wanted there */
    PROBLEM_DEVIATION, /* read all the same */
    PROBLEM_WORKER,    /* its worker crashed or was too slow: nothing is known of it */
    PROBLEM_COUNT
};
const char *feedback_problem_name(enum feedback_problem_kind k); /* "not-a-report", ... */

enum feedback_gravity {
    GRAVITY_NOTE,    /* read as it was meant */
    GRAVITY_PARTIAL, /* a record or a value was left out */
    GRAVITY_REFUSED  /* nothing of it is used */
};
const char *feedback_gravity_name(enum feedback_gravity g);

struct feedback_problem {
    enum feedback_problem_kind kind;
    enum feedback_gravity gravity;
    struct str where; /* "line 31, column 24", "record 3, source_ip", "policies[0]" */
    struct str text;  /* printable, one line */
};

struct feedback_problems {
    struct arena *arena;
    struct feedback_problem *items;
    size_t n;
    struct str place; /* of what is read now, put before where it is */
    uint64_t dropped; /* above FEEDBACK_MAX_PROBLEMS */
    enum feedback_gravity worst;
    bool failed; /* no memory for one */
};
void feedback_problem(struct feedback_problems *list, enum feedback_problem_kind kind,
                      enum feedback_gravity gravity, struct str where, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* One report. */
struct feedback_item {
    enum feedback_kind kind;
    struct str place;                  /* in the input: "part 2, report.xml.gz"; may be empty */
    struct dmarc_aggregate *aggregate; /* the one of `kind` */
    struct failure_report *failure;
    struct tls_report *tls;
};

/* What an input held. Nothing at all is a problem, too. */
struct feedback_content {
    struct feedback_item *items;
    size_t n;
    struct feedback_problems problems;
};

/* ---- readers: pure, linear; all of the result in the arena ---- */

/* MP_OK: *out; what was odd in `problems`. MP_E_SYNTAX: refused, and the last problem says why;
 * MP_E_NOMEM. The text is one document, unpacked. */
int dmarc_xml_read(struct arena *arena, struct str xml, struct feedback_problems *problems,
                   struct dmarc_aggregate *out, struct mp_err *err);
int tls_json_read(struct arena *arena, struct str json, struct feedback_problems *problems,
                  struct tls_report *out, struct mp_err *err);

/* message/feedback-report, decoded; what is enclosed is filled by who has the mail. */
int arf_read(struct arena *arena, struct str fields, struct feedback_problems *problems,
             struct failure_report *out, struct mp_err *err);

/* All reports in bytes of any form: a mail, gzip or ZIP of one file, XML, JSON. MP_OK also when
 * there is none: the problems tell; MP_E_NOMEM. libarchive reads what is packed: for workers. */
int feedback_read(struct arena *arena, struct str bytes, struct feedback_content *out,
                  struct mp_err *err);

#endif
