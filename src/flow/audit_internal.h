/* What the files of the audit share: facts on their way, and the parts of a report. */
#ifndef MP_FLOW_AUDIT_INTERNAL_H
#define MP_FLOW_AUDIT_INTERNAL_H

#include "flow/audit.h"

/* One file or host, fetched by a thread of its own into an arena of its own. */
struct audit_fact {
    struct audit_fact *next;
    const struct audit_options *options;
    struct fact_question question;
    struct arena arena;
    struct ip addresses[POSTURE_MAX_ADDRESSES];
    size_t n_addresses;
    bool dns_failed; /* its addresses could not be looked up */
    int64_t deadline_us;
    struct https_fact https;
    struct smtp_fact smtp;
};

/* Fetch one (audit_fetch.c); blocks. Never fails: what went wrong is in the fact. */
void audit_fetch(struct audit_fact *f);

/* Compare with what was saved: fills known, gone (audit_diff.c). */
int audit_compare(struct audit *a, const struct saved_audit *before, struct mp_err *err);

/* Headline, remedies, metrics (audit_report.c). */
int audit_describe(struct audit *a, struct mp_err *err);

#endif
