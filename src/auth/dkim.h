/* DKIM verification and signing (RFC 6376 with 8301, 8463, 8553, 8616). */
#ifndef MP_AUTH_DKIM_H
#define MP_AUTH_DKIM_H

#include "auth/auth.h"
#include "auth/dkim_canon.h"
#include "base/buf.h"
#include "crypto/key.h"

enum dkim_result {
    DKIM_NONE,
    DKIM_PASS,
    DKIM_FAIL,
    DKIM_POLICY,
    DKIM_NEUTRAL,
    DKIM_TEMPERROR,
    DKIM_PERMERROR
};
const char *dkim_result_name(enum dkim_result r);

enum dkim_part { DKIM_PART_UNCHECKED, DKIM_PART_OK, DKIM_PART_MISMATCH };

enum {
    DKIM_MAX_SIGNATURES = 10,     /* evaluated; chosen after parsing (N30) */
    DKIM_MAX_PARSED = 200,        /* looked at for choosing */
    DKIM_MAX_HEADER_NAMES = 1000, /* h= items; more: permerror */
    DKIM_MAX_FIELD_BYTES = 128 * 1024
};

/* One signature's verdict. Views into message or arena. */
struct dkim_signature {
    enum dkim_result result;
    struct str domain, selector; /* A-label, lower case once valid; as written otherwise */
    struct str identity;         /* i=, or "@" d= */
    struct str algorithm;        /* "rsa-sha256" */
    enum canon header_canon, body_canon;
    unsigned key_bits;
    enum dkim_part body_hash, signature; /* judged apart */
    struct str reason;                   /* one sentence for anything but pass */
    int64_t signed_at_s, expires_at_s;   /* t=, x=; -1 when absent */
    bool has_length, unsigned_tail;      /* l= present; body longer than l= */
    uint64_t length, body_length;        /* l= and the canonical body's length */
    bool key_testing, key_several;
    bool over_limit;         /* not evaluated: max_signatures others were preferred */
    struct str header_names; /* h= as written; empty when the field could not be parsed */
    struct str b_prefix;     /* first 8 characters of b=, for header.b (RFC 8601 2.7.1) */
    const struct header *field;
    bool aligned; /* filled by DMARC */
};

struct dkim_outcome {
    enum dkim_result result;     /* pass if any passes; else the most telling one; none without */
    struct dkim_signature *sigs; /* topmost first */
    size_t n;
    size_t seen; /* fields of that name in the message */
};

/* Verify the DKIM-Signature fields (RFC 6376 6.1). `author_domain` (may be empty): signatures
 * aligned with it are evaluated first when there are more than the cap.
 * MP_OK also when none verifies; MP_WAIT; MP_E_NOMEM; MP_E_LIMIT (view full). */
int dkim_verify(struct auth_ctx *ctx, struct str author_domain, struct dkim_outcome *out,
                struct mp_err *err);

/* l-tag-unsigned-tail, duplicate signed fields, small keys, sha1, future t=, ... */
void dkim_findings(struct auth_ctx *ctx, const struct dkim_outcome *out);

/* ---- signing (dkim_sign.c) ---- */

struct dkim_signer {
    struct str domain, selector;
    struct sign_key key; /* private_key_signer(k), or one of a process that keeps it */
    struct str identity; /* i=; empty: not written */
    enum canon header_canon, body_canon;
    const struct str *header_names; /* NULL: the recommended set of RFC 6376 5.4.1, oversigned */
    size_t n_header_names;
    int64_t signed_at_s; /* t=; negative: not written */
    uint32_t lifetime_s; /* x= = t= + this; 0: not written */
};

/* A streaming signer for one message and several keys at once: headers first, then the body in
 * any pieces; the body is hashed once per canonicalization. */
struct dkim_signing;
int dkim_signing_new(struct arena *arena, const struct message *head, const struct dkim_signer *s,
                     size_t n, struct dkim_signing **out, struct mp_err *err);
void dkim_signing_body(struct dkim_signing *s, struct str bytes);
/* Appends one folded "DKIM-Signature: ...\r\n" per signer, in order. Frees nothing but hashes. */
int dkim_signing_finish(struct dkim_signing *s, struct buf *out, struct mp_err *err);
/* Instead of finish: gives the hashes back. Accepts NULL; harmless after finish. */
void dkim_signing_cancel(struct dkim_signing *s);

#endif
