/* Inside of a connection, for the layer that encrypts it (tls.c). */
#ifndef MP_IO_NET_INTERNAL_H
#define MP_IO_NET_INTERNAL_H

#include "io/net.h"

/* What a layer between us and the socket does; the same terms as conn_read and its kin. */
struct conn_layer {
    int (*read)(struct conn *c, void *to, size_t size, size_t *n, int64_t deadline_us,
                struct mp_err *err);
    int (*write)(struct conn *c, struct str bytes, int64_t deadline_us, struct mp_err *err);
    bool (*readable)(struct conn *c, int64_t deadline_us);
    void (*close)(struct conn *c);
};

struct conn {
    int fd; /* non-blocking */
    enum conn_fault fault;
    const struct conn_layer *layer; /* NULL: plain */
    void *layer_state;
    struct ip local, peer;
    uint16_t local_port, peer_port;
    char peer_text[CONN_HOST_TEXT_MAX]; /* "[192.0.2.1]:25", "unix:/run/lmtp" */
};

/* One try, without waiting: bytes, 0 at the end of the stream, -1 with errno. No SIGPIPE. */
ssize_t conn_raw_read(struct conn *c, void *to, size_t size);
ssize_t conn_raw_write(struct conn *c, const void *from, size_t size);
/* Until one of `events` (POLLIN, POLLOUT) or an error of the socket is there: *got has which. As
 * conn_wait else. */
int conn_poll(const struct conn *c, short events, int64_t deadline_us, short *got);
/* Until the socket takes (`to_write`) or has bytes. MP_E_TIMEOUT, without a word, when the deadline
 * comes first or is past; MP_E_IO when poll fails. */
int conn_wait(const struct conn *c, bool to_write, int64_t deadline_us);
/* Sets the connection's fault from a status of conn_wait or from errno, and says it. */
int conn_fail_wait(struct conn *c, int status, struct mp_err *err);
int conn_fail_errno(struct conn *c, int error, struct mp_err *err);

#endif
