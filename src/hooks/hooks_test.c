/* Webhooks: what an answer means, who wants what, signatures, and the queue against a server that
 * answers in every way. */
#include "hooks/hooks.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "hooks/hooks_internal.h"
#include "tests/script_server.h"
#include "tests/tap.h"

#define SECRET  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define SECRET2 "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

enum { PATH_BYTES = 300, URL_BYTES = 100, NOW_S = 1790000000 };

/* ---- what an answer means ---- */

static const struct {
    const char *label;
    struct hook_answer a;
    unsigned tries, in_row;
    enum hook_outcome outcome;
    int64_t wait_ms, pause_ms;
} answers[] = {
    {"200", {HTTPS_OK, 200, -1}, 1, 1, HOOK_DELIVERED, 0, 0},
    {"204", {HTTPS_STATUS, 204, -1}, 1, 1, HOOK_DELIVERED, 0, 0},
    {"299, at the last try", {HTTPS_STATUS, 299, -1}, 10, 9, HOOK_DELIVERED, 0, 0},
    {"200 with an endless body", {HTTPS_TOO_LARGE, 200, -1}, 1, 1, HOOK_DELIVERED, 0, 0},
    {"200 that breaks off", {HTTPS_TIMEOUT, 200, -1}, 1, 1, HOOK_AGAIN, 5000, 0},
    {"301", {HTTPS_REDIRECT, 301, -1}, 1, 1, HOOK_AGAIN, 5000, 0},
    {"404", {HTTPS_STATUS, 404, -1}, 2, 1, HOOK_AGAIN, 300000, 0},
    {"500", {HTTPS_STATUS, 500, -1}, 3, 1, HOOK_AGAIN, 1800000, 0},
    {"no answer", {HTTPS_CONNECT, 0, -1}, 9, 1, HOOK_AGAIN, 86400000, 0},
    {"the last try", {HTTPS_CONNECT, 0, -1}, 10, 1, HOOK_DEAD, 0, 0},
    {"a try too many", {HTTPS_CONNECT, 0, -1}, 11, 1, HOOK_DEAD, 0, 0},
    {"410", {HTTPS_STATUS, 410, -1}, 1, 1, HOOK_GONE, 0, 0},
    {"411 is not 410", {HTTPS_STATUS, 411, -1}, 1, 1, HOOK_AGAIN, 5000, 0},
    {"429", {HTTPS_STATUS, 429, -1}, 1, 1, HOOK_AGAIN, 30000, 30000},
    {"503 for a minute", {HTTPS_STATUS, 503, 60}, 1, 1, HOOK_AGAIN, 60000, 60000},
    {"503 for a minute, later", {HTTPS_STATUS, 503, 60}, 2, 1, HOOK_AGAIN, 300000, 60000},
    {"503 for a year", {HTTPS_STATUS, 503, 31536000}, 1, 1, HOOK_AGAIN, 86400000, 86400000},
    {"503 for no time", {HTTPS_STATUS, 503, 0}, 1, 1, HOOK_AGAIN, 5000, 0},
    {"Retry-After of a 500", {HTTPS_STATUS, 500, 9}, 1, 1, HOOK_AGAIN, 9000, 9000},
    {"the fourth failure in a row", {HTTPS_CONNECT, 0, -1}, 1, 4, HOOK_AGAIN, 5000, 0},
    {"the fifth", {HTTPS_CONNECT, 0, -1}, 1, 5, HOOK_AGAIN, 10000, 10000},
    {"the seventh", {HTTPS_CONNECT, 0, -1}, 1, 7, HOOK_AGAIN, 40000, 40000},
    {"the thousandth", {HTTPS_CONNECT, 0, -1}, 1, 1000, HOOK_AGAIN, 900000, 900000},
    {"tries that nobody counted", {HTTPS_CONNECT, 0, -1}, 0, 1, HOOK_DEAD, 0, 0},
};

static void means(void)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct hook_next n = hook_judge(&answers[i].a, answers[i].tries, answers[i].in_row, 0, 100);
        tap_case("answer: %s", answers[i].label);
        tap_int(n.outcome, answers[i].outcome);
        tap_int(n.wait_ms, answers[i].wait_ms);
        tap_int(n.pause_ms, answers[i].pause_ms);
    }
    tap_case("waits differ by chance, a fifth longer at most");
    for (uint32_t chance = 0; chance < 3000; chance++) {
        struct hook_next n = hook_judge(&answers[6].a, 2, 1, chance, 100);
        if (n.wait_ms < 300000 || n.wait_ms >= 360000)
            tap_int(n.wait_ms, 300000);
    }
    tap_ok(hook_judge(&answers[6].a, 2, 1, 999, 100).wait_ms > 350000);
}

/* ---- signatures ---- */

static void signs(void)
{
    struct buf out;
    struct mp_err err = {0};
    const struct str both[] = {STR(SECRET), STR(SECRET2)};
    buf_init(&out, 1000);
    tap_case("a signature as other implementations make it");
    tap_int(hook_sign(both, 1, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                      STR("{\"test\": 2432232314}"), &out, &err),
            MP_OK);
    tap_str(buf_str(&out), STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    tap_case("two secrets, two signatures");
    buf_reset(&out);
    tap_int(hook_sign(both, 2, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                      STR("{\"test\": 2432232314}"), &out, &err),
            MP_OK);
    tap_ok(str_starts(buf_str(&out), STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,")) &&
           out.n == 2 * 47 + 1);
    tap_case("no secret, no signature");
    tap_int(hook_sign(both, 0, STR("x"), 1, STR("x"), &out, &err), MP_E_USAGE);
    buf_clear(&out);
}

static const struct {
    const char *label, *text;
    bool good;
} secrets[] = {
    {"24 bytes", SECRET, true},
    {"32 bytes", SECRET2, true},
    {"23 bytes", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", false},
    {"64 bytes",
     "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e"
     "Hw==",
     true},
    {"65 bytes",
     "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e"
     "H8c=",
     false},
    {"no prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
    {"a public key", "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
    {"no base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL!Sw", false},
    {"empty", "", false},
};

static void knows_secrets(void)
{
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        unsigned char key[HOOKS_SECRET_BYTES];
        size_t n;
        tap_case("secret: %s", secrets[i].label);
        tap_ok(hook_secret(str_from(secrets[i].text), key, &n) == secrets[i].good);
    }
}

/* ---- endpoints ---- */

static struct hook_endpoint an_endpoint(const char *url)
{
    struct hook_endpoint e = {
        .name = STR("ops"), .url = str_from(url), .secrets = {STR(SECRET)}, .n_secrets = 1};
    for (size_t i = 0; i < HOOK_TYPE_COUNT; i++)
        e.types[i] = true;
    return e;
}

static const struct {
    const char *label, *url, *name;
    bool private;
    int status;
} endpoints[] = {
    {"https", "https://hooks.example/x?y=z", "ops", false, MP_OK},
    {"https with a port", "https://hooks.example:8443/", "a-b_9", false, MP_OK},
    {"http", "http://hooks.example/", "ops", false, MP_E_USAGE},
    {"http to an address", "http://127.0.0.1:80/", "ops", false, MP_E_USAGE},
    {"the same, allowed", "http://127.0.0.1:80/", "ops", true, MP_OK},
    {"http to a name, allowed", "http://hooks.example/", "ops", true, MP_E_USAGE},
    {"a user", "https://me:you@hooks.example/", "ops", false, MP_E_USAGE},
    {"ftp", "ftp://hooks.example/", "ops", true, MP_E_USAGE},
    {"no host", "https:///x", "ops", false, MP_E_USAGE},
    {"a line end", "https://hooks.example/\r\nx", "ops", false, MP_E_USAGE},
    {"nothing", "", "ops", false, MP_E_USAGE},
    {"a name with a space", "https://hooks.example/", "o ps", false, MP_E_USAGE},
    {"no name", "https://hooks.example/", "", false, MP_E_USAGE},
};

static void checks(void)
{
    struct mp_err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
        struct hook_endpoint e = an_endpoint(endpoints[i].url);
        e.name = str_from(endpoints[i].name);
        e.allow_private = endpoints[i].private;
        tap_case("endpoint: %s", endpoints[i].label);
        if (!tap_int(hook_endpoint_check(&e, &err), endpoints[i].status))
            tap_note("%s", err.text);
    }
    tap_case("endpoint: no secret, no events, limits");
    struct hook_endpoint e = an_endpoint("https://hooks.example/");
    e.n_secrets = 0;
    tap_int(hook_endpoint_check(&e, &err), MP_E_USAGE);
    e.n_secrets = HOOKS_MAX_SECRETS + 1;
    tap_int(hook_endpoint_check(&e, &err), MP_E_LIMIT);
    e = an_endpoint("https://hooks.example/");
    e.secrets[0] = STR("hunter2 is no secret");
    tap_int(hook_endpoint_check(&e, &err), MP_E_USAGE);
    tap_ok(str_search(str_from(err.text), STR("hunter2")) == strlen(err.text));
    e = an_endpoint("https://hooks.example/");
    memset(e.types, 0, sizeof e.types);
    tap_int(hook_endpoint_check(&e, &err), MP_E_USAGE);
    e = an_endpoint("https://hooks.example/");
    e.timeout_ms = HOOKS_TIMEOUT_MAX_MS + 1;
    tap_int(hook_endpoint_check(&e, &err), MP_E_LIMIT);
    e.timeout_ms = 0;
    e.concurrent = HOOKS_CONCURRENT_MAX + 1;
    tap_int(hook_endpoint_check(&e, &err), MP_E_LIMIT);
    const struct hook_endpoint twice[] = {an_endpoint("https://a.example/"),
                                          an_endpoint("https://b.example/")};
    struct hooks *h;
    tap_int(hooks_open(&(struct hooks_config){.dir = "/nonexistent/mailproof",
                                              .endpoints = twice,
                                              .n_endpoints = 2},
                       &h, &err),
            MP_E_USAGE);
    tap_ok(str_search(str_from(err.text), STR("two webhooks")) < strlen(err.text));
}

/* ---- filters ---- */

static struct mail_summary a_mail(void)
{
    return (struct mail_summary){
        .id = STR("00112233445566778899aabbccddeeff"),
        .time_ms = NOW_S * 1000LL,
        .mode = STR("inbound"),
        .client = {IP_V4, {192, 0, 2, 7}},
        .mail_from = STR("bounce@sender.example"),
        .rcpt_to = {STR("ann@example.org")},
        .n_rcpts = 1,
        .n_rcpt_to = 1,
        .from = STR("boss@author.example"),
        .from_domain = STR("author.example"),
        .subject = STR("secret \"plans\""),
        .action = ACTION_QUARANTINE,
        .done = STR("quarantine"),
        .complete = true,
        .reply = STR("550 5.7.1 about secret plans"),
        .dkim = {{STR("d.example"), STR("s"), STR("pass")}},
        .n_dkim = 1,
        .findings = {{STR("intel.url"), SEV_HIGH, 1, STR("TLP:RED list says evil.example")},
                     {STR("auth.spf.fail"), SEV_LOW, 2, STR("by boss@author.example")}},
        .n_findings = 2};
}

static const struct {
    const char *label;
    struct hook_endpoint e;
    bool verdict, first, second; /* wanted: the verdict, its two findings */
} filters[] = {
    {"everything", {.types = {true, true}}, true, true, true},
    {"verdicts alone", {.types = {true}}, true, false, false},
    {"findings alone", {.types = {false, true}}, false, true, true},
    {"nothing of mail", {.types = {false, false, true}}, false, false, false},
    {"what was quarantined",
     {.types = {true}, .actions = {[ACTION_QUARANTINE] = true}},
     true,
     false,
     false},
    {"what was rejected",
     {.types = {true, true}, .actions = {[ACTION_REJECT] = true}},
     false,
     true,
     true},
    {"what is grave",
     {.types = {true, true}, .has_severity = true, .severity = SEV_HIGH},
     true,
     true,
     false},
    {"what is graver",
     {.types = {true, true}, .has_severity = true, .severity = SEV_CRITICAL},
     false,
     false,
     false},
    {"an id",
     {.types = {true, true}, .findings = {STR_INIT("auth.spf.fail")}, .n_findings = 1},
     true,
     false,
     true},
    {"a pattern",
     {.types = {true, true}, .findings = {STR_INIT("x"), STR_INIT("intel.*")}, .n_findings = 2},
     true,
     true,
     false},
    {"another pattern",
     {.types = {true, true}, .findings = {STR_INIT("inte.*")}, .n_findings = 1},
     false,
     false,
     false},
    {"one finding has both",
     {.types = {true, true},
      .has_severity = true,
      .severity = SEV_MEDIUM,
      .findings = {STR_INIT("auth.*")},
      .n_findings = 1},
     false,
     false,
     false},
};

static void filtered(void)
{
    const struct mail_summary s = a_mail();
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        struct hook_subject v = {HOOK_MAIL_VERDICT, &s, 0}, f = {HOOK_MAIL_FINDING, &s, 0};
        tap_case("filter: %s", filters[i].label);
        tap_ok(hook_wants(&filters[i].e, &v) == filters[i].verdict);
        tap_ok(hook_wants(&filters[i].e, &f) == filters[i].first);
        f.finding = 1;
        tap_ok(hook_wants(&filters[i].e, &f) == filters[i].second);
    }
}

/* ---- payloads ---- */

static bool payload_has(const struct hooks_config *c, enum hook_type type, size_t finding,
                        const char *what)
{
    const struct mail_summary s = a_mail();
    struct buf b;
    buf_init(&b, HOOKS_PAYLOAD_MAX_BYTES);
    payload_mail(&b, c, &(struct hook_subject){type, &s, finding});
    bool has = !b.failed && str_search(buf_str(&b), str_from(what)) < b.n;
    buf_clear(&b);
    return has;
}

static void payloads(void)
{
    const struct hooks_config all = {0}, few = {.no_subjects = true, .no_addresses = true};
    tap_case("payload: type, time, data");
    tap_ok(payload_has(&all, HOOK_MAIL_VERDICT, 0,
                       "{\"type\":\"mail.verdict\",\"timestamp\":\"2026-09-21T14:13:20.000Z\","
                       "\"data\":{\"id\":\"00112233445566778899aabbccddeeff\""));
    tap_ok(payload_has(&all, HOOK_MAIL_VERDICT, 0, "\"subject\":\"secret \\\"plans\\\"\""));
    tap_ok(payload_has(&all, HOOK_MAIL_VERDICT, 0, "\"rcpt_to\":[\"ann@example.org\"]"));
    tap_ok(payload_has(&all, HOOK_MAIL_VERDICT, 0, "by boss@author.example"));
    tap_ok(payload_has(&all, HOOK_MAIL_FINDING, 1,
                       "\"finding\":{\"id\":\"auth.spf.fail\",\"severity\":\"low\",\"count\":2,"
                       "\"evidence\":\"by boss@author.example\"}}}"));
    tap_case("payload: what a feed has shared with us stays here");
    tap_ok(payload_has(&all, HOOK_MAIL_FINDING, 0, "\"id\":\"intel.url\""));
    tap_ok(!payload_has(&all, HOOK_MAIL_FINDING, 0, "TLP"));
    tap_ok(!payload_has(&all, HOOK_MAIL_VERDICT, 0, "evil.example"));
    tap_case("payload: no subjects, no addresses");
    static const char *const quiet[] = {"secret", "plans", "ann", "boss", "bounce"};
    for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
        tap_ok(!payload_has(&few, HOOK_MAIL_VERDICT, 0, quiet[i]));
        tap_ok(!payload_has(&few, HOOK_MAIL_FINDING, 1, quiet[i]));
    }
    tap_ok(payload_has(&few, HOOK_MAIL_VERDICT, 0, "\"mail_from\":\"@sender.example\""));
    tap_ok(payload_has(&few, HOOK_MAIL_VERDICT, 0, "\"reply\":\"550 5.7.1\""));
}

/* ---- a place, and one that sends ---- */

static char dir[64];

static const char *path_of(const char *name)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%.200s", dir, name);
    return path;
}

static void begin(void)
{
    snprintf(dir, sizeof dir, "/tmp/mailproof-hooks-XXXXXX");
    if (mkdtemp(dir) == NULL)
        abort();
}

static void end(void)
{
    DIR *d = opendir(dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        unlink(path_of(e->d_name));
    closedir(d);
    rmdir(dir);
}

static void sql(const char *text)
{
    sqlite3 *db;
    if (sqlite3_open(path_of("hooks.db"), &db) != SQLITE_OK ||
        (sqlite3_busy_timeout(db, 10000), sqlite3_exec(db, text, NULL, NULL, NULL)) != SQLITE_OK)
        abort();
    sqlite3_close(db);
}

static int64_t number(const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    if (sqlite3_open(path_of("hooks.db"), &db) != SQLITE_OK)
        abort();
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_prepare_v2(db, text, -1, &q, NULL) != SQLITE_OK || sqlite3_step(q) != SQLITE_ROW)
        abort();
    int64_t n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

static struct hooks *open_hooks(const struct hook_endpoint *e, size_t n)
{
    struct hooks *h;
    struct mp_err err = {0};
    /* A hundredth of the schedule's times: the second try comes after 50 ms. */
    const struct hooks_config config = {
        .dir = dir, .endpoints = e, .n_endpoints = n, .retry_percent = 1};
    if (hooks_open(&config, &h, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return h;
}

struct run {
    struct hooks *h;
    atomic_bool stop;
    pthread_t thread;
    int status;
    struct mp_err err;
};

static void *run_thread(void *arg)
{
    struct run *r = arg;
    r->status = hooks_run(r->h, &r->stop, &r->err);
    return NULL;
}

static void run_begin(struct run *r, struct hooks *h)
{
    *r = (struct run){.h = h};
    atomic_init(&r->stop, false);
    pthread_create(&r->thread, NULL, run_thread, r);
}

static void run_end(struct run *r)
{
    atomic_store(&r->stop, true);
    pthread_join(r->thread, NULL);
    tap_int(r->status, MP_OK);
}

/* The row is what is waited for: the test's own timeout ends a wait in vain. */
static void wait_for(const char *text, int64_t want)
{
    while (number(text) != want)
        usleep(20000);
}

static void put(struct hooks *h)
{
    tap_ok(hooks_put(h, HOOK_DAEMON_STATE, NOW_S * 1000LL, STR("{\"state\":\"ready\"}")));
    hooks_flush(h);
}

static bool copy_status(void *ctx, const struct hook_endpoint_status *s)
{
    *(struct hook_endpoint_status *)ctx = *s;
    return false;
}

static struct hook_endpoint_status status_of(struct hooks *h)
{
    struct hook_endpoint_status s = {0};
    tap_int(hooks_endpoints(h, copy_status, &s, NULL), MP_OK);
    return s;
}

static bool copy_delivery(void *ctx, const struct hook_delivery *d)
{
    struct buf *b = ctx;
    buf_addf(b, STR_FMT " " STR_FMT " %u %u %s\n", STR_ARG(d->endpoint), STR_ARG(d->type), d->tries,
             d->status, d->dead ? "dead" : "waits");
    return true;
}

/* ---- answers of a server ---- */

#define ANSWER(head)                                                                               \
    SCRIPT_SAY("HTTP/1.1 " head "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
#define OK_204 SCRIPT_SAY("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
#define FLOOD  "0123456789012345678901234567890123456789012345678901234567890123456789"

static struct kit_tls *good_tls, *other_tls;

static const struct {
    const char *label;
    struct script_step first;
    unsigned status; /* of the first answer, when it is a failure */
    bool at_once;    /* it is none: one try */
    const char *says;
} servers[] = {
    {"204", OK_204, 204, true, ""},
    {"200", ANSWER("200 OK"), 200, true, ""},
    {"an endless body", SCRIPT_FLOOD(FLOOD, 0), 200, true, ""},
    {"500", ANSWER("500 No"), 500, false, "500"},
    {"404", ANSWER("404 No"), 404, false, "404"},
    {"a redirect", ANSWER("302 Found\r\nLocation: https://hook.test/"), 302, false, "redirect"},
    {"a redirect of a POST", ANSWER("307 X\r\nLocation: https://hook.test/"), 307, false,
     "redirect"},
    {"nothing", SCRIPT_CLOSE, 0, false, ""},
    {"no HTTP", SCRIPT_SAY("220 ESMTP\r\n"), 0, false, ""},
};

static struct hook_endpoint tls_endpoint(struct script_server *s, char url[URL_BYTES])
{
    snprintf(url, URL_BYTES, "https://hook.test:%u/in?key=hush", script_port(s));
    struct hook_endpoint e = an_endpoint(url);
    e.ca_file = kit_ca_file();
    e.resolve_host = STR("hook.test");
    ip_parse(STR("127.0.0.1"), &e.resolve_ip);
    e.concurrent = 1;
    return e;
}

static void check_request(const struct script_log *log)
{
    static const char *const has[] = {
        "POST /in?key=hush HTTP/1.1\r\n",
        "\r\nContent-Type: application/json\r\n",
        "\r\nwebhook-id: msg_",
        "\r\nwebhook-timestamp: ",
        "\r\nwebhook-signature: v1,",
        ("\r\n\r\n{\"type\":\"daemon.state\",\"timestamp\":\"2026-09-21T14:13:20.000Z\","
         "\"data\":{\"state\":\"ready\"}}")};
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (!tap_ok(str_isearch(log->received, str_from(has[i])) < log->received.n))
            tap_note("%s", has[i]);
}

static struct str header(const struct script_log *log, const char *name)
{
    size_t at = str_isearch(log->received, str_from(name));
    struct str rest = str_slice(log->received, at, log->received.n);
    return str_slice(rest, 0, str_find(rest, '\r'));
}

static void sends(void)
{
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        const bool floods = servers[i].first.op == SCRIPT_OP_FLOOD;
        const struct script_step first[] = {
            SCRIPT_TLS(good_tls), SCRIPT_REQUEST,
            floods ? (struct script_step)SCRIPT_SAY("HTTP/1.1 200 OK\r\n\r\n") : servers[i].first,
            floods ? servers[i].first : (struct script_step)SCRIPT_END, SCRIPT_END};
        const struct script_step then[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, OK_204,
                                           SCRIPT_END};
        const struct script_step *const both[] = {first, then};
        struct script_server *s =
            script_start(&(struct script_options){.conversations = both, .n_conversations = 2});
        char url[URL_BYTES];
        struct run run;
        tap_case("sends: %s%s", servers[i].label, servers[i].at_once ? "" : ", and again");
        begin();
        const struct hook_endpoint e = tls_endpoint(s, url);
        struct hooks *h = open_hooks(&e, 1);
        put(h);
        run_begin(&run, h);
        wait_for("SELECT sent FROM endpoint", 1);
        run_end(&run);
        struct hook_endpoint_status st = status_of(h);
        tap_ok(st.sent == 1 && st.waiting == 0 && st.dead == 0 && !st.disabled);
        tap_int(st.failed, !servers[i].at_once);
        tap_ok(str_search(str_from(st.reason), str_from(servers[i].says)) <= strlen(st.reason));
        if (servers[i].says[0] != '\0')
            tap_ok(str_search(str_from(st.reason), str_from(servers[i].says)) < strlen(st.reason));
        tap_ok(str_search(str_from(st.reason), STR("hush")) == strlen(st.reason));
        tap_int(number("SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM delivery)"), 0);
        hooks_close(h);
        script_stop(s);
        size_t tries = servers[i].at_once ? 1 : 2;
        tap_int(script_connections(s), tries);
        check_request(script_log(s, tries - 1));
        tap_case("sends: the same id at each try");
        tap_str(header(script_log(s, 0), "webhook-id:"),
                header(script_log(s, tries - 1), "webhook-id:"));
        script_free(s);
        end();
    }
}

/* ---- refusals ---- */

static void refused(const struct hook_endpoint *e, const char *says)
{
    struct run run;
    begin();
    struct hooks *h = open_hooks(e, 1);
    put(h);
    run_begin(&run, h);
    wait_for("SELECT failed > 0 FROM endpoint", 1);
    run_end(&run);
    struct hook_endpoint_status s = status_of(h);
    if (!tap_ok(str_search(str_from(s.reason), str_from(says)) < strlen(s.reason)))
        tap_note("%s", s.reason);
    tap_ok(s.sent == 0 && s.waiting == 1);
    hooks_close(h);
    end();
}

static void guards(void)
{
    const struct script_step never[] = {SCRIPT_END}, other[] = {SCRIPT_TLS(other_tls), SCRIPT_END};
    char url[URL_BYTES];
    tap_case("a private address is not connected to");
    struct script_server *s = script_play(never);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", script_port(s));
    struct hook_endpoint e = an_endpoint(url);
    refused(&e, "loopback");
    script_stop(s);
    tap_int(script_connections(s), 0);
    script_free(s);
    tap_case("a certificate for another name is refused");
    s = script_play(other);
    e = tls_endpoint(s, url);
    refused(&e, "ertificate");
    script_free(s);
}

/* ---- what ends ---- */

static void gone(void)
{
    tap_case("410: nothing more is sent, what waits is dead, new events are counted as lost");
    const struct script_step step[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, ANSWER("410 Gone"),
                                       SCRIPT_END};
    const struct script_step then[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, OK_204, SCRIPT_END};
    const struct script_step *const both[] = {step, then};
    struct script_server *s =
        script_start(&(struct script_options){.conversations = both, .n_conversations = 2});
    char url[URL_BYTES];
    struct run run;
    uint64_t n = 0;
    struct buf list;
    begin();
    buf_init(&list, 1000);
    const struct hook_endpoint e = tls_endpoint(s, url);
    struct hooks *h = open_hooks(&e, 1);
    put(h);
    put(h);
    run_begin(&run, h);
    wait_for("SELECT disabled FROM endpoint", 1);
    put(h);
    struct hook_endpoint_status st = status_of(h);
    tap_ok(st.disabled && st.dead == 2 && st.waiting == 0 && st.lost == 1 && st.sent == 0);
    tap_int(hooks_deliveries(h, STR("ops"), true, 0, 0, copy_delivery, &list, NULL), MP_OK);
    tap_str(buf_str(&list), STR("ops daemon.state 0 410 dead\nops daemon.state 1 410 dead\n"));
    tap_case("tried again when somebody says so");
    tap_int(hooks_retry(h, STR("other"), &n, NULL), MP_OK);
    tap_int(n, 0);
    tap_int(hooks_retry(h, STR("ops"), &n, NULL), MP_OK);
    tap_int(n, 2);
    wait_for("SELECT sent FROM endpoint", 2);
    run_end(&run);
    st = status_of(h);
    tap_ok(!st.disabled && st.dead == 0 && st.waiting == 0);
    tap_case("another URL begins anew");
    sql("UPDATE endpoint SET disabled = 1");
    hooks_close(h);
    h = open_hooks(&e, 1);
    tap_ok(status_of(h).disabled);
    hooks_close(h);
    struct hook_endpoint moved = e;
    moved.url = STR("https://hook.test/other");
    h = open_hooks(&moved, 1);
    tap_ok(!status_of(h).disabled);
    hooks_close(h);
    script_free(s);
    buf_clear(&list);
    end();
}

static void dies(void)
{
    tap_case("the last try: dead, kept, counted");
    const struct script_step step[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, ANSWER("500 No"),
                                       SCRIPT_END};
    struct script_server *s = script_play(step);
    char url[URL_BYTES];
    struct run run;
    begin();
    const struct hook_endpoint e = tls_endpoint(s, url);
    struct hooks *h = open_hooks(&e, 1);
    put(h);
    sql("UPDATE delivery SET tries = 9");
    run_begin(&run, h);
    wait_for("SELECT count(*) FROM delivery WHERE dead = 1", 1);
    tap_case("an event that is not there, or damaged, is dead and not sent");
    put(h);
    sql("UPDATE event SET id = 'msg_' || char(13) || char(10) || 'x: y' WHERE seq = 2");
    wait_for("SELECT count(*) FROM delivery WHERE dead = 1", 2);
    run_end(&run);
    struct hook_endpoint_status st = status_of(h);
    tap_ok(st.dead == 2 && st.waiting == 0 && st.failed >= 1 && st.sent == 0);
    hooks_close(h);
    script_free(s);
    end();
}

static void stops(void)
{
    tap_case("a stop breaks off what is under way, and it is not lost");
    const struct script_step step[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, SCRIPT_STALL,
                                       SCRIPT_END};
    struct script_server *s = script_play(step);
    char url[URL_BYTES];
    struct run run;
    begin();
    const struct hook_endpoint e = tls_endpoint(s, url);
    struct hooks *h = open_hooks(&e, 1);
    put(h);
    run_begin(&run, h);
    wait_for("SELECT tries FROM delivery", 1);
    run_end(&run);
    tap_int(number("SELECT tries FROM delivery WHERE next_ms <= created_ms"), 0);
    tap_ok(status_of(h).waiting == 1);
    hooks_close(h);
    script_free(s);
    end();
}

static void slow_one(void)
{
    tap_case("an endpoint that stalls holds up no other");
    const struct script_step stall[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, SCRIPT_STALL,
                                        SCRIPT_END};
    const struct script_step good[] = {SCRIPT_TLS(good_tls), SCRIPT_REQUEST, OK_204, SCRIPT_END};
    struct script_server *slow = script_play(stall), *quick = script_play(good);
    char urls[2][URL_BYTES];
    struct run run;
    begin();
    struct hook_endpoint e[] = {tls_endpoint(slow, urls[0]), tls_endpoint(quick, urls[1])};
    e[0].name = STR("slow");
    struct hooks *h = open_hooks(e, 2);
    for (int i = 0; i < 5; i++)
        put(h);
    run_begin(&run, h);
    wait_for("SELECT sent FROM endpoint WHERE name = 'ops'", 5);
    run_end(&run);
    tap_int(number("SELECT sent FROM endpoint WHERE name = 'slow'"), 0);
    tap_int(number("SELECT count(*) FROM delivery"), 5);
    tap_int(number("SELECT count(*) FROM event"), 5);
    hooks_close(h);
    script_free(slow);
    script_free(quick);
    end();
}

/* ---- limits and damage ---- */

static void limits(void)
{
    tap_case("while the file is held, putting goes on; what has no room is lost and counted");
    const struct hook_endpoint e = an_endpoint("https://hooks.example/");
    sqlite3 *db;
    struct hooks_status s;
    size_t taken = 0;
    begin();
    struct hooks *h = open_hooks(&e, 1);
    sqlite3_open(path_of("hooks.db"), &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int i = 0; i < HOOKS_QUEUE_MAX + 10; i++)
        taken += hooks_put(h, HOOK_DAEMON_STATE, 1000, STR("1"));
    hooks_status(h, &s);
    tap_ok(taken == HOOKS_QUEUE_MAX && s.lost == 10 && s.put == HOOKS_QUEUE_MAX + 10);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    do {
        hooks_flush(h);
        hooks_status(h, &s);
    } while (s.queued > 0);
    tap_int(s.written, HOOKS_QUEUE_MAX);
    tap_int(number("SELECT waiting FROM endpoint"), HOOKS_QUEUE_MAX);
    tap_case("no more wait than may");
    sql("UPDATE endpoint SET waiting = 100000");
    put(h);
    tap_ok(status_of(h).lost == 1);
    tap_int(number("SELECT count(*) FROM event"), HOOKS_QUEUE_MAX);
    tap_case("a payload that is too long is lost and counted");
    char *longer = calloc(1, HOOKS_PAYLOAD_MAX_BYTES);
    tap_ok(!hooks_put(h, HOOK_DAEMON_STATE, 1, str_make(longer, HOOKS_PAYLOAD_MAX_BYTES)));
    free(longer);
    tap_case("what nobody wants costs nothing");
    hooks_close(h);
    struct hook_endpoint deaf = e;
    deaf.types[HOOK_DAEMON_STATE] = false;
    h = open_hooks(&deaf, 1);
    put(h);
    hooks_status(h, &s);
    tap_ok(s.put == 0 && s.written == 0);
    hooks_close(h);
    end();
}

static void damaged(void)
{
    const struct hook_endpoint e = an_endpoint("https://hooks.example/");
    struct mp_err err = {0};
    struct hooks *h;
    begin();
    tap_case("a damaged file is an error, or moved aside when the config says so");
    FILE *f = fopen(path_of("hooks.db"), "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", f);
    fclose(f);
    chmod(path_of("hooks.db"), 0600);
    struct hooks_config config = {.dir = dir, .endpoints = &e, .n_endpoints = 1};
    tap_int(hooks_open(&config, &h, &err), MP_E_IO);
    tap_ok(str_search(str_from(err.text), STR("damaged")) < strlen(err.text));
    config.move_damaged = true;
    tap_int(hooks_open(&config, &h, &err), MP_OK);
    put(h);
    tap_ok(status_of(h).waiting == 1);
    hooks_close(h);
    end();
    tap_case("without webhooks nothing breaks");
    const struct mail_summary s = a_mail();
    tap_ok(!hooks_put(NULL, HOOK_DAEMON_STATE, 1, STR("1")) && !hooks_put_mail(NULL, &s));
    tap_int(hooks_endpoints(NULL, copy_status, NULL, &err), MP_E_USAGE);
    hooks_flush(NULL);
    hooks_close(NULL);
}

static void of_mail(void)
{
    tap_case("a mail becomes a verdict and a finding each, for who wants them");
    struct hook_endpoint e[] = {an_endpoint("https://a.example/"),
                                an_endpoint("https://b.example/")};
    e[1].name = STR("intel");
    e[1].findings[0] = STR("intel.*");
    e[1].n_findings = 1;
    const struct mail_summary s = a_mail();
    begin();
    struct hooks *h = open_hooks(e, 2);
    tap_ok(hooks_put_mail(h, &s));
    hooks_flush(h);
    tap_int(number("SELECT count(*) FROM event"), 3);
    tap_int(number("SELECT count(*) FROM delivery WHERE endpoint = 'ops'"), 3);
    tap_int(number("SELECT count(*) FROM delivery WHERE endpoint = 'intel'"), 2);
    tap_int(number("SELECT count(DISTINCT id) FROM event WHERE length(id) = 26"), 3);
    hooks_close(h);
    end();
}

int main(void)
{
    const struct kit_tls_options good = {.names = {"hook.test"}}, other = {.names = {"else.test"}};
    good_tls = kit_tls_new(&good);
    other_tls = kit_tls_new(&other);
    means();
    signs();
    knows_secrets();
    checks();
    filtered();
    payloads();
    sends();
    guards();
    gone();
    dies();
    stops();
    slow_one();
    limits();
    damaged();
    of_mail();
    kit_tls_free(good_tls);
    kit_tls_free(other_tls);
    return tap_done();
}
