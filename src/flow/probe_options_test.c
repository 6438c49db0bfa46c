/* Options of a probe: that each has its effect on what a server hears. */
#include "flow/probe_internal.h"
#include "flow/probe_test_kit.h"

#include <stdio.h>
#include <unistd.h>

static const char zone[] = "$TTL 300\n"
                           "good.test MX 10 mx.good.test\n"
                           "mx.good.test A 127.0.0.1\n";

static const struct str bob = STR_INIT("bob@good.test");

/* ---- what is said ---- */

static void set_params(struct probe_options *o)
{
    o->mail_from = STR("me@client.test");
    o->has_mail_from = true;
    o->mail_params = (struct smtp_mail_params){
        .size_bytes = 4321, .body = SMTP_BODY_8BITMIME, .ret = "HDRS", .envid = STR("a=b")};
    o->rcpt_params.notify = STR("NEVER");
}

static void set_message(struct probe_options *o)
{
    o->has_message = true;
    o->message = STR("Subject: a test\r\n\r\ntext\r\n");
}

static void set_chunks(struct probe_options *o)
{
    set_message(o);
    o->chunking = true;
}

static void set_helo(struct probe_options *o)
{
    o->helo = STR("[192.0.2.1]");
}

static void set_vrfy(struct probe_options *o)
{
    o->vrfy = true;
}

static void set_catch_all(struct probe_options *o)
{
    o->catch_all = true;
}

static const struct {
    const char *label;
    void (*set)(struct probe_options *o);
    const char *heard;
} words[] = {
    {"parameters of MAIL", set_params,
     "MAIL FROM:<me@client.test> SIZE=4321 BODY=8BITMIME RET=HDRS ENVID=a+3Db\r\n"},
    {"parameters of RCPT", set_params, "RCPT TO:<bob@good.test> NOTIFY=NEVER\r\n"},
    {"the null sender", set_catch_all, "MAIL FROM:<>"},
    {"a random recipient", set_catch_all, "RCPT TO:<mailproof-"},
    {"VRFY", set_vrfy, "VRFY bob@good.test\r\n"},
    {"our name", set_helo, "EHLO [192.0.2.1]\r\n"},
    {"a message", set_message, "\r\nSubject: a test\r\n\r\ntext\r\n.\r\n"},
    {"chunks", set_chunks, "BDAT 25 LAST\r\nSubject: a test\r\n"},
};

static void test_words(void)
{
    static const struct plan *const plans[] = {&good_plan, NULL};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct rig r;
        tap_case("said: %s", words[i].label);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, NULL, false);
        r.options.rcpts = &bob;
        r.options.n_rcpts = 1;
        r.options.catch_all = false;
        words[i].set(&r.options);
        rig_run(&r, "good.test");
        if (!tap_ok(rig_heard(&r, 0, words[i].heard)))
            tap_note("%.*s", STR_ARG(script_log(r.servers[0], 0)->received));
        rig_clear(&r);
    }
}

/* ---- the way to the server ---- */

static void test_proxy(void)
{
    static const struct script_step steps[] = {SCRIPT_EXPECT(
                                                   "PROXY TCP4 192.0.2.9 192.0.2.10 4321 25"),
                                               SCRIPT_SAY("220 mx.good.test\r\n"),
                                               SCRIPT_EXPECT("EHLO"),
                                               SCRIPT_SAY(EHLO_PLAIN),
                                               SCRIPT_EXPECT("QUIT"),
                                               SCRIPT_SAY("221 bye\r\n"),
                                               SCRIPT_END};
    static const struct script_step *const talks[] = {steps};
    struct rig r;
    tap_case("PROXY before all else");
    rig_init(&r, zone);
    rig_play(&r, talks, 1);
    r.options.proxy = (struct smtp_proxy){.version = 1, .source_port = 4321, .target_port = 25};
    ip_parse(STR("192.0.2.9"), &r.options.proxy.source);
    ip_parse(STR("192.0.2.10"), &r.options.proxy.target);
    rig_run(&r, "good.test");
    tap_cstr(script_log(r.servers[0], 0)->problem, "");
    tap_ok(r.probe.servers[0].answered);
    rig_clear(&r);
}

static void test_names(void)
{
    static const struct plan starttls = {{{"tls:EHLO", EHLO_PLAIN}, {"EHLO", EHLO_STARTTLS}}};
    static const struct plan *const plans[] = {&starttls, NULL};
    static const struct {
        const char *label, *target, *sni, *verify;
        const char *sent;
        int exit_code;
        enum finding_id want[2];
    } rows[] = {
        {"the host's", "good.test", "", "", "mx.good.test", FAILED, {FINDING_FLOW_CERT_WRONG_NAME}},
        {"one of its own",
         "good.test",
         "alt.test",
         "",
         "alt.test",
         FAILED,
         {FINDING_FLOW_CERT_WRONG_NAME}},
        {"another to verify", "good.test", "", "alt.test", "mx.good.test", PASSED, {0}},
        {"none for an address", "127.0.0.1", "", "alt.test", "", PASSED, {0}},
        {"an address, and no name to verify", "127.0.0.1", "", "", "", UNDECIDED, {0}},
    };
    struct kit_tls *tls =
        kit_tls_new(&(struct kit_tls_options){.names = {"alt.test"}, .ends_in_s = 90 * DAY_S});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        tap_case("name: %s", rows[i].label);
        rig_init(&r, zone);
        rig_serve(&r, NULL, plans, tls, false);
        r.options.tls_verify = true;
        r.options.sni = str_from(rows[i].sni);
        r.options.verify_name = str_from(rows[i].verify);
        rig_run(&r, rows[i].target);
        rig_expect(&r, rows[i].want, rows[i].exit_code);
        tap_cstr(script_log(r.servers[0], 0)->sni, rows[i].sent);
        rig_clear(&r);
    }
    kit_tls_free(tls);
}

static void test_socket(void)
{
    static const struct plan plan = {.lmtp = true};
    char path[64], target[96];
    struct script_options o = {.unix_path = path, .n_conversations = 1};
    static const struct script_step steps[] = {
        SCRIPT_CALL(plan_serve_plain, (void *)(uintptr_t)&plan), SCRIPT_CLOSE};
    const struct script_step *const talks[] = {steps};
    struct rig r;
    snprintf(path, sizeof path, "/tmp/mailproof-probe-%ld.sock", (long)getpid());
    snprintf(target, sizeof target, "lmtp+unix://%s", path);
    tap_case("LMTP on a socket");
    rig_init(&r, zone);
    o.conversations = talks;
    r.servers[r.n_servers++] = script_start(&o);
    r.options.rcpts = &bob;
    r.options.n_rcpts = 1;
    r.options.catch_all = false;
    r.options.no_ptr = false;
    set_message(&r.options);
    rig_run(&r, target);
    rig_expect(&r, (enum finding_id[]){0}, PASSED);
    tap_int(r.probe.servers[0].message_code, 250);
    tap_str(r.probe.servers[0].group, str_from(path));
    rig_clear(&r);
    unlink(path);
}

static void test_family(void)
{
    struct rig r;
    tap_case("a source address of the other family leaves nothing to connect to");
    rig_init(&r, zone);
    ip_parse(STR("2001:db8::1"), &r.options.local);
    rig_run(&r, "good.test");
    rig_expect(&r, (enum finding_id[]){FINDING_FLOW_ROUTE_NO_ADDRESS, 0}, FAILED);
    tap_int(r.probe.n_servers, 0);
    rig_clear(&r);
}

/* ---- again: the same way as the first time ---- */

static void test_again(void)
{
    static const struct plan first = {{{"tls:EHLO", EHLO_AUTH},
                                       {"EHLO", EHLO_STARTTLS},
                                       {"AUTH PLAIN", "235 2.7.0 in\r\n"},
                                       {"RCPT", "450 4.7.1 greylisted\r\n"}}};
    static const struct plan later = {
        {{"tls:EHLO", EHLO_AUTH}, {"EHLO", EHLO_STARTTLS}, {"AUTH PLAIN", "235 2.7.0 in\r\n"}}};
    static const struct plan *const plans[] = {&first, &later, NULL};
    static const enum sasl_mech mech = SASL_PLAIN;
    struct kit_tls *tls =
        kit_tls_new(&(struct kit_tls_options){.names = {"mx.good.test"}, .ends_in_s = 90 * DAY_S});
    struct rig r;
    tap_case("the second try: TLS, login, and the message that nobody had yet");
    rig_init(&r, zone);
    rig_serve(&r, NULL, plans, tls, false);
    r.options.rcpts = &bob;
    r.options.n_rcpts = 1;
    r.options.retry_after_ms = 20;
    r.options.has_credentials = true;
    r.options.credentials.user = STR("alice");
    r.options.credentials.password = STR("secret");
    r.options.mechs = &mech;
    r.options.n_mechs = 1;
    set_message(&r.options);
    rig_run(&r, "good.test");
    rig_expect(&r, (enum finding_id[]){FINDING_FLOW_RCPT_GREYLISTED, 0}, PASSED);
    tap_int(r.probe.servers[0].message_code, 250);
    tap_ok(script_log(r.servers[0], 1)->did_tls);
    tap_ok(rig_heard(&r, 1, "AUTH PLAIN") && rig_heard(&r, 1, "Subject: a test"));
    tap_ok(!rig_heard(&r, 0, "DATA"));
    tap_int(r.probe.servers[0].n_transcripts, 1);
    rig_clear(&r);
    kit_tls_free(tls);
}

/* ---- time ---- */

static void test_shares(void)
{
    static const struct {
        size_t servers;
        int64_t deadline_s, want_s; /* of the next conversation */
    } rows[] = {{1, 60, 60}, {2, 60, 30}, {100, 60, 5}, {4, 3, 3}, {1, -1, -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t now = clock_mono_us();
        struct prober p = {.deadline_us = now + rows[i].deadline_s * 1000000,
                           .servers_left = rows[i].servers};
        int64_t share = probe_share_us(&p) - now;
        tap_case("time: %zu servers within %lld s", rows[i].servers, (long long)rows[i].deadline_s);
        tap_int((share + 500000 - (share < 0 ? 1000000 : 0)) / 1000000, rows[i].want_s);
    }
}

static void count_steps(void *ctx, const char *text)
{
    unsigned *n = ctx;
    *n += text[0] != '\0';
}

static void test_progress(void)
{
    static const struct plan *const plans[] = {&good_plan, NULL};
    unsigned n = 0;
    struct rig r;
    tap_case("progress is told");
    rig_init(&r, zone);
    rig_serve(&r, NULL, plans, NULL, false);
    r.options.progress = count_steps;
    r.options.progress_ctx = &n;
    rig_run(&r, "good.test");
    tap_ok(n >= 2);
    rig_clear(&r);
}

int main(void)
{
    test_words();
    test_proxy();
    test_names();
    test_socket();
    test_family();
    test_again();
    test_shares();
    test_progress();
    return tap_done();
}
