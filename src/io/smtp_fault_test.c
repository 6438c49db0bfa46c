/* Every stage of a conversation, and every way in which a server can spoil it there. */
#include "io/smtp_test_kit.h"

enum { STEPS_MAX = 80, STALL_MS = 100, STALL_TLS_MS = 300, BIG_MESSAGE_BYTES = 32 << 20 };

/* ---- the good conversation, stage by stage ---- */

static struct kit_tls *server_tls;

struct part { /* what the server does at a stage: hear, then answer */
    enum smtp_stage stage;
    struct script_step hear, answer, hear2, answer2;
};

#define NOTHING                                                                                    \
    {                                                                                              \
        .op = SCRIPT_OP_SAY, .text = "", .n = 0                                                    \
    }

static const struct part parts[] = {
    {SMTP_STAGE_BANNER, NOTHING, SCRIPT_SAY("220 mx.test ESMTP\r\n"), NOTHING, NOTHING},
    {SMTP_STAGE_EHLO, SCRIPT_EXPECT("EHLO client.test"), SCRIPT_SAY(GOOD_EHLO), NOTHING, NOTHING},
    {SMTP_STAGE_STARTTLS, SCRIPT_EXPECT("STARTTLS"), SCRIPT_SAY("220 2.0.0 go\r\n"), NOTHING,
     NOTHING},
    {SMTP_STAGE_TLS, NOTHING, SCRIPT_TLS(NULL), NOTHING, NOTHING},
    {SMTP_STAGE_EHLO_TLS, SCRIPT_EXPECT("EHLO"), SCRIPT_SAY(GOOD_EHLO), NOTHING, NOTHING},
    {SMTP_STAGE_XCLIENT, SCRIPT_EXPECT("XCLIENT NAME=a.test"), SCRIPT_SAY("220 again\r\n"),
     SCRIPT_EXPECT("EHLO"), SCRIPT_SAY(GOOD_EHLO)},
    {SMTP_STAGE_AUTH, SCRIPT_EXPECT("AUTH PLAIN"), SCRIPT_SAY("235 2.7.0 in\r\n"), NOTHING,
     NOTHING},
    {SMTP_STAGE_MAIL, SCRIPT_EXPECT("MAIL FROM:<a@client.test>"), SCRIPT_SAY("250 2.1.0 ok\r\n"),
     NOTHING, NOTHING},
    {SMTP_STAGE_RCPT, SCRIPT_EXPECT("RCPT TO:<b@mx.test>"), SCRIPT_SAY("250 2.1.5 ok\r\n"), NOTHING,
     NOTHING},
    {SMTP_STAGE_DATA, SCRIPT_EXPECT("DATA"), SCRIPT_SAY("354 go\r\n"), NOTHING, NOTHING},
    {SMTP_STAGE_BODY, SCRIPT_TAKE(100), NOTHING, NOTHING, NOTHING},
    {SMTP_STAGE_END, SCRIPT_MESSAGE, SCRIPT_SAY("250 2.0.0 queued\r\n"), NOTHING, NOTHING},
    {SMTP_STAGE_OTHER, SCRIPT_EXPECT("RSET"), SCRIPT_SAY("250 2.0.0 ok\r\n"), NOTHING, NOTHING},
    {SMTP_STAGE_QUIT, SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 2.0.0 bye\r\n"), NOTHING, NOTHING},
};

/* All stages before `spoiled` as they should be, then `fault` in place of the answer. */
static void write_script(struct script_step steps[STEPS_MAX], enum smtp_stage spoiled,
                         const struct script_step fault[3])
{
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts) && parts[i].stage <= spoiled; i++) {
        const struct part *p = &parts[i];
        steps[n++] = p->hear;
        if (p->stage == spoiled && p->stage == SMTP_STAGE_TLS)
            steps[n++] = (struct script_step)SCRIPT_TAKE(1); /* else it would be an injection */
        if (p->stage == spoiled)
            break;
        steps[n] = p->answer;
        if (steps[n].op == SCRIPT_OP_TLS)
            steps[n].tls = server_tls;
        n++;
        steps[n++] = p->hear2;
        steps[n++] = p->answer2;
    }
    for (size_t i = 0; i < 3; i++)
        steps[n++] = fault[i];
    steps[n] = (struct script_step)SCRIPT_END;
}

/* ---- the client's side ---- */

static const struct smtp_attribute attribute = {STR_INIT("NAME"), STR_INIT("a.test")};
static const struct sasl_credentials credentials = {.user = STR_INIT("user"),
                                                    .password = STR_INIT("secret")};
static struct str message; /* long enough for BODY to be noticed */

static int do_ehlo(struct talk *t)
{
    return smtp_ehlo(&t->client, &t->err);
}

static int do_starttls(struct talk *t)
{
    return smtp_starttls(&t->client, &t->err);
}

static int do_xclient(struct talk *t)
{
    return smtp_xclient(&t->client, &attribute, 1, &t->err);
}

static int do_auth(struct talk *t)
{
    return smtp_auth(&t->client, SASL_PLAIN, &credentials, &t->err);
}

static int do_mail(struct talk *t)
{
    return smtp_mail(&t->client, STR("a@client.test"), NULL, &t->err);
}

static int do_rcpt(struct talk *t)
{
    return smtp_rcpt(&t->client, STR("b@mx.test"), NULL, &t->err);
}

static int do_data(struct talk *t)
{
    return smtp_data(&t->client, &t->err);
}

static int do_message(struct talk *t)
{
    return smtp_message(&t->client, message, true, NULL, 0, &t->err);
}

static int do_reset(struct talk *t)
{
    return smtp_command(&t->client, STR("RSET"), SMTP_STAGE_OTHER, &t->err);
}

static const struct {
    enum smtp_stage first, last;
    int (*run)(struct talk *t);
} acts[] = {
    {SMTP_STAGE_BANNER, SMTP_STAGE_BANNER, talk_open},
    {SMTP_STAGE_EHLO, SMTP_STAGE_EHLO, do_ehlo},
    {SMTP_STAGE_STARTTLS, SMTP_STAGE_EHLO_TLS, do_starttls},
    {SMTP_STAGE_XCLIENT, SMTP_STAGE_XCLIENT, do_xclient},
    {SMTP_STAGE_AUTH, SMTP_STAGE_AUTH, do_auth},
    {SMTP_STAGE_MAIL, SMTP_STAGE_MAIL, do_mail},
    {SMTP_STAGE_RCPT, SMTP_STAGE_RCPT, do_rcpt},
    {SMTP_STAGE_DATA, SMTP_STAGE_DATA, do_data},
    {SMTP_STAGE_BODY, SMTP_STAGE_END, do_message},
    {SMTP_STAGE_OTHER, SMTP_STAGE_OTHER, do_reset},
};

/* Up to and with the stage; its own act has little patience when the server will be silent. */
static int act_until(struct talk *t, enum smtp_stage stage, bool stalls)
{
    int st = MP_OK;
    for (size_t i = 0; i < ARRAY_LEN(acts) && acts[i].first <= stage && st == MP_OK; i++) {
        unsigned patience_ms = acts[i].first == acts[i].last ? STALL_MS : STALL_TLS_MS;
        if (stalls && stage <= acts[i].last)
            t->config.stage_timeout_ms = t->client.config.stage_timeout_ms = patience_ms;
        st = acts[i].run(t);
    }
    return st;
}

/* ---- faults ---- */

static const struct fault {
    const char *label;
    struct script_step steps[3];
    int status;
    enum smtp_fault fault;
    int status_tls; /* the same where a handshake is due */
    enum smtp_fault fault_tls;
} faults[] = {
    {"close", {SCRIPT_CLOSE}, MP_E_IO, SMTP_FAULT_CLOSED, MP_E_IO, SMTP_FAULT_CLOSED},
    {"close within a line",
     {SCRIPT_SAY("250-mx.test\r\n250 unfini"), SCRIPT_CLOSE},
     MP_E_IO,
     SMTP_FAULT_CLOSED,
     MP_E_IO,
     SMTP_FAULT_TLS},
    {"stall",
     {SCRIPT_STALL, SCRIPT_END},
     MP_E_TIMEOUT,
     SMTP_FAULT_TIMEOUT,
     MP_E_TIMEOUT,
     SMTP_FAULT_TIMEOUT},
    {"stall within a reply",
     {SCRIPT_SAY("250-first\r\n25"), SCRIPT_STALL, SCRIPT_END},
     MP_E_TIMEOUT,
     SMTP_FAULT_TIMEOUT,
     MP_E_IO,
     SMTP_FAULT_TLS},
    {"garbage",
     {SCRIPT_SAY("\x01\x02\xff nonsense\r\n"), SCRIPT_STALL, SCRIPT_END},
     MP_E_SYNTAX,
     SMTP_FAULT_GARBAGE,
     MP_E_IO,
     SMTP_FAULT_TLS},
    {"garbage after a good line",
     {SCRIPT_SAY("250-good\r\nHTTP/1.1 400\r\n"), SCRIPT_STALL, SCRIPT_END},
     MP_E_SYNTAX,
     SMTP_FAULT_GARBAGE,
     MP_E_IO,
     SMTP_FAULT_TLS},
    {"a line of a megabyte",
     {SCRIPT_SAY("250 "), SCRIPT_FLOOD("x", 1 << 20), SCRIPT_SAY("\r\n")},
     MP_E_SYNTAX,
     SMTP_FAULT_LONG_LINE,
     MP_E_IO,
     SMTP_FAULT_TLS},
    {"lines without end",
     {SCRIPT_FLOOD("250-more\r\n", 0), SCRIPT_END},
     MP_E_SYNTAX,
     SMTP_FAULT_ENDLESS,
     MP_E_IO,
     SMTP_FAULT_TLS},
    {"bytes without end",
     {SCRIPT_FLOOD("250-0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789"
                   "0123456789012345678901234567890123456789012345678901234567890123456789\r\n",
                   0),
      SCRIPT_END},
     MP_E_SYNTAX,
     SMTP_FAULT_ENDLESS,
     MP_E_IO,
     SMTP_FAULT_TLS},
};

static void check_over(struct talk *t)
{
    struct mp_err err = {0};
    tap_int(smtp_command(&t->client, STR("NOOP"), SMTP_STAGE_OTHER, &err), MP_E_USAGE);
    tap_ok(has_text(str_from(err.text), "over already"));
}

static void check_fault(const struct fault *f, enum smtp_stage stage)
{
    struct script_step steps[STEPS_MAX];
    struct talk t;
    bool in_handshake = stage == SMTP_STAGE_TLS;
    enum smtp_fault want = in_handshake ? f->fault_tls : f->fault;
    write_script(steps, stage, f->steps);
    talk_begin(&t, steps);
    tap_int(act_until(&t, stage, want == SMTP_FAULT_TIMEOUT),
            in_handshake ? f->status_tls : f->status);
    tap_cstr(smtp_fault_name(t.client.fault), smtp_fault_name(want));
    tap_cstr(smtp_stage_name(t.client.fault_stage), smtp_stage_name(stage));
    if (!tap_ok(has_text(str_from(t.err.text), "mx.test [127.0.0.1]:")))
        tap_note("%s", t.err.text);
    tap_ok(t.client.stage_us[stage] >= 0);
    tap_int(t.client.stage_us[SMTP_STAGE_QUIT], -1);
    tap_ok(has_text(talk_transcript(&t), "*** "));
    check_over(&t);
    smtp_quit(&t.client);
    script_stop(t.server);
    tap_ok(!has_text(script_log(t.server, 0)->received, "QUIT"));
    talk_clear(&t);
}

static void test_stages(void)
{
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        enum smtp_stage stage = parts[i].stage;
        if (stage == SMTP_STAGE_BODY || stage == SMTP_STAGE_QUIT)
            continue;
        message = STR("Subject: x\r\n\r\n1234567890123456789012345678901234567890123456789012345678"
                      "901234567890123456789012345678901234567890\r\n.\r\n");
        for (size_t k = 0; k < ARRAY_LEN(faults); k++) {
            tap_case("%s: %s", smtp_stage_name(stage), faults[k].label);
            check_fault(&faults[k], stage);
        }
    }
}

/* While we send: a server that hangs up, or does not read. */
static void test_body(void)
{
    static const struct fault rows[] = {
        {"close", {SCRIPT_CLOSE}, MP_E_IO, SMTP_FAULT_CLOSED},
        {"reset", {SCRIPT_RESET}, MP_E_IO, SMTP_FAULT_CLOSED},
        {"deaf", {SCRIPT_DEAF, SCRIPT_CLOSE}, MP_E_TIMEOUT, SMTP_FAULT_TIMEOUT},
    };
    char *big = malloc(BIG_MESSAGE_BYTES);
    if (big == NULL)
        abort();
    memset(big, 'x', BIG_MESSAGE_BYTES);
    message = str_make(big, BIG_MESSAGE_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("body: %s", rows[i].label);
        check_fault(&rows[i], SMTP_STAGE_BODY);
    }
    free(big);
    message = STR_NONE;
}

/* ---- QUIT: whatever the server does there, the conversation was good ---- */

static void test_quit(void)
{
    for (size_t k = 0; k < ARRAY_LEN(faults); k++) {
        struct script_step steps[STEPS_MAX];
        struct talk t;
        message = STR("Subject: x\r\n\r\n1234567890123456789012345678901234567890123456789012345678"
                      "901234567890123456789012345678901234567890\r\n");
        write_script(steps, SMTP_STAGE_QUIT, faults[k].steps);
        talk_begin(&t, steps);
        tap_case("quit: %s", faults[k].label);
        if (!tap_int(act_until(&t, SMTP_STAGE_OTHER, false), MP_OK))
            tap_note("%s", t.err.text);
        if (faults[k].fault == SMTP_FAULT_TIMEOUT)
            t.client.config.stage_timeout_ms = STALL_MS;
        smtp_quit(&t.client);
        tap_int(t.client.fault, SMTP_FAULT_NONE);
        tap_int(t.client.last.code, 250);
        tap_ok(t.client.conn == NULL && t.client.stage_us[SMTP_STAGE_QUIT] >= 0);
        smtp_quit(&t.client);
        script_stop(t.server);
        tap_ok(has_text(script_log(t.server, 0)->received, "QUIT\r\n"));
        talk_clear(&t);
    }
}

/* ---- over all ---- */

static void test_whole_deadline(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("220 mx.test\r\n"), SCRIPT_STALL,
                                               SCRIPT_END};
    struct talk t;
    talk_begin(&t, steps);
    t.config.stage_timeout_ms = 0; /* RFC 5321's minutes */
    tap_case("the deadline of the whole conversation");
    tap_int(talk_open(&t), MP_OK);
    t.client.config.deadline_us = clock_mono_us() + STALL_MS * 1000;
    tap_int(smtp_ehlo(&t.client, &t.err), MP_E_TIMEOUT);
    tap_int(t.client.fault, SMTP_FAULT_TIMEOUT);
    tap_ok(has_text(str_from(t.err.text), "whole conversation"));
    talk_clear(&t);

    talk_begin(&t, steps);
    tap_case("a deadline that is past");
    t.config.deadline_us = clock_mono_us() - 1;
    tap_int(talk_open(&t), MP_E_TIMEOUT);
    tap_int(t.client.fault, SMTP_FAULT_TIMEOUT);
    talk_clear(&t);
}

/* One good reply after the other without being asked: each command finds one, nothing grows. */
static void test_endless_replies(void)
{
    static const struct script_step steps[] = {SCRIPT_FLOOD("250 ok\r\n", 0), SCRIPT_END};
    struct talk t;
    talk_begin(&t, steps);
    tap_case("replies without end");
    tap_int(talk_open(&t), MP_OK);
    tap_int(smtp_ehlo(&t.client, &t.err), MP_OK);
    tap_int(smtp_starttls(&t.client, &t.err), MP_OK);
    tap_ok(!t.client.has_tls);
    for (int i = 0; i < 5000; i++)
        if (smtp_command(&t.client, STR("NOOP"), SMTP_STAGE_OTHER, &t.err) != MP_OK)
            break;
    tap_int(t.client.fault, SMTP_FAULT_NONE);
    tap_ok(t.client.in.n <= 2 * SMTP_REPLY_MAX_BYTES);
    talk_clear(&t);
}

/* RFC 5321 4.5.3.2, in minutes; every stage has a name and a time. */
static void test_timeouts(void)
{
    static const struct {
        enum smtp_stage stage;
        unsigned minutes;
    } rows[] = {{SMTP_STAGE_BANNER, 5}, {SMTP_STAGE_EHLO, 5}, {SMTP_STAGE_MAIL, 5},
                {SMTP_STAGE_RCPT, 5},   {SMTP_STAGE_DATA, 2}, {SMTP_STAGE_BODY, 3},
                {SMTP_STAGE_END, 10}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("time-out of RFC 5321: %s", smtp_stage_name(rows[i].stage));
        tap_int(smtp_stage_timeout_ms(rows[i].stage), rows[i].minutes * 60000);
    }
    for (int s = 0; s < SMTP_STAGE_COUNT; s++) {
        tap_case("stage %d has a name and a time", s);
        tap_ok(smtp_stage_timeout_ms((enum smtp_stage)s) >= 30000);
        tap_ok(strcmp(smtp_stage_name((enum smtp_stage)s), "?") != 0);
    }
}

int main(void)
{
    struct kit_tls_options o = {.names = {"mx.test"}};
    server_tls = kit_tls_new(&o);
    test_stages();
    test_body();
    test_quit();
    test_whole_deadline();
    test_endless_replies();
    test_timeouts();
    kit_tls_free(server_tls);
    kit_trust_done();
    return tap_done();
}
