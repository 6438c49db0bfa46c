/* Zone files: grammar and its errors, wildcards, chains, pseudo types, and writing back. */
#include "dns/zone.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/tap.h"

/* ---- one big zone, many questions ---- */

static const char zone_text[] = "; a comment, and an empty line\n"
                                "\n"
                                "$ORIGIN example.\n"
                                "$TTL 1h\n"
                                "@ IN SOA ns john\\.doe ( 2024010101 ; serial\n"
                                "        2h 15m 2w 90 )\n"
                                "\tNS ns\n"
                                " 3600 IN MX 10 mx ; blank owner, TTL before class\n"
                                " IN 1800 MX 20 mx.other.test. ; class before TTL\n"
                                "@ TXT v=spf1 \" -all\"\n"
                                "mx A 192.0.2.1\n"
                                "mx 60 A 192.0.2.2\n"
                                "mx A 192.0.2.1 ; again\n"
                                "MX AAAA 2001:DB8::1\n"
                                "mapped AAAA ::ffff:192.0.2.3\n"
                                "null MX 0 .\n"
                                "txt TXT \"semi;colon (and) \\\"quotes\\\" \\\\ \\032\\000\\255\"\n"
                                "txt TXT plain\\;word ( \"one\"\n  \"two\" )\n"
                                "long.deep.names A 192.0.2.9\n"
                                "srv SRV 1 2 3 target\n"
                                "caa CAA 128 issue \"ca.test; x=1\"\n"
                                "tlsa TLSA 3 1 1 ( 00ff\n 10AB )\n"
                                "generic TYPE999 \\# 3 00 01ff\n"
                                "generica A \\# 4 c0000201\n"
                                "ptr PTR host\n"
                                "spf SPF \"v=spf1 ?all\"\n"
                                "https HTTPS 1 . alpn=\"h2\"\n"
                                "*.wild TXT wild\n"
                                "*.wild MX 5 mx\n"
                                "here.wild A 192.0.2.4\n"
                                "a.b.wild A 192.0.2.5\n"
                                "not.wild NXDOMAIN\n"
                                "nodata.wild 77 NODATA TXT\n"
                                "*.bad SERVFAIL\n"
                                "c1 CNAME c2\n"
                                "c2 60 CNAME mx\n"
                                "cwild CNAME x.wild\n"
                                "cnone CNAME nothing.here\n"
                                "cfail CNAME servfail\n"
                                "loop1 CNAME loop2\n"
                                "loop2 CNAME loop1\n"
                                "self CNAME self\n"
                                "alias ALIAS A mx\n"
                                "alias TXT own\n"
                                "alias2 30 ALIAS MX alias3\n"
                                "alias3 ALIAS MX alias2\n"
                                "servfail SERVFAIL \"broken \\\"server\\\"\"\n"
                                "timeout TIMEOUT TXT\n"
                                "timeout A 192.0.2.6\n"
                                "mostly TIMEOUT\n"
                                "mostly TXT there\n"
                                "bogus BOGUS TXT \"signature expired\"\n"
                                "$SECURE\n"
                                "signed A 192.0.2.7\n"
                                "csigned CNAME signed\n"
                                "cout CNAME mx\n"
                                "$INSECURE\n"
                                "unsigned A 192.0.2.8\n"
                                "cmix CNAME signed\n"
                                "$UNKNOWN\n"
                                "after A 192.0.2.10\n"
                                "@.odd TXT \\064\n"
                                "a\\032b TXT space\n"
                                "$ORIGIN sub\n"
                                "rel A 192.0.2.11\n"
                                "$ORIGIN .\n"
                                "abs.test A 192.0.2.12\n";

static const struct {
    const char *name;
    enum dns_type type;
    enum dns_status want;
    size_t records;
    uint32_t ttl_s;
    const char *canonical; /* NULL: the name */
    enum dnssec dnssec;
} questions[] = {
    {"example", DNS_SOA, DNS_DATA, 1, 3600, NULL, 0},
    {"example", DNS_NS, DNS_DATA, 1, 3600, NULL, 0},
    {"example", DNS_MX, DNS_DATA, 2, 1800, NULL, 0},
    {"Example.", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"example", DNS_A, DNS_NODATA, 0, 90, NULL, 0},
    {"mx.example", DNS_A, DNS_DATA, 2, 60, NULL, 0},
    {"MX.EXAMPLE", DNS_AAAA, DNS_DATA, 1, 3600, NULL, 0},
    {"mapped.example", DNS_AAAA, DNS_DATA, 1, 3600, NULL, 0},
    {"null.example", DNS_MX, DNS_DATA, 1, 3600, NULL, 0},
    {"txt.example", DNS_TXT, DNS_DATA, 2, 3600, NULL, 0},
    {"none.example", DNS_A, DNS_NXDOMAIN, 0, 90, NULL, 0},
    {"deep.names.example", DNS_A, DNS_NODATA, 0, 90, NULL, 0}, /* an empty non-terminal */
    {"names.example", DNS_A, DNS_NODATA, 0, 90, NULL, 0},
    {"x.names.example", DNS_A, DNS_NXDOMAIN, 0, 90, NULL, 0},
    {"x.long.deep.names.example", DNS_A, DNS_NXDOMAIN, 0, 90, NULL, 0},
    {"generica.example", DNS_A, DNS_DATA, 1, 3600, NULL, 0},
    {"generic.example", (enum dns_type)999, DNS_DATA, 1, 3600, NULL, 0},
    {"spf.example", DNS_SPF, DNS_DATA, 1, 3600, NULL, 0},
    {"spf.example", DNS_TXT, DNS_NODATA, 0, 90, NULL, 0},
    {"https.example", DNS_TXT, DNS_NODATA, 0, 90, NULL, 0},
    /* RFC 4592 */
    {"x.wild.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"x.y.wild.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"x.wild.example", DNS_A, DNS_NODATA, 0, 90, NULL, 0},
    {"*.wild.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"wild.example", DNS_TXT, DNS_NODATA, 0, 90, NULL, 0},
    {"here.wild.example", DNS_TXT, DNS_NODATA, 0, 90, NULL, 0},
    {"x.here.wild.example", DNS_TXT, DNS_NXDOMAIN, 0, 90, NULL, 0},
    {"b.wild.example", DNS_TXT, DNS_NODATA, 0, 90, NULL, 0},
    {"x.b.wild.example", DNS_TXT, DNS_NXDOMAIN, 0, 90, NULL, 0},
    {"not.wild.example", DNS_TXT, DNS_NXDOMAIN, 0, 3600, NULL, 0},
    {"below.not.wild.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"nodata.wild.example", DNS_TXT, DNS_NODATA, 0, 77, NULL, 0},
    {"x.bad.example", DNS_TXT, DNS_SERVFAIL, 0, 3600, NULL, 0},
    /* chains */
    {"c1.example", DNS_A, DNS_DATA, 2, 60, "mx.example", 0},
    {"c1.example", DNS_TXT, DNS_NODATA, 0, 60, "mx.example", 0},
    {"c1.example", DNS_CNAME, DNS_DATA, 1, 3600, NULL, 0},
    {"cwild.example", DNS_MX, DNS_DATA, 1, 3600, "x.wild.example", 0},
    {"cnone.example", DNS_A, DNS_NXDOMAIN, 0, 90, "nothing.here.example", 0},
    {"cfail.example", DNS_A, DNS_SERVFAIL, 0, 3600, NULL, 0},
    {"loop1.example", DNS_A, DNS_SERVFAIL, 0, 3600, NULL, 0},
    {"self.example", DNS_A, DNS_SERVFAIL, 0, 3600, NULL, 0},
    {"alias.example", DNS_A, DNS_DATA, 2, 60, "mx.example", 0},
    {"alias.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"alias.example", DNS_MX, DNS_NODATA, 0, 90, NULL, 0},
    {"alias2.example", DNS_MX, DNS_SERVFAIL, 0, 30, NULL, 0},
    /* failures */
    {"servfail.example", DNS_TXT, DNS_SERVFAIL, 0, 3600, NULL, 0},
    {"timeout.example", DNS_TXT, DNS_TIMEOUT, 0, 3600, NULL, 0},
    {"timeout.example", DNS_A, DNS_DATA, 1, 3600, NULL, 0},
    {"mostly.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"mostly.example", DNS_MX, DNS_TIMEOUT, 0, 3600, NULL, 0},
    {"bogus.example", DNS_TXT, DNS_BOGUS, 0, 3600, NULL, 0},
    {"bogus.example", DNS_A, DNS_NODATA, 0, 90, NULL, 0},
    /* DNSSEC states */
    {"signed.example", DNS_A, DNS_DATA, 1, 3600, NULL, DNSSEC_SECURE},
    {"signed.example", DNS_TXT, DNS_NODATA, 0, 90, NULL, DNSSEC_SECURE},
    {"x.signed.example", DNS_TXT, DNS_NXDOMAIN, 0, 90, NULL, DNSSEC_SECURE},
    {"csigned.example", DNS_A, DNS_DATA, 1, 3600, "signed.example", DNSSEC_SECURE},
    {"cout.example", DNS_A, DNS_DATA, 2, 60, "mx.example", DNSSEC_UNKNOWN},
    {"unsigned.example", DNS_A, DNS_DATA, 1, 3600, NULL, DNSSEC_INSECURE},
    {"cmix.example", DNS_A, DNS_DATA, 1, 3600, "signed.example", DNSSEC_INSECURE},
    {"after.example", DNS_A, DNS_DATA, 1, 3600, NULL, DNSSEC_UNKNOWN},
    /* names */
    {"@.odd.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"a b.example", DNS_TXT, DNS_DATA, 1, 3600, NULL, 0},
    {"rel.sub.example", DNS_A, DNS_DATA, 1, 3600, NULL, 0},
    {"abs.test", DNS_A, DNS_DATA, 1, 3600, NULL, 0},
    {"a..example", DNS_A, DNS_NXDOMAIN, 0, DNS_TTL_MAX_S, NULL, 0},
    {"elsewhere", DNS_A, DNS_NXDOMAIN, 0, 300, NULL, 0},
};

static struct dns_zone *load(struct str text)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    if (!tap_int(dns_zone_load(z, text, "test.zone", &err), MP_OK))
        tap_note("%s", err.text);
    return z;
}

static void test_questions(struct dns_zone *z)
{
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        char lower[256] = "";
        struct str name = str_from(questions[i].name);
        if (name.p[name.n - 1] == '.')
            name.n--;
        for (size_t k = 0; k < name.n; k++)
            lower[k] = to_lower(name.p[k]);
        tap_case("zone: %s %s", questions[i].name, dns_type_name(questions[i].type));
        struct dns_answer *a = dns_zone_lookup(z, str_from(questions[i].name), questions[i].type);
        tap_cstr(dns_status_name(a->status), dns_status_name(questions[i].want));
        tap_int(a->n, questions[i].records);
        tap_int(a->ttl_s, questions[i].ttl_s);
        tap_int(a->dnssec, questions[i].dnssec);
        tap_str(a->name, str_from(lower));
        tap_str(a->canonical,
                str_from(questions[i].canonical != NULL ? questions[i].canonical : lower));
        dns_answer_unref(a);
    }
}

static void check_text(struct dns_zone *z, const char *name, enum dns_type type, size_t i,
                       struct str want)
{
    struct dns_answer *a = dns_zone_lookup(z, str_from(name), type);
    if (tap_ok(a->n > i))
        tap_str(a->records[i].data.n != 0 ? a->records[i].data : a->records[i].name, want);
    dns_answer_unref(a);
}

static void test_contents(struct dns_zone *z)
{
    tap_case("zone: what the records say");
    check_text(z, "example", DNS_TXT, 0, STR("v=spf1 -all"));
    check_text(z, "txt.example", DNS_TXT, 0, STR("semi;colon (and) \"quotes\" \\  \0\xff"));
    check_text(z, "txt.example", DNS_TXT, 1, STR("plain;wordonetwo"));
    check_text(z, "caa.example", DNS_CAA, 0, STR("\x80\5issueca.test; x=1"));
    check_text(z, "tlsa.example", DNS_TLSA, 0, STR("\3\1\1\0\xff\x10\xab"));
    check_text(z, "generic.example", (enum dns_type)999, 0, STR("\0\1\xff"));
    check_text(z, "ptr.example", DNS_PTR, 0, STR("host.example"));
    check_text(z, "example", DNS_MX, 1, STR("mx.other.test"));
    check_text(z, "@.odd.example", DNS_TXT, 0, STR("@"));
    tap_case("zone: numbers of the records");
    struct dns_answer *a = dns_zone_lookup(z, STR("srv.example"), DNS_SRV);
    tap_int(a->records[0].preference, 1);
    tap_int(a->records[0].weight, 2);
    tap_int(a->records[0].port, 3);
    tap_str(a->records[0].name, STR("target.example"));
    dns_answer_unref(a);
    a = dns_zone_lookup(z, STR("mapped.example"), DNS_AAAA);
    tap_int(a->records[0].ip.family, IP_V6);
    dns_answer_unref(a);
    tap_case("zone: reasons");
    a = dns_zone_lookup(z, STR("servfail.example"), DNS_A);
    tap_str(a->why, STR("broken \"server\""));
    dns_answer_unref(a);
    a = dns_zone_lookup(z, STR("self.example"), DNS_A);
    tap_str(a->why, STR("CNAME loop"));
    dns_answer_unref(a);
}

/* ---- errors ---- */

static const struct {
    const char *label, *text, *want;
} errors[] = {
    {"an open string", "a A 192.0.2.1\nb TXT \"open\nc A 192.0.2.1\n", "z:2: the string is not"},
    {"an open parenthesis", "a TXT ( \"x\"\n\n", "z:1: a parenthesis is not closed"},
    {"a parenthesis too many", "\n\na TXT x )\n", "z:3: a parenthesis is closed"},
    {"no owner", " A 192.0.2.1\n", "z:1: the first record has no name"},
    {"no type", "a 60 IN\n", "z:1: the record has no type"},
    {"an unknown type", "a WHAT x\n", "z:1: \"WHAT\" is not a record type"},
    {"DNAME", "a DNAME b\n", "z:1: \"DNAME\" is not a record type that is followed here"},
    {"another class", "a CH TXT x\n", "z:1: class CH"},
    {"an empty label", "a..b A 192.0.2.1\n", "z:1: the name has an empty label"},
    {"a dot inside a label", "a\\.b A 192.0.2.1\n", "z:1: a label with a dot"},
    {"a broken escape", "a\\25 A 192.0.2.1\n", "z:1: broken escape"},
    {"an escape above 255", "a TXT \\256\n", "z:1: broken escape"},
    {"not an address", "a A 192.0.2\n", "z:1: not an IPv4 address"},
    {"IPv6 for A", "a A ::1\n", "z:1: not an IPv4 address"},
    {"IPv4 for AAAA", "a AAAA 192.0.2.1\n", "z:1: not an IPv6 address"},
    {"MX without target", "a MX 10\n", "z:1: the record ends too early"},
    {"MX preference", "a MX 65536 b\n", "z:1: not a number in range"},
    {"a word too many", "a MX 10 b c\n", "z:1: one word too many"},
    {"odd hex", "a TLSA 3 1 1 abc\n", "z:1: an odd number"},
    {"not hex", "a TLSA 3 1 1 xy\n", "z:1: not hexadecimal"},
    {"no hex", "a TLSA 3 1 1\n", "z:1: the record ends too early"},
    {"generic length", "a A \\# 5 c0000201\n", "z:1: the octets that follow"},
    {"generic that does not fit", "a A \\# 3 c00002\n", "z:1: the RDATA does not fit"},
    {"generic with a pointer", "a MX \\# 4 000ac000\n", "z:1: the RDATA does not fit"},
    {"a type without a form", "a TYPE999 x\n", "z:1: TYPE999 needs"},
    {"two CNAMEs", "a CNAME b\na CNAME c\n", "z:2: the name has another CNAME"},
    {"$INCLUDE", "$INCLUDE /etc/passwd\n", "z:1: $INCLUDE is refused"},
    {"$GENERATE", "$GENERATE 1-9 a A 192.0.2.$\n", "z:1: unknown directive"},
    {"$TTL", "$TTL soon\n", "z:1: $TTL wants a time"},
    {"$ORIGIN alone", "$ORIGIN\n", "z:1: $ORIGIN wants 1 words"},
    {"a failure of what", "a SERVFAIL WHAT\n", "z:1: \"WHAT\" is not a record type"},
    {"a failure and more", "a SERVFAIL TXT \"x\" y\n", "z:1: only a type and a quoted reason"},
    {"an alias to nothing", "a ALIAS A\n", "z:1: a type and a name must follow"},
    {"an alias to the root", "a ALIAS A .\n", "z:1: an ALIAS cannot lead"},
    {"an alias of what", "a ALIAS WHAT b\n", "z:1: a type and a name must follow"},
    {"a CAA without value", "a CAA 0 issue\n", "z:1: the record ends too early"},
};

static void test_errors(void)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct mp_err err = {0};
        struct dns_zone *z = dns_zone_new();
        tap_case("zone error: %s", errors[i].label);
        tap_int(dns_zone_load(z, str_from(errors[i].text), "z", &err), MP_E_SYNTAX);
        if (!tap_ok(str_starts(str_from(err.text), str_from(errors[i].want))))
            tap_note("%s", err.text);
        dns_zone_free(z);
    }
    tap_case("zone error: entries before the broken one are there");
    struct dns_zone *z = dns_zone_new();
    tap_ok(dns_zone_load(z, str_from(errors[0].text), "z", NULL) != MP_OK);
    struct dns_answer *a = dns_zone_lookup(z, STR("a"), DNS_A);
    tap_int(a->status, DNS_DATA);
    dns_answer_unref(a);
    dns_zone_free(z);
}

/* ---- adding by code ---- */

static enum dns_status status_of(struct dns_zone *z, const char *name, enum dns_type type)
{
    struct dns_answer *a = dns_zone_lookup(z, str_from(name), type);
    enum dns_status s = a->status;
    dns_answer_unref(a);
    return s;
}

static void test_adding(void)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    char *text = malloc(70000);
    memset(text, 'x', 70000);
    tap_case("zone: records by code");
    tap_int(dns_zone_add(z, STR("A.Example."), DNS_MX, 60, STR("10 mx.example"), &err), MP_OK);
    tap_int(status_of(z, "a.example", DNS_MX), DNS_DATA);
    tap_int(status_of(z, "a.example", DNS_TXT), DNS_NODATA);
    tap_int(dns_zone_add_txt(z, STR("a.example"), str_make(text, 1000), &err), MP_OK);
    tap_int(dns_zone_add_txt(z, STR("a.example"), STR(""), &err), MP_OK);
    struct dns_answer *a = dns_zone_lookup(z, STR("a.example"), DNS_TXT);
    tap_int(a->n, 2);
    tap_int(a->records[0].data.n, 1000);
    tap_int(a->records[1].data.n, 0);
    tap_case("zone: an answer is made once, and made again when the zone grows");
    struct dns_answer *again = dns_zone_lookup(z, STR("A.example"), DNS_TXT);
    tap_ok(a == again);
    tap_int(dns_zone_add_txt(z, STR("a.example"), STR("third"), &err), MP_OK);
    dns_answer_unref(again);
    again = dns_zone_lookup(z, STR("a.example"), DNS_TXT);
    tap_int(again->n, 3);
    tap_int(a->n, 2);
    dns_answer_unref(again);
    dns_answer_unref(a);
    tap_case("zone: failures by code");
    tap_int(dns_zone_add_failure(z, STR("t.example"), 0, DNS_TIMEOUT, &err), MP_OK);
    tap_int(dns_zone_add_failure(z, STR("a.example"), DNS_A, DNS_BOGUS, &err), MP_OK);
    tap_int(dns_zone_add_failure(z, STR("a.example"), 0, DNS_DATA, &err), MP_E_USAGE);
    tap_int(status_of(z, "t.example", DNS_PTR), DNS_TIMEOUT);
    tap_int(status_of(z, "a.example", DNS_A), DNS_BOGUS);
    tap_int(status_of(z, "a.example", DNS_AAAA), DNS_NODATA);
    tap_case("zone: what cannot be added");
    tap_int(dns_zone_add(z, STR("a..b"), DNS_MX, 60, STR("10 mx.example"), &err), MP_E_SYNTAX);
    tap_int(dns_zone_add(z, STR("a.b"), DNS_MX, 60, STR("mx.example"), &err), MP_E_SYNTAX);
    tap_int(dns_zone_add(z, STR("a.b"), DNS_MX, 60, STR(""), &err), MP_E_SYNTAX);
    tap_int(dns_zone_add_txt(z, STR("a.b"), str_make(text, 70000), &err), MP_E_LIMIT);
    int st = MP_OK;
    for (int i = 0; i < 10 && st == MP_OK; i++) {
        text[0] = (char)('0' + i);
        st = dns_zone_add_txt(z, STR("big.example"), str_make(text, 60000), &err);
    }
    tap_int(st, MP_E_LIMIT);
    tap_int(status_of(z, "big.example", DNS_TXT), DNS_DATA);
    st = MP_OK;
    for (int i = 0; i < 300 && st == MP_OK; i++) {
        text[0] = (char)('0' + i % 10);
        text[1] = (char)('0' + i / 10);
        st = dns_zone_add_txt(z, STR("many.example"), str_make(text, 20), &err);
    }
    tap_int(st, MP_E_LIMIT);
    tap_case("zone: a wildcard at the root");
    tap_int(dns_zone_add_txt(z, STR("*"), STR("any"), &err), MP_OK);
    tap_int(status_of(z, "no.such.name", DNS_TXT), DNS_DATA);
    tap_int(status_of(z, "x.example", DNS_TXT), DNS_NXDOMAIN);
    tap_case("zone: seventeen aliases are one too many");
    for (int i = 0; i < 17; i++) {
        const char owner[] = {'c', (char)('a' + i)}, target[] = {'c', (char)('a' + i + 1)};
        tap_int(dns_zone_add(z, str_make(owner, 2), DNS_CNAME, 60, str_make(target, 2), &err),
                MP_OK);
    }
    tap_int(dns_zone_add(z, STR("cr"), DNS_A, 60, STR("192.0.2.1"), &err), MP_OK);
    tap_int(status_of(z, "cb", DNS_A), DNS_DATA);
    tap_int(status_of(z, "ca", DNS_A), DNS_SERVFAIL);
    free(text);
    dns_zone_free(z);
    dns_zone_free(NULL);
}

/* ---- writing ---- */

static bool same_record(const struct dns_record *a, const struct dns_record *b)
{
    return str_eq(a->data, b->data) && str_eq(a->name, b->name) && a->ip.family == b->ip.family &&
           (a->ip.family == IP_NONE || ip_eq(&a->ip, &b->ip)) && a->preference == b->preference &&
           a->weight == b->weight && a->port == b->port && a->ttl_s == b->ttl_s;
}

static void check_same(const struct dns_answer *a, const struct dns_answer *b)
{
    tap_cstr(dns_status_name(b->status), dns_status_name(a->status));
    tap_str(b->name, a->name);
    tap_str(b->canonical, a->canonical);
    tap_str(b->why, a->why);
    tap_int(b->dnssec, a->dnssec);
    tap_int(b->ttl_s, a->ttl_s);
    tap_int(b->n, a->n);
    for (size_t i = 0; i < a->n && i < b->n; i++)
        tap_ok(same_record(&a->records[i], &b->records[i]));
}

/* All questions recorded in one file, as --record does. */
static void test_writing(struct dns_zone *z)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    tap_case("zone: what is written loads");
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        struct dns_answer *a = dns_zone_lookup(z, str_from(questions[i].name), questions[i].type);
        dns_zone_write(&out, a);
        dns_answer_unref(a);
    }
    tap_ok(!out.failed);
    struct dns_zone *copy = load(buf_str(&out));
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        struct str name = str_from(questions[i].name);
        tap_case("zone written: %s %s", questions[i].name, dns_type_name(questions[i].type));
        struct dns_answer *a = dns_zone_lookup(z, name, questions[i].type);
        struct dns_answer *b = dns_zone_lookup(copy, name, questions[i].type);
        check_same(a, b);
        dns_answer_unref(a);
        dns_answer_unref(b);
    }
    dns_zone_free(copy);
    buf_clear(&out);
}

static uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct str random_octets(uint32_t *seed, char *out, size_t max)
{
    size_t n = random_next(seed) % (max + 1);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)random_next(seed);
    return str_make(out, n);
}

/* A name of one or two labels of any octets but '.', NUL and capitals. */
static struct str random_name(uint32_t *seed, char *out)
{
    size_t n = 1 + random_next(seed) % 20;
    for (size_t i = 0; i < n; i++) {
        char c = to_lower((char)random_next(seed));
        out[i] = c == '.' || c == '\0' ? 'x' : c;
    }
    if (n > 2 && random_next(seed) % 2 == 0)
        out[n / 2] = '.';
    return str_make(out, n);
}

static struct dns_record random_record(uint32_t *seed, enum dns_type type, char *data, char *name)
{
    struct dns_record r = {.ttl_s = random_next(seed) % DNS_TTL_MAX_S};
    uint16_t numbers[] = {(uint16_t)random_next(seed), (uint16_t)random_next(seed),
                          (uint16_t)random_next(seed)};
    char octets[16];
    switch (type) {
    case DNS_A:
    case DNS_AAAA:
        r.ip.family = type == DNS_A ? IP_V4 : IP_V6;
        for (size_t i = 0; i < sizeof octets; i++)
            octets[i] = (char)random_next(seed);
        memcpy(r.ip.octets, octets, type == DNS_A ? 4 : 16);
        break;
    case DNS_SRV:
        r.weight = numbers[1];
        r.port = numbers[2];
        r.preference = numbers[0];
        r.name = random_name(seed, name);
        break;
    case DNS_MX:
        r.preference = numbers[0];
        r.name = random_next(seed) % 4 == 0 ? STR("") : random_name(seed, name);
        break;
    case DNS_PTR:
    case DNS_NS:
    case DNS_CNAME:
        r.name = random_name(seed, name);
        break;
    default:
        r.data = random_octets(seed, data, 700);
    }
    return r;
}

static struct dns_answer *random_answer(uint32_t *seed)
{
    static const enum dns_type types[] = {DNS_A,
                                          DNS_AAAA,
                                          DNS_TXT,
                                          DNS_MX,
                                          DNS_SRV,
                                          DNS_PTR,
                                          DNS_TLSA,
                                          DNS_CAA,
                                          DNS_SPF,
                                          DNS_CNAME,
                                          (enum dns_type)65280};
    enum { MOST = 4 };
    char asked[32], canonical[32], data[MOST][700], names[MOST][32], why_text[64];
    struct dns_record records[MOST];
    enum dns_type type = types[random_next(seed) % ARRAY_LEN(types)];
    enum dns_status status = (enum dns_status)(random_next(seed) % 6);
    size_t n = type == DNS_CNAME ? 1 : 1 + random_next(seed) % MOST;
    uint32_t ttl_s = random_next(seed) % DNS_TTL_MAX_S;
    bool chained = type != DNS_CNAME && status <= DNS_NXDOMAIN && random_next(seed) % 2 == 0;
    for (size_t i = 0; i < n; i++) {
        records[i] = random_record(seed, type, data[i], names[i]);
        ttl_s = status == DNS_DATA && records[i].ttl_s < ttl_s ? records[i].ttl_s : ttl_s;
    }
    if (status == DNS_DATA && !chained)
        for (size_t i = 0; i < n; i++)
            ttl_s = i == 0 || records[i].ttl_s < ttl_s ? records[i].ttl_s : ttl_s;
    return dns_answer_new(status, random_name(seed, asked), type,
                          (enum dnssec)(random_next(seed) % 3), ttl_s,
                          chained ? random_name(seed, canonical) : STR_NONE,
                          status == DNS_DATA ? STR_NONE : random_octets(seed, why_text, 60),
                          records, n);
}

/* Any answer at all: one to a file, since answers that contradict each other cannot share one. */
static void test_random_writing(void)
{
    tap_case("zone: any answer loads back to itself");
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t seed = i;
        struct buf out;
        buf_init(&out, 1 << 20);
        struct dns_answer *a = random_answer(&seed);
        dns_zone_write(&out, a);
        struct dns_zone *z = dns_zone_new();
        struct mp_err err = {0};
        if (!tap_int(dns_zone_load(z, buf_str(&out), "written", &err), MP_OK))
            tap_note("seed %u: %s", i, err.text);
        struct dns_answer *b = dns_zone_lookup(z, a->name, a->type);
        check_same(a, b);
        dns_answer_unref(a);
        dns_answer_unref(b);
        dns_zone_free(z);
        buf_clear(&out);
    }
}

static void test_origin(void)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    tap_case("zone: relative names below an origin that is told");
    tap_int(dns_zone_load_at(z, STR("@ MX 10 mx\nmx A 192.0.2.1\n"), STR("at.test"), "z", &err),
            MP_OK);
    struct dns_answer *a = dns_zone_lookup(z, STR("at.test"), DNS_MX);
    tap_int(a->n, 1);
    tap_str(a->n == 1 ? a->records[0].name : STR_NONE, STR("mx.at.test"));
    dns_answer_unref(a);
    dns_zone_free(z);
}

static void test_same_text_twice(void)
{
    struct dns_record two[2] = {{.data = STR("same"), .ttl_s = 5},
                                {.data = STR("same"), .ttl_s = 5}};
    struct buf out;
    buf_init(&out, 4096);
    tap_case("zone written: two records of the same text stay two");
    struct dns_answer *a =
        dns_answer_new(DNS_DATA, STR("a"), DNS_TXT, DNSSEC_UNKNOWN, 5, STR_NONE, STR_NONE, two, 2);
    dns_zone_write(&out, a);
    struct dns_zone *z = load(buf_str(&out));
    struct dns_answer *b = dns_zone_lookup(z, STR("a"), DNS_TXT);
    check_same(a, b);
    dns_answer_unref(a);
    dns_answer_unref(b);
    dns_zone_free(z);
    buf_reset(&out);
    tap_case("zone written: a name that cannot be asked leaves no line");
    a = dns_zone_lookup(z = dns_zone_new(), STR("a..b"), DNS_TXT);
    dns_zone_write(&out, a);
    tap_int(out.n, 0);
    dns_answer_unref(a);
    dns_zone_free(z);
    buf_clear(&out);
}

/* ---- threads ---- */

static void *run_reader(void *arg)
{
    struct dns_zone *z = arg;
    uintptr_t good = 1;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
            struct dns_answer *a =
                dns_zone_lookup(z, str_from(questions[i].name), questions[i].type);
            good &= a->status == questions[i].want;
            dns_answer_unref(a);
        }
    }
    return (void *)good;
}

static void test_threads(void)
{
    pthread_t threads[4];
    tap_case("zone: threads share it");
    struct dns_zone *z = load(str_from(zone_text));
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_create(&threads[i], NULL, run_reader, z);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *good = NULL;
        pthread_join(threads[i], &good);
        tap_ok(good != NULL);
    }
    dns_zone_free(z);
}

int main(void)
{
    tap_case("zone: loads");
    struct dns_zone *z = load(str_from(zone_text));
    test_questions(z);
    test_contents(z);
    test_writing(z);
    dns_zone_free(z);
    test_errors();
    test_adding();
    test_random_writing();
    test_origin();
    test_same_text_twice();
    test_threads();
    return tap_done();
}
