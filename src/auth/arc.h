/* ARC chains (RFC 8617): validate, judge the sealers, and seal. */
#ifndef MP_AUTH_ARC_H
#define MP_AUTH_ARC_H

#include "auth/auth.h"
#include "auth/dkim.h"

enum arc_result { ARC_NONE, ARC_PASS, ARC_FAIL, ARC_TEMPERROR };
const char *arc_result_name(enum arc_result r);

enum { ARC_MAX_INSTANCES = 50 }; /* RFC 8617 4.2.1 */

struct arc_set {
    const struct header *aar, *ams, *seal;
    struct str sealer, selector; /* d=, s= of the AS */
    struct str cv;
    enum dkim_part seal_ok, ams_ok;
};

struct arc_outcome {
    enum arc_result result;
    unsigned instances;
    unsigned oldest_pass; /* first i from which all AMS verify; 0 = all of them do */
    struct arc_set *sets; /* [instances], set i at i - 1 */
    struct str reason;
    bool trusted;                /* pass, and every sealer back to the first trusted one is (N34) */
    struct str untrusted_sealer; /* the first that is not */
    struct str aar_value;        /* the newest trusted AAR body, when trusted */
};

/* MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT. */
int arc_verify(struct auth_ctx *ctx, struct arc_outcome *out, struct mp_err *err);
void arc_findings(struct auth_ctx *ctx, const struct arc_outcome *out);

struct arc_sealer {
    struct str domain, selector, authserv_id;
    const struct private_key *key;
    const struct str *header_names;
    size_t n_header_names; /* 0: the recommended set */
    int64_t signed_at_s;
};

/* Write the three fields of the next set ("ARC-Seal", "ARC-Message-Signature",
 * "ARC-Authentication-Results", newest first, each folded and with CRLF). `auth_results`: what
 * stands after the authserv-id, "spf=pass ...; dkim=...". `chain` is the outcome of arc_verify on
 * this message: cv follows from it. MP_E_USAGE when the chain has failed already (RFC 8617 5.1:
 * one cv=fail seal may be added, then never again) or has 50 sets. */
int arc_seal(struct arena *arena, const struct message *msg, struct body_hashes *bodies,
             const struct arc_outcome *chain, struct str auth_results,
             const struct arc_sealer *sealer, struct buf *out, struct mp_err *err);

#endif
