/* Connections with deadlines: TCP and unix sockets, plain or in TLS; blocking, for probes. */
#ifndef MP_IO_NET_H
#define MP_IO_NET_H

#include "base/err.h"
#include "base/ip.h"
#include "base/str.h"

enum { CONN_CONNECT_TIMEOUT_MS = 30000, CONN_HOST_TEXT_MAX = 300 };

/* Where to. A path makes it a unix socket. */
struct conn_target {
    struct ip ip;
    uint16_t port;
    const char *unix_path; /* NULL: TCP */
    struct ip local;       /* source address; IP_NONE: the system's choice */
    uint16_t local_port;   /* 0: any */
};

/* What went wrong, so that a report can say it without reading the text. */
enum conn_fault {
    CONN_OK,
    CONN_REFUSED,     /* RST, nothing listens */
    CONN_UNREACHABLE, /* no route, network down, no such address family here */
    CONN_TIMED_OUT,
    CONN_CLOSED, /* the peer ended the connection (EOF or reset) */
    CONN_TLS,    /* the handshake, or a record, failed */
    CONN_OTHER
};
const char *conn_fault_name(enum conn_fault f); /* "refused", "unreachable", "timeout", ... */

struct conn;

/* All calls: deadline in clock_mono_us time. MP_E_TIMEOUT, MP_E_IO; conn_last_fault tells which.
 * No SIGPIPE. One thread at a time per connection. */
int conn_open(const struct conn_target *to, int64_t deadline_us, struct conn **out,
              enum conn_fault *fault, struct mp_err *err);
void conn_close(struct conn *c); /* accepts NULL; in TLS sends close_notify without waiting */

/* At least one byte; *n == 0 when the peer has ended the stream in order. */
int conn_read(struct conn *c, void *to, size_t size, size_t *n, int64_t deadline_us,
              struct mp_err *err);
int conn_write(struct conn *c, struct str bytes, int64_t deadline_us, struct mp_err *err);
/* Have bytes arrived that were not read yet? Waits for them at most until the deadline (0: not at
 * all). False also when the stream has ended or broke; no error. */
bool conn_readable(struct conn *c, int64_t deadline_us);

enum conn_fault conn_last_fault(const struct conn *c);
bool conn_in_tls(const struct conn *c);
/* Both ends, as far as they are IP addresses (IP_NONE for a unix socket). */
void conn_addresses(const struct conn *c, struct ip *local, uint16_t *local_port, struct ip *peer,
                    uint16_t *peer_port);

#endif
