/* A DNS response from the wire (RFC 1035 4) into an answer, within bounds. */
#ifndef MP_DNS_PACKET_H
#define MP_DNS_PACKET_H

#include "dns/dns.h"

/* Parse the whole response to (name, type). `id` < 0: do not compare the id (libunbound did).
 * Always gives an answer: anything broken (wrong id, wrong question, compression loop, RDLENGTH
 * over the message, CNAME loop or more than DNS_MAX_CNAMES) is DNS_SERVFAIL with `why`.
 * TC set: *truncated = true (ask again over TCP). NULL only without memory. */
struct dns_answer *dns_packet_parse(struct str packet, int id, struct str name, enum dns_type type,
                                    enum dnssec dnssec, bool *truncated);

/* Write a query (RD set, EDNS0 1232 octets) for tests and plain stubs; 0 when it does not fit. */
size_t dns_packet_query(unsigned char *out, size_t size, uint16_t id, struct str name,
                        enum dns_type type);

#endif
