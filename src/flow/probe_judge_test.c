/* Judgement of what no scripted server can show: networks that are not there, weak keys, limits. */
#include "flow/probe_internal.h"
#include "flow/probe_test_kit.h"

/* ---- a server as if it had been talked to ---- */

struct bench {
    struct probe probe;
    struct probe_options options;
    struct prober prober;
    struct probe_server servers[2];
    struct probe_notes notes[2];
    struct route_host host;
};

static void bench_init(struct bench *b, enum ip_family family)
{
    *b = (struct bench){0};
    probe_options_init(&b->options);
    arena_init(&b->probe.arena, 8 << 20);
    finding_list_init(&b->probe.findings, &b->probe.arena);
    check_list_init(&b->probe.checks, &b->probe.arena, &b->probe.findings);
    b->prober = (struct prober){.probe = &b->probe, .options = &b->options};
    b->host.name = STR("mx.good.test");
    b->probe.target =
        (struct target){.kind = TARGET_DOMAIN, .text = STR("good.test"), .name = STR("good.test")};
    b->probe.servers = b->servers;
    b->probe.n_servers = 2;
    for (size_t i = 0; i < 2; i++)
        b->servers[i] = (struct probe_server){.group = STR("mx.good.test [x]:25"),
                                              .host = &b->host,
                                              .ip.family = i == 0 ? family : IP_V4,
                                              .port = 25,
                                              .tried = true,
                                              .notes = &b->notes[i]};
    b->notes[0].fault_text = STR("it went wrong");
}

static void bench_clear(struct bench *b)
{
    arena_clear(&b->probe.arena);
}

static void bench_note(const struct bench *b)
{
    for (size_t i = 0; i < b->probe.findings.n; i++)
        tap_note("%.*s", STR_ARG(finding_kind(b->probe.findings.items[i].id)->name));
}

/* ---- connections that never came about ---- */

static const struct {
    const char *label;
    enum smtp_fault fault;
    enum ip_family family;
    bool other_answers;
    enum check_status status;
    enum finding_id want; /* 0: none */
} networks[] = {
    {"refused, alone", SMTP_FAULT_REFUSED, IP_V4, false, CHECK_FAIL, FINDING_FLOW_CONNECT_REFUSED},
    {"refused beside another", SMTP_FAULT_REFUSED, IP_V4, true, CHECK_WARN,
     FINDING_FLOW_CONNECT_REFUSED},
    {"time-out, alone", SMTP_FAULT_TIMEOUT, IP_V4, false, CHECK_FAIL, FINDING_FLOW_CONNECT_TIMEOUT},
    {"no way there, alone", SMTP_FAULT_UNREACHABLE, IP_V4, false, CHECK_UNDECIDED,
     FINDING_FLOW_CONNECT_UNREACHABLE},
    {"no way there, beside another", SMTP_FAULT_UNREACHABLE, IP_V4, true, CHECK_WARN,
     FINDING_FLOW_CONNECT_UNREACHABLE},
    {"no IPv6 here", SMTP_FAULT_UNREACHABLE, IP_V6, true, CHECK_SKIPPED, 0},
    {"IPv6 alone", SMTP_FAULT_UNREACHABLE, IP_V6, false, CHECK_UNDECIDED,
     FINDING_FLOW_CONNECT_UNREACHABLE},
    {"our own fault", SMTP_FAULT_LOCAL, IP_V4, false, CHECK_UNDECIDED, FINDING_FLOW_CONNECT_LOCAL},
};

static void test_networks(void)
{
    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        struct bench b;
        tap_case("network: %s", networks[i].label);
        bench_init(&b, networks[i].family);
        b.servers[0].fault = networks[i].fault;
        b.servers[0].fault_stage = SMTP_STAGE_CONNECT;
        b.servers[1].answered = networks[i].other_answers;
        probe_judge_connection(&b.prober, &b.servers[0], networks[i].other_answers);
        if (tap_int(b.probe.checks.n, 1))
            tap_cstr(check_status_name(check_status_of(&b.probe.checks.items[0])),
                     check_status_name(networks[i].status));
        if (!tap_ok(networks[i].want == 0 ? b.probe.findings.n == 0
                                          : finding_has(&b.probe.findings, networks[i].want)))
            bench_note(&b);
        bench_clear(&b);
    }
}

/* ---- sessions and certificates ---- */

static const struct {
    const char *label, *version, *cipher;
    unsigned bits;
    enum finding_id want;
} sessions[] = {
    {"TLS 1.3", "TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, 0},
    {"TLS 1.2", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", 256, 0},
    {"TLS 1.0", "TLSv1", "ECDHE-RSA-AES256-SHA", 256, FINDING_FLOW_TLS_OLD},
    {"3DES", "TLSv1.2", "DES-CBC3-SHA", 112, FINDING_FLOW_TLS_WEAK_CIPHER},
    {"RC4", "TLSv1.2", "RC4-SHA", 128, FINDING_FLOW_TLS_WEAK_CIPHER},
    {"no encryption", "TLSv1.2", "NULL-SHA256", 0, FINDING_FLOW_TLS_WEAK_CIPHER},
};

static void begin_session(struct bench *b, const char *version, const char *cipher, unsigned bits)
{
    struct probe_server *s = &b->servers[0];
    s->answered = true;
    b->notes[0].banner_ok = b->notes[0].ehlo_ok = true;
    b->notes[0].starttls.code = 220;
    b->options.now_s = 1700000000;
    s->client.banner.code = 220;
    s->client.has_tls = true;
    s->client.ehlo.extended = true;
    s->client.tls = (struct tls_facts){.established = true,
                                       .version = str_from(version),
                                       .cipher = str_from(cipher),
                                       .cipher_bits = bits};
}

static void test_sessions(void)
{
    for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
        struct bench b;
        tap_case("session: %s", sessions[i].label);
        bench_init(&b, IP_V4);
        begin_session(&b, sessions[i].version, sessions[i].cipher, sessions[i].bits);
        b.servers[0].client.tls.has_leaf = true;
        b.servers[0].client.tls.leaf =
            (struct x509_facts){.common_name = STR("mx.good.test"),
                                .key_type = STR("EC P-256"),
                                .key_bits = 256,
                                .not_after_s = b.options.now_s + 90 * DAY_S};
        probe_judge_connection(&b.prober, &b.servers[0], false);
        tap_int(b.probe.findings.n, sessions[i].want != 0);
        if (!tap_ok(sessions[i].want == 0 || finding_has(&b.probe.findings, sessions[i].want)))
            bench_note(&b);
        bench_clear(&b);
    }
}

static const struct {
    const char *file; /* of tests/keys/tls; NULL: no certificate */
    bool verify;
    enum check_status status;
    enum finding_id want;
} leaves[] = {
    {"good.pem", false, CHECK_PASS, 0},
    {"rsa512.pem", false, CHECK_WARN, FINDING_FLOW_CERT_WEAK},
    {"sha1.pem", false, CHECK_WARN, FINDING_FLOW_CERT_WEAK},
    {NULL, false, CHECK_WARN, FINDING_FLOW_CERT_MISSING},
    {NULL, true, CHECK_FAIL, FINDING_FLOW_CERT_MISSING},
};

static void test_leaves(void)
{
    for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
        struct bench b;
        struct mp_err err = {0};
        struct str *ders;
        size_t n;
        tap_case("certificate: %s%s", leaves[i].file == NULL ? "none" : leaves[i].file,
                 leaves[i].verify ? ", verified" : "");
        bench_init(&b, IP_V4);
        begin_session(&b, "TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
        struct tls_facts *t = &b.servers[0].client.tls;
        b.options.tls_verify = leaves[i].verify;
        if (leaves[i].file != NULL) {
            struct str path = arena_fmt(&b.probe.arena, "tests/keys/tls/%s", leaves[i].file);
            tap_int(x509_read_pem(&b.probe.arena, tap_source_file(path.p), &ders, &n, &err), MP_OK);
            tap_int(x509_read(&b.probe.arena, ders[0], &t->leaf, &err), MP_OK);
            t->has_leaf = true;
            b.host.name = t->leaf.n_dns_names > 0 ? t->leaf.dns_names[0] : t->leaf.common_name;
        }
        probe_judge_certificate(&b.prober, &b.servers[0]);
        tap_cstr(check_status_name(check_status_of(&b.probe.checks.items[0])),
                 check_status_name(leaves[i].status));
        tap_int(b.probe.findings.n, leaves[i].want != 0);
        if (!tap_ok(leaves[i].want == 0 || finding_has(&b.probe.findings, leaves[i].want)))
            bench_note(&b);
        bench_clear(&b);
    }
}

/* ---- limits ---- */

static void test_limits(void)
{
    static const enum finding_id left_out[] = {FINDING_LIMIT_PROBE, FINDING_FLOW_CONNECT_REFUSED,
                                               FINDING_FLOW_ROUTE_UNREACHABLE, 0},
                                 late[] = {FINDING_LIMIT_PROBE, 0};
    struct buf zone;
    struct rig r;
    buf_init(&zone, 1 << 20);
    buf_addz(&zone, "$TTL 300\n");
    for (int i = 0; i < 60; i++)
        buf_addf(&zone, "good.test MX 10 mx%d.good.test\nmx%d.good.test A 127.0.0.9\n", i, i);
    for (int i = 0; i < 20; i++)
        for (int k = 0; k < 16; k++)
            buf_addf(&zone, "wide.test MX 10 mx%d.wide.test\nmx%d.wide.test A 127.0.%d.%d\n", i, i,
                     i + 1, k + 1);
    buf_addc(&zone, '\0');
    tap_case("limit: more hosts than are looked at");
    rig_init(&r, zone.p);
    r.options.port = 1;
    rig_run(&r, "good.test");
    rig_expect(&r, left_out, FAILED);
    tap_int(r.probe.n_servers, 1); /* one address behind all names */
    rig_clear(&r);
    tap_case("limit: more addresses than are connected to");
    rig_init(&r, zone.p);
    r.options.port = 1;
    rig_run(&r, "wide.test");
    rig_expect(&r, left_out, FAILED);
    tap_int(r.probe.n_servers, PROBE_MAX_CONNECTIONS);
    rig_clear(&r);
    tap_case("limit: no time");
    rig_init(&r, zone.p);
    r.options.deadline_ms = 0;
    rig_run(&r, "good.test");
    tap_ok(!r.probe.servers[0].tried);
    tap_int(report_subject_exit_code(&r.subject, SEV_HIGH), UNDECIDED);
    tap_ok(finding_has(&r.probe.findings, late[0]));
    rig_clear(&r);
    buf_clear(&zone);
}

static void test_usage(void)
{
    struct rig r;
    tap_case("a target that is none");
    rig_init(&r, "$TTL 300\n");
    tap_int(probe_run(&r.probe, STR("a b"), &r.options, &r.err), MP_E_USAGE);
    rig_clear(&r);
}

int main(void)
{
    test_networks();
    test_sessions();
    test_leaves();
    test_limits();
    test_usage();
    return tap_done();
}
