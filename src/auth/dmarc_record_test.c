/* DMARC records by the string, and registrable domains. */
#include "auth/dmarc.h"
#include "base/psl.h"
#include "tests/tap.h"

static const struct {
    const char *label, *text;
    bool is_record, usable;
    enum dmarc_policy p, sp, np;
    const char *fo;
    size_t n_rua;
    enum dmarc_psd psd;
    bool testing, forced_none;
} records[] = {
#define N DMARC_P_NONE
#define Q DMARC_P_QUARANTINE
#define R DMARC_P_REJECT
#define U DMARC_P_UNSET
    {"plain", "v=DMARC1; p=reject", true, true, R, U, U, "0", 0, DMARC_PSD_U, false, false},
    {"all tags", "v=DMARC1;sp=none;np=quarantine;p=reject;psd=y;t=y;fo=s:d;rua=mailto:a@b.example",
     true, true, R, N, Q, "s:d", 1, DMARC_PSD_Y, true, false},
    {"white space", "v\t=  DMARC1 ;\tp =\tReJeCt ; ; ;t= Y ", true, true, R, U, U, "0", 0,
     DMARC_PSD_U, true, false},
    {"version in small letters", "v=dmarc1; p=reject", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"version with a tail", "v=DMARC1 p=reject", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"other version", "v=DMARC2; p=reject", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"version not first", "p=reject; v=DMARC1", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"space in front", " v=DMARC1; p=reject", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"empty", "", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"tag twice", "v=DMARC1; p=none; p=reject", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"version twice", "v=DMARC1; p=none; v=DMARC1", false, false, U, U, U, "0", 0, 0, 0, 0},
    {"unknown tag twice", "v=DMARC1; x=1; p=none; x=2", true, true, N, U, U, "0", 0, 0, 0, 0},
    {"removed tags twice", "v=DMARC1; pct=1; p=none; pct=2; ri=x; rf=y", true, true, N, U, U, "0",
     0, 0, 0, 0},
    {"names have case", "v=DMARC1; P=reject; p=none", true, true, N, U, U, "0", 0, 0, 0, 0},
    {"no equals sign", "v=DMARC1; p=reject; sp", true, true, R, U, U, "0", 0, 0, 0, 0},
    {"no p", "v=DMARC1; sp=reject", true, false, U, U, U, "0", 0, 0, 0, 0},
    {"no p, reports", "v=DMARC1; sp=reject; rua=mailto:a@b.example", true, true, N, U, U, "0", 1, 0,
     false, true},
    {"empty np", "v=DMARC1; p=reject; np=", true, false, U, U, U, "0", 0, 0, 0, 0},
    {"bad sp, only ruf", "v=DMARC1; p=reject; sp=x; ruf=mailto:a@b.example", true, false, U, U, U,
     "0", 0, 0, 0, 0},
    {"other bad values", "v=DMARC1; p=reject; psd=x; t=1; fo=0:1; adkim=strict", true, true, R, U,
     U, "0", 0, DMARC_PSD_U, 0, 0},
    {"report addresses",
     "v=DMARC1; p=none; rua=mailto:a@b.example!10m, mailto:c@d.example!5 ,https://e.example/x?y=1,"
     "a@b.example,mailto:nobody,mailto:@x,mailto:x@,ftp:,1a:b,mailto:a!b@c.example,"
     "mailto:a%2@c.example,mailto:a%2C@c.example,,mailto:a b@c.example!m",
     true, true, N, U, U, "0", 4, 0, 0, 0},
    {"too many report addresses",
     "v=DMARC1; p=none; rua=a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:10,a:11,a:12,a:13,a:14,a:15,"
     "a:16,a:17,a:18,a:19,a:20,a:21",
     true, true, N, U, U, "0", DMARC_MAX_URIS, 0, 0, 0},
#undef N
#undef Q
#undef R
#undef U
};

static void test_records(void)
{
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct dmarc_record r;
        tap_case("record: %s", records[i].label);
        bool is_record = dmarc_record_parse(str_from(records[i].text), &r);
        tap_int(is_record, records[i].is_record);
        if (!is_record)
            continue;
        tap_int(r.usable, records[i].usable);
        tap_int(r.p, records[i].p);
        tap_int(r.sp, records[i].sp);
        tap_int(r.np, records[i].np);
        tap_str(r.fo, str_from(records[i].fo));
        tap_int(r.n_rua, records[i].n_rua);
        tap_int(r.psd, records[i].psd);
        tap_int(r.testing, records[i].testing);
        tap_int(r.forced_none, records[i].forced_none);
    }
    struct dmarc_record r;
    tap_case("record: a size limit is cut off");
    tap_ok(dmarc_record_parse(STR("v=DMARC1;p=none;rua=mailto:a@b.example!1k"), &r));
    tap_str(r.rua[0], STR("mailto:a@b.example"));
    tap_case("record: a NUL spoils the value it stands in");
    tap_ok(dmarc_record_parse(STR("v=DMARC1; p=reject\0; sp=none"), &r) && !r.usable);
}

static const struct {
    const char *domain, *want;
} suffixes[] = {{"example.com", "example.com"},
                {"WWW.Example.CO.uk.", "example.co.uk"},
                {"com", ""},
                {"co.uk", ""},
                {"", ""},
                {".", ""},
                {".example.com", ""},
                {"a..com", ""},
                {"a.b.unlisted", "b.unlisted"},
                {"unlisted", ""},
                {"www.b\xc3\xbc"
                 "cher.example",
                 "xn--bcher-kva.example"}};

static void test_psl(void)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        struct arena a = {0};
        arena_init(&a, 1 << 16);
        tap_case("psl: %s", suffixes[i].domain);
        tap_str(psl_registrable(&a, str_from(suffixes[i].domain)), str_from(suffixes[i].want));
        arena_clear(&a);
    }
    struct arena a = {0};
    arena_init(&a, 1 << 16);
    tap_case("psl: a NUL is no part of a name");
    tap_int(psl_registrable(&a, STR("evil.com\0.example.com")).n, 0);
    arena_clear(&a);
}

int main(void)
{
    test_records();
    test_psl();
    return tap_done();
}
