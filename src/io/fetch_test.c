/* Requests for feeds and services against a server of our own: what is sent, what may come, where
 * redirects may lead, and what services say of their limits. */
#include "io/fetch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "io/https_test_kit.h"

enum { LONG_MS = 30000, SHORT_MS = 200, ARENA_BYTES = 64 << 20, URL_MAX = 200, HOPS = 6 };

static struct kit_tls *good_tls;

/* One that can only be made when the test runs: a redirect to the server itself, a pack. */
static bool say_buffer(struct script_peer *p, void *ctx)
{
    return script_say(p, buf_str(ctx));
}

struct visit {
    struct arena arena;
    struct script_server *server;
    struct fetch_request request;
    struct fetch_reply reply;
    struct mp_err err;
    char url[URL_MAX];
    int status;
};

static void visit_to(struct visit *v, struct script_server *server, const char *scheme,
                     const char *host)
{
    *v = (struct visit){.status = MP_E_INTERNAL, .server = server};
    arena_init(&v->arena, ARENA_BYTES);
    snprintf(v->url, sizeof v->url, "%s://%s:%u/file", scheme, host, script_port(server));
    v->request = (struct fetch_request){.url = str_from(v->url),
                                        .resolve_host = STR("feed.test"),
                                        .ca_file = kit_ca_file(),
                                        .max_bytes = 1000,
                                        .allow_private = true,
                                        .deadline_us = clock_mono_us() + LONG_MS * 1000LL};
    ip_parse(STR("127.0.0.1"), &v->request.resolve_ip);
}

static void visit_begin(struct visit *v, const struct script_step *steps)
{
    visit_to(v, script_play(steps), "https", "feed.test");
}

static void visit_run(struct visit *v)
{
    v->status = fetch(&v->arena, &v->request, &v->reply, &v->err);
}

static void visit_end(struct visit *v)
{
    script_free(v->server);
    arena_clear(&v->arena);
}

static void check_fault(struct visit *v, enum https_fault fault, const char *says)
{
    check_https(v->status, &v->err, v->reply.fault, v->reply.reason, fault, says);
}

/* ---- what the server says ---- */

static const struct https_case own_answers[] = {
    {"chunks that end early",
     {SCRIPT_SAY(OK_HEAD "Transfer-Encoding: chunked\r\n\r\n9\r\nfile")},
     HTTPS_OTHER,
     200},
    {"a file behind an interim answer",
     {SCRIPT_SAY("HTTP/1.1 103 Early Hints\r\nETag: \"no\"\r\n\r\n"), FILE_4},
     HTTPS_OK,
     200,
     "file"},
    {"no such key",
     {SCRIPT_SAY("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")},
     HTTPS_STATUS,
     401,
     "",
     "401"},
    {"not modified, which nobody asked",
     {SCRIPT_SAY("HTTP/1.1 304 Not Modified\r\n\r\n")},
     HTTPS_STATUS,
     304,
     "",
     "304"},
    {"part of the file",
     {SCRIPT_SAY("HTTP/1.1 206 Partial\r\nContent-Length: 4\r\n\r\nfile")},
     HTTPS_STATUS,
     206,
     "file"},
    {"a redirect to nowhere",
     {SCRIPT_SAY("HTTP/1.1 302 Moved\r\nContent-Length: 0\r\n\r\n")},
     HTTPS_REDIRECT,
     302,
     "",
     "nowhere"},
    {"too many announced",
     {SCRIPT_SAY(OK_HEAD "Content-Length: 1001\r\n\r\n"), SCRIPT_FLOOD(HUNDRED, 0)},
     HTTPS_TOO_LARGE,
     200},
    {"a refusal without end",
     {SCRIPT_SAY("HTTP/1.1 500 No\r\n\r\n"), SCRIPT_FLOOD(HUNDRED, 0)},
     HTTPS_TOO_LARGE,
     500},
    {"a redirect with a body without end",
     {SCRIPT_SAY("HTTP/1.1 302 Moved\r\nLocation: /other\r\n\r\n"), SCRIPT_FLOOD(HUNDRED, 0)},
     HTTPS_TOO_LARGE,
     302},
    {"headers without end",
     {SCRIPT_SAY("HTTP/1.1 200 OK\r\n"), SCRIPT_FLOOD("X: " HUNDRED "\r\n", 0)},
     HTTPS_TOO_LARGE,
     200,
     NULL,
     "header"},
    {"interim answers without end",
     {SCRIPT_FLOOD("HTTP/1.1 100 Continue\r\n\r\n", 0)},
     HTTPS_TOO_LARGE,
     100},
    {"no gzip, which it says it is",
     {SCRIPT_SAY(OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nfile")},
     HTTPS_OTHER,
     200},
    {"a reset", {SCRIPT_RESET}, HTTPS_OTHER, 0},
};

static void test_answers(const struct https_case *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                            rows[i].answer[0],    rows[i].answer[1],
                                            rows[i].answer[2],    SCRIPT_END};
        struct visit v;
        visit_begin(&v, steps);
        if (rows[i].stalls)
            v.request.deadline_us = clock_mono_us() + SHORT_MS * 1000LL;
        tap_case("answer: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, rows[i].says);
        tap_int(v.reply.status, rows[i].status);
        if (rows[i].body != NULL)
            tap_str(v.reply.body, str_from(rows[i].body));
        tap_int(v.reply.etag.n, 0);
        tap_ok(v.reply.body.n <= v.request.max_bytes && v.reply.elapsed_us > 0);
        visit_end(&v);
    }
}

static void test_slow(void)
{
    const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                        SCRIPT_SAY(OK_HEAD "Content-Length: 10\r\n\r\nfile"),
                                        SCRIPT_STALL, SCRIPT_END};
    struct visit v;
    visit_begin(&v, steps);
    v.request.slow_s = 1;
    tap_case("slow: a server that drips is left long before the deadline");
    visit_run(&v);
    check_fault(&v, HTTPS_TIMEOUT, "too slow");
    visit_end(&v);
    visit_begin(&v, steps);
    v.request.deadline_us = clock_mono_us() - 1;
    tap_case("slow: no time is left");
    visit_run(&v);
    check_fault(&v, HTTPS_TIMEOUT, "no time");
    visit_end(&v);
}

/* ---- compression ---- */

static struct buf pack_of(const char *text, size_t times)
{
    struct buf out;
    z_stream z = {0};
    buf_init(&out, 1 << 20);
    if (deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    for (size_t i = 0; i <= times; i++) {
        bool last = i == times;
        z.next_in = (Bytef *)(uintptr_t)text;
        z.avail_in = last ? 0 : (uInt)strlen(text);
        do {
            z.next_out = (Bytef *)buf_reserve(&out, 4096);
            z.avail_out = 4096;
            deflate(&z, last ? Z_FINISH : Z_NO_FLUSH);
            out.n += 4096 - z.avail_out;
        } while (z.avail_out == 0);
    }
    deflateEnd(&z);
    return out;
}

static void test_gzip(void)
{
    static const struct {
        const char *label;
        size_t times;
        enum https_fault fault;
    } rows[] = {{"at the limit", 10, HTTPS_OK},
                {"one over the limit, undone", 11, HTTPS_TOO_LARGE},
                {"a bomb", 1000000, HTTPS_TOO_LARGE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf pack = pack_of(HUNDRED, rows[i].times), answer;
        buf_init(&answer, 1 << 20);
        buf_addf(&answer, OK_HEAD "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", pack.n);
        buf_add(&answer, buf_str(&pack));
        const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                            SCRIPT_CALL(say_buffer, &answer), SCRIPT_END};
        struct visit v;
        visit_begin(&v, steps);
        if (pack.n > v.request.max_bytes)
            v.request.max_bytes = pack.n;
        tap_case("gzip: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, NULL);
        if (rows[i].fault == HTTPS_OK)
            tap_int(v.reply.body.n, 1000);
        tap_ok(v.reply.body.n <= v.request.max_bytes);
        script_stop(v.server);
        struct str asked = script_log(v.server, 0)->received;
        tap_ok(str_search(asked, STR("Accept-Encoding: gzip\r\n")) < asked.n);
        visit_end(&v);
        buf_clear(&pack);
        buf_clear(&answer);
    }
}

/* ---- what is sent ---- */

static void check_sent(struct visit *v, const char *line, bool there)
{
    script_stop(v->server);
    struct str sent =
        script_connections(v->server) > 0 ? script_log(v->server, 0)->received : STR_NONE;
    if (!tap_ok((str_search(sent, str_from(line)) < sent.n) == there))
        tap_note("%s in " STR_FMT, line, STR_ARG(sent));
}

static void test_sent(void)
{
    const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, FILE_4, SCRIPT_END};
    struct visit v;
    visit_begin(&v, steps);
    v.request.headers[0] = (struct fetch_header){STR("Auth-Key"), STR("s3cret")};
    v.request.headers[1] = (struct fetch_header){STR("Accept"), STR("application/taxii+json")};
    v.request.headers[2] = (struct fetch_header){STR("X-Empty"), STR("")};
    v.request.n_headers = 3;
    tap_case("sent: a GET");
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    check_sent(&v, "GET /file HTTP/1.1\r\n", true);
    check_sent(&v, "Auth-Key: s3cret\r\n", true);
    check_sent(&v, "Accept: application/taxii+json\r\n", true);
    check_sent(&v, "X-Empty:\r\n", true);
    check_sent(&v, "User-Agent: mailproof/" MP_VERSION "\r\n", true);
    check_sent(&v, "Cookie", false);
    check_sent(&v, "If-", false);
    visit_end(&v);

    const struct script_step post[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, SCRIPT_TAKE(7), FILE_4,
                                       SCRIPT_END};
    visit_begin(&v, post);
    v.request.body = STR("{\"a\":1}");
    v.request.content_type = STR("application/json");
    v.request.headers[0] = (struct fetch_header){STR("User-Agent"), STR("phishtank/us")};
    v.request.n_headers = 1;
    tap_case("sent: a POST");
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    check_sent(&v, "POST /file HTTP/1.1\r\n", true);
    check_sent(&v, "Content-Type: application/json\r\n", true);
    check_sent(&v, "\r\n\r\n{\"a\":1}", true);
    check_sent(&v, "User-Agent: phishtank/us\r\n", true);
    check_sent(&v, "Expect", false);
    visit_end(&v);
}

static void test_broken_requests(void)
{
    static const struct {
        const char *label;
        struct str url, name, value, etag;
    } rows[] = {
        {"a line end in a value", STR_INIT(""), STR_INIT("A"), STR_INIT("b\r\nHost: x"),
         STR_INIT("")},
        {"a line feed in a value", STR_INIT(""), STR_INIT("A"), STR_INIT("b\nc"), STR_INIT("")},
        {"NUL in a value", STR_INIT(""), STR_INIT("A"), STR_INIT("b\0c"), STR_INIT("")},
        {"a colon in a name", STR_INIT(""), STR_INIT("A: b"), STR_INIT("c"), STR_INIT("")},
        {"a line end in a name", STR_INIT(""), STR_INIT("A\r\nB"), STR_INIT("c"), STR_INIT("")},
        {"no name", STR_INIT(""), STR_INIT(""), STR_INIT("c"), STR_INIT("")},
        {"a line end in an etag", STR_INIT(""), STR_INIT("A"), STR_INIT("b"),
         STR_INIT("\"x\"\r\nB: c")},
        {"ftp", STR_INIT("ftp://feed.test/"), STR_INIT("A"), STR_INIT("b"), STR_INIT("")},
        {"a file", STR_INIT("file:///etc/passwd"), STR_INIT("A"), STR_INIT("b"), STR_INIT("")},
        {"a user", STR_INIT("https://u:p@feed.test/"), STR_INIT("A"), STR_INIT("b"), STR_INIT("")},
        {"no host", STR_INIT("https:///x"), STR_INIT("A"), STR_INIT("b"), STR_INIT("")},
        {"a control in the URL", STR_INIT("https://feed.test/\r\nX: y"), STR_INIT("A"),
         STR_INIT("b"), STR_INIT("")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static const struct script_step end_only[] = {SCRIPT_END};
        struct visit v;
        visit_begin(&v, end_only);
        if (rows[i].url.n > 0)
            v.request.url = rows[i].url;
        v.request.etag = rows[i].etag;
        v.request.headers[0] = (struct fetch_header){rows[i].name, rows[i].value};
        v.request.n_headers = 1;
        tap_case("request: %s", rows[i].label);
        visit_run(&v);
        tap_int(v.status, MP_E_USAGE);
        script_stop(v.server);
        tap_int(script_connections(v.server), 0);
        visit_end(&v);
    }
}

/* ---- is it still good? ---- */

static void test_conditional(void)
{
    const struct script_step fresh[] = {
        SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
        SCRIPT_SAY(OK_HEAD "ETag: W/\"1\"\r\nLast-Modified: Sun, 29 Nov 2026 10:00:00 GMT\r\n"
                           "X-TAXII-Date-Added-Last: 2026-11-29T10:00:00.000001Z\r\n"
                           "Content-Length: 4\r\n\r\nfile"),
        SCRIPT_END};
    const struct script_step same[] = {
        SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
        SCRIPT_SAY("HTTP/1.1 304 Not Modified\r\nETag: W/\"1\"\r\n\r\n"), SCRIPT_END};
    struct visit v;
    visit_begin(&v, fresh);
    tap_case("conditional: what a reply tells for the next time");
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    tap_str(v.reply.etag, STR("W/\"1\""));
    tap_str(v.reply.last_modified, STR("Sun, 29 Nov 2026 10:00:00 GMT"));
    tap_str(v.reply.added_last, STR("2026-11-29T10:00:00.000001Z"));
    tap_ok(!v.reply.not_modified && v.reply.bytes == 4);
    visit_end(&v);

    visit_begin(&v, same);
    v.request.etag = STR("W/\"1\"");
    v.request.last_modified = STR("Sun, 29 Nov 2026 10:00:00 GMT");
    tap_case("conditional: nothing new");
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    tap_ok(v.reply.not_modified && v.reply.status == 304 && v.reply.body.n == 0);
    check_sent(&v, "If-None-Match: W/\"1\"\r\n", true);
    check_sent(&v, "If-Modified-Since: Sun, 29 Nov 2026 10:00:00 GMT\r\n", true);
    visit_end(&v);
}

/* ---- limits of services ---- */

static void test_rates(void)
{
    enum { NOT_TOLD = -1, SOON = -2 }; /* SOON: a time of the clock, from now to an hour on */
    static const struct {
        const char *label, *headers;
        int64_t limit, remaining, reset, retry;
    } rows[] = {
        {"nothing", "", NOT_TOLD, NOT_TOLD, NOT_TOLD, NOT_TOLD},
        {"numbers",
         "X-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 60\r\n"
         "Retry-After: 120\r\n",
         1000, 0, 60, 120},
        {"the names of the draft",
         "RateLimit-Limit: 100, 100;window=60\r\nratelimit-remaining: 7\r\nRateLimit-Reset: 9\r\n",
         100, 7, 9, NOT_TOLD},
        {"Unix time", "X-RateLimit-Reset: @\r\nRetry-After: @\r\n", NOT_TOLD, NOT_TOLD, SOON, SOON},
        {"a time long ago",
         "X-RateLimit-Reset: 1600000000\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
         NOT_TOLD, NOT_TOLD, 0, 0},
        {"nonsense",
         "X-RateLimit-Limit: many\r\nX-RateLimit-Remaining: -1\r\nX-RateLimit-Reset: soon\r\n"
         "Retry-After: 99999999999999999999999\r\n",
         NOT_TOLD, NOT_TOLD, NOT_TOLD, NOT_TOLD},
        {"empty ones", "X-RateLimit-Limit:\r\nRetry-After: \r\n", NOT_TOLD, NOT_TOLD, NOT_TOLD,
         NOT_TOLD},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf answer;
        buf_init(&answer, 4096);
        buf_addz(&answer, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n");
        for (const char *c = rows[i].headers; *c != '\0'; c++)
            if (*c == '@')
                buf_addf(&answer, "%lld", (long long)clock_wall_s() + 3600);
            else
                buf_addc(&answer, *c);
        buf_addz(&answer, "\r\n");
        const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                            SCRIPT_CALL(say_buffer, &answer), SCRIPT_END};
        struct visit v;
        visit_begin(&v, steps);
        tap_case("rates: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, HTTPS_STATUS, "429");
        tap_int(v.reply.rate_limit, rows[i].limit);
        tap_int(v.reply.rate_remaining, rows[i].remaining);
        if (rows[i].reset == SOON)
            tap_ok(v.reply.rate_reset_s > 0 && v.reply.rate_reset_s <= 3600);
        else
            tap_int(v.reply.rate_reset_s, rows[i].reset);
        if (rows[i].retry == SOON)
            tap_ok(v.reply.retry_after_s > 0 && v.reply.retry_after_s <= 3600);
        else
            tap_int(v.reply.retry_after_s, rows[i].retry);
        visit_end(&v);
        buf_clear(&answer);
    }
}

/* ---- certificates ---- */

static void test_certificates(void)
{
    static const struct {
        const char *label;
        struct kit_tls_options server;
        enum https_fault fault;
        const char *says;
        bool foreign;
    } rows[] = {
        {"another name", {.names = {"other.test"}}, HTTPS_CERTIFICATE, "another name", false},
        {"expired",
         {.names = {"feed.test"}, .starts_in_s = -7200, .ends_in_s = -3600},
         HTTPS_CERTIFICATE,
         "expired",
         false},
        {"signed by itself",
         {.names = {"feed.test"}, .self_signed = true},
         HTTPS_CERTIFICATE,
         "self",
         false},
        {"unknown CA", {.names = {"feed.test"}}, HTTPS_CERTIFICATE, "not trusted", true},
        {"TLS 1.1",
         {.names = {"feed.test"}, .max_version = "TLSv1.1"},
         HTTPS_TLS,
         "TLS failed",
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_tls *tls = kit_tls_new(&rows[i].server);
        const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_REQUEST, FILE_4, SCRIPT_END};
        struct visit v;
        visit_begin(&v, steps);
        if (rows[i].foreign)
            v.request.ca_file = kit_client_file();
        v.request.headers[0] = (struct fetch_header){STR("Auth-Key"), STR("s3cret")};
        v.request.n_headers = 1;
        v.request.has_secret = true;
        tap_case("certificate: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, rows[i].says);
        tap_int(v.reply.body.n, 0);
        script_stop(v.server);
        tap_int(script_log(v.server, 0)->received.n, 0); /* nothing was asked, no key went */
        visit_end(&v);
        kit_tls_free(tls);
    }
}

/* ---- where to ---- */

static void test_guard(void)
{
    static const struct {
        const char *label, *scheme, *host, *address;
        bool allow;
        int status;
        enum https_fault fault;
    } rows[] = {
        {"loopback", "https", "127.0.0.1", "", false, MP_OK, HTTPS_PRIVATE},
        {"loopback of IPv6", "https", "[::1]", "", false, MP_OK, HTTPS_PRIVATE},
        {"metadata of a cloud", "https", "169.254.169.254", "", false, MP_OK, HTTPS_PRIVATE},
        {"a mapped address", "https", "[::ffff:127.0.0.1]", "", false, MP_OK, HTTPS_PRIVATE},
        {"the same as a number", "https", "0x7f000001", "", false, MP_OK, HTTPS_PRIVATE},
        {"a name of this machine", "https", "localhost", "", false, MP_OK, HTTPS_PRIVATE},
        {"http", "http", "feed.test", "127.0.0.1", false, MP_E_USAGE, HTTPS_OK},
        {"http to another machine", "http", "feed.test", "192.0.2.1", true, MP_OK, HTTPS_PRIVATE},
        {"http to a public one", "http", "feed.test", "8.8.8.8", true, MP_OK, HTTPS_PRIVATE},
    };
    static const struct script_step end_only[] = {SCRIPT_END};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct visit v;
        visit_to(&v, script_play(end_only), rows[i].scheme, rows[i].host);
        v.request.allow_private = rows[i].allow;
        v.request.resolve_ip = (struct ip){IP_NONE, {0}};
        ip_parse_keep_mapped(str_from(rows[i].address), &v.request.resolve_ip);
        tap_case("guard: %s", rows[i].label);
        visit_run(&v);
        if (tap_int(v.status, rows[i].status) && v.status == MP_OK)
            check_fault(&v, rows[i].fault, NULL);
        script_stop(v.server);
        tap_int(script_connections(v.server), 0);
        visit_end(&v);
    }
    const struct script_step plain[] = {SCRIPT_REQUEST, FILE_4, SCRIPT_END};
    struct visit v;
    visit_to(&v, script_play(plain), "http", "127.0.0.1");
    tap_case("guard: http to this machine, when that is allowed");
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    tap_str(v.reply.body, STR("file"));
    visit_end(&v);

    visit_to(&v, script_play(plain), "http", "127.0.0.1");
    script_stop(v.server);
    tap_case("guard: nobody is there");
    visit_run(&v);
    check_fault(&v, HTTPS_CONNECT, "no connection");
    visit_end(&v);
}

/* ---- redirects ---- */

/* A server that answers each of its connections with the next of `answers`; "@" is its port. */
struct trail {
    struct buf text[HOPS];
    struct script_step steps[HOPS][4];
    const struct script_step *conversations[HOPS];
    const char *answers[HOPS];
    size_t n, n_heard;
    uint16_t port;
};

static bool answer_trail(struct script_peer *p, void *ctx)
{
    struct trail *t = ctx;
    struct buf text;
    buf_init(&text, 4096);
    size_t at = t->n_heard < t->n ? t->n_heard++ : t->n - 1;
    for (const char *c = t->answers[at]; *c != '\0'; c++)
        if (*c == '@')
            buf_addf(&text, "%u", t->port);
        else
            buf_addc(&text, *c);
    bool said = script_say(p, buf_str(&text));
    buf_clear(&text);
    return said;
}

static void trail_begin(struct visit *v, struct trail *t)
{
    for (size_t i = 0; i < t->n; i++) {
        struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                      SCRIPT_CALL(answer_trail, t), SCRIPT_END};
        memcpy(t->steps[i], steps, sizeof steps);
        t->conversations[i] = t->steps[i];
    }
    struct script_options o = {.conversations = t->conversations, .n_conversations = t->n};
    visit_to(v, script_start(&o), "https", "feed.test");
    t->port = script_port(v->server);
}

#define MOVED(code, to)                                                                            \
    "HTTP/1.1 " code " Moved\r\nLocation: " to "\r\nETag: \"old\"\r\nContent-Length: 2\r\n\r\nno"
#define FOUND "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfile"

static const struct {
    const char *label;
    const char *answers[5];
    bool secret, post;
    enum https_fault fault;
    const char *says;
    size_t connections;
} trails[] = {
    {"a path", {MOVED("301", "/other"), FOUND}, false, false, HTTPS_OK, NULL, 2},
    {"the same host, with a key", {MOVED("302", "/other"), FOUND}, true, false, HTTPS_OK, NULL, 2},
    {"a whole URL", {MOVED("307", "https://feed.test:@/x"), FOUND}, true, false, HTTPS_OK, NULL, 2},
    {"three in a row",
     {MOVED("302", "/1"), MOVED("303", "/2"), MOVED("308", "/3"), FOUND},
     false,
     false,
     HTTPS_OK,
     NULL,
     4},
    {"four in a row",
     {MOVED("302", "/1"), MOVED("302", "/2"), MOVED("302", "/3"), MOVED("302", "/4"), FOUND},
     false,
     false,
     HTTPS_REDIRECT,
     "again and again",
     4},
    {"inside, from outside",
     {MOVED("302", "https://localhost:@/")},
     false,
     false,
     HTTPS_PRIVATE,
     NULL,
     1},
    {"another host, with a key in a POST",
     {MOVED("307", "https://localhost:@/")},
     true,
     true,
     HTTPS_REDIRECT,
     "no key",
     1},
    {"another port, with a key in a POST",
     {MOVED("308", "https://feed.test:1/")},
     true,
     true,
     HTTPS_REDIRECT,
     "no key",
     1},
    {"a host whose name is the key",
     {MOVED("302", "https://s3cret.localhost:1/")},
     true,
     false,
     HTTPS_PRIVATE,
     "feed.test: its address is not public",
     1},
    {"http", {MOVED("302", "http://feed.test:@/")}, false, false, HTTPS_REDIRECT, "not https", 1},
    {"a file", {MOVED("302", "file:///etc/passwd")}, false, false, HTTPS_REDIRECT, "not https", 1},
    {"a user", {MOVED("302", "https://u:p@feed.test/")}, false, false, HTTPS_REDIRECT, "cannot", 1},
    {"no name", {MOVED("302", "https://a..b/")}, false, false, HTTPS_REDIRECT, "cannot", 1},
    {"a POST that stays one", {MOVED("307", "/other"), FOUND}, false, true, HTTPS_OK, NULL, 2},
    {"a POST that would be a GET",
     {MOVED("302", "/other"), FOUND},
     false,
     true,
     HTTPS_REDIRECT,
     "POST",
     1},
    {"300, which is none", {MOVED("300", "/other")}, false, false, HTTPS_REDIRECT, "nowhere", 1},
};

static void test_redirects(void)
{
    for (size_t i = 0; i < ARRAY_LEN(trails); i++) {
        struct trail t = {.n = 0};
        struct visit v;
        while (t.n < 5 && trails[i].answers[t.n] != NULL) {
            t.answers[t.n] = trails[i].answers[t.n];
            t.n++;
        }
        trail_begin(&v, &t);
        v.request.has_secret = trails[i].secret;
        v.request.body = trails[i].post ? STR("") : STR_NONE;
        tap_case("redirect: %s", trails[i].label);
        visit_run(&v);
        check_fault(&v, trails[i].fault, trails[i].says);
        tap_ok(str_search(v.reply.reason, STR("s3cret")) == v.reply.reason.n);
        if (trails[i].fault == HTTPS_OK) {
            tap_str(v.reply.body, STR("file"));
            tap_int(v.reply.etag.n, 0); /* the etag was another page's */
        }
        script_stop(v.server);
        tap_int(script_connections(v.server), trails[i].connections);
        visit_end(&v);
    }
}

/* What an operator allows of the host that he named is not allowed of where that leads to. */
static void test_redirect_within(void)
{
    static const struct {
        const char *label, *to;
        enum https_fault fault;
        size_t connections;
    } rows[] = {
        {"the same place", "https://localhost:@/x", HTTPS_OK, 2},
        {"another name of it", "https://127.0.0.1:@/x", HTTPS_PRIVATE, 1},
        {"another port of it", "https://localhost:1/x", HTTPS_PRIVATE, 1},
        {"a neighbour", "https://10.0.0.1/x", HTTPS_PRIVATE, 1},
        {"metadata of a cloud", "https://169.254.169.254/latest", HTTPS_PRIVATE, 1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char moved[300];
        struct trail t = {.n = 2, .answers = {moved, FOUND}};
        struct visit v;
        snprintf(moved, sizeof moved,
                 "HTTP/1.1 302 Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", rows[i].to);
        trail_begin(&v, &t);
        snprintf(v.url, sizeof v.url, "https://localhost:%u/file", t.port);
        v.request.url = str_from(v.url);
        tap_case("redirect: from inside to %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, rows[i].fault == HTTPS_OK ? NULL : "not public");
        script_stop(v.server);
        tap_int(script_connections(v.server), rows[i].connections);
        visit_end(&v);
    }
}

static void test_redirect_away(void)
{
    for (int secret = 0; secret <= 1; secret++) {
        struct trail t = {.n = 2, .answers = {MOVED("302", "https://feed.test:@/"), FOUND}};
        struct visit v;
        trail_begin(&v, &t);
        snprintf(v.url, sizeof v.url, "https://localhost:%u/file", t.port);
        v.request.url = str_from(v.url);
        v.request.has_secret = secret == 1;
        v.request.headers[0] = (struct fetch_header){STR("Auth-Key"), STR("s3cret")};
        v.request.headers[1] = (struct fetch_header){STR("accept"), STR("text/csv")};
        v.request.n_headers = 2;
        tap_case("redirect: to another host, %s", secret ? "with a key" : "without a key");
        visit_run(&v);
        check_fault(&v, HTTPS_OK, NULL);
        script_stop(v.server);
        for (size_t i = 0; tap_int(script_connections(v.server), 2) && i < 2; i++) {
            struct str sent = script_log(v.server, i)->received;
            bool has = str_search(sent, STR("Auth-Key: s3cret")) < sent.n;
            tap_ok(has == (secret == 0 || i == 0));
            tap_ok(str_search(sent, STR("accept: text/csv")) < sent.n);
        }
        visit_end(&v);
    }
}

/* A stranger's name in the Location is resolved, judged and not connected to. */
static void test_redirect_inside(void)
{
    static const char *const targets[] = {"https://127.0.0.1:@/", "https://[::1]:@/",
                                          "https://localhost:@/", "https://169.254.169.254/",
                                          "https://0x7f.1:@/",    "https://[::ffff:127.0.0.1]:@/"};
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct visit v;
        struct buf answer;
        static const struct script_step end_only[] = {SCRIPT_END};
        struct script_server *inner = script_play(end_only);
        buf_init(&answer, 4096);
        buf_addz(&answer, "HTTP/1.1 302 Moved\r\nContent-Length: 0\r\nLocation: ");
        for (const char *c = targets[i]; *c != '\0'; c++)
            if (*c == '@')
                buf_addf(&answer, "%u", script_port(inner));
            else
                buf_addc(&answer, *c);
        buf_addz(&answer, "\r\n\r\n");
        const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                            SCRIPT_CALL(say_buffer, &answer), SCRIPT_END};
        visit_begin(&v, steps);
        tap_case("redirect: from outside to %s", targets[i]);
        visit_run(&v);
        check_fault(&v, HTTPS_PRIVATE, "not public");
        script_stop(inner);
        tap_int(script_connections(inner), 0);
        script_free(inner);
        visit_end(&v);
        buf_clear(&answer);
    }
}

/* ---- files, progress ---- */

static void test_file(void)
{
    const struct script_step good[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                       SCRIPT_SAY(OK_HEAD "Content-Length: 1000\r\n\r\n"),
                                       SCRIPT_FLOOD(HUNDRED, 10), SCRIPT_END};
    const struct script_step bad[] = {
        SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
        SCRIPT_SAY("HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnone"), SCRIPT_END};
    struct visit v;
    int fd = memfd_create("fetched", MFD_CLOEXEC);
    visit_begin(&v, good);
    v.request.to_file = true;
    v.request.fd = fd;
    tap_case("file: what came is in it");
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    tap_int(lseek(fd, 0, SEEK_END), 1000);
    tap_ok(v.reply.bytes == 1000 && v.reply.body.n == 0);
    visit_end(&v);
    close(fd);

    fd = memfd_create("fetched", MFD_CLOEXEC);
    visit_begin(&v, bad);
    v.request.to_file = true;
    v.request.fd = fd;
    tap_case("file: a refusal is not");
    visit_run(&v);
    check_fault(&v, HTTPS_STATUS, "403");
    tap_int(lseek(fd, 0, SEEK_END), 0);
    tap_str(v.reply.body, STR("none"));
    visit_end(&v);
    close(fd);

    fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    visit_begin(&v, good);
    v.request.to_file = true;
    v.request.fd = fd;
    tap_case("file: a disk that is full");
    visit_run(&v);
    tap_int(v.status, MP_E_IO);
    visit_end(&v);
    close(fd);
}

struct steps_seen {
    uint64_t last;
    bool stops;
};

static bool see_progress(void *ctx, uint64_t got, uint64_t total)
{
    struct steps_seen *s = ctx;
    (void)total;
    s->last = got;
    return !s->stops;
}

static void test_progress(void)
{
    const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, FILE_4, SCRIPT_END};
    for (int stops = 0; stops <= 1; stops++) {
        struct steps_seen seen = {0, stops == 1};
        struct visit v;
        visit_begin(&v, steps);
        v.request.progress = see_progress;
        v.request.progress_ctx = &seen;
        tap_case("progress: %s", stops ? "whoever asked wants no more" : "is told");
        visit_run(&v);
        check_fault(&v, stops ? HTTPS_OTHER : HTTPS_OK, stops ? "stopped" : NULL);
        tap_int(seen.last, stops ? 0 : 4);
        visit_end(&v);
    }
}

static void test_memory(void)
{
    static const size_t budgets[] = {0, 40, 200, 900};
    const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                        SCRIPT_SAY(OK_HEAD "Content-Length: 1000\r\n\r\n"),
                                        SCRIPT_FLOOD(HUNDRED, 10), SCRIPT_END};
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        struct visit v;
        visit_begin(&v, steps);
        arena_clear(&v.arena);
        arena_init(&v.arena, budgets[i]);
        tap_case("memory: %zu bytes of it", budgets[i]);
        visit_run(&v);
        tap_int(v.status, MP_E_NOMEM);
        visit_end(&v);
    }
}

int main(void)
{
    struct kit_tls_options o = {.names = {"feed.test", "localhost"}};
    good_tls = kit_tls_new(&o);
    test_answers(common_answers, ARRAY_LEN(common_answers));
    test_answers(own_answers, ARRAY_LEN(own_answers));
    test_slow();
    test_gzip();
    test_sent();
    test_broken_requests();
    test_conditional();
    test_rates();
    test_certificates();
    test_guard();
    test_redirects();
    test_redirect_within();
    test_redirect_away();
    test_redirect_inside();
    test_file();
    test_progress();
    test_memory();
    kit_tls_free(good_tls);
    return tap_done();
}
