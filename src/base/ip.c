/* Address text to octets and back; inet_pton and inet_ntop do the grammar, we do the rules. */
#include "base/ip.h"

#include <arpa/inet.h>

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool ip_parse_keep_mapped(struct str s, struct ip *out)
{
    char text[IP_TEXT_MAX];
    if (s.n == 0 || s.n >= sizeof text || str_has(s, '\0'))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    struct ip ip = {.family = str_has(s, ':') ? IP_V6 : IP_V4};
    if (inet_pton(ip.family == IP_V6 ? AF_INET6 : AF_INET, text, ip.octets) != 1)
        return false;
    *out = ip;
    return true;
}

bool ip_parse(struct str s, struct ip *out)
{
    struct ip ip;
    if (!ip_parse_keep_mapped(s, &ip))
        return false;
    *out = ip;
    if (ip.family == IP_V6 && memcmp(ip.octets, mapped_prefix, sizeof mapped_prefix) == 0) {
        *out = (struct ip){.family = IP_V4};
        memcpy(out->octets, ip.octets + sizeof mapped_prefix, 4);
    }
    return true;
}

/* inet_ntop does this through sprintf, at many times the cost. */
static size_t write_v4(const unsigned char octets[4], char *out)
{
    char *to = out;
    for (size_t i = 0; i < 4; i++) {
        unsigned o = octets[i];
        if (i > 0)
            *to++ = '.';
        if (o >= 100)
            *to++ = (char)('0' + o / 100);
        if (o >= 10)
            *to++ = (char)('0' + o / 10 % 10);
        *to++ = (char)('0' + o % 10);
    }
    *to = '\0';
    return (size_t)(to - out);
}

size_t ip_write(const struct ip *ip, char out[IP_TEXT_MAX])
{
    if (ip->family == IP_V4)
        return write_v4(ip->octets, out);
    out[0] = '\0';
    if (ip->family == IP_V6)
        inet_ntop(AF_INET6, ip->octets, out, IP_TEXT_MAX);
    return strlen(out);
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, a->family == IP_V6 ? 16 : 4) == 0;
}

bool ip_in_prefix(const struct ip *ip, const struct ip *net, unsigned prefix_bits)
{
    unsigned width = ip->family == IP_V6 ? 128 : 32;
    if (ip->family != net->family || ip->family == IP_NONE)
        return false;
    unsigned bits = prefix_bits < width ? prefix_bits : width;
    if (memcmp(ip->octets, net->octets, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    unsigned mask = (0xff00u >> rest) & 0xff;
    return rest == 0 || ((ip->octets[bits / 8] ^ net->octets[bits / 8]) & mask) == 0;
}

/* RFC 6890: blocks whose addresses nobody can reach, or be reached from, over the Internet. */
static const struct {
    const char *net;
    unsigned bits;
} special[] = {{"0.0.0.0", 8},      {"10.0.0.0", 8},    {"100.64.0.0", 10}, {"127.0.0.0", 8},
               {"169.254.0.0", 16}, {"172.16.0.0", 12}, {"192.0.0.0", 24},  {"192.168.0.0", 16},
               {"198.18.0.0", 15},  {"224.0.0.0", 3},   {"::", 127},        {"fc00::", 7},
               {"fe80::", 10},      {"ff00::", 8}};

bool ip_is_public(const struct ip *ip)
{
    if (ip->family == IP_NONE)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(special); i++) {
        struct ip net;
        if (ip_parse(str_from(special[i].net), &net) && ip_in_prefix(ip, &net, special[i].bits))
            return false;
    }
    return true;
}
