/* What a source calls bad, in the one form in which it is looked up; and the forms under which a
 * link, a host or an address of a mail is looked up. */
#ifndef MP_INTEL_INDICATOR_H
#define MP_INTEL_INDICATOR_H

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "url/url.h"

enum indicator_kind {
    INDICATOR_URL,    /* "host[:port]/path[?query]": no scheme, user or fragment */
    INDICATOR_HOST,   /* that name alone */
    INDICATOR_DOMAIN, /* the name and all below it */
    INDICATOR_IP,     /* a range of addresses */
    INDICATOR_MD5,
    INDICATOR_SHA1,
    INDICATOR_SHA256,
    INDICATOR_EMAIL, /* "local@domain", all in lower case */
    INDICATOR_KIND_COUNT
};

/* Traffic Light Protocol 2.0: to whom it may be told. */
enum tlp { TLP_UNKNOWN, TLP_CLEAR, TLP_GREEN, TLP_AMBER, TLP_AMBER_STRICT, TLP_RED, TLP_COUNT };

enum {
    INDICATOR_MAX_KEY_BYTES = 2048,
    INDICATOR_MAX_LABEL_BYTES = 128, /* id, label: longer ones are cut */
    INDICATOR_NO_CONFIDENCE = 255,
    INDICATOR_MAX_KEYS = 24 /* under which one link is looked up */
};

struct indicator {
    enum indicator_kind kind;
    struct str key;         /* of URL, HOST, DOMAIN, EMAIL: the normal form */
    struct ip first, last;  /* of IP: both ends, one family */
    unsigned char hash[32]; /* of hashes: the first 16, 20 or 32 octets */

    uint16_t feed;      /* which one of the feeds of its store or list */
    uint8_t confidence; /* 0 to 100; INDICATOR_NO_CONFIDENCE */
    enum tlp tlp;       /* TLP_UNKNOWN: the feed's */
    int64_t first_seen_s, last_seen_s, valid_until_s; /* Unix; 0: not told */
    struct str id, label; /* the source's name of the entry; the threat: "Emotet", "phishing" */
};

const char *indicator_kind_name(enum indicator_kind k); /* "url", "host", ... */
bool indicator_kind_by_name(struct str name, enum indicator_kind *out);
const char *tlp_name(enum tlp t);                 /* "clear", "amber+strict" */
bool tlp_by_name(struct str name, enum tlp *out); /* also "TLP:WHITE" and its like, any case */

/* Read a value as sources write it: any scheme or none, any case, defanged ("hxxp", "[.]", "[at]"),
 * "1.2.3.0/24", "1.2.3.4 - 1.2.3.9", "1.2.3.4:8080" (the address alone). `kind`: what it is said to
 * be; INDICATOR_KIND_COUNT: what it looks like (a name becomes DOMAIN). out->kind may be another: a
 * HOST "*.example.com" is the DOMAIN, a HOST or DOMAIN "192.0.2.1" an IP. Links lose scheme, user,
 * fragment, ports 80 and 443, an empty query, and escapes that mean nothing.
 * Only kind and value are written to *out, the rest of it is left as it is. Everything in `arena`.
 * MP_OK; MP_E_SYNTAX with the reason (no such thing, a name without a dot, a public suffix as
 * DOMAIN, a range of more than half of all addresses, the hash of an empty file, too long);
 * MP_E_NOMEM. */
int indicator_read(struct arena *arena, enum indicator_kind kind, struct str text,
                   struct indicator *out, struct mp_err *err);

/* As people write it: "http" is not put in front. p == NULL without memory. */
struct str indicator_text(struct arena *arena, const struct indicator *i);

/* ---- what a mail is asked for ---- */

enum key_match {
    KEY_EXACT,
    KEY_NO_QUERY, /* the link without its query */
    KEY_BELOW,    /* the listed URL is a folder that the link lies in */
    KEY_HOST,     /* its host */
    KEY_PARENT    /* a domain above it */
};

struct intel_key {
    enum indicator_kind kind;
    enum key_match match;
    struct str key;
};

/* The keys of a link (http, https, ws, wss, ftp), the narrowest first: the URL, without query, the
 * four folders of it that are nearest to the host ("host/a/", never "host/" alone), its host, and
 * each domain from the host up to the registrable one. A host that is an address gives only URLs:
 * look it up as an address too.
 * MP_OK with *n (0: no such link, or a host that no DNS answers for), MP_E_NOMEM. */
int intel_keys_of_url(struct arena *arena, const struct url *u,
                      struct intel_key out[INDICATOR_MAX_KEYS], size_t *n, struct mp_err *err);
/* The same of a host name: HOST, then DOMAIN of it and of what is above. *n is 0 for what is none,
 * an address too. (The key of an address of mail is what indicator_read makes of it.) */
int intel_keys_of_host(struct arena *arena, struct str host,
                       struct intel_key out[INDICATOR_MAX_KEYS], size_t *n, struct mp_err *err);

#endif
