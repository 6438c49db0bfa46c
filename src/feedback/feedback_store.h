/* The store of reports: what other receivers told, each report once; and what mail we saw, to tell
 * others. SQLite in DIR/feedback.db. All results live in the caller's arena; texts are as reporters
 * wrote them: hostile, valid UTF-8, to be escaped where they are shown.
 *
 *   reader --feedback_store_put--> reports, rows by source --queries--> CLI, web API, dashboard
 *   worker --feedback_observe----> rows of a day and domain --seen_*--> compose.h, once a day */
#ifndef MP_FEEDBACK_FEEDBACK_STORE_H
#define MP_FEEDBACK_FEEDBACK_STORE_H

#include "feedback/report.h"

enum {
    FEEDBACK_KEEP_S = 400 * 86400,       /* reports, by when they came */
    FEEDBACK_KEEP_SEEN_S = 8 * 86400,    /* what was seen, by its day */
    FEEDBACK_STORE_MAX_REPORTS = 500000, /* then the oldest go */
    FEEDBACK_LIST_LIMIT = 100,           /* of a query that names none */
    FEEDBACK_LIST_MAX = 10000,
    FEEDBACK_MAX_SEEN_ROWS = 50000,     /* different rows of a domain and day ... */
    FEEDBACK_MAX_SEEN_DOMAINS = 100000, /* ... and domains of a day: more are counted as lost */
    FEEDBACK_SEEN_MAX_DKIM = 100
};

struct feedback_store;

struct feedback_store_config {
    const char *dir;    /* NULL: in memory, gone with the store */
    int64_t keep_s;     /* 0: FEEDBACK_KEEP_S */
    size_t max_reports; /* 0: FEEDBACK_STORE_MAX_REPORTS */
    bool read_only;     /* the directory and the file must be there; nothing is written */
};

/* MP_E_IO "DIR/feedback.db: ...": no access, damaged, of another program, of a newer version;
 * MP_E_NOMEM. Several processes may have the same one open. Threads: any; one at a time gets in. */
int feedback_store_open(const struct feedback_store_config *config, struct feedback_store **out,
                        struct mp_err *err);
void feedback_store_close(struct feedback_store *s); /* accepts NULL */

/* ---- putting in ---- */

struct feedback_put {
    size_t added, known; /* known: it was there before */
    size_t conflicting;  /* named like one that is there, with other content: the first one stays */
};
/* All reports of one input, in one transaction; *out is added to. `source`: where it came from. */
int feedback_store_put(struct feedback_store *s, const struct feedback_content *content,
                       struct str source, int64_t now_s, struct feedback_put *out,
                       struct mp_err *err);

/* Retention: what is too old, or too much. To be called now and then (the clerk: each hour). */
int feedback_store_sweep(struct feedback_store *s, int64_t now_s, uint64_t *deleted,
                         struct mp_err *err);

/* ---- queries: zero means "any" ---- */

struct feedback_filter {
    bool has_kind;
    enum feedback_kind kind;
    struct str domain; /* of the policy, and names below it; any case */
    struct str org;    /* exactly */
    struct ip source;
    int64_t from_s, to_s; /* the range of a report overlaps [from_s, to_s) */
    int64_t report;       /* its number in the store */
    bool failing;         /* rows and sources where something failed DMARC */
    size_t limit;         /* 0: FEEDBACK_LIST_LIMIT; at most FEEDBACK_LIST_MAX */
    size_t offset;
};

struct feedback_stored { /* a report, newest first */
    int64_t id;
    enum feedback_kind kind;
    struct str org, email, report_id, domain, version, source;
    struct dmarc_published published; /* of an aggregate report */
    int64_t begin_s, end_s, received_s;
    uint64_t messages, failed; /* sessions, of TLS */
    uint64_t problems;
};
struct feedback_stored_list {
    struct feedback_stored *items;
    size_t n;
    bool more;
};
int feedback_store_reports(struct feedback_store *s, const struct feedback_filter *f,
                           struct arena *a, struct feedback_stored_list *out, struct mp_err *err);

struct feedback_sums { /* messages of aggregate reports */
    uint64_t messages, passed, dkim_aligned, spf_aligned, quarantined, rejected;
};

struct feedback_domain {       /* most messages first */
    struct str domain, policy; /* p= of its latest report */
    struct feedback_sums sums;
    uint64_t reports, sources, tls_ok, tls_failed, failure_reports;
    int64_t first_s, last_s; /* of the ranges */
};
struct feedback_domain_list {
    struct feedback_domain *items;
    size_t n;
    bool more;
};
int feedback_store_domains(struct feedback_store *s, const struct feedback_filter *f,
                           struct arena *a, struct feedback_domain_list *out, struct mp_err *err);

struct feedback_source { /* a policy domain and who sent in its name; most messages first */
    struct str domain;
    struct ip ip;
    struct feedback_sums sums;
    uint64_t reports;
    uint64_t dkim_passed, spf_passed; /* messages with any such result, aligned or not */
    struct str header_from, dkim_domain, spf_domain; /* one of them; may be empty */
    struct str reason;                               /* of an override; one of them */
    int64_t first_s, last_s;
};
struct feedback_source_list {
    struct feedback_source *items;
    size_t n;
    bool more;
};
int feedback_store_sources(struct feedback_store *s, const struct feedback_filter *f,
                           struct arena *a, struct feedback_source_list *out, struct mp_err *err);

struct feedback_row { /* a record of an aggregate report, most messages first */
    int64_t report, begin_s, end_s;
    struct str domain, org, report_id, policy;
    struct ip ip;
    uint64_t count;
    enum feedback_disposition disposition;
    enum feedback_aligned dkim, spf;
    struct str header_from, envelope_from, envelope_to;
    struct str reasons;                   /* "forwarded: comment; local_policy" */
    struct str dkim_results, spf_results; /* "example.org/s1=pass other.test/s2=fail" */
};
struct feedback_row_list {
    struct feedback_row *items;
    size_t n;
    bool more;
};
int feedback_store_rows(struct feedback_store *s, const struct feedback_filter *f, struct arena *a,
                        struct feedback_row_list *out, struct mp_err *err);

struct feedback_day { /* UTC; oldest first */
    int64_t day_s;
    struct feedback_sums sums;
};
struct feedback_day_list {
    struct feedback_day *items;
    size_t n;
    bool more;
};
int feedback_store_days(struct feedback_store *s, const struct feedback_filter *f, struct arena *a,
                        struct feedback_day_list *out, struct mp_err *err);

struct feedback_tls_row { /* policies and their sums, or one kind of failure; most failed first */
    int64_t report, begin_s, end_s;
    struct str domain, org, policy_type;
    uint64_t successful, failed; /* `failed` of a failure: its sessions */
    struct str result_type, sending_ip, receiving_mx, receiving_ip, reason, info; /* of a failure */
};
struct feedback_tls_list {
    struct feedback_tls_row *items;
    size_t n;
    bool more;
};
int feedback_store_tls(struct feedback_store *s, const struct feedback_filter *f, struct arena *a,
                       struct feedback_tls_list *out, struct mp_err *err);
int feedback_store_tls_failures(struct feedback_store *s, const struct feedback_filter *f,
                                struct arena *a, struct feedback_tls_list *out, struct mp_err *err);

struct feedback_failure { /* of one message; newest first; no subject, no recipient is kept */
    int64_t report, time_s;
    struct str domain, org, type, auth_failure, delivery_result, mail_from_domain, from_domain,
        dkim_domain, dkim_selector, user_agent;
    struct ip ip;
    uint64_t incidents;
};
struct feedback_failure_list {
    struct feedback_failure *items;
    size_t n;
    bool more;
};
int feedback_store_failures(struct feedback_store *s, const struct feedback_filter *f,
                            struct arena *a, struct feedback_failure_list *out, struct mp_err *err);

/* ---- mail seen, for reports of our own ---- */

/* One message, as it was judged: see seen.h. */
struct feedback_seen {
    int64_t time_s;
    struct dmarc_published published; /* of `domain`, the policy domain (A-labels) */
    struct dmarc_row row;             /* `count`: 0 means 1 */
};
/* Adds up equal rows of a UTC day. Batch where you can: one transaction each call. */
int feedback_observe(struct feedback_store *s, const struct feedback_seen *seen, size_t n,
                     struct mp_err *err);

struct feedback_day_domain {
    struct str domain;
    uint64_t messages, lost; /* lost: not told apart any more, see FEEDBACK_MAX_SEEN_ROWS */
    uint64_t sent;           /* destinations that have their report already */
};
struct feedback_day_domain_list {
    struct feedback_day_domain *items;
    size_t n;
    bool more;
};
/* Policy domains with mail on the UTC day that begins at `day_s`, in order of name. */
int feedback_seen_domains(struct feedback_store *s, int64_t day_s, struct arena *a,
                          struct feedback_day_domain_list *out, struct mp_err *err);
/* Its rows and the policy as last seen on that day; begin_s and end_s are filled, the rest of the
 * metadata is not. */
int feedback_seen_rows(struct feedback_store *s, int64_t day_s, struct str domain, struct arena *a,
                       struct dmarc_aggregate *out, struct mp_err *err);
int feedback_seen_is_sent(struct feedback_store *s, int64_t day_s, struct str domain,
                          struct str destination, bool *sent, struct mp_err *err);
int feedback_seen_mark_sent(struct feedback_store *s, int64_t day_s, struct str domain,
                            struct str destination, struct str report_id, int64_t now_s,
                            struct mp_err *err);

#endif
