/* BIMI records: rows of the tag list of the draft, 4.2. */
#include "auth/bimi.h"

#include "base/buf.h"
#include "dns/zone.h"
#include "tests/tap.h"

#define L "https://a.test/logo.svg"
#define A "https://a.test/vmc.pem"

static const struct {
    const char *label;
    const char *records[3];
    enum bimi_presence want;
    const char *shown; /* "l a avp", or the problem */
} rows[] = {
    {"logo", {"v=BIMI1; l=" L}, BIMI_PRESENT, L "  "},
    {"logo and evidence", {"v=BIMI1; l=" L "; a=" A ";"}, BIMI_PRESENT, L " " A " "},
    {"any order, no spaces", {"v=BIMI1;a=" A ";l=" L}, BIMI_PRESENT, L " " A " "},
    {"spaces", {"v = BIMI1 ;\tl = " L " ; a = "}, BIMI_PRESENT, L "  "},
    {"avatar", {"v=BIMI1; l=" L "; avp=personal"}, BIMI_PRESENT, L "  personal"},
    {"avatar of another kind", {"v=BIMI1; l=" L "; avp=cat"}, BIMI_PRESENT, L "  "},
    {"unknown tags", {"v=BIMI1; x_1=y; l=" L "; lps=x,y"}, BIMI_PRESENT, L "  "},
    {"L is another tag", {"v=BIMI1; l=" L "; L=x"}, BIMI_PRESENT, L "  "},
    {"a port",
     {"v=BIMI1; l=https://a.test:8443/l.svg"},
     BIMI_PRESENT,
     "https://a.test:8443/l.svg  "},
    {"signs in the URI",
     {"v=BIMI1; l=https://a.test/?a=b&c=d"},
     BIMI_PRESENT,
     "https://a.test/?a=b&c=d  "},
    {"others beside it", {"x", "v=BIMI1; l=" L, "v=BIMI2; l=" A}, BIMI_PRESENT, L "  "},
    {"declined", {"v=BIMI1; l=; a=;"}, BIMI_DECLINED, "  "},
    {"declined without a=", {"v=BIMI1; l="}, BIMI_DECLINED, "  "},
    {"several",
     {"v=BIMI1; l=" L, "v=BIMI1; l=;"},
     BIMI_SEVERAL,
     "there are several v=BIMI1 records"},
    {"absent", {"hello"}, BIMI_ABSENT, "  "},
    {"v= not first", {"l=" L "; v=BIMI1"}, BIMI_ABSENT, "  "},
    {"small letters", {"v=bimi1; l=" L}, BIMI_ABSENT, "  "},
    {"V=", {"V=BIMI1; l=" L}, BIMI_ABSENT, "  "},
    {"longer version", {"v=BIMI11; l=" L}, BIMI_ABSENT, "  "},
    {"space first", {" v=BIMI1; l=" L}, BIMI_ABSENT, "  "},
    {"nothing", {""}, BIMI_ABSENT, "  "},
    {"version alone", {"v=BIMI1"}, BIMI_MALFORMED, "l= is missing"},
    {"no l=", {"v=BIMI1; a=" A}, BIMI_MALFORMED, "l= is missing"},
    {"evidence without logo", {"v=BIMI1; l=; a=" A}, BIMI_MALFORMED, "l= is empty, but a= is not"},
    {"http", {"v=BIMI1; l=http://a.test/logo.svg"}, BIMI_MALFORMED, "l= is not an https: URI"},
    {"evidence by http",
     {"v=BIMI1; l=" L "; a=http://a.test/"},
     BIMI_MALFORMED,
     "a= is not an https: URI"},
    {"evidence: self", {"v=BIMI1; l=" L "; a=self"}, BIMI_MALFORMED, "a= is not a valid URI"},
    {"data", {"v=BIMI1; l=data:image/svg+xml,x"}, BIMI_MALFORMED, "l= is not an https: URI"},
    {"file", {"v=BIMI1; l=file:///etc/passwd"}, BIMI_MALFORMED, "l= is not an https: URI"},
    {"password",
     {"v=BIMI1; l=https://u:p@a.test/"},
     BIMI_MALFORMED,
     "l= holds a user name or password"},
    {"loopback",
     {"v=BIMI1; l=https://127.0.0.1/"},
     BIMI_MALFORMED,
     "l= names an IP address instead of a host"},
    {"loopback in hex",
     {"v=BIMI1; l=https://0x7f000001/"},
     BIMI_MALFORMED,
     "l= names an IP address instead of a host"},
    {"IPv6",
     {"v=BIMI1; l=" L "; a=https://[::1]/"},
     BIMI_MALFORMED,
     "a= names an IP address instead of a host"},
    {"no host", {"v=BIMI1; l=https:///logo.svg"}, BIMI_MALFORMED, "l= has no valid host name"},
    {"a list of two", {"v=BIMI1; l=" L ", " L}, BIMI_MALFORMED, "l= is not a valid URI"},
    {"control", {"v=BIMI1; l=https://a.test/\x01"}, BIMI_MALFORMED, "l= is not a valid URI"},
    {"twice", {"v=BIMI1; l=" L "; l=" L}, BIMI_MALFORMED, "a tag stands twice"},
    {"v= twice", {"v=BIMI1; l=" L "; v=BIMI1"}, BIMI_MALFORMED, "v= stands twice"},
    {"empty tag", {"v=BIMI1;; l=" L}, BIMI_MALFORMED, "a tag is not \"name=value\""},
    {"no sign", {"v=BIMI1; l=" L "; a"}, BIMI_MALFORMED, "a tag is not \"name=value\""},
    {"no name", {"v=BIMI1; =x; l=" L}, BIMI_MALFORMED, "a tag is not \"name=value\""},
    {"name with a hyphen", {"v=BIMI1; a-b=x; l=" L}, BIMI_MALFORMED, "a tag is not \"name=value\""},
};

int main(void)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bimi_record r;
        struct dns_zone *z = dns_zone_new();
        for (size_t k = 0; k < ARRAY_LEN(rows[i].records) && rows[i].records[k]; k++)
            dns_zone_add_txt(z, STR("default._bimi.a.test"), str_from(rows[i].records[k]), NULL);
        struct dns_answer *txt = dns_zone_lookup(z, STR("default._bimi.a.test"), DNS_TXT);
        tap_case("record: %s", rows[i].label);
        tap_int(bimi_record_of(txt, &r), rows[i].want);
        buf_reset(&b);
        if (r.problem[0] == '\0')
            buf_addf(&b, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(r.location), STR_ARG(r.authority),
                     STR_ARG(r.avatar));
        buf_addz(&b, r.problem);
        tap_str(buf_str(&b), str_from(rows[i].shown));
        tap_ok(r.problem[0] == '\0' || (r.location.n == 0 && r.authority.n == 0));
        tap_int(r.text.n != 0, rows[i].want != BIMI_ABSENT);
        dns_answer_unref(txt);
        dns_zone_free(z);
    }
    struct dns_zone *z = dns_zone_new();
    struct dns_answer *none = dns_zone_lookup(z, STR("default._bimi.a.test"), DNS_TXT);
    struct bimi_record r;
    tap_case("record: no answer");
    tap_int(bimi_record_of(none, &r), BIMI_ABSENT);
    dns_answer_unref(none);
    dns_zone_free(z);
    buf_clear(&b);
    return tap_done();
}
