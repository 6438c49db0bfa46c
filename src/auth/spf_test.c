/* SPF: every term, limit, explanation, identity and finding over our own zone. */
#include "auth/spf_internal.h"
#include "tests/spf_world.h"

enum { LONG_BYTES = 20000 };

/* ---- records: syntax, terms, limits ---- */

static const struct {
    const char *record, *client;
    enum spf_result want;
    int lookups, voids;    /* -1: not looked at */
    const char *mechanism; /* NULL: not looked at */
    const char *in_reason; /* NULL: no reason may stand */
} rows[] = {
    /* selection (4.5) and the default result (4.7) */
    {"v=spf1", FROM_HOST, SPF_NEUTRAL, 0, 0, "default", NULL},
    {"v=spf1 ", FROM_HOST, SPF_NEUTRAL, 0, 0, "default", NULL},
    {"V=SPF1 IP4:192.0.2.10 -ALL", FROM_HOST, SPF_PASS, 0, 0, "IP4:192.0.2.10", NULL},
    {"v=spf10 -all", FROM_HOST, SPF_NONE, 0, 0, "", "publishes no SPF record"},
    {" v=spf1 -all", FROM_HOST, SPF_NONE, 0, 0, "", "publishes no SPF record"},
    {"\"v=spf1 -all\"", FROM_HOST, SPF_NONE, 0, 0, "", "publishes no SPF record"},
    {"v=spf1\t-all", FROM_HOST, SPF_NONE, 0, 0, "", "publishes no SPF record"},
    /* whole record first (4.6) */
    {"v=spf1 +all foo", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism 'foo'"},
    {"v=spf1 +all foo:bar/1", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 ip4:192.0.2.10 a:x.test/33", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 -all.", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 all:x.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "takes no argument"},
    {"v=spf1 all/8", FROM_HOST, SPF_PERMERROR, 0, 0, "", "takes no argument"},
    {"v=spf1 ++all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 -", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 a\t-all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 a:x\x01.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "not printable ASCII"},
    {"v=spf1 a:b\xc3\xbc.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "not printable ASCII"},
    {"v=spf1   ip4:192.0.2.10   -all  ", FROM_HOST, SPF_PASS, 0, 0, "ip4:192.0.2.10", NULL},
    /* qualifiers (4.6.2) */
    {"v=spf1 +all", FROM_HOST, SPF_PASS, 0, 0, "+all", NULL},
    {"v=spf1 all", FROM_HOST, SPF_PASS, 0, 0, "all", NULL},
    {"v=spf1 -all", FROM_HOST, SPF_FAIL, 0, 0, "-all", NULL},
    {"v=spf1 ~all", FROM_HOST, SPF_SOFTFAIL, 0, 0, "~all", NULL},
    {"v=spf1 ?all", FROM_HOST, SPF_NEUTRAL, 0, 0, "?all", NULL},
    /* modifiers (6) */
    {"v=spf1 x=%{d} y-_.1=a:b/c +all", FROM_HOST, SPF_PASS, 0, 0, "+all", NULL},
    {"v=spf1 x=%{c} +all", FROM_HOST, SPF_PASS, 0, 0, "+all", NULL},
    {"v=spf1 include=x +all", FROM_HOST, SPF_PASS, 0, 0, "+all", NULL},
    {"v=spf1 x=% +all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "a % that is not followed"},
    {"v=spf1 =x +all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 1x=y +all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 -x=y +all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 redirect:pass.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown mechanism"},
    {"v=spf1 redirect=", FROM_HOST, SPF_PERMERROR, 0, 0, "", "names no domain"},
    {"v=spf1 redirect=pass.test/24", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 exp= +all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "names no domain"},
    {"v=spf1 exp=%{r}.test +all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "only in explanation"},
    {"v=spf1 exp=a.test EXP=a.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "'exp=' stands twice"},
    {"v=spf1 redirect=a.test redirect=a.test", FROM_HOST, SPF_PERMERROR, 0, 0, "",
     "'redirect=' stands twice"},
    {"v=spf1 redirect=pass.test", FROM_HOST, SPF_PASS, 1, 0, "ip4:192.0.2.0/24", NULL},
    {"v=spf1 redirect=open.test ~all", FROM_HOST, SPF_SOFTFAIL, 0, 0, "~all", NULL},
    {"v=spf1 redirect=open.test ip4:192.0.2.1", FROM_HOST, SPF_PASS, 1, 0, "+all", NULL},
    {"v=spf1 redirect=nodata.test", FROM_HOST, SPF_PERMERROR, 1, 0, NULL,
     "nodata.test publishes no SPF record: 'redirect=nodata.test' in the record of r.test"},
    {"v=spf1 redirect=gone.test", FROM_HOST, SPF_PERMERROR, 1, 0, NULL, "does not exist"},
    {"v=spf1 redirect=broken.test", FROM_HOST, SPF_PERMERROR, 1, 0, NULL,
     "unknown mechanism 'foo:bar' in the record of broken.test"},
    {"v=spf1 redirect=servfail.test", FROM_HOST, SPF_TEMPERROR, 1, 0, NULL, "TXT lookup of"},
    /* ip4, ip6 (5.6) */
    {"v=spf1 ip4:192.0.2.0/28", FROM_HOST, SPF_PASS, 0, 0, "ip4:192.0.2.0/28", NULL},
    {"v=spf1 ip4:192.0.2.0/29", FROM_HOST, SPF_NEUTRAL, 0, 0, "default", NULL},
    {"v=spf1 ip4:10.0.0.0/0", FROM_HOST, SPF_PASS, 0, 0, NULL, NULL},
    {"v=spf1 ip4:192.0.2.10", FROM_SIX, SPF_NEUTRAL, 0, 0, NULL, NULL},
    {"v=spf1 ip4:192.0.2.10", "::ffff:192.0.2.10", SPF_PASS, 0, 0, NULL, NULL},
    {"v=spf1 ip4:192.0.2", FROM_HOST, SPF_PERMERROR, 0, 0, "", "no IPv4 address"},
    {"v=spf1 ip4:192.0.2.010", FROM_HOST, SPF_PERMERROR, 0, 0, "", "no IPv4 address"},
    {"v=spf1 ip4:2001:db8::", FROM_HOST, SPF_PERMERROR, 0, 0, "", "no IPv4 address"},
    {"v=spf1 ip4", FROM_HOST, SPF_PERMERROR, 0, 0, "", "no IPv4 address"},
    {"v=spf1 ip4:192.0.2.10/", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 ip4:192.0.2.10/33", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 ip4:192.0.2.10/08", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 ip4:192.0.2.10//32", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 ip4:192.0.2.10/99999999999999999999", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix"},
    {"v=spf1 ip6:2001:db8::/64", FROM_SIX, SPF_PASS, 0, 0, NULL, NULL},
    {"v=spf1 ip6:::/0", FROM_SIX, SPF_PASS, 0, 0, NULL, NULL},
    {"v=spf1 ip6:::/0", FROM_HOST, SPF_NEUTRAL, 0, 0, NULL, NULL},
    {"v=spf1 ip6:::ffff:192.0.2.10", FROM_HOST, SPF_NEUTRAL, 0, 0, NULL, NULL},
    {"v=spf1 ip6:2001:db8::/129", FROM_SIX, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 ip6:2001:db8::1::", FROM_SIX, SPF_PERMERROR, 0, 0, "", "no IPv6 address"},
    {"v=spf1 ip6:fe80::1%eth0", FROM_SIX, SPF_PERMERROR, 0, 0, "", "no IPv6 address"},
    /* a (5.3), domain-spec (7.1) */
    {"v=spf1 a", FROM_HOST, SPF_NEUTRAL, 1, 1, NULL, NULL},
    {"v=spf1 a:host.test", FROM_HOST, SPF_PASS, 1, 0, "a:host.test", NULL},
    {"v=spf1 a:host.test.", FROM_HOST, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 a:HOST.Test", FROM_SIX, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 a:mapped.test", FROM_HOST, SPF_NEUTRAL, 1, 1, NULL, NULL},
    {"v=spf1 a:only6.test", FROM_HOST, SPF_NEUTRAL, 1, 1, NULL, NULL},
    {"v=spf1 a:only4.test/24", FROM_HOST, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 a:only4.test/24//64", FROM_HOST, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 a:only4.test//64", FROM_HOST, SPF_NEUTRAL, 1, 0, NULL, NULL},
    {"v=spf1 a:only6.test/24//64", FROM_SIX, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 a:only6.test/0", FROM_SIX, SPF_NEUTRAL, 1, 0, NULL, NULL},
    {"v=spf1 a:only4.test/24/64", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 a:only4.test///64", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 a:only4.test//", FROM_HOST, SPF_PERMERROR, 0, 0, "", "prefix length"},
    {"v=spf1 a:a:b/c.test", FROM_HOST, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 a:192.0.2.10", FROM_HOST, SPF_PERMERROR, 0, 0, "", "ip4 is meant"},
    {"v=spf1 a:192.0.2.10/24", FROM_HOST, SPF_PERMERROR, 0, 0, "", "ip4 is meant"},
    {"v=spf1 a:2001:db8::1", FROM_HOST, SPF_PERMERROR, 0, 0, "", "ip6 is meant"},
    {"v=spf1 a:", FROM_HOST, SPF_PERMERROR, 0, 0, "", "names no domain"},
    {"v=spf1 a:test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 a:x.123", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 a:x.-y", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 a:x.y-", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 a:x..", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 a:%{d}x", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 a:%{x}.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "unknown macro letter"},
    {"v=spf1 a:%{d0}", FROM_HOST, SPF_PERMERROR, 0, 0, "", "keeps 0 parts"},
    {"v=spf1 a:%{d", FROM_HOST, SPF_PERMERROR, 0, 0, "", "not closed"},
    {"v=spf1 a:%", FROM_HOST, SPF_PERMERROR, 0, 0, "", "a % that is not followed"},
    {"v=spf1 a:%{t}.test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "only in explanation"},
    {"v=spf1 a:host..test -all", FROM_HOST, SPF_FAIL, 1, 0, NULL, NULL},
    {"v=spf1 a:%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}%{l}.x.test -all", FROM_HOST, SPF_FAIL,
     1, 1, NULL, NULL},
    {"v=spf1 a:servfail.test +all", FROM_HOST, SPF_TEMPERROR, 1, 0, "a:servfail.test",
     "the A lookup of servfail.test failed"},
    {"v=spf1 a:timeout.test +all", FROM_SIX, SPF_TEMPERROR, 1, 0, NULL, "the AAAA lookup of"},
    {"v=spf1 a:bogus.test +all", FROM_HOST, SPF_TEMPERROR, 1, 0, NULL, "bogus.test failed"},
    /* mx (5.4) */
    {"v=spf1 mx", FROM_HOST, SPF_NEUTRAL, 1, 1, NULL, NULL},
    {"v=spf1 mx:mail.test", FROM_HOST, SPF_PASS, 1, 0, "mx:mail.test", NULL},
    {"v=spf1 mx:mail.test", FROM_SIX, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 mx:mail.test", FROM_ELSE, SPF_NEUTRAL, 1, 0, NULL, NULL},
    {"v=spf1 mx:mail.test/24", "192.0.2.200", SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 mx:nullmx.test -all", FROM_HOST, SPF_FAIL, 1, 0, NULL, NULL},
    {"v=spf1 mx:host.test -all", FROM_HOST, SPF_FAIL, 1, 1, NULL, NULL},
    {"v=spf1 mx:deadmx.test +all", FROM_HOST, SPF_PERMERROR, 1, 3, NULL,
     "more than 2 lookups without an answer: the next is gone3.test for 'mx:deadmx.test'"},
    {"v=spf1 mx:sickmx.test +all", FROM_HOST, SPF_TEMPERROR, 1, 0, NULL, "servfail.test"},
    {"v=spf1 mx:servfail.test +all", FROM_HOST, SPF_TEMPERROR, 1, 0, NULL, "the MX lookup"},
    {"v=spf1 mx:ten.test", "198.51.100.10", SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 mx:eleven.test", "198.51.100.1", SPF_PERMERROR, 1, 0, NULL,
     "11 MX records of eleven.test"},
    /* ptr (5.5) */
    {"v=spf1 ptr:test", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 ptr:host.test", FROM_HOST, SPF_PASS, 1, 0, "ptr:host.test", NULL},
    {"v=spf1 ptr:ost.test", FROM_HOST, SPF_NEUTRAL, 1, 0, NULL, NULL},
    {"v=spf1 ptr:liar.test", "192.0.2.99", SPF_NEUTRAL, 1, 0, NULL, NULL},
    {"v=spf1 ptr:host.test", FROM_ELSE, SPF_NEUTRAL, 1, 1, NULL, NULL},
    {"v=spf1 ptr/24", FROM_HOST, SPF_PERMERROR, 0, 0, "", "names no domain"},
    /* exists (5.7) */
    {"v=spf1 exists", FROM_HOST, SPF_PERMERROR, 0, 0, "", "names no domain"},
    {"v=spf1 exists:host.test/32", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    {"v=spf1 exists:host.test", FROM_ELSE, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 exists:only4.test", FROM_SIX, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 exists:only6.test", FROM_SIX, SPF_NEUTRAL, 1, 1, NULL, NULL},
    {"v=spf1 exists:%{ir}.list.test", FROM_HOST, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 exists:timeout.test +all", FROM_HOST, SPF_TEMPERROR, 1, 0, NULL, "timeout.test"},
    {"v=spf1 exists:%{p} -all", FROM_HOST, SPF_PASS, 1, 0, NULL, NULL},
    {"v=spf1 exists:%{p}.none.test -all", FROM_ELSE, SPF_FAIL, 1, 1, NULL, NULL},
    /* include (5.2) */
    {"v=spf1 include:pass.test -all", FROM_HOST, SPF_PASS, 1, 0, "include:pass.test", NULL},
    {"v=spf1 -include:pass.test +all", FROM_HOST, SPF_FAIL, 1, 0, "-include:pass.test", NULL},
    {"v=spf1 include:fail.test ?all", FROM_HOST, SPF_NEUTRAL, 1, 0, "?all", NULL},
    {"v=spf1 include:softfail.test -all", FROM_HOST, SPF_FAIL, 1, 0, "-all", NULL},
    {"v=spf1 include:neutral.test -all", FROM_HOST, SPF_FAIL, 1, 0, "-all", NULL},
    {"v=spf1 include:empty.test -all", FROM_HOST, SPF_FAIL, 1, 0, "-all", NULL},
    {"v=spf1 include:nodata.test +all", FROM_HOST, SPF_PERMERROR, 1, 0, NULL, "no SPF record"},
    {"v=spf1 include:gone.test +all", FROM_HOST, SPF_PERMERROR, 1, 0, NULL,
     "gone.test does not exist: 'include:gone.test' in the record of r.test"},
    {"v=spf1 include:broken.test +all", FROM_HOST, SPF_PERMERROR, 1, 0, NULL, "broken.test"},
    {"v=spf1 include:two.test +all", FROM_HOST, SPF_PERMERROR, 1, 0, NULL,
     "2 SPF records where one may stand in the record of two.test"},
    {"v=spf1 include:timeout.test +all", FROM_HOST, SPF_TEMPERROR, 1, 0, NULL, "timeout.test"},
    {"v=spf1 include:%{h} +all", FROM_HOST, SPF_PERMERROR, 1, 0, NULL, "is not a domain name"},
    {"v=spf1 include:domain.test -all", FROM_HOST, SPF_PASS, 2, 0, NULL, NULL},
    {"v=spf1 include:chain1.test -all", FROM_HOST, SPF_PASS, 4, 0, NULL, NULL},
    {"v=spf1 include:chain1.test -all", "192.0.2.44", SPF_PASS, 5, 0, NULL, NULL},
    {"v=spf1 include:chain1.test -all", FROM_ELSE, SPF_FAIL, 6, 1, NULL, NULL},
    {"v=spf1 include -all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "names no domain"},
    {"v=spf1 include:pass.test/24 -all", FROM_HOST, SPF_PERMERROR, 0, 0, "", "top-level"},
    /* limits (4.6.4) */
    {"v=spf1 a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test "
     "a:only4.test a:only4.test a:only4.test a:host.test -all",
     FROM_HOST, SPF_PASS, 10, 0, "a:host.test", NULL},
    {"v=spf1 a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test "
     "a:only4.test a:only4.test a:only4.test a:only4.test ip4:192.0.2.10 a:host.test -all",
     FROM_HOST, SPF_PASS, 10, 0, "ip4:192.0.2.10", NULL},
    {"v=spf1 a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test "
     "a:only4.test a:only4.test a:only4.test a:only4.test a:host.test -all",
     FROM_HOST, SPF_PERMERROR, 11, 0, "a:host.test",
     "more than 10 DNS lookups: the next is 'a:host.test' in the record of r.test"},
    {"v=spf1 include:loop.test -all", FROM_HOST, SPF_PERMERROR, 11, 0, NULL, "more than 10 DNS"},
    {"v=spf1 redirect=rloop.test", FROM_HOST, SPF_PERMERROR, 11, 0, NULL,
     "the next is 'redirect=rloop.test' in the record of rloop.test"},
    {"v=spf1 a:n1.test a:n2.test +all", FROM_HOST, SPF_PASS, 2, 2, NULL, NULL},
    {"v=spf1 a:n1.test exists:nodata.test mx:n2.test +all", FROM_HOST, SPF_PERMERROR, 3, 3, NULL,
     "more than 2 lookups without an answer"},
    {"v=spf1 ptr:x.test a:n1.test a:n2.test +all", FROM_ELSE, SPF_PERMERROR, 3, 3, NULL,
     "the next is n2.test"},
};

static void check_row(size_t i)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(str_from(rows[i].record));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req =
        request(rows[i].client, "helo", STR("<aaaaaaaaaaaaaaaaaaaaaa@r.test>"));
    tap_case("spf: %s from %s", rows[i].record, rows[i].client);
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_cstr(spf_result_name(out.result), spf_result_name(rows[i].want));
    if (rows[i].lookups >= 0)
        tap_int(out.lookups, rows[i].lookups);
    if (rows[i].voids >= 0)
        tap_int(out.void_lookups, rows[i].voids);
    if (rows[i].mechanism != NULL)
        tap_str(out.mechanism, str_from(rows[i].mechanism));
    if (rows[i].in_reason == NULL)
        tap_str(out.reason, STR(""));
    else if (!tap_ok(str_search(out.reason, str_from(rows[i].in_reason)) < out.reason.n))
        tap_note("reason: " STR_FMT, STR_ARG(out.reason));
    bench_clear(&b);
    dns_zone_free(z);
}

/* Records that are too long to write down: `start`, `n` times `term`, then `end`. */
static const struct {
    const char *start, *term, *end;
    int n;
    enum spf_result want;
} long_rows[] = {
    {"v=spf1", " ip4:203.0.113.1", " ip4:192.0.2.10", 1000, SPF_PASS},
    {"v=spf1", " x=1", " +all", SPF_RECORD_MAX_TERMS - 1, SPF_PASS},
    {"v=spf1", " x=1", " +all", SPF_RECORD_MAX_TERMS, SPF_PERMERROR},
    {"v=spf1", " x=aaaaaaaaaaaaaaaaaaaaaaaaa", " +all", 600, SPF_PERMERROR},
    {"v=spf1 a:", "%{s}", ".test -all", 1000, SPF_FAIL},
    {"v=spf1 a:", "%%x", ".test -all", 1500, SPF_PERMERROR},
    {"v=spf1 ip4:1.1.1.1/", "9", " -all", 300, SPF_PERMERROR},
    {"v=spf1 exists:%{i", "9", "}.list.test -all", 300, SPF_FAIL},
};

static void check_long_row(size_t i)
{
    struct bench b;
    struct buf record;
    struct spf_outcome out = {0};
    struct spf_request req = request(FROM_HOST, "helo", STR("a@r.test"));
    buf_init(&record, 64 * 1024);
    buf_addz(&record, long_rows[i].start);
    for (int k = 0; k < long_rows[i].n; k++)
        buf_addz(&record, long_rows[i].term);
    buf_addz(&record, long_rows[i].end);
    struct dns_zone *z = world(buf_str(&record));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    tap_case("spf: %d times '%s'", long_rows[i].n, long_rows[i].term);
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_cstr(spf_result_name(out.result), spf_result_name(long_rows[i].want));
    tap_ok(out.n_trace <= SPF_TRACE_MAX);
    bench_clear(&b);
    dns_zone_free(z);
    buf_clear(&record);
}

/* ---- explanations ---- */

static const struct {
    const char *record, *want;
    bool control;
} exp_rows[] = {
    {"v=spf1 -all", "", false},
    {"v=spf1 exp=why.test -all",
     "192.0.2.10 may not send as a@r.test (192.0.2.10 helo mx.here.test 1234567890 host.test "
     "% %20)",
     false},
    {"v=spf1 -all exp=%{d}.why.test", "named by a macro", false},
    {"v=spf1 exp=why-two.test -all", "", false},
    {"v=spf1 exp=why-control.test -all", "", true},
    {"v=spf1 exp=why-8bit.test -all", "", false},
    {"v=spf1 exp=why-syntax.test -all", "", false},
    {"v=spf1 exp=gone.test -all", "", false},
    {"v=spf1 exp=servfail.test -all", "", false},
    {"v=spf1 exp=host.test -all", "", false},
    {"v=spf1 exp=a..b.test -all", "", false},
    {"v=spf1 exp=why.test redirect=fail.test", "of the inner record", false},
    {"v=spf1 exp=why-local.test include:fail.test -all", "sent by a", false},
    {"v=spf1 exp=why-local.test ~all", "", false},
    {"v=spf1 a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test a:only4.test "
     "a:only4.test a:only4.test a:only4.test a:only4.test exp=why-local.test -all",
     "sent by a", false},
};

static void check_exp(size_t i)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(str_from(exp_rows[i].record));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req = request(FROM_HOST, "helo", STR("a@r.test"));
    tap_case("explanation: %s", exp_rows[i].record);
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_str(out.explanation, str_from(exp_rows[i].want));
    tap_int(out.exp_control, exp_rows[i].control);
    spf_findings(&b.ctx, &req, &out);
    tap_int(finding_has(&b.findings, FINDING_AUTH_EXP_CONTROL), exp_rows[i].control);
    bench_clear(&b);
    dns_zone_free(z);
}

/* ---- identities ---- */

static const struct {
    struct str mail_from;
    const char *helo, *client;
    enum spf_result want;
    enum spf_identity identity;
    const char *domain, *sender;
} identity_rows[] = {
    {STR_INIT("<a@pass.test>"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test", "a@pass.test"},
    {STR_INIT("a@PASS.Test"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test", "a@pass.test"},
    {STR_INIT("@pass.test"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test",
     "postmaster@pass.test"},
    {STR_INIT("pass.test"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test",
     "postmaster@pass.test"},
    {STR_INIT("a@pass.test."), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test", "a@pass.test"},
    {STR_INIT("<\"a b@c\"@pass.test>"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test",
     "a b@c@pass.test"},
    {STR_INIT("a b@pass.test"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test",
     "a b@pass.test"},
    {STR_INIT("a..b.@pass.test"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "pass.test",
     "a..b.@pass.test"},
    {STR_INIT("<@fail.test,@x.test:a@pass.test>"), "x", FROM_HOST, SPF_PASS, SPF_MAILFROM,
     "pass.test", "a@pass.test"},
    {STR_INIT(""), "pass.test", FROM_HOST, SPF_PASS, SPF_HELO, "pass.test", "postmaster@pass.test"},
    {STR_INIT("<>"), "fail.test", FROM_HOST, SPF_FAIL, SPF_HELO, "fail.test",
     "postmaster@fail.test"},
    {STR_INIT("<>"), "[192.0.2.10]", FROM_HOST, SPF_NONE, SPF_HELO, "[192.0.2.10]", ""},
    {STR_INIT("<>"), "localhost", FROM_HOST, SPF_NONE, SPF_HELO, "localhost", ""},
    {STR_INIT("<>"), "", FROM_HOST, SPF_NONE, SPF_HELO, "", ""},
    /* not paths: none, and never HELO instead (auth.md C2, C5) */
    {STR_INIT("(a@fail.test"), "pass.test", FROM_HOST, SPF_NONE, SPF_MAILFROM, "(a@fail.test", ""},
    {STR_INIT("a@pass.test(x.fail.test"), "pass.test", FROM_HOST, SPF_NONE, SPF_MAILFROM,
     "pass.test(x.fail.test", ""},
    {STR_INIT("a@pass.test\0.x.test"), "pass.test", FROM_HOST, SPF_NONE, SPF_MAILFROM,
     "pass.test\0.x.test", ""},
    {STR_INIT("a@pass.test x.test"), "pass.test", FROM_HOST, SPF_NONE, SPF_MAILFROM,
     "pass.test x.test", ""},
    {STR_INIT("a\0b@pass.test"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "a\0b@pass.test", ""},
    {STR_INIT("\"a@pass.test"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "\"a@pass.test", ""},
    {STR_INIT("a@b@pass.test"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "a@b@pass.test", ""},
    {STR_INIT("a@pass..test"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "pass..test", ""},
    {STR_INIT("a@test"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "test", ""},
    {STR_INIT("a@[192.0.2.10]"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "[192.0.2.10]", ""},
    {STR_INIT("a@"), "pass.test", FROM_HOST, SPF_NONE, SPF_MAILFROM, "", ""},
    /* clients */
    {STR_INIT("a@pass.test"), "x", NULL, SPF_NONE, SPF_MAILFROM, "pass.test", ""},
    {STR_INIT("a@pass.test"), "x", "::ffff:192.0.2.10", SPF_PASS, SPF_MAILFROM, "pass.test",
     "a@pass.test"},
    /* RFC 8616: U-labels are asked as A-labels; a local part that is not ASCII matches nothing */
    {STR_INIT("a@b\xc3\xbc"
              "cher.test"),
     "x", FROM_HOST, SPF_PASS, SPF_MAILFROM, "xn--bcher-kva.test", "a@xn--bcher-kva.test"},
    {STR_INIT("a@b\xc3.test"), "x", FROM_HOST, SPF_NONE, SPF_MAILFROM, "b\xc3.test", ""},
};

static void check_identity(size_t i)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(STR_NONE);
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req =
        request(identity_rows[i].client, identity_rows[i].helo, identity_rows[i].mail_from);
    tap_case("identity: row %zu, " STR_FMT, i, STR_ARG(identity_rows[i].mail_from));
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_cstr(spf_result_name(out.result), spf_result_name(identity_rows[i].want));
    tap_int(out.identity, identity_rows[i].identity);
    tap_str(str_slice(out.domain, 0, strlen(identity_rows[i].domain)),
            str_from(identity_rows[i].domain));
    tap_str(out.sender, str_from(identity_rows[i].sender));
    tap_ok((out.reason.n != 0) == (out.result == SPF_NONE));
    if (out.result == SPF_NONE)
        tap_int(dns_view_count(b.ctx.dns), 0);
    bench_clear(&b);
    dns_zone_free(z);
}

static void check_hostile_paths(void)
{
    static char path[LONG_BYTES];
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(STR("v=spf1 exists:%{l}.list.test ip4:192.0.2.10 -all"));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    tap_case("identity: a domain of 20,000 octets is none, without a question");
    memset(path, 'b', sizeof path);
    for (size_t i = 1; i < sizeof path; i += 60)
        path[i] = '.';
    path[1] = '@';
    memcpy(path + sizeof path - 10, ".pass.test", 10);
    struct spf_request req = request(FROM_HOST, "x", str_make(path, sizeof path));
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_int(out.result, SPF_NONE);
    tap_int(dns_view_count(b.ctx.dns), 0);
    tap_case("identity: a local part of 20,000 octets is used whole");
    memset(path, 'a', sizeof path);
    memcpy(path + sizeof path - 7, "@r.test", 7);
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_cstr(spf_result_name(out.result), "pass");
    tap_int(out.sender.n, sizeof path);
    tap_case("identity: HELO by itself");
    req = request(FROM_HOST, "pass.test", STR("a@fail.test"));
    tap_int(spf_check_helo(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_int(out.result, SPF_PASS);
    tap_int(out.identity, SPF_HELO);
    tap_str(out.domain, STR("pass.test"));
    bench_clear(&b);
    dns_zone_free(z);
}

/* RFC 8616 4: terms with %{l} or %{s} do not match for a local part that is not ASCII. */
static void check_eai_local(void)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(STR("v=spf1 exists:%{l}.list.test include:%{s}.test ?all"));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req = request(FROM_HOST, "x", STR("\xc3\xbc@r.test"));
    tap_case("identity: a local part that is not ASCII matches no macro");
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    tap_int(out.result, SPF_NEUTRAL);
    tap_int(out.lookups, 2);
    tap_int(dns_view_count(b.ctx.dns), 1);
    bench_clear(&b);
    dns_zone_free(z);
}

/* ---- findings, Received-SPF ---- */

static const struct {
    const char *record;
    int finding; /* -1: none */
    bool plus_all;
    unsigned broad;
} finding_rows[] = {
    {"v=spf1 ip4:192.0.2.0/24 -all", -1, false, 0},
    {"v=spf1 ip4:192.0.0.0/16 -all", -1, false, 0},
    {"v=spf1 ip4:192.0.2.0/24 ip4:203.0.0.0/8 -all", FINDING_AUTH_SPF_BROAD_RANGE, false, 0},
    {"v=spf1 ip4:192.0.2.0/24 ?ip4:203.0.0.0/8 -all", -1, false, 0},
    {"v=spf1 ip4:192.0.0.0/15 -all", FINDING_AUTH_SPF_BROAD_RANGE, false, 15},
    {"v=spf1 a:only4.test/8 -all", FINDING_AUTH_SPF_BROAD_RANGE, false, 8},
    {"v=spf1 ip4:192.0.0.0/0 -all", FINDING_AUTH_SPF_PLUS_ALL, true, 0},
    {"v=spf1 +all", FINDING_AUTH_SPF_PLUS_ALL, true, 0},
    {"v=spf1 include:open.test -all", FINDING_AUTH_SPF_PLUS_ALL, true, 0},
    {"v=spf1 redirect=open.test", FINDING_AUTH_SPF_PLUS_ALL, true, 0},
    {"v=spf1 ptr:host.test -all", -1, false, 0},
    {"v=spf1 ?all", -1, false, 0},
    {"v=spf1 -include:open.test", FINDING_AUTH_SPF_FAIL, false, 0},
    {"v=spf1 -all", FINDING_AUTH_SPF_FAIL, false, 0},
    {"v=spf1 ~all", FINDING_AUTH_SPF_SOFTFAIL, false, 0},
    {"v=spf1 foo", FINDING_AUTH_SPF_PERMERROR, false, 0},
    {"v=spf1 a:timeout.test", FINDING_AUTH_SPF_TEMPERROR, false, 0},
};

static void check_finding(size_t i)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(str_from(finding_rows[i].record));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req = request(FROM_HOST, "helo", STR("a@r.test"));
    tap_case("finding: %s", finding_rows[i].record);
    tap_int(spf_check(&b.ctx, &req, &out, &b.err), MP_OK);
    spf_findings(&b.ctx, &req, &out);
    tap_int(out.plus_all, finding_rows[i].plus_all);
    tap_int(out.broad_prefix, finding_rows[i].broad);
    tap_int(b.findings.n, finding_rows[i].finding < 0 ? 0 : 1);
    if (b.findings.n != 0)
        tap_int(b.findings.items[0].id, finding_rows[i].finding);
    bench_clear(&b);
    dns_zone_free(z);
}

static void check_received_spf(void)
{
    struct buf b;
    char client[] = FROM_HOST;
    struct spf_request req = request(client, "h\r\nX: \"1\"\\", STR("<a@r.test>"));
    struct spf_outcome out = {.result = SPF_FAIL,
                              .domain = STR("r.test"),
                              .sender = STR("a)(@r.test"),
                              .mechanism = STR("-all")};
    buf_init(&b, 4096);
    received_spf_write(&b, &req, &out, STR("mx.here.test"));
    tap_case("Received-SPF: everything from outside is quoted");
    tap_str(buf_str(&b),
            STR("fail (mx.here.test: domain of a??@r.test does not designate 192.0.2.10 as "
                "permitted sender)\r\n\treceiver=\"mx.here.test\";\r\n\tidentity=\"mailfrom\";\r\n"
                "\tclient-ip=\"192.0.2.10\";\r\n\thelo=\"h??X: \\\"1\\\"\\\\\";\r\n"
                "\tenvelope-from=\"a@r.test\";\r\n\tmechanism=\"-all\""));
    buf_reset(&b);
    out = (struct spf_outcome){.result = SPF_PERMERROR,
                               .identity = SPF_HELO,
                               .reason = STR("unknown mechanism 'a(' in the record of r.test")};
    req = request("2001:db8::1", "r.test", STR(""));
    received_spf_write(&b, &req, &out, STR(""));
    tap_case("Received-SPF: an error gives its problem");
    tap_str(buf_str(&b),
            STR("permerror (unknown mechanism 'a?' in the record of r.test)\r\n"
                "\treceiver=\"unknown\";\r\n\tidentity=\"helo\";\r\n\tclient-ip=\"2001:db8::1\";"
                "\r\n\thelo=\"r.test\";\r\n"
                "\tproblem=\"unknown mechanism 'a(' in the record of r.test\""));
    buf_clear(&b);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(i);
    for (size_t i = 0; i < ARRAY_LEN(long_rows); i++)
        check_long_row(i);
    for (size_t i = 0; i < ARRAY_LEN(exp_rows); i++)
        check_exp(i);
    for (size_t i = 0; i < ARRAY_LEN(identity_rows); i++)
        check_identity(i);
    check_hostile_paths();
    check_eai_local();
    for (size_t i = 0; i < ARRAY_LEN(finding_rows); i++)
        check_finding(i);
    check_received_spf();
    return tap_done();
}
