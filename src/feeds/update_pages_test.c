/* Feeds that come page by page, and those that tell only what is new: TAXII, MISP, "{since}". */
#include "feeds/update.h"

#include "feeds/update_test_kit.h"

static struct sandbox *sandbox;

#define INDICATOR(id, domain, more)                                                                \
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--" id                     \
    "\",\"created\":\"2026-11-01T00:00:00Z\",\"modified\":\"2026-11-02T00:00:00Z\","               \
    "\"pattern\":\"[domain-name:value = '" domain "']\",\"pattern_type\":\"stix\","                \
    "\"valid_from\":\"2026-11-01T00:00:00Z\"" more "}"
#define A INDICATOR("00000000-0000-4000-8000-00000000000a", "a.example", "")
#define B INDICATOR("00000000-0000-4000-8000-00000000000b", "b.example", "")
#define C INDICATOR("00000000-0000-4000-8000-00000000000c", "c.example", "")
#define D INDICATOR("00000000-0000-4000-8000-00000000000d", "d.example", "")
#define A_REVOKED                                                                                  \
    INDICATOR("00000000-0000-4000-8000-00000000000a", "a.example", ",\"revoked\":true")

#define ENVELOPE(head, objects) "{" head "\"objects\":[" objects "]}"

/* An answer with "X-TAXII-Date-Added-Last"; read to the end of the connection. */
#define DATED(last, body)                                                                          \
    "HTTP/1.1 200 OK\r\nContent-Type: application/taxii+json;version=2.1\r\n"                      \
    "X-TAXII-Date-Added-Last: " last "\r\n\r\n" body

static bool has_domain(const struct site *s, const char *name)
{
    return site_finds(s, INDICATOR_DOMAIN, name, s->o.now_s, NULL, NULL) +
               site_finds(s, INDICATOR_HOST, name, s->o.now_s, NULL, NULL) >
           0;
}

static bool was_not_asked(const struct site_server *w, size_t k, const char *what)
{
    struct str heard = site_heard(w, k);
    return tap_ok(heard.n > 0) && tap_ok(str_search(heard, str_from(what)) == heard.n);
}

static void test_taxii_pages(void)
{
    static const char *const answers[] = {
        DATED("2026-11-02T00:00:00.1Z", ENVELOPE("\"more\":true,\"next\":\"p 2&x=y\",", A)),
        DATED("2026-11-03T00:00:00.2Z", ENVELOPE("\"more\":true,", B)),
        DATED("2026-11-04T00:00:00.3Z", ENVELOPE("\"more\":false,", C))};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "taxii", FEED_TAXII, "");
    site_serve(&s, &w, f, "/api/collections/1/objects/", answers, ARRAY_LEN(answers));
    tap_case("TAXII: three pages, one by name, one by time");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->pages == 3 && u->entries == 3 && u->added == 3);
    tap_ok(has_domain(&s, "a.example") && has_domain(&s, "b.example") &&
           has_domain(&s, "c.example"));
    script_stop(w.server);
    for (size_t k = 0; k < 3; k++) {
        tap_ok(site_was_asked(&w, k, "GET /api/collections/1/objects/?match%5Btype%5D=indicator"));
        tap_ok(site_was_asked(&w, k, "Accept: application/taxii+json;version=2.1\r\n"));
    }
    was_not_asked(&w, 0, "added_after");
    tap_ok(site_was_asked(&w, 1, "&next=p%202%26x%3Dy HTTP"));
    tap_ok(site_was_asked(&w, 2, "&added_after=2026-11-03T00%3A00%3A00.2Z HTTP"));
    site_serve_end(&w);
    site_end(&s);
}

static void test_taxii_news(void)
{
    static const char *const answers[] = {
        DATED("2026-11-04T00:00:00Z", ENVELOPE("", A "," B)),
        "{}",
        DATED("2026-11-05T00:00:00Z", ENVELOPE("", C)),
        DATED("2026-11-06T00:00:00Z", ENVELOPE("", A_REVOKED "," D)), /* news that take back: */
        DATED("2026-11-06T00:00:00Z", ENVELOPE("", B "," C "," D)),
        DATED("2026-11-07T00:00:00Z", ENVELOPE("", B "," C))};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "taxii", FEED_TAXII, "");
    site_serve(&s, &w, f, "/objects/?match%5Btype%5D=indicator", answers, ARRAY_LEN(answers));
    site_outcome(site_run(&s), UPDATE_CHANGED, NULL);
    tap_case("TAXII news: none");
    s.o.now_s += 3600;
    const struct update_feed *u = site_run(&s);
    tap_ok(u->outcome == UPDATE_CHANGED || u->outcome == UPDATE_NOT_MODIFIED);
    tap_ok(u->entries == 2 && u->added == 0 && u->removed == 0);
    tap_case("TAXII news: one");
    s.o.now_s += 3600;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 1 && u->kept == 2 && u->entries == 3);
    tap_case("TAXII news: one is taken back: all is asked for");
    s.o.now_s += 3600;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 1 && u->removed == 1 && u->entries == 3 && !has_domain(&s, "a.example"));
    tap_case("TAXII news: once a day all is asked for");
    s.o.now_s += UPDATE_WHOLE_S;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->removed == 1 && u->entries == 2 && !has_domain(&s, "d.example"));
    script_stop(w.server);
    was_not_asked(&w, 0, "added_after");
    tap_ok(site_was_asked(&w, 1, "&added_after=2026-11-04T00%3A00%3A00Z HTTP"));
    tap_ok(site_was_asked(&w, 2, "&added_after=2026-11-04T00%3A00%3A00Z HTTP"));
    tap_ok(site_was_asked(&w, 3, "&added_after=2026-11-05T00%3A00%3A00Z HTTP"));
    was_not_asked(&w, 4, "added_after");
    was_not_asked(&w, 5, "added_after");
    site_serve_end(&w);
    site_end(&s);
}

static void test_taxii_broken(void)
{
    static const struct {
        const char *label, *second;
        enum update_outcome outcome;
    } rows[] = {
        {"the second page does not come", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
         UPDATE_FAILED},
        {"the second page is none", "<html>Sorry</html>", UPDATE_REFUSED},
        {"the second page names itself", ENVELOPE("\"more\":true,\"next\":\"2\",", B),
         UPDATE_FAILED},
        {"the second page tells no way on", ENVELOPE("\"more\":true,", B), UPDATE_FAILED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *answers[] = {ENVELOPE("\"more\":true,\"next\":\"2\",", A), rows[i].second,
                                 ENVELOPE("", A "," B)};
        struct site s;
        struct site_server w;
        site_begin(&s, sandbox);
        struct feed *f = site_feed(&s, "taxii", FEED_TAXII, "");
        site_serve(&s, &w, f, "/objects/", answers, ARRAY_LEN(answers));
        tap_case("TAXII broken: %s", rows[i].label);
        const struct update_feed *u = site_run(&s);
        site_outcome(u, rows[i].outcome, NULL);
        tap_ok(u->entries == 0 && !has_domain(&s, "a.example"));
        tap_case("TAXII broken: %s; then it works, from the start", rows[i].label);
        s.o.now_s = u->next_s;
        u = site_run(&s);
        site_outcome(u, UPDATE_CHANGED, NULL);
        tap_int(u->entries, 2);
        site_serve_end(&w);
        site_end(&s);
    }
}

/* ---- MISP ---- */

static void add_attributes(struct buf *out, int from, int n, int64_t stamp)
{
    buf_addz(out, "{\"response\":{\"Attribute\":[");
    for (int i = from; i < from + n; i++)
        buf_addf(out,
                 "%s{\"uuid\":\"u%d\",\"type\":\"domain\",\"to_ids\":true,\"timestamp\":\"%lld\","
                 "\"value\":\"m%d.example\"}",
                 i == from ? "" : ",", i, (long long)stamp, i);
    buf_addz(out, "]}}");
}

/* A server whose k-th answer has the attributes [from, from + n). */
struct misp_page {
    int from, n;
    int64_t stamp;
};

static bool say_attributes(struct script_peer *p, void *ctx)
{
    const struct misp_page *page = ctx;
    struct buf body, all;
    buf_init(&body, 1 << 20);
    buf_init(&all, 1 << 20);
    add_attributes(&body, page->from, page->n, page->stamp);
    buf_addf(&all, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body.n);
    buf_add(&all, buf_str(&body));
    bool said = script_say(p, buf_str(&all));
    buf_clear(&body);
    buf_clear(&all);
    return said;
}

static void serve_misp(struct site *s, struct site_server *w, struct feed *f, const char *path,
                       const struct misp_page *pages, size_t n)
{
    *w = (struct site_server){.n = 0};
    for (size_t i = 0; i < n; i++)
        site_answer(w, i, say_attributes, (void *)(uintptr_t)&pages[i]);
    site_open(s, w, f, path, n);
}

static void test_misp(void)
{
    static const struct misp_page pages[] = {{0, UPDATE_PAGE_ENTRIES, SITE_NOW - 100},
                                             {UPDATE_PAGE_ENTRIES, 3, SITE_NOW - 50},
                                             {5000, 1, SITE_NOW + 10},
                                             {5001, 1, SITE_NOW + 20},
                                             {0, UPDATE_PAGE_ENTRIES, SITE_NOW - 100}};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "misp", FEED_MISP, "");
    f->key.env = STR("MISP_KEY");
    f->key_header = STR("Authorization");
    f->body = STR("{\"type\": {\"OR\": [\"domain\"]}, \"published\": 0}");
    s.secret = "k3y";
    serve_misp(&s, &w, f, "/attributes/restSearch", pages, ARRAY_LEN(pages));
    tap_case("MISP: page by page until a short one");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->pages == 2 && u->entries == UPDATE_PAGE_ENTRIES + 3);
    tap_ok(has_domain(&s, "m0.example") && has_domain(&s, "m1002.example"));
    tap_case("MISP: news since the latest time stamp");
    s.o.now_s += 3600;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->pages == 1 && u->added == 1 && u->entries == UPDATE_PAGE_ENTRIES + 4);
    s.o.now_s += 3600;
    u = site_run(&s);
    tap_ok(u->added == 1 && has_domain(&s, "m5000.example") && has_domain(&s, "m5001.example") &&
           has_domain(&s, "m0.example"));
    tap_case("MISP: a server that gives the same page for ever");
    s.o.now_s += UPDATE_WHOLE_S;
    u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, "once more");
    tap_ok(has_domain(&s, "m5001.example"));
    script_stop(w.server);
    tap_ok(site_was_asked(&w, 0, "POST /attributes/restSearch HTTP"));
    tap_ok(site_was_asked(&w, 0, "Authorization: k3y\r\n"));
    tap_ok(site_was_asked(&w, 0, "Accept: application/json\r\n"));
    tap_ok(site_was_asked(&w, 0, "\"page\":1"));
    tap_ok(site_was_asked(&w, 0, "\"limit\":1000"));
    tap_ok(site_was_asked(&w, 0, "\"to_ids\":1"));
    tap_ok(site_was_asked(&w, 0, "\"enforceWarninglist\":1"));
    tap_ok(site_was_asked(&w, 0, "\"type\":{\"OR\":[\"domain\"]}"));
    tap_ok(site_was_asked(&w, 0, "\"published\":0")); /* the operator's word holds */
    was_not_asked(&w, 0, "timestamp");
    tap_ok(site_was_asked(&w, 1, "\"page\":2"));
    char since[40];
    snprintf(since, sizeof since, "\"timestamp\":\"%d\"", SITE_NOW - 50);
    tap_ok(site_was_asked(&w, 2, since));
    snprintf(since, sizeof since, "\"timestamp\":\"%d\"", SITE_NOW + 10);
    tap_ok(site_was_asked(&w, 3, since));
    was_not_asked(&w, 4, "timestamp");
    site_serve_end(&w);

    tap_case("MISP: events end with an empty page");
    static const char *const events[] = {
        "{\"response\":[{\"Event\":{\"id\":\"1\",\"published\":true,\"Attribute\":[{\"uuid\":"
        "\"e1\","
        "\"type\":\"domain\",\"to_ids\":true,\"timestamp\":\"1795950000\","
        "\"value\":\"event.example\"}]}}]}",
        "{\"response\":[]}"};
    s.o.force = true;
    site_serve(&s, &w, f, "/events/restSearch", events, 2);
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->pages == 2 && has_domain(&s, "event.example") && !has_domain(&s, "m0.example"));
    site_serve_end(&w);

    tap_case("MISP: a body that is none");
    f->body = STR("[1]");
    site_outcome(site_run(&s), UPDATE_FAILED, "body");
    site_end(&s);
}

/* ---- "{since}" ---- */

static void test_since(void)
{
    static const char *const answers[] = {
        "[{\"ioc\":\"one.example\",\"seen\":\"2026-11-20 10:00:00\"}]",
        "[{\"ioc\":\"two.example\",\"seen\":\"2026-11-21 10:00:00\"}]", "[]"};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    struct feed *f = site_feed(&s, "since", FEED_JSON, "");
    f->columns[COLUMN_VALUE] = STR("ioc");
    f->columns[COLUMN_FIRST_SEEN] = STR("seen");
    f->kind = INDICATOR_DOMAIN;
    f->body = STR("{\"since\": {since}, \"a\": \"{key}\"}");
    site_serve(&s, &w, f, "/iocs", answers, ARRAY_LEN(answers));
    tap_case("since: everything, then news");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    s.o.now_s += 3600;
    u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->added == 1 && u->kept == 1 && has_domain(&s, "one.example") &&
           has_domain(&s, "two.example"));
    s.o.now_s += 3600;
    u = site_run(&s);
    tap_ok(u->entries == 2 && u->failures == 0);
    script_stop(w.server);
    tap_ok(site_was_asked(&w, 0, "POST /iocs HTTP"));
    tap_ok(site_was_asked(&w, 0, "{\"since\": 0, "));
    was_not_asked(&w, 1, "{\"since\": 0, ");
    site_serve_end(&w);
    site_end(&s);
}

/* ---- entries that end ---- */

static void test_expiry(void)
{
    static const char *const answers[] = {"value,seen,until\n"
                                          "old.example,2026-11-01 00:00:00,\n"
                                          "new.example,2026-11-28 00:00:00,\n"
                                          "ends.example,2026-11-28 00:00:00,2026-11-29 23:00:00\n"};
    struct site s;
    struct site_server w;
    site_begin(&s, sandbox);
    s.o.now_s = civil_to_unix(2026, 11, 29, 14, 0, 0);
    struct feed *f = site_feed(&s, "expiry", FEED_CSV, "");
    f->kind = INDICATOR_DOMAIN;
    f->columns[COLUMN_VALUE] = STR("value");
    f->columns[COLUMN_FIRST_SEEN] = STR("seen");
    f->columns[COLUMN_VALID_UNTIL] = STR("until");
    f->expire_s = 10 * 86400;
    site_serve(&s, &w, f, "/csv", answers, 1);
    tap_case("expiry: what is too old now");
    const struct update_feed *u = site_run(&s);
    site_outcome(u, UPDATE_CHANGED, NULL);
    tap_ok(u->entries == 2 && !has_domain(&s, "old.example") && has_domain(&s, "new.example") &&
           has_domain(&s, "ends.example"));
    script_stop(w.server);
    tap_case("expiry: of a copy that is kept while its feed fails");
    s.o.now_s += 86400;
    u = site_run(&s);
    site_outcome(u, UPDATE_FAILED, NULL);
    s.allow[s.config.n_allow++] = STR("unrelated.example"); /* so that the store is built */
    u = site_run(&s);
    tap_ok(u->entries == 1 && u->expired == 1 && has_domain(&s, "new.example") &&
           !has_domain(&s, "ends.example"));
    s.o.now_s += 20 * 86400;
    s.allow[s.config.n_allow++] = STR("another.example");
    u = site_run(&s);
    tap_ok(u->entries == 0 && u->expired == 2 && u->stale);
    site_serve_end(&w);
    site_end(&s);
}

int main(int argc, char **argv)
{
    int code = kit_worker_main(argc, argv);
    if (code >= 0)
        return code;
    sandbox = kit_sandbox(NULL, 0);
    test_taxii_pages();
    test_taxii_news();
    test_taxii_broken();
    test_misp();
    test_since();
    test_expiry();
    sandbox_free(sandbox);
    return tap_done();
}
