/* Probes of servers that answer by a table: recipients, messages, relaying, smuggling, stop points.
 */
#include "flow/probe_test_kit.h"

static const char zone[] = "$TTL 300\n"
                           "good.test MX 10 mx.good.test\n"
                           "mx.good.test A 127.0.0.1\n"
                           "two.test MX 10 mx.good.test\n"
                           "two.test MX 20 mx2.good.test\n"
                           "mx2.good.test A 127.0.0.2\n";

/* Its own certificate never matters here. */
#define TARGET "lmtp://mx.good.test"

static const struct str bob = STR_INIT("bob@good.test");

/* ---- recipients ---- */

static const struct {
    const char *label;
    struct plan first, second; /* of the first conversation, and of the second try */
    bool retries, catch_all, vrfy;
    int exit_code;
    enum rcpt_class class_;
    enum finding_id want[4];
} rcpts[] = {
    {"accepted",
     {{{"RCPT", "250 ok\r\n"}}},
     {{{0}}},
     false,
     false,
     false,
     PASSED,
     RCPT_ACCEPTED,
     {0}},
    {"accepted, a random one refused",
     {{{"RCPT TO:<mailproof-", "550 5.1.1 unknown\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     PASSED,
     RCPT_ACCEPTED,
     {0}},
    {"catch-all",
     {{{"RCPT", "250 ok\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     PASSED,
     RCPT_ACCEPTED,
     {FINDING_FLOW_RCPT_CATCH_ALL}},
    {"a random one is deferred",
     {{{"RCPT TO:<mailproof-", "450 4.2.0 later\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     UNDECIDED,
     RCPT_ACCEPTED,
     {0}},
    {"refused",
     {{{"RCPT", "550 5.1.1 unknown\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     FAILED,
     RCPT_REFUSED,
     {FINDING_FLOW_RCPT_REFUSED}},
    {"deferred",
     {{{"RCPT", "451 4.3.0 local trouble\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     UNDECIDED,
     RCPT_DEFERRED,
     {FINDING_FLOW_RCPT_DEFERRED}},
    {"greylisted, by its words",
     {{{"RCPT", "450 4.2.0 Greylisted, see our page\r\n"}}},
     {{{0}}},
     false,
     false,
     false,
     UNDECIDED,
     RCPT_GREYLISTED,
     {FINDING_FLOW_RCPT_GREYLISTED}},
    {"greylisted, by code and wish",
     {{{"RCPT", "451 4.7.1 please try again later\r\n"}}},
     {{{0}}},
     false,
     false,
     false,
     UNDECIDED,
     RCPT_GREYLISTED,
     {FINDING_FLOW_RCPT_GREYLISTED}},
    {"greylisted, as postscreen does",
     {{{"RCPT", "450 4.3.2 Service unavailable\r\n"}}},
     {{{0}}},
     false,
     false,
     false,
     UNDECIDED,
     RCPT_GREYLISTED,
     {FINDING_FLOW_RCPT_GREYLISTED}},
    {"throttled is not greylisted",
     {{{"RCPT", "451 4.7.500 busy, try again later\r\n"}}},
     {{{0}}},
     false,
     false,
     false,
     UNDECIDED,
     RCPT_DEFERRED,
     {FINDING_FLOW_RCPT_DEFERRED}},
    {"deferred, then accepted: greylisted",
     {{{"RCPT", "451 4.3.0 local trouble\r\n"}}},
     {{{"RCPT", "250 ok\r\n"}}},
     true,
     false,
     false,
     PASSED,
     RCPT_GREYLISTED,
     {FINDING_FLOW_RCPT_GREYLISTED}},
    {"greylisted, then refused",
     {{{"RCPT", "450 4.7.1 greylisted\r\n"}}},
     {{{"RCPT", "550 5.1.1 unknown\r\n"}}},
     true,
     false,
     false,
     FAILED,
     RCPT_REFUSED,
     {FINDING_FLOW_RCPT_REFUSED}},
    {"deferred twice",
     {{{"RCPT", "451 4.3.0 trouble\r\n"}}},
     {{{"RCPT", "451 4.3.0 more\r\n"}}},
     true,
     false,
     false,
     UNDECIDED,
     RCPT_DEFERRED,
     {FINDING_FLOW_RCPT_DEFERRED}},
    {"the second try fails",
     {{{"RCPT", "451 4.3.0 trouble\r\n"}}},
     {{{"banner", "@close"}}},
     true,
     false,
     false,
     UNDECIDED,
     RCPT_DEFERRED,
     {FINDING_FLOW_RCPT_DEFERRED}},
    {"the sender is greylisted",
     {{{"MAIL", "451 4.7.1 greylisted\r\n"}}},
     {{{"MAIL", "250 ok\r\n"}}},
     true,
     false,
     false,
     PASSED,
     RCPT_ACCEPTED,
     {0}},
    {"the server hangs up",
     {{{"RCPT", "@close"}}},
     {{{0}}},
     false,
     true,
     false,
     UNDECIDED,
     RCPT_UNDECIDED,
     {FINDING_FLOW_RCPT_UNDECIDED, FINDING_FLOW_SMTP_CLOSED}},
    {"a reply that is none",
     {{{"RCPT", "25 ok\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     FAILED,
     RCPT_UNDECIDED,
     {FINDING_FLOW_RCPT_UNDECIDED, FINDING_FLOW_SMTP_GARBAGE}},
    {"two codes",
     {{{"RCPT", "250-yes\r\n550 no\r\n"}}},
     {{{0}}},
     false,
     false,
     false,
     FAILED,
     RCPT_REFUSED,
     {FINDING_FLOW_RCPT_REFUSED, FINDING_FLOW_SMTP_MALFORMED}},
    {"the sender is refused",
     {{{"MAIL", "550 5.7.1 not you\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     FAILED,
     RCPT_UNDECIDED,
     {FINDING_FLOW_MAIL_REFUSED}},
    {"the sender is deferred",
     {{{"MAIL", "451 4.3.0 later\r\n"}}},
     {{{0}}},
     false,
     true,
     false,
     UNDECIDED,
     RCPT_UNDECIDED,
     {FINDING_FLOW_MAIL_DEFERRED}},
    {"VRFY tells nothing",
     {{{"RCPT", "250 ok\r\n"}}},
     {{{0}}},
     false,
     false,
     true,
     PASSED,
     RCPT_ACCEPTED,
     {0}},
    {"VRFY discloses",
     {{{"VRFY", "250 Bob <bob@good.test>\r\n"}}},
     {{{0}}},
     false,
     false,
     true,
     PASSED,
     RCPT_ACCEPTED,
     {FINDING_FLOW_VRFY_DISCLOSES}},
};

static void test_rcpts(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rcpts); i++) {
        const struct plan *const plans[] = {&rcpts[i].first, &rcpts[i].second, NULL};
        struct rig r;
        tap_case("recipient: %s", rcpts[i].label);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        r.options.rcpts = &bob;
        r.options.n_rcpts = 1;
        r.options.catch_all = rcpts[i].catch_all;
        r.options.vrfy = rcpts[i].vrfy;
        r.options.retry_after_ms = rcpts[i].retries ? 20 : 0;
        rig_run(&r, TARGET);
        rig_expect(&r, rcpts[i].want, rcpts[i].exit_code);
        tap_cstr(rcpt_class_name(r.probe.servers[0].rcpts[0].class_),
                 rcpt_class_name(rcpts[i].class_));
        tap_int(script_connections(r.servers[0]), rcpts[i].retries ? 2 : 1);
        tap_ok(!rig_heard(&r, 0, "DATA"));
        rig_clear(&r);
    }
}

static void test_many_rcpts(void)
{
    static const struct plan plan = {{{"RCPT TO:<b@", "550 5.1.1 no\r\n"},
                                      {"RCPT TO:<c@", "450 4.2.0 greylisted\r\n"},
                                      {"RCPT TO:<mailproof-", "550 5.1.1 no\r\n"}}};
    static const struct plan *const plans[] = {&plan, NULL};
    static const struct str to[] = {STR_INIT("a@good.test"), STR_INIT("b@good.test"),
                                    STR_INIT("c@good.test"), STR_INIT("d@other.test")};
    static const enum rcpt_class want[] = {RCPT_ACCEPTED, RCPT_REFUSED, RCPT_GREYLISTED,
                                           RCPT_ACCEPTED};
    struct rig r;
    tap_case("recipients: each has its own answer, each domain its own random one");
    rig_init(&r, zone);
    rig_serve(&r, NULL, plans, NULL, false);
    r.options.rcpts = to;
    r.options.n_rcpts = ARRAY_LEN(to);
    rig_run(&r, TARGET);
    for (size_t i = 0; i < ARRAY_LEN(to); i++)
        tap_int(r.probe.servers[0].rcpts[i].class_, want[i]);
    tap_int(r.probe.servers[0].rcpts[3].catch_all_code, 550);
    tap_int(r.probe.servers[0].rcpts[1].catch_all_code, 0);
    rig_clear(&r);
}

/* ---- messages ---- */

enum by { BY_DATA, BY_CHUNKS, BY_PIPELINE };

static const struct {
    const char *label;
    struct plan plan;
    enum by by;
    int exit_code;
    unsigned code;
    enum finding_id want[4];
} messages[] = {
    {"taken", {.end = END_STRICT}, BY_DATA, PASSED, 250, {0}},
    {"taken in chunks", {.end = END_STRICT}, BY_CHUNKS, PASSED, 250, {0}},
    {"taken in a pipeline", {.end = END_STRICT}, BY_PIPELINE, PASSED, 250, {0}},
    {"refused at its end",
     {{{".", "554 5.7.1 spam\r\n"}}},
     BY_DATA,
     FAILED,
     554,
     {FINDING_FLOW_MESSAGE_REFUSED}},
    {"refused in chunks",
     {{{".", "554 5.7.1 spam\r\n"}}},
     BY_CHUNKS,
     FAILED,
     554,
     {FINDING_FLOW_MESSAGE_REFUSED}},
    {"refused at DATA",
     {{{"DATA", "554 5.5.1 no\r\n"}}},
     BY_DATA,
     FAILED,
     0,
     {FINDING_FLOW_MESSAGE_REFUSED}},
    {"deferred",
     {{{".", "451 4.3.0 later\r\n"}}},
     BY_DATA,
     UNDECIDED,
     451,
     {FINDING_FLOW_MESSAGE_DEFERRED}},
    {"DATA is answered 250",
     {{{"DATA", "250 what?\r\n"}}},
     BY_DATA,
     UNDECIDED,
     0,
     {FINDING_FLOW_MESSAGE_UNDECIDED}},
    {"no answer to its end",
     {{{".", "@close"}}},
     BY_DATA,
     UNDECIDED,
     0,
     {FINDING_FLOW_MESSAGE_UNDECIDED, FINDING_FLOW_SMTP_CLOSED}},
    {"no answer in the pipeline",
     {{{"DATA", "@close"}}},
     BY_PIPELINE,
     UNDECIDED,
     0,
     {FINDING_FLOW_MESSAGE_UNDECIDED, FINDING_FLOW_SMTP_CLOSED}},
    {"chunks are not offered",
     {{{"LHLO", EHLO_STARTTLS}}},
     BY_CHUNKS,
     PASSED,
     250,
     {FINDING_FLOW_MESSAGE_UNSUPPORTED}},
    {"nobody is there in the pipeline",
     {{{"RCPT", "550 5.1.1 no\r\n"}}},
     BY_PIPELINE,
     FAILED,
     0,
     {FINDING_FLOW_RCPT_REFUSED}},
};

static void send_to(struct rig *r, const struct str *to, size_t n, enum by by)
{
    r->options.rcpts = to;
    r->options.n_rcpts = n;
    r->options.catch_all = false;
    r->options.has_message = true;
    r->options.message = STR("Subject: a test\r\n\r\n.dots\r\nsecret words\r\n");
    r->options.chunking = by == BY_CHUNKS;
    r->options.pipeline = by == BY_PIPELINE;
    r->options.tls_mode = TARGET_TLS_NONE;
}

static void test_messages(void)
{
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        struct plan plan = messages[i].plan;
        const struct plan *const plans[] = {&plan, NULL};
        struct rig r;
        plan.lmtp = true;
        tap_case("message: %s", messages[i].label);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        send_to(&r, &bob, 1, messages[i].by);
        rig_run(&r, TARGET);
        rig_expect(&r, messages[i].want, messages[i].exit_code);
        tap_int(r.probe.servers[0].message_code, messages[i].code);
        rig_clear(&r);
    }
}

static void test_lmtp_replies(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                               SCRIPT_EXPECT("LHLO"),
                                               SCRIPT_SAY(EHLO_PLAIN),
                                               SCRIPT_EXPECT("MAIL"),
                                               SCRIPT_SAY("250 ok\r\n"),
                                               SCRIPT_EXPECT("RCPT"),
                                               SCRIPT_SAY("250 ok\r\n"),
                                               SCRIPT_EXPECT("RCPT"),
                                               SCRIPT_SAY("250 ok\r\n"),
                                               SCRIPT_EXPECT("DATA"),
                                               SCRIPT_SAY("354 go\r\n"),
                                               SCRIPT_MESSAGE,
                                               SCRIPT_SAY(
                                                   "250 2.0.0 for one\r\n552 5.2.2 full\r\n"),
                                               SCRIPT_EXPECT("QUIT"),
                                               SCRIPT_SAY("221 bye\r\n"),
                                               SCRIPT_END};
    static const struct script_step short_of_one[] = {SCRIPT_SAY("220 mx.good.test\r\n"),
                                                      SCRIPT_EXPECT("LHLO"),
                                                      SCRIPT_SAY(EHLO_PLAIN),
                                                      SCRIPT_EXPECT("MAIL"),
                                                      SCRIPT_SAY("250 ok\r\n"),
                                                      SCRIPT_EXPECT("RCPT"),
                                                      SCRIPT_SAY("250 ok\r\n"),
                                                      SCRIPT_EXPECT("RCPT"),
                                                      SCRIPT_SAY("250 ok\r\n"),
                                                      SCRIPT_EXPECT("DATA"),
                                                      SCRIPT_SAY("354 go\r\n"),
                                                      SCRIPT_MESSAGE,
                                                      SCRIPT_SAY("250 2.0.0 for one\r\n"),
                                                      SCRIPT_CLOSE};
    static const struct {
        const char *label;
        const struct script_step *steps;
        int exit_code;
        enum finding_id want[3];
    } rows[] = {
        {"a reply a recipient", steps, FAILED, {FINDING_FLOW_MESSAGE_REFUSED}},
        {"one reply is missing",
         short_of_one,
         UNDECIDED,
         {FINDING_FLOW_MESSAGE_UNDECIDED, FINDING_FLOW_SMTP_CLOSED}},
    };
    static const struct str to[] = {STR_INIT("a@good.test"), STR_INIT("b@good.test")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        tap_case("LMTP: %s", rows[i].label);
        rig_init(&r, zone);
        rig_play(&r, &rows[i].steps, 1);
        send_to(&r, to, 2, BY_DATA);
        rig_run(&r, TARGET);
        rig_expect(&r, rows[i].want, rows[i].exit_code);
        rig_clear(&r);
    }
}

static bool shows(const struct rig *r, const char *text)
{
    const struct transcript *t = &r->probe.servers[0].client.transcript;
    for (size_t i = 0; i < t->n; i++)
        if (str_search(t->lines[i].text, str_from(text)) < t->lines[i].text.n)
            return true;
    return false;
}

static void test_hidden(void)
{
    static const struct plan plan = {.lmtp = true};
    static const struct plan *const plans[] = {&plan, NULL};
    for (int hidden = 0; hidden <= 1; hidden++) {
        struct rig r;
        tap_case("message: %s in the transcript", hidden ? "hidden" : "shown");
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        send_to(&r, &bob, 1, BY_DATA);
        r.options.hide_data = hidden;
        rig_run(&r, TARGET);
        tap_ok(shows(&r, "secret words") == !hidden);
        tap_ok(shows(&r, "<message, ") == hidden);
        tap_ok(shows(&r, "queued"));
        tap_ok(rig_heard(&r, 0, "\r\n..dots\r\nsecret words\r\n.\r\n"));
        rig_clear(&r);
    }
}

/* ---- XCLIENT ---- */

static const struct {
    const char *label;
    struct plan plan;
    int exit_code;
    enum finding_id want[3];
    bool goes_on, optional, if_offered, blind;
} xclients[] = {
    {"taken", {.end = END_STRICT}, PASSED, {0}, .goes_on = true},
    {"refused",
     {{{"XCLIENT", "550 5.7.0 not you\r\n"}}},
     UNDECIDED,
     {FINDING_FLOW_XCLIENT_REFUSED}},
    {"not offered", {{{"LHLO", EHLO_STARTTLS}}}, UNDECIDED, {FINDING_FLOW_XCLIENT_REFUSED}},
    {"hung up",
     {{{"XCLIENT", "@close"}}},
     UNDECIDED,
     {FINDING_FLOW_SMTP_CLOSED, FINDING_FLOW_RCPT_UNDECIDED}},
    {"refused, and optional",
     {{{"XCLIENT", "550 5.7.0 not you\r\n"}}},
     PASSED,
     {FINDING_FLOW_XCLIENT_REFUSED},
     .goes_on = true,
     .optional = true},
    {"not offered, and optional",
     {{{"LHLO", EHLO_STARTTLS}}},
     PASSED,
     {0},
     .goes_on = true,
     .optional = true},
    {"not offered, wanted only where it is",
     {{{"LHLO", EHLO_STARTTLS}}},
     PASSED,
     {0},
     .goes_on = true,
     .if_offered = true},
    {"refused, wanted where it is offered",
     {{{"XCLIENT", "550 5.7.0 not you\r\n"}}},
     UNDECIDED,
     {FINDING_FLOW_XCLIENT_REFUSED},
     .if_offered = true},
    {"not offered, sent all the same",
     {{{"LHLO", EHLO_STARTTLS}, {"XCLIENT", "550 5.7.0 not you\r\n"}}},
     UNDECIDED,
     {FINDING_FLOW_XCLIENT_REFUSED},
     .blind = true},
};

static void test_xclient(void)
{
    static const struct smtp_attribute attribute = {STR_INIT("ADDR"), STR_INIT("192.0.2.1")};
    for (size_t i = 0; i < ARRAY_LEN(xclients); i++) {
        const struct plan *const plans[] = {&xclients[i].plan, NULL};
        struct rig r;
        tap_case("XCLIENT: %s", xclients[i].label);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        r.options.rcpts = &bob;
        r.options.n_rcpts = 1;
        r.options.catch_all = false;
        r.options.tls_mode = TARGET_TLS_NONE;
        r.options.xclient = &attribute;
        r.options.n_xclient = 1;
        r.options.xclient_optional = xclients[i].optional;
        r.options.xclient_if_offered = xclients[i].if_offered;
        r.options.xclient_blind = xclients[i].blind;
        rig_run(&r, TARGET);
        rig_expect(&r, xclients[i].want, xclients[i].exit_code);
        tap_ok(rig_heard(&r, 0, "RCPT") == xclients[i].goes_on); /* never as ourselves */
        rig_clear(&r);
    }
}

/* ---- stop points ---- */

static const struct {
    enum probe_stop stop;
    const char *last, *not_said;
} stops[] = {
    {PROBE_STOP_CONNECT, "QUIT", "LHLO"}, {PROBE_STOP_EHLO, "LHLO", "AUTH"},
    {PROBE_STOP_TLS, "LHLO", "AUTH"},     {PROBE_STOP_AUTH, "AUTH", "MAIL"},
    {PROBE_STOP_MAIL, "MAIL", "RCPT"},    {PROBE_STOP_RCPT, "RCPT", "RSET"},
    {PROBE_STOP_DATA, "DATA", "Subject"}, {PROBE_STOP_END, "Subject", "nothing"},
};

static void test_stops(void)
{
    static const struct plan plan = {{{"LHLO", EHLO_AUTH}, {"AUTH PLAIN", "235 2.7.0 in\r\n"}},
                                     .lmtp = true};
    static const struct plan *const plans[] = {&plan, NULL};
    static const enum sasl_mech mech = SASL_PLAIN;
    for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
        struct rig r;
        tap_case("stop: %s, not %s", stops[i].last, stops[i].not_said);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        send_to(&r, &bob, 1, BY_DATA);
        r.options.has_credentials = true;
        r.options.credentials.user = STR("alice");
        r.options.credentials.password = STR("secret");
        r.options.auth_plaintext = true;
        r.options.mechs = &mech;
        r.options.n_mechs = 1;
        r.options.relay_test = r.options.smuggle = stops[i].stop != PROBE_STOP_END;
        r.options.stop = stops[i].stop;
        rig_run(&r, TARGET);
        tap_ok(rig_heard(&r, 0, stops[i].last));
        tap_ok(!rig_heard(&r, 0, stops[i].not_said));
        tap_ok(rig_heard(&r, 0, "QUIT") == (stops[i].stop != PROBE_STOP_DATA));
        tap_int(script_connections(r.servers[0]), 1);
        rig_clear(&r);
    }
}

/* ---- hanging up ---- */

static const struct {
    enum probe_stop stop;
    enum smtp_stage at; /* CONNECT: the reply is read */
    const char *last;
    int exit_code;
} drops[] = {
    {PROBE_STOP_CONNECT, SMTP_STAGE_CONNECT, NULL, PASSED},
    {PROBE_STOP_CONNECT, SMTP_STAGE_BANNER, NULL, UNDECIDED},
    {PROBE_STOP_EHLO, SMTP_STAGE_CONNECT, "LHLO", PASSED},
    {PROBE_STOP_EHLO, SMTP_STAGE_EHLO, "LHLO", UNDECIDED},
    {PROBE_STOP_MAIL, SMTP_STAGE_CONNECT, "MAIL", PASSED},
    {PROBE_STOP_MAIL, SMTP_STAGE_MAIL, "MAIL", UNDECIDED},
    {PROBE_STOP_RCPT, SMTP_STAGE_CONNECT, "RCPT", PASSED},
    {PROBE_STOP_RCPT, SMTP_STAGE_RCPT, "RCPT", UNDECIDED},
    {PROBE_STOP_DATA, SMTP_STAGE_DATA, "DATA", UNDECIDED},
    {PROBE_STOP_END, SMTP_STAGE_CONNECT, "Subject", PASSED},
    {PROBE_STOP_END, SMTP_STAGE_END, "Subject", UNDECIDED},
};

static void test_drops(void)
{
    static const struct plan plan = {.lmtp = true};
    static const struct plan *const plans[] = {&plan, NULL};
    for (size_t i = 0; i < ARRAY_LEN(drops); i++) {
        struct rig r;
        tap_case("dropped: after %s%s", drops[i].last == NULL ? "connect" : drops[i].last,
                 drops[i].at == SMTP_STAGE_CONNECT ? "" : ", without its reply");
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        send_to(&r, &bob, 1, BY_DATA);
        r.options.stop = drops[i].stop;
        r.options.hang_up = true;
        r.options.hang_up_at = drops[i].at;
        rig_run(&r, TARGET);
        tap_int(report_subject_exit_code(&r.subject, SEV_HIGH), drops[i].exit_code);
        tap_ok(drops[i].last == NULL || rig_heard(&r, 0, drops[i].last));
        tap_ok(!rig_heard(&r, 0, "QUIT"));
        tap_int(script_connections(r.servers[0]), 1);
        rig_clear(&r);
    }
}

/* ---- relaying ---- */

static const struct {
    const char *label;
    struct plan first, relay; /* of the first conversation, and of the relay test */
    int exit_code;
    size_t accepted, local; /* forms */
    enum finding_id want[3];
} relays[] = {
    {"closed", {.end = END_STRICT}, {{{"RCPT", "554 5.7.1 no relaying\r\n"}}}, PASSED, 0, 0, {0}},
    {"open for everything",
     {.end = END_STRICT},
     {{{"RCPT", "250 ok\r\n"}}},
     FAILED,
     0,
     0,
     {FINDING_FLOW_RELAY_OPEN}},
    {"open for the percent hack alone",
     {.end = END_STRICT},
     {{{"RCPT TO:<mailproof-", "550 5.1.1 no\r\n"},
       {"RCPT TO:<stranger%else.test@good.test", "250 ok\r\n"},
       {"RCPT", "554 5.7.1 no relaying\r\n"}}},
     FAILED,
     1,
     0,
     {FINDING_FLOW_RELAY_OPEN}},
    {"the same at a catch-all is a mailbox",
     {.end = END_STRICT},
     {{{"RCPT TO:<mailproof-", "250 ok\r\n"},
       {"RCPT TO:<stranger%else.test@good.test", "250 ok\r\n"},
       {"RCPT", "554 5.7.1 no relaying\r\n"}}},
     PASSED,
     1,
     1,
     {0}},
    {"deferred",
     {.end = END_STRICT},
     {{{"RCPT", "451 4.3.0 later\r\n"}}},
     UNDECIDED,
     0,
     0,
     {FINDING_FLOW_RELAY_UNDECIDED}},
    {"hung up",
     {.end = END_STRICT},
     {{{"RCPT", "@close"}}},
     UNDECIDED,
     0,
     0,
     {FINDING_FLOW_RELAY_UNDECIDED}},
    {"no second conversation",
     {.end = END_STRICT},
     {{{"banner", "554 enough\r\n"}}},
     UNDECIDED,
     0,
     0,
     {FINDING_FLOW_RELAY_UNDECIDED}},
};

static void test_relaying(void)
{
    for (size_t i = 0; i < ARRAY_LEN(relays); i++) {
        const struct plan *const plans[] = {&relays[i].first, &relays[i].relay, NULL};
        size_t accepted = 0, local = 0;
        struct rig r;
        tap_case("relaying: %s", relays[i].label);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        r.options.relay_test = true;
        r.options.relay_target = STR("stranger@else.test");
        r.options.tls_mode = TARGET_TLS_NONE;
        rig_run(&r, "good.test");
        rig_expect(&r, relays[i].want, relays[i].exit_code);
        const struct probe_server *s = &r.probe.servers[0];
        for (size_t k = 0; k < s->n_relay; k++) {
            accepted += s->relay[k].accepted;
            local += s->relay[k].is_local;
        }
        tap_ok(s->n_relay > 10);
        if (i == 0) /* a few refusals a conversation */
            tap_ok(script_connections(r.servers[0]) >= 3);
        if (relays[i].accepted > 0) {
            tap_int(accepted, relays[i].accepted);
            tap_int(local, relays[i].local);
        }
        tap_ok(!rig_heard(&r, 0, "DATA") && !rig_heard(&r, 1, "DATA"));
        rig_clear(&r);
    }
}

/* ---- smuggling ---- */

static const struct {
    const char *label;
    enum plan_end end;
    const char *sequence;
    bool lmtp;
    int exit_code;
    enum smuggle_verdict verdict;
    unsigned accepted;
    enum finding_id want[3];
} smugglers[] = {
    {"strict, LF.LF", END_STRICT, "LF.LF", false, PASSED, SMUGGLE_CONTENT, 1, {0}},
    {"strict, CRLF.CRCRLF", END_STRICT, "CRLF.CRCRLF", false, PASSED, SMUGGLE_CONTENT, 1, {0}},
    {"strict LMTP, LF.CRLF", END_STRICT, "LF.CRLF", true, PASSED, SMUGGLE_CONTENT, 1, {0}},
    {"lax, LF.LF",
     END_LAX,
     "LF.LF",
     false,
     FAILED,
     SMUGGLE_SMUGGLED,
     2,
     {FINDING_FLOW_SMUGGLE_SMUGGLED}},
    {"lax, LF.CRLF",
     END_LAX,
     "LF.CRLF",
     false,
     FAILED,
     SMUGGLE_SMUGGLED,
     2,
     {FINDING_FLOW_SMUGGLE_SMUGGLED}},
    {"lax LMTP, CRLF.LF",
     END_LAX,
     "CRLF.LF",
     true,
     FAILED,
     SMUGGLE_SMUGGLED,
     2,
     {FINDING_FLOW_SMUGGLE_SMUGGLED}},
    {"lax, but LF.CR is text", END_LAX, "LF.CR", false, PASSED, SMUGGLE_CONTENT, 1, {0}},
    {"ends it, takes no more",
     END_DEAF,
     "LF.LF",
     false,
     PASSED,
     SMUGGLE_ENDS,
     1,
     {FINDING_FLOW_SMUGGLE_ENDS}},
    {"refuses bare newlines", END_REFUSING, "LF.LF", false, PASSED, SMUGGLE_REFUSED, 0, {0}},
    {"hangs up on bare newlines", END_HANGUP, "LF.LF", false, PASSED, SMUGGLE_REFUSED, 0, {0}},
};

static void smuggle_into(struct rig *r, const struct plan *const *plans,
                         const struct smuggle_sequence *const *sequence)
{
    rig_init(r, zone);
    rig_serve(r, NULL, plans, NULL, false);
    r->options.rcpts = &bob;
    r->options.n_rcpts = 1;
    r->options.catch_all = false;
    r->options.smuggle = true;
    r->options.sequences = sequence;
    r->options.n_sequences = 1;
    r->options.tls_mode = TARGET_TLS_NONE;
}

static void test_smuggling(void)
{
    for (size_t i = 0; i < ARRAY_LEN(smugglers); i++) {
        struct plan plan = {.end = smugglers[i].end, .lmtp = smugglers[i].lmtp};
        const struct plan *const plans[] = {&plan, NULL};
        const struct smuggle_sequence *sequence = smuggle_by_name(str_from(smugglers[i].sequence));
        struct rig r;
        tap_case("smuggling: %s", smugglers[i].label);
        smuggle_into(&r, plans, &sequence);
        rig_run(&r, smugglers[i].lmtp ? TARGET : "good.test");
        rig_expect(&r, smugglers[i].want, smugglers[i].exit_code);
        const struct probe_server *s = &r.probe.servers[0];
        if (tap_int(s->n_smuggle, 1)) {
            tap_cstr(smuggle_verdict_name(s->smuggle[0].verdict),
                     smuggle_verdict_name(smugglers[i].verdict));
            tap_int(s->smuggle[0].accepted, smugglers[i].accepted);
        }
        rig_clear(&r);
    }
}

static void test_smuggling_open(void)
{
    static const struct plan refuses = {{{"RCPT", "550 5.1.1 no\r\n"}}},
                             accepts = {.end = END_STRICT}, vanishes = {{{"MAIL", "@close"}}};
    static const struct {
        const char *label;
        const struct plan *first, *later;
        int exit_code;
        enum finding_id want[3];
    } rows[] = {
        {"the recipient is refused",
         &refuses,
         &refuses,
         FAILED,
         {FINDING_FLOW_SMUGGLE_UNDECIDED, FINDING_FLOW_RCPT_REFUSED}},
        {"no conversation comes about",
         &accepts,
         &vanishes,
         UNDECIDED,
         {FINDING_FLOW_SMUGGLE_UNDECIDED}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct plan *const plans[] = {rows[i].first, rows[i].later, NULL};
        const struct smuggle_sequence *sequence = smuggle_by_name(STR("LF.LF"));
        struct rig r;
        tap_case("smuggling: %s", rows[i].label);
        smuggle_into(&r, plans, &sequence);
        rig_run(&r, "good.test");
        rig_expect(&r, rows[i].want, rows[i].exit_code);
        rig_clear(&r);
    }
}

/* ---- several servers ---- */

static void test_first(void)
{
    static const struct plan *const plans[] = {&good_plan, NULL};
    for (int first = 0; first <= 1; first++) {
        struct rig r;
        tap_case("two servers, %s", first ? "the first is enough" : "both");
        rig_init(&r, zone);
        rig_serve(&r, "127.0.0.1", plans, NULL, false);
        rig_serve(&r, "127.0.0.2", plans, NULL, false);
        r.options.first_only = first;
        r.options.tls_mode = TARGET_TLS_NONE;
        rig_run(&r, "two.test");
        tap_int(r.probe.n_servers, 2);
        tap_ok(r.probe.servers[0].answered && r.probe.servers[1].answered == !first);
        tap_int(report_subject_exit_code(&r.subject, SEV_HIGH), PASSED);
        rig_clear(&r);
    }
}

int main(void)
{
    test_rcpts();
    test_many_rcpts();
    test_messages();
    test_lmtp_replies();
    test_hidden();
    test_xclient();
    test_stops();
    test_drops();
    test_relaying();
    test_smuggling();
    test_smuggling_open();
    test_first();
    return tap_done();
}
