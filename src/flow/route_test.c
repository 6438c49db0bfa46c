/* Routes: what MX records, their absence, and failing servers mean for where mail goes. */
#include "flow/route.h"

#include "base/clock.h"
#include "dns/zone.h"
#include "flow/flow_dns.h"
#include "tests/tap.h"

static const char zone_text[] = "$TTL 300\n"
                                "two.test MX 20 b.two.test\n"
                                "two.test MX 10 a.two.test\n"
                                "two.test MX 10 z.two.test\n"
                                "two.test MX 5 b.two.test\n"
                                "a.two.test A 192.0.2.1\n"
                                "a.two.test AAAA 2001:db8::1\n"
                                "b.two.test A 192.0.2.2\n"
                                "z.two.test A 192.0.2.3\n"
                                "null.test MX 0 .\n"
                                "mixed.test MX 0 .\n"
                                "mixed.test MX 10 a.two.test\n"
                                "implicit.test A 192.0.2.4\n"
                                "nothing.test TXT hello\n"
                                "unsure.test TXT hello\n"
                                "unsure.test SERVFAIL A\n"
                                "half.test A 192.0.2.5\n"
                                "half.test SERVFAIL AAAA\n"
                                "alias.test MX 10 www.alias.test\n"
                                "www.alias.test CNAME a.two.test\n"
                                "dead.test MX 10 www.dead.test\n"
                                "www.dead.test CNAME gone.dead.test\n"
                                "literal.test MX 10 192.0.2.9\n"
                                "literal.test MX 20 a.two.test\n"
                                "noaddress.test MX 10 missing.two.test\n"
                                "flaky.test MX 10 mx.flaky.test\n"
                                "mx.flaky.test TIMEOUT A\n"
                                "servfail.test SERVFAIL MX \"lame servers\"\n"
                                "timeout.test TIMEOUT MX\n"
                                "bogus.test BOGUS MX \"signature expired\"\n"
                                "chain.test CNAME two.test\n"
                                "$SECURE\n"
                                "signed.test MX 10 mx.signed.test\n"
                                "mx.signed.test A 192.0.2.6\n"
                                "mx.signed.test AAAA 2001:db8::6\n"
                                "semi.test MX 10 b.two.test\n";

static const struct {
    const char *text;
    enum route_kind kind;
    const char *hosts;  /* name preference status count, with blanks between the hosts */
    const char *reason; /* a part of it; "" for none */
} routes[] = {
    {"two.test", ROUTE_MX, "b.two.test/5/DATA/1 a.two.test/10/DATA/2 z.two.test/10/DATA/1", ""},
    {"null.test", ROUTE_NULL_MX, "", ""},
    {"mixed.test", ROUTE_MX, "a.two.test/10/DATA/2", ""},
    {"implicit.test", ROUTE_IMPLICIT, "implicit.test/0/DATA/1", ""},
    {"nothing.test", ROUTE_NONE, "nothing.test/0/NODATA/0",
     "the addresses of nothing.test: NODATA"},
    {"absent.test", ROUTE_NONE, "", "the MX records of absent.test: NXDOMAIN"},
    {"unsure.test", ROUTE_FAILED, "unsure.test/0/SERVFAIL/0", "SERVFAIL"},
    {"half.test", ROUTE_IMPLICIT, "half.test/0/DATA/1", ""},
    {"alias.test", ROUTE_MX, "www.alias.test/10/DATA/2", ""},
    {"dead.test", ROUTE_MX, "www.dead.test/10/NXDOMAIN/0", ""},
    {"literal.test", ROUTE_MX, "192.0.2.9/10/NXDOMAIN/0 a.two.test/20/DATA/2", ""},
    {"noaddress.test", ROUTE_MX, "missing.two.test/10/NXDOMAIN/0", ""},
    {"flaky.test", ROUTE_MX, "mx.flaky.test/10/TIMEOUT/0", ""},
    {"servfail.test", ROUTE_FAILED, "", "SERVFAIL, lame servers"},
    {"timeout.test", ROUTE_FAILED, "", "TIMEOUT"},
    {"bogus.test", ROUTE_FAILED, "", "BOGUS, signature expired"},
    {"chain.test", ROUTE_MX, "b.two.test/5/DATA/1 a.two.test/10/DATA/2 z.two.test/10/DATA/1", ""},
    {"a.two.test:26", ROUTE_DIRECT, "a.two.test/0/DATA/2", ""},
    {"absent.test:25", ROUTE_NONE, "absent.test/0/NXDOMAIN/0", "NXDOMAIN"},
    {"mx.flaky.test:25", ROUTE_FAILED, "mx.flaky.test/0/TIMEOUT/0", "TIMEOUT"},
    {"smtp://two.test", ROUTE_NONE, "two.test/0/NODATA/0", "NODATA"},
    {"192.0.2.7", ROUTE_DIRECT, "192.0.2.7/0/DATA/1", ""},
    {"/run/lmtp", ROUTE_DIRECT, "/run/lmtp/0/DATA/0", ""},
};

struct setup {
    struct arena arena;
    struct dns_zone *zone;
    struct dns_source source;
    struct dns_view *view;
    struct route route;
};

static void setup_find(struct setup *s, const char *zone, const char *text)
{
    struct target t;
    struct mp_err err = {0};
    *s = (struct setup){0};
    arena_init(&s->arena, 8 << 20);
    s->zone = dns_zone_new();
    tap_int(dns_zone_load(s->zone, str_from(zone), "zone", &err), MP_OK);
    s->source.zone = s->zone;
    s->view = flow_dns_view(&s->source, &s->arena);
    tap_int(target_parse(&s->arena, str_from(text), &t, &err), MP_OK);
    tap_int(route_find(&s->source, s->view, &s->arena, &t, clock_mono_us() + 1000000, &s->route,
                       &err),
            MP_OK);
}

static void setup_clear(struct setup *s)
{
    dns_view_release(s->view);
    arena_clear(&s->arena);
    dns_zone_free(s->zone);
}

static struct str hosts_text(struct setup *s)
{
    struct str all = STR("");
    for (size_t i = 0; i < s->route.n_hosts; i++) {
        const struct route_host *h = &s->route.hosts[i];
        all =
            arena_fmt(&s->arena, "%.*s%s%.*s/%u/%s/%zu", STR_ARG(all), i > 0 ? " " : "",
                      STR_ARG(h->name), h->preference, dns_status_name(h->status), h->n_addresses);
    }
    return all;
}

static void test_routes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        struct setup s;
        tap_case("route: %s", routes[i].text);
        setup_find(&s, zone_text, routes[i].text);
        tap_int(s.route.kind, routes[i].kind);
        tap_str(hosts_text(&s), str_from(routes[i].hosts));
        struct str want = str_from(routes[i].reason);
        if (!tap_ok(want.n == 0 ? s.route.reason.n == 0
                                : str_search(s.route.reason, want) < s.route.reason.n))
            tap_note("%.*s", STR_ARG(s.route.reason));
        setup_clear(&s);
    }
}

static void test_marks(void)
{
    struct setup s;
    tap_case("route: a null MX beside others");
    setup_find(&s, zone_text, "mixed.test");
    tap_ok(s.route.null_mx_mixed);
    setup_clear(&s);
    tap_case("route: a CNAME behind the MX");
    setup_find(&s, zone_text, "alias.test");
    tap_ok(s.route.hosts[0].is_alias);
    tap_str(s.route.hosts[0].alias_of, STR("a.two.test"));
    setup_clear(&s);
    tap_case("route: a CNAME to nowhere");
    setup_find(&s, zone_text, "dead.test");
    tap_ok(s.route.hosts[0].is_alias);
    setup_clear(&s);
    tap_case("route: an address where a name should be");
    setup_find(&s, zone_text, "literal.test");
    tap_ok(s.route.hosts[0].is_literal && !s.route.hosts[1].is_literal);
    setup_clear(&s);
    tap_case("route: IPv6 before IPv4");
    setup_find(&s, zone_text, "a.two.test:25");
    tap_int(s.route.hosts[0].addresses[0].family, IP_V6);
    tap_int(s.route.hosts[0].addresses[1].family, IP_V4);
    tap_int(s.route.mx_dnssec, DNSSEC_SECURE);
    setup_clear(&s);
}

static const struct {
    const char *text;
    enum dnssec mx, host;
} states[] = {{"signed.test", DNSSEC_SECURE, DNSSEC_SECURE},
              {"semi.test", DNSSEC_SECURE, DNSSEC_UNKNOWN},
              {"two.test", DNSSEC_UNKNOWN, DNSSEC_UNKNOWN}};

static void test_dnssec(void)
{
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        struct setup s;
        tap_case("route: DNSSEC of %s", states[i].text);
        setup_find(&s, zone_text, states[i].text);
        tap_int(s.route.mx_dnssec, states[i].mx);
        tap_int(s.route.hosts[0].dnssec, states[i].host);
        setup_clear(&s);
    }
}

/* ---- more than there is room for ---- */

static void test_many(void)
{
    struct buf zone;
    struct setup s;
    buf_init(&zone, 1 << 20);
    buf_addz(&zone, "$TTL 300\n");
    for (int i = 0; i < 70; i++)
        buf_addf(&zone, "many.test MX %d h%d.many.test\nh%d.many.test A 192.0.2.%d\n", 100 - i, i,
                 i, i);
    for (int i = 0; i < 30; i++)
        buf_addf(&zone, "wide.test A 192.0.2.%d\nwide.test AAAA 2001:db8::%x\n", i + 1, i + 1);
    for (int i = 0; i < 30; i++)
        buf_addf(&zone, "six.test AAAA 2001:db8::%x\n", i + 1);
    buf_addz(&zone, "six.test A 192.0.2.1\n");
    buf_addc(&zone, '\0');
    tap_case("route: 70 hosts, the 50 best are kept in order");
    setup_find(&s, zone.p, "many.test");
    tap_int(s.route.n_hosts, ROUTE_MAX_HOSTS);
    tap_int(s.route.dropped, 20);
    tap_str(s.route.hosts[0].name, STR("h69.many.test"));
    tap_int(s.route.hosts[0].preference, 31);
    tap_int(s.route.hosts[49].preference, 80);
    setup_clear(&s);
    tap_case("route: 60 addresses, half of the places for each family");
    setup_find(&s, zone.p, "wide.test");
    tap_int(s.route.hosts[0].n_addresses, ROUTE_MAX_ADDRESSES);
    tap_int(s.route.hosts[0].addresses[7].family, IP_V6);
    tap_int(s.route.hosts[0].addresses[8].family, IP_V4);
    tap_int(s.route.dropped, 44);
    setup_clear(&s);
    tap_case("route: many addresses of one family leave room for the other");
    setup_find(&s, zone.p, "six.test");
    tap_int(s.route.hosts[0].addresses[14].family, IP_V6);
    tap_int(s.route.hosts[0].addresses[15].family, IP_V4);
    setup_clear(&s);
    buf_clear(&zone);
}

/* A view that nobody can fill must end, not ask for ever. */
static void test_no_source(void)
{
    struct arena a = {0};
    struct dns_source none = {0};
    struct mp_err err = {0};
    const struct dns_answer *out;
    arena_init(&a, 1 << 20);
    struct flow_dns d = {&none, dns_view_new(&a, NULL, NULL), 0};
    tap_case("flow_dns: nothing answers");
    tap_int(flow_dns_ask(&d, STR("a.test"), DNS_A, &out, &err), MP_E_NOMEM);
    dns_view_release(d.view);
    arena_clear(&a);
}

int main(void)
{
    test_routes();
    test_marks();
    test_dnssec();
    test_many();
    test_no_source();
    return tap_done();
}
