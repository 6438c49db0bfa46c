/* What is packed in a URL: the target of a service that rewrites links, other URLs, addresses. */
#ifndef MP_URL_INSIDE_H
#define MP_URL_INSIDE_H

#include "url/url.h"

enum {
    URL_MAX_UNWRAPS = 4,    /* services around one target */
    URL_MAX_DECODINGS = 3,  /* layers of %-escapes and base64 around one URL or address */
    URL_MAX_NESTED = 8,     /* URLs within one */
    URL_MAX_ADDRESSES = 32, /* looked for at once */
    URL_MAX_ATS = 64        /* "@" looked at, of one text */
};

enum url_wrap {
    URL_WRAP_NONE,
    URL_WRAP_PROTECTS, /* rewritten by a mail filter */
    URL_WRAP_PASSES_ON /* a site that sends visitors on to wherever the link says */
};

struct url_unwrapped {
    struct url target;       /* the innermost; the URL itself when nothing is around it */
    unsigned n;              /* services taken off */
    bool was[3];             /* by enum url_wrap: of which kinds */
    bool opaque;             /* the target is known only to the service: of a mail filter */
    struct str first_passes; /* host of the first one that passes on */
};

/* Take off what is known to stand around a target, without asking anybody. MP_OK or MP_E_NOMEM. */
int url_unwrap(struct arena *arena, const struct url *u, struct url_unwrapped *out,
               struct mp_err *err);

/* Absolute http and https URLs in path, query and fragment, under %-escapes and base64. out[0..*n),
 * at most URL_MAX_NESTED. MP_OK or MP_E_NOMEM. Linear. */
int url_nested(struct arena *arena, const struct url *u, struct url out[URL_MAX_NESTED], size_t *n,
               struct mp_err *err);

/* How an address stands in a URL: a higher one hides it more. */
enum url_address_form {
    URL_ADDRESS_NONE,
    URL_ADDRESS_PLAIN, /* %-escapes count as plain */
    URL_ADDRESS_ROT13,
    URL_ADDRESS_HEX,
    URL_ADDRESS_BASE64
};

struct url_address {
    enum url_address_form form; /* of those found the one that hides most */
    bool in_fragment;           /* one of them stands behind "#" */
    size_t index;               /* which */
};

/* Look for `addresses` in path, query and fragment, without case; the first URL_MAX_ADDRESSES of
 * them. MP_OK or MP_E_NOMEM. Linear in the URL. */
int url_find_address(struct arena *arena, const struct url *u, const struct str *addresses,
                     size_t n, struct url_address *out, struct mp_err *err);

/* The value of a parameter of the query as written; p == NULL without it. */
struct str url_parameter(const struct url *u, struct str name);

/* Base64 of either alphabet, as far as it goes; p == NULL without memory. */
struct str url_base64(struct arena *arena, struct str text);

#endif
