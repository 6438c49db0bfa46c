/* BIMI: record, DMARC behind it, logo, mark certificate; what is found, and that each remedy clears
 * it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define LOGO_URL "https://brand.good.test/logo.svg"
#define MARK_URL "https://brand.good.test/mark.pem"
#define MX       "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n"
#define DMARC    "_dmarc.good.test. TXT \"v=DMARC1; p=reject\"\n"
#define AT       "default._bimi.good.test. TXT "
#define RECORD   AT "\"v=BIMI1; l=" LOGO_URL "; a=" MARK_URL ";\"\n"
#define ZONE     MX DMARC RECORD

#define SVG(inside)                                                                                \
    "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.2\" baseProfile=\"tiny-ps\" "           \
    "viewBox=\"0 0 64 64\"><title>Good</title>" inside "</svg>"
#define TYPE .type = "image/svg+xml"
#define LOGO                                                                                       \
    {                                                                                              \
        .url = LOGO_URL, .body = SVG("<rect width=\"9\" height=\"9\"/>"), TYPE                     \
    }
#define MARK(name)                                                                                 \
    {                                                                                              \
        .url = MARK_URL, .source = "tests/keys/tls/" name ".pem"                                   \
    }
#define FILES(...) .files = {__VA_ARGS__}
#define GOOD_FILES FILES(LOGO, MARK("mark"))
#define ALL_IS_WELL                                                                                \
    {                                                                                              \
        ZONE, GOOD_FILES                                                                           \
    }

static const struct kit_row record_rows[] = {
    {.label = "all is well",
     .id = FINDING_POSTURE_BIMI_RECORD,
     .world = ALL_IS_WELL,
     .absent = true,
     .check = "bimi.record",
     .status = CHECK_PASS},
    {.label = "no record is right too",
     .id = FINDING_POSTURE_BIMI_RECORD,
     .world = {MX DMARC},
     .absent = true,
     .check = "bimi.record",
     .status = CHECK_SKIPPED},
    {.label = "other text by wildcard",
     .id = FINDING_POSTURE_BIMI_RECORD,
     .world = {MX DMARC "*.good.test. TXT \"v=spf1 -all\"\n"},
     .absent = true,
     .check = "bimi.record",
     .status = CHECK_SKIPPED},
    {.label = "a question that fails",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "default._bimi.good.test TXT: SERVFAIL",
     .world = {MX DMARC "default._bimi.good.test. SERVFAIL TXT\n"},
     .after = ALL_IS_WELL,
     .check = "bimi.record",
     .status = CHECK_UNDECIDED},
    {.label = "the domain takes no part",
     .id = FINDING_POSTURE_BIMI_DECLINED,
     .evidence = "default._bimi.good.test",
     .world = {MX DMARC AT "\"v=BIMI1; l=; a=;\"\n"},
     .after = ALL_IS_WELL,
     .check = "bimi.record",
     .status = CHECK_PASS},
    {.label = "a domain that takes part",
     .id = FINDING_POSTURE_BIMI_DECLINED,
     .world = ALL_IS_WELL,
     .absent = true},
    {.label = "two records",
     .id = FINDING_POSTURE_BIMI_SEVERAL,
     .evidence = "default._bimi.good.test",
     .world = {ZONE AT "\"v=BIMI1; l=ftp://a.test\"\n", GOOD_FILES},
     .fix = "remove " AT "\"v=BIMI1; l=ftp://a.test\""},
    {.label = "two records that cannot be used",
     .id = FINDING_POSTURE_BIMI_SEVERAL,
     .world = {MX DMARC AT "\"v=BIMI1; x\"\n" AT "\"v=BIMI1; y\"\n"},
     .after = ALL_IS_WELL},
    {.label = "a record beside other text",
     .id = FINDING_POSTURE_BIMI_SEVERAL,
     .world = {ZONE AT "\"hello\"\n", GOOD_FILES},
     .absent = true},
    {.label = "http instead of https",
     .id = FINDING_POSTURE_BIMI_RECORD,
     .evidence = "l= is not an https: URI: \"v=BIMI1; l=http://",
     .world = {MX DMARC AT "\"v=BIMI1; l=http://brand.good.test/logo.svg; a=" MARK_URL "\"\n",
               GOOD_FILES},
     .fix = AT "\"v=BIMI1; l=" LOGO_URL "; a=" MARK_URL ";\""},
    {.label = "a version in small letters",
     .id = FINDING_POSTURE_BIMI_RECORD,
     .evidence = "it does not begin with v=BIMI1",
     .world = {MX DMARC AT "\"v=bimi1; l=" LOGO_URL "\"\n", GOOD_FILES},
     .fix = "remove " AT "\"v=bimi1; l=" LOGO_URL "\"\n" AT "\"v=BIMI1; l=" LOGO_URL ";\""},
    {.label = "no logo",
     .id = FINDING_POSTURE_BIMI_RECORD,
     .evidence = "l= is missing",
     .world = {MX DMARC AT "\"v=BIMI1; a=" MARK_URL "\"\n", GOOD_FILES},
     .after = ALL_IS_WELL},
};

static const struct kit_row logo_rows[] = {
    {.label = "no such logo",
     .id = FINDING_POSTURE_BIMI_LOGO,
     .evidence = LOGO_URL ": status: 404",
     .world = {ZONE, FILES(MARK("mark"))},
     .after = ALL_IS_WELL,
     .check = "bimi.logo",
     .status = CHECK_WARN},
    {.label = "a time-out is undecided",
     .id = FINDING_POSTURE_BIMI_LOGO,
     .evidence = "timeout",
     .severity = SEV_LOW,
     .world = {ZONE, FILES({.url = LOGO_URL, .fault = "timeout", .temporary = true})},
     .after = ALL_IS_WELL,
     .check = "bimi.logo",
     .status = CHECK_UNDECIDED},
    {.label = "a logo that is there",
     .id = FINDING_POSTURE_BIMI_LOGO,
     .world = ALL_IS_WELL,
     .absent = true,
     .check = "bimi.logo",
     .status = CHECK_PASS},
    {.label = "text/xml",
     .id = FINDING_POSTURE_BIMI_CONTENT_TYPE,
     .evidence = "\"text/xml\"",
     .world = {ZONE, FILES({.url = LOGO_URL, .body = SVG(""), .type = "text/xml"}, MARK("mark"))},
     .after = ALL_IS_WELL},
    {.label = "a type with parameters",
     .id = FINDING_POSTURE_BIMI_CONTENT_TYPE,
     .world = {ZONE,
               FILES({.url = LOGO_URL, .body = SVG(""), .type = "Image/SVG+XML; charset=utf-8"})},
     .absent = true},
    {.label = "a script",
     .id = FINDING_POSTURE_BIMI_SVG,
     .evidence = "<script>",
     .world = {ZONE, FILES({.url = LOGO_URL, .body = SVG("<script/>"), TYPE}, MARK("mark"))},
     .after = ALL_IS_WELL},
    {.label = "many faults are one finding",
     .id = FINDING_POSTURE_BIMI_SVG,
     .evidence = "; and more",
     .world = {ZONE, FILES({.url = LOGO_URL,
                            .body = SVG("<script/><a/><image/><style/><animate/><foreignObject/>"),
                            TYPE},
                           MARK("mark"))},
     .after = ALL_IS_WELL},
    {.label = "no SVG at all",
     .id = FINDING_POSTURE_BIMI_SVG,
     .world = {ZONE, FILES({.url = LOGO_URL, .body = "GIF89a", TYPE}, MARK("mark"))},
     .after = ALL_IS_WELL},
    {.label = "a logo in the profile",
     .id = FINDING_POSTURE_BIMI_SVG,
     .world = ALL_IS_WELL,
     .absent = true},
    {.label = "not square",
     .id = FINDING_POSTURE_BIMI_SVG_ADVICE,
     .world = {ZONE, FILES({.url = LOGO_URL,
                            .body = "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.2\" "
                                    "baseProfile=\"tiny-ps\" viewBox=\"0 0 64 32\">"
                                    "<title>Good</title></svg>",
                            TYPE},
                           MARK("mark"))},
     .after = ALL_IS_WELL},
    {.label = "as the profile advises",
     .id = FINDING_POSTURE_BIMI_SVG_ADVICE,
     .world = ALL_IS_WELL,
     .absent = true},
};

static const struct kit_row certificate_rows[] = {
    {.label = "no certificate",
     .id = FINDING_POSTURE_BIMI_NO_CERTIFICATE,
     .world = {MX DMARC AT "\"v=BIMI1; l=" LOGO_URL "\"\n", GOOD_FILES},
     .after = ALL_IS_WELL,
     .check = "bimi.certificate",
     .status = CHECK_PASS},
    {.label = "a certificate",
     .id = FINDING_POSTURE_BIMI_NO_CERTIFICATE,
     .world = ALL_IS_WELL,
     .absent = true,
     .check = "bimi.certificate",
     .status = CHECK_PASS},
    {.label = "no such certificate",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .evidence = MARK_URL ": status: 404",
     .world = {ZONE, FILES(LOGO)},
     .after = ALL_IS_WELL},
    {.label = "a certificate that did not come in time",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .severity = SEV_LOW,
     .world = {ZONE, FILES(LOGO, {.url = MARK_URL, .fault = "timeout", .temporary = true})},
     .after = ALL_IS_WELL,
     .check = "bimi.certificate",
     .status = CHECK_UNDECIDED},
    {.label = "no PEM",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .evidence = MARK_URL ": ",
     .world = {ZONE, FILES(LOGO, {.url = MARK_URL, .body = "<html>"})},
     .after = ALL_IS_WELL},
    {.label = "PEM that holds no certificate",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .evidence = MARK_URL ": ",
     .world = {ZONE, FILES(LOGO, {.url = MARK_URL,
                                  .body = "-----BEGIN CERTIFICATE-----\nMAA=\n"
                                          "-----END CERTIFICATE-----\n"})},
     .after = ALL_IS_WELL},
    {.label = "for other domains",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .evidence = "it is for other domains: CN=mx.good.test",
     .world = {ZONE, FILES(LOGO, MARK("good"))},
     .after = ALL_IS_WELL},
    {.label = "without names it is not told for whom it is",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .world = {ZONE, FILES(LOGO, MARK("cn-only"))},
     .absent = true},
    {.label = "for a selector of the domain",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .world = {ZONE, FILES(LOGO, MARK("mark-selector"))},
     .absent = true,
     .check = "bimi.certificate",
     .status = CHECK_PASS},
    {.label = "the CA stands first",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .evidence = "the first certificate of the file is a CA's",
     .world = {ZONE, FILES(LOGO, MARK("mark-ca"))},
     .after = ALL_IS_WELL},
    {.label = "not valid yet",
     .id = FINDING_POSTURE_BIMI_CERTIFICATE,
     .evidence = "it is not valid yet",
     .world = {ZONE, FILES(LOGO, MARK("future"))},
     .after = ALL_IS_WELL},
    {.label = "expired",
     .id = FINDING_POSTURE_BIMI_EXPIRES,
     .evidence = "15 days ago",
     .world = {ZONE, FILES(LOGO, MARK("mark-expired"))},
     .after = ALL_IS_WELL},
    {.label = "expires soon",
     .id = FINDING_POSTURE_BIMI_EXPIRES,
     .evidence = "in 9 days",
     .severity = SEV_LOW,
     .world = {ZONE, FILES(LOGO, MARK("mark-soon"))},
     .after = ALL_IS_WELL},
    {.label = "does not expire for long",
     .id = FINDING_POSTURE_BIMI_EXPIRES,
     .world = ALL_IS_WELL,
     .absent = true},
};

#define POLICY(text)                                                                               \
    {                                                                                              \
        MX RECORD "_dmarc.good.test. TXT \"v=DMARC1; " text "\"\n", GOOD_FILES                     \
    }

static const struct kit_row dmarc_rows[] = {
    {.label = "reject",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .world = ALL_IS_WELL,
     .absent = true,
     .check = "bimi.dmarc",
     .status = CHECK_PASS},
    {.label = "quarantine",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .world = POLICY("p=quarantine; sp=reject"),
     .absent = true},
    {.label = "no DMARC",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .evidence = "_dmarc.good.test: there is no record",
     .world = {MX RECORD, GOOD_FILES},
     .after = ALL_IS_WELL,
     .check = "bimi.dmarc",
     .status = CHECK_WARN},
    {.label = "none",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .evidence = "_dmarc.good.test: p=none",
     .world = POLICY("p=none"),
     .after = ALL_IS_WELL},
    {.label = "none for subdomains",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .evidence = "sp=none",
     .world = POLICY("p=reject; sp=none"),
     .after = ALL_IS_WELL},
    {.label = "tested only",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .evidence = "t=y",
     .world = POLICY("p=reject; t=y"),
     .after = ALL_IS_WELL},
    {.label = "the organizational domain above has none",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .evidence = "_dmarc.test: p=none",
     .world = {ZONE "_dmarc.test. TXT \"v=DMARC1; p=none; psd=n\"\n", GOOD_FILES},
     .after = {ZONE "_dmarc.test. TXT \"v=DMARC1; p=reject; psd=n\"\n", GOOD_FILES}},
    {.label = "the organizational domain above has reject",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .world = {ZONE "_dmarc.test. TXT \"v=DMARC1; p=reject; psd=n\"\n", GOOD_FILES},
     .absent = true,
     .check = "bimi.dmarc",
     .status = CHECK_PASS},
    {.label = "unknown DMARC is undecided",
     .id = FINDING_POSTURE_BIMI_DMARC,
     .world = {MX RECORD "_dmarc.good.test. TIMEOUT TXT\n", GOOD_FILES},
     .absent = true,
     .check = "bimi.dmarc",
     .status = CHECK_UNDECIDED},
};

static void test_not_fetched(void)
{
    static const struct kit_world world = ALL_IS_WELL;
    static struct kit k;
    tap_case("without https nothing is said about the files");
    kit_open(&k, &world, NULL);
    k.config.https = false;
    kit_run(&k);
    tap_int(check_status_of(kit_check(&k, "bimi.record")), CHECK_PASS);
    tap_int(check_status_of(kit_check(&k, "bimi.logo")), CHECK_SKIPPED);
    tap_int(check_status_of(kit_check(&k, "bimi.certificate")), CHECK_SKIPPED);
    tap_int(k.out->bimi_presence, BIMI_PRESENT);
    tap_str(k.out->bimi.location, STR(LOGO_URL));
    kit_close(&k);
}

int main(void)
{
    kit_rows(record_rows, ARRAY_LEN(record_rows), NULL);
    kit_rows(logo_rows, ARRAY_LEN(logo_rows), NULL);
    kit_rows(certificate_rows, ARRAY_LEN(certificate_rows), NULL);
    kit_rows(dmarc_rows, ARRAY_LEN(dmarc_rows), NULL);
    test_not_fetched();
    return tap_done();
}
