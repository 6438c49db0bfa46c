/* The zone and the bench that the SPF tests share; included by them only. */
#ifndef MP_TESTS_SPF_WORLD_H
#define MP_TESTS_SPF_WORLD_H

#include <stdio.h>
#include <stdlib.h>

#include "auth/spf.h"
#include "dns/zone.h"
#include "tests/tap.h"

enum { BUDGET_BYTES = 4 * 1024 * 1024 };

#define FROM_HOST "192.0.2.10"
#define FROM_ELSE "203.0.113.5"
#define FROM_SIX  "2001:db8::10"

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

static inline void must(int status, const struct mp_err *err)
{
    if (status == MP_OK)
        return;
    fprintf(stderr, "spf_test zone: %s\n", err->text);
    abort();
}

static inline void add_hosts(struct dns_zone *z, const char *owner, int n)
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
static inline struct dns_zone *world(struct str record)
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

static inline void bench_init(struct bench *b, dns_ready_fn *ready, void *zone, size_t budget)
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

static inline void bench_clear(struct bench *b)
{
    dns_view_release(b->ctx.dns);
    arena_clear(&b->arena);
}

static inline struct spf_request request(const char *client, const char *helo, struct str mail_from)
{
    struct spf_request req = {.helo = str_from(helo), .mail_from = mail_from};
    if (client != NULL && !ip_parse(str_from(client), &req.client))
        abort();
    return req;
}

#endif
