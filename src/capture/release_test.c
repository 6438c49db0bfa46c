/* Releasing: who may be reached, and what the relay says to it. */
#include "tests/tap.h"

#include "capture/capture_test_kit.h"
#include "tests/script_server.h"

static const struct str allow[] = {STR_INIT("good.test"), STR_INIT("x@other.test")};

static unsigned ask(struct rig *r, const char *id, const char *body, json_t **out)
{
    char line[128];
    snprintf(line, sizeof line, "POST /v1/messages/%s/release", id);
    return rig_json(r, line, NULL, body, out);
}

/* Did the conversation go as played? */
static void relay_end(struct script_server *relay)
{
    script_stop(relay);
    tap_int(script_connections(relay), 1);
    if (!tap_ok(script_log(relay, 0)->played))
        tap_note("%s", script_log(relay, 0)->problem);
    script_free(relay);
}

static void begin(struct rig *r, uint16_t relay_port, struct kit_done *done)
{
    rig_init(r);
    ip_parse(STR("127.0.0.1"), &r->config.release_ip);
    r->config.release_port = relay_port;
    r->config.release_allow = allow;
    r->config.n_release_allow = ARRAY_LEN(allow);
    rig_start(r);
    rig_deliver(r, &(struct rig_mail){0}, done);
}

static void test_taken(void)
{
    static const struct script_step steps[] = {SCRIPT_SAY("220 relay.test\r\n"),
                                               SCRIPT_EXPECT("EHLO sink.test"),
                                               SCRIPT_SAY("250 relay.test\r\n"),
                                               SCRIPT_EXPECT("MAIL FROM:<bob@good.test>"),
                                               SCRIPT_SAY("250 ok\r\n"),
                                               SCRIPT_EXPECT("RCPT TO:<a@good.test>"),
                                               SCRIPT_SAY("250 ok\r\n"),
                                               SCRIPT_EXPECT("RCPT TO:<x@other.test>"),
                                               SCRIPT_SAY("550 5.1.1 unknown\r\n"),
                                               SCRIPT_EXPECT("DATA"),
                                               SCRIPT_SAY("354 go\r\n"),
                                               SCRIPT_MESSAGE,
                                               SCRIPT_SAY("250 2.0.0 queued\r\n"),
                                               SCRIPT_EXPECT("QUIT"),
                                               SCRIPT_SAY("221 bye\r\n"),
                                               SCRIPT_END};
    struct script_server *relay = script_play(steps);
    struct rig r;
    struct kit_done done;
    json_t *v;
    begin(&r, script_port(relay), &done);
    tap_case("release: taken for one, refused for another");
    tap_int(ask(&r, done.id, "{\"to\":[\"a@good.test\",\"x@other.test\"]}", &v), 200);
    tap_str(rig_text(v, "accepted/0"), STR("a@good.test"));
    tap_str(rig_text(v, "refused/0/to"), STR("x@other.test"));
    tap_int(rig_int(v, "refused/0/code"), 550);
    tap_int(rig_int(v, "code"), 250);
    json_decref(v);
    rig_stop(&r);
    relay_end(relay);
}

static void test_refused(void)
{
    static const struct {
        const char *body;
        unsigned status;
    } rows[] = {
        {"{\"to\":[\"a@evil.test\"]}", 403},
        {"{\"to\":[\"a@good.test\",\"y@other.test\"]}", 403},
        {"{\"to\":[\"a@good.test\\r\\nRCPT TO:<b@evil.test>\"]}", 400},
        {"{\"to\":[\"a@evil.test>,<a@good.test\"]}", 400},
        {"{\"to\":[]}", 400},
        {"{\"to\":\"a@good.test\"}", 400},
        {"{\"to\":[1]}", 400},
        {"{\"to\":[\"\"]}", 400},
        {"{\"to\":[\"<>\"]}", 400},
        {"{}", 400},
        {"{\"to\":[\"a@good.test\"],\"cc\":[]}", 400},
        {"{\"to\":[\"a@good.test\"],\"from\":1}", 400},
        {"{\"to\":[\"a@good.test\"],\"from\":\"no address\"}", 400},
        {"", 400},
        {"{\"to\":[\"a@good.test\"]}", 502}, /* nobody listens there */
    };
    struct rig r;
    struct kit_done done;
    begin(&r, 1, &done);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("release: refused: %s", rows[i].body);
        tap_int(ask(&r, done.id, rows[i].body, NULL), rows[i].status);
    }
    tap_case("release: no such message");
    tap_int(ask(&r, "none", "{\"to\":[\"a@good.test\"]}", NULL), 404);
    rig_stop(&r);
}

static void test_relay_says_no(void)
{
    static const struct script_step steps[] = {
        SCRIPT_SAY("220 relay.test\r\n"),  SCRIPT_EXPECT("EHLO"),
        SCRIPT_SAY("250 relay.test\r\n"),  SCRIPT_EXPECT("MAIL"),
        SCRIPT_SAY("451 4.3.0 later\r\n"), SCRIPT_EXPECT("QUIT"),
        SCRIPT_SAY("221 bye\r\n"),         SCRIPT_END};
    struct script_server *relay = script_play(steps);
    struct rig r;
    struct kit_done done;
    json_t *v;
    begin(&r, script_port(relay), &done);
    tap_case("release: the relay says no, and its words are told");
    tap_int(ask(&r, done.id, "{\"to\":[\"a@good.test\"]}", &v), 502);
    tap_ok(str_search(rig_text(v, "detail"), STR("451 4.3.0 later")) < rig_text(v, "detail").n);
    json_decref(v);
    rig_stop(&r);
    relay_end(relay);
}

static void test_off(void)
{
    struct rig r;
    struct kit_done done;
    rig_init(&r);
    rig_start(&r);
    rig_deliver(&r, &(struct rig_mail){0}, &done);
    tap_case("release: off by default");
    tap_int(ask(&r, done.id, "{\"to\":[\"a@good.test\"]}", NULL), 403);
    rig_stop(&r);
}

int main(void)
{
    test_taken();
    test_refused();
    test_relay_says_no();
    test_off();
    return tap_done();
}
