/* Any answers to any questions: what is listed is within 127/8, and not where lists refuse. */
#include <stdlib.h>

#include "intel/dns_list_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, octet by octet: how many addresses (or a failure), then those, and again. */
static struct dns_answer *answer(void *ctx, struct str name, enum dns_type type)
{
    struct str *left = ctx;
    struct dns_record records[7] = {{.ttl_s = 0}};
    unsigned kind = left->n > 0 ? (unsigned char)left->p[0] : 0;
    size_t n = kind % 8;
    *left = str_slice(*left, 1, left->n);
    for (size_t i = 0; i < n; i++) {
        struct str octets = str_slice(*left, 0, 4);
        *left = str_slice(*left, 4, left->n);
        records[i].ip.family = (kind & 64) != 0 ? IP_V6 : IP_V4;
        records[i].data = octets;
        if (octets.n > 0)
            memcpy(records[i].ip.octets, octets.p, octets.n);
    }
    enum dns_status failed = kind >> 3 & 7;
    return dns_answer_new(n > 0                ? DNS_DATA
                          : failed == 0        ? DNS_NODATA
                          : failed < DNS_BOGUS ? failed
                                               : DNS_NXDOMAIN,
                          name, type, DNSSEC_UNKNOWN, 60, name, STR(""), records, n);
}

static void check(const struct dns_list_result *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (!str_starts(r->listings[i].codes, STR("127.")) ||
            str_search(r->listings[i].codes, STR("127.255.255.")) < r->listings[i].codes.n)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str left = str_make((const char *)data, size), text = str_cut(&left, '\n');
    struct dns_list_host hosts[] = {{.name = str_cut(&text, ' ')}, {.name = text}};
    struct dns_list_hash hash = {.kind = INDICATOR_MD5,
                                 .octets = (const unsigned char *)"0123456789abcdef"};
    struct dns_list_facts facts = {.client = {.family = IP_V4, .octets = {192, 0, 2, 1}},
                                   .hosts = hosts,
                                   .n_hosts = 2,
                                   .hashes = &hash,
                                   .n_hashes = 1};
    struct dns_list_zone zones[KIT_LISTS];
    struct dns_list_result result = {0};
    struct finding_list findings;
    struct dns_list_health *health;
    struct arena arena;
    for (size_t i = 0; i < KIT_LISTS; i++)
        zones[i] = (struct dns_list_zone){.list = &kit_lists[i], .zone = kit_lists[i].zone};
    arena_init(&arena, 8 << 20);
    finding_list_init(&findings, &arena);
    struct dns_view *view = dns_view_new(&arena, answer, &left);
    if (dns_list_health_new(KIT_LISTS, &health, NULL) != MP_OK ||
        dns_list_check(&arena, view, &(struct dns_lists){zones, KIT_LISTS}, health, &facts, 1,
                       &findings, &result, NULL) != MP_OK)
        abort();
    check(&result);
    dns_list_health_free(health);
    dns_view_release(view);
    arena_clear(&arena);
    return 0;
}
