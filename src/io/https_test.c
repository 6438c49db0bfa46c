/* GET over HTTPS against a server of our own: files, refusals, certificates, and where not to go.
 */
#include "io/https.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "io/https_test_kit.h"
#include "io/ip_special.h"

enum { LONG_MS = 30000, SHORT_MS = 200, ARENA_BYTES = 16 << 20, DAY_S = 86400, URL_MAX = 200 };

static struct kit_tls *good_tls;

struct visit {
    struct arena arena;
    struct script_server *server;
    struct https_request request;
    struct https_reply reply;
    struct mp_err err;
    struct ip address;
    char url[URL_MAX];
    int status;
};

/* A request for https://policy.test/file, at the scripted server. */
static void visit_begin(struct visit *v, const struct script_step *steps)
{
    *v = (struct visit){.status = MP_E_INTERNAL};
    arena_init(&v->arena, ARENA_BYTES);
    v->server = script_play(steps);
    ip_parse(STR("127.0.0.1"), &v->address);
    v->request = (struct https_request){.url = STR("https://policy.test/file"),
                                        .addresses = &v->address,
                                        .n_addresses = 1,
                                        .port_override = script_port(v->server),
                                        .ca_file = kit_ca_file(),
                                        .max_bytes = 1000,
                                        .allow_private = true,
                                        .deadline_us = clock_mono_us() + LONG_MS * 1000LL};
}

static void visit_run(struct visit *v)
{
    v->status = https_get(&v->arena, &v->request, &v->reply, &v->err);
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
    {"a file up to the end of the connection",
     {SCRIPT_SAY(OK_HEAD "\r\nfile")},
     HTTPS_OK,
     200,
     "file"},
    {"a redirect",
     {SCRIPT_SAY("HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.test/\r\n"
                 "Content-Length: 0\r\n\r\n")},
     HTTPS_REDIRECT,
     301,
     "",
     "redirect"},
    {"another redirect",
     {SCRIPT_SAY("HTTP/1.1 307 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")},
     HTTPS_REDIRECT,
     307,
     "",
     "redirect"},
    {"an error",
     {SCRIPT_SAY("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n")},
     HTTPS_STATUS,
     503,
     "",
     "503"},
    {"no content", {SCRIPT_SAY("HTTP/1.1 204 No Content\r\n\r\n")}, HTTPS_STATUS, 204, "", "204"},
    {"a body without end",
     {SCRIPT_SAY(OK_HEAD "\r\n"), SCRIPT_FLOOD(HUNDRED, 0)},
     HTTPS_TOO_LARGE,
     200},
    {"headers without end",
     {SCRIPT_SAY("HTTP/1.1 200 OK\r\n"), SCRIPT_FLOOD("X: " HUNDRED "\r\n", 0)},
     HTTPS_TOO_LARGE,
     200},
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
        tap_ok(v.reply.body.n <= v.request.max_bytes && v.reply.elapsed_us > 0);
        visit_end(&v);
    }
}

static void test_good(void)
{
    static const char answer[] = OK_HEAD "Content-Length: 4\r\n\r\nfile";
    const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, SCRIPT_SAY(answer),
                                        SCRIPT_END};
    struct visit v;
    visit_begin(&v, steps);
    tap_case("what is asked, and what is known then");
    setenv("https_proxy", "http://127.0.0.1:1", 1); /* must not be used */
    visit_run(&v);
    unsetenv("https_proxy");
    check_fault(&v, HTTPS_OK, NULL);
    tap_str(v.reply.content_type, STR("text/plain"));
    tap_ok(v.reply.cert_not_after_s > clock_wall_s() &&
           v.reply.cert_not_after_s <= clock_wall_s() + DAY_S);
    script_stop(v.server);
    const struct script_log *log = script_log(v.server, 0);
    tap_cstr(log->sni, "policy.test");
    tap_ok(str_starts(log->received, STR("GET /file HTTP/1.1\r\n")));
    tap_ok(str_search(log->received, STR("Host: policy.test")) < log->received.n);
    tap_int(str_search(log->received, STR("Accept-Encoding")), log->received.n);
    visit_end(&v);
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
        {"good", {.names = {"other.test", "policy.test"}}, HTTPS_OK, NULL, false},
        {"a wildcard", {.names = {"*.test"}}, HTTPS_CERTIFICATE, "another name", false},
        {"another name", {.names = {"other.test"}}, HTTPS_CERTIFICATE, "another name", false},
        {"no name", {.names = {NULL}}, HTTPS_CERTIFICATE, "another name", false},
        {"expired",
         {.names = {"policy.test"}, .starts_in_s = -9 * DAY_S, .ends_in_s = -DAY_S},
         HTTPS_CERTIFICATE,
         "expired",
         false},
        {"not yet valid",
         {.names = {"policy.test"}, .starts_in_s = DAY_S, .ends_in_s = 9 * DAY_S},
         HTTPS_CERTIFICATE,
         "not yet valid",
         false},
        {"self-signed",
         {.names = {"policy.test"}, .self_signed = true},
         HTTPS_CERTIFICATE,
         "not trusted: self",
         false},
        {"unknown CA", {.names = {"policy.test"}}, HTTPS_CERTIFICATE, "not trusted", true},
        {"TLS 1.1",
         {.names = {"policy.test"}, .max_version = "TLSv1.1"},
         HTTPS_TLS,
         "TLS failed",
         false},
        {"TLS 1.2", {.names = {"policy.test"}, .max_version = "TLSv1.2"}, HTTPS_OK, NULL, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_tls *tls = kit_tls_new(&rows[i].server);
        const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_REQUEST,
                                            SCRIPT_SAY(OK_HEAD "Content-Length: 4\r\n\r\nfile"),
                                            SCRIPT_END};
        struct visit v;
        visit_begin(&v, steps);
        if (rows[i].foreign)
            v.request.ca_file = kit_client_file();
        tap_case("certificate: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, rows[i].says);
        tap_int(v.reply.body.n, rows[i].fault == HTTPS_OK ? 4 : 0);
        script_stop(v.server);
        if (rows[i].fault != HTTPS_OK && script_log(v.server, 0) != NULL)
            tap_int(script_log(v.server, 0)->received.n, 0); /* nothing was asked */
        visit_end(&v);
        kit_tls_free(tls);
    }
}

static void test_no_tls(void)
{
    static const struct {
        const char *label;
        struct script_step step;
        enum https_fault fault;
    } rows[] = {
        {"plain text", SCRIPT_SAY("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), HTTPS_TLS},
        {"an alert", SCRIPT_SAY("\x15\x03\x03\x00\x02\x02\x28"), HTTPS_TLS},
        {"the end", SCRIPT_END, HTTPS_TLS},
        {"silence", SCRIPT_STALL, HTTPS_TIMEOUT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct script_step steps[] = {SCRIPT_TAKE(1), rows[i].step, SCRIPT_END};
        struct visit v;
        visit_begin(&v, steps);
        if (rows[i].fault == HTTPS_TIMEOUT)
            v.request.deadline_us = clock_mono_us() + SHORT_MS * 1000LL;
        tap_case("no TLS: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, NULL);
        visit_end(&v);
    }
}

/* ---- where to ---- */

static const struct script_step end_only[] = {SCRIPT_END};

static void test_guard(void)
{
    static const struct {
        const char *label, *url, *address;
        enum https_fault fault;
    } rows[] = {
        {"loopback", "https://policy.test/", "127.0.0.1", HTTPS_PRIVATE},
        {"loopback of IPv6", "https://policy.test/", "::1", HTTPS_PRIVATE},
        {"private", "https://policy.test/", "10.1.2.3", HTTPS_PRIVATE},
        {"metadata of a cloud", "https://policy.test/", "169.254.169.254", HTTPS_PRIVATE},
        {"an address as host", "https://127.0.0.1/", "8.8.8.8", HTTPS_PRIVATE},
        {"the same as a number", "https://0x7f000001/", "8.8.8.8", HTTPS_PRIVATE},
        {"the same with two parts", "https://127.1/", "8.8.8.8", HTTPS_PRIVATE},
        {"an IPv6 address as host", "https://[::1]/", "8.8.8.8", HTTPS_PRIVATE},
        {"a mapped one", "https://[::ffff:127.0.0.1]/", "8.8.8.8", HTTPS_PRIVATE},
        {"no address", "https://policy.test/", NULL, HTTPS_CONNECT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct visit v;
        visit_begin(&v, end_only);
        v.request.allow_private = false;
        v.request.url = str_from(rows[i].url);
        v.request.n_addresses = rows[i].address != NULL;
        if (rows[i].address != NULL)
            ip_parse(str_from(rows[i].address), &v.address);
        tap_case("guard: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, rows[i].fault, NULL);
        script_stop(v.server);
        tap_int(script_connections(v.server), 0);
        visit_end(&v);
    }
}

static void test_urls(void)
{
    static const struct {
        const char *label, *url;
    } rows[] = {
        {"http", "http://policy.test/"},
        {"ftp", "ftp://policy.test/"},
        {"file", "file:///etc/passwd"},
        {"no scheme", "policy.test/file"},
        {"no host", "https:///file"},
        {"a user", "https://user@policy.test/"},
        {"a password", "https://u:p@x.test/"},
        {"a space", "https://policy .test/"},
        {"a broken port", "https://policy.test:99999/"},
        {"port 0", "https://policy.test:0/"},
        {"an empty label", "https://policy..test/"},
        {"percent", "https://policy%2etest%00/"},
        {"a control", "https://policy.test/\r\nHost: x"},
        {"nothing", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct visit v;
        visit_begin(&v, end_only);
        v.request.url = str_from(rows[i].url);
        tap_case("URL: %s", rows[i].label);
        visit_run(&v);
        if (!tap_int(v.status, MP_E_USAGE))
            tap_note("%s " STR_FMT, https_fault_name(v.reply.fault), STR_ARG(v.reply.reason));
        script_stop(v.server);
        tap_int(script_connections(v.server), 0);
        visit_end(&v);
    }
    struct visit v;
    visit_begin(&v, end_only);
    v.request.url = STR("https://policy.test/\0x");
    tap_case("URL: NUL");
    visit_run(&v);
    tap_int(v.status, MP_E_USAGE);
    visit_end(&v);
}

/* The name that is checked and sent, for spellings of it. */
static void test_names(void)
{
    static const struct {
        const char *label, *url, *sni;
    } rows[] = {
        {"upper case", "https://POLICY.Test/file", "policy.test"},
        {"a final dot", "https://policy.test./file", "policy.test"},
        {"letters beyond ASCII",
         "https://b\xc3\xbc"
         "cher.test/file",
         "xn--bcher-kva.test"},
    };
    struct kit_tls_options o = {.names = {"policy.test", "xn--bcher-kva.test"}};
    struct kit_tls *tls = kit_tls_new(&o);
    const struct script_step steps[] = {SCRIPT_TLS(tls), SCRIPT_REQUEST,
                                        SCRIPT_SAY(OK_HEAD "Content-Length: 4\r\n\r\nfile"),
                                        SCRIPT_END};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct visit v;
        visit_begin(&v, steps);
        v.request.url = str_from(rows[i].url);
        tap_case("name: %s", rows[i].label);
        visit_run(&v);
        check_fault(&v, HTTPS_OK, NULL);
        script_stop(v.server);
        if (tap_int(script_connections(v.server), 1))
            tap_cstr(script_log(v.server, 0)->sni, rows[i].sni);
        visit_end(&v);
    }
    kit_tls_free(tls);
}

static void test_connections(void)
{
    const struct script_step steps[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
                                        SCRIPT_SAY(OK_HEAD "Content-Length: 4\r\n\r\nfile"),
                                        SCRIPT_END};
    struct ip two[2];
    struct visit v;
    visit_begin(&v, steps);
    tap_case("connect: the port of the URL");
    snprintf(v.url, sizeof v.url, "https://policy.test:%u/file", script_port(v.server));
    v.request.url = str_from(v.url);
    v.request.port_override = 0;
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    visit_end(&v);

    visit_begin(&v, steps);
    tap_case("connect: the second address, when nobody is at the first");
    ip_parse(STR("127.0.7.7"), &two[0]);
    two[1] = v.address;
    v.request.addresses = two;
    v.request.n_addresses = 2;
    visit_run(&v);
    check_fault(&v, HTTPS_OK, NULL);
    visit_end(&v);

    visit_begin(&v, steps);
    tap_case("connect: nobody is there");
    script_stop(v.server);
    visit_run(&v);
    check_fault(&v, HTTPS_CONNECT, "no connection");
    visit_end(&v);

    visit_begin(&v, steps);
    tap_case("connect: no time is left");
    v.request.deadline_us = clock_mono_us() - 1;
    visit_run(&v);
    check_fault(&v, HTTPS_TIMEOUT, "no time");
    visit_end(&v);

    visit_begin(&v, steps);
    tap_case("connect: an address as host, which no certificate of ours names");
    v.request.url = STR("https://127.0.0.1/file");
    visit_run(&v);
    check_fault(&v, HTTPS_CERTIFICATE, "another name");
    visit_end(&v);

    visit_begin(&v, steps);
    tap_case("connect: no memory for the URL");
    arena_clear(&v.arena);
    arena_init(&v.arena, 40);
    visit_run(&v);
    tap_int(v.status, MP_E_NOMEM);
    visit_end(&v);

    static const struct script_step long_file[] = {SCRIPT_TLS(NULL), SCRIPT_REQUEST,
                                                   SCRIPT_SAY(OK_HEAD "\r\n"),
                                                   SCRIPT_FLOOD(HUNDRED, 1000), SCRIPT_END};
    struct script_step own[ARRAY_LEN(long_file)];
    memcpy(own, long_file, sizeof own);
    own[0].tls = good_tls;
    visit_begin(&v, own);
    tap_case("connect: no memory for the file");
    arena_clear(&v.arena);
    arena_init(&v.arena, 50000);
    v.request.max_bytes = HTTPS_MAX_BYTES;
    visit_run(&v);
    tap_int(v.status, MP_E_NOMEM);
    visit_end(&v);
}

/* ---- addresses ---- */

static void test_special(void)
{
    static const struct {
        const char *address, *kind; /* NULL: public */
    } rows[] = {
        {"0.0.0.0", "this network"},
        {"10.255.255.255", "private"},
        {"11.0.0.0", NULL},
        {"100.63.255.255", NULL},
        {"100.64.0.1", "carrier-grade NAT"},
        {"100.128.0.0", NULL},
        {"127.255.0.1", "loopback"},
        {"169.254.169.254", "link-local"},
        {"172.15.255.255", NULL},
        {"172.16.0.1", "private"},
        {"172.31.255.255", "private"},
        {"172.32.0.0", NULL},
        {"192.0.0.8", "protocol assignment"},
        {"192.0.2.1", "documentation"},
        {"192.168.1.1", "private"},
        {"198.19.255.255", "benchmarking"},
        {"203.0.113.9", "documentation"},
        {"223.255.255.255", NULL},
        {"224.0.0.1", "multicast"},
        {"255.255.255.255", "reserved"},
        {"8.8.8.8", NULL},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"::2", "not global"},
        {"fd00::1", "private"},
        {"fe80::1", "link-local"},
        {"ff02::1", "multicast"},
        {"2001:db8::1", "documentation"},
        {"2001:0:1234::1", "protocol assignment"},
        {"2002:7f00:1::1", "6to4"},
        {"3fff:1::1", "documentation"},
        {"4000::1", "not global"},
        {"2001:4860:4860::8888", NULL},
        {"2a00::1", NULL},
        {"64:ff9b::8.8.8.8", NULL},
        {"64:ff9b::127.0.0.1", "loopback"},
        {"64:ff9b:1::8.8.8.8", "not global"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ip ip;
        tap_case("address: %s", rows[i].address);
        tap_ok(ip_parse_keep_mapped(str_from(rows[i].address), &ip));
        const char *kind = ip_special(&ip);
        tap_cstr(kind == NULL ? "public" : kind, rows[i].kind == NULL ? "public" : rows[i].kind);
    }
    struct ip mapped, none = {IP_NONE, {0}};
    tap_case("address: a mapped one, and none");
    tap_ok(ip_parse_keep_mapped(STR("::ffff:8.8.8.8"), &mapped));
    tap_cstr(ip_special(&mapped), "IPv4-mapped");
    tap_cstr(ip_special(&none), "no address");
}

int main(void)
{
    struct kit_tls_options o = {.names = {"policy.test"}};
    good_tls = kit_tls_new(&o);
    test_answers(common_answers, ARRAY_LEN(common_answers));
    test_answers(own_answers, ARRAY_LEN(own_answers));
    test_good();
    test_certificates();
    test_no_tls();
    test_guard();
    test_urls();
    test_names();
    test_connections();
    test_special();
    kit_tls_free(good_tls);
    return tap_done();
}
