/* The answer: one block of memory, shared by reference count, with derived values hung on. */
#include <stdlib.h>

#include "dns/dns_internal.h"

static const struct {
    const char *name;
    enum dns_type type;
} types[] = {{"A", DNS_A},     {"NS", DNS_NS},     {"CNAME", DNS_CNAME}, {"SOA", DNS_SOA},
             {"PTR", DNS_PTR}, {"MX", DNS_MX},     {"TXT", DNS_TXT},     {"AAAA", DNS_AAAA},
             {"SRV", DNS_SRV}, {"TLSA", DNS_TLSA}, {"SPF", DNS_SPF},     {"CAA", DNS_CAA}};

const char *dns_status_name(enum dns_status s)
{
    static const char *const names[] = {
        [DNS_DATA] = "DATA",         [DNS_NODATA] = "NODATA",   [DNS_NXDOMAIN] = "NXDOMAIN",
        [DNS_SERVFAIL] = "SERVFAIL", [DNS_TIMEOUT] = "TIMEOUT", [DNS_BOGUS] = "BOGUS"};
    return (size_t)s < ARRAY_LEN(names) ? names[s] : "?";
}

const char *dns_type_name(enum dns_type t)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i].type == t)
            return types[i].name;
    return "?";
}

bool dns_type_by_name(struct str s, enum dns_type *out)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_ieq(s, str_from(types[i].name))) {
            *out = types[i].type;
            return true;
        }
    }
    return false;
}

static uint32_t clamp_ttl(uint32_t ttl_s)
{
    return ttl_s < DNS_TTL_MAX_S ? ttl_s : DNS_TTL_MAX_S;
}

/* The bytes of all texts; above DNS_ANSWER_MAX_BYTES the sum stops, so it cannot wrap. */
static size_t text_bytes(struct str name, struct str canonical, struct str why,
                         const struct dns_record *records, size_t n)
{
    size_t sum = 0;
    const struct str texts[] = {name, canonical, why};
    for (size_t i = 0; i < ARRAY_LEN(texts) && sum <= DNS_ANSWER_MAX_BYTES; i++)
        sum = texts[i].n > DNS_ANSWER_MAX_BYTES ? texts[i].n : sum + texts[i].n;
    for (size_t i = 0; i < n && sum <= DNS_ANSWER_MAX_BYTES; i++) {
        if (records[i].data.n > DNS_ANSWER_MAX_BYTES || records[i].name.n > DNS_ANSWER_MAX_BYTES)
            return (size_t)DNS_ANSWER_MAX_BYTES + 1;
        sum += records[i].data.n + records[i].name.n;
    }
    return sum;
}

static struct str keep(char **free_space, struct str s)
{
    struct str copy = {*free_space, s.n};
    if (s.n != 0)
        memcpy(*free_space, s.p, s.n);
    *free_space += s.n;
    return copy;
}

struct dns_answer *dns_answer_new(enum dns_status status, struct str name, enum dns_type type,
                                  enum dnssec dnssec, uint32_t ttl_s, struct str canonical,
                                  struct str why, const struct dns_record *records, size_t n)
{
    if (n == 0 && status == DNS_DATA)
        status = DNS_NODATA;
    n = status != DNS_DATA ? 0 : n < DNS_MAX_RECORDS ? n : DNS_MAX_RECORDS;
    if (canonical.n == 0 || str_eq(canonical, name))
        canonical = STR_NONE;
    size_t bytes = text_bytes(name, canonical, why, records, n);
    if (bytes > DNS_ANSWER_MAX_BYTES)
        return dns_answer_failure(DNS_SERVFAIL, str_slice(name, 0, DNS_NAME_MAX), type, dnssec,
                                  ttl_s, STR("the answer is larger than is kept"));
    size_t size = sizeof(struct dns_answer) + n * sizeof(struct dns_record) + bytes;
    struct dns_answer *a = malloc(size);
    if (a == NULL)
        return NULL;
    struct dns_record *copies = (struct dns_record *)(a + 1);
    char *space = (char *)(copies + n);
    *a = (struct dns_answer){.status = status,
                             .dnssec = dnssec,
                             .type = type,
                             .ttl_s = clamp_ttl(ttl_s),
                             .records = copies,
                             .n = n,
                             .size_bytes = size};
    a->name = keep(&space, name);
    a->canonical = canonical.n == 0 ? a->name : keep(&space, canonical);
    a->why = keep(&space, why);
    for (size_t i = 0; i < n; i++) {
        copies[i] = records[i];
        copies[i].ttl_s = clamp_ttl(records[i].ttl_s);
        copies[i].data = keep(&space, records[i].data);
        copies[i].name = keep(&space, records[i].name);
    }
    atomic_init(&a->derived, NULL);
    atomic_init(&a->references, 1);
    return a;
}

struct dns_answer *dns_answer_failure(enum dns_status status, struct str name, enum dns_type type,
                                      enum dnssec dnssec, uint32_t ttl_s, struct str why)
{
    return dns_answer_new(status, name, type, dnssec, ttl_s, STR_NONE, why, NULL, 0);
}

struct dns_answer *dns_answer_unaskable(struct str name, enum dns_type type, const char *why)
{
    return dns_answer_failure(DNS_NXDOMAIN, str_slice(name, 0, DNS_NAME_MAX), type, DNSSEC_UNKNOWN,
                              DNS_TTL_MAX_S, str_from(why));
}

struct dns_answer *dns_answer_ref(struct dns_answer *a)
{
    atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
    return a;
}

void dns_answer_unref(struct dns_answer *a)
{
    if (a == NULL || atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) != 1)
        return;
    struct dns_derived *d = atomic_load_explicit(&a->derived, memory_order_relaxed);
    while (d != NULL) {
        struct dns_derived *next = d->next;
        d->free(d);
        d = next;
    }
    free(a);
}

static struct dns_derived *find_kind(struct dns_derived *d, const void *kind)
{
    while (d != NULL && d->kind != kind)
        d = d->next;
    return d;
}

struct dns_derived *dns_derived_get(const struct dns_answer *a, const void *kind)
{
    return find_kind(atomic_load_explicit(&a->derived, memory_order_acquire), kind);
}

struct dns_derived *dns_derived_put(const struct dns_answer *a, struct dns_derived *d)
{
    /* The one part of a shared answer that may change; callers see the rest as const. */
    _Atomic(struct dns_derived *) *head = (_Atomic(struct dns_derived *) *)(uintptr_t)&a->derived;
    struct dns_derived *first = atomic_load_explicit(head, memory_order_acquire);
    do {
        struct dns_derived *other = find_kind(first, d->kind);
        if (other != NULL) {
            d->free(d);
            return other;
        }
        d->next = first;
    } while (!atomic_compare_exchange_weak_explicit(head, &first, d, memory_order_release,
                                                    memory_order_acquire));
    return d;
}
