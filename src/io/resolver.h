/* Where DNS answers come from: libunbound in one thread, behind our cache. */
#ifndef MP_IO_RESOLVER_H
#define MP_IO_RESOLVER_H

#include "dns/dns.h"

struct resolver_config {
    struct str server; /* "HOST[:PORT]" or "[v6]:PORT"; empty: /etc/resolv.conf */
    /* File with DS or DNSKEY: then all is validated, and a server that strips signatures makes
     * signed names DNS_BOGUS. NULL: the root key, used when the server proves that it can DNSSEC;
     * else DNSSEC_UNKNOWN. */
    const char *trust_anchor;
    const char *root_key; /* file; NULL: Debian's, when it is there */
    unsigned timeout_ms;  /* for one question; default 5000 */
    size_t cache_entries; /* default 100,000; 0: no cache */
};
enum { RESOLVER_TIMEOUT_MS = 5000, RESOLVER_CACHE_ENTRIES = 100000 };
void resolver_config_init(struct resolver_config *c);

struct resolver;

/* Starts the resolver thread. Errors say which server or file was refused. */
int resolver_new(const struct resolver_config *c, struct resolver **out, struct mp_err *err);
/* Stops the thread; outstanding questions end as DNS_TIMEOUT. Accepts NULL. */
void resolver_free(struct resolver *r);

/* Fetch every missing answer of the view in parallel and pin it. Questions in flight for another
 * thread are shared (single flight). Every question gets an answer, DNS_TIMEOUT at the latest when
 * `deadline_us` (clock_mono_us) passes. MP_OK, or MP_E_NOMEM. Threads: any number at once. */
int resolver_fill(struct resolver *r, struct dns_view *v, int64_t deadline_us, struct mp_err *err);

/* The cache alone, never waits; matches dns_ready_fn with ctx = resolver. */
struct dns_answer *resolver_ready(void *resolver, struct str name, enum dns_type type);

struct resolver_stats {
    uint64_t hits, misses, queries, shared, timeouts, failures;
};
void resolver_stats(const struct resolver *r, struct resolver_stats *out);

#endif
