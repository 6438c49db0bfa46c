/* What the files of the audit share: answers, facts on their way, and the parts of a report. */
#ifndef MP_FLOW_AUDIT_INTERNAL_H
#define MP_FLOW_AUDIT_INTERNAL_H

#include "flow/audit.h"

/* ---- answers (audit_dns.c) ---- */

int audit_dns_open(struct audit *a, struct mp_err *err);
void audit_dns_close(struct audit *a); /* may be called twice */
/* Fetch what is missing in a->dns; at the deadline it is answered TIMEOUT. MP_OK, or an error. */
int audit_dns_fill(struct audit *a, struct mp_err *err);

/* ---- facts (audit_facts.c, audit_fetch.c) ---- */

/* One file or host, fetched by a thread of its own into an arena of its own. */
struct audit_fact {
    struct audit_fact *next;
    const struct audit_options *options;
    struct fact_question question;
    struct arena arena;
    struct ip addresses[POSTURE_MAX_ADDRESSES];
    size_t n_addresses;
    bool dns_failed;     /* an address could not be looked up */
    int64_t deadline_us; /* of the audit; the fact's own begins when it is fetched */
    struct https_fact https;
    struct smtp_fact smtp;
};

/* Fetch all that is missing in a->facts, in parallel. MP_OK also when there is none. */
int audit_facts_fill(struct audit *a, struct mp_err *err);
/* Release what was fetched; may be called twice. */
void audit_facts_close(struct audit *a);

/* The host of a URL as DNS is asked for it; empty: it has none, or an address instead. */
struct str audit_url_host(struct arena *a, struct str url);
/* Fetch one; blocks. Never fails: what went wrong is in the fact. */
void audit_fetch(struct audit_fact *f);

/* ---- what comes of it ---- */

/* Compare with what was saved: fills known, gone and their numbers (audit_diff.c). */
int audit_compare(struct audit *a, const struct saved_audit *before, struct mp_err *err);

/* Headline, remedies, metrics (audit_report.c). */
int audit_describe(struct audit *a, struct mp_err *err);

#endif
