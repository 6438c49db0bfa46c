/* The server over loopback: replies, limits, deadlines, long polls, streams. */
#include "tests/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>

#include "httpd/httpd.h"
#include "httpd/httpd_test_kit.h"

enum { SCOPE_READ = 1, SCOPE_WRITE = 2, SMALL_BODY_BYTES = 16 };

/* What the handlers below share. */
struct world {
    struct httpd *h;
    pthread_mutex_t lock;
    unsigned value; /* what /wait waits for */
    unsigned blocked, served;
};

static int hello(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct json *j = httpd_json(q, 200);
    struct str name = STR("nobody");
    (void)ctx;
    (void)err;
    httpd_query(q, "name", &name);
    json_object_begin(j);
    json_kstr(j, "hello", name);
    json_kstr(j, "who", httpd_who(q));
    json_object_end(j);
    return MP_OK;
}

static int echo(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)err;
    httpd_bytes(q, 200, "application/octet-stream", httpd_body(q));
    httpd_reply_header(q, "X-Path", httpd_path_param(q, "path"));
    return MP_OK;
}

static int page(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)err;
    httpd_static(q, "text/html", STR("<!doctype html>"));
    return MP_OK;
}

static int fail(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const struct {
        const char *word;
        int code;
    } rows[] = {{"syntax", MP_E_SYNTAX}, {"limit", MP_E_LIMIT},     {"nomem", MP_E_NOMEM},
                {"io", MP_E_IO},         {"timeout", MP_E_TIMEOUT}, {"nothing", MP_OK}};
    (void)ctx;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_eq(httpd_path_param(q, "how"), str_from(rows[i].word)))
            return rows[i].code == MP_OK ? MP_OK : mp_fail(err, rows[i].code, 0, "broken \"here\"");
    return httpd_problem(q, 409, "no such way");
}

static int wait_for(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct world *w = ctx;
    unsigned timeout_ms = 60000;
    struct str topic = STR_NONE;
    int st = httpd_query_duration(q, "timeout", &timeout_ms, err);
    if (st != MP_OK)
        return st;
    httpd_query(q, "topic", &topic);
    pthread_mutex_lock(&w->lock);
    unsigned value = w->value;
    pthread_mutex_unlock(&w->lock);
    if (value != 0)
        json_uint(httpd_json(q, 200), value);
    else if (httpd_timed_out(q))
        httpd_empty(q, 204);
    else
        httpd_wait(q, topic, timeout_ms);
    return MP_OK;
}

static int who(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct str *all, *fields;
    size_t n, n_fields;
    char text[IP_TEXT_MAX];
    struct ip ip = httpd_client(q);
    (void)ctx;
    int st = httpd_query_all(q, "rcpt", &all, &n, err);
    if (st == MP_OK)
        st = httpd_header_all(q, "rcpt", 3, &fields, &n_fields, err);
    if (st != MP_OK)
        return st;
    ip_write(&ip, text);
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kstrs(j, "query", all, n);
    json_kstrs(j, "fields", fields, n_fields);
    json_kstr(j, "client", str_from(text));
    json_kint(j, "needs", httpd_needs(q));
    json_object_end(j);
    return MP_OK;
}

/* Sleeps until /wait's value is set, holding a worker. */
static int block(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct world *w = ctx;
    unsigned value = 0;
    (void)err;
    __atomic_fetch_add(&w->blocked, 1, __ATOMIC_SEQ_CST);
    while (value == 0) {
        pthread_mutex_lock(&w->lock);
        value = w->value;
        pthread_mutex_unlock(&w->lock);
        sched_yield();
    }
    json_uint(httpd_json(q, 200), value);
    return MP_OK;
}

/* One at a time: who does not get the only place waits for it. */
static int one_place(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct world *w = ctx;
    (void)err;
    pthread_mutex_lock(&w->lock);
    bool got = w->value == 0;
    w->value = 1;
    w->served += got;
    pthread_mutex_unlock(&w->lock);
    if (!got) {
        httpd_wait_turn(q, STR("place"), 60000);
        return MP_OK;
    }
    json_bool(httpd_json(q, 200), true);
    return MP_OK;
}

static int events(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct str filter = STR_NONE;
    (void)ctx;
    (void)err;
    httpd_query(q, "filter", &filter);
    httpd_stream(q, filter);
    return MP_OK;
}

static const struct httpd_route routes[] = {
    {"GET", "/hello", hello, 0, 0},
    {"GET", "/read", hello, SCOPE_READ, 0},
    {"DELETE", "/read", hello, SCOPE_READ | SCOPE_WRITE, 0},
    {"PUT", "/echo/{path*}", echo, 0, SMALL_BODY_BYTES},
    {"PUT", "/large", echo, 0, HTTPD_MAX_BODY_BYTES},
    {"GET", "/page", page, 0, 0},
    {"GET", "/fail/{how}", fail, 0, 0},
    {"GET", "/wait", wait_for, 0, 0},
    {"GET", "/events", events, 0, 0},
    {"GET", "/who", who, SCOPE_READ, 0},
    {"PUT", "/block", block, 0, SMALL_BODY_BYTES},
    {"GET", "/place", one_place, 0, 0},
};

static unsigned authorize(void *ctx, struct str token, struct httpd_request *q)
{
    (void)ctx;
    if (str_eq(token, STR("all"))) {
        httpd_set_who(q, STR("root"));
        return SCOPE_READ | SCOPE_WRITE;
    }
    if (str_eq(token, STR("often"))) {
        httpd_problem(q, 429, "too often");
        return SCOPE_READ;
    }
    return str_eq(token, STR("some")) ? SCOPE_READ : 0;
}

static const char *const repeatable[] = {"rcpt"};

static struct httpd_config config_for(struct world *w)
{
    struct httpd_config c = {.routes = routes,
                             .n_routes = ARRAY_LEN(routes),
                             .ctx = w,
                             .authorize = authorize,
                             .repeatable = repeatable,
                             .n_repeatable = ARRAY_LEN(repeatable)};
    if (!ip_parse(STR("127.0.0.1"), &c.ip))
        abort();
    return c;
}

static uint16_t start(struct world *w, const struct httpd_config *c)
{
    struct mp_err err = {0};
    *w = (struct world){0};
    pthread_mutex_init(&w->lock, NULL);
    if (httpd_start(c, &w->h, &err) != MP_OK) {
        tap_note("%s", err.text);
        abort();
    }
    return httpd_port(w->h);
}

static void end(struct world *w)
{
    httpd_stop(w->h);
    pthread_mutex_destroy(&w->lock);
}

static uint64_t count(struct world *w, size_t offset)
{
    struct httpd_counters c;
    httpd_counters(w->h, &c);
    return *(uint64_t *)(void *)((char *)&c + offset);
}
#define COUNT(w, name) count((w), offsetof(struct httpd_counters, name))
#define UNTIL(cond)                                                                                \
    while (!(cond))                                                                                \
    sched_yield()

/* ---- replies ---- */

static const struct {
    const char *label, *line, *head, *body; /* body NULL: none */
    unsigned status;
    const char *has[4];
} replies[] = {
    {"JSON",
     "GET /hello?name=%C3%A9",
     "",
     NULL,
     200,
     {"{\"hello\":\"\xc3\xa9\"", "Content-Type: application/json", "Cache-Control: no-store"}},
    {"headers on everything",
     "GET /hello",
     "",
     NULL,
     200,
     {"X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
      "X-DNS-Prefetch-Control: off", "Cross-Origin-Resource-Policy: same-origin"}},
    {"HEAD", "HEAD /hello", "", NULL, 200, {"Content-Type: application/json"}},
    {"unknown path",
     "GET /nothing",
     "",
     NULL,
     404,
     {"application/problem+json", "\"title\":\"Not Found\",\"status\":404",
      "nothing is at '/nothing'"}},
    {"a path with hostile bytes", "GET /<script>", "", NULL, 404, {"'/<script>'"}},
    {"unknown method",
     "DELETE /hello",
     "",
     NULL,
     405,
     {"Allow: GET, HEAD, OPTIONS", "application/problem+json"}},
    {"OPTIONS", "OPTIONS /hello", "", NULL, 204, {"Allow: GET, HEAD, OPTIONS"}},
    {"broken escape", "GET /hello?name=%f", "", NULL, 400, {"hexadecimal"}},
    {"the same name twice", "GET /hello?a=1&a=2", "", NULL, 400, {"stands twice"}},
    {"NUL in the path", "GET /fail/%00", "", NULL, 400, {"a NUL"}},
    {"body", "PUT /echo/a", "", "hello", 200, {"\r\n\r\nhello", "X-Path: a"}},
    {"empty body", "PUT /echo/a", "", "", 200, {"Content-Length: 0"}},
    {"largest body", "PUT /echo/a", "", "0123456789abcdef", 200, {"0123456789abcdef"}},
    {"body too long", "PUT /echo/a", "", "0123456789abcdefg", 413, {"longer than 16 bytes"}},
    {"chunked body",
     "PUT /echo/a",
     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
     NULL,
     200,
     {"\r\n\r\nabc"}},
    {"chunked body too long",
     "PUT /echo/a",
     "Transfer-Encoding: chunked\r\n\r\n11\r\n0123456789abcdefg\r\n0\r\n",
     NULL,
     413,
     {"longer than 16 bytes"}},
    {"body where none is taken", "GET /hello", "", "x", 413, {"takes no body"}},
    {"a header cannot be split",
     "PUT /echo/a%0d%0aSet-Cookie:x",
     "",
     "",
     200,
     {"X-Path: a??Set-Cookie:x"}},
    {"handler: syntax", "GET /fail/syntax", "", NULL, 400, {"broken \\\"here\\\""}},
    {"handler: limit", "GET /fail/limit", "", NULL, 413, {"broken"}},
    {"handler: no memory", "GET /fail/nomem", "", NULL, 503, {"broken", "Retry-After: 1"}},
    {"handler: timeout", "GET /fail/timeout", "", NULL, 503, {"broken"}},
    {"handler: input and output", "GET /fail/io", "", NULL, 500, {"broken"}},
    {"handler: forgot to reply", "GET /fail/nothing", "", NULL, 500, {"no reply"}},
    {"handler: its own problem", "GET /fail/other", "", NULL, 409, {"no such way"}},
    {"static", "GET /page", "", NULL, 200, {"<!doctype html>", "ETag: \"", "no-cache"}},
    {"long poll with a bad duration",
     "GET /wait?timeout=x",
     "",
     NULL,
     400,
     {"timeout: 'x' is not a duration"}},
    {"another name (DNS rebinding)", "GET /hello", "Host: evil.test\r\n", NULL, 0, {NULL}},
    {"a form of another page",
     "PUT /echo/a",
     "Origin: http://evil.test\r\n",
     "",
     403,
     {"another origin"}},
    {"a fetch of another page",
     "PUT /echo/a",
     "Sec-Fetch-Site: cross-site\r\n",
     "",
     403,
     {"another origin"}},
    {"our page", "PUT /echo/a", "Sec-Fetch-Site: same-origin\r\n", "", 200, {NULL}},
    {"reading from another page is harmless",
     "GET /hello",
     "Sec-Fetch-Site: cross-site\r\n",
     NULL,
     200,
     {NULL}},
    {"no token", "GET /read", "", NULL, 401, {"WWW-Authenticate: Bearer", "a token is needed"}},
    {"wrong token", "GET /read", "Authorization: Bearer x\r\n", NULL, 401, {"invalid_token"}},
    {"token", "GET /read", "Authorization: Bearer all\r\n", NULL, 200, {"\"who\":\"root\""}},
    {"token as a password", "GET /read", "Authorization: Basic eDphbGw=\r\n", NULL, 200, {NULL}},
    {"token without the scope",
     "DELETE /read",
     "Authorization: Bearer some\r\n",
     NULL,
     403,
     {"does not open"}},
    {"a reply of authorize stands",
     "GET /read",
     "Authorization: Bearer often\r\n",
     NULL,
     429,
     {"too often"}},
    {"repeated names",
     "GET /who?rcpt=a&rcpt=b,c",
     "Authorization: Bearer some\r\nRcpt: x\r\nrcpt: y\r\n",
     NULL,
     200,
     {"\"query\":[\"a\",\"b,c\"]", "\"fields\":[\"x\",\"y\"]", "\"client\":\"127.0.0.1\"",
      "\"needs\":1"}},
    {"too many fields of a name",
     "GET /who",
     "Authorization: Bearer some\r\nRcpt: 1\r\nRcpt: 2\r\nRcpt: 3\r\nRcpt: 4\r\n",
     NULL,
     413,
     {"more than 3 fields rcpt"}},
    {"token with the scope", "DELETE /read", "Authorization: Bearer all\r\n", NULL, 200, {NULL}},
};

static void test_replies(uint16_t port)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        tap_case("reply: %s", replies[i].label);
        struct buf a = kit_http(port, replies[i].line, replies[i].head, str_from(replies[i].body));
        if (replies[i].status != 0)
            tap_int(kit_status(&a), replies[i].status);
        for (size_t k = 0; k < ARRAY_LEN(replies[i].has) && replies[i].has[k] != NULL; k++)
            if (!tap_ok(kit_has(&a, replies[i].has[k])))
                tap_note("wanted %s in %.*s", replies[i].has[k], (int)a.n, a.p);
        if (str_starts(str_from(replies[i].line), STR("HEAD")))
            tap_int(kit_body(&a).n, 0);
        buf_clear(&a);
    }
}

static void test_raw_requests(uint16_t port)
{
    static const struct {
        const char *label, *text;
        unsigned status;
    } rows[] = {
        {"another name (DNS rebinding)",
         "GET /hello HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n", 421},
        {"no Host in HTTP/1.1", "GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", 400},
        {"no Host in HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n", 200},
        {"two Hosts", "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n", 400},
        {"length and chunks: the rest is not taken for a request",
         "PUT /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
         "localhost\r\n\r\n",
         400},
        {"two lengths",
         "PUT /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n"
         "{}GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
         400},
        {"a coding that nobody has",
         "PUT /large HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n{}", 400},
        {"a blank before the colon",
         "PUT /large HTTP/1.1\r\nHost: localhost\r\nContent-Length : 2\r\n\r\n{}", 400},
        {"If-None-Match",
         "GET /page HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n"
         "Connection: close\r\n\r\n",
         304},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("request: %s", rows[i].label);
        struct buf a = kit_exchange(port, str_from(rows[i].text));
        tap_int(kit_status(&a), rows[i].status);
        tap_ok(str_search(str_slice(buf_str(&a), 1, a.n), STR("HTTP/1.1 2")) == a.n - 1);
        buf_clear(&a);
    }
    tap_case("request: two on one connection, sent at once");
    struct buf a = kit_exchange(
        port, STR("GET /hello?name=one HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  "GET /hello?name=two HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    tap_ok(kit_has(&a, "\"one\"") && kit_has(&a, "\"two\""));
    buf_clear(&a);
    tap_case("request: a head that is too long");
    struct buf long_head;
    buf_init(&long_head, 1 << 20);
    buf_addz(&long_head, "GET /hello HTTP/1.1\r\nHost: localhost\r\n");
    for (unsigned i = 0; long_head.n < 2 * HTTPD_MAX_HEAD_BYTES; i++)
        buf_addf(&long_head, "X-%u: %0900u\r\n", i, i);
    buf_addz(&long_head, "\r\n");
    a = kit_exchange(port, buf_str(&long_head));
    tap_ok(a.n == 0 || kit_status(&a) == 431);
    buf_clear(&a);
    buf_clear(&long_head);
}

/* ---- limits ---- */

static void test_slow_client(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    c.request_deadline_ms = 300;
    uint16_t port = start(&w, &c);
    tap_case("deadline: a client that sends byte after byte is ended");
    int fd = kit_connect(port);
    kit_send(fd, STR("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: "));
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, 10) == 0 && kit_send(fd, STR("x"))) {}
    struct buf a = kit_answer(fd);
    tap_int(a.n, 0);
    tap_ok(COUNT(&w, overdue) >= 1);
    buf_clear(&a);
    tap_case("deadline: so is one that sends its body so");
    fd = kit_connect(port);
    kit_send(fd, STR("PUT /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"));
    p.fd = fd;
    while (poll(&p, 1, 10) == 0 && kit_send(fd, STR("x"))) {}
    a = kit_answer(fd);
    tap_ok(!kit_has(&a, "200 OK"));
    buf_clear(&a);
    tap_case("deadline: and one that sends nothing");
    fd = kit_connect(port);
    a = kit_answer(fd);
    tap_int(a.n, 0);
    buf_clear(&a);
    end(&w);
}

static void test_connection_limit(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    c.max_per_client = 2;
    uint16_t port = start(&w, &c);
    int kept[2];
    tap_case("limit: connections of one client");
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        struct buf b;
        buf_init(&b, 1 << 16);
        kept[i] = kit_connect(port);
        kit_send(kept[i], STR("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        tap_ok(kit_read_until(kept[i], &b, "}"));
        buf_clear(&b);
    }
    struct buf a = kit_http(port, "GET /hello", "", STR_NONE);
    tap_int(a.n, 0);
    buf_clear(&a);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        close(kept[i]);
    tap_case("limit: when one has gone, the next is served");
    do {
        buf_clear(&a);
        a = kit_http(port, "GET /hello", "", STR_NONE);
    } while (a.n == 0);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    end(&w);
}

static void test_bodies_limit(void)
{
    enum { FITTING = HTTPD_MAX_BODIES_BYTES / HTTPD_MAX_BODY_BYTES };
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    int fds[FITTING];
    char request[128];
    snprintf(request, sizeof request,
             "PUT /large HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
             "Content-Length: %d\r\n\r\n",
             HTTPD_MAX_BODY_BYTES);
    tap_case("limit: bodies of all requests together");
    for (size_t i = 0; i < FITTING; i++) {
        struct buf b;
        buf_init(&b, 1 << 16);
        fds[i] = kit_connect(port);
        kit_send(fds[i], str_from(request));
        tap_ok(kit_read_until(fds[i], &b, "100 Continue"));
        buf_clear(&b);
    }
    struct buf a = kit_exchange(port, str_from(request));
    tap_int(kit_status(&a), 503);
    buf_clear(&a);
    for (size_t i = 0; i < FITTING; i++)
        close(fds[i]);
    tap_case("limit: what they held is given back");
    do {
        buf_clear(&a);
        a = kit_http(port, "PUT /large", "", STR("x"));
    } while (kit_status(&a) == 503);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    end(&w);
}

/* ---- long polls ---- */

struct poller {
    pthread_t thread;
    uint16_t port;
    const char *line;
    struct buf answer;
};

static void *poll_run(void *arg)
{
    struct poller *p = arg;
    p->answer = kit_http(p->port, p->line, "", STR_NONE);
    return NULL;
}

static void poll_start(struct poller *p, uint16_t port, const char *line)
{
    *p = (struct poller){.port = port, .line = line};
    if (pthread_create(&p->thread, NULL, poll_run, p) != 0)
        abort();
}

static void set_value(struct world *w, unsigned value)
{
    pthread_mutex_lock(&w->lock);
    w->value = value;
    pthread_mutex_unlock(&w->lock);
}

static void test_wait(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    struct poller a, b;
    c.ctx = &w;

    tap_case("wait: its time passes");
    struct buf answer = kit_http(port, "GET /wait?timeout=50ms", "", STR_NONE);
    tap_int(kit_status(&answer), 204);
    buf_clear(&answer);

    tap_case("wait: a wake of another topic does not end it, one of its own does");
    poll_start(&a, port, "GET /wait?topic=a");
    poll_start(&b, port, "GET /wait?topic=b&timeout=200ms");
    UNTIL(COUNT(&w, waiting) == 2);
    httpd_wake(w.h, STR("c"));
    pthread_join(b.thread, NULL); /* b's time has passed */
    set_value(&w, 7);
    httpd_wake(w.h, STR("a"));
    pthread_join(a.thread, NULL);
    tap_int(kit_status(&a.answer), 200);
    tap_str(kit_body(&a.answer), str_from("7"));
    tap_int(kit_status(&b.answer), 204);
    buf_clear(&a.answer);
    buf_clear(&b.answer);

    tap_case("wait: what is there already is answered at once");
    answer = kit_http(port, "GET /wait", "", STR_NONE);
    tap_int(kit_status(&answer), 200);
    buf_clear(&answer);

    tap_case("wait: who has gone no longer waits");
    set_value(&w, 0);
    int fd = kit_connect(port);
    kit_send(fd, STR("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    UNTIL(COUNT(&w, waiting) == 1);
    close(fd);
    UNTIL(COUNT(&w, waiting) == 0);
    tap_int(COUNT(&w, waiting), 0);

    tap_case("wait: the end of the server is an answer");
    poll_start(&a, port, "GET /wait");
    UNTIL(COUNT(&w, waiting) == 1);
    end(&w);
    pthread_join(a.thread, NULL);
    tap_ok(a.answer.n == 0 || kit_status(&a.answer) == 503);
    buf_clear(&a.answer);
}

/* More waiting clients than workers, each woken by the same event. */
static void test_many_waits(void)
{
    enum { MANY = 4 * HTTPD_WORKERS };
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    struct poller pollers[MANY];
    tap_case("wait: more than there are workers");
    for (size_t i = 0; i < MANY; i++)
        poll_start(&pollers[i], port, "GET /wait");
    UNTIL(COUNT(&w, waiting) == MANY);
    set_value(&w, 3);
    httpd_wake_all(w.h);
    for (size_t i = 0; i < MANY; i++) {
        pthread_join(pollers[i].thread, NULL);
        tap_int(kit_status(&pollers[i].answer), 200);
        buf_clear(&pollers[i].answer);
    }
    end(&w);
}

/* ---- streams ---- */

static bool same_filter(void *ctx, struct str filter)
{
    return str_eq(filter, str_from(ctx));
}

static char filter_a[] = "a", filter_b[] = "b";

static void test_stream(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    struct kit_stream b;
    kit_stream_init(&b);
    tap_case("stream: events that its filter wants");
    int fd = kit_connect(port);
    kit_send(fd, STR("GET /events?filter=a HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    tap_ok(kit_stream_until(fd, &b, "retry:"));
    tap_ok(kit_has(&b.raw, "Content-Type: text/event-stream"));
    httpd_publish(w.h, "message", STR("{\"n\":1}"), same_filter, filter_b);
    httpd_publish(w.h, "message", STR("{\"n\":2}"), same_filter, filter_a);
    tap_ok(kit_stream_until(fd, &b, "event: message\ndata: {\"n\":2}\n\n"));
    tap_ok(!kit_stream_has(&b, "{\"n\":1}"));
    httpd_publish(w.h, "message", STR("{\"n\":3}"), NULL, NULL);
    tap_ok(kit_stream_until(fd, &b, "{\"n\":3}"));

    tap_case("stream: who does not read loses events, and is told");
    char *large = calloc(1, 60000);
    memset(large, '1', 59999);
    while (COUNT(&w, lost_events) == 0)
        httpd_publish(w.h, "message", str_make(large, 59999), NULL, NULL);
    free(large);
    while (!kit_stream_has(&b, "event: lost\ndata: {}\n\n") && kit_read(fd, &b.raw)) {
        kit_stream_take(&b);
        httpd_publish(w.h, "message", STR("{\"n\":4}"), NULL, NULL);
    }
    tap_ok(kit_stream_has(&b, "event: lost\ndata: {}\n\n"));

    tap_case("stream: the end of the server ends it");
    end(&w);
    while (kit_read(fd, &b.raw)) {}
    tap_ok(str_ends(buf_str(&b.raw), STR("\r\n0\r\n\r\n")));
    close(fd);
    buf_clear(&b.raw);
    buf_clear(&b.text);
}

/* Clients that come and go while events are published and waits are woken. */
static void *churn(void *arg)
{
    uint16_t port = *(uint16_t *)arg;
    for (unsigned i = 0; i < 30; i++) {
        int fd = kit_connect(port);
        struct buf b;
        buf_init(&b, KIT_ANSWER_MAX_BYTES);
        kit_send(fd, i % 2 == 0 ? STR("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                                : STR("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        if (i % 2 == 0)
            kit_read_until(fd, &b, "retry:");
        buf_clear(&b);
        close(fd);
    }
    return NULL;
}

static void test_churn(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    pthread_t threads[4];
    tap_case("churn: streams and waits that are left in the middle");
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        if (pthread_create(&threads[i], NULL, churn, &port) != 0)
            abort();
    for (unsigned i = 0; i < 2000; i++) {
        httpd_publish(w.h, "message", STR("{}"), NULL, NULL);
        httpd_wake_all(w.h);
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    struct buf a = kit_http(port, "GET /hello", "", STR_NONE);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    end(&w);
}

/* ---- draining, sockets from outside ---- */

static void *drain(void *arg)
{
    struct world *w = arg;
    return httpd_drain(w->h, KIT_PATIENCE_MS) ? w : NULL;
}

static void test_drain(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    pthread_t thread;
    void *done;
    struct kit_stream stream;
    struct buf idle_answer;
    buf_init(&idle_answer, KIT_ANSWER_MAX_BYTES);
    kit_stream_init(&stream);
    int idle = kit_connect(port), running = kit_connect(port), waiting = kit_connect(port),
        events_fd = kit_connect(port);
    kit_send(idle, STR("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    kit_read_until(idle, &idle_answer, "nobody");
    kit_send(running, STR("PUT /block HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"));
    kit_send(waiting, STR("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    kit_send(events_fd, STR("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    kit_stream_until(events_fd, &stream, "retry:");
    UNTIL(__atomic_load_n(&w.blocked, __ATOMIC_SEQ_CST) == 1 && COUNT(&w, waiting) == 1);

    tap_case("drain: not done while a request runs");
    tap_ok(!httpd_drain(w.h, 1));
    if (pthread_create(&thread, NULL, drain, &w) != 0)
        abort();
    tap_case("drain: an idle connection, a stream and a long poll end at once");
    while (kit_read(idle, &idle_answer)) {}
    tap_int(kit_status(&idle_answer), 200);
    while (kit_read(events_fd, &stream.raw)) {}
    tap_ok(str_ends(buf_str(&stream.raw), STR("\r\n0\r\n\r\n")));
    struct buf a = kit_answer(waiting);
    tap_int(kit_status(&a), 204);
    buf_clear(&a);

    tap_case("drain: what runs gets its reply, and the connection is closed behind it");
    set_value(&w, 7);
    a = kit_answer(running);
    tap_int(kit_status(&a), 200);
    tap_ok(kit_has(&a, "Connection: close"));
    tap_str(kit_body(&a), STR("7"));
    buf_clear(&a);
    pthread_join(thread, &done);
    tap_ok(done == &w);
    buf_clear(&idle_answer);
    buf_clear(&stream.raw);
    buf_clear(&stream.text);
    close(idle);
    close(events_fd);
    end(&w);
}

/* A query whose parameters are too many for libmicrohttpd: it answers itself, and never says that
 * the request has ended. */
static void test_refused_below(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    c.request_deadline_ms = 200; /* it may also say nothing, and wait */
    uint16_t port = start(&w, &c);
    struct buf request;
    buf_init(&request, KIT_ANSWER_MAX_BYTES);
    buf_addz(&request, "GET /hello?");
    for (unsigned i = 0; i < 2000; i++)
        buf_addf(&request, "a%u=&", i);
    buf_addz(&request, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    tap_case("drain: a request that libmicrohttpd refused is over with its connection");
    for (unsigned i = 0; i < 3; i++) {
        struct buf a = kit_exchange(port, buf_str(&request));
        tap_ok(a.n == 0 || kit_status(&a) >= 400);
        buf_clear(&a);
    }
    tap_ok(httpd_drain(w.h, KIT_PATIENCE_MS));
    buf_clear(&request);
    end(&w);
}

/* Two servers on one socket, as two generations of the daemon are. */
static void test_listen_fd(void)
{
    struct world w, next;
    struct httpd_config c = config_for(&w);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    tap_case("socket from outside: served, its port known");
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) < 0 || listen(fd, 100) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) < 0)
        abort();
    c.has_listen_fd = true;
    c.ip = (struct ip){0};
    c.listen_fd = dup(fd);
    uint16_t port = start(&w, &c);
    tap_int(port, ntohs(at.sin_port));
    struct buf a = kit_http(port, "GET /hello", "", STR_NONE);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    tap_case("socket from outside: the next generation takes over, no connection is refused");
    tap_ok(httpd_drain(w.h, KIT_PATIENCE_MS));
    int early = kit_connect(port); /* nobody accepts it yet */
    kit_send(early, STR("GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    c.listen_fd = fd;
    c.ctx = &next;
    start(&next, &c);
    a = kit_answer(early);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    end(&w);
    a = kit_http(port, "GET /hello", "", STR_NONE);
    tap_int(kit_status(&a), 200);
    buf_clear(&a);
    end(&next);
}

static void test_wake_one(void)
{
    enum { CLIENTS = 20 };
    struct world w;
    struct httpd_config c = config_for(&w);
    c.workers = 3;
    uint16_t port = start(&w, &c);
    int fds[CLIENTS];
    tap_case("wake one: each place that gets free serves one, also when draining");
    w.value = 1;
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = kit_connect(port);
        kit_send(fds[i],
                 STR("GET /place HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    }
    UNTIL(COUNT(&w, waiting) == CLIENTS);
    tap_ok(!httpd_drain(w.h, 1)); /* does not end these */
    tap_int(COUNT(&w, waiting), CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++) {
        set_value(&w, 0);
        httpd_wake_one(w.h, STR("place"));
        for (bool served = false; !served; sched_yield()) {
            pthread_mutex_lock(&w.lock);
            served = w.served == i + 1;
            pthread_mutex_unlock(&w.lock);
        }
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct buf a = kit_answer(fds[i]);
        tap_int(kit_status(&a), 200);
        buf_clear(&a);
    }
    end(&w);
}

static void test_start_errors(uint16_t used_port)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    struct httpd *h = NULL;
    struct mp_err err = {0};
    tap_case("start: the port is in use");
    c.port = used_port;
    tap_int(httpd_start(&c, &h, &err), MP_E_IO);
    tap_ok(str_ends(str_from(err.text), STR(": Address already in use")));
    tap_case("start: a certificate that is none");
    c.port = 0;
    c.cert_pem = c.key_pem = "nonsense";
    tap_int(httpd_start(&c, &h, &err), MP_E_USAGE);
    tap_ok(h == NULL);
    c = config_for(&w);
    tap_case("start: a socket that does not listen, one that is none");
    c.has_listen_fd = true;
    c.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
    tap_int(httpd_start(&c, &h, &err), MP_E_USAGE);
    c.listen_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    tap_int(httpd_start(&c, &h, &err), MP_E_USAGE);
    tap_case("start: too many workers");
    c = config_for(&w);
    c.workers = HTTPD_MAX_WORKERS + 1;
    tap_int(httpd_start(&c, &h, &err), MP_E_USAGE);
    httpd_stop(NULL);
}

int main(void)
{
    struct world w;
    struct httpd_config c = config_for(&w);
    uint16_t port = start(&w, &c);
    test_replies(port);
    test_raw_requests(port);
    test_start_errors(port);
    tap_case("counters: refused requests and errors are counted");
    tap_ok(COUNT(&w, refused) > 0 && COUNT(&w, errors) > 0);
    tap_ok(COUNT(&w, requests) > COUNT(&w, refused) + COUNT(&w, errors));
    end(&w);
    test_slow_client();
    test_connection_limit();
    test_bodies_limit();
    test_wait();
    test_many_waits();
    test_stream();
    test_churn();
    test_drain();
    test_refused_below();
    test_listen_fd();
    test_wake_one();
    return tap_done();
}
