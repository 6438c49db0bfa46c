/* DANE and the certificates of MX hosts: what is found, that each remedy clears it, and what a
 * sender would do. */
#include <stdio.h>

#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define GOOD    "tests/keys/tls/good.pem" /* for mx.good.test and mx2.good.test */
#define CHAIN   "tests/keys/tls/good-chain.pem"
#define EXPIRED "tests/keys/tls/expired.pem"

/* SHA-256 and SHA-512 of the keys and of the certificate in these. */
#define KEY      "0a8c678ea04256e9dbea491fb25ef18cca8c7846fe05044cb93efa13d7bc4e3f"
#define CA_KEY   "7f252e0df91e7d4673d40c90cfdb54675b802fa0805dcf5681b649d489128c6a"
#define OLD_KEY  "86253a5e76e3eecc6c7cc397195bd1a136944a59aca9261364f378c8ba99658c"
#define CERT     "d248f51f47902fc5cd6bb8d4ee744613d99f070b106d5ee6dc3d665478f793a3"
#define NEXT_KEY "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_512                                                                                    \
    "4bd74cc4aca0f87234009005d44f23d7117a7c7639b6e1b0b2e098d6f7f2d1e5"                             \
    "8532f22b5259b00a9d2557b246ba8b0ace1482887c456af68bb253fcd28d822f"

#define ADDRESS       "mx.good.test. A 192.0.2.1\n"
#define MX            "good.test. MX 10 mx.good.test.\n"
#define OTHER_MX      "good.test. MX 10 mx.other.test.\n"
#define OTHERS        "$SECURE\n" OTHER_MX "mx.other.test. A 192.0.2.1\n" REPORTS
#define OTHER_EE(key) "_25._tcp.mx.other.test. TLSA 3 1 1 " key "\n"
#define OTHER_HOST    .hosts = {{.name = "mx.other.test", .chain = CHAIN}}
#define REPORTS       "_smtp._tls.good.test. TXT \"v=TLSRPTv1; rua=mailto:t@good.test\"\n"
#define UNSIGNED      MX ADDRESS REPORTS
#define ZONE          "$SECURE\n" UNSIGNED
#define AT            "_25._tcp.mx.good.test. TLSA "
#define EE(key)       AT "3 1 1 " key "\n"
#define TA(key)       AT "2 1 1 " key "\n"
#define BOTH          EE(KEY) EE(NEXT_KEY)

#define HOST(...) .hosts = {{.name = "mx.good.test", __VA_ARGS__}}
#define GOOD_HOST HOST(.chain = CHAIN)
#define ALL_IS_WELL                                                                                \
    {                                                                                              \
        ZONE BOTH, GOOD_HOST                                                                       \
    }

enum { KIT_DAY_S = 86400 };

static const struct kit_row record_rows[] = {
    {.label = "all is well",
     .id = FINDING_POSTURE_DANE_MISSING,
     .world = ALL_IS_WELL,
     .absent = true,
     .check = "dane.tls",
     .status = CHECK_PASS},
    {.label = "signed, without TLSA records",
     .id = FINDING_POSTURE_DANE_MISSING,
     .evidence = "mx.good.test",
     .world = {"$SECURE\n" MX ADDRESS, GOOD_HOST},
     .fix = AT "3 1 1 " KEY "\n" AT "2 1 1 " CA_KEY "\n_smtp._tls.good.test. TXT "},
    {.label = "signed, without TLSA records, and the host was not asked",
     .id = FINDING_POSTURE_DANE_MISSING,
     .world = {ZONE},
     .after = ALL_IS_WELL,
     .check = "dane.tls",
     .status = CHECK_SKIPPED},
    {.label = "another's host without TLSA records",
     .id = FINDING_POSTURE_DANE_MISSING,
     .evidence = "mx.other.test",
     .world = {OTHERS, OTHER_HOST},
     .after = {OTHERS OTHER_EE(KEY) OTHER_EE(NEXT_KEY), OTHER_HOST}},
    {.label = "a host without TLS is not helped by TLSA records",
     .id = FINDING_POSTURE_DANE_MISSING,
     .world = {ZONE, HOST(.plain = true)},
     .absent = true},
    {.label = "a host that is not signed is not helped either",
     .id = FINDING_POSTURE_DANE_MISSING,
     .world = {"$INSECURE\n" UNSIGNED, GOOD_HOST},
     .absent = true,
     .check = "dane.records",
     .status = CHECK_PASS},
    {.label = "TLSA records of a domain that is not signed",
     .id = FINDING_POSTURE_DANE_INSECURE,
     .evidence = "mx.good.test: the MX records are not signed",
     .world = {"$INSECURE\n" UNSIGNED BOTH, GOOD_HOST},
     .after = ALL_IS_WELL},
    {.label = "TLSA records of a host that is not signed",
     .id = FINDING_POSTURE_DANE_INSECURE,
     .evidence = "the addresses of the host are not signed",
     .world = {"$SECURE\n" MX REPORTS BOTH "$INSECURE\n" ADDRESS, GOOD_HOST},
     .after = ALL_IS_WELL},
    {.label = "a resolver that does not validate",
     .id = FINDING_POSTURE_DANE_INSECURE,
     .world = {UNSIGNED BOTH, GOOD_HOST},
     .absent = true,
     .check = "dane.records",
     .status = CHECK_SKIPPED},
    {.label = "PKIX-EE",
     .id = FINDING_POSTURE_DANE_UNUSABLE,
     .evidence = "mx.good.test: PKIX-TA(0) and PKIX-EE(1) are not for SMTP: 1 1 1 " KEY,
     .world = {ZONE AT "1 1 1 " KEY "\n", GOOD_HOST},
     .fix = "remove " AT "1 1 1 " KEY "\n" AT "3 1 1 " KEY},
    {.label = "PKIX-EE beside a good record",
     .id = FINDING_POSTURE_DANE_UNUSABLE,
     .severity = SEV_LOW,
     .world = {ZONE BOTH AT "1 1 1 " KEY "\n", GOOD_HOST},
     .fix = "remove " AT "1 1 1 " KEY},
    {.label = "a digest cut short",
     .id = FINDING_POSTURE_DANE_UNUSABLE,
     .evidence = "the digest has not the length",
     .world = {ZONE AT "3 1 1 0a8c\n", GOOD_HOST},
     .fix = "remove " AT "3 1 1 0a8c\n" AT "3 1 1 " KEY},
    {.label = "a record of two octets",
     .id = FINDING_POSTURE_DANE_UNUSABLE,
     .evidence = "shorter than its three fields",
     .world = {ZONE AT "\\# 2 0301\n", GOOD_HOST},
     .after = ALL_IS_WELL},
    {.label = "an unusable record of a host that was not asked",
     .id = FINDING_POSTURE_DANE_UNUSABLE,
     .world = {ZONE AT "0 0 1 " KEY "\n"},
     .after = ALL_IS_WELL},
    {.label = "SHA-256 beside SHA-512 is no fault",
     .id = FINDING_POSTURE_DANE_UNUSABLE,
     .world = {ZONE BOTH AT "3 1 2 " KEY_512 "\n", GOOD_HOST},
     .absent = true},
    {.label = "the look-up fails",
     .id = FINDING_POSTURE_DANE_FAILED,
     .evidence = "mx.good.test: the look-up of _25._tcp.mx.good.test TLSA failed: SERVFAIL",
     .world = {ZONE "_25._tcp.mx.good.test. SERVFAIL TLSA \"not implemented\"\n", GOOD_HOST},
     .after = ALL_IS_WELL,
     .check = "dane.records",
     .status = CHECK_FAIL},
    {.label = "the look-up is bogus",
     .id = FINDING_POSTURE_DANE_FAILED,
     .world = {ZONE "_25._tcp.mx.good.test. BOGUS TLSA\n", GOOD_HOST},
     .after = ALL_IS_WELL,
     .check = "dane.records",
     .status = CHECK_FAIL},
    {.label = "a time-out may be ours",
     .id = FINDING_POSTURE_DANE_FAILED,
     .world = {ZONE "_25._tcp.mx.good.test. TIMEOUT TLSA\n", GOOD_HOST},
     .absent = true,
     .check = "dane.records",
     .status = CHECK_UNDECIDED},
    {.label = "an address look-up that fails is told with the host",
     .id = FINDING_POSTURE_DANE_FAILED,
     .world = {"$SECURE\n" MX "mx.good.test. SERVFAIL\n", GOOD_HOST},
     .absent = true,
     .check = "dane.records",
     .status = CHECK_UNDECIDED},
    {.label = "unknown MX records are undecided",
     .id = FINDING_POSTURE_DANE_MISSING,
     .world = {"$SECURE\ngood.test. BOGUS MX\n"},
     .absent = true,
     .check = "dane.records",
     .status = CHECK_UNDECIDED},
    {.label = "a domain without mail",
     .id = FINDING_POSTURE_DANE_MISSING,
     .world = {"$SECURE\ngood.test. MX 0 .\n"},
     .profile = PROFILE_SENDING,
     .absent = true,
     .check = "dane.records",
     .status = CHECK_SKIPPED},
    {.label = "the digest of the certificate",
     .id = FINDING_POSTURE_DANE_WHOLE_CERTIFICATE,
     .evidence = "mx.good.test: 3 0 1 " CERT,
     .world = {ZONE EE(NEXT_KEY) AT "3 0 1 " CERT "\n", GOOD_HOST},
     .fix = "remove " AT "3 0 1 " CERT "\n" AT "3 1 1 " KEY},
    {.label = "the digest of the certificate to come",
     .id = FINDING_POSTURE_DANE_WHOLE_CERTIFICATE,
     .world = {ZONE EE(KEY) AT "3 0 1 " NEXT_KEY "\n", GOOD_HOST},
     .after = ALL_IS_WELL},
    {.label = "the digest of the key",
     .id = FINDING_POSTURE_DANE_WHOLE_CERTIFICATE,
     .world = ALL_IS_WELL,
     .absent = true},
};

static const struct kit_row host_rows[] = {
    {.label = "the key was changed, the record was not",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .evidence = "mx.good.test: none of the 1 usable TLSA records matches",
     .world = {ZONE EE(OLD_KEY), GOOD_HOST},
     .fix = "remove " EE(OLD_KEY) AT "3 1 1 " KEY,
     .check = "dane.tls",
     .status = CHECK_FAIL},
    {.label = "neither key nor CA match",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {ZONE EE(OLD_KEY) TA(NEXT_KEY), GOOD_HOST},
     .fix = AT "3 1 1 " KEY},
    {.label = "a weaker record that matches does not count",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {ZONE EE(KEY) AT "3 1 2 " NEXT_KEY NEXT_KEY "\n", GOOD_HOST},
     .fix = "remove " AT "3 1 2 "},
    {.label = "the records are another's, by alias",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {ZONE "_25._tcp.mx.good.test. CNAME t.other.test.\n"
                    "t.other.test. TLSA 3 1 1 " OLD_KEY "\n",
               GOOD_HOST},
     .fix = "remove _25._tcp.mx.good.test. CNAME\n" AT "3 1 1 " KEY},
    {.label = "another's host",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {OTHERS OTHER_EE(OLD_KEY), OTHER_HOST},
     .after = {OTHERS OTHER_EE(KEY) OTHER_EE(NEXT_KEY), OTHER_HOST}},
    {.label = "DANE-TA looks at names",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .evidence = "the certificate is for other names",
     .world = {"$SECURE\ngood.test. MX 10 a.good.test.\na.good.test. A 192.0.2.1\n" REPORTS
               "_25._tcp.a.good.test. TLSA 2 1 1 " CA_KEY "\n",
               .hosts = {{.name = "a.good.test", .chain = CHAIN}}},
     .fix = "_25._tcp.a.good.test. TLSA 3 1 1 " KEY},
    {.label = "DANE-TA matches",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {ZONE TA(CA_KEY), GOOD_HOST},
     .absent = true,
     .check = "dane.tls",
     .status = CHECK_PASS},
    {.label = "an expired certificate is right for DANE-EE",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {ZONE EE(OLD_KEY) EE(KEY), HOST(.chain = EXPIRED, .pkix = X509_EXPIRED)},
     .absent = true,
     .check = "dane.tls",
     .status = CHECK_PASS},
    {.label = "records for the next key are right",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = ALL_IS_WELL,
     .absent = true},
    {.label = "no STARTTLS",
     .id = FINDING_POSTURE_DANE_NO_STARTTLS,
     .evidence = "mx.good.test: there are TLSA records, but the server offers no STARTTLS",
     .world = {ZONE BOTH, HOST(.plain = true)},
     .after = ALL_IS_WELL,
     .check = "dane.tls",
     .status = CHECK_FAIL},
    {.label = "no handshake",
     .id = FINDING_POSTURE_DANE_NO_STARTTLS,
     .evidence = "handshake",
     .world = {ZONE BOTH, HOST(.no_handshake = true)},
     .after = ALL_IS_WELL},
    {.label = "no answer is undecided",
     .id = FINDING_POSTURE_DANE_NO_STARTTLS,
     .world = {ZONE BOTH, HOST(.fault = "timeout", .temporary = true)},
     .absent = true,
     .check = "dane.tls",
     .status = CHECK_UNDECIDED},
    {.label = "hosts that are not asked",
     .id = FINDING_POSTURE_DANE_MISMATCH,
     .world = {ZONE EE(OLD_KEY)},
     .absent = true,
     .check = "dane.tls",
     .status = CHECK_SKIPPED},
    {.label = "a single record",
     .id = FINDING_POSTURE_DANE_ROLLOVER,
     .evidence = "mx.good.test",
     .world = {ZONE EE(KEY), GOOD_HOST},
     .fix = AT "2 1 1 " CA_KEY},
    {.label = "a single record, and no CA was sent",
     .id = FINDING_POSTURE_DANE_ROLLOVER,
     .world = {ZONE EE(KEY), HOST(.chain = GOOD)},
     .after = ALL_IS_WELL},
    {.label = "two digests of the same key are a single record",
     .id = FINDING_POSTURE_DANE_ROLLOVER,
     .world = {ZONE EE(KEY) AT "3 1 2 " KEY_512 "\n", GOOD_HOST},
     .fix = AT "2 1 1 " CA_KEY},
    {.label = "key and CA",
     .id = FINDING_POSTURE_DANE_ROLLOVER,
     .world = {ZONE EE(KEY) TA(CA_KEY), GOOD_HOST},
     .absent = true},
    {.label = "this key and the next",
     .id = FINDING_POSTURE_DANE_ROLLOVER,
     .world = ALL_IS_WELL,
     .absent = true},
};

static const struct kit_row certificate_rows[] = {
    {.label = "a good certificate",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .world = {UNSIGNED, GOOD_HOST},
     .absent = true,
     .check = "mx.certificate",
     .status = CHECK_PASS},
    {.label = "a certificate that is not trusted",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .evidence = "mx.good.test: unknown-ca",
     .world = {UNSIGNED, HOST(.chain = GOOD, .pkix = X509_UNKNOWN_CA)},
     .after = {UNSIGNED, GOOD_HOST},
     .check = "mx.certificate",
     .status = CHECK_WARN},
    {.label = "a certificate for other names",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .evidence = "mx.good.test: for other names",
     .world = {UNSIGNED, HOST(.chain = "tests/keys/tls/wildcard.pem")},
     .after = {UNSIGNED, GOOD_HOST}},
    {.label = "DANE-EE is about the key alone",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .world = {ZONE BOTH, HOST(.chain = GOOD, .pkix = X509_EXPIRED)},
     .absent = true},
    {.label = "a mismatch with DANE is told there",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .world = {ZONE EE(OLD_KEY), HOST(.chain = GOOD, .pkix = X509_EXPIRED)},
     .absent = true},
    {.label = "a private CA is right for DANE-TA",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .world = {ZONE TA(CA_KEY), HOST(.chain = CHAIN, .pkix = X509_UNKNOWN_CA)},
     .absent = true},
    {.label = "no certificate was seen",
     .id = FINDING_POSTURE_MX_CERTIFICATE,
     .world = {UNSIGNED, HOST(.plain = true)},
     .absent = true,
     .check = "mx.certificate",
     .status = CHECK_SKIPPED},
    {.label = "expires in twenty days",
     .id = FINDING_POSTURE_MX_CERT_EXPIRES,
     .evidence = "mx.good.test: in 20 days",
     .world = {UNSIGNED, HOST(.chain = GOOD, .cert_not_after_s = KIT_NOW_S + 20 * KIT_DAY_S)},
     .after = {UNSIGNED, GOOD_HOST}},
    {.label = "expires in three weeks",
     .id = FINDING_POSTURE_MX_CERT_EXPIRES,
     .world = {UNSIGNED, HOST(.chain = GOOD, .cert_not_after_s = KIT_NOW_S + 21 * KIT_DAY_S)},
     .absent = true},
    {.label = "DANE-TA looks at dates: a fortnight",
     .id = FINDING_POSTURE_MX_CERT_EXPIRES,
     .severity = SEV_MEDIUM,
     .world = {ZONE TA(CA_KEY),
               HOST(.chain = CHAIN, .cert_not_after_s = KIT_NOW_S + 14 * KIT_DAY_S)},
     .after = ALL_IS_WELL},
    {.label = "DANE-TA looks at dates: three days",
     .id = FINDING_POSTURE_MX_CERT_EXPIRES,
     .severity = SEV_HIGH,
     .world = {ZONE TA(CA_KEY),
               HOST(.chain = CHAIN, .cert_not_after_s = KIT_NOW_S + 3 * KIT_DAY_S)},
     .after = ALL_IS_WELL},
    {.label = "DANE-EE does not look at dates",
     .id = FINDING_POSTURE_MX_CERT_EXPIRES,
     .world = {ZONE BOTH, HOST(.chain = GOOD, .cert_not_after_s = KIT_NOW_S + 3 * KIT_DAY_S)},
     .absent = true},
};

#define STS_URL "https://mta-sts.good.test/.well-known/mta-sts.txt"
#define STS     "_mta-sts.good.test. TXT \"v=STSv1; id=1;\"\n"
#define ENFORCED                                                                                   \
    .files = {{.url = STS_URL,                                                                     \
               .body = "version: STSv1\r\nmode: enforce\r\nmx: mx.good.test\r\n"                   \
                       "max_age: 2419200\r\n"}}
#define NOT_FETCHED .files = {{.url = STS_URL, .fault = "timeout", .temporary = true}}

static const struct {
    const char *label;
    struct kit_world world;
    const char *by; /* NULL: not judged */
    enum tls_delivery delivery;
} decision_rows[] = {
    {"a match", ALL_IS_WELL, "dane", TLS_DELIVERY_AUTHENTICATED},
    {"a mismatch", {ZONE EE(OLD_KEY), GOOD_HOST}, "dane", TLS_DELIVERY_REFUSED},
    {"a mismatch cannot be loosened by MTA-STS",
     {ZONE EE(OLD_KEY) STS, ENFORCED, GOOD_HOST},
     "dane",
     TLS_DELIVERY_REFUSED},
    {"a failed look-up",
     {ZONE "_25._tcp.mx.good.test. SERVFAIL TLSA\n", GOOD_HOST},
     "dane",
     TLS_DELIVERY_REFUSED},
    {"a look-up without answer",
     {ZONE "_25._tcp.mx.good.test. TIMEOUT TLSA\n", GOOD_HOST},
     NULL,
     TLS_DELIVERY_AUTHENTICATED},
    {"MTA-STS", {UNSIGNED STS, ENFORCED, GOOD_HOST}, "mta-sts", TLS_DELIVERY_AUTHENTICATED},
    {"MTA-STS, not kept",
     {UNSIGNED STS, ENFORCED, HOST(.plain = true)},
     "mta-sts",
     TLS_DELIVERY_REFUSED},
    {"a policy that is not known",
     {UNSIGNED STS, NOT_FETCHED, GOOD_HOST},
     NULL,
     TLS_DELIVERY_AUTHENTICATED},
    {"DANE, and a policy that is not known",
     {ZONE BOTH STS, NOT_FETCHED, GOOD_HOST},
     "dane",
     TLS_DELIVERY_AUTHENTICATED},
    {"neither", {UNSIGNED, GOOD_HOST}, "opportunistic", TLS_DELIVERY_ENCRYPTED},
    {"neither, without TLS", {UNSIGNED, HOST(.plain = true)}, "opportunistic", TLS_DELIVERY_PLAIN},
    {"a host without answer",
     {ZONE BOTH, HOST(.fault = "timeout", .temporary = true)},
     NULL,
     TLS_DELIVERY_AUTHENTICATED},
    {"TLSA records, and a resolver that does not validate",
     {UNSIGNED BOTH, GOOD_HOST},
     NULL,
     TLS_DELIVERY_AUTHENTICATED},
};

static void test_decisions(void)
{
    static struct kit k;
    for (size_t i = 0; i < ARRAY_LEN(decision_rows); i++) {
        tap_case("what a sender does: %s", decision_rows[i].label);
        kit_open(&k, &decision_rows[i].world, NULL);
        kit_run(&k);
        const struct tls_decision *d = &k.out->mx[0].decision;
        tap_cstr(d->by == NULL ? "" : d->by,
                 decision_rows[i].by == NULL ? "" : decision_rows[i].by);
        if (decision_rows[i].by != NULL)
            tap_cstr(tls_delivery_name(d->delivery), tls_delivery_name(decision_rows[i].delivery));
        kit_close(&k);
    }
}

static void test_port(void)
{
    static const struct kit_world world = {ZONE "_2525._tcp.mx.good.test. TLSA 3 1 1 " OLD_KEY "\n",
                                           GOOD_HOST};
    static struct kit k;
    tap_case("the port of the configuration");
    kit_open(&k, &world, NULL);
    k.config.smtp_port = 2525;
    kit_run(&k);
    tap_ok(kit_find(&k, FINDING_POSTURE_DANE_MISMATCH) != NULL);
    kit_close(&k);
}

static void test_many(void)
{
    enum { RECORDS = DANE_MAX_RECORDS + 1, LINE_MAX = 120 };
    static char zone[RECORDS * LINE_MAX];
    static struct kit k;
    size_t n = (size_t)snprintf(zone, sizeof zone, "%s", ZONE);
    for (unsigned i = 0; i < RECORDS; i++)
        n += (size_t)snprintf(zone + n, sizeof zone - n, AT "3 1 1 %064x\n", i);
    const struct kit_world world = {zone, GOOD_HOST};
    tap_case("more records than are looked at");
    kit_open(&k, &world, NULL);
    kit_run(&k);
    tap_ok(kit_find(&k, FINDING_POSTURE_LIMIT) != NULL);
    tap_ok(kit_find(&k, FINDING_POSTURE_DANE_FAILED) == NULL);
    tap_int(check_status_of(kit_check(&k, "dane.records")), CHECK_UNDECIDED);
    kit_close(&k);
}

int main(void)
{
    kit_rows(record_rows, ARRAY_LEN(record_rows), NULL);
    kit_rows(host_rows, ARRAY_LEN(host_rows), NULL);
    kit_rows(certificate_rows, ARRAY_LEN(certificate_rows), NULL);
    test_decisions();
    test_port();
    test_many();
    return tap_done();
}
