/* Addresses of a host, by the system's own means. */
#include "io/host.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* False: of a family that we do not know. */
static bool read_address(const struct addrinfo *a, struct ip *out)
{
    *out = (struct ip){.family = IP_NONE};
    if (a->ai_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, a->ai_addr, sizeof in);
        out->family = IP_V4;
        memcpy(out->octets, &in.sin_addr, 4);
    } else if (a->ai_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, a->ai_addr, sizeof in);
        out->family = IP_V6;
        memcpy(out->octets, &in.sin6_addr, 16);
    }
    return out->family != IP_NONE;
}

int host_addresses(const char *name, struct ip out[HOST_MAX_ADDRESSES], size_t *n,
                   struct mp_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    size_t count = 0;
    int rc = getaddrinfo(name, NULL, &hints, &list);
    if (rc != 0)
        return mp_fail(err, MP_E_IO, rc, "%s: %s", name, gai_strerror(rc));
    for (const struct addrinfo *a = list; a != NULL && count < HOST_MAX_ADDRESSES; a = a->ai_next)
        count += read_address(a, &out[count]);
    freeaddrinfo(list);
    if (count == 0)
        return mp_fail(err, MP_E_IO, 0, "%s: has no address", name);
    *n = count;
    return MP_OK;
}
