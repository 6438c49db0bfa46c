/* One small file over HTTPS, for MTA-STS policies and BIMI files: libcurl behind our rules. */
#ifndef MP_IO_HTTPS_H
#define MP_IO_HTTPS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

enum { HTTPS_MAX_BYTES = 2 << 20, HTTPS_MAX_ADDRESSES = 16, HTTPS_MAX_REDIRECTS = 0 };

struct https_request {
    struct str url; /* https only, without user name or password */
    /* Of its host, found by our resolver; no other is connected to. Special ones among them are
     * left out (see allow_private). Where the URL itself names an address, that one alone. */
    const struct ip *addresses;
    size_t n_addresses;
    uint16_t port_override; /* 0: the URL's; tests on high ports */
    const char *ca_file;    /* NULL: the system's */
    size_t max_bytes;       /* of the body; 0, or more than that: HTTPS_MAX_BYTES */
    bool allow_private;     /* else loopback, private, link-local and other special addresses are
                             * refused (SSRF guard) */
    int64_t deadline_us;
};

enum https_fault {
    HTTPS_OK,
    HTTPS_CONNECT,
    HTTPS_TIMEOUT,
    HTTPS_CERTIFICATE, /* not trusted, expired, or for another name */
    HTTPS_TLS,
    HTTPS_TOO_LARGE, /* body or header */
    HTTPS_REDIRECT,  /* 3xx: never followed (RFC 8461 3.3) */
    HTTPS_STATUS,    /* any other but 200 */
    HTTPS_PRIVATE,   /* the SSRF guard */
    HTTPS_OTHER
};
const char *https_fault_name(enum https_fault f);

struct https_reply {
    enum https_fault fault;
    unsigned status;
    struct str body, content_type;        /* in the arena */
    struct str reason;                    /* for people, when fault */
    int64_t elapsed_us, cert_not_after_s; /* 0: unknown */
};

/* GET. MP_OK also for every fault; MP_E_NOMEM, MP_E_USAGE (not https, a broken URL or host). No
 * redirect, proxy, cookie or compression. `body` is what came, also with HTTPS_STATUS.
 * Threads: any. */
int https_get(struct arena *a, const struct https_request *req, struct https_reply *out,
              struct mp_err *err);

#endif
