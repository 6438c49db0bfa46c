/* Probes of servers that answer by a table: routes, connections, SMTP, AUTH, names. */
#include "flow/probe_test_kit.h"

enum { MEGABYTE = 1 << 20 };

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
    enum { IMPATIENT_MS = 1500 };
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

/* ---- AUTH ---- */

#define EHLO_CRAM "250-mx.good.test\r\n250-AUTH CRAM-MD5 SCRAM-SHA-256\r\n250 8BITMIME\r\n"

static const struct {
    const char *label, *target;
    struct plan plan;
    enum sasl_mech mech; /* SASL_MECH_COUNT: by choice */
    bool logs_in, plaintext, optional;
    int exit_code;
    const char *done; /* mechanism that succeeded */
    enum finding_id want[4];
} logins[] = {
    {"offered in the clear",
     "good.test",
     {{{"EHLO", EHLO_AUTH}}},
     SASL_MECH_COUNT,
     false,
     false,
     false,
     FAILED,
     NULL,
     {FINDING_FLOW_AUTH_BEFORE_TLS, FINDING_FLOW_STARTTLS_MISSING}},
    {"challenges in the clear are no fault",
     "good.test",
     {{{"EHLO", EHLO_CRAM}}},
     SASL_MECH_COUNT,
     false,
     false,
     false,
     PASSED,
     NULL,
     {FINDING_FLOW_STARTTLS_MISSING}},
    {"PLAIN in the clear, as told",
     "good.test",
     {{{"EHLO", EHLO_AUTH}, {"AUTH PLAIN", "235 2.7.0 in\r\n"}}},
     SASL_PLAIN,
     true,
     true,
     false,
     FAILED,
     "PLAIN",
     {FINDING_FLOW_AUTH_BEFORE_TLS, FINDING_FLOW_STARTTLS_MISSING}},
    {"PLAIN in the clear is withheld",
     "good.test",
     {{{"EHLO", EHLO_AUTH}}},
     SASL_PLAIN,
     true,
     false,
     false,
     FAILED,
     NULL,
     {FINDING_FLOW_AUTH_BEFORE_TLS, FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_AUTH_NOT_TRIED}},
    {"PLAIN in TLS",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_AUTH}, {"AUTH PLAIN", "235 2.7.0 in\r\n"}, {"AUTH", "535 no\r\n"}}},
     SASL_PLAIN,
     true,
     false,
     false,
     PASSED,
     "PLAIN",
     {0}},
    {"wrong password",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_AUTH}, {"AUTH", "535 5.7.8 no\r\n"}}},
     SASL_PLAIN,
     true,
     false,
     false,
     FAILED,
     NULL,
     {FINDING_FLOW_AUTH_FAILED}},
    {"wrong password, optional",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_AUTH}, {"AUTH", "535 5.7.8 no\r\n"}}},
     SASL_PLAIN,
     true,
     false,
     true,
     PASSED,
     NULL,
     {FINDING_FLOW_AUTH_FAILED}},
    {"not now",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_AUTH}, {"AUTH", "454 4.7.0 later\r\n"}}},
     SASL_PLAIN,
     true,
     false,
     false,
     UNDECIDED,
     NULL,
     {FINDING_FLOW_AUTH_FAILED}},
    {"no AUTH at all",
     "smtps://mx.good.test",
     {.end = END_STRICT},
     SASL_MECH_COUNT,
     true,
     false,
     false,
     FAILED,
     NULL,
     {FINDING_FLOW_AUTH_UNAVAILABLE}},
    {"offered, yet unknown: the next is tried",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_AUTH},
       {"AUTH CRAM-MD5", "504 5.5.4 what?\r\n"},
       {"AUTH PLAIN", "235 2.7.0 in\r\n"}}},
     SASL_MECH_COUNT,
     true,
     false,
     false,
     PASSED,
     "PLAIN",
     {0}},
    {"a server that cannot prove itself",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_CRAM}, {"AUTH SCRAM", "235 2.7.0 in\r\n"}}},
     SASL_SCRAM_SHA_256,
     true,
     false,
     false,
     FAILED,
     NULL,
     {FINDING_FLOW_AUTH_UNPROVED}},
    {"closed at AUTH",
     "smtps://mx.good.test",
     {{{"EHLO", EHLO_AUTH}, {"AUTH", "@close"}}},
     SASL_PLAIN,
     true,
     false,
     false,
     UNDECIDED,
     NULL,
     {FINDING_FLOW_SMTP_CLOSED}},
};

static void test_logins(void)
{
    struct kit_tls *tls =
        kit_tls_new(&(struct kit_tls_options){.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S});
    for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
        const struct plan *const plans[] = {&logins[i].plan, NULL};
        bool implicit = str_starts(str_from(logins[i].target), STR("smtps"));
        enum sasl_mech mech = logins[i].mech;
        struct rig r;
        tap_case("AUTH: %s", logins[i].label);
        rig_init(&r, good_zone);
        rig_serve(&r, NULL, plans, implicit ? tls : NULL, implicit);
        r.options.has_credentials = logins[i].logs_in;
        r.options.credentials.user = STR("alice");
        r.options.credentials.password = STR("secret");
        r.options.auth_plaintext = logins[i].plaintext;
        r.options.auth_optional = logins[i].optional;
        r.options.mechs = &mech;
        r.options.n_mechs = mech != SASL_MECH_COUNT;
        rig_run(&r, logins[i].target);
        rig_expect(&r, logins[i].want, logins[i].exit_code);
        const char *done = r.probe.servers[0].auth_mech;
        tap_cstr(done == NULL ? "" : done, logins[i].done == NULL ? "" : logins[i].done);
        rig_clear(&r);
    }
    kit_tls_free(tls);
}

/* ---- names ---- */

static const struct {
    const char *label, *zone, *greeting;
    int exit_code;
    enum finding_id want[4];
} names[] = {
    {"all agree",
     "1.0.0.127.in-addr.arpa PTR mx.good.test\n",
     "250 mx.good.test\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING}},
    {"no PTR",
     "",
     "250 mx.good.test\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_PTR_MISSING}},
    {"PTR to another",
     "1.0.0.127.in-addr.arpa PTR dead.good.test\n",
     "250 mx.good.test\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_PTR_MISMATCH}},
    {"the second PTR confirms",
     "1.0.0.127.in-addr.arpa PTR dead.good.test\n1.0.0.127.in-addr.arpa PTR mx.good.test\n",
     "250 mx.good.test\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING}},
    {"PTR fails",
     "1.0.0.127.in-addr.arpa SERVFAIL\n",
     "250 mx.good.test\r\n",
     UNDECIDED,
     {FINDING_FLOW_STARTTLS_MISSING}},
    {"localhost",
     "1.0.0.127.in-addr.arpa PTR mx.good.test\n",
     "250 localhost.localdomain\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_HELO_NAME}},
    {"an address for a name",
     "1.0.0.127.in-addr.arpa PTR mx.good.test\n",
     "250 127.0.0.1\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_HELO_NAME}},
    {"a name nobody knows",
     "1.0.0.127.in-addr.arpa PTR mx.good.test\n",
     "250 inner.good.test\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_HELO_NO_ADDRESS}},
    {"a name of another machine",
     "1.0.0.127.in-addr.arpa PTR mx.good.test\n",
     "250 dead.good.test\r\n",
     PASSED,
     {FINDING_FLOW_STARTTLS_MISSING, FINDING_FLOW_HELO_MISMATCH}},
};

static void test_names(void)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct plan plan = {{{"EHLO", names[i].greeting}}};
        const struct plan *const plans[] = {&plan, NULL};
        struct rig r;
        tap_case("names: %s", names[i].label);
        rig_init(&r, good_zone);
        tap_int(dns_zone_load(r.zone, str_from("$TTL 300\n"), "zone", &r.err), MP_OK);
        tap_int(dns_zone_load(r.zone, str_from(names[i].zone), "zone", &r.err), MP_OK);
        rig_serve(&r, NULL, plans, NULL, false);
        r.options.no_ptr = false;
        rig_run(&r, "good.test");
        rig_expect(&r, names[i].want, names[i].exit_code);
        rig_clear(&r);
    }
}

int main(void)
{
    test_routes();
    test_faults();
    test_floods();
    test_logins();
    test_names();
    return tap_done();
}
