/* DNSSEC of domain and MX hosts: what is found, and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define OWN    "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n"
#define OTHERS "good.test. MX 10 mx.other.test.\n"
#define OTHER  "mx.other.test. A 192.0.2.1\n"

static const struct kit_row rows[] = {
    {.label = "signed",
     .id = FINDING_POSTURE_DNSSEC_DOMAIN,
     .world = {"$SECURE\n" OWN},
     .absent = true,
     .check = "dnssec.domain",
     .status = CHECK_PASS},
    {.label = "the domain is not signed",
     .id = FINDING_POSTURE_DNSSEC_DOMAIN,
     .evidence = "good.test",
     .world = {"$INSECURE\n" OWN},
     .after = {"$SECURE\n" OWN},
     .check = "dnssec.domain",
     .status = CHECK_WARN},
    {.label = "an own host is told once",
     .id = FINDING_POSTURE_DNSSEC_MX,
     .world = {"$INSECURE\n" OWN},
     .absent = true},
    {.label = "a host is not signed",
     .id = FINDING_POSTURE_DNSSEC_MX,
     .evidence = "mx.other.test",
     .world = {"$SECURE\n" OTHERS "$INSECURE\n" OTHER},
     .after = {"$SECURE\n" OTHERS OTHER},
     .check = "dnssec.mx",
     .status = CHECK_WARN},
    {.label = "a resolver that does not validate says nothing",
     .id = FINDING_POSTURE_DNSSEC_DOMAIN,
     .world = {"$UNKNOWN\n" OWN},
     .absent = true,
     .check = "dnssec.domain",
     .status = CHECK_SKIPPED},
    {.label = "nor does it of hosts",
     .id = FINDING_POSTURE_DNSSEC_MX,
     .world = {"$UNKNOWN\n" OTHERS OTHER},
     .absent = true,
     .check = "dnssec.mx",
     .status = CHECK_SKIPPED},
    {.label = "bogus",
     .id = FINDING_POSTURE_DNS_BOGUS,
     .evidence = "good.test MX: BOGUS, no DNSKEY",
     .world = {"good.test. BOGUS MX \"no DNSKEY\"\n"},
     .after = {"$SECURE\n" OWN},
     .check = "dnssec.domain",
     .status = CHECK_UNDECIDED},
};

static void test_state(void)
{
    static const struct kit_world world = {"$SECURE\n" OWN};
    static struct kit k;
    tap_case("what is known");
    kit_open(&k, &world, NULL);
    kit_run(&k);
    tap_int(k.out->dnssec, DNSSEC_SECURE);
    tap_int(k.out->mx[0].dnssec, DNSSEC_SECURE);
    tap_ok(k.out->mx_secure);
    kit_close(&k);
}

int main(void)
{
    kit_rows(rows, ARRAY_LEN(rows), NULL);
    test_state();
    return tap_done();
}
