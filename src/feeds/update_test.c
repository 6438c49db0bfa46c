/* Whole runs over feeds of every kind against servers of our own: what is fetched, believed, kept
 * and built, and what a bad feed, a bad server or a bad moment can do: nothing to the others. */
#include "feeds/update.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "feeds/unpack_test_kit.h"
#include "feeds/update_test_kit.h"

static struct sandbox *sandbox;

#define LINES_4 "http://a.test/1\nhttp://b.test/2\nhttp://c.test/3\nhttp://d.test/4\n"
#define NOT_NOW "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"
#define SAME    "HTTP/1.1 304 Not Modified\r\n\r\n"

/* ---- one feed, from run to run ---- */

static void test_life(void)
{
    static const char *const answers[] = {LINES_4, SAME,
                                          "http://a.test/1\nhttp://b.test/2\nhttp://e.test/5\n"};
    struct site s;
    struct site_server w;
    struct indicator found;
    int64_t fetched_s = 0;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "life", FEED_PLAIN, "");
    site_serve(&s, &w, f, "/list", answers, ARRAY_LEN(answers));

    tap_case("life: the first run");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 4 && u->removed == 0 && u->kept == 0 && u->entries == 4 && u->pages == 1 &&
           u->bytes == sizeof LINES_4 - 1 && u->next_s == SITE_NOW + 3600 && !u->stale);
    tap_ok(s.result->built && s.result->entries == 4);
    tap_int(site_finds(&s, INDICATOR_URL, "b.test/2", SITE_NOW, &found, &fetched_s), 1);
    tap_ok(found.confidence == 80 && found.tlp == TLP_CLEAR && fetched_s == SITE_NOW);

    tap_case("life: nothing is due");
    s.o.now_s += 3599;
    u = site_run(&s);
    site_outcome(u, UPDATE_NOT_DUE, NULL);
    tap_ok(!s.result->built);

    tap_case("life: nothing has changed, so that it is fresh again");
    s.o.now_s += 1;
    u = site_run(&s);
    site_outcome(u, UPDATE_NOT_MODIFIED, NULL);
    tap_ok(s.result->built && u->entries == 4 && u->success_s == s.o.now_s);
    tap_int(site_finds(&s, INDICATOR_URL, "b.test/2", s.o.now_s, NULL, &fetched_s), 1);
    tap_int(fetched_s, s.o.now_s);

    tap_case("life: another list");
    s.o.now_s += 3600;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 1 && u->removed == 2 && u->kept == 2 && u->entries == 3);
    tap_ok(site_has_url(&s, "e.test/5") && site_has_url(&s, "a.test/1") &&
           !site_has_url(&s, "c.test/3"));

    tap_case("life: what was asked");
    script_stop(w.server);
    tap_int(script_connections(w.server), 3);
    tap_ok(site_was_asked(&w, 0, "GET /list HTTP/1.1\r\n"));
    tap_ok(str_search(site_heard(&w, 0), STR("If-")) == site_heard(&w, 0).n);
    tap_ok(site_was_asked(&w, 1, "If-None-Match: \"e1\"\r\n"));
    tap_ok(site_was_asked(&w, 2, "If-None-Match: \"e1\"\r\n"));
    site_serve_end(&w);
    site_end(&s);
}

static void test_failures(void)
{
    static const char *const answers[] = {
        LINES_4, NOT_NOW, NOT_NOW,
        "HTTP/1.1 429 Slowly\r\nRetry-After: 7200\r\nContent-Length: 0\r\n\r\n", LINES_4};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "failing", FEED_PLAIN, "");
    struct update_result *never = NULL;
    tap_case("failure: before anything, the status tells that there is nothing");
    if (tap_int(update_status(s.dir, &s.config, s.o.now_s, &never, &s.err), MP_OK))
        tap_ok(never->n == 1 && never->feeds[0].outcome == UPDATE_NOT_DUE && never->feeds[0].stale);
    update_result_free(never);
    f->expire_s = 3 * 86400;
    site_serve(&s, &w, f, "/list", answers, ARRAY_LEN(answers));
    site_run(&s);
    tap_case("failure: a minute, and the entries stay");
    s.o.now_s += 3600;
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, "503");
    tap_ok(u->failures == 1 && u->next_s == s.o.now_s + 60 && site_has_url(&s, "a.test/1"));
    tap_case("failure: told by the status later");
    struct update_result *status = NULL;
    if (tap_int(update_status(s.dir, &s.config, s.o.now_s, &status, &s.err), MP_OK)) {
        site_outcome(&status->feeds[0], UPDATE_FAILED, "503");
        tap_ok(status->n == 1 && status->feeds[0].entries == 4 && status->feeds[0].failures == 1 &&
               status->feeds[0].success_s == SITE_NOW && !status->feeds[0].stale);
        update_result_free(status);
    }
    tap_case("failure: not before");
    s.o.now_s += 59;
    site_outcome(site_run(&s), UPDATE_NOT_DUE, NULL);
    tap_case("failure: two minutes");
    s.o.now_s += 1;
    u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, "503");
    tap_ok(u->failures == 2 && u->next_s == s.o.now_s + 120);
    tap_case("failure: longer, because the server says so");
    s.o.now_s += 120;
    u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, "429");
    tap_ok(u->failures == 3 && u->next_s == s.o.now_s + 7200);
    tap_case("failure: over");
    s.o.now_s += 7200;
    u = site_run(&s);
    site_outcome(u, UPDATE_NOT_MODIFIED, NULL);
    tap_ok(u->failures == 0 && u->next_s == s.o.now_s + 3600);
    tap_case("failure: never more than hours");
    script_stop(w.server);
    for (int i = 0; i < 15; i++) {
        s.o.now_s = u->next_s;
        u = site_run(&s);
        site_outcome(u, UPDATE_FAILED, "no connection");
        tap_ok(u->next_s > s.o.now_s && u->next_s <= s.o.now_s + UPDATE_MAX_BACKOFF_S);
    }
    tap_int(u->next_s, s.o.now_s + UPDATE_MAX_BACKOFF_S);
    tap_case("failure: after days its entries are too old, and the feed is stale");
    s.o.now_s += 4 * 86400;
    u = site_run(&s);
    tap_ok(u->stale);
    s.allow[0] = STR("unrelated.example"); /* so that the store is built */
    s.config.n_allow = 1;
    s.o.now_s = u->next_s - 1;
    u = site_run(&s);
    site_outcome(u, UPDATE_NOT_DUE, NULL);
    tap_ok(s.result->built && u->expired == 4 && u->entries == 0 && !site_has_url(&s, "a.test/1"));
    site_serve_end(&w);
    site_end(&s);
}

/* ---- what is not believed ---- */

static const struct {
    const char *label, *first, *second, *says;
    enum update_outcome outcome;
    uint64_t entries;
} beliefs[] = {
    {"half of it is left", LINES_4, "http://a.test/1\nhttp://b.test/2\n", NULL, UPDATE_CHANGED, 2},
    {"less than half", LINES_4, "http://a.test/1\n", "1 entries, where there were 4",
     UPDATE_REFUSED, 4},
    {"three times as much", "http://a.test/1\n",
     "http://a.test/1\nhttp://b.test/\nhttp://c.test/\n", NULL, UPDATE_CHANGED, 3},
    {"more than that", "http://a.test/1\n", LINES_4, "4 entries", UPDATE_REFUSED, 1},
    {"empty now", LINES_4, "# nothing\n", "empty", UPDATE_REFUSED, 4},
    {"a page of excuses", LINES_4, "We are sorry,\nbut the list\nis not here\n", "none of its",
     UPDATE_REFUSED, 4},
    {"the same twice counts once", "http://a.test/1\n",
     "http://a.test/1\nhttp://a.test/1\nhttp://a.test/1\nhttp://a.test/1\n", NULL, UPDATE_CHANGED,
     1},
};

static void test_belief(void)
{
    for (size_t i = 0; i < ARRAY_LEN(beliefs); i++) {
        const char *answers[] = {beliefs[i].first, beliefs[i].second, beliefs[i].second};
        struct site s;
        struct site_server w;
        site_begin(&s, sandbox);
        struct feed *f = site_feed(&s, "belief", FEED_PLAIN, "");
        site_serve(&s, &w, f, "/list", answers, ARRAY_LEN(answers));
        site_run(&s);
        s.o.now_s += 3600;
        tap_case("belief: %s", beliefs[i].label);
        const struct update_feed *u = site_run(&s);
        site_outcome(u, beliefs[i].outcome, beliefs[i].says);
        if (beliefs[i].outcome == UPDATE_REFUSED)
            tap_ok(u->next_s >= s.o.now_s + 3600 && site_has_url(&s, "a.test/1"));
        s.allow[s.config.n_allow++] = STR("unrelated.example");
        u = site_run(&s);
        tap_int(u->entries, beliefs[i].entries);
        tap_case("belief: %s, forced", beliefs[i].label);
        s.o.force = true;
        u = site_run(&s);
        site_outcome(u, beliefs[i].outcome == UPDATE_REFUSED ? UPDATE_CHANGED : UPDATE_NOT_MODIFIED,
                     NULL);
        script_stop(w.server);
        tap_ok(site_was_asked(&w, 1, "If-None-Match: \"e1\""));
        tap_ok(str_search(site_heard(&w, 2), STR("If-None-Match")) == site_heard(&w, 2).n);
        site_serve_end(&w);
        site_end(&s);
    }
}

static void test_definition(void)
{
    static const char *const answers[] = {LINES_4, "bad.test\n", NOT_NOW, "bad.test\n"};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "changed", FEED_PLAIN, "");
    site_serve(&s, &w, f, "/list", answers, ARRAY_LEN(answers));
    site_run(&s);
    tap_case("definition: another one is fetched at once, and compared with nothing");
    f->kind = INDICATOR_DOMAIN;
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->entries == 1 && u->added == 1 && u->removed == 4);
    tap_case("definition: a failure with a new one is not repeated at once");
    f->confidence = 10;
    site_outcome(site_run(&s), UPDATE_FAILED, NULL);
    site_outcome(site_run(&s), UPDATE_NOT_DUE, NULL);
    tap_case("definition: no feed at all any more, and the store is empty");
    f->enabled = false;
    site_run(&s);
    tap_ok(s.result->n == 0 && s.result->built && s.result->entries == 0);
    tap_int(site_finds(&s, INDICATOR_DOMAIN, "bad.test", s.o.now_s, NULL, NULL), 0);
    script_stop(w.server);
    tap_ok(str_search(site_heard(&w, 1), STR("If-None-Match")) == site_heard(&w, 1).n);
    site_serve_end(&w);
    site_end(&s);
}

/* ---- bad servers and feeds ---- */

#define HUNDRED                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789"                       \
    "012345678901234567890123456789"

static const struct {
    const char *label;
    enum feed_format format;
    const char *answer;
    enum update_outcome outcome;
    const char *says;
} bad_answers[] = {
    {"not found", FEED_PLAIN, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", UPDATE_FAILED, "404"},
    {"forbidden, without a key", FEED_PLAIN, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
     UPDATE_FAILED, "403"},
    {"less than it says", FEED_PLAIN,
     "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhttp://a.test/", UPDATE_FAILED, NULL},
    {"too long", FEED_PLAIN, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nhttp://a.test/1\n",
     UPDATE_REFUSED, "more than is taken"},
    {"too long, unannounced", FEED_PLAIN,
     "HTTP/1.1 200 OK\r\n\r\n" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
         HUNDRED HUNDRED HUNDRED,
     UPDATE_REFUSED, "more than is taken"},
    {"a redirect that goes nowhere", FEED_PLAIN, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
     UPDATE_FAILED, "redirect"},
    {"a redirect inside", FEED_PLAIN,
     "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n",
     UPDATE_FAILED, "not https"},
    {"no HTTP", FEED_PLAIN, "HTTP/SMTP\r\n", UPDATE_FAILED, NULL},
    {"JSON that is none", FEED_JSON, "{\"a\": [1, 2", UPDATE_REFUSED, NULL},
    {"a page for a bundle", FEED_STIX, "<html><body>Log in</body></html>", UPDATE_REFUSED, NULL},
    {"a page for a collection", FEED_TAXII, "<html><body>Log in</body></html>", UPDATE_REFUSED,
     NULL},
    {"a page for attributes", FEED_MISP, "<html><body>Log in</body></html>", UPDATE_REFUSED, NULL},
    {"gzip that is none", FEED_PLAIN, "\x1f\x8b\x08 and then nothing of it", UPDATE_REFUSED, NULL},
    {"more pages, nowhere", FEED_TAXII, "{\"more\": true, \"objects\": []}", UPDATE_FAILED,
     "promises more"},
    {"pages in a circle", FEED_TAXII, "{\"more\": true, \"next\": \"n\", \"objects\": []}",
     UPDATE_FAILED, "promises more"},
};

static void test_bad_answers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(bad_answers); i++) {
        struct site s;
        struct site_server w, other;
        static const char *const good[] = {LINES_4};
        site_begin(&s, sandbox);
        struct feed *f = site_feed(&s, "bad", bad_answers[i].format, "");
        struct feed *g = site_feed(&s, "good", FEED_PLAIN, "");
        f->max_bytes = 1000;
        f->columns[COLUMN_VALUE] = STR("url");
        site_serve(&s, &w, f, "/attributes/restSearch", &bad_answers[i].answer, 1);
        site_serve(&s, &other, g, "/list", good, 1);
        tap_case("bad: %s", bad_answers[i].label);
        const struct update_feed *u = site_run(&s);
        site_outcome(u, bad_answers[i].outcome, bad_answers[i].says);
        tap_ok(u->stale && u->failures == 1 && u->success_s == 0);
        tap_ok(s.result->n == 2 && s.result->feeds[1].outcome == UPDATE_CHANGED);
        tap_ok(s.result->built && s.result->entries == 4 && site_has_url(&s, "a.test/1"));
        site_serve_end(&w);
        site_serve_end(&other);
        site_end(&s);
    }
}

static void test_tls(void)
{
    static const struct {
        const char *label;
        struct kit_tls_options tls;
        enum update_outcome outcome;
        const char *says;
    } rows[] = {
        {"good", {.names = {"feed.test"}}, UPDATE_CHANGED, NULL},
        {"expired",
         {.names = {"feed.test"}, .starts_in_s = -7200, .ends_in_s = -3600},
         UPDATE_FAILED,
         "expired"},
        {"another name", {.names = {"other.test"}}, UPDATE_FAILED, "another name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kit_tls *tls = kit_tls_new(&rows[i].tls);
        const struct script_step steps[] = {
            SCRIPT_TLS(tls), SCRIPT_CALL(site_hear, NULL),
            SCRIPT_SAY("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nhttp://a.test/1\n"),
            SCRIPT_END};
        struct script_server *server = script_play(steps);
        struct site s;
        char url[100];
        site_begin(&s, sandbox);
        snprintf(url, sizeof url, "https://feed.test:%u/list?k={key}", script_port(server));
        struct feed *f = site_feed(&s, "tls", FEED_PLAIN, url);
        f->key.env = STR("FEED_KEY");
        s.secret = "a/b c";
        s.o.resolve_host = STR("feed.test");
        ip_parse(STR("127.0.0.1"), &s.o.resolve_ip);
        s.o.allow_private = false;
        tap_case("TLS: %s", rows[i].label);
        site_outcome(site_run(&s), rows[i].outcome, rows[i].says);
        script_stop(server);
        struct str heard = script_log(server, 0)->received;
        tap_ok((str_search(heard, STR("GET /list?k=a%2Fb%20c HTTP/1.1")) < heard.n) ==
               (rows[i].outcome == UPDATE_CHANGED));
        script_free(server);
        site_end(&s);
        kit_tls_free(tls);
    }
}

static void test_worker(void)
{
    static const char *const how[] = {"crash", "hang", "garbage"};
    for (size_t i = 0; i < ARRAY_LEN(how); i++) {
        struct site s;
        struct site_server w;
        static const char *const answers[] = {LINES_4, LINES_4 "http://e.test/\n"};
        struct sandbox *bad = kit_sandbox(how[i], i == 1 ? 300 : 0);
        site_begin(&s, sandbox);
        struct feed *f = site_feed(&s, "worker", FEED_PLAIN, "");
        site_serve(&s, &w, f, "/list", answers, 2);
        site_run(&s);
        s.o.sandbox = bad;
        s.o.now_s += 3600;
        tap_case("worker: %s", how[i]);
        site_outcome(site_run(&s), UPDATE_REFUSED, NULL);
        tap_ok(site_has_url(&s, "a.test/1") && !site_has_url(&s, "e.test/"));
        site_serve_end(&w);
        site_end(&s);
        sandbox_free(bad);
    }
}

/* ---- keys ---- */

static void test_keys(void)
{
    static const char *const answers[] = {
        LINES_4, "HTTP/1.1 401 Unknown key s3cret\r\nContent-Length: 6\r\n\r\ns3cret"};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "keyed", FEED_PLAIN, "");
    f->key.env = STR("FEED_KEY");
    f->key_header = STR("Authorization");
    f->key_prefix = STR("Bearer ");
    site_serve(&s, &w, f, "/list", answers, 2);
    tap_case("key: it is missing, nobody is asked");
    site_outcome(site_run(&s), UPDATE_NO_KEY, "FEED_KEY");
    tap_ok(s.result->feeds[0].failures == 0);
    tap_case("key: it is there, at once");
    s.secret = "s3cret";
    site_outcome(site_run(&s), UPDATE_CHANGED, NULL);
    tap_case("key: it is not taken");
    s.o.now_s += 3600;
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_NO_KEY, "401");
    tap_ok(str_search(u->reason, STR("s3cret")) == u->reason.n && u->next_s > s.o.now_s);
    tap_case("key: it is a line end");
    s.secret = "s3\r\nX: y";
    s.o.now_s = u->next_s;
    u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, "Authorization");
    tap_ok(str_search(u->reason, STR("X: y")) == u->reason.n);
    script_stop(w.server);
    tap_int(script_connections(w.server), 2);
    tap_ok(site_was_asked(&w, 0, "Authorization: Bearer s3cret\r\n"));
    char path[200], text[4096] = {0};
    tap_case("key: it is in no file");
    snprintf(path, sizeof path, "%s/feeds/keyed.state", s.dir);
    FILE *state = fopen(path, "r");
    if (tap_ok(state != NULL)) {
        tap_ok(fread(text, 1, sizeof text - 1, state) > 0 && strstr(text, "s3cret") == NULL);
        fclose(state);
    }
    site_serve_end(&w);
    site_end(&s);
}

/* ---- files ---- */

static void test_files(void)
{
    struct site s;
    char path[100], url[120];
    site_begin(&s, sandbox);
    snprintf(path, sizeof path, "%s/list.txt", s.base);
    snprintf(url, sizeof url, "file:%s", path);
    struct feed *f = site_feed(&s, "local", FEED_PLAIN, url);
    f->refresh_s = 0;
    tap_case("file: it is not there");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, "list.txt");
    tap_case("file: it is");
    site_file(&s, "list.txt", LINES_4);
    s.o.now_s += 60;
    site_outcome(site_run(&s), UPDATE_CHANGED, NULL);
    tap_ok(site_has_url(&s, "a.test/1"));
    tap_case("file: it has not changed");
    s.o.now_s++;
    site_outcome(site_run(&s), UPDATE_NOT_MODIFIED, NULL);
    tap_case("file: it has");
    site_file(&s, "list.txt", LINES_4 "http://e.test/5\n");
    s.o.now_s++;
    site_outcome(site_run(&s), UPDATE_CHANGED, NULL);
    tap_ok(site_has_url(&s, "e.test/5"));
    tap_case("file: it is too long");
    f->max_bytes = 10;
    site_outcome(site_run(&s), UPDATE_REFUSED, "longer than 10 bytes");
    tap_case("file: it is a folder");
    snprintf(url, sizeof url, "file:%s", s.base);
    f->url = str_from(url);
    site_outcome(site_run(&s), UPDATE_FAILED, "no regular file");
    tap_case("file: one page of a collection");
    site_file(&s, "list.txt", "{\"more\": true, \"next\": \"x\", \"objects\": []}");
    snprintf(url, sizeof url, "file:%s", path);
    f->url = str_from(url);
    f->format = FEED_TAXII;
    f->max_bytes = 10000;
    site_outcome(site_run(&s), UPDATE_REFUSED, "one page of several");
    site_end(&s);
}

static void test_packed(void)
{
    static const enum pack ways[] = {PACK_GZIP, PACK_BZIP2, PACK_ZIP};
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct buf packed = pack_files(ways[i], &(struct pack_file){STR("f.csv"), STR(LINES_4)}, 1);
        struct site s;
        char path[100];
        site_begin(&s, sandbox);
        snprintf(path, sizeof path, "%s/feed", s.base);
        site_feed(&s, "packed", FEED_PLAIN, path);
        FILE *f = fopen(path, "w");
        if (f == NULL || fwrite(packed.p, 1, packed.n, f) != packed.n || fclose(f) != 0)
            abort();
        tap_case("packed: way %zu", i);
        site_outcome(site_run(&s), UPDATE_CHANGED, NULL);
        tap_ok(site_has_url(&s, "d.test/4"));
        buf_clear(&packed);
        site_end(&s);
    }
}

/* ---- around it ---- */

static void test_allow(void)
{
    struct site s;
    char path[100];
    site_begin(&s, sandbox);
    snprintf(path, sizeof path, "%s/list.txt", s.base);
    site_file(&s, "list.txt", "own.example\nmail.own.example\nbad.example\n");
    struct feed *f = site_feed(&s, "listing", FEED_PLAIN, path);
    f->kind = INDICATOR_DOMAIN;
    s.allow[0] = STR("own.example");
    s.config.n_allow = 1;
    tap_case("allow: what is ours is not in the store, and counted");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->allowed == 2 && u->entries == 1);
    tap_int(site_finds(&s, INDICATOR_DOMAIN, "own.example", SITE_NOW, NULL, NULL), 0);
    tap_int(site_finds(&s, INDICATOR_DOMAIN, "bad.example", SITE_NOW, NULL, NULL), 1);
    tap_case("allow: nothing is, any more: built anew without a request");
    s.config.n_allow = 0;
    u = site_run(&s);
    site_outcome(u, UPDATE_NOT_DUE, NULL);
    tap_ok(s.result->built && u->entries == 3);
    tap_case("allow: a file that is not there");
    s.allow[0] = STR("file:/nonexistent/list");
    s.config.n_allow = 1;
    update_result_free(s.result);
    s.result = NULL;
    tap_int(intel_update(&s.o, &s.result, &s.err), MP_E_IO);
    tap_int(site_finds(&s, INDICATOR_DOMAIN, "own.example", SITE_NOW, NULL, NULL), 1);
    site_end(&s);
}

static void test_dry_run(void)
{
    struct site s;
    char path[100];
    site_begin(&s, sandbox);
    snprintf(path, sizeof path, "%s/list.txt", s.base);
    site_file(&s, "list.txt", LINES_4);
    struct feed *f = site_feed(&s, "dry", FEED_PLAIN, path);
    f->refresh_s = 0;
    s.o.dry_run = true;
    tap_case("dry run: tells, and leaves nothing");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 4 && u->entries == 4 && s.result->built && s.result->entries == 4);
    tap_ok(access(s.dir, F_OK) != 0);
    tap_case("dry run: beside a store, which stays as it is");
    s.o.dry_run = false;
    site_run(&s);
    site_file(&s, "list.txt", "http://a.test/1\nhttp://e.test/5\nhttp://f.test/\n");
    s.o.dry_run = true;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 2 && u->removed == 3 && u->kept == 1);
    tap_ok(site_has_url(&s, "b.test/2") && !site_has_url(&s, "e.test/5"));
    s.o.dry_run = false;
    site_outcome(site_run(&s), UPDATE_CHANGED, NULL);
    tap_ok(site_has_url(&s, "e.test/5"));
    site_end(&s);
}

static void test_only(void)
{
    struct site s;
    char path[100];
    struct str names[2] = {STR("two"), STR("three")};
    site_begin(&s, sandbox);
    snprintf(path, sizeof path, "%s/list.txt", s.base);
    site_file(&s, "list.txt", LINES_4);
    site_feed(&s, "one", FEED_PLAIN, path);
    site_feed(&s, "two", FEED_PLAIN, path);
    site_feed(&s, "three", FEED_PLAIN, path)->enabled = false;
    s.o.only = names;
    s.o.n_only = 1;
    tap_case("only: one of them");
    site_run(&s);
    tap_ok(s.result->n == 1 && str_eq(s.result->feeds[0].name, STR("two")));
    tap_ok(s.result->entries == 4);
    update_result_free(s.result);
    s.result = NULL;
    tap_case("only: one that is not enabled");
    s.o.n_only = 2;
    tap_int(intel_update(&s.o, &s.result, &s.err), MP_E_USAGE);
    tap_ok(strstr(s.err.text, "three") != NULL);
    tap_case("only: one that is not there");
    names[1] = STR("four");
    tap_int(intel_update(&s.o, &s.result, &s.err), MP_E_USAGE);
    tap_case("only: the other one later; the store has both");
    names[0] = STR("one");
    s.o.n_only = 1;
    site_run(&s);
    tap_ok(s.result->n == 1 && s.result->entries == 8);
    site_end(&s);
}

struct watcher {
    unsigned calls, fetching, reading, done, building;
    unsigned stops_at; /* 0: never */
};

static bool watch(void *ctx, const struct update_progress *p)
{
    struct watcher *w = ctx;
    w->fetching += p->phase == UPDATE_FETCHING;
    w->reading += p->phase == UPDATE_READING;
    w->done += p->phase == UPDATE_DONE;
    w->building += p->phase == UPDATE_BUILDING;
    return ++w->calls != w->stops_at;
}

static void test_progress(void)
{
    struct site s;
    char path[100];
    struct watcher w = {.calls = 0};
    site_begin(&s, sandbox);
    snprintf(path, sizeof path, "%s/list.txt", s.base);
    site_file(&s, "list.txt", LINES_4);
    for (int i = 0; i < 6; i++) {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
        site_feed(&s, names[i], FEED_PLAIN, path)->refresh_s = 0;
    }
    s.o.progress = watch;
    s.o.progress_ctx = &w;
    tap_case("progress: told of each feed and the store");
    site_run(&s);
    tap_ok(w.fetching == 6 && w.reading == 6 && w.done == 6 && w.building == 1);
    tap_int(s.result->entries, 24);
    for (size_t i = 0; i < s.result->n; i++)
        tap_str(s.result->feeds[i].name, s.feeds[i].name);
    tap_case("progress: whoever watches ends it");
    w = (struct watcher){.stops_at = 1};
    s.o.force = true;
    site_run(&s);
    unsigned stopped = 0;
    for (size_t i = 0; i < s.result->n; i++)
        stopped += s.result->feeds[i].outcome == UPDATE_STOPPED;
    tap_ok(stopped == 6 && site_has_url(&s, "a.test/1"));
    tap_case("progress: the deadline of the run is over");
    s.o.progress = NULL;
    s.o.deadline_us = clock_mono_us() - 1;
    site_run(&s);
    tap_int(s.result->feeds[0].outcome, UPDATE_STOPPED);
    tap_int(s.result->feeds[0].failures, 0);
    site_end(&s);
}

/* ---- two at once, and death ---- */

static void test_two(void)
{
    struct site s;
    struct vault_lock *lock = NULL;
    char path[100];
    site_begin(&s, sandbox);
    snprintf(path, sizeof path, "%s/list.txt", s.base);
    site_file(&s, "list.txt", LINES_4);
    site_feed(&s, "two", FEED_PLAIN, path)->refresh_s = 0;
    site_run(&s);
    update_result_free(s.result);
    s.result = NULL;
    tap_case("two at once: the second is refused");
    tap_int(vault_lock(s.dir, &lock, &s.err), MP_OK);
    tap_int(intel_update(&s.o, &s.result, &s.err), MP_E_IO);
    tap_int(s.err.detail, EWOULDBLOCK);
    tap_case("two at once: a dry run is not");
    s.o.dry_run = true;
    site_outcome(site_run(&s), UPDATE_NOT_MODIFIED, NULL);
    vault_unlock(lock);
    tap_case("two at once: afterwards");
    s.o.dry_run = false;
    site_outcome(site_run(&s), UPDATE_NOT_MODIFIED, NULL);
    site_end(&s);
}

enum { KILLS = 25, GENERATIONS = 1000000, LINES_OF_ONE = 300 };

/* Lists that say of which generation they are, one after the other, until somebody ends it. */
static void update_without_end(struct site *s, const char *path)
{
    struct sandbox *own = kit_sandbox(NULL, 0);
    s->o.sandbox = own;
    for (int generation = 1; generation < GENERATIONS; generation++) {
        FILE *f = fopen(path, "w");
        for (int i = 0; f != NULL && i < LINES_OF_ONE; i++)
            fprintf(f, "http://g%d.test/%d\n", generation, i);
        if (f == NULL || fclose(f) != 0)
            _exit(1);
        s->o.now_s++;
        if (intel_update(&s->o, &s->result, NULL) != MP_OK)
            _exit(1);
        update_result_free(s->result);
        s->result = NULL;
    }
    _exit(0);
}

/* All of one generation, or nothing. */
static bool store_is_whole(const struct site *s)
{
    struct vault *v = NULL;
    if (vault_open(s->dir, &v, NULL) != MP_OK)
        return false;
    struct vault_hold *h = vault_current(v);
    bool ok = vault_faults(v, NULL, 0) == 0;
    if (h != NULL) {
        struct indicator i;
        struct str first = STR_NONE;
        uint64_t cursor = 0, n = 0;
        for (; snapshot_next(vault_snapshot(h), &cursor, &i); n++) {
            struct str host = str_slice(i.key, 0, str_find(i.key, '/'));
            first = first.p == NULL ? host : first;
            ok = ok && str_eq(host, first);
        }
        ok = ok && n == LINES_OF_ONE;
    }
    vault_release(h);
    vault_close(v);
    return ok;
}

static void test_kill(void)
{
    unsigned whole = 0, went_on = 0;
    for (int round = 0; round < KILLS; round++) {
        struct site s;
        char path[100], ready[200];
        site_begin(&s, NULL);
        snprintf(path, sizeof path, "%s/list.txt", s.base);
        snprintf(ready, sizeof ready, "%s/feeds/killed.state", s.dir);
        site_feed(&s, "killed", FEED_PLAIN, path)->refresh_s = 0;
        pid_t pid = fork();
        if (pid == 0)
            update_without_end(&s, path);
        while (access(ready, F_OK) != 0 && waitpid(pid, NULL, WNOHANG) == 0)
            ;
        for (int i = 0; i < round * 4001; i++)
            (void)getppid();
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        whole += store_is_whole(&s);
        site_file(&s, "list.txt", LINES_4);
        s.o.now_s += GENERATIONS;
        s.o.force = true;
        s.o.sandbox = kit_sandbox(NULL, 0);
        went_on += intel_update(&s.o, &s.result, &s.err) == MP_OK && s.result->built &&
                   s.result->entries == 4 && site_has_url(&s, "a.test/1");
        sandbox_free(s.o.sandbox);
        site_end(&s);
    }
    tap_case("kill -9 at any moment: the store is whole");
    tap_int(whole, KILLS);
    tap_case("kill -9 at any moment: the next run works");
    tap_int(went_on, KILLS);
}

/* ---- findings ---- */

static void test_check(void)
{
    struct arena arena = {0};
    struct finding_list findings = {0};
    struct check_list checks;
    static const struct {
        enum update_outcome outcome;
        bool stale;
        int64_t failures;
        enum check_status status;
        enum finding_id id;       /* FINDING_COUNT: none */
        enum update_outcome last; /* of NOT_DUE */
        bool never;               /* it was never fetched */
    } rows[] = {
        {UPDATE_CHANGED, false, 0, CHECK_PASS, FINDING_COUNT},
        {UPDATE_NOT_DUE, false, 0, CHECK_PASS, FINDING_COUNT},
        {UPDATE_NOT_DUE, true, 0, CHECK_UNDECIDED, FINDING_INTEL_STALE},
        {UPDATE_NOT_DUE, false, 2, CHECK_UNDECIDED, FINDING_INTEL_FEED_FAILED, UPDATE_FAILED},
        {UPDATE_NOT_DUE, false, 1, CHECK_FAIL, FINDING_INTEL_FEED_REFUSED, UPDATE_REFUSED},
        {UPDATE_FAILED, false, 0, CHECK_UNDECIDED, FINDING_INTEL_FEED_FAILED},
        {UPDATE_REFUSED, false, 0, CHECK_FAIL, FINDING_INTEL_FEED_REFUSED},
        {UPDATE_NO_KEY, false, 0, CHECK_UNDECIDED, FINDING_INTEL_FEED_KEY},
        {UPDATE_STOPPED, false, 0, CHECK_UNDECIDED, FINDING_COUNT},
        {UPDATE_NOT_DUE, true, 0, CHECK_UNDECIDED, FINDING_INTEL_STALE, UPDATE_NOT_DUE, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct update_feed f = {.name = STR("some-feed"),
                                .outcome = rows[i].outcome,
                                .last = rows[i].outcome == UPDATE_NOT_DUE ? rows[i].last
                                                                          : rows[i].outcome,
                                .reason = STR("because"),
                                .stale = rows[i].stale,
                                .failures = rows[i].failures,
                                .next_s = SITE_NOW + 90,
                                .success_s = rows[i].never ? 0 : SITE_NOW - 7200};
        struct update_result r = {.feeds = &f, .n = 1, .now_s = SITE_NOW};
        arena_init(&arena, 1 << 20);
        finding_list_init(&findings, &arena);
        check_list_init(&checks, &arena, &findings);
        tap_case("check: %s%s%s", update_outcome_name(rows[i].outcome),
                 rows[i].never   ? ", never fetched"
                 : rows[i].stale ? ", stale"
                                 : "",
                 rows[i].failures > 0 ? ", after failures" : "");
        update_check(&r, &checks);
        if (tap_int(checks.n, 1)) {
            tap_cstr(check_status_name(check_status_of(&checks.items[0])),
                     check_status_name(rows[i].status));
            tap_str(checks.items[0].group, STR("some-feed"));
        }
        tap_int(findings.n, rows[i].id != FINDING_COUNT);
        if (rows[i].id != FINDING_COUNT)
            tap_ok(finding_has(&findings, rows[i].id) &&
                   str_search(findings.items[0].evidence, STR("some-feed")) <
                       findings.items[0].evidence.n);
        arena_clear(&arena);
        memset(&findings, 0, sizeof findings);
    }
}

int main(int argc, char **argv)
{
    int code = kit_worker_main(argc, argv);
    if (code >= 0)
        return code;
    kit_ca_file();
    test_kill(); /* forks: before there are threads */
    sandbox = kit_sandbox(NULL, 0);
    test_life();
    test_failures();
    test_belief();
    test_definition();
    test_bad_answers();
    test_tls();
    test_worker();
    test_keys();
    test_files();
    test_packed();
    test_allow();
    test_dry_run();
    test_only();
    test_progress();
    test_two();
    test_check();
    sandbox_free(sandbox);
    return tap_done();
}
