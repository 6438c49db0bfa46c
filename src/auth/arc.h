/* ARC chains (RFC 8617): validate, judge the sealers, and seal. */
#ifndef MP_AUTH_ARC_H
#define MP_AUTH_ARC_H

#include "auth/auth.h"
#include "auth/dkim.h"

enum arc_result { ARC_NONE, ARC_PASS, ARC_FAIL, ARC_TEMPERROR };
const char *arc_result_name(enum arc_result r);

enum {
    ARC_MAX_INSTANCES = 50,              /* RFC 8617 4.2.1 */
    ARC_MAX_BYTES = 1024 * 1024,         /* of all ARC fields together; 50 real sets are 200 KiB */
    ARC_MAX_OLD_BYTES = 16 * 1024 * 1024 /* of fields hashed for oldest-pass, then the walk ends */
};

/* One set. A pointer is NULL when the chain failed before or because the field was missing. */
struct arc_set {
    const struct header *aar, *ams, *seal;
    struct str sealer, selector; /* d=, s= of the AS: A-labels once valid, as written otherwise */
    struct str cv;
    enum dkim_part seal_ok, ams_ok;
};

struct arc_outcome {
    enum arc_result result;
    unsigned instances;   /* the highest i that was read; also when the chain fails; 0: none was */
    unsigned oldest_pass; /* first i from which all AMS verify; 0 = all of them do */
    struct arc_set *sets; /* [instances], set i at i - 1 */
    struct str reason;    /* one sentence for anything but pass and none */
    bool closed;          /* no set may follow: the newest says cv=fail, or it is beyond limits */

    /* Trust (N34). A seal vouches for all sets below it, so the list is walked from the newest
     * set down for as long as each d= of the AS stands on it, name for name. `trusted`: the chain
     * passes and at least the newest sealer is on the list. `trusted_from`: the oldest instance so
     * reached; its AAR is what a forwarder we rely on saw first. Sets below it prove nothing. */
    bool trusted;
    unsigned trusted_from;
    struct str untrusted_sealer; /* the first on that way that is not on the list; may be empty */
    struct str aar_value;        /* AAR of `trusted_from` behind "i=n;": a value of RFC 8601 */
};

/* Validate the chain (RFC 8617 5.2). DNS trouble that could change the result is ARC_TEMPERROR.
 * All keys are asked for in one round. Owns: results live in the arena. Borrows: the message.
 * MP_OK, MP_WAIT, MP_E_NOMEM, MP_E_LIMIT (view full), MP_E_CRYPTO. */
int arc_verify(struct auth_ctx *ctx, struct arc_outcome *out, struct mp_err *err);

/* auth.arc.fail, auth.arc.temperror, auth.untrusted-sealer. */
void arc_findings(struct auth_ctx *ctx, const struct arc_outcome *out);

struct arc_sealer {
    struct str domain, selector, authserv_id;
    struct sign_key key;
    const struct str *header_names;
    size_t n_header_names; /* 0: the recommended set */
    int64_t signed_at_s;
};

/* Write the three fields of the next set ("ARC-Seal", "ARC-Message-Signature",
 * "ARC-Authentication-Results", newest first, each folded and with CRLF). `auth_results`: what
 * stands after the authserv-id, "spf=pass ...; dkim=...". `chain` is the outcome of arc_verify on
 * this message: cv follows from it (none, pass; fail: that seal covers its own set only, RFC 8617
 * 5.1.2). Tags stand in alphabetical order, b= without inner white space: reproducible.
 * Only RSA keys: a set has exactly one AS, so a seal that many verifiers cannot read
 * (ed25519-sha256) would break the chain for all behind them.
 * MP_OK. MP_E_USAGE: the chain is closed or has 50 sets, it is undecided
 * (temperror), an Ed25519 key, a name in h= that must not be signed, or a domain, selector,
 * authserv-id or result text that cannot stand in a field. MP_E_LIMIT: `out` is full. MP_E_NOMEM,
 * MP_E_CRYPTO. On failure `out` is as before. */
int arc_seal(struct arena *arena, const struct message *msg, struct body_hashes *bodies,
             const struct arc_outcome *chain, struct str auth_results,
             const struct arc_sealer *sealer, struct buf *out, struct mp_err *err);

#endif
