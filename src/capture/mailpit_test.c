/* The calls of Mailpit's clients, with its names; an inbox token sees its own mail here too. */
#include "tests/tap.h"

#include "capture/capture_test_kit.h"

static void test_list(struct rig *r)
{
    json_t *v;
    tap_case("mailpit: list");
    tap_int(rig_json(r, "GET /api/v1/messages?start=0&limit=50", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 3);
    tap_int(rig_int(v, "unread"), 3);
    tap_int(rig_int(v, "messages_count"), 3);
    tap_int(json_array_size(rig_at(v, "messages")), 3);
    tap_str(rig_text(v, "messages/2/From/Name"), STR("Caf\xc3\xa9"));
    tap_str(rig_text(v, "messages/2/From/Address"), STR("bob@good.test"));
    tap_str(rig_text(v, "messages/2/Subject"), STR("Your code"));
    tap_str(rig_text(v, "messages/2/MessageID"), STR("1@good.test"));
    tap_str(rig_text(v, "messages/2/Tags/0"), STR("mp-1"));
    tap_str(rig_text(v, "messages/1/Cc/0/Address"), STR("carol@sink.test"));
    tap_int(rig_int(v, "messages/1/Attachments"), 1);
    tap_ok(json_is_false(rig_at(v, "messages/1/Read")));
    json_decref(v);
    tap_case("mailpit: a recipient that no field names is a blind copy");
    tap_int(rig_json(r, "GET /api/v1/search?query=rcpt%3Abox%40sink.test", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "messages/0/Bcc/0/Address"), STR("box@sink.test"));
    json_decref(v);
    tap_case("mailpit: start and limit");
    tap_int(rig_json(r, "GET /api/v1/messages?start=2&limit=5", NULL, NULL, &v), 200);
    tap_int(json_array_size(rig_at(v, "messages")), 1);
    tap_int(rig_int(v, "start"), 2);
    json_decref(v);
    tap_case("mailpit: search");
    tap_int(rig_json(r, "GET /api/v1/search?query=subject%3ARich&tz=UTC", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "messages_count"), 1);
    tap_int(rig_int(v, "total"), 3);
    json_decref(v);
    tap_int(rig_status(r, "GET /api/v1/search?query=", NULL), 400);
    tap_int(rig_status(r, "DELETE /api/v1/search", NULL), 400);
    tap_case("mailpit: tags, information, settings, health");
    tap_int(rig_json(r, "GET /api/v1/tags", NULL, NULL, &v), 200);
    tap_int(json_array_size(v), 1);
    json_decref(v);
    tap_int(rig_json(r, "GET /api/v1/info", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "Messages"), 3);
    json_decref(v);
    tap_int(rig_json(r, "GET /api/v1/webui", NULL, NULL, &v), 200);
    tap_ok(json_is_false(rig_at(v, "MessageRelay/Enabled")));
    json_decref(v);
    tap_int(rig_status(r, "GET /livez", NULL), 200);
    tap_int(rig_status(r, "GET /readyz", NULL), 200);
}

static void test_message(struct rig *r, const char *id)
{
    char line[128];
    json_t *v;
    tap_case("mailpit: a message; reading it marks it");
    snprintf(line, sizeof line, "GET /api/v1/message/%s", id);
    tap_int(rig_json(r, line, NULL, NULL, &v), 200);
    tap_str(rig_text(v, "ID"), str_from(id));
    tap_str(rig_text(v, "ReturnPath"), STR("bob@good.test"));
    tap_ok(str_starts(rig_text(v, "HTML"), STR("<p>Caf\xc3\xa9</p>")));
    tap_str(rig_text(v, "Attachments/0/PartID"), STR("2"));
    tap_str(rig_text(v, "Attachments/0/ContentType"), STR("application/pdf"));
    tap_str(rig_text(v, "Inline/0/ContentID"), STR("logo@good.test"));
    tap_int(rig_text(v, "Attachments/0/Checksums/SHA256").n, 64);
    json_decref(v);
    tap_int(rig_json(r, "GET /api/v1/search?query=is%3Aread", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "messages_count"), 1);
    json_decref(v);
    tap_case("mailpit: headers, raw, part, views");
    snprintf(line, sizeof line, "GET /api/v1/message/%s/headers", id);
    tap_int(rig_json(r, line, NULL, NULL, &v), 200);
    tap_str(rig_text(v, "Subject/0"), STR("Rich"));
    json_decref(v);
    snprintf(line, sizeof line, "GET /api/v1/message/%s/raw", id);
    struct buf a = rig_ask(r, line, NULL, STR_NONE);
    tap_str(kit_body(&a), STR(RIG_RICH));
    buf_clear(&a);
    snprintf(line, sizeof line, "GET /api/v1/message/%s/part/2", id);
    a = rig_ask(r, line, NULL, STR_NONE);
    tap_str(kit_body(&a), STR("%PDF"));
    tap_ok(kit_has(&a, "Content-Type: application/pdf\r\n"));
    buf_clear(&a);
    snprintf(line, sizeof line, "GET /api/v1/message/%s/part/1.1", id);
    a = rig_ask(r, line, NULL, STR_NONE);
    tap_ok(kit_has(&a, "Content-Type: application/octet-stream\r\n")); /* HTML is not served */
    buf_clear(&a);
    snprintf(line, sizeof line, "GET /view/%s.html", id);
    a = rig_ask(r, line, NULL, STR_NONE);
    tap_ok(kit_has(&a, "<x-script>") && kit_has(&a, "Content-Security-Policy: default-src 'none'"));
    buf_clear(&a);
    tap_case("mailpit: the latest");
    tap_int(rig_json(r, "GET /api/v1/message/latest", NULL, NULL, &v), 200);
    tap_str(rig_text(v, "Subject"), STR("Your code"));
    json_decref(v);
    a = rig_ask(r, "GET /view/latest.txt", NULL, STR_NONE);
    tap_ok(str_starts(kit_body(&a), STR("Your code is 123456.")));
    buf_clear(&a);
    tap_int(rig_status(r, "GET /view/latest.html", NULL), 404);
    tap_int(rig_status(r, "GET /api/v1/message/none", NULL), 404);
}

static void test_isolation(struct rig *r, const char *token, const char *other)
{
    char line[128], body[128];
    json_t *v;
    tap_case("mailpit: a token sees its own inbox");
    tap_int(rig_json(r, "GET /api/v1/messages", token, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    tap_int(rig_int(v, "messages_count"), 1);
    json_decref(v);
    snprintf(line, sizeof line, "GET /api/v1/message/%s", other);
    tap_int(rig_status(r, line, token), 404);
    tap_case("mailpit: and touches nothing else");
    snprintf(body, sizeof body, "{\"IDs\":[\"%s\"],\"Read\":true}", other);
    tap_int(rig_json(r, "PUT /api/v1/messages", token, body, NULL), 200);
    tap_int(rig_json(r, "DELETE /api/v1/messages", token, body, NULL), 200);
    tap_int(rig_json(r, "DELETE /api/v1/search?query=subject%3ARich", token, NULL, NULL), 200);
    tap_int(rig_json(r, "DELETE /api/v1/messages", token, NULL, NULL), 200);
    tap_int(rig_json(r, "GET /api/v1/messages", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 2);
    json_decref(v);
}

static void test_marking(struct rig *r, const char *id)
{
    char body[128];
    json_t *v;
    tap_case("mailpit: mark all, by search, by id");
    tap_int(rig_json(r, "PUT /api/v1/messages", NULL, "{\"Read\":true}", NULL), 200);
    tap_int(rig_json(r, "GET /api/v1/messages", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "unread"), 0);
    json_decref(v);
    tap_int(rig_json(r, "PUT /api/v1/messages", NULL,
                     "{\"Read\":false,\"Search\":\"subject:Rich\"}", NULL),
            200);
    snprintf(body, sizeof body, "{\"IDs\":[\"%s\"]}", id);
    tap_int(rig_json(r, "PUT /api/v1/messages", NULL, body, NULL), 200);
    tap_int(rig_json(r, "GET /api/v1/messages", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "unread"), 2);
    json_decref(v);
    tap_case("mailpit: both at once, and what is no JSON");
    tap_int(rig_json(r, "PUT /api/v1/messages", NULL, "{\"IDs\":[\"x\"],\"Search\":\"y\"}", NULL),
            400);
    tap_int(rig_json(r, "PUT /api/v1/messages", NULL, "{\"IDs\":[1]}", NULL), 400);
    tap_int(rig_json(r, "DELETE /api/v1/messages", NULL, "{\"IDs\":\"x\"}", NULL), 400);
    tap_int(rig_json(r, "DELETE /api/v1/messages", NULL, "x", NULL), 400);
    tap_case("mailpit: delete by id, then all");
    tap_int(rig_json(r, "DELETE /api/v1/messages", NULL, body, NULL), 200);
    tap_int(rig_json(r, "GET /api/v1/messages", NULL, NULL, &v), 200);
    tap_int(rig_int(v, "total"), 1);
    json_decref(v);
    tap_int(rig_json(r, "DELETE /api/v1/messages", NULL, NULL, NULL), 200);
    tap_int(rig_status(r, "GET /api/v1/message/latest", NULL), 404);
}

int main(void)
{
    struct rig r;
    struct kit_done plain, rich, boxed;
    char token[128];
    rig_init(&r);
    rig_start(&r);
    rig_inbox(&r, "box", NULL, token);
    rig_deliver(&r, &(struct rig_mail){0}, &plain);
    rig_deliver(&r, &(struct rig_mail){.raw = RIG_RICH}, &rich);
    rig_deliver(&r, &(struct rig_mail){.inbox = "box", .rcpt = "box@sink.test"}, &boxed);
    test_list(&r);
    test_message(&r, rich.id);
    test_isolation(&r, token, rich.id);
    test_marking(&r, plain.id);
    rig_stop(&r);
    return tap_done();
}
