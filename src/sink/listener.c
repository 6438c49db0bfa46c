/* Binding and accepting. */
#include "sink/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 4096, ACCEPTS_AT_ONCE = 64 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

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
        if (IN6_IS_ADDR_V4MAPPED(&from->v6.sin6_addr)) {
            ip->family = IP_V4;
            memmove(ip->octets, ip->octets + 12, 4);
            memset(ip->octets + 4, 0, 12);
        }
    }
}

static socklen_t address_of(const struct sink_listener *c, union address *out)
{
    memset(out, 0, sizeof *out);
    if (c->ip.family == IP_NONE) {
        size_t n = c->unix_path == NULL ? 0 : strlen(c->unix_path);
        if (n == 0 || n >= sizeof out->local.sun_path)
            return 0;
        out->local.sun_family = AF_UNIX;
        memcpy(out->local.sun_path, c->unix_path, n);
        return sizeof out->local;
    }
    if (c->ip.family == IP_V6) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(c->port);
        memcpy(&out->v6.sin6_addr, c->ip.octets, 16);
        return sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(c->port);
    memcpy(&out->v4.sin_addr, c->ip.octets, 4);
    return sizeof out->v4;
}

/* "127.0.0.1:25", "[::1]:25", "unix:/path" */
static void describe(struct listener *l)
{
    char text[IP_TEXT_MAX] = "?";
    const struct sink_listener *c = &l->config;
    if (c->ip.family == IP_NONE) {
        snprintf(l->text, sizeof l->text, "unix:%s", c->unix_path == NULL ? "" : c->unix_path);
        return;
    }
    ip_write(&c->ip, text);
    snprintf(l->text, sizeof l->text, c->ip.family == IP_V6 ? "[%s]:%u" : "%s:%u", text, l->port);
}

static int fail(struct listener *l, const char *what, struct mp_err *err)
{
    int error = errno;
    const char *hint = error == EADDRINUSE ? "; another program listens there"
                       : error == EACCES   ? "; ports below 1024 need a privilege"
                                           : "";
    return mp_fail(err, MP_E_IO, error, "%s: %s: %s%s", l->text, what, strerror(error), hint);
}

static int bind_it(struct listener *l, struct mp_err *err)
{
    union address at;
    int on = 1;
    socklen_t n = address_of(&l->config, &at);
    if (n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "the path of a unix socket has 1 to 107 octets");
    l->fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0)
        return fail(l, "no socket", err);
    if (l->config.ip.family != IP_NONE)
        setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (l->config.ip.family == IP_V6)
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(l->fd, &at.any, n) != 0 || listen(l->fd, BACKLOG) != 0)
        return fail(l, "cannot listen", err);
    return MP_OK;
}

static void too_many(struct sink *s, int fd)
{
    static const char text[] = "421 4.3.2 too many connections, come back later\r\n";
    SINK_COUNT(s, deferred);
    send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void on_accept(evutil_socket_t fd, short what, void *ctx)
{
    struct listener *l = ctx;
    struct sink *s = l->sink;
    (void)what;
    sink_read_clocks(s);
    for (unsigned i = 0; i < ACCEPTS_AT_ONCE; i++) {
        union address from = {.any.sa_family = AF_UNSPEC};
        socklen_t n = sizeof from;
        struct ip ip;
        uint16_t port;
        int client = accept4((int)fd, &from.any, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
                           errno == ENOBUFS)) { /* the next tick tries again */
            event_del(&l->event);
            l->listening = false;
        }
        if (client < 0)
            return;
        address_read(&from, &ip, &port);
        SINK_COUNT(s, connections);
        struct conn *c = s->n_conns < s->config.max_connections ? conn_new(s, l, client) : NULL;
        if (c == NULL) {
            too_many(s, client);
            continue;
        }
        SINK_COUNT(s, open_connections);
        conn_start(c, ip, port);
    }
}

int listener_open(struct listener *l, struct mp_err *err)
{
    union address at;
    socklen_t n = sizeof at;
    int st = MP_OK;
    l->port = l->config.port;
    describe(l);
    if (l->config.fd > 0)
        l->fd = l->config.fd;
    else
        st = bind_it(l, err);
    if (st != MP_OK)
        return st;
    if (evutil_make_socket_nonblocking(l->fd) != 0)
        return fail(l, "no listening socket", err);
    if (getsockname(l->fd, &at.any, &n) == 0 && at.any.sa_family != AF_UNIX) {
        struct ip ip;
        address_read(&at, &ip, &l->port);
        describe(l);
    }
    event_assign(&l->event, l->sink->base, l->fd, EV_READ | EV_PERSIST, on_accept, l);
    l->listening = event_add(&l->event, NULL) == 0;
    return l->listening ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "%s: no memory", l->text);
}

void listener_close(struct listener *l)
{
    if (l->fd < 0)
        return;
    if (l->listening)
        event_del(&l->event);
    close(l->fd);
    if (l->config.ip.family == IP_NONE && l->config.fd <= 0)
        unlink(l->config.unix_path);
    l->fd = -1;
    l->listening = false;
}

void listener_resume(struct listener *l)
{
    if (l->fd >= 0 && !l->listening)
        l->listening = event_add(&l->event, NULL) == 0;
}
