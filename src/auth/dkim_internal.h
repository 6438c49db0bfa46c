/* Between the parser of the signature field (dkim_header.c) and its judge (dkim_verify.c). */
#ifndef MP_AUTH_DKIM_INTERNAL_H
#define MP_AUTH_DKIM_INTERNAL_H

#include "auth/dkim.h"
#include "auth/tag_list.h"

/* What the verifier needs of a field beyond what it reports. */
struct dkim_parsed {
    struct dkim_signature *sig;
    enum key_type key_type;              /* a= asks for */
    struct str body_hash, signature;     /* bh=, b=, decoded */
    size_t b_offset, b_length;           /* of the value of b= in the field's value */
    bool identity_below;                 /* i= names a subdomain of d= */
    struct str key_name;                 /* s._domainkey.d */
    bool alive;                          /* worth a key and a hash */
    const struct dns_answer *key_answer; /* NULL until asked */
};

/* Parse and judge one DKIM-Signature field by itself: RFC 6376 3.5, 6.1.1, and expiry. Fills *sig
 * and *p; p->alive is false when the verdict stands already (sig->result, sig->reason).
 * MP_OK, MP_E_NOMEM. */
int dkim_field_parse(struct arena *arena, const struct header *field, int64_t now_s,
                     unsigned clock_skew_s, struct dkim_parsed *p, struct dkim_signature *sig,
                     struct mp_err *err);

/* d=, s= and the domain of i=: A-labels in lower case, LDH and underscore, no final dot, at least
 * `min_labels` labels (N26, N27). */
bool dkim_domain(struct arena *arena, struct str text, unsigned min_labels, struct str *out);

#endif
