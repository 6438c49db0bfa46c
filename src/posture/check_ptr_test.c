/* Reverse names of MX addresses: what is found, and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define MX   "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n"
#define PTR  "1.2.0.192.in-addr.arpa. PTR "
#define GOOD MX PTR "mx.good.test.\n"

static const struct kit_row rows[] = {
    {.label = "confirmed",
     .id = FINDING_POSTURE_PTR_MISMATCH,
     .world = {GOOD PTR "other.test.\n"},
     .absent = true,
     .check = "ptr.confirmed",
     .status = CHECK_PASS},
    {.label = "no reverse name",
     .id = FINDING_POSTURE_PTR_MISSING,
     .evidence = "192.0.2.1 (mx.good.test)",
     .world = {MX},
     .fix = "1.2.0.192.in-addr.arpa. PTR mx.good.test.",
     .check = "ptr.confirmed",
     .status = CHECK_WARN},
    {.label = "no reverse name of IPv6",
     .id = FINDING_POSTURE_PTR_MISSING,
     .evidence = "2001:db8::5 (mx.good.test)",
     .world = {GOOD "mx.good.test. AAAA 2001:db8::5\n"},
     .fix = "8.b.d.0.1.0.0.2.ip6.arpa. PTR mx.good.test."},
    {.label = "a name that does not lead back",
     .id = FINDING_POSTURE_PTR_MISMATCH,
     .evidence = "192.0.2.1 is host.test, which is not",
     .world = {MX PTR "host.test.\nhost.test. A 192.0.2.9\n"},
     .fix = "remove 1.2.0.192.in-addr.arpa. PTR\n1.2.0.192.in-addr.arpa. PTR mx.good.test."},
    {.label = "a name without address",
     .id = FINDING_POSTURE_PTR_MISMATCH,
     .world = {MX PTR "gone.test.\n"},
     .fix = ""},
    {.label = "a failed reverse look-up is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "1.2.0.192.in-addr.arpa PTR: TIMEOUT",
     .world = {MX "1.2.0.192.in-addr.arpa. TIMEOUT\n"},
     .after = {GOOD},
     .check = "ptr.confirmed",
     .status = CHECK_UNDECIDED},
    {.label = "a failed look-up of the name is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "host.test A: SERVFAIL",
     .world = {MX PTR "host.test.\nhost.test. SERVFAIL\n"},
     .after = {GOOD},
     .check = "ptr.confirmed",
     .status = CHECK_UNDECIDED},
    {.label = "inner addresses have inner names",
     .id = FINDING_POSTURE_PTR_MISSING,
     .world = {GOOD "mx.good.test. A 10.0.0.1\n"},
     .absent = true,
     .check = "ptr.confirmed",
     .status = CHECK_PASS},
    {.label = "no mail, no reverse names",
     .id = FINDING_POSTURE_PTR_MISSING,
     .world = {"good.test. MX 0 .\n"},
     .profile = PROFILE_SENDING,
     .absent = true,
     .check = "ptr.confirmed",
     .status = CHECK_SKIPPED},
};

int main(void)
{
    kit_rows(rows, ARRAY_LEN(rows), NULL);
    return tap_done();
}
