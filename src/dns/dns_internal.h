/* What the files of this room share: names on the stack, and RDATA from the wire. */
#ifndef MP_DNS_DNS_INTERNAL_H
#define MP_DNS_DNS_INTERNAL_H

#include "dns/dns.h"

enum {
    DNS_LABEL_MAX = 63,
    DNS_NAME_OCTETS_MAX = 253, /* of text without the final dot: 255 on the wire */
    DNS_WIRE_MAX_JUMPS = 126 /* compression pointers in one name: no honest name has more labels */
};

/* Lower-case `in` into `out`, one final dot off, and point *name there. NULL when it can be asked,
 * else the reason; then *name holds the first DNS_NAME_MAX octets, to show. */
const char *dns_name_lower(struct str in, char out[DNS_NAME_MAX], struct str *name);

/* From the last octet to the first, so that one pass gives the hash of every suffix. */
enum { DNS_HASH_SEED = 0x011c9dc5 };
static inline uint32_t dns_hash_octet(uint32_t h, char c)
{
    return (h ^ (unsigned char)c) * 16777619u;
}
static inline uint32_t dns_name_hash(struct str name)
{
    uint32_t h = DNS_HASH_SEED;
    for (size_t i = name.n; i > 0; i--)
        h = dns_hash_octet(h, name.p[i - 1]);
    return h;
}

/* NXDOMAIN for a name that no packet can carry. */
struct dns_answer *dns_answer_unaskable(struct str name, enum dns_type type, const char *why);
/* A failure about the name itself, without records or a chain. */
struct dns_answer *dns_answer_failure(enum dns_status status, struct str name, enum dns_type type,
                                      enum dnssec dnssec, uint32_t ttl_s, struct str why);

enum wire_result {
    WIRE_OK,
    WIRE_BROKEN, /* the packet lies about itself */
    WIRE_UNFIT,  /* well formed, but a name in it has '.' or NUL inside a label: drop the record */
    WIRE_NOMEM
};

/* Read the name at *at, lower-cased into `out`; *at moves behind it (before any jump). Pointers are
 * followed when `pointers`, and only towards the front of the message: there are no loops. */
enum wire_result dns_wire_name(struct str msg, size_t *at, bool pointers, char out[DNS_NAME_MAX],
                               struct str *name);

/* Decode the RDATA msg[at, at + len) of a record of `type`; what it points to lives in the arena.
 * The caller has checked that the range is inside `msg`. Leaves ttl_s alone. */
enum wire_result dns_record_decode(struct arena *a, struct str msg, size_t at, size_t len,
                                   bool pointers, enum dns_type type, struct dns_record *out);

static inline unsigned wire_u16(struct str msg, size_t at)
{
    return (unsigned)(unsigned char)msg.p[at] << 8 | (unsigned char)msg.p[at + 1];
}
static inline uint32_t wire_u32(struct str msg, size_t at)
{
    return (uint32_t)wire_u16(msg, at) << 16 | wire_u16(msg, at + 2);
}
/* RFC 2181 8: a TTL with the top bit set is zero. */
static inline uint32_t wire_ttl(struct str msg, size_t at)
{
    uint32_t ttl = wire_u32(msg, at);
    return ttl > INT32_MAX ? 0 : ttl;
}
/* How long the SOA whose decompressed RDATA this is lets a denial live (RFC 2308 5). */
static inline uint32_t soa_negative_ttl(struct str rdata, uint32_t ttl_s)
{
    uint32_t minimum = rdata.n < 4 ? 0 : wire_ttl(rdata, rdata.n - 4);
    return minimum < ttl_s ? minimum : ttl_s;
}

#endif
