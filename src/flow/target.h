/* What is to be probed: a domain, a host, an address, a URL, a unix socket. */
#ifndef MP_FLOW_TARGET_H
#define MP_FLOW_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

enum target_kind {
    TARGET_DOMAIN, /* MX look-up; a name without MX is its own implicit MX, so hosts work as well */
    TARGET_HOST,   /* this name's addresses, no MX */
    TARGET_ADDRESS,
    TARGET_SOCKET
};
enum target_tls {
    TARGET_TLS_AUTO, /* STARTTLS when offered */
    TARGET_TLS_NONE,
    TARGET_TLS_STARTTLS, /* required */
    TARGET_TLS_IMPLICIT
};

struct target {
    enum target_kind kind;
    struct str text; /* as given */
    struct str name; /* A-label form; empty for addresses and sockets */
    struct ip ip;
    const char *path;
    uint16_t port; /* never 0 */
    bool port_given;
    enum target_tls tls;
    bool lmtp, submission;
};

/* "example.org", "mx.example.org:25", "192.0.2.1", "[2001:db8::1]:587", "smtp://host[:port]",
 * "smtp+starttls://", "smtps://" (465), "submission://" (587, STARTTLS), "submissions://" (465),
 * "lmtp://" (24), "lmtp+unix:///path", "/path". A port or a scheme makes a name a host.
 * MP_E_USAGE: what is wrong with it. */
int target_parse(struct arena *a, struct str text, struct target *out, struct mp_err *err);

#endif
