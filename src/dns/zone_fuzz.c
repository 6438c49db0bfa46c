/* Any text as a zone: what it answers, once written and loaded, is answered again. */
#include <stdlib.h>

#include "dns/zone.h"

static void check_reload(struct dns_zone *z, struct str name, enum dns_type type)
{
    struct buf out;
    struct dns_zone *copy = dns_zone_new();
    struct dns_answer *a = dns_zone_lookup(z, name, type);
    buf_init(&out, 4 << 20);
    dns_zone_write(&out, a);
    if (dns_zone_load(copy, buf_str(&out), "written", NULL) != MP_OK)
        abort();
    struct dns_answer *b = dns_zone_lookup(copy, name, type);
    bool same = a->status == b->status && a->n == b->n && a->ttl_s == b->ttl_s &&
                a->dnssec == b->dnssec && str_eq(a->canonical, b->canonical) &&
                str_eq(a->why, b->why);
    for (size_t i = 0; same && i < a->n; i++)
        same = str_eq(a->records[i].data, b->records[i].data) &&
               str_eq(a->records[i].name, b->records[i].name);
    if (!same && out.n != 0)
        abort();
    dns_answer_unref(a);
    dns_answer_unref(b);
    dns_zone_free(copy);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a", "b.a", "x.y.a", "example", "*.a"};
    static const enum dns_type types[] = {DNS_A,   DNS_TXT, DNS_MX,   DNS_CNAME, DNS_SRV,
                                          DNS_CAA, DNS_SOA, DNS_TLSA, DNS_AAAA};
    struct dns_zone *z = dns_zone_new();
    (void)dns_zone_load(z, str_make((const char *)data, size), "fuzz", NULL);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        check_reload(z, str_from(names[i]), types[(size + i) % ARRAY_LEN(types)]);
    dns_zone_free(z);
    return 0;
}
