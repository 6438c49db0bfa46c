/* DMARC: each finding, and that its remedy clears it. */
#include <stdio.h>

#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define HOST                                                                                       \
    "good.test. MX 10 mx1.good.test.\nmx1.good.test. A 192.0.2.1\n"                                \
    "good.test. TXT \"v=spf1 mx -all\"\n"                                                          \
    "s1._domainkey.good.test. TXT \"v=DKIM1; k=ed25519; "                                          \
    "p=NaRp7eQaVBqcbO7blhkPxc2hdq3MnkHxccyO5WaG+tU=\"\n"
#define AT          "_dmarc.good.test. TXT "
#define DMARC(text) HOST AT "\"v=DMARC1; " text "\"\n"
#define FIX(old, new)                                                                              \
    "remove _dmarc.good.test. TXT \"v=DMARC1; " old                                                \
    "\"\n_dmarc.good.test. TXT \"v=DMARC1; " new ";\""
#define RUA  "rua=mailto:d@good.test"
#define FINE DMARC("p=reject; " RUA)

/* A company that takes reports, but not from everybody. */
#define OTHER "r.test. MX 10 mx.r.test.\nmx.r.test. A 198.51.100.1\n"

static const struct kit_row record_rows[] = {
    {.label = "no record: begin with reports",
     .id = FINDING_POSTURE_DMARC_NONE,
     .world = {HOST},
     .fix = "_dmarc.good.test. TXT \"v=DMARC1; p=none; rua=mailto:postmaster@good.test;\"",
     .check = "dmarc.record",
     .status = CHECK_FAIL},
    {.label = "no record, never sends",
     .id = FINDING_POSTURE_DMARC_NONE,
     .world = {HOST},
     .fix = "p=reject; rua=mailto:postmaster@good.test;",
     .profile = PROFILE_RECEIVING},
    {.label = "no record and no mailbox",
     .id = FINDING_POSTURE_DMARC_NONE,
     .world = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"},
     .fix = "_dmarc.good.test. TXT \"v=DMARC1; p=none;\""},
    {.label = "no record: parked has its own check",
     .id = FINDING_POSTURE_DMARC_NONE,
     .world = {HOST},
     .profile = PROFILE_PARKED,
     .absent = true},
    {.label = "a record of the suffix above applies",
     .id = FINDING_POSTURE_DMARC_NONE,
     .world = {HOST "_dmarc.test. TXT \"v=DMARC1; p=reject; psd=y\"\n"},
     .absent = true,
     .check = "dmarc.record",
     .status = CHECK_PASS},
    {.label = "small letters",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {HOST AT "\"v=dmarc1; p=reject; " RUA "\"\n"},
     .fix = "\n_dmarc.good.test. TXT \"v=DMARC1; p=reject; " RUA ";\"",
     .check = "dmarc.record",
     .status = CHECK_FAIL},
    {.label = "no semicolon",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {HOST AT "\"v=DMARC1 p=quarantine\"\n"},
     .fix = "\n_dmarc.good.test. TXT \"v=DMARC1; p=quarantine;\""},
    {.label = "quotes, backslashes, a space",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {HOST AT "\" \\\"v=DMARC1\\\\; p=reject\\\"\"\n"},
     .fix = "\n_dmarc.good.test. TXT \"v=DMARC1; p=reject;\""},
    {.label = "commas",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {HOST AT "\"v=DMARC1, p=reject, sp=reject\"\n"},
     .fix = "\n_dmarc.good.test. TXT \"v=DMARC1; p=reject; sp=reject;\""},
    {.label = "another version",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {HOST AT "\"v=DMARC2; p=reject\"\n"},
     .after = {FINE}},
    {.label = "nearly, beside a good one",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {FINE AT "\"v=dmarc1; p=none\"\n"},
     .fix = "remove _dmarc.good.test. TXT \"v=dmarc1; p=none\"",
     .severity = SEV_LOW},
    {.label = "nearly takes the place of none",
     .id = FINDING_POSTURE_DMARC_NONE,
     .world = {HOST AT "\"v=dmarc1; p=none\"\n"},
     .absent = true},
    {.label = "another text is nothing",
     .id = FINDING_POSTURE_DMARC_NEARLY,
     .world = {HOST AT "\"v=spf1 -all\"\n"},
     .absent = true},
    {.label = "two records: the milder stays",
     .id = FINDING_POSTURE_DMARC_SEVERAL,
     .world = {FINE AT "\"v=DMARC1; p=quarantine; " RUA "\"\n"},
     .fix = "remove _dmarc.good.test. TXT \"v=DMARC1; p=reject; " RUA "\"",
     .check = "dmarc.record",
     .status = CHECK_FAIL},
    {.label = "two records, neither readable",
     .id = FINDING_POSTURE_DMARC_SEVERAL,
     .world = {DMARC("p=x") AT "\"v=DMARC1; p=y\"\n"},
     .after = {FINE}},
    {.label = "a tag twice",
     .id = FINDING_POSTURE_DMARC_SYNTAX,
     .evidence = "a tag stands twice",
     .world = {DMARC("p=reject; p=none; " RUA)},
     .fix = FIX("p=reject; p=none; " RUA, "p=reject; " RUA),
     .check = "dmarc.record",
     .status = CHECK_FAIL},
    {.label = "a policy that is none",
     .id = FINDING_POSTURE_DMARC_SYNTAX,
     .evidence = "so there is no policy",
     .world = {DMARC("p=block")},
     .fix = FIX("p=block", "p=none"),
     .check = "dmarc.policy",
     .status = CHECK_SKIPPED},
    {.label = "a policy misspelled, with reports",
     .id = FINDING_POSTURE_DMARC_SYNTAX,
     .evidence = "so p=none counts",
     .world = {DMARC(RUA "; p=rejected; sp=strict")},
     .fix = FIX(RUA "; p=rejected; sp=strict", "p=reject; " RUA)},
    {.label = "no policy",
     .id = FINDING_POSTURE_DMARC_SYNTAX,
     .world = {DMARC("sp=reject")},
     .fix = FIX("sp=reject", "p=reject; sp=reject"),
     .profile = PROFILE_RECEIVING},
    {.label = "an unknown tag",
     .id = FINDING_POSTURE_DMARC_TAG,
     .evidence = "'ruaa=mailto:d@good.test': no such tag is known",
     .world = {DMARC("p=reject; ruaa=mailto:d@good.test; " RUA)},
     .fix = FIX("p=reject; ruaa=mailto:d@good.test; " RUA, "p=reject; " RUA),
     .check = "dmarc.record",
     .status = CHECK_WARN},
    {.label = "a value that cannot be",
     .id = FINDING_POSTURE_DMARC_TAG,
     .evidence = "'adkim=strict': it cannot have this value",
     .world = {DMARC("p=reject; adkim=strict; " RUA)},
     .fix = "\"v=DMARC1; p=reject; " RUA ";\""},
    {.label = "failures of two kinds at once",
     .id = FINDING_POSTURE_DMARC_TAG,
     .world = {DMARC("p=reject; fo=0:1:d; " RUA)},
     .fix = "\"v=DMARC1; p=reject; fo=1; " RUA ";\""},
    {.label = "an element that is no tag",
     .id = FINDING_POSTURE_DMARC_TAG,
     .evidence = "'none': it has no \"=\"",
     .world = {DMARC("p=reject; none; " RUA)},
     .fix = "\"v=DMARC1; p=reject; " RUA ";\""},
    {.label = "what the standard dropped",
     .id = FINDING_POSTURE_DMARC_REMOVED_TAG,
     .evidence = "pct=50, rua=mailto:d@good.test!10m, ri=3600, rf=afrf",
     .world = {DMARC("p=reject; pct=50; " RUA "!10m; ri=3600; rf=afrf")},
     .fix = FIX("p=reject; pct=50; " RUA "!10m; ri=3600; rf=afrf", "p=reject; " RUA)},
    {.label = "a ! that is no size",
     .id = FINDING_POSTURE_DMARC_REMOVED_TAG,
     .world = {DMARC("p=reject; " RUA ", mailto:e@good.test")},
     .absent = true},
    {.label = "a failed look-up is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "_dmarc.good.test TXT: SERVFAIL",
     .world = {HOST "_dmarc.good.test. SERVFAIL\n"},
     .after = {FINE},
     .check = "dmarc.record",
     .status = CHECK_UNDECIDED},
    {.label = "a failure above hides whether a record applies",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "_dmarc.test TXT: TIMEOUT",
     .world = {HOST "_dmarc.test. TIMEOUT TXT\n"},
     .after = {FINE},
     .check = "dmarc.record",
     .status = CHECK_UNDECIDED},
    {.label = "a failure above does not matter to who has a record",
     .id = FINDING_POSTURE_DNS_FAILED,
     .world = {FINE "_dmarc.test. TIMEOUT TXT\n"},
     .absent = true,
     .check = "dmarc.record",
     .status = CHECK_PASS},
};

static const struct kit_row policy_rows[] = {
    {.label = "none, and all is ready for more",
     .id = FINDING_POSTURE_DMARC_P_NONE,
     .world = {DMARC("p=none; " RUA)},
     .fix = FIX("p=none; " RUA, "p=quarantine; " RUA),
     .check = "dmarc.policy",
     .status = CHECK_WARN},
    {.label = "none, and nobody reads reports",
     .id = FINDING_POSTURE_DMARC_P_NONE,
     .world = {DMARC("p=none")},
     .after = {FINE}},
    {.label = "none, and SPF is broken",
     .id = FINDING_POSTURE_DMARC_P_NONE,
     .world = {DMARC("p=none; " RUA) "good.test. TXT \"v=spf1 -all\"\n"},
     .after = {FINE}},
    {.label = "none, never sends",
     .id = FINDING_POSTURE_DMARC_P_NONE,
     .world = {DMARC("p=none; " RUA)},
     .fix = "p=reject; " RUA,
     .profile = PROFILE_RECEIVING},
    {.label = "none of the suffix above",
     .id = FINDING_POSTURE_DMARC_P_NONE,
     .evidence = "_dmarc.test",
     .world = {HOST "_dmarc.test. TXT \"v=DMARC1; p=reject; sp=none; psd=y; rua=mailto:x@test\"\n"},
     .fix = "_dmarc.good.test. TXT \"v=DMARC1; p=quarantine;\""},
    {.label = "testing",
     .id = FINDING_POSTURE_DMARC_TESTING,
     .world = {DMARC("p=reject; t=y; " RUA)},
     .fix = FIX("p=reject; t=y; " RUA, "p=reject; " RUA)},
    {.label = "weaker for subdomains",
     .id = FINDING_POSTURE_DMARC_SUBDOMAINS,
     .evidence = "sp=none, p=reject",
     .world = {DMARC("p=reject; sp=none; " RUA)},
     .fix = FIX("p=reject; sp=none; " RUA, "p=reject; " RUA),
     .check = "dmarc.policy",
     .status = CHECK_WARN},
    {.label = "stricter for subdomains",
     .id = FINDING_POSTURE_DMARC_SUBDOMAINS,
     .world = {DMARC("p=quarantine; sp=reject; " RUA)},
     .absent = true,
     .check = "dmarc.policy",
     .status = CHECK_PASS},
    {.label = "not the one that subdomains look at",
     .id = FINDING_POSTURE_DMARC_SUBDOMAINS,
     .world = {DMARC("p=reject; sp=none; " RUA) "_dmarc.test. TXT \"v=DMARC1; p=reject\"\n"},
     .absent = true},
    {.label = "weaker for names that do not exist",
     .id = FINDING_POSTURE_DMARC_NONEXISTENT,
     .world = {DMARC("p=reject; np=none; " RUA)},
     .fix = "p=reject; np=reject; " RUA},
    {.label = "no public suffix",
     .id = FINDING_POSTURE_DMARC_PSD,
     .world = {DMARC("p=reject; psd=y; " RUA)},
     .fix = FIX("p=reject; psd=y; " RUA, "p=reject; " RUA)},
};

static const struct kit_row report_rows[] = {
    {.label = "no reports",
     .id = FINDING_POSTURE_DMARC_NO_RUA,
     .world = {DMARC("p=reject")},
     .fix = FIX("p=reject", "p=reject; rua=mailto:postmaster@good.test"),
     .check = "dmarc.reports",
     .status = CHECK_WARN},
    {.label = "failure reports only, and no mailbox",
     .id = FINDING_POSTURE_DMARC_NO_RUA,
     .world = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n" AT
               "\"v=DMARC1; p=reject; ruf=mailto:d@good.test\"\n"},
     .after = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n" AT
               "\"v=DMARC1; p=reject; rua=mailto:x@r.test\"\n" OTHER
               "*._report._dmarc.r.test. TXT \"v=DMARC1;\"\n"}},
    {.label = "an address without its scheme",
     .id = FINDING_POSTURE_DMARC_URI,
     .evidence = "rua=d@good.test",
     .world = {DMARC("p=reject; rua=d@good.test, mailto:e@good.test")},
     .fix = "p=reject; rua=mailto:d@good.test,mailto:e@good.test;",
     .check = "dmarc.reports",
     .status = CHECK_WARN},
    {.label = "a web address",
     .id = FINDING_POSTURE_DMARC_URI,
     .world = {DMARC("p=reject; " RUA "; ruf=https://good.test/dmarc")},
     .fix = FIX("p=reject; " RUA "; ruf=https://good.test/dmarc", "p=reject; " RUA)},
    {.label = "an empty list",
     .id = FINDING_POSTURE_DMARC_URI,
     .world = {DMARC("p=reject; rua=")},
     .fix = FIX("p=reject; rua=", "p=reject")},
    {.label = "another organization that did not agree",
     .id = FINDING_POSTURE_DMARC_EXTERNAL,
     .evidence = "no record at good.test._report._dmarc.r.test",
     .world = {DMARC("p=reject; rua=mailto:x@r.test; ruf=mailto:y@r.test") OTHER},
     .fix = "good.test._report._dmarc.r.test. TXT \"v=DMARC1;\"",
     .check = "dmarc.reports",
     .status = CHECK_WARN},
    {.label = "another organization that agreed",
     .id = FINDING_POSTURE_DMARC_EXTERNAL,
     .world = {DMARC("p=reject; rua=mailto:x@r.test") OTHER
               "good.test._report._dmarc.r.test. TXT \"v=DMARC1\"\n"},
     .absent = true,
     .check = "dmarc.reports",
     .status = CHECK_PASS},
    {.label = "another organization that takes all",
     .id = FINDING_POSTURE_DMARC_EXTERNAL,
     .world = {DMARC("p=reject; rua=mailto:x@r.test!5m") OTHER
               "*._report._dmarc.r.test. TXT \"v=DMARC1;\"\n"},
     .absent = true},
    {.label = "another text is no consent",
     .id = FINDING_POSTURE_DMARC_EXTERNAL,
     .world = {DMARC("p=reject; rua=mailto:x@r.test") OTHER "*.r.test. TXT \"v=spf1 -all\"\n"},
     .fix = "good.test._report._dmarc.r.test. TXT \"v=DMARC1;\""},
    {.label = "a subdomain is the same organization",
     .id = FINDING_POSTURE_DMARC_EXTERNAL,
     .world = {DMARC("p=reject; rua=mailto:x@in.good.test") "in.good.test. A 192.0.2.7\n"},
     .absent = true,
     .check = "dmarc.reports",
     .status = CHECK_PASS},
    {.label = "a subdomain that is its own organization",
     .id = FINDING_POSTURE_DMARC_EXTERNAL,
     .world = {DMARC("p=reject; rua=mailto:x@in.good.test") "in.good.test. A 192.0.2.7\n"
                                                            "_dmarc.in.good.test. TXT \"v=DMARC1; "
                                                            "p=reject; psd=n\"\n"},
     .fix = "good.test._report._dmarc.in.good.test. TXT \"v=DMARC1;\""},
    {.label = "consent cannot be looked up",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "good.test._report._dmarc.r.test TXT: SERVFAIL",
     .world = {DMARC("p=reject; rua=mailto:x@r.test") OTHER
               "good.test._report._dmarc.r.test. SERVFAIL\n"},
     .after = {FINE},
     .check = "dmarc.reports",
     .status = CHECK_UNDECIDED},
    {.label = "nobody takes the reports",
     .id = FINDING_POSTURE_DMARC_NO_MAILBOX,
     .evidence = "rua=mailto:x@in.good.test: neither MX nor address",
     .world = {DMARC("p=reject; rua=mailto:x@in.good.test")},
     .after = {FINE},
     .check = "dmarc.reports",
     .status = CHECK_WARN},
    {.label = "one of two takes no mail",
     .id = FINDING_POSTURE_DMARC_NO_MAILBOX,
     .evidence = "null MX",
     .world = {DMARC(
         "p=reject; rua=mailto:x@in.good.test,mailto:d@good.test") "in.good.test. MX 0 .\n"},
     .fix = "\"v=DMARC1; p=reject; rua=mailto:d@good.test;\""},
    {.label = "whether it takes mail cannot be looked up",
     .id = FINDING_POSTURE_DNS_FAILED,
     .world = {DMARC("p=reject; rua=mailto:x@in.good.test") "in.good.test. TIMEOUT MX\n"},
     .after = {FINE},
     .check = "dmarc.reports",
     .status = CHECK_UNDECIDED},
};

/* ---- what reports are told ---- */

static const struct {
    const char *label, *zone;
    const char *at, *organization;
    enum dmarc_applies applies;
    enum dmarc_policy policy, subdomain, nonexistent;
    enum dmarc_discovery discovery;
} told[] = {
    {"own record", DMARC("p=reject; sp=quarantine; np=none"), "good.test", "good.test",
     DMARC_APPLIES_P, DMARC_P_REJECT, DMARC_P_QUARANTINE, DMARC_P_NONE, DMARC_TREE_WALK},
    {"what is not said follows", DMARC("p=quarantine"), "good.test", "good.test", DMARC_APPLIES_P,
     DMARC_P_QUARANTINE, DMARC_P_QUARANTINE, DMARC_P_QUARANTINE, DMARC_TREE_WALK},
    {"none", HOST, "", "good.test", DMARC_APPLIES_P, DMARC_P_UNSET, DMARC_P_UNSET, DMARC_P_UNSET,
     DMARC_TREE_WALK},
    {"of the suffix", HOST "_dmarc.test. TXT \"v=DMARC1; p=none; sp=reject; psd=y\"\n", "test",
     "good.test", DMARC_APPLIES_SP, DMARC_P_REJECT, DMARC_P_REJECT, DMARC_P_REJECT,
     DMARC_TREE_WALK},
    {"of the suffix, for a name that does not exist",
     "_dmarc.test. TXT \"v=DMARC1; p=none; sp=reject; np=quarantine; psd=y\"\n", "test",
     "good.test", DMARC_APPLIES_NP, DMARC_P_QUARANTINE, DMARC_P_REJECT, DMARC_P_QUARANTINE,
     DMARC_TREE_WALK},
    {"the suffix is no organization of the list method",
     HOST "_dmarc.test. TXT \"v=DMARC1; p=none; sp=reject; psd=y\"\n", "", "good.test",
     DMARC_APPLIES_P, DMARC_P_UNSET, DMARC_P_UNSET, DMARC_P_UNSET, DMARC_PSL},
    {"above is the organization, and speaks for subdomains",
     DMARC("p=reject; sp=reject") "_dmarc.test. TXT \"v=DMARC1; p=none; sp=quarantine\"\n",
     "good.test", "test", DMARC_APPLIES_P, DMARC_P_REJECT, DMARC_P_QUARANTINE, DMARC_P_QUARANTINE,
     DMARC_TREE_WALK},
};

static void check_told(size_t i)
{
    static struct kit k;
    struct posture_config config;
    struct kit_world w = {told[i].zone};
    posture_config_init(&config);
    config.discovery = told[i].discovery;
    tap_case("told: %s", told[i].label);
    kit_open(&k, &w, &config);
    kit_run(&k);
    tap_ok(k.out->dmarc_ready);
    tap_str(k.out->dmarc_at, str_from(told[i].at));
    tap_int(k.out->dmarc.text.n > 0, *told[i].at != '\0');
    tap_str(k.out->organizational_domain, str_from(told[i].organization));
    tap_int(k.out->dmarc_applies, told[i].applies);
    tap_int(k.out->dmarc_policy, told[i].policy);
    tap_int(k.out->dmarc_subdomain_policy, told[i].subdomain);
    tap_int(k.out->dmarc_nonexistent_policy, told[i].nonexistent);
    kit_close(&k);
}

static void check_many(void)
{
    static struct kit k;
    static char zone[16 * 1024];
    size_t n = (size_t)snprintf(zone, sizeof zone, "%s", HOST AT "\"v=DMARC1; p=reject; rua=\"");
    for (unsigned i = 0; i <= 2 * DMARC_MAX_URIS; i++)
        n += (size_t)snprintf(zone + n, sizeof zone - n, " \"%smailto:u%u@good.test\"",
                              i == 0 ? "" : ",", i);
    snprintf(zone + n, sizeof zone - n, "\n");
    struct kit_world w = {zone};
    tap_case("more report addresses than are looked at");
    kit_open(&k, &w, NULL);
    kit_run(&k);
    tap_ok(kit_find(&k, FINDING_POSTURE_LIMIT) != NULL);
    const struct check *c = kit_check(&k, "dmarc.reports");
    if (tap_ok(c != NULL))
        tap_ok(c->undecided);
    kit_close(&k);
}

int main(void)
{
    kit_rows(record_rows, ARRAY_LEN(record_rows), NULL);
    kit_rows(policy_rows, ARRAY_LEN(policy_rows), NULL);
    kit_rows(report_rows, ARRAY_LEN(report_rows), NULL);
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        check_told(i);
    check_many();
    return tap_done();
}
