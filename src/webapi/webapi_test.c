/* The API over loopback with a fake daemon: scopes, scans in each form, places, rspamd's protocol,
 * asynchronous scans, drains. */
#include "tests/tap.h"

#include "webapi/webapi_test_kit.h"

#define MAIL "From: a@example.org\r\n\r\nhello\r\n"
#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: multipart/form-data; boundary=b\r\n"
#define PART "--b\r\nContent-Disposition: form-data; name="

struct row {
    const char *label, *line, *head, *body; /* body NULL: none */
    unsigned status;
    const char *has[4]; /* in the answer; with "asked:" before: in what the daemon was asked */
};

static void run_rows(struct kit *k, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        tap_case("%s", r->label);
        buf_reset(&k->asked);
        struct buf a = kit_http(k->port, r->line, r->head, str_from(r->body));
        if (!tap_int(kit_status(&a), r->status))
            tap_note("%.*s", (int)a.n, a.p);
        for (size_t h = 0; h < ARRAY_LEN(r->has) && r->has[h] != NULL; h++) {
            struct str want = str_from(r->has[h]), in = buf_str(&a);
            if (str_starts(want, STR("asked:"))) {
                want = str_slice(want, 6, want.n);
                in = buf_str(&k->asked);
            }
            if (!tap_ok(str_search(in, want) < in.n))
                tap_note("wanted %.*s in %.*s", (int)want.n, want.p, (int)in.n, in.p);
        }
        buf_clear(&a);
    }
}

static const struct row access_rows[] = {
    {"health is open", "GET /health", "", NULL, 200, {"\"status\":\"ok\""}},
    {"ready is open", "GET /ready", "", NULL, 200, {"\"status\":\"ready\"", "\"workers\""}},
    {"the document is open", "GET /openapi.json", "", NULL, 200, {"\"openapi\":\"3.1.0\""}},
    {"the page, when there is none", "GET /", "", NULL, 404, {"no dashboard"}},
    {"no token",
     "GET /v1/status",
     "",
     NULL,
     401,
     {"application/problem+json", "a token is needed"}},
    {"a wrong token",
     "GET /v1/status",
     "Authorization: Bearer x\r\n",
     NULL,
     401,
     {"opens nothing"}},
    {"read may not scan", "POST /v1/scan", KIT_READ, MAIL, 403, {"does not open"}},
    {"scan may not read", "GET /v1/status", KIT_SCAN, NULL, 403, {"does not open"}},
    {"read may not see metrics", "GET /metrics", KIT_READ, NULL, 403, {NULL}},
    {"metrics",
     "GET /metrics",
     "Authorization: Bearer prometheus-0123456789\r\n",
     NULL,
     200,
     {"mailproof_mails_total{mode=\"inbound\",action=\"reject\"} 0\n",
      "mailproof_findings_total{id=\"auth.dmarc.fail\"", "mailproof_fake 1\n",
      "mailproof_verdict_seconds_bucket{le=\"+Inf\"} 0\n"}},
    {"admin may all", "GET /metrics", KIT_ADMIN, NULL, 200, {NULL}},
    {"session of a reader",
     "GET /v1/session",
     KIT_READ,
     NULL,
     200,
     {"\"name\":\"reader\",\"scopes\":[\"read\"]"}},
    {"session of an admin",
     "GET /v1/session",
     KIT_ADMIN,
     NULL,
     200,
     {"\"scopes\":[\"scan\",\"read\",\"metrics\",\"admin\"]"}},
    {"status",
     "GET /v1/status",
     KIT_READ,
     NULL,
     200,
     {"\"version\":\"test\"", "\"http\":{\"requests\":", "\"scans_max\":2"}},
    {"catalogue",
     "GET /v1/findings?prefix=auth.dmarc.",
     KIT_SCAN,
     NULL,
     200,
     {"\"id\":\"auth.dmarc.fail\",\"severity\":\"", "\"remedy\":\""}},
    {"catalogue: one",
     "GET /v1/findings/auth.dmarc.fail",
     KIT_READ,
     NULL,
     200,
     {"{\"id\":\"auth.dmarc.fail\""}},
    {"catalogue: none", "GET /v1/findings/auth.nothing", KIT_READ, NULL, 404, {NULL}},
    {"a query that is not known",
     "GET /v1/findings?x=1",
     KIT_READ,
     NULL,
     400,
     {"no parameter 'x'"}},
    {"history is not kept", "GET /v1/messages", KIT_READ, NULL, 404, {"has no history"}},
    {"reports are not kept", "GET /v1/reports/dmarc", KIT_READ, NULL, 404, {"has no reports"}},
    {"an event that is not known", "GET /v1/events?types=mail,rain", KIT_READ, NULL, 400, {"rain"}},
};

static const struct row scan_rows[] = {
    {"raw, envelope in the query",
     "POST /v1/scan?ip=192.0.2.1&helo=h.test&mail_from=%3Ca%40b.test%3E&rcpt=c%40d.test&rcpt=e,f&"
     "client_name=n.test&user=u&queue_id=4XyZ&timeout=5s",
     KIT_SCAN,
     MAIL,
     200,
     {"asked:mode=scan ip=192.0.2.1 helo=h.test from=a@b.test name=n.test user=u queue=4XyZ tls= "
      "rcpt=[c@d.test][e,f] policy=0 ms=5000 local=1 edits=0 message=From: a@example.org",
      "X-Mailproof-Action: accept", "{\"schema\":\"mailproof/report/1\"", "X-Mailproof-Id: "}},
    {"no envelope", "POST /v1/scan", KIT_SCAN, MAIL, 200, {"asked:ip=none helo= from=? name="}},
    {"the null sender", "POST /v1/scan?mail_from=", KIT_SCAN, MAIL, 200, {"asked:from= name="}},
    {"the null sender with brackets",
     "POST /v1/scan?mail_from=%3C%3E",
     KIT_SCAN,
     MAIL,
     200,
     {"asked:from= name="}},
    {"rejected mail is a report too",
     "POST /v1/scan",
     KIT_SCAN,
     "bad",
     200,
     {"X-Mailproof-Action: reject"}},
    {"a type that curl sends",
     "POST /v1/scan",
     KIT_SCAN "Content-Type: application/x-www-form-urlencoded\r\n",
     "a=b&c%20",
     200,
     {"asked:message=a=b&c%20"}},
    {"a type that is none of ours",
     "POST /v1/scan",
     KIT_SCAN "Content-Type: text/html\r\n",
     MAIL,
     415,
     {"message/rfc822"}},
    {"no message", "POST /v1/scan", KIT_SCAN, "", 400, {"no message"}},
    {"too long a message", "POST /v1/scan", KIT_SCAN "X: long\r\n", NULL, 400, {"no message"}},
    {"an address that is none",
     "POST /v1/scan?ip=example.org",
     KIT_SCAN,
     MAIL,
     400,
     {"ip: is no address"}},
    {"a control character",
     "POST /v1/scan?helo=a%0D%0Ab",
     KIT_SCAN,
     MAIL,
     400,
     {"helo has a control character"}},
    {"too much time", "POST /v1/scan?timeout=121s", KIT_SCAN, MAIL, 400, {"at most 120s"}},
    {"a parameter that is not known",
     "POST /v1/scan?policy=x",
     KIT_SCAN,
     MAIL,
     400,
     {"no parameter 'policy'"}},
    {"JSON",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message\":\"Subject: x\\r\\n\\r\\nbad "
     "\\u0000\",\"envelope\":{\"ip\":\"2001:db8::1\",\"rcpt\":"
     "[\"<a@b>\",\"c\"],\"mail_from\":\"\"}}",
     200,
     {"asked:ip=2001:db8::1", "asked:rcpt=[a@b][c]",
      "asked:from= name=", "X-Mailproof-Action: reject"}},
    {"JSON with base64",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message_base64\":\"YmFkDQo=\"}",
     200,
     {"asked:message=bad\r\n"}},
    {"JSON: base64 that is none",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message_base64\":\"*\"}",
     400,
     {"not base64"}},
    {"JSON: both messages",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message\":\"a\",\"message_base64\":\"YQ==\"}",
     400,
     {"one of message and message_base64"}},
    {"JSON: no message", "POST /v1/scan", KIT_SCAN JSON, "{}", 400, {"one of message"}},
    {"JSON: another member",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message\":\"a\",\"policy\":\"\"}",
     400,
     {"no member 'policy'"}},
    {"JSON: another member of the envelope",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message\":\"a\",\"envelope\":{\"x\":\"\"}}",
     400,
     {"no member 'x'"}},
    {"JSON: not a text",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message\":1}",
     400,
     {"message: a text"}},
    {"JSON: given in the query too",
     "POST /v1/scan?ip=192.0.2.1",
     KIT_SCAN JSON,
     "{\"message\":\"a\",\"envelope\":{\"ip\":\"192.0.2.1\"}}",
     400,
     {"ip is given twice"}},
    {"JSON: recipients in the query too",
     "POST /v1/scan?rcpt=a",
     KIT_SCAN JSON,
     "{\"message\":\"a\",\"envelope\":{\"rcpt\":\"b\"}}",
     400,
     {"rcpt: is given twice"}},
    {"JSON: a member twice",
     "POST /v1/scan",
     KIT_SCAN JSON,
     "{\"message\":\"a\",\"message\":\"b\"}",
     400,
     {"not JSON"}},
    {"JSON: broken", "POST /v1/scan", KIT_SCAN JSON, "{\"message\":", 400, {"not JSON: line 1"}},
    {"JSON: a list", "POST /v1/scan", KIT_SCAN JSON, "[]", 400, {"not an object"}},
    {"JSON: empty", "POST /v1/scan", KIT_SCAN JSON, "", 400, {"not JSON"}},
    {"form",
     "POST /v1/scan?helo=h",
     KIT_SCAN FORM,
     PART "message\r\n\r\nbad\r\n" PART "ip\r\n\r\n192.0.2.3\r\n" PART "rcpt\r\n\r\na\r\n" PART
          "rcpt\r\n\r\nb\r\n--b--\r\n",
     200,
     {"asked:ip=192.0.2.3 helo=h", "asked:rcpt=[a][b]", "asked:message=bad"}},
    {"form without a message",
     "POST /v1/scan",
     KIT_SCAN FORM,
     PART "ip\r\n\r\n192.0.2.3\r\n--b--\r\n",
     400,
     {"no part 'message'"}},
    {"form with two messages",
     "POST /v1/scan",
     KIT_SCAN FORM,
     PART "message\r\n\r\na\r\n" PART "message\r\n\r\nb\r\n--b--\r\n",
     400,
     {"given twice"}},
    {"form: not UTF-8",
     "POST /v1/scan",
     KIT_SCAN FORM,
     PART "message\r\n\r\na\r\n" PART "helo\r\n\r\n\xff\r\n--b--\r\n",
     400,
     {"not UTF-8"}},
    {"not in time", "POST /v1/scan", KIT_SCAN, "late", 504, {"nothing is decided: the checks did"}},
    {"no worker", "POST /v1/scan", KIT_SCAN, "dead", 503, {"nothing is decided: no worker"}},
    {"a worker that failed",
     "POST /v1/scan",
     KIT_SCAN,
     "failed",
     503,
     {"the worker has no memory"}},
    {"an answer without a report",
     "POST /v1/scan",
     KIT_SCAN,
     "reportless",
     503,
     {"nothing is decided"}},
};

#define POLICY "{\"policy\":\"\","
static const struct row policy_rows[] = {
    {"policy: of a message",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     "{\"policy\":\"undecided: tag\\n\",\"message\":\"bad\"}",
     200,
     {"\"verdict\":{\"action\":\"reject\"", "\"source\":\"message\"",
      "\"findings\":[{\"id\":\"auth.dmarc.fail\",\"severity\":\"high\",\"evidence\":\"e\"}]",
      "asked:policy=15"}},
    {"policy: the built-in one",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     POLICY "\"message\":\"x\"}",
     200,
     {"asked:policy=2"}},
    {"policy: broken",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     "{\"policy\":\"rulez: 1\",\"message\":\"x\"}",
     422,
     {"policy:1:1: ", "rulez"}},
    {"policy: none",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     "{\"message\":\"x\"}",
     400,
     {"policy: the YAML"}},
    {"policy: id with a message",
     "POST /v1/policy/test",
     KIT_ADMIN JSON,
     POLICY "\"id\":\"1\",\"message\":\"x\"}",
     400,
     {"nothing beside"}},
    {"policy: history needs its scope",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     POLICY "\"id\":\"1\"}",
     403,
     {"may not read history"}},
    {"policy: without history",
     "POST /v1/policy/test",
     KIT_ADMIN JSON,
     POLICY "\"id\":\"1\"}",
     404,
     {"has no history"}},
    {"policy: not in time",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     POLICY "\"message\":\"late\"}",
     504,
     {"nothing is decided"}},
    {"policy: no report",
     "POST /v1/policy/test",
     KIT_SCAN JSON,
     POLICY "\"message\":\"reportless\"}",
     503,
     {"nothing is decided"}},
};

#define RSPAMD_HEAD                                                                                \
    KIT_SCAN                                                                                       \
    "IP: 192.0.2.9\r\nHelo: h\r\nFrom: <a@b>\r\nRcpt: c@d\r\nRcpt: <e@f>\r\n"                      \
    "User: u\r\nQueue-Id: Q1\r\nHostname: unknown\r\nTLS-Version: TLSv1.3\r\nPass: all\r\n"
static const struct row rspamd_rows[] = {
    {"rspamd: accepted",
     "POST /checkv2",
     RSPAMD_HEAD,
     MAIL,
     200,
     {"asked:mode=inbound ip=192.0.2.9 helo=h from=a@b name= user=u queue=Q1 tls=TLSv1.3 "
      "rcpt=[c@d][e@f]",
      "{\"is_skipped\":false,\"score\":0.0,\"required_score\":15.0,\"action\":\"no action\"",
      "\"R_SPF_ALLOW\":{\"name\":\"R_SPF_ALLOW\",\"score\":0.0", "\"messages\":{}"}},
    {"rspamd: refused",
     "POST /checkv2",
     RSPAMD_HEAD,
     "bad",
     200,
     {"\"score\":15.0,\"required_score\":15.0,\"action\":\"reject\"",
      "\"smtp_message\":\"5.7.1 rejected by policy\"", "\"DMARC_POLICY_REJECT\"",
      "\"AUTH_DMARC_FAIL\":{\"name\":\"AUTH_DMARC_FAIL\",\"score\":6.0,\"metric_score\":6.0,"}},
    {"rspamd: edits",
     "POST /checkv2",
     RSPAMD_HEAD,
     MAIL,
     200,
     {"\"add_headers\":{\"Subject\":[{\"value\":\"[tag]\\n "
      "x\",\"order\":0}],\"Authentication-Results\":["
      "{\"value\":\"mx.test;\\n\\tspf=pass\",\"order\":0}],\"X-Two\":[{\"value\":\"1\",\"order\":0}"
      ",{"
      "\"value\":\"2\",\"order\":0}]}",
      "\"remove_headers\":{\"Authentication-Results\":[3,1],\"Subject\":[1]}"}},
    {"rspamd: a failure of ours is never a pass",
     "POST /checkv2",
     RSPAMD_HEAD,
     "dead",
     200,
     {"\"action\":\"soft reject\"", "\"smtp_message\":\"the mail could not be judged"}},
    {"rspamd: the same when it is late",
     "POST /checkv2",
     RSPAMD_HEAD,
     "late",
     200,
     {"\"action\":\"soft reject\""}},
    {"rspamd: the token as its clients send it",
     "POST /checkv2",
     "Password: scanner-0123456789\r\n",
     MAIL,
     200,
     {"no action"}},
    {"rspamd: no token", "POST /checkv2", "", MAIL, 401, {NULL}},
    {"rspamd: a reader", "POST /checkv2", KIT_READ, MAIL, 403, {NULL}},
    {"rspamd: an address that is none", "POST /checkv2", KIT_SCAN "IP: x\r\n", MAIL, 400, {"IP: "}},
    {"rspamd: no message", "POST /checkv2", KIT_SCAN, "", 400, {"no message"}},
    {"rspamd: compressed", "POST /checkv2", KIT_SCAN "Compression: zstd\r\n", MAIL, 415, {NULL}},
};

/* ---- places ---- */

#define SCAN_REQUEST                                                                               \
    "POST /v1/scan HTTP/1.1\r\nHost: localhost\r\n" KIT_SCAN                                       \
    "Connection: close\r\nContent-Length: 5\r\n\r\nhello"

static int send_scan(const struct kit *k)
{
    int fd = kit_connect(k->port);
    kit_send(fd, STR(SCAN_REQUEST));
    return fd;
}

static bool status_has(const struct kit *k, const char *text)
{
    struct buf a = kit_http(k->port, "GET /v1/status", KIT_READ, STR_NONE);
    bool has = kit_has(&a, text);
    buf_clear(&a);
    return has;
}

static void test_places(struct kit *k)
{
    enum { CLIENTS = 12 };
    int fds[CLIENTS];
    unsigned before = kit_count(k, &k->started);
    tap_case(
        "places: no more scans run at once than there are places, others wait without a thread");
    kit_set_hold(k, true);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = send_scan(k);
    while (!status_has(k, "\"scans_running\":2,\"scans_waiting\":10,"))
        sched_yield();
    tap_int(kit_count(k, &k->started) - before, 2);
    tap_case("places: a drain lets those that wait have their turn");
    tap_ok(!webapi_drain(k->w, 1));
    kit_set_hold(k, false);
    tap_ok(webapi_drain(k->w, KIT_PATIENCE_MS));
    for (int i = 0; i < CLIENTS; i++) {
        struct buf a = kit_answer(fds[i]);
        tap_int(kit_status(&a), 200);
        buf_clear(&a);
    }
    tap_int(kit_count(k, &k->started) - before, CLIENTS);
}

/* ---- asynchronous scans ---- */

static struct str location(const struct buf *a, struct arena *arena)
{
    struct str s = buf_str(a);
    s = str_slice(s, str_search(s, STR("Location: ")) + 10, s.n);
    return arena_copy(arena, str_slice(s, 0, str_search(s, STR("\r\n"))));
}

static void test_async(struct kit *k)
{
    struct arena arena = {0};
    arena_init(&arena, 1 << 20);
    tap_case("async: accepted at once, waited for, read again");
    struct buf a = kit_http(k->port, "POST /v1/scan?async=1&rcpt=a&helo=h", KIT_SCAN, STR("bad"));
    tap_int(kit_status(&a), 202);
    struct str at = location(&a, &arena);
    tap_int(at.n, strlen("/v1/scans/") + 32);
    buf_clear(&a);
    const char *line = arena_fmt(&arena, "GET " STR_FMT "?wait=60s", STR_ARG(at)).p;
    a = kit_http(k->port, line, KIT_SCAN, STR_NONE);
    tap_int(kit_status(&a), 200);
    tap_ok(kit_has(&a, "\"state\":\"done\"") && kit_has(&a, "\"report\":{\"schema\":"));
    tap_ok(str_search(buf_str(&k->asked), STR("helo=h")) < k->asked.n);
    buf_clear(&a);
    line = arena_fmt(&arena, "GET " STR_FMT, STR_ARG(at)).p;
    a = kit_http(k->port, line, KIT_ADMIN, STR_NONE);
    tap_ok(kit_has(&a, "\"state\":\"done\""));
    buf_clear(&a);
    tap_case("async: nobody else's, and none that is not there");
    a = kit_http(k->port, line, KIT_READ, STR_NONE);
    tap_int(kit_status(&a), 403);
    buf_clear(&a);
    a = kit_http(k->port, "GET /v1/scans/00112233445566778899aabbccddeeff", KIT_SCAN, STR_NONE);
    tap_int(kit_status(&a), 404);
    buf_clear(&a);

    tap_case("async: a failure is told, never as a result");
    a = kit_http(k->port, "POST /v1/scan?async=1", KIT_SCAN, STR("dead"));
    at = location(&a, &arena);
    buf_clear(&a);
    a = kit_http(k->port, arena_fmt(&arena, "GET " STR_FMT "?wait=60s", STR_ARG(at)).p, KIT_SCAN,
                 STR_NONE);
    tap_ok(kit_has(&a, "\"state\":\"failed\"") && kit_has(&a, "\"error\":\"no worker is there\"") &&
           kit_has(&a, "\"report\":null"));
    buf_clear(&a);

    tap_case("async: when the table is full of work, 503; work is never forgotten");
    kit_set_hold(k, true);
    unsigned accepted = 0, refused = 0;
    for (unsigned i = 0; i < WEBAPI_ASYNC_MAX + 2; i++) {
        a = kit_http(k->port, "POST /v1/scan?async=1", KIT_SCAN, STR("x"));
        accepted += kit_status(&a) == 202;
        refused += kit_status(&a) == 503;
        buf_clear(&a);
    }
    tap_int(accepted, WEBAPI_ASYNC_MAX);
    tap_int(refused, 2);
    unsigned before = kit_count(k, &k->ended);
    kit_set_hold(k, false);
    tap_ok(webapi_drain(k->w, KIT_PATIENCE_MS));
    tap_int(kit_count(k, &k->ended) - before, WEBAPI_ASYNC_MAX);
    arena_clear(&arena);
}

/* ---- events ---- */

static struct mail_summary a_mail(const char *done, const char *mode, const char *domain)
{
    return (struct mail_summary){.id = STR("00112233445566778899aabbccddeeff"),
                                 .done = str_from(done),
                                 .mode = str_from(mode),
                                 .from_domain = str_from(domain),
                                 .spf = STR("pass"),
                                 .dmarc = STR("fail"),
                                 .size_bytes = 100,
                                 .elapsed_us = 2000,
                                 .complete = true};
}

static int open_stream(const struct kit *k, const char *query, struct kit_stream *s)
{
    struct buf request;
    int fd = kit_connect(k->port);
    buf_init(&request, 4096);
    buf_addf(&request, "GET /v1/events%s HTTP/1.1\r\nHost: localhost\r\n" KIT_READ "\r\n", query);
    kit_send(fd, buf_str(&request));
    buf_clear(&request);
    kit_stream_init(s);
    kit_stream_until(fd, s, "retry:");
    return fd;
}

static void test_events(struct kit *k)
{
    struct kit_stream all, some;
    int fd_all = open_stream(k, "", &all),
        fd_some =
            open_stream(k, "?types=mail,status&action=reject&mode=inbound&domain=B.test", &some);
    tap_case("events: each stream gets what it asked for");
    struct mail_summary mails[] = {a_mail("accept", "inbound", "b.test"),
                                   a_mail("reject", "outbound", "b.test"),
                                   a_mail("reject", "inbound", "c.test"),
                                   a_mail("reject", "inbound", "b.test")};
    for (size_t i = 0; i < ARRAY_LEN(mails); i++)
        webapi_mail(k->w, &mails[i]);
    webapi_monitor(k->w, STR("{\"name\":\"smtp\"}"));
    webapi_status(k->w, "clamd", "down", STR("no answer"));
    tap_ok(kit_stream_until(fd_all, &all, "event: status\ndata: {\"time\":\""));
    tap_ok(kit_stream_has(&all, "\"done\":\"accept\"") && kit_stream_has(&all, "c.test") &&
           kit_stream_has(&all, "event: monitor\ndata: {\"name\":\"smtp\"}\n\n"));
    tap_ok(kit_stream_until(fd_some, &some,
                            "\"part\":\"clamd\",\"state\":\"down\",\"detail\":\"no answer\""));
    tap_ok(kit_stream_has(&some, "b.test") && !kit_stream_has(&some, "c.test") &&
           !kit_stream_has(&some, "\"done\":\"accept\"") && !kit_stream_has(&some, "outbound") &&
           !kit_stream_has(&some, "smtp"));
    tap_case("metrics: mails are counted");
    struct buf a = kit_http(k->port, "GET /metrics", KIT_ADMIN, STR_NONE);
    tap_ok(kit_has(&a, "mailproof_mails_total{mode=\"inbound\",action=\"reject\"} 2\n"));
    tap_ok(kit_has(&a, "mailproof_authentication_total{method=\"dmarc\",result=\"fail\"} 4\n"));
    tap_ok(kit_has(&a, "mailproof_verdict_seconds_bucket{le=\"0.0025\"} 4\n"));
    tap_ok(kit_has(&a, "mailproof_verdict_seconds_sum 0.008000\n"));
    tap_ok(kit_has(&a, "mailproof_http_streams 2\n"));
    buf_clear(&a);
    tap_ok(webapi_drain(k->w, KIT_PATIENCE_MS)); /* ends the streams */
    close(fd_all);
    close(fd_some);
    buf_clear(&all.raw);
    buf_clear(&all.text);
    buf_clear(&some.raw);
    buf_clear(&some.text);
    webapi_mail(NULL, &mails[0]);
    webapi_monitor(NULL, STR("{}"));
    webapi_status(NULL, "x", "ok", STR_NONE);
}

/* ---- configs ---- */

static void check_start(struct kit *k, int want, const char *text)
{
    struct webapi *w = NULL;
    struct mp_err err = {0};
    tap_int(webapi_start(&k->c, &w, &err), want);
    if (text != NULL && !tap_ok(str_search(str_from(err.text), str_from(text)) < strlen(err.text)))
        tap_note("%s", err.text);
    webapi_stop(w);
}

static void test_configs(void)
{
    struct kit k;
    kit_init(&k);
    tap_case("config: without tokens only this machine is served");
    k.c.n_tokens = 0;
    check_start(&k, MP_OK, NULL);
    k.c.ip = (struct ip){IP_V4, {0}};
    check_start(&k, MP_E_USAGE, "needs tokens");
    struct sockaddr_in at = {.sin_family = AF_INET};
    k.c.has_listen_fd = true;
    k.c.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (k.c.listen_fd < 0 || bind(k.c.listen_fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        listen(k.c.listen_fd, 1) < 0)
        abort();
    check_start(&k, MP_E_USAGE, "needs tokens");
    k.c.has_listen_fd = false;
    tap_case("config: too much of something, half a certificate");
    k.c.n_tokens = WEBAPI_MAX_TOKENS + 1;
    check_start(&k, MP_E_USAGE, "more than 100 tokens");
    k.c.n_tokens = 1;
    k.c.scans = WEBAPI_MAX_SCANS + 1;
    check_start(&k, MP_E_USAGE, "more than 128 scans");
    k.c.scans = 0;
    k.c.max_message_bytes = (size_t)HTTPD_MAX_BODY_BYTES + 1;
    check_start(&k, MP_E_USAGE, "at most");
    k.c.max_message_bytes = 0;
    k.c.cert_pem = "x";
    check_start(&k, MP_E_USAGE, "both a certificate");
    k.c.cert_pem = NULL;
    k.c.service.scan = NULL;
    check_start(&k, MP_E_USAGE, "who judges");
    webapi_stop(NULL);
    buf_clear(&k.asked);
    pthread_mutex_destroy(&k.lock);
}

static void test_open_parts(void)
{
    static const struct row rows[] = {
        {"open: metrics by config", "GET /metrics", "", NULL, 200, {NULL}},
        {"open: checkv2 for these clients", "POST /checkv2", "", MAIL, 200, {"no action"}},
        {"open: nothing else for them", "GET /v1/status", "", NULL, 401, {NULL}},
        {"open: no scan either", "POST /v1/scan", "", MAIL, 401, {NULL}},
        {"a message longer than the config allows",
         "POST /v1/scan",
         KIT_SCAN,
         "0123456789012345678901234567890123456789",
         413,
         {"longer than 32 bytes"}},
        {"the same for rspamd's clients",
         "POST /checkv2",
         "",
         "0123456789012345678901234567890123456789",
         413,
         {"longer than 32 bytes"}},
        {"the page",
         "GET /",
         "",
         NULL,
         200,
         {"<p>", "Content-Security-Policy: default-src 'none'"}},
    };
    static const struct webapi_prefix loopback = {{IP_V4, {127}}, 8};
    struct kit k;
    kit_init(&k);
    k.c.open_metrics = true;
    k.c.rspamd_open = &loopback;
    k.c.n_rspamd_open = 1;
    k.c.max_message_bytes = 32;
    k.c.page = STR("<p>");
    k.c.page_csp = STR("default-src 'none'");
    kit_start(&k);
    run_rows(&k, rows, ARRAY_LEN(rows));
    k.ready = false;
    tap_case("not ready");
    struct buf a = kit_http(k.port, "GET /ready", "", STR_NONE);
    tap_int(kit_status(&a), 503);
    tap_ok(kit_has(&a, "\"not ready\""));
    buf_clear(&a);
    kit_end(&k);
}

static void test_rate(void)
{
    struct kit k;
    kit_init(&k);
    k.c.rspamd = false;
    k.c.rate_per_min = 6;
    kit_start(&k);
    tap_case("rate: a token that asks too often is told when to come again");
    struct buf a = kit_http(k.port, "GET /v1/session", KIT_READ, STR_NONE);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    for (unsigned i = 0; i < 3; i++) {
        a = kit_http(k.port, "GET /v1/session", KIT_READ, STR_NONE);
        if (kit_status(&a) == 429)
            break;
        buf_clear(&a);
    }
    tap_int(kit_status(&a), 429);
    tap_ok(kit_has(&a, "Retry-After: ") && kit_has(&a, "application/problem+json"));
    buf_clear(&a);
    tap_case("rspamd: not there unless configured");
    a = kit_http(k.port, "POST /checkv2", KIT_SCAN, STR("x"));
    tap_int(kit_status(&a), 404);
    buf_clear(&a);
    tap_case("logins: wrong tokens are refused unseen after a while");
    for (unsigned i = 0; i <= WEBAPI_LOGINS_FAILED_MAX; i++) {
        a = kit_http(k.port, "GET /v1/session", "Authorization: Bearer wrong\r\n", STR_NONE);
        tap_int(kit_status(&a), i < WEBAPI_LOGINS_FAILED_MAX ? 401 : 429);
        buf_clear(&a);
    }
    kit_end(&k);
}

static void with_server(void (*test)(struct kit *k))
{
    struct kit k;
    kit_init(&k);
    k.c.scans = 2;
    kit_start(&k);
    test(&k);
    kit_end(&k);
}

static void test_rows(struct kit *k)
{
    run_rows(k, access_rows, ARRAY_LEN(access_rows));
    run_rows(k, scan_rows, ARRAY_LEN(scan_rows));
    run_rows(k, policy_rows, ARRAY_LEN(policy_rows));
    run_rows(k, rspamd_rows, ARRAY_LEN(rspamd_rows));
}

int main(void)
{
    with_server(test_rows);
    with_server(test_places);
    with_server(test_async);
    with_server(test_events);
    test_open_parts();
    test_rate();
    test_configs();
    return tap_done();
}
