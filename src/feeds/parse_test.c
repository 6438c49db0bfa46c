/* Feeds read in a worker: what comes back, and what a feed or its worker can do to us: nothing. */
#include "feeds/parse.h"

#include <pthread.h>

#include "feeds/feed_worker_test_kit.h"
#include "feeds/unpack_test_kit.h"
#include "tests/tap.h"

enum { ARENA_BYTES = 256 << 20, NOW = 1795960000, LONG_S = 100, MANY = 200000, THREADS = 4 };

static const struct feed plain = {.name = STR_INIT("plain"),
                                  .format = FEED_PLAIN,
                                  .kind = INDICATOR_URL,
                                  .max_bytes = 32 << 20,
                                  .confidence = 80};

static int64_t later(void)
{
    return clock_mono_us() + LONG_S * 1000000LL;
}

static struct feed_parsed parse(struct arena *arena, struct sandbox *sb, const struct feed *feed,
                                struct str bytes)
{
    struct feed_parsed out = {.verdict = FEED_LOST};
    struct mp_err err = {0};
    if (!tap_int(feed_parse(arena, sb, feed, bytes, NOW, later(), &out, &err), MP_OK))
        tap_note("%s", err.text);
    tap_ok((out.reason.n > 0) == (out.verdict != FEED_PARSED));
    return out;
}

static void check(const struct feed_parsed *p, enum feed_verdict verdict, uint64_t entries)
{
    if (!tap_int(p->verdict, verdict) || verdict != FEED_PARSED) {
        tap_note(STR_FMT, STR_ARG(p->reason));
        tap_ok(p->packed.n == 0);
        return;
    }
    tap_int(p->page.counts.entries, entries);
    struct str left = p->packed;
    struct indicator i;
    uint64_t n = 0;
    while (left.n > 0 && tap_int(indicator_unpack(&left, &i, NULL), MP_OK))
        n++;
    tap_int(n, entries);
}

static const struct str two_lines =
    STR_INIT("# a comment\nhttp://bad.test/a\nhttps://worse.test/b?c\n");

static void test_honest(struct sandbox *sb)
{
    struct arena arena = {0};
    struct feed_parsed p;
    struct feed stix = plain, small = plain;
    stix.format = FEED_STIX;
    small.max_bytes = 20;
    arena_init(&arena, ARENA_BYTES);

    tap_case("honest: a plain list");
    p = parse(&arena, sb, &plain, two_lines);
    check(&p, FEED_PARSED, 2);
    tap_case("honest: an empty one");
    p = parse(&arena, sb, &plain, STR(""));
    check(&p, FEED_PARSED, 0);
    tap_case("honest: lines that are none");
    p = parse(&arena, sb, &plain, STR("http://bad.test/a\n<html>\n"));
    check(&p, FEED_PARSED, 1);
    tap_ok(p.page.counts.refused == 1 && p.page.why.n > 0);
    tap_case("honest: not of its format");
    p = parse(&arena, sb, &stix, STR("<html>Sorry</html>"));
    check(&p, FEED_BROKEN, 0);

    for (int how = 0; how < PACK_COUNT; how++) {
        struct buf packed =
            pack_files((enum pack)how, &(struct pack_file){STR("feed.csv"), two_lines}, 1);
        tap_case("packed: way %d", how);
        p = parse(&arena, sb, &plain, buf_str(&packed));
        check(&p, FEED_PARSED, 2);
        tap_case("packed: way %d, more than the feed may have", how);
        p = parse(&arena, sb, &small, buf_str(&packed));
        check(&p, FEED_TOO_LARGE, 0);
        tap_case("packed: way %d, cut", how);
        p = parse(&arena, sb, &plain, str_make(packed.p, packed.n / 2));
        check(&p, FEED_BROKEN, 0);
        buf_clear(&packed);
    }
    arena_clear(&arena);
}

/* All formats, and what makes libraries load something: nothing may be loaded in a worker. */
static void test_formats(struct sandbox *sb)
{
    static const struct {
        enum feed_format format;
        enum indicator_kind kind;
        const char *text;
        uint64_t entries;
    } rows[] = {
        {FEED_PLAIN, INDICATOR_KIND_COUNT,
         "\xef\xbb\xbfhxxp://b\xc3\xbc"
         "cher[.]example/\xc3\xa4?x=%FF\n"
         "0.0.0.0 bad.example\n203.0.113.0/24 ; SBL1\n2001:db8::/32\nMe@\xce\xb1.example\n",
         5},
        {FEED_PLAIN, INDICATOR_DOMAIN,
         "a.co.uk\nx.\xd7\x90\xd7\x91.example\nxn--bcher-kva.example\n\xff\xfe.example\n", 3},
        {FEED_CSV, INDICATOR_DOMAIN, "# id,value\n\"1\",\"a.example\"\n", 1},
        {FEED_JSON, INDICATOR_DOMAIN, "{\"value\":\"a.example\"}\n{\"value\":\"b.example\"}\n", 2},
        {FEED_JSON, INDICATOR_IP,
         "{\"data\":[{\"value\":\"192.0.2.1\",\"x\":1e300},{\"value\":\"\\u0031.2.3.4\"}]}", 2},
        {FEED_STIX, INDICATOR_KIND_COUNT,
         "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern_type\":\"stix\","
         "\"pattern\":\"[url:value = 'http://a.example/'] OR [ipv4-addr:value = "
         "'192.0.2.1/32']\"}]}",
         2},
        {FEED_MISP, INDICATOR_KIND_COUNT,
         "{\"response\":{\"Attribute\":[{\"type\":\"domain|ip\",\"to_ids\":true,"
         "\"timestamp\":\"1764424366\",\"value\":\"a.example|192.0.2.1\"}]}}",
         2},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct feed feed = plain;
        feed.format = rows[i].format;
        feed.kind = rows[i].kind;
        feed.columns[COLUMN_VALUE] = STR("value");
        arena_init(&arena, ARENA_BYTES);
        tap_case("format: %zu, %s", i, feed_format_name(rows[i].format));
        struct feed_parsed p = parse(&arena, sb, &feed, str_from(rows[i].text));
        check(&p, FEED_PARSED, rows[i].entries);
        if (p.page.why.n > 0)
            tap_note(STR_FMT, STR_ARG(p.page.why));
        arena_clear(&arena);
    }
}

static void test_many(struct sandbox *sb)
{
    struct arena arena = {0};
    struct buf text;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&text, 32 << 20);
    for (int i = 0; i < MANY; i++)
        buf_addf(&text, "http://host-%d.test/path/%d\n", i % 1000, i);
    tap_case("many: %d lines, packed", MANY);
    struct buf packed =
        pack_files(PACK_GZIP, &(struct pack_file){STR("feed.csv"), buf_str(&text)}, 1);
    struct feed_parsed p = parse(&arena, sb, &plain, buf_str(&packed));
    check(&p, FEED_PARSED, MANY);
    buf_clear(&packed);
    buf_clear(&text);
    arena_clear(&arena);
}

static void *parse_again(void *ctx)
{
    struct arena arena = {0};
    size_t *good = calloc(1, sizeof *good);
    arena_init(&arena, ARENA_BYTES);
    for (int i = 0; good != NULL && i < 10; i++) {
        struct feed_parsed out;
        *good += feed_parse(&arena, ctx, &plain, two_lines, NOW, later(), &out, NULL) == MP_OK &&
                 out.verdict == FEED_PARSED && out.page.counts.entries == 2;
    }
    arena_clear(&arena);
    return good;
}

static void test_threads(struct sandbox *sb)
{
    pthread_t threads[THREADS];
    tap_case("threads: several with one sandbox");
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, parse_again, sb) != 0)
            abort();
    for (int i = 0; i < THREADS; i++) {
        void *good = NULL;
        pthread_join(threads[i], &good);
        tap_ok(good != NULL && *(size_t *)good == 10);
        free(good);
    }
}

static void test_misdeeds(void)
{
    static const struct {
        const char *how;
        enum feed_verdict verdict;
    } rows[] = {
        {"crash", FEED_LOST},   {"hang", FEED_LOST},     {"memory", FEED_TOO_LARGE},
        {"nothing", FEED_LOST}, {"head", FEED_LOST},     {"garbage", FEED_LOST},
        {"count", FEED_LOST},   {"status", FEED_BROKEN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct sandbox *sb = kit_sandbox(rows[i].how, strcmp(rows[i].how, "hang") == 0 ? 300 : 0);
        arena_init(&arena, ARENA_BYTES);
        tap_case("worker: %s", rows[i].how);
        struct feed_parsed p = parse(&arena, sb, &plain, two_lines);
        check(&p, rows[i].verdict, 0);
        for (size_t k = 0; k < p.reason.n; k++)
            tap_ok((unsigned char)p.reason.p[k] >= 0x20);
        arena_clear(&arena);
        sandbox_free(sb);
    }
    static char none[] = "/nonexistent/program", *argv[] = {none, NULL};
    struct sandbox_config config = feed_sandbox_config(argv);
    struct sandbox *sb = NULL;
    struct arena arena = {0};
    config.path = none;
    arena_init(&arena, ARENA_BYTES);
    tap_case("worker: there is none");
    if (tap_int(sandbox_new(&config, &sb, NULL), MP_OK)) {
        struct feed_parsed p = parse(&arena, sb, &plain, two_lines);
        check(&p, FEED_NO_WORKER, 0);
        sandbox_free(sb);
    }
    arena_clear(&arena);
}

/* ---- the bytes in between ---- */

static void test_request(void)
{
    struct feed feed = {.name = STR("a-feed"),
                        .format = FEED_CSV,
                        .kind = INDICATOR_KIND_COUNT,
                        .columns = {[COLUMN_VALUE] = STR("3"), [COLUMN_TLP] = STR("data.tlp")},
                        .kinds = {{STR("ip:port"), INDICATOR_IP},
                                  {STR("domain"), INDICATOR_DOMAIN}},
                        .n_kinds = 2,
                        .separator = ';',
                        .expire_s = 86400,
                        .max_bytes = 12345,
                        .confidence = 77,
                        .min_confidence = 50,
                        .severity = SEV_CRITICAL,
                        .tlp = TLP_AMBER_STRICT,
                        .key = {.env = STR("SECRET_NAME")},
                        .url = STR("https://feed.test/{key}")},
                back;
    struct buf text;
    int64_t now_s = 0;
    size_t taken = 0;
    buf_init(&text, 1 << 16);
    feed_request_pack(&text, &feed, NOW);
    tap_case("request: comes back, without where the feed is and its key");
    tap_int(feed_request_unpack(buf_str(&text), &back, &now_s, NULL), MP_OK);
    tap_ok(now_s == NOW && back.format == FEED_CSV && back.kind == INDICATOR_KIND_COUNT &&
           back.n_kinds == 2 && back.kinds[0].kind == INDICATOR_IP && back.separator == ';' &&
           back.expire_s == 86400 && back.max_bytes == 12345 && back.confidence == 77 &&
           back.min_confidence == 50 && back.severity == SEV_CRITICAL &&
           back.tlp == TLP_AMBER_STRICT);
    tap_str(back.name, feed.name);
    tap_str(back.columns[COLUMN_VALUE], STR("3"));
    tap_str(back.columns[COLUMN_TLP], STR("data.tlp"));
    tap_str(back.kinds[0].word, STR("ip:port"));
    tap_ok(str_search(buf_str(&text), STR("SECRET_NAME")) == text.n &&
           str_search(buf_str(&text), STR("feed.test")) == text.n);
    tap_case("request: cut anywhere, and longer");
    for (size_t n = 0; n < text.n; n++)
        taken += feed_request_unpack(str_make(text.p, n), &back, &now_s, NULL) == MP_OK;
    buf_addc(&text, 'x');
    taken += feed_request_unpack(buf_str(&text), &back, &now_s, NULL) == MP_OK;
    tap_int(taken, 0);
    buf_clear(&text);
}

static void test_head(void)
{
    struct feed_head head = {.status = MP_E_LIMIT,
                             .reason = STR("too many"),
                             .page = {.counts = {.entries = 1, .refused = 2},
                                      .why = STR("line 2: no"),
                                      .more = true,
                                      .next = STR("n1"),
                                      .newest_s = 5}},
                     back;
    struct buf text;
    size_t taken = 0;
    buf_init(&text, 1 << 16);
    feed_head_pack(&text, &head);
    tap_case("answer: comes back");
    tap_int(feed_head_unpack(buf_str(&text), &back, NULL), MP_OK);
    tap_ok(back.status == MP_E_LIMIT && back.page.counts.refused == 2 && back.page.more &&
           back.page.newest_s == 5);
    tap_str(back.reason, head.reason);
    tap_str(back.page.next, head.page.next);
    tap_case("answer: cut anywhere, and longer");
    for (size_t n = 0; n < text.n; n++)
        taken += feed_head_unpack(str_make(text.p, n), &back, NULL) == MP_OK;
    buf_addc(&text, 'x');
    taken += feed_head_unpack(buf_str(&text), &back, NULL) == MP_OK;
    tap_int(taken, 0);
    buf_clear(&text);
}

int main(int argc, char **argv)
{
    int code = kit_worker_main(argc, argv);
    if (code >= 0)
        return code;
    struct sandbox *sb = kit_sandbox(NULL, 0);
    test_honest(sb);
    test_formats(sb);
    test_many(sb);
    test_threads(sb);
    sandbox_free(sb);
    test_misdeeds();
    test_request();
    test_head();
    return tap_done();
}
