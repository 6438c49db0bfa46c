/* SPF: each finding, and that its remedy clears it, as records where it can be said so. */
#include <stdio.h>

#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define HOST                                                                                       \
    "good.test. MX 10 mx1.good.test.\nmx1.good.test. A 192.0.2.1\n"                                \
    "mx1.good.test. AAAA 2001:db8::1\nother.test. TXT \"v=spf1 ip4:198.51.100.0/24 -all\"\n"       \
    "four.good.test. A 192.0.2.4\nfour2.good.test. A 192.0.2.5\nfour3.good.test. A 192.0.2.6\n"
#define SPF(text)     HOST "good.test. TXT \"v=spf1 " text "\"\n"
#define REMOVE(old)   "remove good.test. TXT \"v=spf1 " old "\"\n"
#define ADD(new)      "good.test. TXT \"v=spf1 " new "\""
#define FIX(old, new) REMOVE(old) ADD(new)

/* A provider that costs 8 look-ups. */
#define COSTLY                                                                                     \
    "c.test. TXT \"v=spf1 include:c1.test include:c2.test include:c3.test include:c4.test "        \
    "include:c5.test include:c6.test include:c7.test -all\"\n"                                     \
    "c1.test. TXT \"v=spf1 -all\"\nc2.test. TXT \"v=spf1 -all\"\nc3.test. TXT \"v=spf1 -all\"\n"   \
    "c4.test. TXT \"v=spf1 -all\"\nc5.test. TXT \"v=spf1 -all\"\nc6.test. TXT \"v=spf1 -all\"\n"   \
    "c7.test. TXT \"v=spf1 ip4:198.51.100.9 -all\"\n"

#define ELEVEN_MX                                                                                  \
    "m.good.test. MX 1 h1.good.test.\nm.good.test. MX 2 h2.good.test.\n"                           \
    "m.good.test. MX 3 h3.good.test.\nm.good.test. MX 4 h4.good.test.\n"                           \
    "m.good.test. MX 5 h5.good.test.\nm.good.test. MX 6 h6.good.test.\n"                           \
    "m.good.test. MX 7 h7.good.test.\nm.good.test. MX 8 h8.good.test.\n"                           \
    "m.good.test. MX 9 h9.good.test.\nm.good.test. MX 10 h10.good.test.\n"                         \
    "m.good.test. MX 11 h11.good.test.\n"

#define LONG_TOKEN                                                                                 \
    "good.test. TXT \"0123456789012345678901234567890123456789012345678901234567890123456789"      \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789"             \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789\" "          \
    "\"01234567890123456789012345678901234567890123456789012345678901234567890123456789"           \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789"             \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789\"\n"

static const struct kit_row record_rows[] = {
    {.label = "no record: the MX hosts to begin with",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {HOST},
     .fix = "good.test. TXT \"v=spf1 mx ~all\"",
     .check = "spf.record",
     .status = CHECK_FAIL},
    {.label = "no record: the address to begin with",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {"good.test. A 192.0.2.1\n"},
     .fix = "good.test. TXT \"v=spf1 a ~all\""},
    {.label = "no record, never sends",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {HOST},
     .fix = "good.test. TXT \"v=spf1 -all\"",
     .profile = PROFILE_RECEIVING},
    {.label = "no record, nothing known of servers",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {"good.test. MX 0 .\n"},
     .after = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"},
     .profile = PROFILE_SENDING},
    {.label = "no record: parked has its own check",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {HOST},
     .profile = PROFILE_PARKED,
     .absent = true},
    {.label = "the text of the obsolete type is what was meant",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {HOST "good.test. SPF \"v=spf1 ip4:192.0.2.9 -all\"\n"},
     .fix = ADD("ip4:192.0.2.9 -all")},
    {.label = "obsolete type beside",
     .id = FINDING_POSTURE_SPF_TYPE99,
     .world = {SPF("mx -all") "good.test. SPF \"v=spf1 mx -all\"\n"},
     .fix = "remove good.test. SPF"},
    {.label = "quotes inside",
     .id = FINDING_POSTURE_SPF_NEARLY,
     .world = {HOST "good.test. TXT \"\\\"v=spf1 mx -all\\\"\"\n"},
     .fix = "\ngood.test. TXT \"v=spf1 mx -all\"",
     .check = "spf.record",
     .status = CHECK_FAIL},
    {.label = "a semicolon behind the version, a tab between",
     .id = FINDING_POSTURE_SPF_NEARLY,
     .world = {HOST "good.test. TXT \" v=spf1;\\009mx -all;\"\n"},
     .fix = "\ngood.test. TXT \"v=spf1 mx -all\""},
    {.label = "nearly, and nobody knows what was meant",
     .id = FINDING_POSTURE_SPF_NEARLY,
     .world = {HOST "good.test. TXT \"v=spf1= hello\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "nearly, beside a good one",
     .id = FINDING_POSTURE_SPF_NEARLY,
     .world = {SPF("mx -all") "good.test. TXT \" v=spf1 mx ~all\"\n"},
     .fix = "remove good.test. TXT \" v=spf1 mx ~all\"",
     .severity = SEV_LOW},
    {.label = "nearly takes the place of none",
     .id = FINDING_POSTURE_SPF_NONE,
     .world = {HOST "good.test. TXT \"'v=spf1 mx -all\"\n"},
     .absent = true},
    {.label = "two records: one with the terms of both",
     .id = FINDING_POSTURE_SPF_SEVERAL,
     .world = {SPF(
         "mx include:other.test -all") "good.test. TXT \"v=spf1 ip4:192.0.2.9 mx ~all\"\n"},
     .fix = ADD("ip4:192.0.2.9 mx include:other.test ~all"),
     .check = "spf.record",
     .status = CHECK_FAIL},
    {.label = "two records, one of them the other's redirect",
     .id = FINDING_POSTURE_SPF_SEVERAL,
     .world = {SPF("mx -all") "good.test. TXT \"V=SPF1 redirect=other.test\"\n"},
     .fix = ADD("include:other.test mx -all")},
    {.label = "three records, one is part of the whole",
     .id = FINDING_POSTURE_SPF_SEVERAL,
     .world = {SPF("mx -all") "good.test. TXT \"v=spf1 a:mx1.good.test mx -all\"\n"
                              "good.test. TXT \"v=spf1 mx\"\n"},
     .fix = ADD("a:mx1.good.test mx -all")},
    {.label = "two records, one of them broken beyond knowing",
     .id = FINDING_POSTURE_SPF_SEVERAL,
     .world = {SPF("mx -all") "good.test. TXT \"v=spf1 foo -all\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "ipv4 for ip4",
     .id = FINDING_POSTURE_SPF_SYNTAX,
     .evidence = "ipv4:192.0.2.1",
     .world = {SPF("ipv4:192.0.2.1 ip:2001:db8::1/64 -all")},
     .fix = FIX("ipv4:192.0.2.1 ip:2001:db8::1/64 -all", "ip4:192.0.2.1 ip6:2001:db8::1/64 -all"),
     .check = "spf.lookups",
     .status = CHECK_SKIPPED},
    {.label = "an address where a host must stand",
     .id = FINDING_POSTURE_SPF_SYNTAX,
     .world = {SPF("a:192.0.2.1 ?mx:192.0.2.0/24 192.0.2.3 -all")},
     .fix = ADD("ip4:192.0.2.1 ?ip4:192.0.2.0/24 ip4:192.0.2.3 -all")},
    {.label = "commas, a space too many, a dash of a text program",
     .id = FINDING_POSTURE_SPF_SYNTAX,
     .world = {SPF("a: mx, include: other.test, \\226\\128\\147all")},
     .fix = ADD("a mx include:other.test -all")},
    {.label = "two redirects",
     .id = FINDING_POSTURE_SPF_SYNTAX,
     .world = {SPF("mx redirect=other.test redirect=nowhere.test")},
     .fix = ADD("mx redirect=other.test")},
    {.label = "a word that nobody knows",
     .id = FINDING_POSTURE_SPF_SYNTAX,
     .evidence = "unknown mechanism 'foo'",
     .world = {SPF("mx foo -all")},
     .after = {SPF("mx -all")}},
    {.label = "a failed look-up is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "good.test TXT: SERVFAIL",
     .world = {HOST "good.test. SERVFAIL TXT\n"},
     .after = {SPF("mx -all")},
     .check = "spf.record",
     .status = CHECK_UNDECIDED},
    {.label = "all is well",
     .id = FINDING_POSTURE_SPF_SOFTFAIL,
     .world = {SPF("mx -all")},
     .absent = true,
     .check = "spf.policy",
     .status = CHECK_PASS},
};

static const struct kit_row lookup_rows[] = {
    {.label = "what an include costs is told, and what is ours is written by address",
     .id = FINDING_POSTURE_SPF_LOOKUPS,
     .evidence = "11 look-ups where 10 are allowed: include:c.test 8, mx/24 1, a:mx1.good.test 1, "
                 "?a:four.good.test 1",
     .world = {SPF("mx/24 a:mx1.good.test ?a:four.good.test include:c.test -all") COSTLY},
     .fix = ADD("ip4:192.0.2.1/24 ip6:2001:db8::1 a:mx1.good.test ?a:four.good.test "
                "include:c.test -all"),
     .check = "spf.lookups",
     .status = CHECK_FAIL},
    {.label = "what stands twice or is dead goes first",
     .id = FINDING_POSTURE_SPF_LOOKUPS,
     .world = {SPF("mx include:c.test a:gone.good.test include:c7.test -all") COSTLY},
     .fix = ADD("mx include:c.test -all")},
    {.label = "hosts of others are not written down",
     .id = FINDING_POSTURE_SPF_LOOKUPS,
     .world = {SPF("a:h.other.test mx a:k.other.test include:c.test a:l.other.test -all") COSTLY
               "h.other.test. A 198.51.100.1\nk.other.test. A 198.51.100.2\n"
               "l.other.test. A 198.51.100.3\n"},
     .after = {SPF("ip4:192.0.2.1 include:c.test -all") COSTLY}},
    {.label = "names that do not exist",
     .id = FINDING_POSTURE_SPF_VOIDS,
     .evidence = "3 look-ups without an answer where 2 are allowed: a:gone1.good.test in good.test",
     .world = {SPF("a:gone1.good.test mx exists:gone2.good.test mx:gone3.good.test -all")},
     .fix = ADD("mx -all"),
     .check = "spf.lookups",
     .status = CHECK_WARN},
    {.label = "hosts without IPv6 strike who comes by IPv6",
     .id = FINDING_POSTURE_SPF_VOIDS,
     .evidence = "for a client that comes by IPv6",
     .world = {SPF("a:four.good.test a:four2.good.test a:four3.good.test -all")},
     .fix = ADD("ip4:192.0.2.4 a:four2.good.test a:four3.good.test -all"),
     .severity = SEV_LOW},
    {.label = "voids in the record of another",
     .id = FINDING_POSTURE_SPF_VOIDS,
     .world = {SPF(
         "mx include:v.test -all") "v.test. TXT \"v=spf1 a:g1.test a:g2.test a:g3.test\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "more than 10 hosts of one mx",
     .id = FINDING_POSTURE_SPF_MX_NAMES,
     .world = {SPF("mx:m.good.test -all") ELEVEN_MX},
     .after = {SPF("ip4:192.0.2.0/28 -all")}},
    {.label = "a loop",
     .id = FINDING_POSTURE_SPF_LOOP,
     .evidence = "'include:good.test' in the record of good.test",
     .world = {SPF("mx include:good.test -all")},
     .fix = ADD("mx -all")},
    {.label = "a loop through a record of ours",
     .id = FINDING_POSTURE_SPF_LOOP,
     .world = {SPF("mx include:_spf.good.test -all") "_spf.good.test. TXT \"v=spf1 ip4:192.0.2.9 "
                                                     "redirect=good.test\"\n"},
     .fix = "_spf.good.test. TXT \"v=spf1 ip4:192.0.2.9 ~all\""},
    {.label = "a loop of others",
     .id = FINDING_POSTURE_SPF_LOOP,
     .world = {SPF("mx include:l1.test -all") "l1.test. TXT \"v=spf1 include:l1.test -all\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "include of a name without record",
     .id = FINDING_POSTURE_SPF_INCLUDE_BROKEN,
     .evidence = "gone.test does not exist",
     .world = {SPF("mx include:gone.test -all")},
     .fix = FIX("mx include:gone.test -all", "mx -all"),
     .check = "spf.lookups",
     .status = CHECK_FAIL},
    {.label = "redirect to a name without record",
     .id = FINDING_POSTURE_SPF_INCLUDE_BROKEN,
     .evidence = "publishes no SPF record",
     .world = {SPF("mx redirect=mx1.good.test")},
     .fix = ADD("mx ~all")},
    {.label = "include of a broken record",
     .id = FINDING_POSTURE_SPF_INCLUDE_BROKEN,
     .evidence = "'include:broken.test' in the record of broken.test",
     .world = {SPF("mx include:broken.test -all") "broken.test. TXT \"v=spf1 foo -all\"\n"},
     .fix = ADD("mx -all")},
    {.label = "include of a broken record of ours",
     .id = FINDING_POSTURE_SPF_INCLUDE_BROKEN,
     .world = {SPF("mx include:_spf.good.test -all") "_spf.good.test. TXT \"v=spf1 ipv4:192.0.2.9 "
                                                     "-all\"\n"},
     .fix = "_spf.good.test. TXT \"v=spf1 ip4:192.0.2.9 -all\""},
    {.label = "include of two records",
     .id = FINDING_POSTURE_SPF_INCLUDE_BROKEN,
     .evidence = "2 SPF records",
     .world = {SPF("mx include:two.test -all") "two.test. TXT \"v=spf1 -all\"\n"
                                               "two.test. TXT \"v=spf1 mx -all\"\n"},
     .fix = ADD("mx -all")},
    {.label = "broken deep below, where a provider may still work",
     .id = FINDING_POSTURE_SPF_INCLUDE_BROKEN,
     .world = {SPF("mx include:deep.test -all") "deep.test. TXT \"v=spf1 ip4:198.51.100.1 "
                                                "include:gone.test -all\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "a look-up that fails below is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "slow.test TXT: TIMEOUT",
     .world = {SPF("mx include:slow.test -all") "slow.test. TIMEOUT\n"},
     .after = {SPF("mx -all")},
     .check = "spf.lookups",
     .status = CHECK_UNDECIDED},
    {.label = "decided by the client",
     .id = FINDING_POSTURE_SPF_BY_CLIENT,
     .world = {SPF("mx include:%{ir}._spf.other.test -all")},
     .after = {SPF("mx -all")},
     .check = "spf.lookups",
     .status = CHECK_PASS},
};

static const struct kit_row policy_rows[] = {
    {.label = "everybody passes",
     .id = FINDING_POSTURE_SPF_PLUS_ALL,
     .world = {SPF("mx +all")},
     .fix = FIX("mx +all", "mx -all"),
     .check = "spf.policy",
     .status = CHECK_FAIL},
    {.label = "everybody passes, and nobody is listed",
     .id = FINDING_POSTURE_SPF_PLUS_ALL,
     .world = {SPF("all")},
     .fix = FIX("all", "mx ~all")},
    {.label = "everybody passes, of a domain that never sends",
     .id = FINDING_POSTURE_SPF_PLUS_ALL,
     .world = {SPF("+all")},
     .fix = FIX("+all", "-all"),
     .profile = PROFILE_RECEIVING},
    {.label = "everybody passes by a range",
     .id = FINDING_POSTURE_SPF_PLUS_ALL,
     .world = {SPF("mx ip4:0.0.0.0/0 -all")},
     .fix = ADD("mx -all")},
    {.label = "everybody passes by a record of others",
     .id = FINDING_POSTURE_SPF_PLUS_ALL,
     .evidence = "'+all' in the record of open.test",
     .world = {SPF("mx include:open.test -all") "open.test. TXT \"v=spf1 +all\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "no end",
     .id = FINDING_POSTURE_SPF_NO_ALL,
     .world = {SPF("mx")},
     .fix = FIX("mx", "mx ~all"),
     .check = "spf.policy",
     .status = CHECK_WARN},
    {.label = "no end, never sends",
     .id = FINDING_POSTURE_SPF_NO_ALL,
     .world = {HOST "good.test. TXT v=spf1\n"},
     .fix = ADD("-all"),
     .profile = PROFILE_RECEIVING},
    {.label = "no end behind a redirect to ours",
     .id = FINDING_POSTURE_SPF_NO_ALL,
     .world = {SPF("redirect=_spf.good.test") "_spf.good.test. TXT \"v=spf1 mx:good.test\"\n"},
     .fix = "_spf.good.test. TXT \"v=spf1 mx:good.test ~all\""},
    {.label = "neutral end",
     .id = FINDING_POSTURE_SPF_NEUTRAL_ALL,
     .world = {SPF("mx ?all")},
     .fix = FIX("mx ?all", "mx ~all")},
    {.label = "soft end",
     .id = FINDING_POSTURE_SPF_SOFTFAIL,
     .world = {SPF("mx ~all")},
     .fix = FIX("mx ~all", "mx -all"),
     .check = "spf.policy",
     .status = CHECK_PASS},
    {.label = "soft end of a domain that never sends",
     .id = FINDING_POSTURE_SPF_SOFTFAIL,
     .world = {SPF("~all")},
     .fix = FIX("~all", "-all"),
     .profile = PROFILE_RECEIVING,
     .severity = SEV_LOW},
    {.label = "soft end of another's record",
     .id = FINDING_POSTURE_SPF_SOFTFAIL,
     .world = {SPF("redirect=s.test") "s.test. TXT \"v=spf1 ip4:198.51.100.1 ~all\"\n"},
     .after = {SPF("mx -all")}},
    {.label = "nobody may send",
     .id = FINDING_POSTURE_SPF_NOBODY,
     .world = {SPF("-all")},
     .profile = PROFILE_SENDING,
     .after = {SPF("mx -all")},
     .check = "spf.policy",
     .status = CHECK_PASS},
    {.label = "nobody may send, as it should be",
     .id = FINDING_POSTURE_SPF_NOBODY,
     .world = {SPF("-all")},
     .profile = PROFILE_RECEIVING,
     .absent = true},
    {.label = "a broad range of ours",
     .id = FINDING_POSTURE_SPF_BROAD,
     .evidence = "a whole /12",
     .world = {SPF("mx ip4:198.48.0.0/12 -all")},
     .after = {SPF("mx ip4:198.51.100.0/24 -all")}},
    {.label = "ptr",
     .id = FINDING_POSTURE_SPF_PTR,
     .world = {SPF("mx ptr -all")},
     .after = {SPF("mx -all")}},
    {.label = "ptr of another's record",
     .id = FINDING_POSTURE_SPF_PTR,
     .world = {SPF("mx include:p.test -all") "p.test. TXT \"v=spf1 ptr -all\"\n"},
     .absent = true},
    {.label = "private ranges",
     .id = FINDING_POSTURE_SPF_PRIVATE,
     .world = {SPF("mx ip4:10.1.2.0/24 -all")},
     .fix = ADD("mx -all")},
    {.label = "a host with a private address",
     .id = FINDING_POSTURE_SPF_PRIVATE,
     .evidence = "10.0.0.1/32 passes",
     .world = {SPF("mx a:in.good.test -all") "in.good.test. A 10.0.0.1\n"},
     .after = {SPF("mx -all")}},
};

static const struct kit_row form_rows[] = {
    {.label = "behind all",
     .id = FINDING_POSTURE_SPF_AFTER_ALL,
     .world = {SPF("mx -all ip4:192.0.2.9 exp=why.good.test")},
     .fix = ADD("mx ip4:192.0.2.9 exp=why.good.test -all"),
     .check = "spf.form",
     .status = CHECK_WARN},
    {.label = "two ends",
     .id = FINDING_POSTURE_SPF_AFTER_ALL,
     .world = {SPF("mx ~all -all")},
     .fix = ADD("mx ~all")},
    {.label = "redirect beside all",
     .id = FINDING_POSTURE_SPF_REDIRECT_ALL,
     .world = {SPF("mx redirect=other.test -all")},
     .fix = ADD("mx -all")},
    {.label = "the same twice",
     .id = FINDING_POSTURE_SPF_DUPLICATE,
     .world = {SPF("mx ip4:192.0.2.9 MX -all")},
     .fix = ADD("mx ip4:192.0.2.9 -all")},
    {.label = "the same below an include",
     .id = FINDING_POSTURE_SPF_DUPLICATE,
     .evidence = "stands already as 'ip4:198.51.100.0/24' in the record of other.test",
     .world = {SPF("mx include:other.test ip4:198.51.100.0/24 -all")},
     .fix = ADD("mx include:other.test -all")},
    {.label = "long beside tokens",
     .id = FINDING_POSTURE_SPF_LONG,
     .world = {SPF("mx -all") LONG_TOKEN},
     .after = {SPF("mx -all")},
     .check = "spf.form",
     .status = CHECK_PASS},
    {.label = "= for :",
     .id = FINDING_POSTURE_SPF_UNKNOWN_MODIFIER,
     .evidence = "'include=other.test'",
     .world = {SPF("mx -all include=other.test")},
     .fix = ADD("mx include:other.test -all")},
    {.label = "a modifier that nobody knows",
     .id = FINDING_POSTURE_SPF_UNKNOWN_MODIFIER,
     .world = {SPF("mx -all ip4=hello")},
     .fix = ADD("mx -all")},
    {.label = "modifiers of RFC 6652",
     .id = FINDING_POSTURE_SPF_UNKNOWN_MODIFIER,
     .world = {SPF("mx -all ra=postmaster rp=10 rr=all")},
     .absent = true},
};

/* ---- facts about others ---- */

static void check_info(const char *label, const char *zone, enum finding_id id)
{
    static struct kit k;
    struct kit_world w = {zone};
    tap_case("%s", label);
    kit_open(&k, &w, NULL);
    kit_run(&k);
    const struct finding *f = kit_find(&k, id);
    if (tap_ok(f != NULL))
        tap_cstr(severity_name(f->severity), "info");
    tap_cstr(check_status_name(check_status_of(kit_check(&k, "spf.policy"))), "pass");
    kit_close(&k);
}

static void check_inner_network(void)
{
    static struct kit k;
    struct posture_config config;
    struct kit_world w = {SPF("mx ip4:10.1.2.0/24 -all")};
    tap_case("private ranges are no fault of an inner network");
    posture_config_init(&config);
    config.allow_private = true;
    kit_open(&k, &w, &config);
    kit_run(&k);
    tap_ok(kit_find(&k, FINDING_POSTURE_SPF_PRIVATE) == NULL);
    kit_close(&k);
}

/* A tree larger than is read: undecided, never a pass. */
static void check_cut(void)
{
    static struct kit k;
    static char zone[64 * 1024];
    size_t n = (size_t)snprintf(zone, sizeof zone, "%s", SPF("include:d0.test -all"));
    for (unsigned i = 0; i < SPF_AUDIT_MAX_RECORDS + 5; i++)
        n += (size_t)snprintf(zone + n, sizeof zone - n,
                              "d%u.test. TXT \"v=spf1 include:d%u.test -all\"\n", i, i + 1);
    struct kit_world w = {zone};
    tap_case("a tree without end is undecided");
    kit_open(&k, &w, NULL);
    struct mp_err err = {0};
    int st;
    while ((st = posture_run(&k.ctx, &k.arena, k.dns, k.facts, &k.config, STR("good.test"),
                             KIT_NOW_S, k.out, &err)) == MP_WAIT &&
           kit_fill(&k)) {}
    tap_int(st, MP_OK);
    const struct check *c = kit_check(&k, "spf.lookups");
    if (tap_ok(c != NULL))
        tap_ok(c->undecided);
    tap_ok(kit_find(&k, FINDING_POSTURE_LIMIT) != NULL);
    tap_ok(kit_find(&k, FINDING_POSTURE_SPF_LOOKUPS) != NULL);
    kit_close(&k);
}

int main(void)
{
    kit_rows(record_rows, ARRAY_LEN(record_rows), NULL);
    kit_rows(lookup_rows, ARRAY_LEN(lookup_rows), NULL);
    kit_rows(policy_rows, ARRAY_LEN(policy_rows), NULL);
    kit_rows(form_rows, ARRAY_LEN(form_rows), NULL);
    check_info("a broad range of others is a fact",
               SPF("mx include:b.test -all") "b.test. TXT \"v=spf1 ip4:198.48.0.0/12 -all\"\n",
               FINDING_POSTURE_SPF_BROAD);
    check_inner_network();
    check_cut();
    return tap_done();
}
