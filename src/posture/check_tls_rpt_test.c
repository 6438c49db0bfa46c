/* TLS-RPT: missing where it is needed, several, broken; and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define URL     "https://mta-sts.good.test/.well-known/mta-sts.txt"
#define MX      "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n"
#define STS     "_mta-sts.good.test. TXT \"v=STSv1; id=1;\"\n"
#define AT      "_smtp._tls.good.test. TXT "
#define REPORTS AT "\"v=TLSRPTv1; rua=mailto:t@good.test\"\n"
#define POLICY(mode)                                                                               \
    .files = {                                                                                     \
        {.url = URL,                                                                               \
         .body = "version: STSv1\r\nmode: " mode "\r\nmx: mx.good.test\r\nmax_age: 2419200\r\n"}}
#define ENFORCED POLICY("enforce")
#define TLSA                                                                                       \
    "_25._tcp.mx.good.test. TLSA 3 1 1 "                                                           \
    "0000000000000000000000000000000000000000000000000000000000000000\n"

static const struct kit_row rows[] = {
    {.label = "all is well",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .world = {MX STS REPORTS, ENFORCED},
     .absent = true,
     .check = "tlsrpt.record",
     .status = CHECK_PASS},
    {.label = "MTA-STS without reports",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .evidence = "_smtp._tls.good.test: MTA-STS is used",
     .world = {MX STS, ENFORCED},
     .fix = AT "\"v=TLSRPTv1; rua=mailto:postmaster@good.test\""},
    {.label = "MTA-STS in mode none needs no reports",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .world = {MX STS, POLICY("none")},
     .absent = true},
    {.label = "DANE without reports",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .evidence = "DANE is used",
     .world = {"$SECURE\n" MX TLSA},
     .fix = AT "\"v=TLSRPTv1; rua=mailto:postmaster@good.test\""},
    {.label = "TLSA records that nobody looks at need no reports",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .world = {"$INSECURE\n" MX TLSA},
     .absent = true},
    {.label = "neither MTA-STS nor DANE",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .world = {MX},
     .absent = true,
     .check = "tlsrpt.record",
     .status = CHECK_PASS},
    {.label = "a domain without mail",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .world = {"good.test. MX 0 .\n" AT "\"v=TLSRPTv1\"\n"},
     .profile = PROFILE_SENDING,
     .absent = true,
     .check = "tlsrpt.record",
     .status = CHECK_SKIPPED},
    {.label = "a question that fails",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "_smtp._tls.good.test TXT: TIMEOUT",
     .world = {MX STS "_smtp._tls.good.test. TIMEOUT TXT\n", ENFORCED},
     .after = {MX STS REPORTS, ENFORCED},
     .check = "tlsrpt.record",
     .status = CHECK_UNDECIDED},
    {.label = "a failure is no missing record",
     .id = FINDING_POSTURE_TLSRPT_MISSING,
     .world = {MX STS "_smtp._tls.good.test. TIMEOUT TXT\n", ENFORCED},
     .absent = true},
    {.label = "two records: one that can be used stays",
     .id = FINDING_POSTURE_TLSRPT_SEVERAL,
     .evidence = "_smtp._tls.good.test",
     .world = {MX STS REPORTS AT "\"v=TLSRPTv1; rua=ftp://a.test\"\n", ENFORCED},
     .fix = "remove " AT "\"v=TLSRPTv1; rua=ftp://a.test\""},
    {.label = "two records that cannot be used",
     .id = FINDING_POSTURE_TLSRPT_SEVERAL,
     .world = {MX AT "\"v=TLSRPTv1; rua=x\"\n" AT "\"v=TLSRPTv1; rua=y\"\n"},
     .fix = AT "\"v=TLSRPTv1; rua=mailto:postmaster@good.test\""},
    {.label = "a record beside other text",
     .id = FINDING_POSTURE_TLSRPT_SEVERAL,
     .world = {MX REPORTS AT "\"v=spf1 -all\"\n"},
     .absent = true},
    {.label = "mailto: forgotten",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .evidence = "neither mailto: nor https:: \"v=TLSRPTv1; rua=t@good.test\"",
     .world = {MX AT "\"v=TLSRPTv1; rua=t@good.test\"\n"},
     .fix = "remove " AT "\"v=TLSRPTv1; rua=t@good.test\"\n" AT
            "\"v=TLSRPTv1; rua=mailto:t@good.test\""},
    {.label = "one place of two can be used",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .world = {MX AT "\"v=TLSRPTv1; rua=http://a.test/, https://b.test/c\"\n"},
     .fix = "TXT \"v=TLSRPTv1; rua=https://b.test/c\""},
    {.label = "no rua",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .evidence = "rua= is missing",
     .world = {MX AT "\"v=TLSRPTv1;\"\n"},
     .fix = AT "\"v=TLSRPTv1; rua=mailto:postmaster@good.test\""},
    {.label = "a version in small letters",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .evidence = "it does not begin with v=TLSRPTv1",
     .world = {MX AT "\"v=tlsrptv1; rua=mailto:t@good.test\"\n"},
     .fix = AT "\"v=TLSRPTv1; rua=mailto:t@good.test\""},
    {.label = "a broken record behind an alias",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .world = {MX "_smtp._tls.good.test. CNAME r.other.test.\nr.other.test. TXT \"v=TLSRPTv1;\"\n"},
     .fix = "remove _smtp._tls.good.test. CNAME\n" AT},
    {.label = "reports by mail and https",
     .id = FINDING_POSTURE_TLSRPT_RECORD,
     .world = {MX AT "\"v=TLSRPTv1;rua=mailto:t@good.test , https://r.test/x;\"\n"},
     .absent = true,
     .check = "tlsrpt.record",
     .status = CHECK_PASS},
};

int main(void)
{
    kit_rows(rows, ARRAY_LEN(rows), NULL);
    return tap_done();
}
