/* URIs of RFC 3986 as far as mail records use them: the parts, and only the characters allowed. */
#ifndef MP_BASE_URI_H
#define MP_BASE_URI_H

#include "base/str.h"

enum { URI_MAX_OCTETS = 2048 };

/* Views into the text. `rest` is everything behind the authority ("/path?query"), or behind the
 * colon when there is no "//". */
struct uri {
    struct str scheme;
    struct str authority; /* p == NULL: no "//" */
    struct str userinfo;  /* p == NULL: no "@" */
    struct str host;      /* without the brackets of an IPv6 address */
    struct str port;      /* digits; empty without */
    struct str rest;
    bool host_is_ip; /* IPv4 in dotted form, or anything in brackets */
};

/* False: too long, no scheme, a character that must be encoded, a broken "%" or port. */
bool uri_parse(struct str text, struct uri *out);

/* "https:" with a host that is a domain name (letters, digits, hyphens, underscores), no user
 * information: what a record may ask us to fetch. NULL when fine, else what is wrong. */
const char *uri_https_problem(struct str text);

/* "mailto:" with an address of a local part and a domain (RFC 6068); NULL when fine. */
const char *uri_mailto_problem(struct str text);

#endif
