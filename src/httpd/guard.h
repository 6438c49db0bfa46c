/* Who may speak to us from inside a browser: checks of Host (DNS rebinding) and of Origin (forged
 * requests of other pages); and heads that two readers take for different requests. Pure functions
 * of header texts. */
#ifndef MP_HTTPD_GUARD_H
#define MP_HTTPD_GUARD_H

#include "base/arena.h"

/* Host names an IP address, localhost, or one of `names`, with or without a port. A name that an
 * attacker's DNS points at us is none of them. */
bool guard_host_ok(struct str host, const char *const *names, size_t n_names);

/* May a request that changes something pass? Browsers say where it comes from: Sec-Fetch-Site, or
 * Origin, which then must be this very host. Empty views: not sent, so it is no browser's. */
bool guard_origin_ok(struct str sec_fetch_site, struct str origin, struct str host, bool tls);

/* The token of "Authorization: Bearer …" or, as clients of other servers send it, the password of
 * "Basic …"; empty: none. */
struct str guard_token(struct arena *a, struct str authorization);

/* What says where a request ends and whom it is for. A proxy in front that reads it otherwise than
 * we do would let one request pass for two (RFC 9112 6.1, 6.3, 11.2). */
struct guard_head {
    unsigned hosts, lengths, codings;
    bool bad_name, odd_coding;
};
void guard_head_add(struct guard_head *g, struct str name, struct str value);
/* What is wrong with the fields that were added; NULL: nothing. */
const char *guard_head_fault(const struct guard_head *g);

#endif
