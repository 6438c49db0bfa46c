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

static void begin(struct rig *r, const struct capture_relay *relay, struct kit_done *done)
{
    rig_init(r);
    r->config.relay = *relay;
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
    begin(&r, &(struct capture_relay){.host = "127.0.0.1", .port = script_port(relay)}, &done);
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
    begin(&r, &(struct capture_relay){.host = "127.0.0.1", .port = 1}, &done);
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
    begin(&r, &(struct capture_relay){.host = "127.0.0.1", .port = script_port(relay)}, &done);
    tap_case("release: the relay says no, and its words are told");
    tap_int(ask(&r, done.id, "{\"to\":[\"a@good.test\"]}", &v), 502);
    tap_ok(str_search(rig_text(v, "detail"), STR("451 4.3.0 later")) < rig_text(v, "detail").n);
    json_decref(v);
    rig_stop(&r);
    relay_end(relay);
}

/* ---- who the relay is ---- */

#define PLAIN_HELLO                                                                                \
    SCRIPT_SAY("220 relay.test\r\n"), SCRIPT_EXPECT("EHLO"),                                       \
        SCRIPT_SAY("250-relay.test\r\n250 STARTTLS\r\n"), SCRIPT_EXPECT("STARTTLS")
#define WHOLE_MAIL                                                                                 \
    SCRIPT_EXPECT("EHLO"), SCRIPT_SAY("250 relay.test\r\n"), SCRIPT_EXPECT("MAIL"),                \
        SCRIPT_SAY("250 ok\r\n"), SCRIPT_EXPECT("RCPT"), SCRIPT_SAY("250 ok\r\n"),                 \
        SCRIPT_EXPECT("DATA"), SCRIPT_SAY("354 go\r\n"), SCRIPT_MESSAGE,                           \
        SCRIPT_SAY("250 2.0.0 queued\r\n"), SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 bye\r\n"),      \
        SCRIPT_END

enum kind { STARTTLS, NOT_OFFERED, NOT_TAKEN, FROM_THE_START };

/* `said`: part of the problem; NULL: the message is passed on. */
static const struct {
    const char *label;
    enum kind kind;
    struct kit_tls_options cert;
    enum capture_relay_tls tls;
    bool trusts;
    const char *said;
} relays[] = {
    {"STARTTLS, verified", STARTTLS, {.names = {"localhost"}}, CAPTURE_RELAY_VERIFY, true, NULL},
    {"STARTTLS, unknown authority",
     STARTTLS,
     {.names = {"localhost"}},
     CAPTURE_RELAY_VERIFY,
     false,
     "not to be trusted"},
    {"STARTTLS, another name",
     STARTTLS,
     {.names = {"other.test"}},
     CAPTURE_RELAY_VERIFY,
     true,
     "another name"},
    {"STARTTLS, expired",
     STARTTLS,
     {.names = {"localhost"}, .starts_in_s = -7200, .ends_in_s = -60},
     CAPTURE_RELAY_VERIFY,
     true,
     "expired"},
    {"STARTTLS, self-signed",
     STARTTLS,
     {.names = {"localhost"}, .self_signed = true},
     CAPTURE_RELAY_VERIFY,
     true,
     "not to be trusted"},
    {"STARTTLS, self-signed and nobody asks",
     STARTTLS,
     {.names = {"x.test"}, .self_signed = true},
     CAPTURE_RELAY_AUTO,
     false,
     NULL},
    {"no STARTTLS",
     NOT_OFFERED,
     {.names = {"localhost"}},
     CAPTURE_RELAY_VERIFY,
     true,
     "offers no STARTTLS"},
    {"STARTTLS refused",
     NOT_TAKEN,
     {.names = {"localhost"}},
     CAPTURE_RELAY_VERIFY,
     true,
     "refuses STARTTLS"},
    {"TLS from the start",
     FROM_THE_START,
     {.names = {"localhost"}},
     CAPTURE_RELAY_IMPLICIT,
     true,
     NULL},
    {"TLS from the start, another name",
     FROM_THE_START,
     {.names = {"x.test"}},
     CAPTURE_RELAY_IMPLICIT,
     true,
     "another name"},
    {"TLS from the start, unknown authority",
     FROM_THE_START,
     {.names = {"localhost"}},
     CAPTURE_RELAY_IMPLICIT,
     false,
     "not to be trusted"},
};

static void test_relay_tls(size_t i)
{
    struct kit_tls *tls = kit_tls_new(&relays[i].cert);
    bool passed = relays[i].said == NULL;
    /* No MAIL may come where the relay did not prove itself. */
    const struct script_step plays[][20] = {
        [STARTTLS] = {PLAIN_HELLO, SCRIPT_SAY("220 go\r\n"), SCRIPT_TLS(tls), WHOLE_MAIL},
        [NOT_OFFERED] = {SCRIPT_SAY("220 relay.test\r\n"), SCRIPT_EXPECT("EHLO"),
                         SCRIPT_SAY("250 relay.test\r\n"), SCRIPT_EXPECT("QUIT"),
                         SCRIPT_SAY("221 bye\r\n"), SCRIPT_END},
        [NOT_TAKEN] = {PLAIN_HELLO, SCRIPT_SAY("454 not now\r\n"), SCRIPT_EXPECT("QUIT"),
                       SCRIPT_SAY("221 bye\r\n"), SCRIPT_END},
        [FROM_THE_START] = {SCRIPT_TLS(tls), SCRIPT_SAY("220 relay.test\r\n"), WHOLE_MAIL}};
    const struct script_step starttls_refused[] = {PLAIN_HELLO,
                                                   SCRIPT_SAY("220 go\r\n"),
                                                   SCRIPT_TLS(tls),
                                                   SCRIPT_EXPECT("EHLO"),
                                                   SCRIPT_SAY("250 relay.test\r\n"),
                                                   SCRIPT_EXPECT("QUIT"),
                                                   SCRIPT_SAY("221 bye\r\n"),
                                                   SCRIPT_END};
    const struct script_step start_refused[] = {SCRIPT_TLS(tls), SCRIPT_SAY("220 relay.test\r\n"),
                                                SCRIPT_EXPECT("QUIT"), SCRIPT_SAY("221 bye\r\n"),
                                                SCRIPT_END};
    const struct script_step *play = plays[relays[i].kind];
    if (!passed && relays[i].kind == STARTTLS)
        play = starttls_refused;
    if (!passed && relays[i].kind == FROM_THE_START)
        play = start_refused;
    struct script_server *relay = script_play(play);
    struct rig r;
    struct kit_done done;
    json_t *v;
    begin(&r,
          &(struct capture_relay){.host = "localhost",
                                  .port = script_port(relay),
                                  .tls = relays[i].tls,
                                  .ca_file = relays[i].trusts ? kit_ca_file() : NULL},
          &done);
    tap_case("release: %s", relays[i].label);
    tap_int(ask(&r, done.id, "{\"to\":[\"a@good.test\"]}", &v), passed ? 200 : 502);
    if (passed)
        tap_str(rig_text(v, "accepted/0"), STR("a@good.test"));
    else if (!tap_ok(str_search(rig_text(v, "detail"), str_from(relays[i].said)) <
                     rig_text(v, "detail").n))
        tap_note(STR_FMT, STR_ARG(rig_text(v, "detail")));
    json_decref(v);
    rig_stop(&r);
    relay_end(relay);
    kit_tls_free(tls);
}

static void test_nowhere(void)
{
    struct rig r;
    struct kit_done done;
    json_t *v;
    begin(&r, &(struct capture_relay){.host = "-.invalid", .port = 25}, &done);
    tap_case("release: a relay that has no address");
    tap_int(ask(&r, done.id, "{\"to\":[\"a@good.test\"]}", &v), 502);
    tap_ok(str_search(rig_text(v, "detail"), STR("-.invalid")) < rig_text(v, "detail").n);
    json_decref(v);
    rig_stop(&r);
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
    for (size_t i = 0; i < ARRAY_LEN(relays); i++)
        test_relay_tls(i);
    test_nowhere();
    test_off();
    return tap_done();
}
