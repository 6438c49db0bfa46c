/* Suites that are right: what becomes of every part of them. */
#include "base/base64.h"
#include "suite/suite_test_kit.h"

/* ---- the example suites, word for word ---- */

static const struct kit_value secrets[] = {
    {"ALICE_PW", "secret-alice"},    {"CANARY_PW", "secret-canary"}, {"BOB_PW", "secret-bob"},
    {"HOOK", "https://hook.test/x"}, {"HOOK_KEY", "whsec_a2V5"},     {NULL, NULL}};

static bool all_readable(void *ctx, const char *path)
{
    (void)ctx, (void)path;
    return true;
}

static bool read_example(const char *name, struct suite *s)
{
    struct kit_outside k = {.env = secrets};
    struct suite_outside outside = {kit_env, kit_real_file, all_readable, &k};
    struct suite_options o = {.outside = &outside};
    struct suite_problems problems;
    struct mp_err err = {0};
    int st = suite_read(tap_source_path(name), &o, s, &problems, &err);
    for (size_t i = 0; i < problems.n; i++)
        tap_note("%s:%u:%u: " STR_FMT, problems.items[i].at.file, problems.items[i].at.line,
                 problems.items[i].at.column, STR_ARG(problems.items[i].text));
    tap_int(st, MP_OK);
    tap_int(problems.n, 0);
    return st == MP_OK;
}

static const struct suite_step *step_of(const struct suite *s, size_t i, enum suite_verb v)
{
    for (size_t k = 0; i < s->n_cases && k < s->cases[i].n_steps; k++)
        if (s->cases[i].steps[k].verb == v)
            return &s->cases[i].steps[k];
    tap_note("case %zu has no %s", i, suite_verb_name(v));
    tap_ok(false);
    return NULL;
}

static void test_smoke(void)
{
    static struct suite s;
    tap_case("smoke.yaml: the suite");
    if (!read_example("examples/suites/smoke.yaml", &s))
        return;
    tap_str(s.name, STR("smoke"));
    tap_int(s.allow.n_domains, 1);
    tap_int(s.allow.n_networks, 1);
    tap_int(s.allow.networks[0].prefix_bits, 8);
    tap_int(s.n_hosts, 2);
    tap_str(s.hosts[0].password, STR("secret-alice"));
    tap_int(s.hosts[0].mechs[0], SASL_SCRAM_SHA_256);
    tap_int(s.hosts[1].kind, SUITE_HOST_MAILBOX);
    tap_int(s.n_cases, 3);
    tap_int(s.cases[0].timeout_ms, 30000);
    tap_int(s.cases[0].retry.times, 1);
    tap_int(s.cases[0].retry.every_ms, 2000);
    tap_case("smoke.yaml: a probe");
    const struct suite_probe *p = step_of(&s, 0, SUITE_PROBE)->probe;
    tap_str(p->target, STR("good.test"));
    tap_ok(p->mx_of);
    tap_int(p->expect.all.tls.op, SUITE_GE);
    tap_int(p->expect.all.tls.value, 0x0303);
    tap_int(p->expect.all.tls.at.line, 19);
    tap_int(p->expect.all.tls.at.column, 14);
    tap_int(p->expect.all.cert.days_left.compare.value, 14);
    tap_int(p->expect.all.dane.value, 1);
    tap_int(p->expect.all.ehlo.n, 3);
    tap_int(p->expect.all.size.value, 10 * 1000 * 1000);
    tap_int(p->expect.all.time.value, 20000);
    tap_ok(!SUITE_GIVEN(p->expect.any));
    p = step_of(&s, 1, SUITE_PROBE)->probe;
    tap_ok(SUITE_GIVEN(p->expect.all.auth_before_tls));
    tap_int(p->expect.all.auth_before_tls.n, 0);
    tap_int(p->expect.all.starttls.value, SUITE_STARTTLS_REQUIRED);
    tap_case("smoke.yaml: sending and arriving");
    const struct suite_send *send = step_of(&s, 2, SUITE_SEND)->send;
    tap_str(send->via->name, STR("submit"));
    tap_str(send->to[0], STR("canary@good.test"));
    tap_str(send->attach[0].path,
            str_from(tap_source_path("examples/suites/fixtures/invoice.pdf")));
    tap_int(send->expect.outcome, SUITE_ACCEPTED);
    const struct suite_arrive *a = step_of(&s, 2, SUITE_ARRIVE)->arrive;
    tap_int(a->within_ms, 30000);
    tap_ok(a->settle_ms > 0);
    tap_str(a->expect.folder.items[0], STR("INBOX"));
    tap_str(a->expect.auth.dkim.items[0], STR("pass"));
    tap_str(a->expect.auth.dkim_domain.text, STR("good.test"));
    tap_ok(a->expect.altered.body.none);
    tap_int(a->expect.altered.headers_added.n, 4);
    tap_int(a->expect.copies.value, 1);
    tap_int(s.cases[2].cleanup, SUITE_DELETE);
    suite_clear(&s);
}

static void test_gate(void)
{
    static struct suite s;
    tap_case("gate.yaml: the suite");
    if (!read_example("examples/suites/gate.yaml", &s))
        return;
    tap_int(s.n_cases, 1 + 5 + 1 + 2 + 1 + 1);
    tap_int(s.n_sinks, 1);
    tap_cstr(s.sinks[0].cert_file, "/etc/mailproof/certificates/sink.crt");
    tap_int(s.sinks[0].listener.port, 25);
    tap_ok(s.hosts[0].xclient);
    tap_case("gate.yaml: a matrix");
    tap_str(s.cases[1].name, STR("spoofed From of a p=reject domain is refused [spf-fail]"));
    tap_str(s.cases[5].name, STR("spoofed From of a p=reject domain is refused [null-sender]"));
    const struct suite_send *send = step_of(&s, 5, SUITE_SEND)->send;
    tap_cstr(send->kind->name, "null-sender");
    tap_str(send->as.xclient[0].value, STR("198.51.100.66"));
    tap_int(send->expect.outcome, SUITE_REFUSED);
    tap_int(send->expect.stages, 1 << SMTP_STAGE_DATA | 1 << SMTP_STAGE_BODY | 1 << SMTP_STAGE_END);
    tap_str(send->expect.code.items[0], STR("550"));
    tap_str(send->expect.enhanced.items[0], STR("5.7.*"));
    tap_int(s.cases[5].n_steps, 2);
    const struct suite_arrive *a = step_of(&s, 5, SUITE_NOT_ARRIVE)->arrive;
    tap_ok(a->must_not);
    tap_int(a->within_ms, 3000);
    tap_case("gate.yaml: a table");
    tap_str(s.cases[7].name, STR("macro document is put aside, malware refused [macro]"));
    tap_str(step_of(&s, 7, SUITE_SEND)->send->attach[0].kind, STR("macro"));
    a = step_of(&s, 7, SUITE_ARRIVE)->arrive;
    tap_str(a->in[0]->name, STR("alice"));
    tap_str(a->expect.folder.items[0], STR("Junk"));
    tap_int(s.cases[8].n_steps, 1);
    tap_int(step_of(&s, 8, SUITE_SEND)->send->expect.outcome, SUITE_REFUSED);
    tap_int(s.cases[8].at.line, 46);
    tap_case("gate.yaml: relaying, smuggling, scripts, audits");
    tap_int(step_of(&s, 0, SUITE_RELAY_TEST)->relay->expect.stages, 1 << SMTP_STAGE_RCPT);
    tap_ok(step_of(&s, 6, SUITE_SMUGGLE)->smuggle->expect.smuggled.none);
    tap_str(step_of(&s, 9, SUITE_SCRIPT)->script->script,
            STR("[{\"rcpt\":\"451 4.7.1 later\",\"times\":1},{\"after\":\"data\",\"drop\":true,"
                "\"times\":1},{\"accept\":true}]"));
    tap_int(step_of(&s, 9, SUITE_ARRIVE)->arrive->expect.attempts.value, 3);
    const struct suite_audit *audit = step_of(&s, 10, SUITE_AUDIT)->audit;
    tap_int(audit->domains[0].profile, PROFILE_SENDING);
    tap_int(audit->expect.level.value, 3);
    tap_int(audit->expect.findings.forbid.n, 3);
    tap_ok(!audit->connect);
    suite_clear(&s);
}

/* As a server would tell an AUTH PLAIN back: the secret begins anywhere in a group of three. */
static void test_base64(const struct suite *s)
{
    static const char *const texts[] = {"secret-alice", "\001secret-alice", "ab secret-alice",
                                        "abcd:secret-alice and more", "secret-alice!"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf code, masked;
        tap_case("a secret within base64: %s", texts[i]);
        buf_init(&code, 1000);
        buf_init(&masked, 1000);
        base64_encode(&code, str_from(texts[i]));
        suite_mask(s, buf_str(&code), &masked);
        tap_ok(str_search(buf_str(&masked), STR("***")) < masked.n);
        tap_ok(masked.n <= code.n - STR("secret-alic").n);
        buf_clear(&code);
        buf_clear(&masked);
    }
}

static void test_nightly(void)
{
    static struct suite s;
    tap_case("nightly.yaml: the suite");
    if (!read_example("examples/suites/nightly.yaml", &s))
        return;
    tap_int(s.schedule.every_ms, 300000);
    tap_ok(s.schedule.only_one);
    tap_int(s.report.webhook_on, SUITE_ON_CHANGE | SUITE_ON_UNDECIDED);
    tap_int(s.report.keep_s, 90 * 86400);
    tap_int(s.n_cases, 3);
    const struct suite_arrive *a = step_of(&s, 0, SUITE_ARRIVE)->arrive;
    tap_int(a->n_search, 2);
    tap_int(a->warn_ms, 30000);
    tap_case("nightly.yaml: the tag");
    tap_str(step_of(&s, 1, SUITE_SEND)->send->to[0], STR("probe+${tag}@sink.test"));
    struct arena arena;
    struct suite_case made;
    struct mp_err err = {0};
    arena_init(&arena, 1 << 20);
    tap_int(suite_case_make(&s, 1, STR("mp-xyz"), &arena, &made, &err), MP_OK);
    tap_str(made.steps[0].send->to[0], STR("probe+mp-xyz@sink.test"));
    tap_str(made.steps[0].send->via->password, STR("secret-alice"));
    arena_clear(&arena);
    tap_case("nightly.yaml: what the sink saw");
    a = step_of(&s, 1, SUITE_ARRIVE)->arrive;
    tap_int(a->in[0]->kind, SUITE_HOST_SINK);
    tap_int(a->expect.auth.alignment.value, SUITE_ALIGN_STRICT);
    tap_ok(a->expect.client.fcrdns.value);
    tap_str(a->expect.client.dnsbl_lists.items[0], STR("dnsbl.test"));
    tap_ok(SUITE_GIVEN(a->expect.client.dnsbl_listed) && !a->expect.client.dnsbl_listed.value);
    tap_case("nightly.yaml: audits");
    const struct suite_audit *audit = step_of(&s, 2, SUITE_AUDIT)->audit;
    tap_int(audit->n_domains, 2);
    tap_int(audit->domains[1].profile, PROFILE_PARKED);
    tap_int(audit->every_s, 86400);
    tap_int(audit->expect.cert.days_left.warn, 21);
    tap_int(audit->expect.cert.days_left.crit, 7);
    tap_ok(audit->expect.sts.matches_mx.value);
    tap_ok(audit->expect.dane_rollover_ready.value);
    tap_case("secrets are known, in the forms of reports, and masked");
    struct buf b;
    buf_init(&b, 1000);
    suite_mask(&s, STR("x secret-alice y secret-aliceandsecret-bob whsec_a2V5"), &b);
    tap_str(buf_str(&b), STR("x *** y ***and*** ***"));
    tap_case("secrets: the cut goes through none");
    static const struct {
        size_t max;
        const char *want;
    } cuts[] = {{0, ""},          {5, "aaaa "},       {6, "aaaa ***"},      {16, "aaaa ***"},
                {17, "aaaa ***"}, {19, "aaaa *** t"}, {99, "aaaa *** tail"}};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        b.n = 0;
        suite_mask_begin(&s, STR("aaaa secret-alice tail"), cuts[i].max, &b);
        tap_str(buf_str(&b), str_from(cuts[i].want));
    }
    buf_clear(&b);
    test_base64(&s);
    suite_clear(&s);
}

int main(void)
{
    test_smoke();
    test_gate();
    test_nightly();
    return tap_done();
}
