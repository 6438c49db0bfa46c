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
    DKIM_KEY_NONE,        /* no record of this kind at the name */
    DKIM_KEY_NO_MEMORY    /* ours, not theirs: never kept */
};

/* Usable keys taken from one name; which of several is meant is undefined (RFC 6376 3.6.2.2), so
 * a signature may be tried with each. */
enum { DKIM_KEYS_PER_NAME = 3 };

/* Shared, read-only; lives with the dns_answer (derived value). */
struct dkim_key {
    enum dkim_key_status status;
    const char *reason; /* static; "" when OK */
    enum key_type type;
    struct public_key *key; /* NULL unless OK */
    unsigned bits;
    bool sha256_allowed, testing, strict_domain; /* h=, t=y, t=s */
    const struct dkim_key *next;                 /* a further usable key at the same name */
};

/* One record, without a cache. False when it cannot be used: see status and reason. The caller
 * gives the key back with dkim_key_clear. */
bool dkim_key_parse(struct str text, struct dkim_key *out);
void dkim_key_clear(struct dkim_key *k);

/* The key of a TXT answer: parsed on first use, then from the answer. N29: one key record among
 * foreign TXT works; of several (`*several` = true) the usable ones follow by `next`, in an order
 * that does not depend on the server. NULL without memory. */
const struct dkim_key *dkim_key_of(const struct dns_answer *txt, bool *several);

#endif
