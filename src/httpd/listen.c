/* The listening socket: opened here, or given by whoever started us. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd/httpd_internal.h"

enum { LISTEN_BACKLOG = 511 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage most;
};

bool httpd_listen_address(const struct sockaddr *at, struct ip *ip, uint16_t *port)
{
    union address to = {0};
    uint16_t network = 0;
    *ip = (struct ip){0};
    if (at->sa_family == AF_INET) {
        memcpy(&to.v4, at, sizeof to.v4);
        ip->family = IP_V4;
        memcpy(ip->octets, &to.v4.sin_addr, sizeof to.v4.sin_addr);
        network = to.v4.sin_port;
    } else if (at->sa_family == AF_INET6) {
        memcpy(&to.v6, at, sizeof to.v6);
        ip->family = IP_V6;
        memcpy(ip->octets, &to.v6.sin6_addr, sizeof to.v6.sin6_addr);
        network = to.v6.sin6_port;
    }
    if (port != NULL)
        *port = ntohs(network);
    return ip->family != IP_NONE;
}

static bool read_address(int fd, struct ip *ip, uint16_t *port)
{
    union address at = {0};
    socklen_t n = sizeof at;
    return getsockname(fd, &at.any, &n) == 0 && httpd_listen_address(&at.any, ip, port);
}

static int open_new(const struct httpd_config *c, struct mp_err *err)
{
    bool v6 = c->ip.family == IP_V6;
    int one = 1;
    union address at = {0};
    socklen_t n = v6 ? sizeof at.v6 : sizeof at.v4;
    char text[IP_TEXT_MAX];
    ip_write(&c->ip, text);
    if (v6) {
        at.v6.sin6_family = AF_INET6;
        at.v6.sin6_port = htons(c->port);
        memcpy(&at.v6.sin6_addr, c->ip.octets, sizeof at.v6.sin6_addr);
    } else {
        at.v4.sin_family = AF_INET;
        at.v4.sin_port = htons(c->port);
        memcpy(&at.v4.sin_addr, c->ip.octets, sizeof at.v4.sin_addr);
    }
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(fd, &at.any, n) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        return mp_fail(err, MP_E_IO, saved, "%s%s%s:%u: %s", v6 ? "[" : "", text, v6 ? "]" : "",
                       c->port, strerror(saved));
    }
    return fd;
}

static int take_given(int fd, struct mp_err *err)
{
    int listens = 0, flags = fcntl(fd, F_GETFL);
    socklen_t n = sizeof listens;
    if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n) < 0 || !listens ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        close(fd);
        return mp_fail(err, MP_E_USAGE, 0, "the socket that was given does not listen");
    }
    return fd;
}

int httpd_listen_open(const struct httpd_config *c, struct ip *ip, uint16_t *port,
                      struct mp_err *err)
{
    int fd = c->has_listen_fd ? take_given(c->listen_fd, err) : open_new(c, err);
    if (fd >= 0 && !read_address(fd, ip, port)) {
        close(fd);
        return mp_fail(err, MP_E_USAGE, 0, "the socket that was given is not one of TCP");
    }
    return fd;
}
