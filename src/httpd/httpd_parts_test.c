/* The parts of the server that need no socket: queries, routes, Host and Origin. */
#include "tests/tap.h"

#include "httpd/guard.h"
#include "httpd/query.h"
#include "httpd/router.h"

static void test_decode(void)
{
    static const struct {
        const char *label, *text;
        bool plus;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"nothing", "", true, ""},
        {"plain", "abc", true, "abc"},
        {"escapes, either case", "%41%5a%5A", false, "AZZ"},
        {"plus in a query", "a+b%2B", true, "a b+"},
        {"plus in a path", "a+b", false, "a+b"},
        {"UTF-8", "%C3%A9", false, "\xc3\xa9"},
        {"decoded once", "%2541", false, "%41"},
        {"cut escape", "a%4", false, NULL},
        {"lone percent", "a%", false, NULL},
        {"no hexadecimal digits", "%zz", false, NULL},
        {"NUL", "a%00b", false, NULL},
        {"not UTF-8", "%ff", false, NULL},
        {"overlong", "%c0%af", false, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct str out = STR("untouched");
        struct mp_err err = {0};
        arena_init(&a, 1 << 16);
        tap_case("decode: %s", rows[i].label);
        int st = percent_decode(&a, str_from(rows[i].text), rows[i].plus, &out, &err);
        tap_int(st, rows[i].want == NULL ? MP_E_SYNTAX : MP_OK);
        tap_str(out, str_from(rows[i].want == NULL ? "untouched" : rows[i].want));
        arena_clear(&a);
    }
}

/* Every byte that can stand in an address comes back from its escape. */
static void test_decode_identity(void)
{
    struct arena a = {0};
    arena_init(&a, 1 << 16);
    tap_case("decode: each ASCII byte survives its escape");
    for (unsigned c = 1; c < 0x80; c++) {
        struct str out;
        char byte = (char)c;
        tap_int(percent_decode(&a, arena_fmt(&a, "%%%02x", c), true, &out, NULL), MP_OK);
        tap_str(out, str_make(&byte, 1));
    }
    arena_clear(&a);
}

static struct str many_pairs(struct arena *a, unsigned n)
{
    struct str all = {NULL, 0};
    for (unsigned i = 0; i < n; i++)
        all = arena_fmt(a, STR_FMT "p%u=%u&", STR_ARG(all), i, i);
    return all;
}

static void test_query(void)
{
    struct arena a = {0};
    struct query q = {0};
    struct mp_err err = {0};
    arena_init(&a, 1 << 20);
    tap_case("query: pairs, empty values, empty pieces");
    tap_int(query_parse(&a, STR("a=1&&b&c=x=y&%64=%26"), NULL, 0, &q, &err), MP_OK);
    tap_int(q.n, 4);
    tap_str(*query_find(&q, STR("a")), str_from("1"));
    tap_str(*query_find(&q, STR("b")), str_from(""));
    tap_str(*query_find(&q, STR("c")), str_from("x=y"));
    tap_str(*query_find(&q, STR("d")), str_from("&"));
    tap_ok(query_find(&q, STR("e")) == NULL);
    tap_case("query: a name that stands twice is refused");
    tap_int(query_parse(&a, STR("a=1&%61=2"), NULL, 0, &q, &err), MP_E_SYNTAX);
    tap_str(str_from(err.text), str_from("'a' stands twice in the query"));
    tap_case("query: a name that may stand more often");
    static const char *const repeatable[] = {"rcpt"};
    tap_int(query_parse(&a, STR("rcpt=1&rcpt=2"), repeatable, 1, &q, &err), MP_OK);
    tap_int(q.n, 2);
    tap_str(*query_find(&q, STR("rcpt")), str_from("1"));
    tap_int(query_parse(&a, STR("rcpt=1&a=2&a=3"), repeatable, 1, &q, &err), MP_E_SYNTAX);
    tap_case("query: its limits");
    tap_int(query_parse(&a, many_pairs(&a, HTTPD_MAX_QUERY_PAIRS), NULL, 0, &q, &err), MP_OK);
    tap_int(query_parse(&a, many_pairs(&a, HTTPD_MAX_QUERY_PAIRS + 1), NULL, 0, &q, &err),
            MP_E_LIMIT);
    char *text = arena_new(&a, char, HTTPD_MAX_QUERY_BYTES + 1);
    memset(text, 'a', HTTPD_MAX_QUERY_BYTES + 1);
    tap_int(query_parse(&a, str_make(text, HTTPD_MAX_QUERY_BYTES), NULL, 0, &q, &err), MP_OK);
    tap_int(query_parse(&a, str_make(text, HTTPD_MAX_QUERY_BYTES + 1), NULL, 0, &q, &err),
            MP_E_LIMIT);
    arena_clear(&a);
}

static void test_duration(void)
{
    static const struct {
        const char *text;
        long ms; /* -1: none */
    } rows[] = {{"30s", 30000},
                {"500ms", 500},
                {"7", 7000},
                {"0", 0},
                {"2m", 120000},
                {"1h", 3600000},
                {"", -1},
                {"s", -1},
                {"-1s", -1},
                {"1.5s", -1},
                {"30 s", -1},
                {"1d", -1},
                {"4294967s", 4294967000},
                {"4294968s", -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned ms = 1;
        tap_case("duration: '%s'", rows[i].text);
        tap_int(query_duration(str_from(rows[i].text), &ms), rows[i].ms >= 0);
        tap_int(ms, rows[i].ms >= 0 ? rows[i].ms : 1);
    }
}

static int nothing(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)q;
    (void)err;
    return MP_OK;
}

static const struct httpd_route table[] = {
    {"GET", "/", nothing, 0, 0},
    {"GET", "/v1/messages/{id}", nothing, 0, 0},
    {"DELETE", "/v1/messages/{id}", nothing, 0, 0},
    {"GET", "/v1/messages/wait", nothing, 0, 0},
    {"GET", "/v1/messages/{id}/parts/{path*}", nothing, 0, 0},
    {"GET", "/view/{id}.txt", nothing, 0, 0},
    {"GET", "/view/{id}", nothing, 0, 0},
    {"PUT", "/a/{x}/b/{y}", nothing, 0, 0},
};

static void test_router(void)
{
    static const struct {
        const char *method, *path, *pattern, *params, *allow; /* pattern NULL: not found */
    } rows[] = {
        {"GET", "/", "/", "", "GET, HEAD, OPTIONS"},
        {"HEAD", "/", "/", "", "GET, HEAD, OPTIONS"},
        {"GET", "/v1/messages/x%20y", "/v1/messages/{id}", "id=x y;", "GET, HEAD, DELETE, OPTIONS"},
        {"GET", "/v1/messages/wait", "/v1/messages/wait", "", "GET, HEAD, OPTIONS"},
        {"DELETE", "/v1/messages/wait", NULL, "", "GET, HEAD, OPTIONS"},
        {"DELETE", "/v1/messages/w", "/v1/messages/{id}", "id=w;", "GET, HEAD, DELETE, OPTIONS"},
        {"GET", "/v1/messages/x/parts/1.2/a%2Fb", "/v1/messages/{id}/parts/{path*}",
         "id=x;path=1.2/a/b;", "GET, HEAD, OPTIONS"},
        {"GET", "/v1/messages/x/parts/", NULL, "", ""},
        {"GET", "/v1/messages/x/parts", NULL, "", ""},
        {"GET", "/view/latest.txt", "/view/{id}.txt", "id=latest;", "GET, HEAD, OPTIONS"},
        {"GET", "/view/.txt", "/view/{id}", "id=.txt;", "GET, HEAD, OPTIONS"},
        {"GET", "/view/latest", "/view/{id}", "id=latest;", "GET, HEAD, OPTIONS"},
        {"PUT", "/a/1/b/2", "/a/{x}/b/{y}", "x=1;y=2;", "PUT, OPTIONS"},
        {"GET", "/v1/messages/", NULL, "", ""},
        {"GET", "//v1/messages/x", NULL, "", ""},
        {"GET", "/v1/messages/x/", NULL, "", ""},
        {"GET", "", NULL, "", ""},
        {"GET", "*", NULL, "", ""},
        {"GET", "/V1/messages/x", NULL, "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        struct route_match m = {0};
        struct mp_err err = {0};
        struct str params = {"", 0};
        arena_init(&a, 1 << 16);
        tap_case("route: %s %s", rows[i].method, rows[i].path);
        tap_int(router_find(table, ARRAY_LEN(table), str_from(rows[i].method),
                            str_from(rows[i].path), &a, &m, &err),
                MP_OK);
        for (size_t k = 0; k < m.n_params; k++)
            params = arena_fmt(&a, STR_FMT STR_FMT "=" STR_FMT ";", STR_ARG(params),
                               STR_ARG(m.params[k].name), STR_ARG(m.params[k].value));
        tap_str(params, str_from(rows[i].params));
        tap_str(str_from(m.route == NULL ? NULL : m.route->path),
                str_from(rows[i].pattern == NULL ? "" : rows[i].pattern));
        tap_str(router_allow(table, ARRAY_LEN(table), str_from(rows[i].path), &a),
                str_from(rows[i].allow));
        tap_int(m.known, rows[i].allow[0] != '\0');
        arena_clear(&a);
    }
}

static void test_router_check(void)
{
    static const struct {
        const char *label;
        struct httpd_route routes[2];
        size_t n;
    } bad[] = {
        {"no slash", {{"GET", "a", nothing, 0, 0}}, 1},
        {"brace inside a segment", {{"GET", "/a{b}", nothing, 0, 0}}, 1},
        {"open brace", {{"GET", "/{a", nothing, 0, 0}}, 1},
        {"no name", {{"GET", "/{}", nothing, 0, 0}}, 1},
        {"rest not last", {{"GET", "/{a*}/b", nothing, 0, 0}}, 1},
        {"too many segments",
         {{"GET", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", nothing, 0, 0}},
         1},
        {"a body above the limit", {{"PUT", "/", nothing, 0, HTTPD_MAX_BODY_BYTES + 1}}, 1},
        {"twice", {{"GET", "/a", nothing, 0, 0}, {"GET", "/a", nothing, 0, 0}}, 2},
    };
    struct mp_err err = {0};
    tap_case("routes: ours are well formed");
    tap_int(router_check(table, ARRAY_LEN(table), &err), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        tap_case("routes: %s", bad[i].label);
        tap_int(router_check(bad[i].routes, bad[i].n, &err), MP_E_USAGE);
    }
}

static void test_host(void)
{
    static const char *const names[] = {"sink.test"};
    static const struct {
        const char *host;
        bool ok;
    } rows[] = {
        {"127.0.0.1", true},
        {"127.0.0.1:8025", true},
        {"[::1]", true},
        {"[::1]:8025", true},
        {"localhost", true},
        {"LocalHost:1", true},
        {"localhost.", true},
        {"sink.test", true},
        {"SINK.test:80", true},
        {"evil.test", false},
        {"sink.test.evil.test", false},
        {"localhost.evil.test", false},
        {"127.0.0.1.evil.test", false},
        {"127.0.0.1:", false},
        {"127.0.0.1:70000", false},
        {"[::1", false},
        {"[::1]x", false},
        {"[evil.test]", false},
        {"::1", false},
        {"", false},
        {"a@localhost", false},
        {"0x7f000001", false},
        {"localhost:1:2", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("host: '%s'", rows[i].host);
        tap_int(guard_host_ok(str_from(rows[i].host), names, ARRAY_LEN(names)), rows[i].ok);
    }
}

static void test_origin(void)
{
    static const struct {
        const char *label, *site, *origin, *host;
        bool tls, ok;
    } rows[] = {
        {"no browser", "", "", "localhost:8025", false, true},
        {"our page", "same-origin", "http://localhost:8025", "localhost:8025", false, true},
        {"typed by hand", "none", "", "localhost:8025", false, true},
        {"another page", "cross-site", "http://evil.test", "localhost:8025", false, false},
        {"another port of this host", "same-site", "http://localhost:3000", "localhost:8025", false,
         false},
        {"old browser, our page", "", "http://localhost:8025", "localhost:8025", false, true},
        {"old browser, default port", "", "http://localhost", "localhost:80", false, true},
        {"old browser, TLS", "", "https://sink.test", "sink.test:443", true, true},
        {"old browser, other scheme", "", "http://sink.test", "sink.test", true, false},
        {"old browser, other page", "", "http://evil.test", "localhost:8025", false, false},
        {"old browser, sandboxed frame", "", "null", "localhost:8025", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("origin: %s", rows[i].label);
        tap_int(guard_origin_ok(str_from(rows[i].site), str_from(rows[i].origin),
                                str_from(rows[i].host), rows[i].tls),
                rows[i].ok);
    }
}

static void test_token(void)
{
    static const struct {
        const char *text, *token;
    } rows[] = {
        {"", ""},
        {"Bearer abc", "abc"},
        {"bearer   abc ", "abc"},
        {"Basic YTpi", "b"},       /* a:b */
        {"Basic Og==", ""},        /* : */
        {"Basic YTpiOmM=", "b:c"}, /* a:b:c */
        {"Basic !!!!", ""},
        {"Digest x", ""},
        {"abc", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = {0};
        arena_init(&a, 1 << 16);
        tap_case("token: '%s'", rows[i].text);
        tap_str(guard_token(&a, str_from(rows[i].text)), str_from(rows[i].token));
        arena_clear(&a);
    }
}

static void test_head(void)
{
    static const struct {
        const char *label, *fields[3][2];
        bool ok;
    } rows[] = {
        {"a length", {{"Host", "a"}, {"Content-Length", "2"}}, true},
        {"chunks", {{"Host", "a"}, {"transfer-encoding", " Chunked"}}, true},
        {"two hosts", {{"Host", "localhost"}, {"host", "evil.test"}}, false},
        {"two lengths", {{"Content-Length", "2"}, {"content-length", "40"}}, false},
        {"length and chunks", {{"Content-Length", "2"}, {"Transfer-Encoding", "chunked"}}, false},
        {"a coding that nobody has", {{"Transfer-Encoding", "xchunked"}}, false},
        {"two codings", {{"Transfer-Encoding", "gzip, chunked"}}, false},
        {"chunks twice",
         {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         false},
        {"a blank before the colon", {{"Content-Length ", "2"}}, false},
        {"a control in a name", {{"X\vY", "2"}}, false},
        {"no name", {{"", "2"}}, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard_head head = {0};
        for (size_t k = 0; k < ARRAY_LEN(rows[i].fields) && rows[i].fields[k][0] != NULL; k++)
            guard_head_add(&head, str_from(rows[i].fields[k][0]), str_from(rows[i].fields[k][1]));
        tap_case("head: %s", rows[i].label);
        tap_int(guard_head_fault(&head) == NULL, rows[i].ok);
    }
}

int main(void)
{
    test_decode();
    test_decode_identity();
    test_query();
    test_duration();
    test_router();
    test_router_check();
    test_host();
    test_origin();
    test_token();
    test_head();
    return tap_done();
}
