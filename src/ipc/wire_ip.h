/* Addresses on the wire. Of room ipc only. */
#ifndef MP_IPC_WIRE_IP_H
#define MP_IPC_WIRE_IP_H

#include "base/ip.h"
#include "base/wire.h"

static inline void wire_put_ip(struct buf *out, const struct ip *ip)
{
    wire_put_u32(out, ip->family);
    buf_add(out, (struct str){(const char *)ip->octets, sizeof ip->octets});
}

static inline struct ip wire_get_ip(struct wire_in *in)
{
    struct ip ip = {.family = (enum ip_family)wire_get_u32(in, IP_V6, "address family")};
    struct str octets = wire_get_bytes(in, sizeof ip.octets, "address");
    wire_expect(in, ip.family == IP_NONE || ip.family == IP_V4 || ip.family == IP_V6,
                "address family");
    if (octets.p != NULL)
        memcpy(ip.octets, octets.p, sizeof ip.octets);
    return ip;
}

#endif
