/* DNS lists: names, words and tests that all of them share (RFC 5782). */
#include "dns/listing.h"

bool dns_answer_failed(const struct dns_answer *a)
{
    return a->status == DNS_SERVFAIL || a->status == DNS_TIMEOUT || a->status == DNS_BOGUS;
}

enum listing_word listing_of_ip(const struct ip *ip)
{
    const unsigned char *o = ip->octets;
    if (ip->family != IP_V4 || o[0] != 127 || (o[1] == 0 && o[2] == 0 && o[3] == 1))
        return LISTING_NONSENSE;
    return o[1] == 255 && o[2] == 255 ? LISTING_REFUSED : LISTING_LISTED;
}

enum listing_word listing_of(const struct dns_answer *a)
{
    enum listing_word worst = LISTING_NONE;
    if (dns_answer_failed(a))
        return LISTING_FAILED;
    for (size_t i = 0; i < a->n; i++) {
        enum listing_word word = listing_of_ip(&a->records[i].ip);
        worst = word > worst ? word : worst;
    }
    return worst;
}

const char *listing_refusal(const struct ip *ip)
{
    if (listing_of_ip(ip) != LISTING_REFUSED)
        return NULL;
    switch (ip->octets[3]) { /* Spamhaus, since 2021; others took it over */
    case 252:
        return "there is no such zone";
    case 254:
        return "asked through an open resolver, or by a host without a name of its own";
    case 255:
        return "asked too often";
    default:
        return NULL;
    }
}

struct str listing_name(struct arena *a, const struct ip *ip, struct str zone)
{
    struct str reverse = dns_reverse_name(a, ip);
    struct str suffix = ip->family == IP_V4 ? STR("in-addr.arpa") : STR("ip6.arpa");
    if (reverse.n < suffix.n)
        return STR_NONE;
    return arena_join(a, (struct str[]){str_slice(reverse, 0, reverse.n - suffix.n), zone}, 2);
}

enum listing_test listing_test(enum listing_word must, enum listing_word must_not)
{
    if (must == LISTING_FAILED || must_not == LISTING_FAILED)
        return LISTING_TEST_FAILED;
    if (must == LISTING_REFUSED || must_not == LISTING_REFUSED)
        return LISTING_TEST_REFUSED;
    if (must_not != LISTING_NONE)
        return LISTING_TEST_EVERYTHING;
    return must == LISTING_LISTED ? LISTING_TEST_PASSED : LISTING_TEST_NOTHING;
}
