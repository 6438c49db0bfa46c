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
    bool host_is_ip; /* anything in brackets, or ending in a number: 192.0.2.1, 0x7f000001 */
};

/* False: too long, no scheme, a character that must be encoded, a broken "%" or port. */
bool uri_parse(struct str text, struct uri *out);

/* What keeps a URI from being used. */
enum uri_fault {
    URI_OK,
    URI_BROKEN,  /* uri_parse says no */
    URI_SCHEME,  /* another scheme */
    URI_USER,    /* a user name or password stands in it */
    URI_ADDRESS, /* an IP address instead of a host name */
    URI_HOST     /* the host is no domain name (letters, digits, hyphens, underscores) */
};

/* May a record ask us to fetch this? "https:" with a host name and no user information. */
enum uri_fault uri_https_fault(struct str text);

/* "mailto:" with an address of a local part and a domain (RFC 6068). URI_HOST: it has none. */
enum uri_fault uri_mailto_fault(struct str text);

#endif
