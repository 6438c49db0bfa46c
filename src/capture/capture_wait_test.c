/* Long polls and events: before and after the mail comes, by each identity, by inbox. */
#include "tests/tap.h"

#include "capture/capture_test_kit.h"

/* A request in a thread of its own. */
struct poll {
    pthread_t thread;
    const struct rig *rig;
    const char *line, *token;
    struct buf answer;
};

static void *poll_run(void *arg)
{
    struct poll *p = arg;
    p->answer = rig_ask(p->rig, p->line, p->token, STR_NONE);
    return NULL;
}

static void poll_start(struct poll *p, const struct rig *r, const char *line, const char *token)
{
    *p = (struct poll){.rig = r, .line = line, .token = token};
    if (pthread_create(&p->thread, NULL, poll_run, p) != 0)
        abort();
}

/* The status; the subject of the answered message, as far as there is one, is compared. */
static unsigned poll_end(struct poll *p, const char *id)
{
    pthread_join(p->thread, NULL);
    unsigned status = kit_status(&p->answer);
    struct str text = kit_body(&p->answer);
    json_t *v = text.n == 0 ? NULL : json_loadb(text.p, text.n, 0, NULL);
    if (id != NULL)
        tap_str(rig_text(v, "id"), str_from(id));
    json_decref(v);
    buf_clear(&p->answer);
    return status;
}

/* What Prometheus is told: the count of requests that wait. */
static bool waits(const struct rig *r, unsigned n)
{
    char line[64];
    snprintf(line, sizeof line, "\nmailproof_sink_http_waiting %u\n", n);
    struct buf a = rig_ask(r, "GET /metrics", NULL, STR_NONE);
    bool has = kit_has(&a, line);
    buf_clear(&a);
    return has;
}

static void test_identities(struct rig *r)
{
    static const struct {
        const char *query;
        unsigned status;
    } rows[] = {
        {"tag=mp-1", 200},
        {"tag=mp-2", 204},
        {"tag=mp", 204},
        {"message-id=1%40good.test", 200},
        {"message-id=%3C1%40good.test%3E", 200},
        {"message-id=2%40good.test", 204},
        {"to=alice%40sink.test", 200},
        {"to=ALICE%40sink.test", 200},
        {"to=lice%40sink.test", 204},
        {"from=bob%40good.test", 200},
        {"from=eve", 204},
        {"subject=code", 200},
        {"subject=Rich", 204},
        {"q=subject%3Acode+from%3Abob", 200},
        {"q=-subject%3Acode", 204},
        {"tag=mp-1&subject=Rich", 204},
        {"tag=mp-1&after=1000000", 204},
        {"", 200},
        {"tag=", 400},
        {"tag=mp-1&count=0", 400},
        {"tag=mp-1&count=101", 400},
        {"tagg=mp-1", 400},
        {"q=larger%3Ax", 400},
        {"tag=mp-1&form=summary", 200},
        {"tag=mp-1&form=whole", 200},
        {"tag=mp-2&form=summary", 204},
        {"tag=mp-1&form=brief", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[256];
        tap_case("wait: %s", rows[i].query);
        snprintf(line, sizeof line, "GET /v1/messages/wait?timeout=0&%s", rows[i].query);
        tap_int(rig_status(r, line, NULL), rows[i].status);
    }
    tap_case("wait: a duration that is none");
    tap_int(rig_status(r, "GET /v1/messages/wait?timeout=soon", NULL), 400);
    tap_case("wait: in an inbox that is not there");
    tap_int(rig_status(r, "GET /v1/inboxes/none/wait?timeout=0", NULL), 404);
}

static void test_arrival(struct rig *r)
{
    struct poll one, two, any;
    struct kit_done first, second, other;
    rig_deliver(r, &(struct rig_mail){.rcpt = "other@sink.test"}, &other);
    tap_case("wait: the mail comes while it waits, the oldest is the answer");
    poll_start(&one, r, "GET /v1/messages/wait?to=late%40sink.test", NULL);
    poll_start(&two, r, "GET /v1/inboxes/default/wait?to=late%40sink.test&count=2", NULL);
    KIT_UNTIL(waits(r, 2));
    rig_deliver(r, &(struct rig_mail){.rcpt = "late@sink.test"}, &first);
    tap_int(poll_end(&one, first.id), 200);
    KIT_UNTIL(waits(r, 1)); /* of two, one is there */
    rig_deliver(r, &(struct rig_mail){.rcpt = "late@sink.test"}, &second);
    pthread_join(two.thread, NULL);
    tap_int(kit_status(&two.answer), 200);
    struct str text = kit_body(&two.answer);
    json_t *v = json_loadb(text.p, text.n, 0, NULL);
    tap_str(rig_text(v, "messages/0/id"), str_from(first.id));
    tap_str(rig_text(v, "messages/1/id"), str_from(second.id));
    tap_str(rig_text(v, "messages/1/schema"), STR("mailproof/message/1"));
    json_decref(v);
    buf_clear(&two.answer);
    tap_case("wait: summaries of all that match, once there are enough");
    poll_start(&any, r, "GET /v1/messages/wait?to=late%40sink.test&count=1&form=summary", NULL);
    pthread_join(any.thread, NULL);
    text = kit_body(&any.answer);
    v = json_loadb(text.p, text.n, 0, NULL);
    tap_str(rig_text(v, "messages/0/id"), str_from(first.id));
    tap_str(rig_text(v, "messages/1/id"), str_from(second.id));
    tap_ok(json_array_size(json_object_get(v, "messages")) == 2);
    tap_ok(json_object_get(json_array_get(json_object_get(v, "messages"), 0), "schema") == NULL);
    json_decref(v);
    buf_clear(&any.answer);
    tap_case("wait: after the first, the second");
    char line[128];
    snprintf(line, sizeof line, "GET /v1/messages/wait?to=late%%40sink.test&after=%lld",
             (long long)first.seq);
    poll_start(&any, r, line, NULL);
    tap_int(poll_end(&any, second.id), 200);
    tap_case("wait: a refused transaction is no message");
    struct kit_done refused;
    rig_deliver(r, &(struct rig_mail){.rcpt = "refused@sink.test", .outcome = STORE_REFUSED},
                &refused);
    tap_int(rig_status(r, "GET /v1/messages/wait?to=refused%40sink.test&timeout=0", NULL), 204);
}

static void test_inbox_waits(struct rig *r)
{
    struct poll own, all, ended;
    struct kit_done done;
    char token[128], other[128];
    rig_inbox(r, "one", NULL, token);
    rig_inbox(r, "two", NULL, other);
    tap_case("wait: an inbox token waits for its own mail only");
    poll_start(&own, r, "GET /v1/inboxes/one/wait", token);
    poll_start(&all, r, "GET /v1/messages/wait", token);
    KIT_UNTIL(waits(r, 2));
    rig_deliver(r, &(struct rig_mail){.inbox = "two", .rcpt = "two@sink.test"}, &done);
    tap_ok(waits(r, 2));
    rig_deliver(r, &(struct rig_mail){.inbox = "one", .rcpt = "one@sink.test"}, &done);
    tap_int(poll_end(&own, done.id), 200);
    tap_int(poll_end(&all, done.id), 200);
    tap_case("wait: the inbox ends");
    poll_start(&ended, r, "GET /v1/inboxes/one/wait?tag=never", token);
    poll_start(&all, r, "GET /v1/messages/wait?tag=never", token);
    KIT_UNTIL(waits(r, 2));
    tap_int(rig_status(r, "DELETE /v1/inboxes/one", NULL), 204);
    tap_int(poll_end(&ended, NULL), 410);
    tap_int(poll_end(&all, NULL), 410);
}

/* ---- events ---- */

static int listen_to(const struct rig *r, const char *line, const char *token, struct buf *b)
{
    char request[512];
    int fd = kit_connect(r->port);
    snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: localhost\r\n%s%s%s\r\n", line,
             token == NULL ? "" : "Authorization: Bearer ", token == NULL ? "" : token,
             token == NULL ? "" : "\r\n");
    buf_init(b, 1 << 20);
    kit_send(fd, str_from(request));
    if (!kit_read_until(fd, b, "retry:"))
        abort();
    return fd;
}

static void test_events(struct rig *r)
{
    struct buf all, own;
    struct kit_done common, boxed;
    char token[128], want[128], line[128];
    rig_inbox(r, "three", NULL, token);
    int fd_all = listen_to(r, "GET /v1/events", NULL, &all);
    int fd_own = listen_to(r, "GET /v1/events", token, &own);
    tap_case("events: all of them for the admin, its own for an inbox");
    rig_deliver(r, &(struct rig_mail){0}, &common);
    rig_deliver(r, &(struct rig_mail){.inbox = "three", .rcpt = "three@sink.test"}, &boxed);
    snprintf(want, sizeof want, "event: message\ndata: {\"id\":\"%s\"", boxed.id);
    tap_ok(kit_read_until(fd_own, &own, want));
    tap_ok(kit_read_until(fd_all, &all, want));
    tap_ok(kit_has(&all, common.id) && !kit_has(&own, common.id));
    tap_case("events: deleted, and an inbox that ended");
    snprintf(line, sizeof line, "DELETE /v1/messages/%s", boxed.id);
    tap_int(rig_status(r, line, NULL), 204);
    snprintf(want, sizeof want, "event: deleted\ndata: {\"id\":\"%s\",\"inbox\":\"three\"}",
             boxed.id);
    tap_ok(kit_read_until(fd_own, &own, want));
    tap_int(rig_status(r, "DELETE /v1/inboxes/three", NULL), 204);
    tap_ok(kit_read_until(fd_all, &all, "event: cleared\ndata: {\"inbox\":\"three\"}"));
    close(fd_all);
    close(fd_own);
    buf_clear(&all);
    buf_clear(&own);
}

int main(void)
{
    struct rig r;
    struct kit_done done;
    struct poll last;
    rig_init(&r);
    rig_start(&r);
    rig_deliver(&r, &(struct rig_mail){0}, &done);
    test_identities(&r);
    test_arrival(&r);
    test_inbox_waits(&r);
    test_events(&r);
    tap_case("wait: the end of the server is an answer");
    poll_start(&last, &r, "GET /v1/messages/wait?tag=never", NULL);
    KIT_UNTIL(waits(&r, 1));
    rig_stop(&r);
    unsigned status = poll_end(&last, NULL);
    tap_ok(status == 503 || status == 0);
    return tap_done();
}
