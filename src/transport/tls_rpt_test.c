/* TLS-RPT: records, row by row of the grammar of RFC 8460 3. */
#include "transport/tls_rpt.h"

#include "base/buf.h"
#include "dns/zone.h"
#include "tests/tap.h"

#define M      "mailto:r@a.test"
#define BAD_M  "a mailto: URI of rua= is not valid"
#define BAD_H  "an https: URI of rua= is not valid"
#define SCHEME "a URI of rua= is neither mailto: nor https:"

static const struct {
    const char *label;
    const char *records[3];
    enum tls_rpt_presence want;
    const char *shown; /* the places, or the problem */
} rows[] = {
    {"mail", {"v=TLSRPTv1; rua=" M}, TLS_RPT_PRESENT, M},
    {"no space, final delimiter", {"v=TLSRPTv1;rua=" M ";"}, TLS_RPT_PRESENT, M},
    {"https", {"v=TLSRPTv1; rua=https://a.test/r?x=1"}, TLS_RPT_PRESENT, "https://a.test/r?x=1"},
    {"two", {"v=TLSRPTv1; rua=" M " ,\thttps://a.test/"}, TLS_RPT_PRESENT, M " https://a.test/"},
    {"capitals", {"v=TLSRPTv1; rua=MAILTO:r@a.test"}, TLS_RPT_PRESENT, "MAILTO:r@a.test"},
    {"encoded",
     {"v=TLSRPTv1; rua=mailto:r%21%2c@a.test"},
     TLS_RPT_PRESENT,
     "mailto:r%21%2c@a.test"},
    {"extension", {"v=TLSRPTv1; x-1=y; rua=" M "; z=!"}, TLS_RPT_PRESENT, M},
    {"rua again",
     {"v=TLSRPTv1; rua=" M "; rua=mailto:s@a.test"},
     TLS_RPT_PRESENT,
     M " mailto:s@a.test"},
    {"others beside it", {"x", "v=TLSRPTv1; rua=" M, "v=spf1 -all"}, TLS_RPT_PRESENT, M},
    {"a bare version beside it", {"v=TLSRPTv1", "v=TLSRPTv1; rua=" M}, TLS_RPT_PRESENT, M},
    {"several",
     {"v=TLSRPTv1; rua=" M, "v=TLSRPTv1; rua=mailto:s@a.test"},
     TLS_RPT_SEVERAL,
     "there are several v=TLSRPTv1 records"},
    {"absent", {"hello"}, TLS_RPT_ABSENT, ""},
    {"another version", {"v=TLSRPTv2; rua=" M}, TLS_RPT_ABSENT, ""},
    {"longer version", {"v=TLSRPTv11; rua=" M}, TLS_RPT_ABSENT, ""},
    {"small letters", {"v=tlsrptv1; rua=" M}, TLS_RPT_ABSENT, ""},
    {"version not first", {"rua=" M "; v=TLSRPTv1"}, TLS_RPT_ABSENT, ""},
    {"bare version", {"v=TLSRPTv1"}, TLS_RPT_MALFORMED, "no \";\" follows v=TLSRPTv1"},
    {"no rua", {"v=TLSRPTv1; x=y"}, TLS_RPT_MALFORMED, "rua= is missing"},
    {"RUA", {"v=TLSRPTv1; RUA=x"}, TLS_RPT_MALFORMED, "rua= is missing"},
    {"empty rua", {"v=TLSRPTv1; rua="}, TLS_RPT_MALFORMED, "rua= has an empty element"},
    {"comma at the end",
     {"v=TLSRPTv1; rua=" M ","},
     TLS_RPT_MALFORMED,
     "rua= has an empty element"},
    {"http", {"v=TLSRPTv1; rua=http://a.test/"}, TLS_RPT_MALFORMED, SCHEME},
    {"one good, one ftp", {"v=TLSRPTv1; rua=" M ",ftp://a.test/"}, TLS_RPT_MALFORMED, SCHEME},
    {"an address without scheme", {"v=TLSRPTv1; rua=r@a.test"}, TLS_RPT_MALFORMED, SCHEME},
    {"no address", {"v=TLSRPTv1; rua=mailto:"}, TLS_RPT_MALFORMED, BAD_M},
    {"no domain", {"v=TLSRPTv1; rua=mailto:r@"}, TLS_RPT_MALFORMED, BAD_M},
    {"space in it", {"v=TLSRPTv1; rua=mailto:r @a.test"}, TLS_RPT_MALFORMED, BAD_M},
    {"no host", {"v=TLSRPTv1; rua=https:///x"}, TLS_RPT_MALFORMED, BAD_H},
    {"password", {"v=TLSRPTv1; rua=https://u:p@a.test/"}, TLS_RPT_MALFORMED, BAD_H},
    {"inner address", {"v=TLSRPTv1; rua=https://127.0.0.1/"}, TLS_RPT_MALFORMED, BAD_H},
    {"size limit",
     {"v=TLSRPTv1; rua=mailto:r@a.test!10m"},
     TLS_RPT_MALFORMED,
     "a URI of rua= has a bare \"!\""},
    {"empty field", {"v=TLSRPTv1;; rua=" M}, TLS_RPT_MALFORMED, "a field is empty"},
    {"no sign", {"v=TLSRPTv1; rua"}, TLS_RPT_MALFORMED, "a field has no \"=\""},
    {"space before the sign",
     {"v=TLSRPTv1; rua =" M},
     TLS_RPT_MALFORMED,
     "the name of a field is not valid"},
    {"empty extension",
     {"v=TLSRPTv1; rua=" M "; x="},
     TLS_RPT_MALFORMED,
     "the value of a field is empty or not valid"},
};

static void test_many(void)
{
    struct buf b;
    struct tls_rpt_record r;
    buf_init(&b, 1 << 16);
    buf_addz(&b, "v=TLSRPTv1; rua=" M);
    for (size_t i = 1; i < TLS_RPT_MAX_RUA; i++)
        buf_addz(&b, "," M);
    tap_case("rua: 20 places, not more");
    tap_ok(tls_rpt_record_parse(buf_str(&b), &r));
    tap_int(r.n_rua, TLS_RPT_MAX_RUA);
    buf_addz(&b, ";rua=" M);
    tap_ok(tls_rpt_record_parse(buf_str(&b), &r));
    tap_int(r.n_rua, 0);
    tap_cstr(r.problem, "rua= names more than 20 places");
    buf_clear(&b);
}

int main(void)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct tls_rpt_record r;
        struct dns_zone *z = dns_zone_new();
        for (size_t k = 0; k < ARRAY_LEN(rows[i].records) && rows[i].records[k]; k++)
            dns_zone_add_txt(z, STR("_smtp._tls.a.test"), str_from(rows[i].records[k]), NULL);
        struct dns_answer *txt = dns_zone_lookup(z, STR("_smtp._tls.a.test"), DNS_TXT);
        tap_case("record: %s", rows[i].label);
        tap_int(tls_rpt_record_of(txt, &r), rows[i].want);
        buf_reset(&b);
        for (size_t k = 0; k < r.n_rua; k++)
            buf_addf(&b, "%s" STR_FMT, k == 0 ? "" : " ", STR_ARG(r.rua[k]));
        buf_addz(&b, r.problem);
        tap_str(buf_str(&b), str_from(rows[i].shown));
        tap_int(r.n_rua != 0, rows[i].want == TLS_RPT_PRESENT);
        dns_answer_unref(txt);
        dns_zone_free(z);
    }
    buf_clear(&b);
    test_many();
    return tap_done();
}
