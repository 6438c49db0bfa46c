/* MTA-STS: records, policies and patterns, row by row of the grammar of RFC 8461. */
#include "transport/mta_sts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "dns/zone.h"
#include "tests/tap.h"

static const struct {
    const char *label;
    const char *records[3];
    enum mta_sts_presence want;
    const char *id, *problem;
} records[] = {
    {"plain", {"v=STSv1; id=20261124"}, MTA_STS_PRESENT, "20261124", ""},
    {"final delimiter", {"v=STSv1; id=a1 ; "}, MTA_STS_PRESENT, "a1", ""},
    {"tabs", {"v=STSv1\t;\tid=a1"}, MTA_STS_PRESENT, "a1", ""},
    {"32 characters",
     {"v=STSv1; id=01234567890123456789012345678901"},
     MTA_STS_PRESENT,
     "01234567890123456789012345678901",
     ""},
    {"extension first", {"v=STSv1; a.b-c_d=x!; id=7"}, MTA_STS_PRESENT, "7", ""},
    {"two ids: the first", {"v=STSv1; id=1; id=2"}, MTA_STS_PRESENT, "1", ""},
    {"others beside it", {"v=spf1 -all", "v=STSv1; id=1", "hello"}, MTA_STS_PRESENT, "1", ""},
    {"a bare version beside it", {"v=STSv1", "v=STSv1; id=1"}, MTA_STS_PRESENT, "1", ""},
    {"two",
     {"v=STSv1; id=1", "v=STSv1; id=2"},
     MTA_STS_SEVERAL,
     "",
     "there are several v=STSv1 records"},
    {"two, one broken",
     {"v=STSv1; id=1", "v=STSv1; id="},
     MTA_STS_SEVERAL,
     "",
     "there are several v=STSv1 records"},
    {"none", {"hello"}, MTA_STS_ABSENT, "", ""},
    {"another version", {"v=STSv2; id=1"}, MTA_STS_ABSENT, "", ""},
    {"longer version", {"v=STSv10; id=1"}, MTA_STS_ABSENT, "", ""},
    {"version in capitals", {"V=STSv1; id=1"}, MTA_STS_ABSENT, "", ""},
    {"version in small letters", {"v=stsv1; id=1"}, MTA_STS_ABSENT, "", ""},
    {"space first", {" v=STSv1; id=1"}, MTA_STS_ABSENT, "", ""},
    {"space in the version", {"v = STSv1; id=1"}, MTA_STS_ABSENT, "", ""},
    {"quotes", {"\"v=STSv1; id=1\""}, MTA_STS_ABSENT, "", ""},
    {"comma for semicolon", {"v=STSv1, id=1"}, MTA_STS_ABSENT, "", ""},
    {"space for semicolon", {"v=STSv1 id=1"}, MTA_STS_ABSENT, "", ""},
    {"bare version", {"v=STSv1"}, MTA_STS_MALFORMED, "", "no \";\" follows v=STSv1"},
    {"no field", {"v=STSv1;"}, MTA_STS_MALFORMED, "", "id= is missing"},
    {"no id", {"v=STSv1; x=1"}, MTA_STS_MALFORMED, "", "id= is missing"},
    {"ID is no id", {"v=STSv1; ID=1"}, MTA_STS_MALFORMED, "", "id= is missing"},
    {"empty id", {"v=STSv1; id="}, MTA_STS_MALFORMED, "", "id= is not 1 to 32 letters and digits"},
    {"33 characters",
     {"v=STSv1; id=012345678901234567890123456789012"},
     MTA_STS_MALFORMED,
     "",
     "id= is not 1 to 32 letters and digits"},
    {"hyphen",
     {"v=STSv1; id=2026-11-24"},
     MTA_STS_MALFORMED,
     "",
     "id= is not 1 to 32 letters and digits"},
    {"space behind the sign",
     {"v=STSv1; id= 1"},
     MTA_STS_MALFORMED,
     "",
     "id= is not 1 to 32 letters and digits"},
    {"space before the sign",
     {"v=STSv1; id =1"},
     MTA_STS_MALFORMED,
     "",
     "the name of a field is not valid"},
    {"two delimiters", {"v=STSv1;; id=1"}, MTA_STS_MALFORMED, "", "a field is empty"},
    {"two at the end", {"v=STSv1; id=1;;"}, MTA_STS_MALFORMED, "", "a field is empty"},
    {"no sign", {"v=STSv1; id=1; foo"}, MTA_STS_MALFORMED, "", "a field has no \"=\""},
    {"empty extension",
     {"v=STSv1; id=1; foo="},
     MTA_STS_MALFORMED,
     "",
     "the value of a field is empty or not valid"},
    {"sign in an extension",
     {"v=STSv1; id=1; foo=a=b"},
     MTA_STS_MALFORMED,
     "",
     "the value of a field is empty or not valid"},
    {"UTF-8 in an extension",
     {"v=STSv1; id=1; foo=\xc3\xbc"},
     MTA_STS_MALFORMED,
     "",
     "the value of a field is empty or not valid"},
    {"name of 33",
     {"v=STSv1; id=1; a23456789012345678901234567890123=x"},
     MTA_STS_MALFORMED,
     "",
     "the name of a field is not valid"},
};

static void test_records(void)
{
    struct mta_sts_record r;
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        struct dns_zone *z = dns_zone_new();
        for (size_t k = 0; k < ARRAY_LEN(records[i].records) && records[i].records[k]; k++)
            dns_zone_add_txt(z, STR("_mta-sts.a.test"), str_from(records[i].records[k]), NULL);
        struct dns_answer *txt = dns_zone_lookup(z, STR("_mta-sts.a.test"), DNS_TXT);
        tap_case("record: %s", records[i].label);
        tap_int(mta_sts_record_of(txt, &r), records[i].want);
        tap_str(r.id, str_from(records[i].id));
        tap_cstr(r.problem, records[i].problem);
        dns_answer_unref(txt);
        dns_zone_free(z);
    }
    struct dns_zone *z = dns_zone_new();
    struct dns_answer *none = dns_zone_lookup(z, STR("_mta-sts.a.test"), DNS_TXT);
    tap_case("record: no answer");
    tap_int(mta_sts_record_of(none, &r), MTA_STS_ABSENT);
    dns_answer_unref(none);
    dns_zone_free(z);
}

#define GOOD "version: STSv1\r\nmode: enforce\r\nmx: a.test\r\nmax_age: 86400\r\n"

static const struct {
    const char *label, *body;
    const char *shown; /* "mode max_age mx…" and flags, or the error */
} policies[] = {
    {"plain", GOOD, "enforce 86400 a.test"},
    {"LF", "version: STSv1\nmode: testing\nmx: a.test\nmax_age: 1\n", "testing 1 a.test lf"},
    {"one LF", "version: STSv1\r\nmode: none\nmax_age: 1\r\n", "none 1 lf"},
    {"no final end", "version: STSv1\r\nmode: none\r\nmax_age: 0", "none 0"},
    {"any order", "mx: a.test\r\nmax_age: 1\r\nmode: enforce\r\nversion: STSv1\r\n",
     "enforce 1 a.test"},
    {"no space", "version:STSv1\r\nmode:enforce\r\nmx:a.test\r\nmax_age:1\r\n", "enforce 1 a.test"},
    {"space behind", "version: STSv1 \t\r\nmode:  none\t\r\nmax_age: 1 \r\n", "none 1"},
    {"several mx",
     "version: STSv1\r\nmode: enforce\r\nmx: a.test\r\nmx: *.b.test\r\nmx: C.test\r\nmax_age: "
     "1\r\n",
     "enforce 1 a.test *.b.test C.test"},
    {"first of each counts",
     "version: STSv1\r\nversion: x\r\nmode: testing\r\nmode: enforce\r\nmode: x\r\n"
     "mx: a.test\r\nmax_age: 1\r\nmax_age: -2\r\n",
     "testing 1 a.test"},
    {"extensions", GOOD "x-y.z_1: some \xc3\xbc text\r\nMode: none\r\n", "enforce 86400 a.test"},
    {"blank lines", "version: STSv1\r\n\r\nmode: none\r\nmax_age: 1\r\n\r\n\r\n", "none 1 blank"},
    {"largest age", "version: STSv1\r\nmode: none\r\nmax_age: 31557600\r\n", "none 31557600"},
    {"zeros before the age", "version: STSv1\r\nmode: none\r\nmax_age: 0000000001\r\n", "none 1"},
    {"A-label", "version: STSv1\r\nmode: enforce\r\nmx: xn--bcher-kva.test\r\nmax_age: 1\r\n",
     "enforce 1 xn--bcher-kva.test"},

    {"empty", "", "version is missing"},
    {"no version", "mode: none\r\nmax_age: 1\r\n", "version is missing"},
    {"no mode", "version: STSv1\r\nmax_age: 1\r\n", "mode is missing"},
    {"no age", "version: STSv1\r\nmode: none\r\n", "max_age is missing"},
    {"no mx", "version: STSv1\r\nmode: testing\r\nmax_age: 1\r\n", "mx is missing"},
    {"STSv2", "version: STSv2\r\n" GOOD, "line 1: version is not \"STSv1\""},
    {"stsv1", "version: stsv1\r\n", "line 1: version is not \"STSv1\""},
    {"Enforce", "version: STSv1\r\nmode: Enforce\r\n",
     "line 2: mode is none of \"enforce\", \"testing\", \"none\""},
    {"empty mode", "version: STSv1\r\nmode:\r\n",
     "line 2: mode is none of \"enforce\", \"testing\", \"none\""},
    {"age too large", "max_age: 31557601\r\n",
     "line 1: max_age is not a number of seconds up to 31557600"},
    {"age beyond 64 bits", "max_age: 99999999999999999999\r\n",
     "line 1: max_age is not a number of seconds up to 31557600"},
    {"negative age", "max_age: -1\r\n",
     "line 1: max_age is not a number of seconds up to 31557600"},
    {"signed age", "max_age: +1\r\n", "line 1: max_age is not a number of seconds up to 31557600"},
    {"fraction", "max_age: 1.0\r\n", "line 1: max_age is not a number of seconds up to 31557600"},
    {"exponent", "max_age: 1e3\r\n", "line 1: max_age is not a number of seconds up to 31557600"},
    {"unit", "max_age: 1d\r\n", "line 1: max_age is not a number of seconds up to 31557600"},
    {"wildcard alone", "mx: *\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"wildcard and dot", "mx: *.\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"two wildcards", "mx: *.*.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"inner wildcard", "mx: a.*.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"part of a label", "mx: a*.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"final dot", "mx: a.test.\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"leading dot", "mx: .a.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"underscore", "mx: a_b.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"hyphen first", "mx: -a.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"hyphen last", "mx: a-.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"U-label", "mx: b\xc3\xbc.test\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"two hosts in a line", "mx: a.test, b.test\r\n",
     "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"empty mx", "mx:\r\n", "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"label of 64", "mx: 0123456789012345678901234567890123456789012345678901234567890123.test\r\n",
     "line 1: mx is no host name, nor \"*.\" and a domain"},
    {"no colon", GOOD "hello\r\n", "line 5: no \":\" in it"},
    {"HTML", "<!DOCTYPE html>\r\n", "line 1: no \":\" in it"},
    {"HTML with a colon", "<a href=\"https://a.test\">\r\n",
     "line 1: the name of the field is not valid"},
    {"space before the name", " version: STSv1\r\n", "line 1: the name of the field is not valid"},
    {"space before the colon", "version : STSv1\r\n", "line 1: the name of the field is not valid"},
    {"no name", ": x\r\n", "line 1: the name of the field is not valid"},
    {"BOM", "\xef\xbb\xbfversion: STSv1\r\n", "line 1: the name of the field is not valid"},
    {"empty extension", GOOD "x:\r\n", "line 5: the value of the field is empty or not valid"},
    {"not UTF-8", GOOD "x: \xfc\r\n", "line 5: the value of the field is empty or not valid"},
    {"control",
     GOOD "x: a\x01"
          "b\r\n",
     "line 5: the value of the field is empty or not valid"},
    {"bare CR", "version: STSv1\rmode: none\r\n", "line 1: version is not \"STSv1\""},
};

static void show(struct buf *b, int st, const struct mta_sts_policy *p, const struct mp_err *err)
{
    if (st != MP_OK) {
        buf_addz(b, err->text);
        return;
    }
    buf_addf(b, "%s %u", mta_sts_mode_name(p->mode), (unsigned)p->max_age_s);
    for (size_t i = 0; i < p->n_mx; i++)
        buf_addf(b, " " STR_FMT, STR_ARG(p->mx[i]));
    buf_addz(b, p->lf_only ? " lf" : "");
    buf_addz(b, p->blank_lines ? " blank" : "");
}

static void test_policies(void)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct mta_sts_policy p;
        struct mp_err err = {0};
        buf_reset(&b);
        tap_case("policy: %s", policies[i].label);
        int st = mta_sts_policy_parse(str_from(policies[i].body), &p, &err);
        tap_ok(st == MP_OK || st == MP_E_SYNTAX);
        show(&b, st, &p, &err);
        tap_str(buf_str(&b), str_from(policies[i].shown));
    }
    buf_clear(&b);
}

/* A good policy, and in front of it `n` times the line. */
static int parse_repeated(const char *line, size_t n, struct mta_sts_policy *p, struct mp_err *err)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_addz(&b, GOOD);
    for (size_t i = 0; i < n; i++)
        buf_addz(&b, line);
    int st = mta_sts_policy_parse(buf_str(&b), p, err);
    p->n_mx = st == MP_OK ? p->n_mx : 0;
    buf_clear(&b);
    return st;
}

static void test_limits(void)
{
    struct mta_sts_policy p;
    struct mp_err err = {0};
    size_t fill = (MTA_STS_POLICY_MAX_BYTES - (sizeof GOOD - 1)) / 5;
    tap_case("policy: 100 mx lines, not more");
    tap_int(parse_repeated("mx: b.test\r\n", MTA_STS_MAX_MX - 1, &p, &err), MP_OK);
    tap_int(p.n_mx, MTA_STS_MAX_MX);
    tap_int(parse_repeated("mx: b.test\r\n", MTA_STS_MAX_MX, &p, &err), MP_E_SYNTAX);
    tap_cstr(err.text, "line 104: more mx lines than the 100 that are read");
    tap_int(err.detail, 104);
    tap_case("policy: 64 KiB, not more");
    tap_int(parse_repeated("x: y\n", fill, &p, &err), MP_OK);
    tap_int(parse_repeated("x: y\n", fill + 1, &p, &err), MP_E_SYNTAX);
    tap_cstr(err.text, "the policy is longer than 65536 bytes");
    tap_case("policy: NUL is no value");
    tap_int(mta_sts_policy_parse(STR(GOOD "x: a\0b\r\n"), &p, &err), MP_E_SYNTAX);
    tap_int(mta_sts_policy_parse(STR("version: STSv1\0\r\n"), &p, &err), MP_E_SYNTAX);
    tap_case("mode: names");
    tap_cstr(mta_sts_mode_name((enum mta_sts_mode)9), "?");
}

static const struct {
    const char *pattern, *host;
    bool want;
} matches[] = {
    {"mx.a.test", "mx.a.test", true},
    {"mx.a.test", "MX.A.Test", true},
    {"MX.A.TEST", "mx.a.test", true},
    {"mx.a.test", "mx.a.test.", true},
    {"*.a.test", "mx.a.test", true},
    {"*.A.test", "MX.a.TEST.", true},
    {"*.a.test", "*.a.test", true}, /* any one label */
    {"*.a.test", "b.mx.a.test", false},
    {"*.a.test", "a.test", false},
    {"*.a.test", ".a.test", false},
    {"*.a.test", "mxa.test", false},
    {"*.a.test", "mx.b.test", false},
    {"*.a.test", "mx.a.test..", false},
    {"mx.a.test", "mx.a.tes", false},
    {"mx.a.test", "x.mx.a.test", false},
    {"mx.a.test", "", false},
    {"mx.a.test", ".", false},
    {"", "", false},
    {"*", "a", false},
    {"*.", "a.", false},
    {"*.test", "a.test", true},
    {"*.test", "test", false},
};

static void test_hosts(void)
{
    struct mta_sts_policy p = {.mx = {STR("a.test"), STR("*.b.test")}, .n_mx = 2};
    for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
        tap_case("pattern %s, host %s", matches[i].pattern, matches[i].host);
        tap_int(mta_sts_matches(str_from(matches[i].pattern), str_from(matches[i].host)),
                matches[i].want);
    }
    tap_case("a policy allows what one of its patterns matches");
    tap_ok(mta_sts_allows(&p, STR("a.test")));
    tap_ok(mta_sts_allows(&p, STR("mx.b.test")));
    tap_ok(!mta_sts_allows(&p, STR("b.test")));
    p.n_mx = 0;
    tap_ok(!mta_sts_allows(&p, STR("a.test")));
}

/* Whatever is cut off or changed, in a block of just that size (for ASan). */
static void test_truncations(void)
{
    tap_case("every truncation");
    for (size_t n = 0; n <= sizeof GOOD - 1; n++) {
        char *copy = malloc(n == 0 ? 1 : n);
        struct mta_sts_policy p;
        struct mta_sts_record r;
        if (copy == NULL)
            abort();
        memcpy(copy, GOOD, n);
        int st = mta_sts_policy_parse(str_make(copy, n), &p, NULL);
        /* whole from the first digit of max_age on */
        tap_int(st, n < sizeof GOOD - sizeof "6400\r\n" ? MP_E_SYNTAX : MP_OK);
        mta_sts_record_parse(str_make(copy, n), &r);
        free(copy);
    }
}

int main(void)
{
    test_records();
    test_policies();
    test_limits();
    test_hosts();
    test_truncations();
    return tap_done();
}
