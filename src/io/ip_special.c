/* The special-purpose addresses of IPv4 and IPv6 as a table (IANA registries, RFC 6890). */
#include "io/ip_special.h"

struct block {
    const char *net, *kind;
    unsigned bits;
};

/* The first that matches names the kind. */
static const struct block v4_blocks[] = {
    {"0.0.0.0", "this network", 8},           /* RFC 791 */
    {"10.0.0.0", "private", 8},               /* RFC 1918 */
    {"100.64.0.0", "carrier-grade NAT", 10},  /* RFC 6598 */
    {"127.0.0.0", "loopback", 8},             /* RFC 1122 */
    {"169.254.0.0", "link-local", 16},        /* RFC 3927; cloud metadata lives here */
    {"172.16.0.0", "private", 12},            /* RFC 1918 */
    {"192.0.0.0", "protocol assignment", 24}, /* RFC 6890 */
    {"192.0.2.0", "documentation", 24},       /* RFC 5737 */
    {"192.88.99.0", "6to4 relay", 24},        /* RFC 7526 */
    {"192.168.0.0", "private", 16},           /* RFC 1918 */
    {"198.18.0.0", "benchmarking", 15},       /* RFC 2544 */
    {"198.51.100.0", "documentation", 24},    /* RFC 5737 */
    {"203.0.113.0", "documentation", 24},     /* RFC 5737 */
    {"224.0.0.0", "multicast", 4},            /* RFC 5771 */
    {"240.0.0.0", "reserved", 4},             /* RFC 1112; with the broadcast address */
};

static const struct block v6_blocks[] = {
    {"::", "unspecified", 128},
    {"::1", "loopback", 128},
    {"::ffff:0:0", "IPv4-mapped", 96},     /* RFC 4291 */
    {"fc00::", "private", 7},              /* RFC 4193 */
    {"fe80::", "link-local", 10},          /* RFC 4291 */
    {"fec0::", "site-local", 10},          /* RFC 3879 */
    {"ff00::", "multicast", 8},            /* RFC 4291 */
    {"2001::", "protocol assignment", 23}, /* RFC 2928: Teredo, benchmarking, ORCHID */
    {"2001:db8::", "documentation", 32},   /* RFC 3849 */
    {"2002::", "6to4", 16},                /* RFC 3056: leads to any IPv4 address */
    {"3fff::", "documentation", 20},       /* RFC 9637 */
};

static const char *look_up(const struct block *blocks, size_t n, const struct ip *ip)
{
    for (size_t i = 0; i < n; i++) {
        struct ip net;
        if (ip_parse_keep_mapped(str_from(blocks[i].net), &net) &&
            ip_in_prefix(ip, &net, blocks[i].bits))
            return blocks[i].kind;
    }
    return NULL;
}

const char *ip_special(const struct ip *ip)
{
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b}; /* RFC 6052 2.1 */
    if (ip->family == IP_V4)
        return look_up(v4_blocks, ARRAY_LEN(v4_blocks), ip);
    if (ip->family != IP_V6)
        return "no address";
    if (memcmp(ip->octets, nat64, sizeof nat64) == 0) {
        struct ip inner = {.family = IP_V4};
        memcpy(inner.octets, ip->octets + sizeof nat64, 4);
        return look_up(v4_blocks, ARRAY_LEN(v4_blocks), &inner);
    }
    const char *kind = look_up(v6_blocks, ARRAY_LEN(v6_blocks), ip);
    if (kind == NULL && (ip->octets[0] & 0xe0) != 0x20)
        return "not global"; /* 2000::/3 is all that was ever given out (RFC 4291 2.4) */
    return kind;
}
