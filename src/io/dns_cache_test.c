/* The cache: what is kept and for how long, what gives way, and threads that hammer one entry. */
#include "io/dns_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/tap.h"

static void put(struct dns_cache *c, const char *name, enum dns_status status, uint32_t ttl_s,
                int64_t now_s)
{
    struct dns_record record = {.data = STR("text"), .ttl_s = ttl_s};
    struct dns_answer *a = dns_answer_new(status, str_from(name), DNS_TXT, DNSSEC_UNKNOWN, ttl_s,
                                          STR_NONE, STR_NONE, &record, status == DNS_DATA);
    dns_cache_put(c, a, now_s);
    dns_answer_unref(a);
}

/* The status that is kept, or -1. */
static int kept(struct dns_cache *c, const char *name, int64_t now_s)
{
    struct dns_answer *a = dns_cache_get(c, str_from(name), DNS_TXT, now_s);
    int status = a == NULL ? -1 : (int)a->status;
    dns_answer_unref(a);
    return status;
}

static void test_ages(void)
{
    static const struct {
        const char *label;
        enum dns_status status;
        uint32_t ttl_s;
        int64_t lives_s;
    } rows[] = {{"data live for their TTL", DNS_DATA, 300, 300},
                {"denials live for their TTL", DNS_NXDOMAIN, 60, 60},
                {"NODATA lives for its TTL", DNS_NODATA, 1, 1},
                {"a TTL of zero is not kept", DNS_DATA, 0, 0},
                {"a TTL of years ends after a day", DNS_DATA, 0x7fffffff, DNS_TTL_MAX_S},
                {"SERVFAIL lives for a moment", DNS_SERVFAIL, 0, DNS_CACHE_FAILURE_S},
                {"BOGUS lives for a moment", DNS_BOGUS, 3600, DNS_CACHE_FAILURE_S},
                {"a timeout is not kept", DNS_TIMEOUT, 3600, 0}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct dns_cache *c = dns_cache_new(100);
        tap_case("cache: %s", rows[i].label);
        put(c, "a.example", rows[i].status, rows[i].ttl_s, 1000);
        if (rows[i].lives_s > 0)
            tap_int(kept(c, "a.example", 1000 + rows[i].lives_s - 1), rows[i].status);
        tap_int(kept(c, "a.example", 1000 + rows[i].lives_s), -1);
        tap_int(kept(c, "a.example", 1000), -1); /* an expired one is gone, not only hidden */
        dns_cache_free(c);
    }
}

static void test_replacing(void)
{
    struct dns_cache *c = dns_cache_new(100);
    tap_case("cache: another type and another name are other entries");
    put(c, "a.example", DNS_DATA, 60, 0);
    tap_ok(dns_cache_get(c, STR("a.example"), DNS_A, 0) == NULL);
    tap_int(kept(c, "b.example", 0), -1);
    tap_case("cache: trouble does not push out what is still true");
    put(c, "a.example", DNS_SERVFAIL, 60, 10);
    tap_int(kept(c, "a.example", 10), DNS_DATA);
    tap_case("cache: what is new replaces what was");
    put(c, "a.example", DNS_NXDOMAIN, 60, 20);
    tap_int(kept(c, "a.example", 21), DNS_NXDOMAIN);
    tap_case("cache: trouble replaces what has expired");
    put(c, "a.example", DNS_SERVFAIL, 60, 90);
    tap_int(kept(c, "a.example", 91), DNS_SERVFAIL);
    tap_case("cache: data replace trouble");
    put(c, "a.example", DNS_DATA, 60, 91);
    tap_int(kept(c, "a.example", 92), DNS_DATA);
    dns_cache_free(c);
}

static unsigned count_kept(struct dns_cache *c, unsigned names)
{
    char name[32];
    unsigned n = 0;
    for (unsigned i = 0; i < names; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        n += kept(c, name, 1) >= 0;
    }
    return n;
}

static void test_bounds(void)
{
    static const size_t sizes[] = {0, 1, 5, 64, 1000};
    enum { NAMES = 3000 };
    char name[32];
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        struct dns_cache *c = dns_cache_new(sizes[s]);
        tap_case("cache: at most %zu entries", sizes[s]);
        for (unsigned i = 0; i < NAMES; i++) {
            snprintf(name, sizeof name, "n%u.example", i);
            put(c, name, DNS_DATA, 60, 0);
        }
        unsigned n = count_kept(c, NAMES);
        tap_ok(n >= 1 && n <= (sizes[s] == 0 ? 1 : sizes[s]));
        tap_int(kept(c, name, 1), DNS_DATA); /* the last one is always there */
        dns_cache_free(c);
    }
}

static void test_use_keeps_young(void)
{
    struct dns_cache *c = dns_cache_new(4); /* four shards of one: find two names of one shard */
    tap_case("cache: a full shard gives up its oldest entry");
    put(c, "first.example", DNS_DATA, 60, 0);
    char name[32] = "first.example";
    for (unsigned i = 0; kept(c, "first.example", 1) >= 0 && i < 10000; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        put(c, name, DNS_DATA, 60, 0);
    }
    tap_int(kept(c, "first.example", 1), -1);
    tap_int(kept(c, name, 1), DNS_DATA);
    dns_cache_free(c);
    tap_case("cache: an entry that is used outlives one that is not");
    c = dns_cache_new(64 * 8);
    put(c, "used.example", DNS_DATA, 60, 0);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "m%u.example", i);
        put(c, name, DNS_DATA, 60, 0);
        (void)kept(c, "used.example", 1);
    }
    tap_int(kept(c, "used.example", 1), DNS_DATA);
    tap_int(kept(c, "m0.example", 1), -1);
    dns_cache_free(c);
}

static void test_bytes(void)
{
    enum { ENTRIES = 1024, BIG = 60000 };
    struct dns_cache *c = dns_cache_new(ENTRIES);
    char *big = malloc(BIG), name[32];
    tap_case("cache: large answers are bounded by bytes, not only by number");
    memset(big, 'x', BIG);
    struct dns_record record = {.data = str_make(big, BIG), .ttl_s = 60};
    size_t n = 0;
    for (unsigned i = 0; i < ENTRIES; i++) {
        snprintf(name, sizeof name, "n%u.example", i);
        struct dns_answer *a = dns_answer_new(DNS_DATA, str_from(name), DNS_TXT, DNSSEC_UNKNOWN, 60,
                                              STR_NONE, STR_NONE, &record, 1);
        dns_cache_put(c, a, 0);
        dns_answer_unref(a);
    }
    n = count_kept(c, ENTRIES);
    tap_ok(n >= 1 && n * BIG <= (size_t)DNS_CACHE_SHARDS * DNS_ANSWER_MAX_BYTES);
    dns_cache_free(c);
    free(big);
}

/* ---- threads ---- */

static atomic_uint derived_alive;
static const char derived_kind = 0;

static void free_derived(struct dns_derived *d)
{
    atomic_fetch_sub(&derived_alive, 1);
    free(d);
}

static void derive(const struct dns_answer *a)
{
    if (dns_derived_get(a, &derived_kind) != NULL)
        return;
    struct dns_derived *d = calloc(1, sizeof *d);
    d->kind = &derived_kind;
    d->free = free_derived;
    atomic_fetch_add(&derived_alive, 1);
    (void)dns_derived_put(a, d);
}

struct hammer {
    pthread_t thread;
    struct dns_cache *cache;
    unsigned seed, seen;
};

/* A clock that runs fast: entries expire, are replaced and used at the same moment. */
static void *run_hammer(void *arg)
{
    struct hammer *h = arg;
    char name[32];
    for (int64_t i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "n%u.example", (h->seed + (unsigned)i * 7) % 11);
        struct dns_answer *a = dns_cache_get(h->cache, str_from(name), DNS_TXT, i / 4);
        if (a == NULL) {
            put(h->cache, name, DNS_DATA, 1 + (unsigned)i % 3, i / 4);
            continue;
        }
        derive(a);
        h->seen += a->n == 1 && str_eq(a->records[0].data, STR("text")) &&
                   dns_derived_get(a, &derived_kind) != NULL;
        dns_answer_unref(a);
    }
    return NULL;
}

static void test_threads(void)
{
    struct hammer hammers[2] = {0};
    struct dns_cache *c = dns_cache_new(8);
    tap_case("cache: two threads, entries that expire while they are used");
    for (unsigned i = 0; i < ARRAY_LEN(hammers); i++) {
        hammers[i].cache = c;
        hammers[i].seed = i;
        pthread_create(&hammers[i].thread, NULL, run_hammer, &hammers[i]);
    }
    unsigned seen = 0;
    for (unsigned i = 0; i < ARRAY_LEN(hammers); i++) {
        pthread_join(hammers[i].thread, NULL);
        seen += hammers[i].seen;
    }
    tap_ok(seen > 0);
    dns_cache_free(c);
    tap_int(atomic_load(&derived_alive), 0);
}

int main(void)
{
    test_ages();
    test_replacing();
    test_bounds();
    test_use_keeps_young();
    test_bytes();
    test_threads();
    dns_cache_free(NULL);
    return tap_done();
}
