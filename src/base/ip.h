/* IPv4 and IPv6 addresses and prefixes as numbers, without the resolver library. */
#ifndef MP_BASE_IP_H
#define MP_BASE_IP_H

#include "base/str.h"

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

enum { IP_TEXT_MAX = 46 };

/* Network order; an IPv4 address uses the first four octets. */
struct ip {
    enum ip_family family;
    unsigned char octets[16];
};

/* Strict text forms only: dotted quad without leading zeros, RFC 4291 text for IPv6. A mapped
 * ::ffff:a.b.c.d becomes IPv4 (RFC 7208 5: an IPv4-mapped client is an IPv4 client).
 * The keep-form leaves it IPv6: an ip6 term of SPF must never match IPv4. */
bool ip_parse(struct str s, struct ip *out);
bool ip_parse_keep_mapped(struct str s, struct ip *out);

/* Canonical text (RFC 5952) with a final NUL; returns its length. */
size_t ip_write(const struct ip *ip, char out[IP_TEXT_MAX]);

bool ip_eq(const struct ip *a, const struct ip *b);

/* Are the first `prefix_bits` bits equal? False for different families. */
bool ip_in_prefix(const struct ip *ip, const struct ip *net, unsigned prefix_bits);

/* Is it an address that can be met on the public Internet (RFC 6890)? The blocks for documentation
 * count as public: they stand for it. */
bool ip_is_public(const struct ip *ip);

#endif
