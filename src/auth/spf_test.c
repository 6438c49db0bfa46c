/* SPF: every term, limit, macro and identity over our own zone; and the order of answers. */
#include "auth/spf.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/spf_internal.h"
#include "dns/zone.h"
#include "tests/tap.h"

enum { BUDGET_BYTES = 4 * 1024 * 1024, LONG_BYTES = 20000 };

/* ---- the world ---- */

static const struct {
    const char *name;
    enum dns_type type;
    const char *data;
} zone_rows[] = {
    {"host.test", DNS_A, "192.0.2.10"},
    {"host.test", DNS_AAAA, "2001:db8::10"},
    {"only4.test", DNS_A, "192.0.2.44"},
    {"only6.test", DNS_AAAA, "2001:db8::66"},
    {"mapped.test", DNS_AAAA, "::ffff:192.0.2.10"},
    {"mail.test", DNS_MX, "10 host.test."},
    {"mail.test", DNS_MX, "20 only4.test."},
    {"nullmx.test", DNS_MX, "0 ."},
    {"deadmx.test", DNS_MX, "10 gone1.test."},
    {"deadmx.test", DNS_MX, "20 gone2.test."},
    {"deadmx.test", DNS_MX, "30 gone3.test."},
    {"sickmx.test", DNS_MX, "10 servfail.test."},
    {"nodata.test", DNS_TXT, "hello"},
    {"pass.test", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"},
    {"fail.test", DNS_TXT, "v=spf1 -all exp=why-inner.test"},
    {"softfail.test", DNS_TXT, "v=spf1 ~all"},
    {"neutral.test", DNS_TXT, "v=spf1 ?all"},
    {"open.test", DNS_TXT, "v=spf1 +all"},
    {"empty.test", DNS_TXT, "v=spf1"},
    {"broken.test", DNS_TXT, "v=spf1 foo:bar -all"},
    {"two.test", DNS_TXT, "v=spf1 -all"},
    {"two.test", DNS_TXT, "v=spf1 ~all"},
    {"chain1.test", DNS_TXT, "v=spf1 include:chain2.test ~all"},
    {"chain2.test", DNS_TXT, "v=spf1 redirect=chain3.test"},
    {"chain3.test", DNS_TXT, "v=spf1 a:host.test mx:mail.test exists:%{ir}.list.test ?all"},
    {"10.2.0.192.list.test", DNS_A, "127.0.0.2"},
    {"loop.test", DNS_TXT, "v=spf1 include:loop.test -all"},
    {"rloop.test", DNS_TXT, "v=spf1 redirect=rloop.test"},
    {"domain.test", DNS_TXT, "v=spf1 exists:%{d}.is.%{o}.from.test -all"},
    {"domain.test.is.r.test.from.test", DNS_A, "127.0.0.2"},
    {"10.2.0.192.in-addr.arpa", DNS_PTR, "liar.test."},
    {"10.2.0.192.in-addr.arpa", DNS_PTR, "servfail.test."},
    {"10.2.0.192.in-addr.arpa", DNS_PTR, "host.test."},
    {"44.2.0.192.in-addr.arpa", DNS_PTR, "only4.test."},
    {"99.2.0.192.in-addr.arpa", DNS_PTR, "liar.test."},
    {"liar.test", DNS_A, "203.0.113.99"},
    {"why.test", DNS_TXT, "%{i} may not send as %{s} (%{c} %{h} %{r} %{t} %{p} %%%_%-)"},
    {"why-inner.test", DNS_TXT, "of the inner record"},
    {"why-two.test", DNS_TXT, "one"},
    {"why-two.test", DNS_TXT, "two"},
    {"why-control.test", DNS_TXT, "stop\r\nX-Forged: yes"},
    {"why-8bit.test", DNS_TXT,
     "stra\xc3\x9f"
     "e"},
    {"why-syntax.test", DNS_TXT, "100% wrong"},
    {"why-local.test", DNS_TXT, "sent by %{l}"},
    {"r.test.why.test", DNS_TXT, "named by a macro"},
    {"a:b/c.test", DNS_A, "192.0.2.10"},
    {"xn--bcher-kva.test", DNS_TXT, "v=spf1 exists:%{o}.eai.test ?exists:%{l}.any.test -all"},
    {"xn--bcher-kva.test.eai.test", DNS_A, "127.0.0.2"},
};

static const struct {
    const char *name;
    enum dns_status status;
} failures[] = {{"servfail.test", DNS_SERVFAIL},
                {"timeout.test", DNS_TIMEOUT},
                {"bogus.test", DNS_BOGUS}};

static void must(int status, const struct mp_err *err)
{
    if (status == MP_OK)
        return;
    fprintf(stderr, "spf_test zone: %s\n", err->text);
    abort();
}

static void add_hosts(struct dns_zone *z, const char *owner, int n)
{
    struct mp_err err = {0};
    char name[64], data[64];
    for (int i = 1; i <= n; i++) {
        snprintf(data, sizeof data, "%d h%d.%s.", i, i, owner);
        must(dns_zone_add(z, str_from(owner), DNS_MX, 300, str_from(data), &err), &err);
        snprintf(name, sizeof name, "h%d.%s", i, owner);
        snprintf(data, sizeof data, "198.51.100.%d", i);
        must(dns_zone_add(z, str_from(name), DNS_A, 300, str_from(data), &err), &err);
    }
}

/* The world with `record` as the SPF record of r.test. */
static struct dns_zone *world(struct str record)
{
    struct mp_err err = {0};
    struct dns_zone *z = dns_zone_new();
    if (z == NULL)
        abort();
    for (size_t i = 0; i < ARRAY_LEN(zone_rows); i++) {
        struct str name = str_from(zone_rows[i].name), data = str_from(zone_rows[i].data);
        if (zone_rows[i].type == DNS_TXT)
            must(dns_zone_add_txt(z, name, data, &err), &err);
        else
            must(dns_zone_add(z, name, zone_rows[i].type, 300, data, &err), &err);
    }
    for (size_t i = 0; i < ARRAY_LEN(failures); i++)
        must(dns_zone_add_failure(z, str_from(failures[i].name), 0, failures[i].status, &err),
             &err);
    add_hosts(z, "ten.test", 10);
    add_hosts(z, "eleven.test", 11);
    if (record.p != NULL)
        must(dns_zone_add_txt(z, STR("r.test"), record, &err), &err);
    return z;
}

/* One check at a bench of its own. */
struct bench {
    struct arena arena;
    struct auth_config config;
    struct finding_list findings;
    struct auth_ctx ctx;
    struct mp_err err;
};

static void bench_init(struct bench *b, dns_ready_fn *ready, void *zone, size_t budget)
{
    *b = (struct bench){0};
    arena_init(&b->arena, budget);
    auth_config_init(&b->config);
    b->config.receiver = STR("mx.here.test");
    finding_list_init(&b->findings, &b->arena);
    b->ctx = (struct auth_ctx){.arena = &b->arena,
                               .dns = dns_view_new(&b->arena, ready, zone),
                               .findings = &b->findings,
                               .config = &b->config,
                               .now_s = 1234567890};
}

static void bench_clear(struct bench *b)
{
    dns_view_release(b->ctx.dns);
    arena_clear(&b->arena);
}

static struct spf_request request(const char *client, const char *helo, struct str mail_from)
{
    struct spf_request req = {.helo = str_from(helo), .mail_from = mail_from};
    if (client != NULL && !ip_parse(str_from(client), &req.client))
        abort();
    return req;
}

/* ---- records: syntax, terms, limits ---- */

#define FROM_HOST "192.0.2.10"
#define FROM_ELSE "203.0.113.5"
#define FROM_SIX  "2001:db8::10"

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

/* ---- macros ---- */

static const struct {
    const char *text, *name, *explanation; /* NULL name: only as an explanation */
} macro_rows[] = {
    {"%{s}", "strong-bad@email.example.com", "strong-bad@email.example.com"},
    {"%{o}.%{d}", "email.example.com.mail.example.com", "email.example.com.mail.example.com"},
    {"%{d4}", "mail.example.com", "mail.example.com"},
    {"%{d3}|%{d2}|%{d1}", "mail.example.com|example.com|com", "mail.example.com|example.com|com"},
    {"%{dr}", "com.example.mail", "com.example.mail"},
    {"%{d2r}", "example.mail", "example.mail"},
    {"%{d1R}", "mail", "mail"},
    {"%{l}", "strong-bad", "strong-bad"},
    {"%{l-}", "strong.bad", "strong.bad"},
    {"%{lr}", "strong-bad", "strong-bad"},
    {"%{lr-}", "bad.strong", "bad.strong"},
    {"%{l1r-}", "strong", "strong"},
    {"%{l1-}", "bad", "bad"},
    {"%{s.-@}", NULL, NULL}, /* "@" is no delimiter */
    {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com",
     "3.2.0.192.in-addr._spf.example.com"},
    {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", "bad.strong.lp._spf.example.com"},
    {"%{d2}.trusted-domains.example.net.", "example.com.trusted-domains.example.net",
     "example.com.trusted-domains.example.net."},
    {"%{S}", "strong-bad%40email.example.com", "strong-bad%40email.example.com"},
    {"%{H}", "he%20%22%20lo", "he%20%22%20lo"},
    {"%{h}", "he \" lo", "he \" lo"},
    {"%{p}", "mx.example.org", "mx.example.org"},
    {"a%%b%_c%-d", "a%b c%20d", "a%b c%20d"},
    {"%{d99999999999999999999}", "mail.example.com", "mail.example.com"},
    {"%{i+}%{i,}%{i/}%{i_}%{i=}", "192.0.2.3192.0.2.3192.0.2.3192.0.2.3192.0.2.3",
     "192.0.2.3192.0.2.3192.0.2.3192.0.2.3192.0.2.3"},
    {"%{c} %{r} %{t}", NULL, "192.0.2.3 mx.here.test 1234567890"},
    {"", "", ""},
};

static struct spf_env sample_env(void)
{
    return (struct spf_env){.client = {IP_V4, {192, 0, 2, 3}},
                            .sender = STR("strong-bad@email.example.com"),
                            .local = STR("strong-bad"),
                            .sender_domain = STR("email.example.com"),
                            .helo = STR("he \" lo"),
                            .receiver = STR("mx.here.test"),
                            .domain = STR("mail.example.com"),
                            .validated = STR("mx.example.org"),
                            .now_s = 1234567890};
}

/* The text after expansion, p == NULL when it is no macro-string in that place. */
static struct str expand(struct arena *a, struct spf_env *env, struct str text, bool explanation)
{
    struct spf_macro m = {0};
    size_t tail;
    const char *why = "";
    struct spf_piece *pieces = arena_new(a, struct spf_piece, spf_macro_max_pieces(text));
    enum spf_macro_place place = explanation ? SPF_IN_EXPLANATION : SPF_IN_DOMAIN_SPEC;
    if (!spf_macro_parse(text, place, pieces, &m.n, &tail, &why))
        return STR_NONE;
    m.pieces = pieces;
    return explanation ? spf_expand_text(a, env, &m) : spf_expand_name(a, env, &m);
}

static void check_macro(size_t i)
{
    struct arena a;
    struct spf_env env = sample_env();
    struct str text = str_from(macro_rows[i].text);
    arena_init(&a, BUDGET_BYTES);
    tap_case("macro: %s", macro_rows[i].text);
    struct str name = expand(&a, &env, text, false), said = expand(&a, &env, text, true);
    tap_ok((name.p == NULL) == (macro_rows[i].name == NULL));
    tap_str(name, str_from(macro_rows[i].name));
    tap_ok((said.p == NULL) == (macro_rows[i].explanation == NULL));
    tap_str(said, str_from(macro_rows[i].explanation));
    arena_clear(&a);
}

static void check_macro_ip6(void)
{
    struct arena a;
    struct spf_env env = sample_env();
    arena_init(&a, BUDGET_BYTES);
    ip_parse(STR("2001:DB8::CB01"), &env.client);
    tap_case("macro: IPv6 forms");
    tap_str(expand(&a, &env, STR("%{ir}.%{v}"), false),
            STR("1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6"));
    tap_str(expand(&a, &env, STR("%{c}"), true), STR("2001:db8::cb01"));
    arena_clear(&a);
}

/* Whatever the values are: the name is what dropping whole labels from the left of the full
 * expansion gives (7.3), and at most 253 octets. */
static void check_macro_truncation(void)
{
    static char local[LONG_BYTES], want[2 * LONG_BYTES];
    struct arena a;
    struct spf_env env = sample_env();
    arena_init(&a, BUDGET_BYTES);
    tap_case("macro: names keep their last 253 octets");
    for (size_t n = 1; n < 700; n++) {
        for (size_t i = 0; i < n; i++)
            local[i] = i % 7 == 3 ? '.' : (char)('a' + i % 26);
        env.local = str_make(local, n);
        int length = snprintf(want, sizeof want, "%.*s.x.%.*s.test", (int)n, local, (int)n, local);
        struct str full = str_make(want, (size_t)length);
        while (full.n > 253)
            str_cut(&full, '.');
        if (!tap_str(expand(&a, &env, STR("%{l}.x.%{l}.test."), false), full))
            break;
        arena_reset(&a);
    }
    memset(local, 'a', sizeof local);
    env.local = str_make(local, sizeof local);
    tap_ok(!spf_can_be_asked(expand(&a, &env, STR("%{l}"), false)));
    tap_str(expand(&a, &env, STR("%{l}.example.com"), false), STR("example.com"));
    tap_int(expand(&a, &env, STR("%{l}%{L}"), true).n, SPF_EXPLANATION_MAX_BYTES);
    env.local = str_make("a\r\nb\0c\xff", 7);
    tap_str(expand(&a, &env, STR("%{l}"), true), STR("a??b?c?"));
    arena_clear(&a);
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

/* ---- findings, trace, Received-SPF ---- */

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

static const struct spf_step want_trace[] = {
    {0, STR_INIT("r.test"), STR_INIT("a:only4.test"), 1, 0, false, SPF_NONE, STR_INIT("1 address")},
    {0, STR_INIT("r.test"), STR_INIT("include:chain1.test"), 6, 1, false, SPF_SOFTFAIL,
     STR_INIT("")},
    {1, STR_INIT("chain1.test"), STR_INIT("include:chain2.test"), 5, 1, false, SPF_NEUTRAL,
     STR_INIT("")},
    {2, STR_INIT("chain2.test"), STR_INIT("redirect=chain3.test"), 4, 1, true, SPF_NEUTRAL,
     STR_INIT("")},
    {3, STR_INIT("chain3.test"), STR_INIT("a:host.test"), 1, 0, false, SPF_NONE,
     STR_INIT("1 address")},
    {3, STR_INIT("chain3.test"), STR_INIT("mx:mail.test"), 1, 0, false, SPF_NONE,
     STR_INIT("2 names")},
    {3, STR_INIT("chain3.test"), STR_INIT("exists:%{ir}.list.test"), 1, 1, false, SPF_NONE,
     STR_INIT("no such name")},
    {3, STR_INIT("chain3.test"), STR_INIT("?all"), 0, 0, true, SPF_NONE, STR_INIT("")},
    {1, STR_INIT("chain1.test"), STR_INIT("~all"), 0, 0, true, SPF_NONE, STR_INIT("")},
    {0, STR_INIT("r.test"), STR_INIT("a:servfail.test"), 1, 0, false, SPF_TEMPERROR, STR_INIT("")},
};

static void check_trace(void)
{
    struct bench b;
    struct spf_outcome out = {0};
    struct dns_zone *z = world(STR("v=spf1 a:only4.test include:chain1.test a:servfail.test -all"));
    bench_init(&b, dns_zone_lookup, z, BUDGET_BYTES);
    struct spf_request req = request(FROM_ELSE, "helo", STR("a@r.test"));
    spf_check(&b.ctx, &req, &out, &b.err);
    tap_case("trace: the tree in order");
    tap_int(out.n_trace, ARRAY_LEN(want_trace));
    for (size_t i = 0; i < out.n_trace && i < ARRAY_LEN(want_trace); i++) {
        const struct spf_step *got = &out.trace[i], *want = &want_trace[i];
        tap_case("trace: step %zu, " STR_FMT, i, STR_ARG(want->term));
        tap_int(got->depth, want->depth);
        tap_str(got->domain, want->domain);
        tap_str(got->term, want->term);
        tap_int(got->lookups, want->lookups);
        tap_int(got->voids, want->voids);
        tap_int(got->matched, want->matched);
        tap_int(got->result, want->result);
        tap_str(got->note, want->note);
    }
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

/* ---- the order of answers, memory, and the compiled record ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t missing(struct dns_view *v, struct dns_question *q, size_t max)
{
    size_t cursor = 0, n = 0;
    while (n < max && dns_view_missing(v, &cursor, &q[n]))
        n++;
    return n;
}

enum { MISSING_MAX = 300, ROUNDS_MAX = 300 };

/* Run until done, filling one random missing answer a time (seed != 0) or all of them. Returns the
 * number of rounds. */
static int drive(struct bench *b, struct dns_zone *z, const struct spf_request *req, uint64_t seed,
                 struct spf_outcome *out)
{
    static struct dns_question q[MISSING_MAX];
    int rounds = 0, st;
    while ((st = spf_check(&b->ctx, req, out, &b->err)) == MP_WAIT && rounds < ROUNDS_MAX) {
        size_t n = missing(b->ctx.dns, q, MISSING_MAX), one = n;
        if (n == 0)
            break;
        if (seed != 0)
            one = (size_t)(next_random(&seed) % n);
        for (size_t i = 0; i < n; i++) {
            if (one == n || i == one)
                dns_view_put(b->ctx.dns, q[i].name, q[i].type,
                             dns_zone_lookup(z, q[i].name, q[i].type));
        }
        rounds++;
    }
    tap_int(st, MP_OK);
    return rounds;
}

static bool same_outcome(const struct spf_outcome *a, const struct spf_outcome *b)
{
    bool same = a->result == b->result && str_eq(a->mechanism, b->mechanism) &&
                str_eq(a->matched_in, b->matched_in) && str_eq(a->reason, b->reason) &&
                str_eq(a->explanation, b->explanation) && a->lookups == b->lookups &&
                a->void_lookups == b->void_lookups && a->n_trace == b->n_trace;
    for (size_t i = 0; same && i < a->n_trace; i++)
        same = str_eq(a->trace[i].term, b->trace[i].term) &&
               str_eq(a->trace[i].note, b->trace[i].note) &&
               a->trace[i].lookups == b->trace[i].lookups &&
               a->trace[i].matched == b->trace[i].matched;
    return same;
}

static const struct {
    const char *record, *client;
    int rounds; /* when every round fills all that is missing */
} order_rows[] = {
    {"v=spf1 ip4:192.0.2.10 -all", FROM_HOST, 1},
    {"v=spf1 a:only4.test mx:mail.test include:chain1.test exists:%{ir}.list.test ?all", FROM_ELSE,
     4},
    {"v=spf1 include:fail.test include:softfail.test include:neutral.test include:pass.test -all",
     FROM_HOST, 2},
    {"v=spf1 a:n1.test a:n2.test mx:deadmx.test a:n3.test -all", FROM_HOST, 3},
    {"v=spf1 mx:ten.test ptr:host.test exists:%{p}.no.test exp=why.test -all", FROM_HOST, 3},
    {"v=spf1 include:loop.test -all", FROM_HOST, 2},
    {"v=spf1 redirect=chain1.test", FROM_ELSE, 6},
    {"v=spf1 a:timeout.test mx:eleven.test -all", FROM_HOST, 2},
    {"v=spf1 a:only4.test -all exp=%{p}.why.test", FROM_HOST, 5},
};

static void check_order(size_t i)
{
    struct bench ready, b;
    struct spf_outcome want = {0}, got;
    struct dns_zone *z = world(str_from(order_rows[i].record));
    struct spf_request req = request(order_rows[i].client, "helo", STR("a@r.test"));
    bench_init(&ready, dns_zone_lookup, z, BUDGET_BYTES);
    tap_case("order of answers: %s", order_rows[i].record);
    tap_int(spf_check(&ready.ctx, &req, &want, &ready.err), MP_OK);
    for (uint64_t seed = 0; seed <= 50; seed++) {
        got = (struct spf_outcome){0};
        bench_init(&b, NULL, NULL, 64 * BUDGET_BYTES);
        int rounds = drive(&b, z, &req, seed, &got);
        if (seed == 0)
            tap_int(rounds, order_rows[i].rounds);
        bool same = same_outcome(&want, &got);
        if (!tap_ok(same))
            tap_note("seed %d: %s", (int)seed, spf_result_name(got.result));
        bench_clear(&b);
        if (!same)
            break;
    }
    bench_clear(&ready);
    dns_zone_free(z);
}

static void check_memory(void)
{
    struct bench b;
    struct spf_outcome out;
    struct dns_zone *z =
        world(STR("v=spf1 a:only4.test include:chain1.test exp=why.test exists:%{p}.x.test -all"));
    struct spf_request req = request(FROM_HOST, "helo", STR("a@r.test"));
    bool done = false;
    tap_case("memory: too small an arena is an error of ours, and nothing is written");
    for (size_t budget = 4096; budget < 64 * 1024; budget += 64) {
        bench_init(&b, dns_zone_lookup, z, budget);
        out = (struct spf_outcome){.lookups = 77};
        int st = b.ctx.dns == NULL ? MP_E_NOMEM : spf_check(&b.ctx, &req, &out, &b.err);
        bool ok = st == MP_OK ? out.lookups != 77 : st == MP_E_NOMEM && out.lookups == 77;
        done = st == MP_OK;
        bench_clear(&b);
        if (!tap_ok(ok))
            break;
    }
    tap_ok(done);
    dns_zone_free(z);
}

static void check_compiled_once(void)
{
    struct dns_zone *z = world(STR("v=spf1 -all"));
    struct dns_answer *txt = dns_zone_lookup(z, STR("r.test"), DNS_TXT);
    struct dns_answer *none = dns_zone_lookup(z, STR("nodata.test"), DNS_TXT);
    struct dns_answer *two = dns_zone_lookup(z, STR("two.test"), DNS_TXT);
    tap_case("record: compiled once, kept with the answer");
    const struct spf_compiled *c = spf_record_of(txt);
    tap_int(c->status, SPF_RECORD_OK);
    tap_ok(c == spf_record_of(txt));
    tap_int(spf_record_of(none)->status, SPF_RECORD_ABSENT);
    tap_int(spf_record_of(two)->status, SPF_RECORD_BROKEN);
    dns_answer_unref(txt);
    dns_answer_unref(none);
    dns_answer_unref(two);
    dns_zone_free(z);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(i);
    for (size_t i = 0; i < ARRAY_LEN(long_rows); i++)
        check_long_row(i);
    for (size_t i = 0; i < ARRAY_LEN(macro_rows); i++)
        check_macro(i);
    check_macro_ip6();
    check_macro_truncation();
    for (size_t i = 0; i < ARRAY_LEN(exp_rows); i++)
        check_exp(i);
    for (size_t i = 0; i < ARRAY_LEN(identity_rows); i++)
        check_identity(i);
    check_hostile_paths();
    check_eai_local();
    for (size_t i = 0; i < ARRAY_LEN(finding_rows); i++)
        check_finding(i);
    check_trace();
    check_received_spf();
    for (size_t i = 0; i < ARRAY_LEN(order_rows); i++)
        check_order(i);
    check_memory();
    check_compiled_once();
    return tap_done();
}
