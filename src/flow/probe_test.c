/* Probes of servers that answer by a table: routes, connections, SMTP, TLS, certificates, AUTH. */
#include "flow/probe_test_kit.h"

enum { PASSED = 0, FAILED = 1, UNDECIDED = 3, MEGABYTE = 1 << 20 };

static const char good_zone[] = "$TTL 300\n"
                                "good.test MX 10 mx.good.test\n"
                                "mx.good.test A 127.0.0.1\n"
                                "implicit.test A 127.0.0.1\n"
                                "two.test MX 10 mx.good.test\n"
                                "two.test MX 20 dead.good.test\n"
                                "dead.good.test A 127.0.0.9\n"
                                "dead.test MX 10 dead.good.test\n"
                                "null.test MX 0 .\n"
                                "mixed.test MX 0 .\n"
                                "mixed.test MX 10 mx.good.test\n"
                                "alias.test MX 10 www.good.test\n"
                                "www.good.test CNAME mx.good.test\n"
                                "literal.test MX 10 127.0.0.1\n"
                                "literal.test MX 20 mx.good.test\n"
                                "nohost.test MX 10 missing.good.test\n"
                                "halfhost.test MX 10 missing.good.test\n"
                                "halfhost.test MX 20 mx.good.test\n"
                                "servfail.test SERVFAIL\n"
                                "bogus.test BOGUS MX\n"
                                "bogushost.test MX 10 mx.bogushost.test\n"
                                "mx.bogushost.test BOGUS\n"
                                "flaky.test MX 10 mx.flaky.test\n"
                                "flaky.test MX 20 mx.good.test\n"
                                "mx.flaky.test TIMEOUT\n";

/* ---- routes: where mail goes, whoever answers there ---- */

static const struct {
    const char *target;
    bool serves, asks, v6; /* a server at 127.0.0.1; with a recipient; -6 */
    int exit_code;
    enum finding_id want[4];
} routes[] = {
    {"good.test", true, false, false, PASSED, {FINDING_FLOW_STARTTLS_MISSING}},
    {"implicit.test",
     true,
     false,
     false,
     PASSED,
     {FINDING_FLOW_ROUTE_IMPLICIT, FINDING_FLOW_STARTTLS_MISSING}},
    {"null.test", false, false, false, PASSED, {FINDING_FLOW_ROUTE_NULL_MX}},
    {"null.test", false, true, false, FAILED, {FINDING_FLOW_ROUTE_NULL_MX}},
    {"mixed.test",
     true,
     false,
     false,
     PASSED,
     {FINDING_FLOW_ROUTE_NULL_MX_MIXED, FINDING_FLOW_STARTTLS_MISSING}},
    {"alias.test",
     true,
     false,
     false,
     PASSED,
     {FINDING_FLOW_ROUTE_MX_ALIAS, FINDING_FLOW_STARTTLS_MISSING}},
    {"literal.test",
     true,
     false,
     false,
     PASSED,
     {FINDING_FLOW_ROUTE_MX_LITERAL, FINDING_FLOW_STARTTLS_MISSING}},
    {"nohost.test", false, false, false, FAILED, {FINDING_FLOW_ROUTE_NO_ADDRESS}},
    {"halfhost.test",
     true,
     false,
     false,
     PASSED,
     {FINDING_FLOW_ROUTE_NO_ADDRESS, FINDING_FLOW_STARTTLS_MISSING}},
    {"absent.test", false, false, false, FAILED, {FINDING_FLOW_ROUTE_NONE}},
    {"servfail.test", false, false, false, UNDECIDED, {FINDING_FLOW_ROUTE_DNS_FAILED}},
    {"bogus.test", false, false, false, FAILED, {FINDING_FLOW_ROUTE_DNS_BOGUS}},
    {"bogushost.test", false, false, false, FAILED, {FINDING_FLOW_ROUTE_DNS_BOGUS}},
    {"flaky.test",
     true,
     false,
     false,
     UNDECIDED,
     {FINDING_FLOW_ROUTE_DNS_FAILED, FINDING_FLOW_STARTTLS_MISSING}},
    {"good.test", false, false, true, FAILED, {FINDING_FLOW_ROUTE_NO_ADDRESS}},
    {"two.test",
     true,
     false,
     false,
     PASSED,
     {FINDING_FLOW_CONNECT_REFUSED, FINDING_FLOW_STARTTLS_MISSING}},
    {"dead.test",
     true,
     false,
     false,
     FAILED,
     {FINDING_FLOW_CONNECT_REFUSED, FINDING_FLOW_ROUTE_UNREACHABLE}},
};

static void test_routes(void)
{
    static const struct plan *const plans[] = {&good_plan, NULL};
    struct str to = STR("bob@null.test");
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        struct rig r;
        tap_case("route: %s%s%s", routes[i].target, routes[i].asks ? ", with a recipient" : "",
                 routes[i].v6 ? ", IPv6" : "");
        rig_init(&r, good_zone);
        if (routes[i].serves)
            rig_serve(&r, NULL, plans, NULL, false);
        r.options.only_v6 = routes[i].v6;
        r.options.rcpts = &to;
        r.options.n_rcpts = routes[i].asks;
        rig_run(&r, routes[i].target);
        rig_expect(&r, routes[i].want, routes[i].exit_code);
        rig_clear(&r);
    }
}

/* ---- faults: what a server does instead of its answer, at each stage ---- */

struct fault {
    const char *label;
    struct plan plan;
    int exit_code;
    enum finding_id want[5];
};

static const struct fault faults[] = {
    {"closed before the banner",
     {{{"banner", "@close"}}},
     FAILED,
     {FINDING_FLOW_CONNECT_CLOSED, FINDING_FLOW_ROUTE_UNREACHABLE}},
    {"silent before the banner",
     {{{"banner", "@stall"}}},
     FAILED,
     {FINDING_FLOW_CONNECT_TIMEOUT, FINDING_FLOW_ROUTE_UNREACHABLE}},
    {"no SMTP",
     {{{"banner", "SSH-2.0-OpenSSH_9.2p1\r\n"}}},
     FAILED,
     {FINDING_FLOW_SMTP_GARBAGE, FINDING_FLOW_ROUTE_UNREACHABLE}},
    {"554 at the banner",
     {{{"banner", "554 5.7.1 go away\r\n"}}},
     FAILED,
     {FINDING_FLOW_SMTP_BANNER_REFUSED}},
    {"421 at the banner",
     {{{"banner", "421 4.3.2 too busy\r\n"}}},
     UNDECIDED,
     {FINDING_FLOW_SMTP_BANNER_REFUSED}},
    {"a banner of bare line feeds",
     {{{"banner", "220 mx.good.test\n"}}},
     PASSED,
     {FINDING_FLOW_SMTP_MALFORMED, FINDING_FLOW_STARTTLS_MISSING}},
    {"HELO only",
     {{{"EHLO", "502 5.5.1 what?\r\n"}}},
     PASSED,
     {FINDING_FLOW_SMTP_NO_ESMTP, FINDING_FLOW_STARTTLS_MISSING}},
    {"neither EHLO nor HELO",
     {{{"EHLO", "550 no\r\n"}, {"HELO", "550 no\r\n"}}},
     FAILED,
     {FINDING_FLOW_SMTP_EHLO_REFUSED}},
    {"451 to EHLO",
     {{{"EHLO", "451 4.3.0 later\r\n"}}},
     UNDECIDED,
     {FINDING_FLOW_SMTP_EHLO_REFUSED}},
    {"closed at EHLO", {{{"EHLO", "@close"}}}, UNDECIDED, {FINDING_FLOW_SMTP_CLOSED}},
    {"silent at EHLO", {{{"EHLO", "@stall"}}}, UNDECIDED, {FINDING_FLOW_SMTP_TIMEOUT}},
    {"garbage at EHLO", {{{"EHLO", "hello yourself\r\n"}}}, FAILED, {FINDING_FLOW_SMTP_GARBAGE}},
    {"STARTTLS refused",
     {{{"EHLO", EHLO_STARTTLS}, {"STARTTLS", "454 4.7.0 no certificate\r\n"}}},
     FAILED,
     {FINDING_FLOW_STARTTLS_REFUSED}},
    {"plain text behind STARTTLS",
     {{{"EHLO", EHLO_STARTTLS}, {"STARTTLS", "220 go\r\n250 injected\r\n"}}},
     FAILED,
     {FINDING_FLOW_STARTTLS_INJECTED}},
    {"no handshake behind STARTTLS",
     {{{"EHLO", EHLO_STARTTLS}}},
     FAILED,
     {FINDING_FLOW_TLS_FAILED}},
};

static void run_fault(const struct fault *f, unsigned stage_ms)
{
    const struct plan *const plans[] = {&f->plan, NULL};
    struct rig r;
    tap_case("fault: %s", f->label);
    rig_init(&r, good_zone);
    rig_serve(&r, NULL, plans, NULL, false);
    r.options.stage_timeout_ms = stage_ms;
    rig_run(&r, "good.test");
    rig_expect(&r, f->want, f->exit_code);
    rig_clear(&r);
}

static void test_faults(void)
{
    enum { IMPATIENT_MS = 300 };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        bool silent = str_starts(str_from(faults[i].label), STR("silent"));
        run_fault(&faults[i], silent ? IMPATIENT_MS : RIG_STAGE_MS);
    }
}

/* ---- floods: replies without an end ---- */

static char long_line[MEGABYTE];

static void test_floods(void)
{
    static const struct script_step endless[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                                 SCRIPT_EXPECT("EHLO"),
                                                 SCRIPT_FLOOD("250-MORE\r\n", 0), SCRIPT_END};
    static const struct script_step line[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                              SCRIPT_EXPECT("EHLO"), SCRIPT_FLOOD(long_line, 1),
                                              SCRIPT_END};
    static const struct script_step late[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                              SCRIPT_EXPECT("EHLO"),
                                              SCRIPT_SAY(EHLO_PLAIN),
                                              SCRIPT_EXPECT("MAIL"),
                                              SCRIPT_FLOOD("250-x\r\n", 0),
                                              SCRIPT_END};
    static const struct {
        const char *label;
        const struct script_step *steps;
        enum finding_id want[4];
    } rows[] = {
        {"endless EHLO", endless, {FINDING_FLOW_SMTP_ENDLESS}},
        {"a line of 1 MB", line, {FINDING_FLOW_SMTP_LONG_LINE}},
        {"an endless reply to MAIL",
         late,
         {FINDING_FLOW_SMTP_ENDLESS, FINDING_FLOW_RCPT_UNDECIDED, FINDING_FLOW_STARTTLS_MISSING}},
    };
    struct str to = STR("bob@good.test");
    memset(long_line, 'x', sizeof long_line - 1);
    memcpy(long_line, "250 ", 4);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        tap_case("flood: %s", rows[i].label);
        rig_init(&r, good_zone);
        rig_play(&r, &rows[i].steps, 1);
        r.options.rcpts = &to;
        r.options.n_rcpts = i == 2;
        rig_run(&r, "good.test");
        rig_expect(&r, rows[i].want, FAILED);
        rig_clear(&r);
    }
}

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

int main(void)
{
    test_routes();
    test_faults();
    test_floods();
    test_certificates();
    return tap_done();
}
