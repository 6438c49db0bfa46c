/* Answers from zone files: RFC 1035 5 master format, and ways to say SERVFAIL, TIMEOUT, BOGUS. */
#ifndef MP_DNS_ZONE_H
#define MP_DNS_ZONE_H

#include "base/buf.h"
#include "dns/dns.h"

/* Read-only after loading: any thread. */
struct dns_zone;

struct dns_zone *dns_zone_new(void); /* empty; NULL without memory */
void dns_zone_free(struct dns_zone *z);

/* Load master-file text: $ORIGIN, $TTL, @, parentheses, comments, quoted strings, \DDD, relative
 * names (to the root until $ORIGIN), blank owner, TTL and class in either order, TTLs like 1h30m;
 * A AAAA MX TXT SPF CNAME PTR NS SOA SRV TLSA CAA, TYPEnnn and RFC 3597 \# forms; wildcards
 * (RFC 4592). Types that no check asks for (DNSKEY, HTTPS, ...) make their name exist. $INCLUDE and
 * DNAME are refused with a clear error.
 * Pseudo types of ours, instead of a record:
 *     name [TTL] SERVFAIL|TIMEOUT|BOGUS|NXDOMAIN|NODATA [TYPE] ["reason"]
 * With TYPE: the answer to that type, before all else. Without: to every type that the name has no
 * records of. NXDOMAIN makes a name not exist below a wildcard; NODATA makes one exist without
 * the type. The reason becomes the answer's `why`.
 *     name [TTL] ALIAS TYPE TARGET
 * The answer to that type is the one of TARGET: what a chain of CNAMEs came to when it was
 * recorded; other types of the name are not touched.
 * $SECURE / $INSECURE / $UNKNOWN (at the start): the DNSSEC state of what follows. A denial that is
 * not written has the state of the nearest name at or above with records, and the TTL of the SOA.
 * `file` names the source in errors: MP_E_SYNTAX "zone.db:12: the string is not closed"; the
 * entries before the broken one are loaded.
 * Several calls add up. Duplicated records collapse (the longer TTL, the better state stay). */
int dns_zone_load(struct dns_zone *z, struct str text, const char *file, struct mp_err *err);
/* The same for a file whose relative names are meant below `origin` (lower case, no final dot), as
 * a name server's configuration says it. */
int dns_zone_load_at(struct dns_zone *z, struct str text, struct str origin, const char *file,
                     struct mp_err *err);

/* Add one record by code (tests, worlds): RDATA in presentation form, names absolute. */
int dns_zone_add(struct dns_zone *z, struct str name, enum dns_type type, uint32_t ttl_s,
                 struct str rdata, struct mp_err *err);
/* Add a TXT record of exactly these bytes (TTL 300). */
int dns_zone_add_txt(struct dns_zone *z, struct str name, struct str bytes, struct mp_err *err);
/* Make a name fail for one type, or (type 0) for all it has no records of. Any status but DATA. */
int dns_zone_add_failure(struct dns_zone *z, struct str name, int type, enum dns_status status,
                         struct mp_err *err);

/* A reference for the caller; CNAMEs followed inside the zone. What the file does not have is
 * NXDOMAIN (or NODATA when longer names exist below). Answers are made once and shared, so
 * derived values stay with them. NULL only without memory. Matches dns_ready_fn with ctx = zone. */
struct dns_answer *dns_zone_lookup(void *zone, struct str name, enum dns_type type);

/* TXT data as zone files have it: quoted, escaped, in strings of at most 255 octets. */
void dns_zone_write_txt(struct buf *out, struct str data);

/* One answer as zone-file lines that load back to the same answer (for --record). */
void dns_zone_write(struct buf *out, const struct dns_answer *a);

#endif
