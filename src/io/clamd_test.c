/* The client of clamd against a server that does what each item tells it to do. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "io/clamd_internal.h"
#include "io/clamd_test_kit.h"
#include "tests/tap.h"

enum { ITEMS_MAX = 100, LONG_MS = 20000, SHORT_MS = 300, BIG_BYTES = 8 << 20 };

struct place {
    struct fake_clamd fake;
    struct clamd *client;
};

static struct clamd *client_of(const struct clamd_config *config)
{
    struct clamd *c = NULL;
    struct mp_err err = {0};
    if (clamd_new(config, &c, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return c;
}

static void begin(struct place *at, struct fake *fake, const char *path)
{
    const char *addresses[1] = {at->fake.address};
    fake_serve(&at->fake, fake, NULL, path);
    at->client = client_of(&(struct clamd_config){.addresses = addresses, .n_addresses = 1});
}

static void end(struct place *at)
{
    clamd_free(at->client);
    script_free(at->fake.server);
}

/* How many there were in all: the end of both is waited for, so that the last one is counted. */
static size_t connections(struct place *at)
{
    clamd_free(at->client);
    at->client = NULL;
    script_stop(at->fake.server);
    return script_connections(at->fake.server);
}

static int64_t in_ms(int64_t ms)
{
    return clock_mono_us() + ms * 1000;
}

static struct clamd_item item_of(struct str bytes)
{
    struct clamd_item item = {.bytes = bytes, .has_sha256 = true};
    if (!digest_once(DIGEST_SHA256, bytes, item.sha256))
        abort();
    return item;
}

static struct clamd_answer scan_one(struct clamd *c, const char *text, int64_t ms)
{
    struct clamd_item item = item_of(str_from(text));
    struct clamd_answer a;
    clamd_scan(c, &item, 1, in_ms(ms), &a);
    return a;
}

static const char *big_text(void)
{
    static char text[BIG_BYTES + 1];
    memset(text, 'a', BIG_BYTES);
    memcpy(text, "=OK", 3);
    return text;
}

/* ---- one session ---- */

struct want {
    const char *item;
    enum clamd_verdict verdict;
    const char *text;
};

static void check(const struct want *want, const struct clamd_answer *a)
{
    tap_cstr(clamd_verdict_name(a->verdict), clamd_verdict_name(want->verdict));
    if (want->text != NULL)
        tap_cstr(a->text, want->text);
}

static const struct {
    const char *label;
    struct fake fake;
    size_t connections;
    struct want want[5];
} sessions[] = {
    {"one item", {0}, 1, {{"=OK", CLAMD_CLEAN, ""}}},
    {"nothing in it", {0}, 1, {{"", CLAMD_CLEAN, ""}}},
    {"clean and found",
     {0},
     1,
     {{"=OK", CLAMD_CLEAN, ""},
      {"=Own.Bad FOUND", CLAMD_FOUND, "Own.Bad"},
      {"=OK", CLAMD_CLEAN, ""}}},
    {"in one piece, the last first",
     {.hold = 4},
     1,
     {{"=A FOUND", CLAMD_FOUND, "A"},
      {"=B FOUND", CLAMD_FOUND, "B"},
      {"=OK", CLAMD_CLEAN, ""},
      {"=D FOUND", CLAMD_FOUND, "D"}}},
    {"octet by octet",
     {.in_octets = true},
     1,
     {{"=A FOUND", CLAMD_FOUND, "A"}, {"=OK", CLAMD_CLEAN, ""}, {"=C FOUND", CLAMD_FOUND, "C"}}},
    {"an error is asked again, and stays one",
     {0},
     2,
     {{"=OK", CLAMD_CLEAN, ""},
      {"=Can't allocate memory ERROR", CLAMD_ERROR, "Can't allocate memory ERROR"}}},
    {"words that are no answer", {0}, 2, {{"=FINE", CLAMD_ERROR, "FINE"}}},
    {"an error without id, of one item",
     {0},
     2,
     {{"!COMMAND READ TIMED OUT", CLAMD_ERROR, "COMMAND READ TIMED OUT"}}},
    {"closed before the answer", {0}, 2, {{"~", CLAMD_UNAVAILABLE, NULL}}},
    {"closed: what was answered stays",
     {0},
     2,
     {{"=A FOUND", CLAMD_FOUND, "A"}, {"~", CLAMD_UNAVAILABLE, NULL}}},
    {"an id that was not asked", {0}, 2, {{"+", CLAMD_ERROR, NULL}}},
    {"an answer that does not end", {0}, 2, {{"#", CLAMD_ERROR, NULL}}},
    {"no answer", {0}, 1, {{"=OK", CLAMD_CLEAN, ""}, {"_", CLAMD_TIMEOUT, NULL}}},
    {"over the limit: the others are sent again, and lose nothing",
     {.limit = 20},
     3,
     {{"=OK", CLAMD_CLEAN, ""},
      {"=but this is longer than it takes", CLAMD_LIMIT, "INSTREAM size limit exceeded. ERROR"},
      {"=B FOUND", CLAMD_FOUND, "B"},
      {"=and this is a little longer than that", CLAMD_LIMIT,
       "as long as a stream that was refused"}}},
};

static void test_sessions(void)
{
    for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
        struct fake fake = sessions[i].fake;
        struct place at = {.client = NULL};
        struct clamd_item items[5];
        struct clamd_answer answers[5];
        size_t n = 0;
        bool is_silent = false;
        for (; n < 5 && sessions[i].want[n].item != NULL; n++) {
            items[n] = item_of(str_from(sessions[i].want[n].item));
            is_silent = is_silent || sessions[i].want[n].verdict == CLAMD_TIMEOUT;
        }
        begin(&at, &fake, NULL);
        clamd_scan(at.client, items, n, in_ms(is_silent ? SHORT_MS : LONG_MS), answers);
        tap_case("session: %s", sessions[i].label);
        for (size_t k = 0; k < n; k++)
            check(&sessions[i].want[k], &answers[k]);
        if (strstr(sessions[i].label, "over the limit") == NULL)
            tap_int(connections(&at), sessions[i].connections);
        end(&at);
    }
}

/* clamd refuses while we still send: its words are read all the same. */
static void test_refused_while_sending(const char *path)
{
    struct fake fake = {.limit = 1000};
    struct place at = {.client = NULL};
    begin(&at, &fake, path);
    at.client->no_file_passing = true;
    struct clamd_answer a = scan_one(at.client, big_text(), LONG_MS);
    tap_case("refused while we send, by %s", path != NULL ? "a unix socket" : "TCP");
    tap_cstr(clamd_verdict_name(a.verdict), "limit");
    tap_int(connections(&at), 1);
    end(&at);
}

static void test_early_answer(void)
{
    struct fake fake = {.early = 1000};
    struct place at = {.client = NULL};
    begin(&at, &fake, NULL);
    struct clamd_answer a = scan_one(at.client, big_text(), LONG_MS);
    tap_case("called clean before it was read");
    tap_cstr(clamd_verdict_name(a.verdict), "error");
    end(&at);
}

static void test_many(void)
{
    struct fake fake = {0};
    struct place at = {.client = NULL};
    struct clamd_item items[ITEMS_MAX];
    struct clamd_answer answers[ITEMS_MAX];
    char names[ITEMS_MAX][32];
    size_t right = 0;
    begin(&at, &fake, NULL);
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        snprintf(names[i], sizeof names[i], i % 3 == 0 ? "=Bad.%zu FOUND" : "=OK", i);
        items[i] = item_of(str_from(names[i]));
        items[i].has_sha256 = false;
    }
    for (int round = 0; round < 2; round++) {
        clamd_scan(at.client, items, ITEMS_MAX, in_ms(LONG_MS), answers);
        for (size_t i = 0; i < ITEMS_MAX; i++) {
            snprintf(names[0], sizeof names[0], "Bad.%zu", i);
            right += i % 3 == 0 ? answers[i].verdict == CLAMD_FOUND &&
                                      strcmp(answers[i].text, names[0]) == 0
                                : answers[i].verdict == CLAMD_CLEAN;
        }
        snprintf(names[0], sizeof names[0], "=Bad.0 FOUND");
    }
    tap_case("%d items, twice, in one session that is kept", ITEMS_MAX);
    tap_int(right, 2 * ITEMS_MAX);
    tap_int(connections(&at), 1);
    end(&at);
}

/* ---- files ---- */

static void test_files(void)
{
    static const struct {
        const char *label;
        struct fake fake;
        size_t connections, streams;
    } files[] = {
        {"a descriptor", {0}, 1, 0},
        {"descriptors are refused: streams from then on", {.refuses_files = true}, 2, 2},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct fake fake = files[i].fake;
        struct place at = {.client = NULL};
        char path[100];
        size_t streams = 0;
        snprintf(path, sizeof path, "/tmp/mailproof-clamd-test-%d", (int)getpid());
        begin(&at, &fake, path);
        tap_case("unix socket: %s", files[i].label);
        tap_cstr(clamd_verdict_name(scan_one(at.client, "=OK", LONG_MS).verdict), "clean");
        tap_cstr(clamd_verdict_name(scan_one(at.client, "=OK ", LONG_MS).verdict),
                 files[i].streams > 0 ? "error" : "clean");
        size_t n = connections(&at);
        for (size_t k = 0; k < n; k++) {
            struct str heard = script_log(at.fake.server, k)->received;
            for (size_t from; (from = str_search(heard, STR("zINSTREAM"))) < heard.n; streams++)
                heard = str_slice(heard, from + 9, heard.n);
        }
        tap_ok(files[i].streams > 0 ? streams >= files[i].streams : streams == 0);
        end(&at);
    }
}

/* ---- addresses ---- */

/* A port where nothing listens: one that was free a moment ago. */
static void dead_address(char *out, size_t room)
{
    static const struct script_step steps[] = {SCRIPT_END};
    struct script_server *s = script_play(steps);
    snprintf(out, room, "127.0.0.1:%u", script_port(s));
    script_free(s);
}

static void test_one_dead(void)
{
    struct fake fake = {0};
    struct place at = {.client = NULL};
    char dead[64];
    size_t clean = 0;
    dead_address(dead, sizeof dead);
    fake_serve(&at.fake, &fake, NULL, NULL);
    const char *addresses[2] = {dead, at.fake.address};
    at.client = client_of(
        &(struct clamd_config){.addresses = addresses, .n_addresses = 2, .no_cache = true});
    for (int i = 0; i < 10; i++)
        clean += scan_one(at.client, "=OK", LONG_MS).verdict == CLAMD_CLEAN;
    tap_case("two addresses, one dead");
    tap_int(clean, 10);
    end(&at);
}

static void test_all_dead(void)
{
    char dead[64], gone[64];
    dead_address(dead, sizeof dead);
    dead_address(gone, sizeof gone);
    const char *addresses[2] = {dead, gone};
    for (size_t n = 1; n <= 2; n++) {
        struct clamd *c =
            client_of(&(struct clamd_config){.addresses = addresses, .n_addresses = n});
        struct clamd_answer a = scan_one(c, "=OK", LONG_MS);
        tap_case("%zu addresses, all dead", n);
        tap_cstr(clamd_verdict_name(a.verdict), "unavailable");
        tap_ok(str_search(str_from(a.text), STR("refused")) < strlen(a.text));
        clamd_free(c);
    }
}

/* The first to be asked hangs; half of the time is left for the other. */
static void test_one_hangs(void)
{
    static const struct script_step silent[] = {SCRIPT_STALL, SCRIPT_CLOSE};
    struct fake fake = {0};
    struct place at = {.client = NULL};
    char hangs[64];
    struct script_server *deaf = script_play(silent);
    snprintf(hangs, sizeof hangs, "127.0.0.1:%u", script_port(deaf));
    fake_serve(&at.fake, &fake, NULL, NULL);
    const char *addresses[2] = {hangs, at.fake.address};
    at.client = client_of(&(struct clamd_config){.addresses = addresses, .n_addresses = 2});
    tap_case("two addresses, one hangs");
    tap_cstr(clamd_verdict_name(scan_one(at.client, "=A FOUND", 2000).verdict), "found");
    end(&at);
    script_stop(deaf);
    tap_int(script_connections(deaf), 1);
    script_free(deaf);
}

static void test_ipv6(void)
{
    struct fake fake = {0};
    struct place at = {.client = NULL};
    fake_serve(&at.fake, &fake, "::1", NULL);
    tap_case("an IPv6 address");
    if (at.fake.server == NULL) {
        tap_skip("no IPv6 here");
        return;
    }
    const char *addresses[1] = {at.fake.address};
    at.client = client_of(&(struct clamd_config){.addresses = addresses, .n_addresses = 1});
    tap_cstr(clamd_verdict_name(scan_one(at.client, "=A FOUND", LONG_MS).verdict), "found");
    end(&at);
}

static void test_config(void)
{
    const char *good = "127.0.0.1:3310", *many[CLAMD_MAX_ADDRESSES + 1], *bad[2] = {good, "clamd"};
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = good;
    const struct {
        const char *label;
        struct clamd_config config;
        const char *says;
    } rows[] = {
        {"no address", {.addresses = many, .n_addresses = 0}, "1 to 8"},
        {"too many", {.addresses = many, .n_addresses = CLAMD_MAX_ADDRESSES + 1}, "1 to 8"},
        {"one is none", {.addresses = bad, .n_addresses = 2}, "clamd: it has no port"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct clamd *c = NULL;
        struct mp_err err = {0};
        tap_case("addresses: %s", rows[i].label);
        tap_int(clamd_new(&rows[i].config, &c, &err), MP_E_USAGE);
        tap_ok(c == NULL &&
               str_search(str_from(err.text), str_from(rows[i].says)) < strlen(err.text));
    }
}

/* ---- the cache ---- */

static void test_cache(void)
{
    static const struct {
        const char *label, *version, *item;
        bool has_sha256, new_version, is_cached;
    } rows[] = {
        {"clean", FAKE_DATED, "=OK", true, false, true},
        {"found", FAKE_DATED, "=A FOUND", true, false, true},
        {"an error is not kept", FAKE_DATED, "=x ERROR", true, false, false},
        {"without SHA-256", FAKE_DATED, "=OK", false, false, false},
        {"new databases", FAKE_DATED, "=OK", true, true, false},
        {"databases without a version", "ClamAV 1.4.6", "=OK", true, false, false},
        {"a version that is none", "what?", "=OK", true, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = {.version = rows[i].version};
        struct place at = {.client = NULL};
        struct clamd_item item = item_of(str_from(rows[i].item));
        struct clamd_answer first, second;
        item.has_sha256 = rows[i].has_sha256;
        begin(&at, &fake, NULL);
        clamd_scan(at.client, &item, 1, in_ms(LONG_MS), &first);
        if (rows[i].new_version)
            snprintf(at.client->peers[0].version, CLAMD_TEXT_MAX, "ClamAV 1.4.6/27124/x");
        clamd_scan(at.client, &item, 1, in_ms(LONG_MS), &second);
        tap_case("cache: %s", rows[i].label);
        tap_ok(!first.is_cached);
        tap_int(second.is_cached, rows[i].is_cached);
        tap_int(second.verdict, first.verdict);
        tap_cstr(second.text, first.text);
        end(&at);
    }
}

static void test_cache_bounds(void)
{
    enum { PLACES = 16 };
    struct clamd_cache *c = clamd_cache_new(PLACES);
    struct clamd_answer found = {.verdict = CLAMD_FOUND, .text = "Own.Bad"}, out;
    unsigned char sha256[32] = {0};
    size_t kept = 0;
    for (unsigned i = 0; i < 200; i++) {
        sha256[0] = (unsigned char)i;
        clamd_cache_put(c, sha256, STR("v1"), (int64_t)i, &found);
    }
    for (unsigned i = 0; i < 200; i++) {
        sha256[0] = (unsigned char)i;
        kept += clamd_cache_get(c, sha256, STR("v1"), 200, &out);
    }
    tap_case("cache: bounded, the newest stay");
    tap_ok(kept > 0 && kept <= PLACES);
    tap_ok(clamd_cache_get(c, sha256, STR("v1"), 200, &out) && out.is_cached);
    tap_cstr(out.text, "Own.Bad");
    tap_case("cache: one hour, one version");
    tap_ok(clamd_cache_get(c, sha256, STR("v1"), 199 + CLAMD_CACHE_S - 1, &out));
    tap_ok(!clamd_cache_get(c, sha256, STR("v1"), 199 + CLAMD_CACHE_S, &out));
    tap_ok(!clamd_cache_get(c, sha256, STR("v2"), 200, &out));
    clamd_cache_free(c);
}

/* ---- threads ---- */

enum { THREADS = 4, SCANS = 40 };

static void *scan_often(void *ctx)
{
    struct clamd *c = ctx;
    size_t right = 0;
    for (int i = 0; i < SCANS; i++) {
        char texts[3][32] = {"=OK", "=Bad FOUND", ""};
        struct clamd_item items[3];
        struct clamd_answer a[3];
        snprintf(texts[2], sizeof texts[2], "=Bad.%d FOUND", i);
        for (size_t k = 0; k < 3; k++)
            items[k] = item_of(str_from(texts[k]));
        clamd_scan(c, items, 3, in_ms(LONG_MS), a);
        right += a[0].verdict == CLAMD_CLEAN && a[1].verdict == CLAMD_FOUND &&
                 a[2].verdict == CLAMD_FOUND && strncmp(a[2].text, texts[2] + 1, 5) == 0;
    }
    return right == SCANS ? c : NULL;
}

static void test_threads(void)
{
    struct fake fake = {.hold = 0};
    struct place at = {.client = NULL};
    pthread_t threads[THREADS];
    size_t right = 0;
    begin(&at, &fake, NULL);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, scan_often, at.client) != 0)
            abort();
    for (size_t i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        right += result != NULL;
    }
    tap_case("%d threads", THREADS);
    tap_int(right, THREADS);
    tap_ok(connections(&at) <= THREADS);
    end(&at);
}

/* ---- how it does ---- */

#define IDLE_STATS                                                                                 \
    "POOLS: 1\n\nSTATE: VALID PRIMARY\nTHREADS: live 1  idle 0 max 10 idle-timeout 30\n"           \
    "QUEUE: 4 items\n\nEND"

static void test_status(void)
{
    static const struct {
        const char *label;
        struct fake fake;
        int status;
        bool has_stats;
    } rows[] = {
        {"all is well", {.ping = "PONG", .stats = IDLE_STATS}, MP_OK, true},
        {"stats that are none", {.ping = "PONG", .stats = "UNKNOWN COMMAND"}, MP_OK, false},
        {"no pong", {.ping = "PING", .stats = IDLE_STATS}, MP_E_SYNTAX, false},
        {"no version", {.ping = "PONG", .version = "Sendmail", .stats = ""}, MP_E_SYNTAX, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = rows[i].fake;
        struct place at = {.client = NULL};
        struct clamd_status s = {.has_stats = false};
        struct mp_err err = {0};
        begin(&at, &fake, NULL);
        tap_case("status: %s", rows[i].label);
        tap_int(clamd_status(at.client, 0, in_ms(LONG_MS), &s, &err), rows[i].status);
        tap_int(s.has_stats, rows[i].has_stats);
        if (rows[i].has_stats) {
            tap_int(s.version.database, 27123);
            tap_int(s.stats.queued, 4);
            tap_int(s.stats.threads_max, 10);
        }
        tap_int(clamd_addresses(at.client), 1);
        tap_cstr(clamd_address(at.client, 0), at.fake.address);
        end(&at);
    }
}

static void test_limits(void)
{
    static const struct {
        const char *says;
        enum clamd_limits want;
    } rows[] = {
        {"Heuristics.Limits.Exceeded.MaxRecursion FOUND", CLAMD_LIMITS_TOLD},
        {"OK", CLAMD_LIMITS_SILENT},
        {"Own.Bad FOUND", CLAMD_LIMITS_UNKNOWN},
        {"Can't allocate memory ERROR", CLAMD_LIMITS_UNKNOWN},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake fake = {.nested = rows[i].says};
        struct place at = {.client = NULL};
        enum clamd_limits limits = CLAMD_LIMITS_UNKNOWN;
        char text[CLAMD_TEXT_MAX];
        struct mp_err err = {0};
        begin(&at, &fake, NULL);
        tap_case("limits: %s", rows[i].says);
        tap_int(clamd_limits(at.client, 0, in_ms(LONG_MS), &limits, text, &err), MP_OK);
        tap_int(limits, rows[i].want);
        end(&at);
    }
}

int main(void)
{
    char path[100];
    snprintf(path, sizeof path, "/tmp/mailproof-clamd-test-%d", (int)getpid());
    test_sessions();
    test_refused_while_sending(NULL);
    test_refused_while_sending(path);
    test_early_answer();
    test_many();
    test_files();
    test_one_dead();
    test_all_dead();
    test_one_hangs();
    test_ipv6();
    test_config();
    test_cache();
    test_cache_bounds();
    test_threads();
    test_status();
    test_limits();
    return tap_done();
}
