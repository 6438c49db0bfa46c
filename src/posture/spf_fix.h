/* Remedies of SPF findings as texts to publish, between check_spf.c and spf_fix.c. */
#ifndef MP_POSTURE_SPF_FIX_H
#define MP_POSTURE_SPF_FIX_H

#include "posture/posture_internal.h"
#include "posture/rewrite.h"

/* One record in the place of another. */
struct spf_change {
    struct str at, before, after;
};

/* One record being mended. */
struct spf_mender {
    struct posture_ctx *c;
    const struct spf_problem *p;
    struct words w;
};

/* The first record, cheaper: of look-ups or voids, whichever the problem is. False when it does not
 * come down to the limit (spf_fit.c). */
bool spf_fit(struct spf_mender *m);

/* The record that has the problem, mended; false when nobody but its owner can say how, or when the
 * record is not of the audited domain. `after` is well-formed. The answers of the audit must be
 * in the view. */
bool spf_mend(struct posture_ctx *c, const struct spf_problem *p, struct spf_change *out);

/* All SPF records of the answer in one; p == NULL when that cannot be. */
struct str spf_merge(struct posture_ctx *c, const struct dns_answer *txt);

/* Is it meant as SPF, but not in the form that is read? *after: what was meant, or p == NULL. */
bool spf_is_nearly(struct posture_ctx *c, struct str text, struct str *after);

/* A first record for a domain without one; p == NULL when nothing is known of its servers. */
struct str spf_first(struct posture_ctx *c);

#endif
