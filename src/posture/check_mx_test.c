/* MX records, their hosts and addresses: what is found, and that each remedy clears it. */
#include "tests/tap.h"

#include "posture/posture_test_kit.h"

#define A1  "mx1.good.test. A 192.0.2.1\n1.2.0.192.in-addr.arpa. PTR mx1.good.test.\n"
#define A2  "mx2.good.test. A 192.0.2.2\n2.2.0.192.in-addr.arpa. PTR mx2.good.test.\n"
#define MX1 "good.test. MX 10 mx1.good.test.\n"
#define MX2 "good.test. MX 20 mx2.good.test.\n"
#define MX0                                                                                        \
    "good.test. MX 10 mx.good.test.\nmx.good.test. A 192.0.2.1\n1.2.0.192.in-addr.arpa. PTR "      \
    "mx.good.test.\n"
#define BOTH MX1 MX2 A1 A2

static const struct kit_row rows[] = {
    {.label = "a failed question is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "good.test MX: SERVFAIL, lame",
     .world = {"good.test. SERVFAIL MX \"lame\"\n"},
     .after = {BOTH},
     .check = "mx.records",
     .status = CHECK_UNDECIDED},
    {.label = "a time-out is undecided",
     .id = FINDING_POSTURE_DNS_FAILED,
     .evidence = "mx1.good.test A: TIMEOUT",
     .world = {MX1 MX2 A2 "mx1.good.test. TIMEOUT\n"},
     .after = {BOTH},
     .check = "mx.hosts",
     .status = CHECK_UNDECIDED},
    {.label = "a bogus answer fails",
     .id = FINDING_POSTURE_DNS_BOGUS,
     .evidence = "good.test MX: BOGUS, expired",
     .world = {"good.test. BOGUS MX \"expired\"\n"},
     .after = {BOTH},
     .check = "mx.records",
     .status = CHECK_FAIL},
    {.label = "no such domain",
     .id = FINDING_POSTURE_MX_NO_DOMAIN,
     .world = {"test. NS ns.test.\n"},
     .after = {BOTH},
     .check = "mx.records",
     .status = CHECK_FAIL},
    {.label = "no mail server",
     .id = FINDING_POSTURE_MX_NONE,
     .world = {"good.test. TXT hello\n"},
     .after = {BOTH}},
    {.label = "nothing at all is right when parked",
     .id = FINDING_POSTURE_MX_NONE,
     .world = {"good.test. TXT \"v=spf1 -all\"\n"},
     .absent = true},
    {.label = "by address only",
     .id = FINDING_POSTURE_MX_IMPLICIT,
     .world = {"good.test. A 192.0.2.1\ngood.test. AAAA 2001:db8::1\n"},
     .fix = "good.test. MX 10 good.test."},
    {.label = "null MX and others",
     .id = FINDING_POSTURE_MX_NULL_MIXED,
     .evidence = "\"0 .\" beside 2",
     .world = {BOTH "good.test. MX 0 .\n"},
     .fix = "remove good.test. MX 0 ."},
    {.label = "null MX that sends",
     .id = FINDING_POSTURE_MX_NULL_SENDING,
     .world = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"},
     .after = {BOTH "good.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"}},
    {.label = "null MX that is parked",
     .id = FINDING_POSTURE_MX_NULL_SENDING,
     .world = {"good.test. MX 0 .\ngood.test. TXT \"v=spf1 -all\"\n"},
     .absent = true,
     .check = "mx.records",
     .status = CHECK_PASS},
    {.label = "nothing can be reached",
     .id = FINDING_POSTURE_MX_NONE_USABLE,
     .world = {MX1 "mx1.good.test. A 10.0.0.1\n"},
     .after = {BOTH},
     .check = "mx.addresses",
     .status = CHECK_FAIL},
    {.label = "an address as a name",
     .id = FINDING_POSTURE_MX_ADDRESS,
     .evidence = "10 192.0.2.7",
     .world = {MX2 A2 "good.test. MX 10 192.0.2.7.\n"},
     .fix = "remove good.test. MX 10 192.0.2.7.\ngood.test. MX 10 mx.good.test.\n"
            "mx.good.test. A 192.0.2.7"},
    {.label = "an address as a name, and mx is taken",
     .id = FINDING_POSTURE_MX_ADDRESS,
     .world = {MX2 A2 "good.test. MX 10 192.0.2.7.\nmx.good.test. A 192.0.2.8\n"},
     .after = {BOTH}},
    {.label = "an alias",
     .id = FINDING_POSTURE_MX_ALIAS,
     .evidence = "mx1.good.test is host.other.test",
     .world = {MX1 MX2 A2 "mx1.good.test. CNAME host.other.test.\nhost.other.test. A 192.0.2.1\n"},
     .fix = "remove good.test. MX 10 mx1.good.test.\ngood.test. MX 10 host.other.test."},
    {.label = "an alias of a host that is listed",
     .id = FINDING_POSTURE_MX_ALIAS,
     .evidence = "al.good.test is mx1.good.test",
     .world = {BOTH "good.test. MX 30 al.good.test.\nal.good.test. CNAME mx1.good.test.\n"},
     .fix = "remove good.test. MX 30 al.good.test.",
     .whole = true},
    {.label = "an alias of nothing",
     .id = FINDING_POSTURE_MX_ALIAS,
     .world = {MX1 MX2 A2 "mx1.good.test. CNAME gone.other.test.\n"},
     .after = {BOTH}},
    {.label = "a host without address",
     .id = FINDING_POSTURE_MX_NO_ADDRESS,
     .evidence = "mx1.good.test: no such name",
     .world = {MX1 MX2 A2},
     .fix = "remove good.test. MX 10 mx1.good.test."},
    {.label = "the only host without address",
     .id = FINDING_POSTURE_MX_NO_ADDRESS,
     .evidence = "has no A or AAAA",
     .world = {MX1 "mx1.good.test. TXT x\n"},
     .after = {BOTH}},
    {.label = "a private address beside a public one",
     .id = FINDING_POSTURE_MX_PRIVATE,
     .evidence = "mx1.good.test: 192.168.1.1",
     .world = {BOTH "mx1.good.test. A 192.168.1.1\n"},
     .fix = "remove mx1.good.test. A 192.168.1.1"},
    {.label = "a host with private addresses only",
     .id = FINDING_POSTURE_MX_PRIVATE,
     .evidence = "mx1.good.test: fd00::1",
     .world = {MX1 MX2 A2 "mx1.good.test. AAAA fd00::1\n"},
     .fix = "remove good.test. MX 10 mx1.good.test."},
    {.label = "a private address of another's host",
     .id = FINDING_POSTURE_MX_PRIVATE,
     .world = {MX2 A2 "good.test. MX 10 mx.other.test.\nmx.other.test. A 127.0.0.1\n"
                      "mx.other.test. A 192.0.2.9\n"},
     .after = {BOTH}},
    {.label = "an underscore",
     .id = FINDING_POSTURE_MX_NAME,
     .evidence = "mx_1.good.test",
     .world = {MX2 A2 "good.test. MX 10 mx_1.good.test.\nmx_1.good.test. A 192.0.2.1\n"},
     .after = {BOTH}},
    {.label = "twice the same host",
     .id = FINDING_POSTURE_MX_DUPLICATE,
     .evidence = "mx1.good.test again at 30",
     .world = {BOTH "good.test. MX 30 mx1.good.test.\n"},
     .fix = "remove good.test. MX 30 mx1.good.test."},
    {.label = "eleven hosts",
     .id = FINDING_POSTURE_MX_MANY,
     .evidence = "11 hosts",
     .world = {"good.test. MX 1 a.good.test.\ngood.test. MX 1 b.good.test.\n"
               "good.test. MX 1 c.good.test.\ngood.test. MX 1 d.good.test.\n"
               "good.test. MX 1 e.good.test.\ngood.test. MX 1 f.good.test.\n"
               "good.test. MX 1 g.good.test.\ngood.test. MX 1 h.good.test.\n"
               "good.test. MX 1 i.good.test.\ngood.test. MX 1 j.good.test.\n"
               "good.test. MX 1 k.good.test.\n*.good.test. A 192.0.2.1\n"},
     .after = {"good.test. MX 1 a.good.test.\n*.good.test. A 192.0.2.1\n"}},
    {.label = "one address",
     .id = FINDING_POSTURE_MX_SINGLE,
     .world = {MX1 MX2 A1 "mx2.good.test. A 192.0.2.1\n"},
     .after = {BOTH}},
    {.label = "no IPv6",
     .id = FINDING_POSTURE_MX_NO_IPV6,
     .world = {BOTH},
     .after = {BOTH "mx2.good.test. AAAA 2001:db8::2\n*.ip6.arpa. PTR mx2.good.test.\n"}},
    {.label = "no answer",
     .id = FINDING_POSTURE_MX_NO_ANSWER,
     .evidence = "mx.good.test: timeout",
     .world = {MX0, .hosts = {{.name = "mx.good.test", .fault = "timeout", .temporary = true}}},
     .after = {MX0, .hosts = {{.name = "mx.good.test", .chain = "tests/keys/tls/good.pem"}}},
     .check = "mx.tls",
     .status = CHECK_UNDECIDED},
    {.label = "no STARTTLS",
     .id = FINDING_POSTURE_MX_NO_STARTTLS,
     .world = {BOTH, .hosts = {{.name = "mx1.good.test", .plain = true}}},
     .after = {BOTH, .hosts = {{.name = "mx1.good.test"}}}},
    {.label = "no handshake",
     .id = FINDING_POSTURE_MX_TLS_FAILED,
     .world = {BOTH, .hosts = {{.name = "mx2.good.test", .no_handshake = true}}},
     .after = {BOTH, .hosts = {{.name = "mx2.good.test"}}}},
    {.label = "more addresses than are looked at",
     .id = FINDING_POSTURE_LIMIT,
     .evidence = "more than 16 addresses",
     .world = {MX1 A1 "mx1.good.test. A 192.0.2.2\nmx1.good.test. A 192.0.2.3\n"
                      "mx1.good.test. A 192.0.2.4\nmx1.good.test. A 192.0.2.5\n"
                      "mx1.good.test. A 192.0.2.6\nmx1.good.test. A 192.0.2.7\n"
                      "mx1.good.test. A 192.0.2.8\nmx1.good.test. A 192.0.2.9\n"
                      "mx1.good.test. A 192.0.2.10\nmx1.good.test. A 192.0.2.11\n"
                      "mx1.good.test. A 192.0.2.12\nmx1.good.test. A 192.0.2.13\n"
                      "mx1.good.test. A 192.0.2.14\nmx1.good.test. A 192.0.2.15\n"
                      "mx1.good.test. A 192.0.2.16\nmx1.good.test. A 192.0.2.17\n"},
     .after = {BOTH},
     .check = "mx.hosts",
     .status = CHECK_UNDECIDED},
};

static void test_private_allowed(void)
{
    static const struct kit_row allowed[] = {
        {.label = "private addresses may be told to be right",
         .id = FINDING_POSTURE_MX_PRIVATE,
         .world = {MX1 "mx1.good.test. A 10.0.0.1\nmx1.good.test. AAAA ::1\n"},
         .absent = true,
         .check = "mx.addresses",
         .status = CHECK_PASS}};
    struct posture_config config;
    posture_config_init(&config);
    config.allow_private = true;
    kit_rows(allowed, ARRAY_LEN(allowed), &config);
}

static void test_facts(void)
{
    static const struct kit_world world = {BOTH};
    static struct kit k;
    tap_case("what is known of the hosts");
    kit_open(&k, &world, NULL);
    k.config.connect = false;
    kit_run(&k);
    tap_int(k.out->n_mx, 2);
    tap_str(k.out->mx[0].host, STR("mx1.good.test"));
    tap_int(k.out->mx[1].preference, 20);
    tap_int(k.out->mx[1].n_addresses, 1);
    tap_ok(k.out->mx_ready && !k.out->null_mx && !k.out->implicit_mx && !k.out->mx_secure);
    tap_int(check_status_of(kit_check(&k, "mx.tls")), CHECK_SKIPPED);
    kit_close(&k);
}

int main(void)
{
    kit_rows(rows, ARRAY_LEN(rows), NULL);
    test_private_allowed();
    test_facts();
    return tap_done();
}
