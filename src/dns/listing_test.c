/* DNS lists as RFC 5782 has them: names, words of answers, and what the tests of a list prove. */
#include "dns/listing.h"

#include "dns/zone.h"
#include "tests/tap.h"

static const struct {
    const char *ip, *want;
} names[] = {
    {"192.0.2.99", "99.2.0.192.bl.test"},
    {"127.0.0.2", "2.0.0.127.bl.test"},
    {"2001:db8:1:2:3:4:567:89ab",
     "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test"},
    {"::ffff:7f00:2", "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.test"},
};

static const struct {
    const char *label, *records;
    enum listing_word want;
} words[] = {
    {"no such name", "x. A 127.0.0.2\n", LISTING_NONE},
    {"a name without an address", "a. TXT listed\n", LISTING_NONE},
    {"listed", "a. A 127.0.0.2\n", LISTING_LISTED},
    {"listed twice", "a. A 127.0.0.2\na. A 127.0.1.255\n", LISTING_LISTED},
    {"127.0.0.1 is nothing", "a. A 127.0.0.1\n", LISTING_NONSENSE},
    {"outside of 127/8", "a. A 126.255.255.255\n", LISTING_NONSENSE},
    {"outside of 127/8, among others", "a. A 127.0.0.2\na. A 198.51.100.1\n", LISTING_NONSENSE},
    {"refused", "a. A 127.255.255.0\n", LISTING_REFUSED},
    {"refused, among others", "a. A 127.0.0.2\na. A 127.255.255.254\n", LISTING_REFUSED},
    {"not refused", "a. A 127.255.254.254\n", LISTING_LISTED},
    {"servers fail", "a. SERVFAIL\n", LISTING_FAILED},
    {"no answer in time", "a. TIMEOUT\n", LISTING_FAILED},
    {"a broken signature", "a. BOGUS\n", LISTING_FAILED},
};

static const struct {
    enum listing_word must, must_not;
    enum listing_test want;
} tests[] = {
    {LISTING_LISTED, LISTING_NONE, LISTING_TEST_PASSED},
    {LISTING_LISTED, LISTING_LISTED, LISTING_TEST_EVERYTHING},
    {LISTING_NONSENSE, LISTING_NONSENSE, LISTING_TEST_EVERYTHING},
    {LISTING_NONE, LISTING_NONE, LISTING_TEST_NOTHING},
    {LISTING_NONSENSE, LISTING_NONE, LISTING_TEST_NOTHING},
    {LISTING_REFUSED, LISTING_NONE, LISTING_TEST_REFUSED},
    {LISTING_LISTED, LISTING_REFUSED, LISTING_TEST_REFUSED},
    {LISTING_FAILED, LISTING_NONE, LISTING_TEST_FAILED},
    {LISTING_LISTED, LISTING_FAILED, LISTING_TEST_FAILED},
};

static const struct {
    const char *ip, *part; /* NULL: it says nothing */
} refusals[] = {
    {"127.255.255.252", "no such zone"},
    {"127.255.255.254", "open resolver"},
    {"127.255.255.255", "too often"},
    {"127.255.255.253", NULL},
    {"127.0.0.254", NULL},
    {"198.51.100.254", NULL},
};

static void check_names(struct arena *a)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct ip ip = {0};
        tap_case("name of %s", names[i].ip);
        tap_ok(ip_parse_keep_mapped(str_from(names[i].ip), &ip));
        tap_str(listing_name(a, &ip, STR("bl.test")), str_from(names[i].want));
    }
    tap_case("name of no address");
    tap_ok(listing_name(a, &(struct ip){0}, STR("bl.test")).p == NULL);
}

static void check_words(void)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct mp_err err = {0};
        struct dns_zone *z = dns_zone_new();
        tap_case("word: %s", words[i].label);
        tap_int(dns_zone_load(z, str_from(words[i].records), "zone", &err), MP_OK);
        struct dns_answer *a = dns_zone_lookup(z, STR("a"), DNS_A);
        tap_int(listing_of(a), words[i].want);
        tap_int(dns_answer_failed(a), words[i].want == LISTING_FAILED);
        dns_answer_unref(a);
        dns_zone_free(z);
    }
}

int main(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    check_names(&arena);
    check_words();
    for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
        tap_case("test of a list: %d, %d", tests[i].must, tests[i].must_not);
        tap_int(listing_test(tests[i].must, tests[i].must_not), tests[i].want);
    }
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct ip ip = {0};
        tap_case("refusal %s", refusals[i].ip);
        tap_ok(ip_parse(str_from(refusals[i].ip), &ip));
        struct str told = str_from(listing_refusal(&ip));
        tap_int(told.n == 0, refusals[i].part == NULL);
        tap_ok(refusals[i].part == NULL || str_search(told, str_from(refusals[i].part)) < told.n);
    }
    tap_case("of an IPv6 address nothing is said");
    tap_int(listing_of_ip(&(struct ip){.family = IP_V6, .octets = {127, 0, 0, 2}}),
            LISTING_NONSENSE);
    arena_clear(&arena);
    return tap_done();
}
