/* The sending half against scripted servers: what is sent, and which reply decides. */
#include "arrival/arrival.h"
#include "arrival/deliver.h"
#include "arrival/deliver_test_kit.h"
#include "tests/tap.h"

static const struct script_step takes_it[] = {
    GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK, SCRIPT_SAY("250 2.0.0 queued\r\n"), BYE};
static const struct script_step refuses_mail[] = {GREETING, SCRIPT_EXPECT("MAIL"),
                                                  SCRIPT_SAY("550 5.7.1 no\r\n"), BYE};
static const struct script_step refuses_data[] = {
    GREETING, MAIL_OK, RCPT("250 ok\r\n"), SCRIPT_EXPECT("DATA"), SCRIPT_SAY("554 5.5.1 no\r\n"),
    BYE};
static const struct script_step refuses_end[] = {
    GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK, SCRIPT_SAY("550 5.7.1 spam\r\n"), BYE};
static const struct script_step vanishes[] = {GREETING, MAIL_OK, RCPT("250 ok\r\n"), BODY_OK,
                                              SCRIPT_CLOSE};

static const struct {
    const char *label;
    const struct script_step *steps;
    enum deliver_outcome outcome;
    enum smtp_stage at;
    unsigned code, detail;
} rows[] = {
    {"taken", takes_it, DELIVER_SENT, SMTP_STAGE_END, 250, 0},
    {"busy", busy, DELIVER_DEFERRED, SMTP_STAGE_BANNER, 421, 2},
    {"refused at MAIL", refuses_mail, DELIVER_REFUSED, SMTP_STAGE_MAIL, 550, 1},
    {"refused at RCPT", refuses_rcpt, DELIVER_REFUSED, SMTP_STAGE_RCPT, 550, 1},
    {"greylisted", greylists, DELIVER_DEFERRED, SMTP_STAGE_RCPT, 451, 1},
    {"refused at DATA", refuses_data, DELIVER_REFUSED, SMTP_STAGE_DATA, 554, 1},
    {"refused at the end", refuses_end, DELIVER_REFUSED, SMTP_STAGE_END, 550, 1},
    {"hangs up behind the message", vanishes, DELIVER_UNDECIDED, SMTP_STAGE_END, 0, 0},
};

static struct arena arena;
static const struct str one[] = {STR_INIT("b@far.test")};
static const struct str two[] = {STR_INIT("b@far.test"), STR_INIT("c@far.test")};

static struct deliver_request request(const struct script_server *s, const char *scheme)
{
    arena_clear(&arena);
    arena_init(&arena, 256u << 20);
    return (struct deliver_request){
        .server = arena_fmt(&arena, "%s127.0.0.1:%u", scheme, script_port(s)),
        .helo = STR("client.test"),
        .mail_from = STR("a@good.test"),
        .rcpts = one,
        .n_rcpts = 1,
        .tag = STR("mp-test1"),
    };
}

/* What the server had as message, dots taken off. */
static struct str message_of(struct script_server *s, size_t connection)
{
    script_stop(s);
    struct str all = script_log(s, connection)->received;
    size_t from = str_search(all, STR("DATA\r\n"));
    struct str rest = str_slice(all, from + 6, all.n);
    return str_slice(rest, 0, str_search(rest, STR("\r\n.\r\n")) + 2);
}

static void test_rows(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct deliver_result x;
        struct mp_err err = {0};
        tap_case("deliver: %s", rows[i].label);
        struct script_server *s = script_play(rows[i].steps);
        struct deliver_request r = request(s, "smtp://");
        tap_int(deliver(&r, &arena, &x, &err), MP_OK);
        tap_int(x.outcome, rows[i].outcome);
        tap_int(x.at, rows[i].at);
        tap_int(x.reply.code, rows[i].code);
        tap_int(x.reply.detail, rows[i].detail);
        tap_int(x.n_delivered, rows[i].outcome == DELIVER_SENT);
        tap_ok((x.reason.n == 0) == (rows[i].outcome == DELIVER_SENT));
        tap_ok(x.talked && x.client.transcript.n > 0 && x.sent_ms > 0);
        script_free(s);
    }
}

static void test_bytes(void)
{
    struct deliver_result x;
    struct mp_err err = {0};
    struct message m;
    tap_case("deliver: the bytes that are told are those that were sent, tagged three times");
    struct script_server *s = script_play(takes_it);
    struct deliver_request r = request(s, "smtp://");
    const struct str headers[] = {STR("Subject: hello"), STR("X-Other: 1")};
    r.message.headers = headers;
    r.message.n_headers = 2;
    r.message.body = STR("one\n.two\n");
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    struct str wire = message_of(s, 0);
    tap_ok(str_search(wire, STR("\r\n..two\r\n")) < wire.n);
    tap_int(wire.n, x.bytes.n + 1);
    tap_int(message_parse(&arena, x.bytes, &m, &err), MP_OK);
    tap_str(str_trim(header_first(&m, STR("X-Mailproof-Tag"))->value), STR("mp-test1"));
    tap_str(str_trim(header_first(&m, STR("Subject"))->value), STR("hello [mp-test1]"));
    tap_str(str_trim(header_first(&m, STR("Message-ID"))->value), STR("<mp-test1@good.test>"));
    tap_str(x.message_id, STR("mp-test1@good.test"));
    tap_int(header_count(&m, STR("Subject")), 1);
    script_free(s);

    tap_case("deliver: a given message gets the tag on top, line ends become CRLF");
    s = script_play(takes_it);
    r = request(s, "smtp://");
    r.raw = STR("Subject: x\nMessage-ID: <own@id>\n\nbody");
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_str(message_of(s, 0),
            STR("X-Mailproof-Tag: mp-test1\r\nSubject: x\r\nMessage-ID: <own@id>\r\n\r\nbody\r\n"));
    tap_str(x.message_id, STR("own@id"));
    tap_str(x.bytes, message_of(s, 0));
    script_free(s);

    tap_case("deliver: or stays as it is");
    s = script_play(takes_it);
    r = request(s, "smtp://");
    r.raw = STR("Subject: x\r\n\r\nbody\r\n");
    r.keep_raw = r.as_is = true;
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_str(message_of(s, 0), r.raw);
    script_free(s);
}

static void test_rcpts(void)
{
    static const struct script_step partly[] = {GREETING,
                                                MAIL_OK,
                                                RCPT("250 ok\r\n"),
                                                RCPT("550 5.1.1 nobody\r\n"),
                                                BODY_OK,
                                                SCRIPT_SAY("250 ok\r\n"),
                                                BYE};
    static const struct script_step lmtp[] = {SCRIPT_SAY("220 x\r\n"),
                                              SCRIPT_EXPECT("LHLO client.test"),
                                              SCRIPT_SAY("250 x\r\n"),
                                              MAIL_OK,
                                              RCPT("250 ok\r\n"),
                                              RCPT("250 ok\r\n"),
                                              BODY_OK,
                                              SCRIPT_SAY("250 ok\r\n452 4.2.2 full\r\n"),
                                              BYE};
    struct deliver_result x;
    struct mp_err err = {0};
    tap_case("deliver: one of two recipients");
    struct script_server *s = script_play(partly);
    struct deliver_request r = request(s, "smtp://");
    r.rcpts = two;
    r.n_rcpts = 2;
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_int(x.outcome, DELIVER_PARTLY);
    tap_int(x.at, SMTP_STAGE_RCPT);
    tap_ok(x.rcpts[0].delivered && !x.rcpts[1].delivered);
    script_free(s);
    tap_case("deliver: LMTP answers for each recipient");
    s = script_play(lmtp);
    r = request(s, "lmtp://");
    r.rcpts = two;
    r.n_rcpts = 2;
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_int(x.outcome, DELIVER_PARTLY);
    tap_int(x.at, SMTP_STAGE_END);
    tap_int(x.rcpts[1].end.code, 452);
    script_free(s);
}

static bool nothing_is(void *ctx, struct str host, struct ip ip)
{
    (void)host;
    ++*(int *)ctx;
    return ip.family == IP_NONE;
}

static void test_unmet(void)
{
    static const struct script_step no_more[] = {GREETING, BYE};
    static const struct smtp_attribute as[] = {{STR_INIT("ADDR"), STR_INIT("192.0.2.1")}};
    static const struct script_step login[] = {SCRIPT_SAY("220 mx.test ESMTP\r\n"),
                                               SCRIPT_EXPECT("EHLO"),
                                               SCRIPT_SAY("250-mx.test\r\n250 AUTH PLAIN\r\n"),
                                               BYE};
    struct deliver_result x;
    struct mp_err err = {0};
    int asked = 0;
    tap_case("deliver: STARTTLS is required");
    struct script_server *s = script_play(no_more);
    struct deliver_request r = request(s, "smtp+starttls://");
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_int(x.outcome, DELIVER_UNMET);
    tap_int(x.at, SMTP_STAGE_STARTTLS);
    script_free(s);
    tap_case("deliver: XCLIENT is required");
    s = script_play(no_more);
    r = request(s, "smtp://");
    r.xclient = as;
    r.n_xclient = 1;
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_int(x.outcome, DELIVER_UNMET);
    tap_int(x.at, SMTP_STAGE_XCLIENT);
    script_free(s);
    tap_case("deliver: no password in the clear");
    s = script_play(login);
    r = request(s, "smtp://");
    r.has_credentials = true;
    r.credentials = (struct sasl_credentials){.user = STR("u"), .password = STR("hunter2")};
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_int(x.outcome, DELIVER_UNMET);
    tap_int(x.at, SMTP_STAGE_AUTH);
    script_stop(s);
    tap_ok(str_search(script_log(s, 0)->received, STR("AUTH")) == script_log(s, 0)->received.n);
    script_free(s);
    tap_case("deliver: nothing is connected to that is not allowed");
    s = script_play(no_more);
    r = request(s, "smtp://");
    r.allowed = nothing_is;
    r.allowed_ctx = &asked;
    tap_int(deliver(&r, &arena, &x, &err), MP_E_USAGE);
    tap_int(asked, 1);
    script_stop(s);
    tap_int(script_connections(s), 0);
    script_free(s);
}

static void test_usage(void)
{
    struct deliver_result x;
    struct mp_err err = {0};
    struct str tag = arrival_tag(&arena, &err), other = arrival_tag(&arena, &err);
    tap_case("deliver: tags are unguessable");
    tap_int(tag.n, 29);
    tap_ok(str_starts(tag, STR("mp-")) && !str_eq(tag, other));
    tap_case("deliver: a tag that could end a line");
    struct deliver_request r = {
        .server = STR("127.0.0.1:25"), .rcpts = one, .n_rcpts = 1, .tag = STR("a\r\nBcc: x")};
    tap_int(deliver(&r, &arena, &x, &err), MP_E_USAGE);
    tap_case("deliver: no recipients");
    r = (struct deliver_request){.server = STR("127.0.0.1:25")};
    tap_int(deliver(&r, &arena, &x, &err), MP_E_USAGE);
    tap_case("deliver: a recipient with a line break");
    const struct str bad[] = {STR("b@far.test>\r\nDATA")};
    r = (struct deliver_request){.server = STR("127.0.0.1:25"), .rcpts = bad, .n_rcpts = 1};
    tap_int(deliver(&r, &arena, &x, &err), MP_E_USAGE);
    tap_case("deliver: a name without DNS");
    r = (struct deliver_request){.server = STR("mx.test"), .rcpts = one, .n_rcpts = 1};
    tap_int(deliver(&r, &arena, &x, &err), MP_E_USAGE);
    tap_case("deliver: nobody listens");
    r = (struct deliver_request){.server = STR("127.0.0.1:1"), .rcpts = one, .n_rcpts = 1};
    tap_int(deliver(&r, &arena, &x, &err), MP_OK);
    tap_int(x.outcome, DELIVER_UNDECIDED);
    tap_int(x.at, SMTP_STAGE_CONNECT);
    tap_ok(x.reason.n > 0);
}

int main(void)
{
    test_rows();
    test_bytes();
    test_rcpts();
    test_unmet();
    test_usage();
    arena_clear(&arena);
    return tap_done();
}
