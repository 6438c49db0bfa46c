/* Connections with deadlines: non-blocking sockets, and poll as the only place that waits. */
#include "io/net.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/net_internal.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static const struct {
    int error;
    enum conn_fault fault;
} faults[] = {
    {ECONNREFUSED, CONN_REFUSED},
    {ENOENT, CONN_REFUSED}, /* no such unix socket */
    {ENETUNREACH, CONN_UNREACHABLE},
    {EHOSTUNREACH, CONN_UNREACHABLE},
    {ENETDOWN, CONN_UNREACHABLE},
    {EHOSTDOWN, CONN_UNREACHABLE},
    {EAFNOSUPPORT, CONN_UNREACHABLE},
    {EACCES, CONN_UNREACHABLE}, /* a prohibiting route, a filter */
    {EPERM, CONN_UNREACHABLE},
    {EADDRNOTAVAIL, CONN_UNREACHABLE},
    {ETIMEDOUT, CONN_TIMED_OUT},
    {ECONNRESET, CONN_CLOSED},
    {EPIPE, CONN_CLOSED},
    {ECONNABORTED, CONN_CLOSED},
};

const char *conn_fault_name(enum conn_fault f)
{
    static const char *const names[] = {[CONN_OK] = "ok",
                                        [CONN_REFUSED] = "refused",
                                        [CONN_UNREACHABLE] = "unreachable",
                                        [CONN_TIMED_OUT] = "timeout",
                                        [CONN_CLOSED] = "closed",
                                        [CONN_TLS] = "tls",
                                        [CONN_OTHER] = "other"};
    return (size_t)f < ARRAY_LEN(names) ? names[f] : "?";
}

static enum conn_fault fault_of(int error)
{
    for (size_t i = 0; i < ARRAY_LEN(faults); i++)
        if (faults[i].error == error)
            return faults[i].fault;
    return CONN_OTHER;
}

int conn_fail_errno(struct conn *c, int error, struct mp_err *err)
{
    c->fault = fault_of(error);
    if (c->fault == CONN_CLOSED)
        return mp_fail(err, MP_E_IO, error, "%s broke the connection off", c->peer_text);
    return mp_fail(err, c->fault == CONN_TIMED_OUT ? MP_E_TIMEOUT : MP_E_IO, error,
                   "connection with %s: %s", c->peer_text, strerror(error));
}

int conn_fail_wait(struct conn *c, int status, struct mp_err *err)
{
    if (status == MP_E_TIMEOUT) {
        c->fault = CONN_TIMED_OUT;
        return mp_fail(err, MP_E_TIMEOUT, 0, "%s did not answer in time", c->peer_text);
    }
    return conn_fail_errno(c, errno, err);
}

int conn_poll(const struct conn *c, short events, int64_t deadline_us, short *got)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    for (;;) {
        int64_t left_ms = (deadline_us - clock_mono_us() + 999) / 1000;
        if (left_ms <= 0)
            return MP_E_TIMEOUT;
        int n = poll(&p, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
        if (n > 0) {
            *got = p.revents; /* errors too: the next read or write tells which */
            return MP_OK;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return MP_E_IO;
    }
}

int conn_wait(const struct conn *c, bool to_write, int64_t deadline_us)
{
    short got;
    return conn_poll(c, to_write ? POLLOUT : POLLIN, deadline_us, &got);
}

ssize_t conn_raw_read(struct conn *c, void *to, size_t size)
{
    ssize_t n;
    do
        n = recv(c->fd, to, size, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t conn_raw_write(struct conn *c, const void *from, size_t size)
{
    ssize_t n;
    do
        n = send(c->fd, from, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

/* ---- opening ---- */

static socklen_t address_of(const struct ip *ip, uint16_t port, union address *out)
{
    memset(out, 0, sizeof *out);
    if (ip->family == IP_V6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        memcpy(&out->v6.sin6_addr, ip->octets, 16);
        return sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(port);
    memcpy(&out->v4.sin_addr, ip->octets, 4);
    return sizeof out->v4;
}

static void address_read(const union address *from, struct ip *ip, uint16_t *port)
{
    *ip = (struct ip){IP_NONE};
    *port = 0;
    if (from->any.sa_family == AF_INET) {
        ip->family = IP_V4;
        memcpy(ip->octets, &from->v4.sin_addr, 4);
        *port = ntohs(from->v4.sin_port);
    } else if (from->any.sa_family == AF_INET6) {
        ip->family = IP_V6;
        memcpy(ip->octets, &from->v6.sin6_addr, 16);
        *port = ntohs(from->v6.sin6_port);
    }
}

/* Where to and where from; 0: the target cannot be used, and why. */
static socklen_t target_address(const struct conn_target *to, union address *out,
                                const char **problem)
{
    *problem = NULL;
    if (to->unix_path != NULL) {
        size_t n = strlen(to->unix_path);
        memset(out, 0, sizeof *out);
        out->local.sun_family = AF_UNIX;
        if (n == 0 || n >= sizeof out->local.sun_path) {
            *problem = "the path of a unix socket has 1 to 107 octets";
            return 0;
        }
        memcpy(out->local.sun_path, to->unix_path, n);
        return sizeof out->local;
    }
    if (to->ip.family == IP_NONE || to->port == 0)
        *problem = "an address and a port are needed";
    else if (to->local.family != IP_NONE && to->local.family != to->ip.family)
        *problem = "the source address is of another family than the server's";
    return *problem != NULL ? 0 : address_of(&to->ip, to->port, out);
}

static void describe(const struct conn_target *to, struct conn *c)
{
    char text[IP_TEXT_MAX] = "?";
    if (to->unix_path != NULL) {
        snprintf(c->peer_text, sizeof c->peer_text, "unix:%s", to->unix_path);
        return;
    }
    if (to->ip.family != IP_NONE)
        ip_write(&to->ip, text);
    snprintf(c->peer_text, sizeof c->peer_text, "[%s]:%u", text, to->port);
}

static int bind_source(const struct conn_target *to, struct conn *c, struct mp_err *err)
{
    union address from;
    int on = 1;
    if (to->unix_path != NULL || (to->local.family == IP_NONE && to->local_port == 0))
        return MP_OK;
    struct ip source = to->local.family == IP_NONE ? (struct ip){to->ip.family} : to->local;
    socklen_t n = address_of(&source, to->local_port, &from);
    setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(c->fd, &from.any, n) == 0)
        return MP_OK;
    char text[IP_TEXT_MAX];
    c->fault = CONN_OTHER;
    ip_write(&source, text);
    return mp_fail(err, MP_E_IO, errno, "source address %s port %u cannot be used here: %s", text,
                   to->local_port, strerror(errno));
}

static int finish_connect(struct conn *c, int64_t deadline_us, struct mp_err *err)
{
    int error = 0;
    socklen_t n = sizeof error;
    int st = conn_wait(c, true, deadline_us);
    if (st == MP_E_TIMEOUT) {
        c->fault = CONN_TIMED_OUT;
        return mp_fail(err, MP_E_TIMEOUT, 0, "%s did not take the connection in time",
                       c->peer_text);
    }
    if (st != MP_OK || getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
        error = errno;
    return error == 0 ? MP_OK : conn_fail_errno(c, error, err);
}

static void learn_ends(struct conn *c)
{
    union address end = {.any.sa_family = AF_UNSPEC};
    socklen_t n = sizeof end;
    if (getsockname(c->fd, &end.any, &n) == 0)
        address_read(&end, &c->local, &c->local_port);
    n = sizeof end;
    if (getpeername(c->fd, &end.any, &n) == 0)
        address_read(&end, &c->peer, &c->peer_port);
}

static int connect_to(const struct conn_target *to, struct conn *c, int64_t deadline_us,
                      struct mp_err *err)
{
    union address where;
    const char *problem;
    int on = 1;
    socklen_t n = target_address(to, &where, &problem);
    c->fault = CONN_OTHER;
    if (n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "%s: %s", c->peer_text, problem);
    c->fd = socket(where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0)
        return conn_fail_errno(c, errno, err);
    if (to->unix_path == NULL) /* commands are small and wait for their reply */
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int st = bind_source(to, c, err);
    if (st != MP_OK)
        return st;
    if (connect(c->fd, &where.any, n) == 0)
        st = MP_OK;
    else if (errno == EINPROGRESS || errno == EINTR)
        st = finish_connect(c, deadline_us, err);
    else /* EAGAIN of a unix socket: its queue is full */
        st = conn_fail_errno(c, errno, err);
    if (st == MP_OK)
        c->fault = CONN_OK;
    return st;
}

int conn_open(const struct conn_target *to, int64_t deadline_us, struct conn **out,
              enum conn_fault *fault, struct mp_err *err)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        *fault = CONN_OTHER;
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a connection");
    }
    c->fd = -1;
    describe(to, c);
    int st = connect_to(to, c, deadline_us, err);
    *fault = c->fault;
    if (st != MP_OK) {
        conn_close(c);
        return st;
    }
    learn_ends(c);
    *out = c;
    return MP_OK;
}

void conn_close(struct conn *c)
{
    if (c == NULL)
        return;
    if (c->layer != NULL)
        c->layer->close(c);
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

/* ---- bytes ---- */

int conn_read(struct conn *c, void *to, size_t size, size_t *n, int64_t deadline_us,
              struct mp_err *err)
{
    if (c->layer != NULL)
        return c->layer->read(c, to, size, n, deadline_us, err);
    for (;;) {
        int st = conn_wait(c, false, deadline_us);
        if (st != MP_OK)
            return conn_fail_wait(c, st, err);
        ssize_t got = conn_raw_read(c, to, size);
        if (got < 0 && would_block(errno))
            continue;
        if (got < 0)
            return conn_fail_errno(c, errno, err);
        if (got == 0)
            c->fault = CONN_CLOSED;
        *n = (size_t)got;
        return MP_OK;
    }
}

int conn_write(struct conn *c, struct str bytes, int64_t deadline_us, struct mp_err *err)
{
    if (c->layer != NULL)
        return c->layer->write(c, bytes, deadline_us, err);
    while (bytes.n != 0) {
        int st = conn_wait(c, true, deadline_us);
        if (st != MP_OK)
            return conn_fail_wait(c, st, err);
        ssize_t sent = conn_raw_write(c, bytes.p, bytes.n);
        if (sent < 0 && !would_block(errno))
            return conn_fail_errno(c, errno, err);
        bytes = str_slice(bytes, sent < 0 ? 0 : (size_t)sent, bytes.n);
    }
    return MP_OK;
}

bool conn_readable(struct conn *c, int64_t deadline_us)
{
    char byte;
    if (c->layer != NULL)
        return c->layer->readable(c, deadline_us);
    do {
        ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK);
        if (n >= 0)
            return n > 0;
        if (!would_block(errno) && errno != EINTR)
            return false;
    } while (conn_wait(c, false, deadline_us) == MP_OK);
    return false;
}

enum conn_fault conn_last_fault(const struct conn *c)
{
    return c->fault;
}

bool conn_in_tls(const struct conn *c)
{
    return c->layer != NULL;
}

void conn_addresses(const struct conn *c, struct ip *local, uint16_t *local_port, struct ip *peer,
                    uint16_t *peer_port)
{
    *local = c->local;
    *local_port = c->local_port;
    *peer = c->peer;
    *peer_port = c->peer_port;
}
