/* MTA-STS: record, policy file, hosts; what is found, and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define URL     "https://mta-sts.good.test/.well-known/mta-sts.txt"
#define GOOD    "tests/keys/tls/good.pem" /* for mx.good.test and mx2.good.test */
#define MX1     "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n"
#define MX2     "good.test. MX 20 mx2.good.test.\nmx2.good.test. A 192.0.2.2\n"
#define REPORTS "_smtp._tls.good.test. TXT \"v=TLSRPTv1; rua=mailto:t@good.test\"\n"
#define RECORD  "_mta-sts.good.test. TXT \"v=STSv1; id=20260101;\"\n"
#define ZONE    MX1 REPORTS RECORD

#define BODY(mode, mx, age) "version: STSv1\r\nmode: " mode "\r\n" mx "max_age: " age "\r\n"
#define FILE(text)          .files = {{.url = URL, .body = (text)}}
#define ENFORCE             BODY("enforce", "mx: mx.good.test\r\n", "2419200")
#define TESTING             BODY("testing", "mx: mx.good.test\r\n", "2419200")
#define FAULT(...)          .files = {{.url = URL, __VA_ARGS__}}

#define HOST1                                                                                      \
    {                                                                                              \
        .name = "mx.good.test", .chain = GOOD                                                      \
    }
#define HOST2                                                                                      \
    {                                                                                              \
        .name = "mx2.good.test", .chain = GOOD                                                     \
    }
#define HOST(...)  .hosts = {{.name = "mx.good.test", __VA_ARGS__}}
#define GOOD_HOSTS .hosts = {HOST1, HOST2}
#define BAD_HOST   HOST(.chain = GOOD, .pkix = X509_EXPIRED)
#define GOOD_DOMAIN                                                                                \
    {                                                                                              \
        ZONE, FILE(ENFORCE), GOOD_HOSTS                                                            \
    }

enum { KIT_DAY_S = 86400 };

static const struct kit_row record_rows[] = {
    {.label = "all is well",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = GOOD_DOMAIN,
     .absent = true,
     .check = "sts.tls",
     .status = CHECK_PASS},
    {.label = "no record",
     .id = FINDING_POSTURE_STS_MISSING,
     .evidence = "_mta-sts.good.test",
     .world = {MX1, .hosts = {HOST1}},
     .fix = "serve " URL ":\nversion: STSv1\nmode: testing\nmx: mx.good.test\nmax_age: 2419200\n"
            "_mta-sts.good.test. TXT \"v=STSv1; id=20270115080000;\"\n"
            "_smtp._tls.good.test. TXT \"v=TLSRPTv1; rua=mailto:postmaster@good.test\""},
    {.label = "no record, but reports",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = {MX1 REPORTS, .hosts = {HOST1}},
     .fix = "max_age: 2419200\n_mta-sts.good.test. TXT \"v=STSv1; id=20270115080000;\""},
    {.label = "no record, and an MX host whose name no policy can hold",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = {"good.test. MX 10 mx_1.good.test.\nmx_1.good.test. A 192.0.2.1\n"},
     .after = GOOD_DOMAIN},
    {.label = "no record, and no mail either",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = {"good.test. MX 0 .\n"},
     .profile = PROFILE_SENDING,
     .absent = true,
     .check = "sts.record",
     .status = CHECK_SKIPPED},
    {.label = "no record of a parked domain",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = {MX1},
     .profile = PROFILE_PARKED,
     .absent = true},
    {.label = "other text at the name is no record",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = {MX1 "*.good.test. TXT \"v=spf1 -all\"\n", .hosts = {HOST1}},
     .fix = "_mta-sts.good.test. TXT \"v=STSv1;"},
    {.label = "a question that fails",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "_mta-sts.good.test TXT: SERVFAIL",
     .world = {MX1 "_mta-sts.good.test. SERVFAIL TXT\n"},
     .after = GOOD_DOMAIN,
     .check = "sts.record",
     .status = CHECK_UNDECIDED},
    {.label = "a failure is no missing record",
     .id = FINDING_POSTURE_STS_MISSING,
     .world = {MX1 "_mta-sts.good.test. TIMEOUT TXT\n"},
     .absent = true},
    {.label = "two records: the one with the greater id stays",
     .id = FINDING_POSTURE_STS_SEVERAL,
     .world = {ZONE "_mta-sts.good.test. TXT \"v=STSv1; id=20250101;\"\n", FILE(ENFORCE),
               GOOD_HOSTS},
     .fix = "remove _mta-sts.good.test. TXT \"v=STSv1; id=20250101;\""},
    {.label = "two records behind an alias",
     .id = FINDING_POSTURE_STS_SEVERAL,
     .world = {MX1 REPORTS "_mta-sts.good.test. CNAME sts.other.test.\n"
                           "sts.other.test. TXT \"v=STSv1; id=1;\"\n"
                           "sts.other.test. TXT \"v=STSv1; id=2;\"\n",
               FILE(ENFORCE), GOOD_HOSTS},
     .fix = "remove _mta-sts.good.test. CNAME\n_mta-sts.good.test. TXT \"v=STSv1; id=2;\""},
    {.label = "two broken records",
     .id = FINDING_POSTURE_STS_SEVERAL,
     .world = {MX1 REPORTS "_mta-sts.good.test. TXT \"v=STSv1; id=a-b;\"\n"
                           "_mta-sts.good.test. TXT \"v=STSv1; x\"\n",
               FILE(ENFORCE), GOOD_HOSTS},
     .fix = "_mta-sts.good.test. TXT \"v=STSv1; id=20270115080000;\""},
    {.label = "a record beside other text",
     .id = FINDING_POSTURE_STS_SEVERAL,
     .world = {ZONE "_mta-sts.good.test. TXT \"hello\"\n", FILE(ENFORCE), GOOD_HOSTS},
     .absent = true,
     .check = "sts.record",
     .status = CHECK_PASS},
    {.label = "an id with a hyphen",
     .id = FINDING_POSTURE_STS_RECORD,
     .evidence = "id= is not 1 to 32 letters and digits: \"v=STSv1; id=2026-01-01;\"",
     .world = {MX1 REPORTS "_mta-sts.good.test. TXT \"v=STSv1; id=2026-01-01;\"\n", FILE(ENFORCE),
               GOOD_HOSTS},
     .fix = "remove _mta-sts.good.test. TXT \"v=STSv1; id=2026-01-01;\"\n"
            "_mta-sts.good.test. TXT \"v=STSv1; id=20270115080000;\""},
    {.label = "a version in small letters",
     .id = FINDING_POSTURE_STS_RECORD,
     .evidence = "_mta-sts.good.test: it does not begin with v=STSv1",
     .world = {MX1 REPORTS "_mta-sts.good.test. TXT \"v=stsv1; id=1\"\n", FILE(ENFORCE),
               GOOD_HOSTS},
     .fix = "remove _mta-sts.good.test. TXT \"v=stsv1; id=1\""},
};

static const struct kit_row file_rows[] = {
    {.label = "no such file",
     .id = FINDING_POSTURE_STS_UNREACHABLE,
     .evidence = URL ": status: 404",
     .world = {ZONE, GOOD_HOSTS},
     .fix = "serve " URL ":\nversion: STSv1\nmode: testing",
     .check = "sts.policy",
     .status = CHECK_WARN},
    {.label = "a redirect",
     .id = FINDING_POSTURE_STS_UNREACHABLE,
     .evidence = "redirect",
     .world = {ZONE, FAULT(.fault = "redirect", .status = 301), GOOD_HOSTS},
     .fix = "mode: testing"},
    {.label = "a time-out is undecided",
     .id = FINDING_POSTURE_STS_UNREACHABLE,
     .evidence = "timeout",
     .severity = SEV_LOW,
     .world = {ZONE, FAULT(.fault = "timeout", .temporary = true), GOOD_HOSTS},
     .after = GOOD_DOMAIN,
     .check = "sts.policy",
     .status = CHECK_UNDECIDED},
    {.label = "the certificate of the policy host",
     .id = FINDING_POSTURE_STS_CERTIFICATE,
     .evidence = "certificate",
     .world = {ZONE, FAULT(.fault = "certificate", .certificate = true), GOOD_HOSTS},
     .after = GOOD_DOMAIN},
    {.label = "the certificate of the policy host expires in a fortnight",
     .id = FINDING_POSTURE_STS_EXPIRES,
     .evidence = "mta-sts.good.test: in 14 days",
     .severity = SEV_LOW,
     .world = {ZONE, FAULT(.body = ENFORCE, .cert_not_after_s = KIT_NOW_S + 14 * KIT_DAY_S),
               GOOD_HOSTS},
     .after = GOOD_DOMAIN},
    {.label = "the certificate of the policy host expires in three days",
     .id = FINDING_POSTURE_STS_EXPIRES,
     .severity = SEV_MEDIUM,
     .world = {ZONE, FAULT(.body = ENFORCE, .cert_not_after_s = KIT_NOW_S + 3 * KIT_DAY_S),
               GOOD_HOSTS},
     .after = GOOD_DOMAIN},
    {.label = "the certificate of the policy host is good for three weeks",
     .id = FINDING_POSTURE_STS_EXPIRES,
     .world = {ZONE, FAULT(.body = ENFORCE, .cert_not_after_s = KIT_NOW_S + 21 * KIT_DAY_S),
               GOOD_HOSTS},
     .absent = true},
    {.label = "text/html",
     .id = FINDING_POSTURE_STS_CONTENT_TYPE,
     .evidence = "\"text/html\"",
     .world = {ZONE, FAULT(.body = ENFORCE, .type = "text/html"), GOOD_HOSTS},
     .after = GOOD_DOMAIN},
    {.label = "text/plain with a charset",
     .id = FINDING_POSTURE_STS_CONTENT_TYPE,
     .world = {ZONE, FAULT(.body = ENFORCE, .type = "Text/Plain; charset=utf-8"), GOOD_HOSTS},
     .absent = true},
    {.label = "text/plainer",
     .id = FINDING_POSTURE_STS_CONTENT_TYPE,
     .world = {ZONE, FAULT(.body = ENFORCE, .type = "text/plainer"), GOOD_HOSTS},
     .after = GOOD_DOMAIN},
    {.label = "a mode in capitals",
     .id = FINDING_POSTURE_STS_POLICY,
     .evidence = "line 2: mode is none of",
     .world = {ZONE, FILE(BODY("ENFORCE", "mx: mx.good.test\r\n", "86400")), GOOD_HOSTS},
     .fix = "mode: enforce\nmx: mx.good.test\nmax_age: 2419200\n"
            "remove _mta-sts.good.test. TXT \"v=STSv1; id=20260101;\"\n"
            "_mta-sts.good.test. TXT \"v=STSv1; id=20270115080000;\""},
    {.label = "no mx line",
     .id = FINDING_POSTURE_STS_POLICY,
     .evidence = "mx is missing",
     .world = {ZONE, FILE(BODY("testing", "", "2419200")), GOOD_HOSTS},
     .fix = "mode: testing\nmx: mx.good.test"},
    {.label = "a page where the policy should be",
     .id = FINDING_POSTURE_STS_POLICY,
     .evidence = "line 1",
     .world = {ZONE, FILE("<html>\n"), GOOD_HOSTS},
     .fix = "mode: testing"},
    {.label = "an empty file",
     .id = FINDING_POSTURE_STS_POLICY,
     .evidence = "version is missing",
     .world = {ZONE, FILE(""), GOOD_HOSTS},
     .fix = "mode: testing"},
    {.label = "lines that end in LF",
     .id = FINDING_POSTURE_STS_LF,
     .world = {ZONE, FILE("version: STSv1\nmode: enforce\nmx: mx.good.test\nmax_age: 2419200\n"),
               GOOD_HOSTS},
     .fix = "mode: enforce\nmx: mx.good.test",
     .check = "sts.policy",
     .status = CHECK_PASS},
    {.label = "empty lines",
     .id = FINDING_POSTURE_STS_BLANK_LINES,
     .world = {ZONE, FILE(ENFORCE "\r\n"), GOOD_HOSTS},
     .fix = "mode: enforce"},
    {.label = "lines that end in CRLF",
     .id = FINDING_POSTURE_STS_LF,
     .world = GOOD_DOMAIN,
     .absent = true},
    {.label = "no empty lines",
     .id = FINDING_POSTURE_STS_BLANK_LINES,
     .world = GOOD_DOMAIN,
     .absent = true},
};

static const struct kit_row mode_rows[] = {
    {.label = "mode none",
     .id = FINDING_POSTURE_STS_NONE,
     .world = {MX1 RECORD, FILE(BODY("none", "", "60")), GOOD_HOSTS},
     .fix = "mode: testing\nmx: mx.good.test\nmax_age: 2419200"},
    {.label = "mode testing, and all hosts keep to it",
     .id = FINDING_POSTURE_STS_TESTING,
     .evidence = "1 of 1 hosts keep to it",
     .world = {ZONE, FILE(TESTING), GOOD_HOSTS},
     .fix = "mode: enforce"},
    {.label = "mode testing, and a host does not keep to it",
     .id = FINDING_POSTURE_STS_TESTING,
     .evidence = "0 of 1 hosts keep to it",
     .world = {ZONE, FILE(TESTING), BAD_HOST},
     .after = GOOD_DOMAIN},
    {.label = "mode testing, and hosts were not asked",
     .id = FINDING_POSTURE_STS_TESTING,
     .world = {ZONE, FILE(TESTING)},
     .after = GOOD_DOMAIN,
     .check = "sts.tls",
     .status = CHECK_SKIPPED},
    {.label = "mode enforce is not testing",
     .id = FINDING_POSTURE_STS_TESTING,
     .world = GOOD_DOMAIN,
     .absent = true},
    {.label = "remembered for less than a day",
     .id = FINDING_POSTURE_STS_MAX_AGE,
     .evidence = "max_age: 86399",
     .severity = SEV_MEDIUM,
     .world = {ZONE, FILE(BODY("enforce", "mx: mx.good.test\r\n", "86399")), GOOD_HOSTS},
     .fix = "max_age: 2419200"},
    {.label = "remembered for a day",
     .id = FINDING_POSTURE_STS_MAX_AGE,
     .severity = SEV_LOW,
     .world = {ZONE, FILE(BODY("testing", "mx: mx.good.test\r\n", "86400")), GOOD_HOSTS},
     .fix = "max_age: 2419200"},
    {.label = "remembered for a week",
     .id = FINDING_POSTURE_STS_MAX_AGE,
     .world = {ZONE, FILE(BODY("enforce", "mx: mx.good.test\r\n", "604800")), GOOD_HOSTS},
     .absent = true},
    {.label = "no host keeps to the policy",
     .id = FINDING_POSTURE_STS_REFUSES_ALL,
     .world = {ZONE, FILE(ENFORCE), BAD_HOST},
     .fix = "mode: testing",
     .check = "sts.mode",
     .status = CHECK_FAIL},
    {.label = "no host is in the policy",
     .id = FINDING_POSTURE_STS_REFUSES_ALL,
     .world = {ZONE MX2, FILE(BODY("enforce", "mx: *.other.test\r\n", "2419200")), GOOD_HOSTS},
     .fix = "mode: testing"},
    {.label = "one host of two keeps to the policy",
     .id = FINDING_POSTURE_STS_REFUSES_ALL,
     .world = {ZONE MX2, FILE(ENFORCE), GOOD_HOSTS},
     .absent = true},
    {.label = "a host that does not answer may keep to the policy",
     .id = FINDING_POSTURE_STS_REFUSES_ALL,
     .world = {ZONE, FILE(ENFORCE), HOST(.fault = "timeout", .temporary = true)},
     .absent = true,
     .check = "sts.tls",
     .status = CHECK_UNDECIDED},
    {.label = "what is not enforced refuses nothing",
     .id = FINDING_POSTURE_STS_REFUSES_ALL,
     .world = {ZONE, FILE(TESTING), BAD_HOST},
     .absent = true},
};

static const struct kit_row host_rows[] = {
    {.label = "a host that the policy does not name",
     .id = FINDING_POSTURE_STS_MX,
     .evidence = "mx2.good.test",
     .world = {ZONE MX2, FILE(ENFORCE), GOOD_HOSTS},
     .fix = "mode: enforce\nmx: mx.good.test\nmx: mx2.good.test\nmax_age: 2419200",
     .check = "sts.mx",
     .status = CHECK_FAIL},
    {.label = "a host that the policy does not name, in mode testing",
     .id = FINDING_POSTURE_STS_MX,
     .severity = SEV_MEDIUM,
     .world = {ZONE MX2, FILE(TESTING), GOOD_HOSTS},
     .fix = "mx: mx2.good.test"},
    {.label = "a host below a wildcard of two labels",
     .id = FINDING_POSTURE_STS_MX,
     .evidence = "a.mx.good.test",
     .world = {"good.test. MX 10 a.mx.good.test.\na.mx.good.test. A 192.0.2.1\n" REPORTS RECORD,
               FILE(BODY("enforce", "mx: *.good.test\r\n", "2419200"))},
     .fix = "mx: *.good.test\nmx: a.mx.good.test"},
    {.label = "a host by wildcard",
     .id = FINDING_POSTURE_STS_MX,
     .world = {ZONE MX2, FILE(BODY("enforce", "mx: *.Good.test\r\n", "2419200")), GOOD_HOSTS},
     .absent = true,
     .check = "sts.mx",
     .status = CHECK_PASS},
    {.label = "unknown MX records are undecided",
     .id = FINDING_POSTURE_STS_MX_UNUSED,
     .world = {"good.test. SERVFAIL MX\n" REPORTS RECORD, FILE(ENFORCE)},
     .absent = true,
     .check = "sts.mx",
     .status = CHECK_UNDECIDED},
    {.label = "a line for a host that is gone",
     .id = FINDING_POSTURE_STS_MX_UNUSED,
     .evidence = "old.good.test",
     .world = {ZONE,
               FILE(BODY("enforce",
                         "mx: mx.good.test\r\nmx: old.good.test\r\nmx: OLD.good.test\r\n",
                         "2419200")),
               GOOD_HOSTS},
     .fix = "mode: enforce\nmx: mx.good.test\nmax_age: 2419200"},
    {.label = "the only line is for a host that is gone",
     .id = FINDING_POSTURE_STS_MX_UNUSED,
     .world = {ZONE, FILE(BODY("testing", "mx: old.good.test\r\n", "2419200")), GOOD_HOSTS},
     .after = GOOD_DOMAIN},
    {.label = "an MX host that is not trusted",
     .id = FINDING_POSTURE_STS_TLS,
     .evidence = "mx.good.test: the certificate is not trusted (expired)",
     .world = {ZONE, FILE(ENFORCE), BAD_HOST},
     .after = GOOD_DOMAIN},
    {.label = "an MX host that is not trusted, in mode testing",
     .id = FINDING_POSTURE_STS_TLS,
     .severity = SEV_MEDIUM,
     .world = {ZONE, FILE(TESTING), BAD_HOST},
     .after = GOOD_DOMAIN},
    {.label = "an MX host without STARTTLS",
     .id = FINDING_POSTURE_STS_TLS,
     .evidence = "demands TLS, and there is none",
     .world = {ZONE, FILE(ENFORCE), HOST(.plain = true)},
     .after = GOOD_DOMAIN,
     .check = "sts.tls",
     .status = CHECK_FAIL},
    {.label = "an MX host whose handshake fails",
     .id = FINDING_POSTURE_STS_TLS,
     .world = {ZONE, FILE(ENFORCE), HOST(.no_handshake = true)},
     .after = GOOD_DOMAIN},
    {.label = "an MX host with a certificate for other names",
     .id = FINDING_POSTURE_STS_TLS,
     .evidence = "the certificate is not for the host",
     .world = {ZONE, FILE(ENFORCE), HOST(.chain = "tests/keys/tls/wildcard.pem")},
     .after = GOOD_DOMAIN},
    {.label = "a name in the CN alone does not count",
     .id = FINDING_POSTURE_STS_TLS,
     .evidence = "in its CN only",
     .world = {"good.test. MX 10 mx.cn.test.\nmx.cn.test. A 192.0.2.1\n" REPORTS RECORD,
               FILE(BODY("enforce", "mx: mx.cn.test\r\n", "2419200")),
               .hosts = {{.name = "mx.cn.test", .chain = "tests/keys/tls/cn-only.pem"}}},
     .after = GOOD_DOMAIN},
    {.label = "the certificate of an MX host expires in a fortnight",
     .id = FINDING_POSTURE_STS_EXPIRES,
     .evidence = "mx.good.test: in 14 days",
     .severity = SEV_MEDIUM,
     .world = {ZONE, FILE(ENFORCE),
               HOST(.chain = GOOD, .cert_not_after_s = KIT_NOW_S + 14 * KIT_DAY_S)},
     .after = GOOD_DOMAIN},
    {.label = "the certificate of an MX host expires in three days",
     .id = FINDING_POSTURE_STS_EXPIRES,
     .severity = SEV_HIGH,
     .world = {ZONE, FILE(ENFORCE),
               HOST(.chain = GOOD, .cert_not_after_s = KIT_NOW_S + 3 * KIT_DAY_S)},
     .after = GOOD_DOMAIN},
};

static void test_not_fetched(void)
{
    static const struct kit_world world = GOOD_DOMAIN;
    static struct kit k;
    tap_case("without https nothing is said about the policy");
    kit_open(&k, &world, NULL);
    k.config.https = false;
    kit_run(&k);
    tap_int(check_status_of(kit_check(&k, "sts.record")), CHECK_PASS);
    tap_int(check_status_of(kit_check(&k, "sts.policy")), CHECK_SKIPPED);
    tap_ok(kit_check(&k, "sts.mode") == NULL);
    tap_ok(!k.out->sts_ready && !k.out->has_sts_policy);
    kit_close(&k);
}

static void test_facts(void)
{
    static const struct kit_world world = GOOD_DOMAIN;
    static struct kit k;
    tap_case("what is known of the policy");
    kit_open(&k, &world, NULL);
    kit_run(&k);
    tap_ok(k.out->sts_ready && k.out->has_sts_policy);
    tap_int(k.out->sts_presence, MTA_STS_PRESENT);
    tap_str(k.out->sts_record.id, STR("20260101"));
    tap_int(k.out->sts.mode, MTA_STS_ENFORCE);
    tap_int(k.out->sts.max_age_s, 2419200);
    tap_str(k.out->sts.mx[0], STR("mx.good.test"));
    kit_close(&k);
}

int main(void)
{
    kit_rows(record_rows, ARRAY_LEN(record_rows), NULL);
    kit_rows(file_rows, ARRAY_LEN(file_rows), NULL);
    kit_rows(mode_rows, ARRAY_LEN(mode_rows), NULL);
    kit_rows(host_rows, ARRAY_LEN(host_rows), NULL);
    test_not_fetched();
    test_facts();
    return tap_done();
}
