/* Probes of servers that answer by a table: TLS, certificates, injection, DANE, MTA-STS. */
#include "flow/probe_test_kit.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hex.h"
#include "io/sts_cache.h"

static const char good_zone[] = "$TTL 300\n"
                                "good.test MX 10 mx.good.test\n"
                                "mx.good.test A 127.0.0.1\n";

/* ---- STARTTLS, TLS, certificates ---- */

enum how { BY_MX, BY_VERIFY, BY_IMPLICIT, BY_SUBMISSION };

static const struct {
    const char *label;
    struct kit_tls_options tls;
    enum how how;
    bool foreign; /* the client trusts somebody else */
    int exit_code;
    enum severity severity; /* of the first */
    enum finding_id want[4];
} certificates[] = {
    {"good",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     BY_MX,
     false,
     PASSED,
     SEV_INFO,
     {0}},
    {"good, verified",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     BY_VERIFY,
     false,
     PASSED,
     SEV_INFO,
     {0}},
    {"good, implicit TLS",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     BY_IMPLICIT,
     false,
     PASSED,
     SEV_INFO,
     {0}},
    {"good, submission",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     BY_SUBMISSION,
     false,
     PASSED,
     SEV_INFO,
     {0}},
    {"expired",
     {.names = {"mx.good.test"}, .starts_in_s = -9 * DAY_S, .ends_in_s = -DAY_S},
     BY_MX,
     false,
     PASSED,
     SEV_MEDIUM,
     {FINDING_FLOW_CERT_EXPIRED}},
    {"expired, submission",
     {.names = {"mx.good.test"}, .starts_in_s = -9 * DAY_S, .ends_in_s = -DAY_S},
     BY_SUBMISSION,
     false,
     FAILED,
     SEV_HIGH,
     {FINDING_FLOW_CERT_EXPIRED}},
    {"not yet valid, verified",
     {.names = {"mx.good.test"}, .starts_in_s = DAY_S, .ends_in_s = 90 * DAY_S},
     BY_VERIFY,
     false,
     FAILED,
     SEV_HIGH,
     {FINDING_FLOW_CERT_NOT_YET_VALID}},
    {"10 days left",
     {.names = {"mx.good.test"}, .ends_in_s = 10 * DAY_S},
     BY_MX,
     false,
     PASSED,
     SEV_LOW,
     {FINDING_FLOW_CERT_EXPIRES_SOON}},
    {"10 days left, implicit TLS",
     {.names = {"mx.good.test"}, .ends_in_s = 10 * DAY_S},
     BY_IMPLICIT,
     false,
     PASSED,
     SEV_MEDIUM,
     {FINDING_FLOW_CERT_EXPIRES_SOON}},
    {"3 days left, implicit TLS",
     {.names = {"mx.good.test"}, .ends_in_s = 3 * DAY_S},
     BY_IMPLICIT,
     false,
     FAILED,
     SEV_HIGH,
     {FINDING_FLOW_CERT_EXPIRES_SOON}},
    {"wrong name",
     {.names = {"other.test"}, .ends_in_s = 90 * DAY_S},
     BY_MX,
     false,
     PASSED,
     SEV_LOW,
     {FINDING_FLOW_CERT_WRONG_NAME}},
    {"wrong name, verified",
     {.names = {"other.test"}, .ends_in_s = 90 * DAY_S},
     BY_VERIFY,
     false,
     FAILED,
     SEV_HIGH,
     {FINDING_FLOW_CERT_WRONG_NAME}},
    {"untrusted",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     BY_MX,
     true,
     PASSED,
     SEV_LOW,
     {FINDING_FLOW_CERT_UNTRUSTED}},
    {"untrusted, implicit TLS",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     BY_IMPLICIT,
     true,
     FAILED,
     SEV_HIGH,
     {FINDING_FLOW_CERT_UNTRUSTED}},
    {"self-signed",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S, .self_signed = true},
     BY_MX,
     false,
     PASSED,
     SEV_LOW,
     {FINDING_FLOW_CERT_SELF_SIGNED}},
    {"self-signed, submission",
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S, .self_signed = true},
     BY_SUBMISSION,
     false,
     FAILED,
     SEV_HIGH,
     {FINDING_FLOW_CERT_SELF_SIGNED}},
};

static void choose(struct rig *r, enum how how)
{
    r->options.tls_verify = how == BY_VERIFY;
}

static const char *target_of(enum how how)
{
    return how == BY_IMPLICIT     ? "smtps://mx.good.test"
           : how == BY_SUBMISSION ? "submission://mx.good.test"
                                  : "good.test";
}

static void test_certificates(void)
{
    static const struct plan starttls = {{{"tls:EHLO", EHLO_AUTH}, {"EHLO", EHLO_STARTTLS}}};
    static const struct plan *const plans[] = {&starttls, NULL};
    for (size_t i = 0; i < ARRAY_LEN(certificates); i++) {
        struct kit_tls *tls = kit_tls_new(&certificates[i].tls);
        struct tls_settings foreign = {.ca_file = kit_client_file()};
        struct rig r;
        tap_case("certificate: %s", certificates[i].label);
        rig_init(&r, good_zone);
        if (certificates[i].foreign) {
            tls_client_free(r.tls);
            tap_int(tls_client_new(&foreign, &r.tls, &r.err), MP_OK);
            r.options.tls = r.tls;
        }
        rig_serve(&r, NULL, plans, tls, certificates[i].how == BY_IMPLICIT);
        choose(&r, certificates[i].how);
        rig_run(&r, target_of(certificates[i].how));
        rig_expect(&r, certificates[i].want, certificates[i].exit_code);
        if (certificates[i].want[0] != 0)
            tap_int(rig_severity(&r, certificates[i].want[0]), certificates[i].severity);
        tap_ok(r.probe.servers[0].client.has_tls);
        rig_clear(&r);
        kit_tls_free(tls);
    }
}

/* ---- versions, and what the options make of STARTTLS ---- */

static const struct {
    const char *label, *target;
    struct plan plan;
    struct kit_tls_options tls;
    bool has_tls, optional;
    enum target_tls mode;
    int exit_code;
    bool in_tls;
    enum finding_id want[4];
} modes[] = {
    {"TLS 1.1",
     "good.test",
     {{{"EHLO", EHLO_STARTTLS}}},
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S, .max_version = "TLSv1.1"},
     true,
     false,
     TARGET_TLS_AUTO,
     PASSED,
     true,
     {FINDING_FLOW_TLS_OLD}},
    {"STARTTLS is required and missing",
     "good.test",
     {.end = END_STRICT},
     {{NULL}},
     false,
     false,
     TARGET_TLS_STARTTLS,
     FAILED,
     false,
     {FINDING_FLOW_STARTTLS_MISSING}},
    {"submission without STARTTLS",
     "submission://mx.good.test",
     {.end = END_STRICT},
     {{NULL}},
     false,
     false,
     TARGET_TLS_AUTO,
     FAILED,
     false,
     {FINDING_FLOW_STARTTLS_MISSING}},
    {"TLS is not wanted",
     "good.test",
     {{{"EHLO", EHLO_STARTTLS}}},
     {{NULL}},
     false,
     false,
     TARGET_TLS_NONE,
     PASSED,
     false,
     {0}},
    {"LMTP needs none",
     "lmtp://mx.good.test",
     {.lmtp = true},
     {{NULL}},
     false,
     false,
     TARGET_TLS_AUTO,
     PASSED,
     false,
     {0}},
    {"implicit TLS where nobody speaks it",
     "smtps://mx.good.test",
     {.end = END_STRICT},
     {{NULL}},
     false,
     false,
     TARGET_TLS_AUTO,
     FAILED,
     false,
     {FINDING_FLOW_TLS_FAILED, FINDING_FLOW_ROUTE_UNREACHABLE}},
    {"plain text where TLS is expected of us",
     "good.test",
     {{{"banner", "@stall"}}},
     {.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S},
     false,
     false,
     TARGET_TLS_AUTO,
     FAILED,
     false,
     {FINDING_FLOW_CONNECT_TIMEOUT, FINDING_FLOW_ROUTE_UNREACHABLE}},
    {"a failed handshake may be optional",
     "good.test",
     {{{"EHLO", EHLO_STARTTLS}}},
     {{NULL}},
     false,
     true,
     TARGET_TLS_AUTO,
     PASSED,
     false,
     {FINDING_FLOW_TLS_FAILED}},
    {"but not when TLS is required",
     "good.test",
     {{{"EHLO", EHLO_STARTTLS}}},
     {{NULL}},
     false,
     true,
     TARGET_TLS_STARTTLS,
     FAILED,
     false,
     {FINDING_FLOW_TLS_FAILED}},
};

static void test_modes(void)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        const struct plan *const plans[] = {&modes[i].plan, NULL};
        struct kit_tls *tls = modes[i].has_tls ? kit_tls_new(&modes[i].tls) : NULL;
        bool stalls =
            modes[i].plan.rules[0].reply != NULL && modes[i].plan.rules[0].reply[0] == '@';
        struct rig r;
        tap_case("TLS: %s", modes[i].label);
        rig_init(&r, good_zone);
        rig_serve(&r, NULL, plans, tls, false);
        r.options.tls_mode = modes[i].mode;
        r.options.tls_optional = modes[i].optional;
        if (stalls)
            r.options.stage_timeout_ms = 1500;
        rig_run(&r, modes[i].target);
        rig_expect(&r, modes[i].want, modes[i].exit_code);
        tap_int(r.probe.servers[0].client.has_tls, modes[i].in_tls);
        rig_clear(&r);
        kit_tls_free(tls);
    }
}

/* ---- a command behind STARTTLS ---- */

static void check_injection(const char *label, bool carries, bool closes,
                            const enum finding_id *want, int exit_code)
{
    struct kit_tls *tls =
        kit_tls_new(&(struct kit_tls_options){.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S});
    const struct script_step honest[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                         SCRIPT_EXPECT("EHLO"),
                                         SCRIPT_SAY(EHLO_STARTTLS),
                                         SCRIPT_EXPECT("STARTTLS"),
                                         SCRIPT_SAY("220 go\r\n"),
                                         SCRIPT_TLS(tls),
                                         SCRIPT_EXPECT("EHLO"),
                                         SCRIPT_SAY(EHLO_PLAIN),
                                         SCRIPT_EXPECT("QUIT"),
                                         SCRIPT_SAY("221 bye\r\n"),
                                         SCRIPT_END};
    const struct script_step second[] = {
        SCRIPT_SAY("220 mx.good.test\r\n"),
        SCRIPT_EXPECT("EHLO"),
        SCRIPT_SAY(EHLO_STARTTLS),
        SCRIPT_EXPECT("STARTTLS"),
        SCRIPT_EXPECT("NOOP"),
        SCRIPT_SAY("220 go\r\n"),
        SCRIPT_TLS(tls),
        {.op = SCRIPT_OP_SAY, .text = "250 noop\r\n", .n = carries ? 10 : 0},
        SCRIPT_EXPECT("EHLO"),
        SCRIPT_SAY(EHLO_PLAIN),
        SCRIPT_EXPECT("QUIT"),
        SCRIPT_SAY("221 bye\r\n"),
        SCRIPT_END};
    static const struct script_step gone[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                              SCRIPT_EXPECT("EHLO"), SCRIPT_SAY(EHLO_STARTTLS),
                                              SCRIPT_EXPECT("STARTTLS"), SCRIPT_CLOSE};
    const struct script_step *const talks[] = {honest, closes ? gone : second};
    struct rig r;
    tap_case("injection: %s", label);
    rig_init(&r, good_zone);
    rig_play(&r, talks, 2);
    r.options.injection_test = true;
    rig_run(&r, "good.test");
    rig_expect(&r, want, exit_code);
    tap_int(script_connections(r.servers[0]), 2);
    rig_clear(&r);
    kit_tls_free(tls);
}

static void test_injection(void)
{
    static const enum finding_id none[] = {0}, carried[] = {FINDING_FLOW_STARTTLS_INJECTION, 0};
    check_injection("dropped", false, false, none, PASSED);
    check_injection("carried into TLS", true, false, carried, FAILED);
    check_injection("the server hangs up", false, true, none, PASSED);
}

/* ---- DANE ---- */

/* A zone with the TLSA record of `der`, or of other bytes. */
static struct str dane_zone(struct arena *a, struct str der, const char *tlsa, const char *more)
{
    struct str digest = x509_association(a, der, 1, 1), hex = hex_encode(a, digest);
    return arena_fmt(a,
                     "$TTL 300\n$SECURE\ngood.test MX 10 mx.good.test\nmx.good.test A 127.0.0.1\n"
                     "mx.good.test NODATA AAAA\n%s%s%.*s\n%s",
                     tlsa, tlsa[0] == '\0' ? ";" : "", STR_ARG(hex), more);
}

static const struct {
    const char *label, *tlsa, *more; /* the record up to the digest, "%p" the port */
    bool has_tls, self_signed;
    int exit_code;
    const char *delivery;
    enum finding_id want[4];
} danes[] = {
    {"matches", "TLSA 3 1 1 ", "", true, false, PASSED, "authenticated", {0}},
    {"matches, and nothing else of the certificate counts",
     "TLSA 3 1 1 ",
     "",
     true,
     true,
     PASSED,
     "authenticated",
     {FINDING_FLOW_CERT_SELF_SIGNED}},
    {"does not match",
     "TLSA 3 1 1 ff",
     "",
     true,
     false,
     FAILED,
     "refused",
     {FINDING_FLOW_DANE_MISMATCH}},
    {"unusable", "TLSA 0 1 1 ", "", true, false, PASSED, "encrypted", {FINDING_FLOW_DANE_UNUSABLE}},
    {"fails", "BOGUS TLSA ;", "", true, false, FAILED, "refused", {FINDING_FLOW_DANE_FAILED}},
    {"times out",
     "TIMEOUT TLSA ;",
     "",
     true,
     false,
     UNDECIDED,
     "refused",
     {FINDING_FLOW_DANE_FAILED}},
    {"without STARTTLS",
     "TLSA 3 1 1 ",
     "",
     false,
     false,
     FAILED,
     "refused",
     {FINDING_FLOW_DANE_NO_STARTTLS, FINDING_FLOW_STARTTLS_MISSING}},
};

static void test_dane(void)
{
    static const struct plan starttls = {{{"tls:EHLO", EHLO_AUTH}, {"EHLO", EHLO_STARTTLS}}};
    for (size_t i = 0; i < ARRAY_LEN(danes); i++) {
        const struct plan *const plans[] = {danes[i].has_tls ? &starttls : &good_plan, NULL};
        struct kit_tls *tls =
            kit_tls_new(&(struct kit_tls_options){.names = {"mx.good.test"},
                                                  .ends_in_s = 90 * DAY_S,
                                                  .self_signed = danes[i].self_signed});
        struct arena a = {0};
        struct rig r;
        tap_case("DANE: %s", danes[i].label);
        arena_init(&a, 1 << 20);
        rig_init(&r, "$TTL 300\n");
        rig_serve(&r, NULL, plans, danes[i].has_tls ? tls : NULL, false);
        struct str record =
            arena_fmt(&a, "_%u._tcp.mx.good.test %s", r.options.port, danes[i].tlsa);
        struct str leaf = kit_tls_leaf(tls);
        bool spoiled = str_ends(record, STR("ff"));
        if (spoiled) { /* the digest of something else */
            record.n -= 2;
            leaf = kit_ca_der();
        }
        record = arena_copy(&a, record);
        struct str zone = dane_zone(&a, leaf, record.p, danes[i].more);
        tap_int(dns_zone_load(r.zone, zone, "zone", &r.err), MP_OK);
        rig_run(&r, "good.test");
        rig_expect(&r, danes[i].want, danes[i].exit_code);
        tap_cstr(tls_delivery_name(r.probe.servers[0].decision.delivery), danes[i].delivery);
        tap_int(rig_severity(&r, FINDING_FLOW_CERT_SELF_SIGNED), SEV_INFO);
        rig_clear(&r);
        kit_tls_free(tls);
        arena_clear(&a);
    }
}

/* ---- MTA-STS, with a policy kept from an earlier run ---- */

static const struct {
    const char *label, *policy; /* NULL: none is kept */
    const char *record;
    const char *name; /* in the certificate */
    int exit_code;
    enum finding_id want[4];
} policies[] = {
    {"none", NULL, "", "mx.good.test", PASSED, {0}},
    {"enforced and fulfilled",
     "mode: enforce\nmx: mx.good.test\n",
     "v=STSv1; id=1;",
     "mx.good.test",
     PASSED,
     {0}},
    {"enforced, host not listed",
     "mode: enforce\nmx: other.test\n",
     "v=STSv1; id=1;",
     "mx.good.test",
     FAILED,
     {FINDING_FLOW_STS_REFUSED}},
    {"enforced, wrong name",
     "mode: enforce\nmx: mx.good.test\n",
     "v=STSv1; id=1;",
     "other.test",
     FAILED,
     {FINDING_FLOW_STS_REFUSED, FINDING_FLOW_CERT_WRONG_NAME}},
    {"testing, host not listed",
     "mode: testing\nmx: other.test\n",
     "v=STSv1; id=1;",
     "mx.good.test",
     PASSED,
     {FINDING_FLOW_STS_WOULD_REFUSE}},
    {"kept, though the record is gone",
     "mode: enforce\nmx: other.test\n",
     "",
     "mx.good.test",
     FAILED,
     {FINDING_FLOW_STS_REFUSED}},
    {"kept, though the new one cannot be had",
     "mode: enforce\nmx: mx.good.test\n",
     "v=STSv1; id=2;",
     "mx.good.test",
     PASSED,
     {0}},
    {"announced, and not to be had",
     NULL,
     "v=STSv1; id=1;",
     "mx.good.test",
     UNDECIDED,
     {FINDING_FLOW_STS_UNAVAILABLE}},
    {"two records",
     NULL,
     "v=STSv1; id=1;\"\n_mta-sts.good.test TXT \"v=STSv1; id=2;",
     "mx.good.test",
     PASSED,
     {FINDING_FLOW_STS_UNAVAILABLE}},
    {"switched off",
     "mode: none\n",
     "v=STSv1; id=1;",
     "other.test",
     PASSED,
     {FINDING_FLOW_CERT_WRONG_NAME}},
};

static void keep_policy(struct rig *r, const char *policy, const char *dir)
{
    char body[256];
    int n = snprintf(body, sizeof body, "version: STSv1\n%smax_age: 86400\n", policy);
    struct sts_cached entry = {.id = STR("1"),
                               .body = str_make(body, (size_t)n),
                               .fetched_s = r->options.now_s - 60,
                               .max_age_s = 86400};
    tap_int(sts_cache_store(dir, STR("good.test"), &entry, &r->err), MP_OK);
}

static void remove_dir(struct arena *a, const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            unlink(arena_fmt(a, "%s/%s", dir, e->d_name).p);
    closedir(d);
    rmdir(dir);
}

static void test_policies(void)
{
    static const struct plan starttls = {{{"tls:EHLO", EHLO_AUTH}, {"EHLO", EHLO_STARTTLS}}};
    static const struct plan *const plans[] = {&starttls, NULL};
    for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
        struct kit_tls *tls = kit_tls_new(
            &(struct kit_tls_options){.names = {policies[i].name}, .ends_in_s = 90 * DAY_S});
        char dir[] = "/tmp/mailproof-probe-XXXXXX";
        struct arena a = {0};
        struct rig r;
        tap_case("MTA-STS: %s", policies[i].label);
        arena_init(&a, 1 << 20);
        rig_init(&r, good_zone);
        if (policies[i].record[0] != '\0') {
            struct str line =
                arena_fmt(&a, "$TTL 300\n_mta-sts.good.test TXT \"%s\"\n", policies[i].record);
            tap_int(dns_zone_load(r.zone, line, "zone", &r.err), MP_OK);
        }
        tap_ok(mkdtemp(dir) != NULL);
        r.options.sts_cache = dir;
        if (policies[i].policy != NULL)
            keep_policy(&r, policies[i].policy, dir);
        rig_serve(&r, NULL, plans, tls, false);
        rig_run(&r, "good.test");
        rig_expect(&r, policies[i].want, policies[i].exit_code);
        rig_clear(&r);
        kit_tls_free(tls);
        remove_dir(&a, dir);
        arena_clear(&a);
    }
}

int main(void)
{
    test_certificates();
    test_modes();
    test_injection();
    test_dane();
    test_policies();
    return tap_done();
}
