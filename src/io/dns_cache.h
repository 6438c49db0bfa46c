/* A sharded TTL cache of answers, and so of the parsed records that live with them. */
#ifndef MP_IO_DNS_CACHE_H
#define MP_IO_DNS_CACHE_H

#include "dns/dns.h"

struct dns_cache;

/* At most `max_entries`, and 2 KB of answers for each; per shard the least recently used give way.
 * NULL without memory. Threads: get and put from any number at once. */
struct dns_cache *dns_cache_new(size_t max_entries);
void dns_cache_free(struct dns_cache *c);

/* A reference for the caller, or NULL when absent or expired at `now_s` (any clock that does not
 * go back; the same one for get and put). `name` in lower case, without final dot. */
struct dns_answer *dns_cache_get(struct dns_cache *c, struct str name, enum dns_type type,
                                 int64_t now_s);
/* Keep for its TTL. DNS_SERVFAIL and DNS_BOGUS are kept DNS_CACHE_FAILURE_S seconds, and never
 * replace a good answer that lives; DNS_TIMEOUT and TTL 0 are not kept. Takes its own reference. */
enum { DNS_CACHE_FAILURE_S = 5, DNS_CACHE_SHARDS = 64 };
void dns_cache_put(struct dns_cache *c, struct dns_answer *a, int64_t now_s);

#endif
