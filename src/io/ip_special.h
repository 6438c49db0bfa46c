/* Addresses that are not somebody's public server: what a name chosen by a stranger may not lead
 * us to. */
#ifndef MP_IO_IP_SPECIAL_H
#define MP_IO_IP_SPECIAL_H

#include "base/ip.h"

/* What kind of special address it is ("loopback", "private", ...), static text; NULL: a public
 * unicast one. By the IANA registries of special-purpose addresses (RFC 6890); in IPv6 all
 * outside 2000::/3. Stricter than ip_is_public, for which documentation stands for the Internet:
 * here nothing that is not a public server may pass. An IPv4 address within a NAT64 one
 * (64:ff9b::/96) is judged as itself. */
const char *ip_special(const struct ip *ip);

#endif
