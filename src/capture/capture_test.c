/* The API over loopback: every address, what each token opens, documents. */
#include "tests/tap.h"

#include "capture/capture_test_kit.h"

static void test_server(struct rig *r)
{
    json_t *v;
    tap_case("server: health and readiness");
    tap_int(rig_json(r, "GET /v1/health", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "status"), STR("ok"));
    json_decref(v);
    tap_int(rig_status(r, "GET /v1/ready", NULL), 200);
    tap_case("server: information");
    tap_int(rig_json(r, "GET /v1/info", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "name"), STR("mailproof"));
    tap_str(rig_text(v, "you/scope"), STR("admin"));
    tap_ok(json_is_null(rig_at(v, "counters")));
    tap_ok(json_is_true(rig_at(v, "features/judges")));
    tap_ok(json_is_false(rig_at(v, "features/release")));
    json_decref(v);
    tap_case("server: metrics");
    struct buf a = rig_ask(r, "GET /metrics", NULL, STR_NONE);
    tap_int(kit_status(&a), 200);
    tap_ok(kit_has(&a, "\nmailproof_sink_stored_messages 0\n"));
    tap_ok(kit_has(&a, "# TYPE mailproof_sink_http_requests_total counter\n"));
    buf_clear(&a);
    tap_case("server: the page, with its policy");
    a = rig_ask(r, "GET /", NULL, STR_NONE);
    tap_int(kit_status(&a), 200);
    tap_ok(kit_has(&a, "Content-Security-Policy: ") && kit_has(&a, "text/html; charset=utf-8"));
    buf_clear(&a);
    tap_case("server: the document");
    tap_int(rig_json(r, "GET /openapi.json", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "openapi"), STR("3.1.0"));
    json_decref(v);
}

static void test_inboxes(struct rig *r)
{
    json_t *v;
    tap_case("inbox: made with an id of its own");
    tap_int(rig_json(r, "POST /v1/inboxes", NULL, "", &v), 201);
    tap_ok(rig_text(v, "id").n >= 8 && rig_text(v, "token").n >= 20);
    tap_ok(str_ends(rig_text(v, "address"), STR("@sink.test")));
    tap_ok(rig_text(v, "expires").n != 0);
    json_decref(v);
    tap_case("inbox: made as asked");
    tap_int(rig_json(r, "POST /v1/inboxes", NULL,
                     "{\"id\":\"box\",\"name\":\"My box\",\"ttl\":\"never\",\"max_messages\":5,"
                     "\"script\":[{\"rcpt\":\"451 4.7.1 later\",\"times\":1}]}",
                     &v),
            201);
    tap_str(rig_text(v, "address"), STR("box@sink.test"));
    tap_str(rig_text(v, "name"), STR("My box"));
    tap_ok(json_is_null(rig_at(v, "expires")) && json_is_true(rig_at(v, "has_script")));
    tap_int(rig_int(v, "max_messages"), 5);
    json_decref(v);
    tap_case("inbox: the id exists");
    tap_int(rig_json(r, "POST /v1/inboxes", NULL, "{\"id\":\"box\"}", NULL), 409);
    tap_case("inbox: told without its token");
    tap_int(rig_json(r, "GET /v1/inboxes/box", NULL, NULL, &v), 200);
    tap_ok(rig_at(v, "token") == NULL);
    json_decref(v);
    tap_int(rig_json(r, "GET /v1/inboxes", NULL, NULL, &v), 200);
    tap_int(json_array_size(rig_at(v, "inboxes")), 2);
    json_decref(v);
    tap_case("inbox: the common one is called default");
    tap_int(rig_json(r, "GET /v1/inboxes/default", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "id"), STR("default"));
    json_decref(v);
    tap_int(rig_status(r, "DELETE /v1/inboxes/default", NULL), 409);
    tap_case("inbox: unknown");
    tap_int(rig_status(r, "GET /v1/inboxes/none", NULL), 404);
}

static void test_bad_inboxes(struct rig *r)
{
    static const char *const bodies[] = {"{",
                                         "[]",
                                         "\"x\"",
                                         "{\"id\":\"default\"}",
                                         "{\"id\":\"wait\"}",
                                         "{\"id\":\"A\"}",
                                         "{\"id\":\"\"}",
                                         "{\"id\":\"-a\"}",
                                         "{\"id\":\"a/b\"}",
                                         "{\"id\":1}",
                                         "{\"ttl\":\"x\"}",
                                         "{\"ttl\":5}",
                                         "{\"ttl\":\"500ms\"}",
                                         "{\"max_messages\":0}",
                                         "{\"max_messages\":\"1\"}",
                                         "{\"name\":1}",
                                         "{\"nmae\":\"x\"}",
                                         "{\"id\":\"a\",\"id\":\"b\"}",
                                         "{\"script\":[{\"tims\":1}]}",
                                         "{\"script\":1}",
                                         "{\"name\":\"\xff\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        json_t *v;
        tap_case("inbox: refused: %s", i + 1 == ARRAY_LEN(bodies) ? "not UTF-8" : bodies[i]);
        tap_int(rig_json(r, "POST /v1/inboxes", NULL, bodies[i], &v), 400);
        tap_ok(rig_text(v, "detail").n != 0);
        json_decref(v);
    }
}

static void test_script(struct rig *r)
{
    json_t *v;
    tap_case("script: read, replaced, taken away");
    tap_int(rig_json(r, "GET /v1/inboxes/box/script", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "0/rcpt"), STR("451 4.7.1 later"));
    json_decref(v);
    tap_int(rig_json(r, "PUT /v1/inboxes/box/script", NULL, "[{\"accept\":true}]", NULL), 204);
    tap_int(rig_json(r, "GET /v1/inboxes/box/script", NULL, NULL, &v), 200);
    tap_ok(json_is_true(rig_at(v, "0/accept")));
    json_decref(v);
    tap_int(rig_status(r, "DELETE /v1/inboxes/box/script", NULL), 204);
    tap_int(rig_json(r, "GET /v1/inboxes/box/script", NULL, NULL, &v), 200);
    tap_int(json_array_size(v), 0);
    json_decref(v);
    tap_case("script: the common one");
    tap_int(rig_json(r, "PUT /v1/inboxes/default/script", NULL, "[{\"mail\":\"550 no\"}]", NULL),
            204);
    tap_int(rig_json(r, "GET /v1/inboxes/default/script", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "0/mail"), STR("550 no"));
    json_decref(v);
    tap_int(rig_status(r, "DELETE /v1/inboxes/default/script", NULL), 204);
    tap_case("script: a wrong one changes nothing and tells what is wrong");
    tap_int(rig_json(r, "PUT /v1/inboxes/box/script", NULL, "[{\"rcpt\":\"451 x\",\"tims\":1}]",
                     &v),
            400);
    tap_ok(str_search(rig_text(v, "detail"), STR("tims")) < rig_text(v, "detail").n);
    json_decref(v);
    tap_int(rig_json(r, "PUT /v1/inboxes/box/script", NULL, "", NULL), 400);
    tap_int(rig_json(r, "PUT /v1/inboxes/none/script", NULL, "[]", NULL), 404);
}

static void test_lists(struct rig *r)
{
    json_t *v;
    tap_case("list: newest first, by pages");
    tap_int(rig_json(r, "GET /v1/messages?limit=2", NULL, NULL, &v), 200);
    tap_int(json_array_size(rig_at(v, "messages")), 2);
    tap_int(rig_int(v, "total"), 3);
    tap_int(rig_int(v, "unseen"), 3);
    tap_ok(rig_int(v, "messages/0/seq") > rig_int(v, "messages/1/seq"));
    char line[128];
    snprintf(line, sizeof line, "GET /v1/messages?limit=2&cursor=%.*s", (int)rig_text(v, "next").n,
             rig_text(v, "next").p);
    json_decref(v);
    tap_int(rig_json(r, line, NULL, NULL, &v), 200);
    tap_int(json_array_size(rig_at(v, "messages")), 1);
    tap_ok(json_is_null(rig_at(v, "next")));
    tap_str(rig_text(v, "messages/0/subject"), STR("Your code"));
    tap_str(rig_text(v, "messages/0/from"), STR("Caf\xc3\xa9 <bob@good.test>"));
    tap_str(rig_text(v, "messages/0/message_id"), STR("1@good.test"));
    tap_str(rig_text(v, "messages/0/tag"), STR("mp-1"));
    tap_str(rig_text(v, "messages/0/received"), STR("2026-11-28T20:00:00.000Z"));
    tap_str(rig_text(v, "messages/0/tls"), STR("TLSv1.3"));
    json_decref(v);
    tap_case("list: words of the search language");
    tap_int(rig_json(r, "GET /v1/messages?q=has%3Aattachment", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    tap_str(rig_text(v, "messages/0/subject"), STR("Rich"));
    json_decref(v);
    tap_case("list: of one inbox, and of the common one");
    tap_int(rig_json(r, "GET /v1/inboxes/box/messages", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    tap_str(rig_text(v, "messages/0/inbox"), STR("box"));
    json_decref(v);
    tap_int(rig_json(r, "GET /v1/inboxes/default/messages", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 2);
    json_decref(v);
    tap_case("list: attempts are those that were refused too");
    tap_int(rig_json(r, "GET /v1/attempts", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 4);
    json_decref(v);
    tap_int(rig_json(r, "GET /v1/inboxes/box/attempts", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 2);
    tap_str(rig_text(v, "attempts/1/outcome"), STR("deferred"));
    tap_int(rig_int(v, "attempts/1/reply/code"), 451);
    json_decref(v);
}

static void test_bad_lists(struct rig *r)
{
    static const struct {
        const char *line;
        unsigned status;
    } rows[] = {
        {"GET /v1/messages?limit=0", 400},
        {"GET /v1/messages?limit=501", 400},
        {"GET /v1/messages?limit=x", 400},
        {"GET /v1/messages?cursor=-1", 400},
        {"GET /v1/messages?lmit=1", 400},
        {"GET /v1/messages?q=larger%3Ax", 400},
        {"GET /v1/inboxes/none/messages", 404},
        {"GET /v1/inboxes/none/attempts", 404},
        {"DELETE /v1/inboxes/none/messages", 404},
        {"DELETE /v1/messages?x=1", 400},
        {"GET /v1/messages/none", 404},
        {"GET /v1/messages/none/raw", 404},
        {"GET /v1/messages/none/html", 404},
        {"GET /v1/messages/none/transcript", 404},
        {"GET /v1/messages/none/parts/1", 404},
        {"DELETE /v1/messages/none", 404},
        {"GET /v1/inboxes?x=1", 400},
        {"POST /v1/messages", 405},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("refused: %s", rows[i].line);
        tap_int(rig_status(r, rows[i].line, NULL), rows[i].status);
    }
}

static char *line_of(const char *method, const char *id, const char *rest)
{
    static char line[256];
    snprintf(line, sizeof line, "%s /v1/messages/%s%s", method, id, rest);
    return line;
}

static void test_document(struct rig *r, const char *id)
{
    json_t *v;
    tap_case("message: envelope and delivery");
    tap_int(rig_json(r, line_of("GET", id, ""), NULL, NULL, &v), 200);
    tap_str(rig_text(v, "schema"), STR("mailproof/message/1"));
    tap_str(rig_text(v, "envelope/mail_from"), STR("bob@good.test"));
    tap_str(rig_text(v, "envelope/rcpt_to/0"), STR("alice@sink.test"));
    tap_str(rig_text(v, "envelope/client/ip"), STR("192.0.2.1"));
    tap_str(rig_text(v, "delivery/tls/version"), STR("TLSv1.3"));
    tap_str(rig_text(v, "delivery/protocol"), STR("ESMTPS"));
    tap_int(rig_int(v, "delivery/attempts"), 1);
    tap_case("message: what it says");
    tap_str(rig_text(v, "subject"), STR("Your code"));
    tap_str(rig_text(v, "from/0/name"), STR("Caf\xc3\xa9"));
    tap_str(rig_text(v, "from/0/address"), STR("bob@good.test"));
    tap_str(rig_text(v, "date"), STR("2026-11-28T20:00:00.000Z"));
    tap_str(rig_text(v, "tag"), STR("mp-1"));
    tap_ok(str_starts(rig_text(v, "text"), STR("Your code is 123456.")));
    tap_ok(json_is_null(rig_at(v, "html")));
    tap_str(rig_text(v, "headers/0/name"), STR("From"));
    tap_str(rig_text(v, "headers/0/value"), STR("Caf\xc3\xa9 <bob@good.test>"));
    tap_str(rig_text(v, "parts/0/path"), STR("1"));
    tap_str(rig_text(v, "codes/0"), STR("123456"));
    tap_str(rig_text(v, "links/0"), STR("https://good.test/confirm?x=1"));
    tap_case("message: the verdict of scan, with the envelope that we saw");
    tap_str(rig_text(v, "authentication/spf/result"), STR("pass"));
    tap_str(rig_text(v, "authentication/dmarc/result"), STR("pass"));
    tap_str(rig_text(v, "verdict/action"), STR("accept"));
    tap_ok(json_is_true(rig_at(v, "verdict/complete")) && json_is_null(rig_at(v, "not_judged")));
    tap_case("message: nothing to compare with");
    tap_ok(json_is_null(rig_at(v, "altered")));
    json_decref(v);
    tap_case("message: once more, from the cache, the same");
    tap_int(rig_json(r, line_of("GET", id, ""), NULL, NULL, &v), 200);
    tap_str(rig_text(v, "authentication/dmarc/result"), STR("pass"));
    json_decref(v);
    tap_case("message: against what was sent");
    tap_int(rig_json(r, "PUT /v1/sent/mp-1", NULL, RIG_PLAIN, NULL), 204);
    tap_int(rig_json(r, line_of("GET", id, ""), NULL, NULL, &v), 200);
    tap_ok(json_is_true(rig_at(v, "altered/identical")));
    json_decref(v);
    tap_int(rig_json(r, "PUT /v1/sent/mp-1", NULL, "Subject: other\r\n\r\nother\r\n", NULL), 204);
    tap_int(rig_json(r, line_of("GET", id, ""), NULL, NULL, &v), 200);
    tap_ok(json_is_false(rig_at(v, "altered/identical")));
    json_decref(v);
    tap_int(rig_json(r, "PUT /v1/sent/mp-1", NULL, "", NULL), 400);
}

static void test_rich(struct rig *r, const char *id)
{
    json_t *v;
    tap_case("parts: their roles");
    tap_int(rig_json(r, line_of("GET", id, ""), NULL, NULL, &v), 200);
    tap_int(json_array_size(rig_at(v, "parts")), 5);
    tap_int(json_array_size(rig_at(v, "attachments")), 1);
    tap_str(rig_text(v, "attachments/0/type"), STR("application/pdf"));
    tap_str(rig_text(v, "attachments/0/path"), STR("2"));
    tap_int(rig_int(v, "attachments/0/size"), 4);
    tap_ok(json_is_true(rig_at(v, "parts/3/inline")));
    tap_str(rig_text(v, "parts/3/content_id"), STR("logo@good.test"));
    tap_ok(str_starts(rig_text(v, "html"), STR("<p>Caf\xc3\xa9</p><script>")));
    json_decref(v);
    tap_case("part: a download, whatever it claims to be");
    struct buf a = rig_ask(r, line_of("GET", id, "/parts/2"), NULL, STR_NONE);
    tap_int(kit_status(&a), 200);
    tap_str(kit_body(&a), STR("%PDF"));
    tap_ok(kit_has(&a, "Content-Type: application/octet-stream\r\n"));
    tap_ok(kit_has(&a, "Content-Disposition: attachment; filename=\"_") ||
           kit_has(&a, "Content-Disposition: attachment; filename=\"___ _r.pdf\""));
    tap_ok(kit_has(&a, "X-Content-Type-Options: nosniff"));
    tap_ok(!kit_has(&a, "../"));
    buf_clear(&a);
    tap_int(rig_status(r, line_of("GET", id, "/parts/9"), NULL), 404);
    tap_case("preview: harmless, with its own images");
    a = rig_ask(r, line_of("GET", id, "/html"), NULL, STR_NONE);
    tap_int(kit_status(&a), 200);
    tap_ok(kit_has(&a, "Content-Security-Policy: default-src 'none'; img-src data:;"));
    tap_ok(kit_has(&a, "<x-script>") && !kit_has(&a, "<script"));
    tap_ok(kit_has(&a, "x-script,x-template{display:none}"));
    tap_ok(kit_has(&a, "src=\"data:image/png;base64,aGVsbG8=\""));
    buf_clear(&a);
    tap_case("raw: the exact bytes");
    a = rig_ask(r, line_of("GET", id, "/raw"), NULL, STR_NONE);
    tap_str(kit_body(&a), STR(RIG_RICH));
    buf_clear(&a);
    tap_case("transcript");
    a = rig_ask(r, line_of("GET", id, "/transcript"), NULL, STR_NONE);
    tap_ok(kit_has(&a, "-> EHLO mx.good.test"));
    buf_clear(&a);
}

static void test_changes(struct rig *r, const char *id)
{
    json_t *v;
    tap_case("seen: set and taken back");
    tap_int(rig_json(r, line_of("PUT", id, "/seen"), NULL, "{\"seen\":true}", NULL), 204);
    tap_int(rig_json(r, "GET /v1/messages?q=is%3Aread", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    json_decref(v);
    tap_int(rig_json(r, line_of("PUT", id, "/seen"), NULL, "{\"seen\":false}", NULL), 204);
    tap_int(rig_json(r, line_of("PUT", id, "/seen"), NULL, "{}", NULL), 400);
    tap_int(rig_json(r, line_of("PUT", id, "/seen"), NULL, "", NULL), 400);
    tap_int(rig_json(r, line_of("PUT", id, "/seen"), NULL, "{\"seen\":true,\"x\":1}", NULL), 400);
    tap_case("delete: one, and those that match");
    tap_int(rig_status(r, line_of("DELETE", id, ""), NULL), 204);
    tap_int(rig_status(r, line_of("GET", id, ""), NULL), 404);
    tap_int(rig_json(r, "DELETE /v1/messages?q=subject%3ARich", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "deleted"), 1);
    json_decref(v);
    tap_case("delete: an inbox goes with its messages");
    tap_int(rig_status(r, "DELETE /v1/inboxes/box", NULL), 204);
    tap_int(rig_status(r, "GET /v1/inboxes/box", NULL), 404);
    tap_int(rig_json(r, "GET /v1/attempts", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 0);
    json_decref(v);
}

static void test_open(void)
{
    struct rig r;
    struct kit_done plain, rich, boxed;
    struct rig_mail mail = {.tls = "TLSv1.3"};
    rig_init(&r);
    rig_start(&r);
    test_server(&r);
    test_inboxes(&r);
    test_bad_inboxes(&r);
    test_script(&r);
    rig_deliver(&r, &mail, &plain);
    rig_deliver(&r, &(struct rig_mail){.raw = RIG_RICH}, &rich);
    rig_deliver(
        &r, &(struct rig_mail){.inbox = "box", .rcpt = "box@sink.test", .outcome = STORE_DEFERRED},
        &boxed);
    rig_deliver(&r, &(struct rig_mail){.inbox = "box", .rcpt = "box@sink.test"}, &boxed);
    test_lists(&r);
    test_bad_lists(&r);
    test_document(&r, plain.id);
    test_rich(&r, rich.id);
    json_t *v;
    tap_case("message: attempts of its recipient are counted");
    tap_int(rig_json(&r, line_of("GET", boxed.id, ""), NULL, NULL, &v), 200);
    tap_int(rig_int(v, "delivery/attempts"), 2);
    json_decref(v);
    test_changes(&r, plain.id);
    rig_stop(&r);
}

/* ---- tokens ---- */

/* What a token sees of a message that is not its own. */
static void test_other_inbox(struct rig *r, const char *token, const char *id)
{
    static const struct {
        const char *method, *rest;
    } rows[] = {{"GET", ""},         {"GET", "/raw"}, {"GET", "/html"}, {"GET", "/transcript"},
                {"GET", "/parts/1"}, {"DELETE", ""},  {"PUT", "/seen"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("token: another inbox's message: %s%s", rows[i].method, rows[i].rest);
        tap_int(rig_status(r, line_of(rows[i].method, id, rows[i].rest), token), 404);
    }
    static const char *const lines[] = {"GET /v1/inboxes/two",
                                        "DELETE /v1/inboxes/two",
                                        "GET /v1/inboxes/two/script",
                                        "GET /v1/inboxes/two/messages",
                                        "GET /v1/inboxes/two/attempts",
                                        "GET /v1/inboxes/two/wait",
                                        "GET /v1/inboxes/default",
                                        "GET /v1/inboxes/default/messages",
                                        "DELETE /v1/inboxes/default/script",
                                        "GET /v1/events?inbox=two"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        tap_case("token: not its own: %s", lines[i]);
        tap_int(rig_status(r, lines[i], token), 404);
    }
}

static void test_own_inbox(struct rig *r, const char *token)
{
    json_t *v;
    tap_case("token: its own inbox");
    tap_int(rig_json(r, "GET /v1/messages", token, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    tap_str(rig_text(v, "messages/0/inbox"), STR("one"));
    json_decref(v);
    tap_int(rig_json(r, "GET /v1/inboxes", token, NULL, &v), 200);
    tap_int(json_array_size(rig_at(v, "inboxes")), 1);
    json_decref(v);
    tap_int(rig_json(r, "GET /v1/info", token, NULL, &v), 200);
    tap_str(rig_text(v, "you/scope"), STR("inbox"));
    tap_str(rig_text(v, "you/inbox"), STR("one"));
    json_decref(v);
    tap_case("token: only the admin makes inboxes, reads metrics, releases");
    tap_int(rig_json(r, "POST /v1/inboxes", token, "{}", NULL), 403);
    tap_int(rig_status(r, "GET /metrics", token), 403);
    tap_int(rig_json(r, "POST /v1/messages/x/release", token, "{}", NULL), 403);
    tap_case("token: its originals are its own");
    tap_int(rig_json(r, "PUT /v1/sent/mp-1", token, RIG_PLAIN, NULL), 204);
    tap_case("token: deleting all deletes its own");
    tap_int(rig_json(r, "DELETE /v1/messages", token, NULL, &v), 200);
    tap_int(rig_int(v, "deleted"), 1);
    json_decref(v);
}

static void test_tokens(const char *admin)
{
    struct rig r;
    struct kit_done one, two;
    char token_one[128], token_two[128];
    json_t *v;
    rig_init(&r);
    r.config.admin_token = str_from(admin);
    rig_start(&r);
    rig_inbox(&r, "one", admin, token_one);
    rig_inbox(&r, "two", admin, token_two);
    rig_deliver(&r, &(struct rig_mail){.inbox = "one", .rcpt = "one@sink.test"}, &one);
    rig_deliver(&r, &(struct rig_mail){.inbox = "two", .rcpt = "two@sink.test"}, &two);
    tap_case("token: none, %s an admin token", admin == NULL ? "without" : "with");
    tap_int(rig_status(&r, "GET /v1/messages", NULL), admin == NULL ? 200 : 401);
    tap_int(rig_status(&r, "GET /metrics", NULL), admin == NULL ? 200 : 401);
    tap_int(rig_status(&r, "GET /v1/health", NULL), 200);
    tap_case("token: wrong ones");
    tap_int(rig_status(&r, "GET /v1/messages", "wrong"), 401);
    tap_int(rig_status(&r, "GET /v1/messages", "one"), 401);
    test_other_inbox(&r, token_one, two.id);
    test_own_inbox(&r, token_one);
    tap_case("token: the original of one inbox is not that of another");
    tap_int(rig_json(&r, line_of("GET", two.id, ""), token_two, NULL, &v), 200);
    tap_ok(json_is_null(rig_at(v, "altered")));
    json_decref(v);
    tap_case("token: gone with its inbox");
    tap_int(rig_status(&r, "DELETE /v1/inboxes/one", token_one), 204);
    tap_int(rig_status(&r, "GET /v1/messages", token_one), 401);
    tap_case("token: the admin's opens all");
    tap_int(rig_json(&r, "GET /v1/messages", admin, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    json_decref(v);
    rig_stop(&r);
}

static void test_not_judged(void)
{
    struct rig r;
    struct kit_done done;
    json_t *v;
    rig_init(&r);
    r.config.dns_source = NULL;
    rig_start(&r);
    rig_deliver(&r, &(struct rig_mail){0}, &done);
    tap_case("no DNS: not judged, and told so; never taken for clean");
    tap_int(rig_json(&r, line_of("GET", done.id, ""), NULL, NULL, &v), 200);
    tap_ok(json_is_null(rig_at(v, "authentication")) && json_is_null(rig_at(v, "verdict")));
    tap_ok(rig_text(v, "not_judged").n != 0);
    json_decref(v);
    rig_stop(&r);
}

static void test_start_errors(void)
{
    static const struct str allow = STR_INIT("good.test");
    struct rig r;
    struct capture *c = NULL;
    struct mp_err err = {0};
    rig_init(&r);
    struct capture_config config = r.config;
    tap_case("start: open to other machines without a token");
    ip_parse(STR("0.0.0.0"), &config.ip);
    tap_int(capture_start(&config, &c, &err), MP_E_USAGE);
    tap_ok(str_search(str_from(err.text), STR("admin token")) < strlen(err.text));
    config = r.config;
    tap_case("start: half a release");
    config.release_allow = &allow;
    config.n_release_allow = 1;
    tap_int(capture_start(&config, &c, &err), MP_E_USAGE);
    config = r.config;
    tap_case("start: half a certificate");
    config.cert_pem = "x";
    tap_int(capture_start(&config, &c, &err), MP_E_USAGE);
    capture_stop(NULL);
    rig_stop(&r);
}

int main(void)
{
    test_open();
    test_tokens(NULL);
    test_tokens("correct horse battery staple");
    test_not_judged();
    test_start_errors();
    return tap_done();
}
