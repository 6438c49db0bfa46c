/* Block lists: listings, lists that are broken or closed, and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define MX    "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n"
#define TESTS "2.0.0.127.bl.test. A 127.0.0.2\n"
#define HIT   "1.2.0.192.bl.test. A 127.0.0.4\n"
#define V6    "mx.good.test. AAAA 2001:db8::1\n"
#define TEST6                                                                                      \
    "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.bl.test. A 127.0.0.2\n"
#define HIT6                                                                                       \
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test. A 127.0.0.3\n"

static const struct kit_row rows[] = {
    {.label = "not listed",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .world = {MX TESTS},
     .absent = true,
     .check = "dnsbl.lists",
     .status = CHECK_PASS},
    {.label = "listed",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .evidence = "192.0.2.1 in bl.test: 127.0.0.4, see https://bl.test/",
     .world = {MX TESTS HIT "1.2.0.192.bl.test. TXT \"see https://bl.test/\"\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_FAIL},
    {.label = "listed without a reason",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .evidence = "192.0.2.1 in bl.test: 127.0.0.4",
     .world = {MX TESTS HIT},
     .after = {MX TESTS}},
    {.label = "listed by IPv6",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .evidence = "2001:db8::1 in bl.test: 127.0.0.3",
     .world = {MX V6 TESTS TEST6 HIT6},
     .after = {MX V6 TESTS TEST6}},
    {.label = "a list without IPv6 is not asked about IPv6",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .world = {MX V6 TESTS HIT6},
     .absent = true,
     .check = "dnsbl.lists",
     .status = CHECK_PASS},
    {.label = "the resolver is not welcome",
     .id = FINDING_POSTURE_DNSBL_REFUSED,
     .evidence = "bl.test: 127.255.255.254",
     .world = {MX "*.bl.test. A 127.255.255.254\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
    {.label = "not welcome for one address",
     .id = FINDING_POSTURE_DNSBL_REFUSED,
     .evidence = "bl.test: 127.255.255.255",
     .world = {MX TESTS "1.2.0.192.bl.test. A 127.255.255.255\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
    {.label = "an empty list",
     .id = FINDING_POSTURE_DNSBL_BROKEN,
     .evidence = "does not list 127.0.0.2",
     .world = {MX "bl.test. NS ns.test.\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
    {.label = "a list of everything",
     .id = FINDING_POSTURE_DNSBL_BROKEN,
     .evidence = "lists 127.0.0.1",
     .world = {MX "*.bl.test. A 127.0.0.2\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
    {.label = "a list of everything lists nobody",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .world = {MX "*.bl.test. A 127.0.0.2\n"},
     .absent = true},
    {.label = "a domain that was sold",
     .id = FINDING_POSTURE_DNSBL_BROKEN,
     .world = {MX "*.bl.test. A 198.51.100.7\n"},
     .after = {MX TESTS}},
    {.label = "an answer outside of 127/8",
     .id = FINDING_POSTURE_DNSBL_BROKEN,
     .evidence = "outside of 127.0.0.0/8",
     .world = {MX TESTS "1.2.0.192.bl.test. A 198.51.100.7\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
    {.label = "a list that does not answer",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "2.0.0.127.bl.test A: TIMEOUT",
     .world = {MX "*.bl.test. TIMEOUT\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
    {.label = "a listing that does not answer",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "1.2.0.192.bl.test A: SERVFAIL",
     .world = {MX TESTS "1.2.0.192.bl.test. SERVFAIL\n"},
     .after = {MX TESTS},
     .check = "dnsbl.lists",
     .status = CHECK_UNDECIDED},
};

static const struct kit_row without[] = {
    {.label = "no list was named",
     .id = FINDING_POSTURE_DNSBL_LISTED,
     .world = {MX TESTS HIT},
     .absent = true,
     .check = "dnsbl.lists",
     .status = CHECK_SKIPPED},
};

int main(void)
{
    static const struct str zones[] = {STR_INIT("bl.test")};
    struct posture_config config;
    posture_config_init(&config);
    config.dnsbl = zones;
    config.n_dnsbl = ARRAY_LEN(zones);
    kit_rows(rows, ARRAY_LEN(rows), &config);
    kit_rows(without, ARRAY_LEN(without), NULL);
    return tap_done();
}
