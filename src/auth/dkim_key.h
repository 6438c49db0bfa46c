/* DKIM key records (RFC 6376 3.6.1, RFC 8301, RFC 8463), parsed once and kept with the answer. */
#ifndef MP_AUTH_DKIM_KEY_H
#define MP_AUTH_DKIM_KEY_H

#include "crypto/key.h"
#include "dns/dns.h"

enum dkim_key_status {
    DKIM_KEY_OK,
    DKIM_KEY_REVOKED, /* p= empty */
    DKIM_KEY_SYNTAX,
    DKIM_KEY_NOT_EMAIL,   /* s= without email and * */
    DKIM_KEY_UNSUPPORTED, /* k= unknown */
    DKIM_KEY_TOO_LARGE,   /* RSA above KEY_RSA_MAX_BITS */
    DKIM_KEY_NONE         /* no record of this kind at the name */
};

/* Shared, read-only; lives with the dns_answer (derived value). */
struct dkim_key {
    enum dkim_key_status status;
    const char *reason; /* static; "" when OK */
    enum key_type type;
    struct public_key *key; /* NULL unless OK */
    unsigned bits;
    bool sha256_allowed, testing, strict_domain; /* h=, t=y, t=s */
};

/* The key of a TXT answer: parsed on first use, then from the answer (N29: one usable DKIM1 record
 * among foreign TXT works; several: the first usable, `*several` = true). NULL without memory. */
const struct dkim_key *dkim_key_of(const struct dns_answer *txt, bool *several);

#endif
