/* The state of a feed between runs: what comes back, what counts as none, and a process that is
 * killed at any moment. */
#include "feeds/state_internal.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tap.h"

enum { ARENA_BYTES = 16 << 20, NOW = 1795960000, KILLS = 60 };

static struct arena arena;
static char base[64], dir[80];
static const struct str name = STR_INIT("openphish");

static void make_place(void)
{
    snprintf(base, sizeof base, "/tmp/mailproof-state-XXXXXX");
    if (mkdtemp(base) == NULL)
        abort();
    snprintf(dir, sizeof dir, "%s/feeds", base);
}

/* How many files end so; all are taken away when `clears`. */
static size_t files(const char *end, bool clears)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[400];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n += str_ends(str_from(e->d_name), str_from(end));
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (clears)
            unlink(path);
    }
    if (d != NULL)
        closedir(d);
    return n;
}

static struct feed_state some_state(void)
{
    return (struct feed_state){.definition = STR("d1"),
                               .etag = STR("W/\"1\""),
                               .last_modified = STR("Sun, 29 Nov 2026 10:00:00 GMT"),
                               .cursor = STR("2026-11-29T10:00:00Z"),
                               .source = STR("s1"),
                               .reason = STR("feed.test: no connection"),
                               .checked_s = NOW,
                               .success_s = NOW - 1,
                               .whole_s = NOW - 2,
                               .next_s = NOW + 60,
                               .failures = 3,
                               .outcome = 4,
                               .entries = 5};
}

static struct feed_state load(void)
{
    struct feed_state s = {.checked_s = -1};
    struct mp_err err = {0};
    if (!tap_int(feed_state_load(&arena, dir, name, &s, &err), MP_OK))
        tap_note("%s", err.text);
    return s;
}

static void save(struct feed_state *s, const struct str *packed)
{
    struct mp_err err = {0};
    if (!tap_int(feed_state_save(&arena, dir, name, s, packed, &err), MP_OK))
        tap_note("%s", err.text);
}

static bool copy_is(const struct feed_state *s, struct str want)
{
    struct feed_copy copy = {.map = NULL};
    bool ok = feed_copy_open(dir, name, s, &copy) && str_eq(copy.packed, want);
    feed_copy_close(&copy);
    return ok;
}

static void test_round_trip(void)
{
    struct feed_state s = some_state(), back;
    const struct str one = STR("entries of one"), two = STR("and of two"), none = STR("");
    tap_case("nothing is there");
    back = load();
    tap_ok(back.checked_s == 0 && back.copy.n == 0 && !copy_is(&back, none));

    tap_case("a state and its copy");
    save(&s, &one);
    back = load();
    tap_str(back.definition, s.definition);
    tap_str(back.etag, s.etag);
    tap_str(back.last_modified, s.last_modified);
    tap_str(back.cursor, s.cursor);
    tap_str(back.source, s.source);
    tap_str(back.reason, s.reason);
    tap_ok(back.checked_s == s.checked_s && back.success_s == s.success_s &&
           back.whole_s == s.whole_s && back.next_s == s.next_s && back.failures == 3 &&
           back.outcome == 4 && back.entries == 5 && back.copy_bytes == (int64_t)one.n);
    tap_ok(copy_is(&back, one));

    tap_case("the state alone: the copy stays");
    back.failures = 4;
    save(&back, NULL);
    back = load();
    tap_ok(back.failures == 4 && copy_is(&back, one));

    tap_case("another copy: the one before goes");
    save(&back, &two);
    back = load();
    tap_ok(copy_is(&back, two) && files(".entries", false) == 1);

    tap_case("an empty copy");
    save(&back, &none);
    back = load();
    tap_ok(copy_is(&back, none) && back.copy.n > 0);

    tap_case("what no line can hold");
    back.etag = STR("a\nreason: b");
    back.reason = STR("x\x01y");
    back.next_s = -5;
    save(&back, &one);
    back = load();
    tap_ok(back.etag.n == 0 && back.reason.n == 0 && back.next_s == 0 && copy_is(&back, one));
    files("", true);
}

static void test_damage(void)
{
    struct feed_state s = some_state(), got;
    struct buf text;
    size_t taken = 0;
    buf_init(&text, FEED_STATE_MAX_BYTES);
    feed_state_write(&text, name, &s);
    tap_case("damage: whole, it is read");
    tap_ok(feed_state_parse(buf_str(&text), name, &got));
    tap_case("damage: it is another feed's");
    tap_ok(!feed_state_parse(buf_str(&text), STR("urlhaus"), &got));
    tap_case("damage: cut anywhere");
    for (size_t n = 0; n < text.n; n++)
        taken += feed_state_parse(str_make(text.p, n), name, &got);
    tap_int(taken, 0);
    tap_case("damage: any bit turned");
    for (size_t bit = 0; bit < 8 * text.n; bit++) {
        text.p[bit / 8] ^= (char)(1 << bit % 8);
        taken += feed_state_parse(buf_str(&text), name, &got);
        text.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    tap_int(taken, 0);
    tap_case("damage: something behind it");
    buf_addc(&text, '\n');
    tap_ok(!feed_state_parse(buf_str(&text), name, &got));
    buf_clear(&text);

    const struct str one = STR("entries of one");
    char path[300];
    tap_case("damage: a copy that was changed, cut, or is not there");
    save(&s, &one);
    snprintf(path, sizeof path, "%s/openphish." STR_FMT ".entries", dir,
             STR_ARG(str_slice(s.copy, 0, 16)));
    FILE *f = fopen(path, "w");
    if (!tap_ok(f != NULL && fputs("entries of 0ne", f) >= 0 && fclose(f) == 0))
        return;
    tap_ok(!copy_is(&s, one) && !copy_is(&s, STR("entries of 0ne")));
    tap_ok(truncate(path, 3) == 0 && !copy_is(&s, one));
    tap_ok(unlink(path) == 0 && !copy_is(&s, one));
    files("", true);
}

static void test_place(void)
{
    struct feed_state s = some_state(), got;
    struct mp_err err = {0};
    const struct str one = STR("1");
    tap_case("place: names that would lead out of it");
    static const struct str bad[] = {STR_INIT("../x"), STR_INIT("a/b"), STR_INIT(""), STR_INIT("."),
                                     STR_INIT("a\0b")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        tap_int(feed_state_save(&arena, dir, bad[i], &s, &one, &err), MP_E_IO);
    tap_case("place: others may write there");
    tap_ok(chmod(dir, 0777) == 0);
    tap_int(feed_state_load(&arena, dir, name, &got, &err), MP_E_IO);
    tap_int(feed_state_save(&arena, dir, name, &s, &one, &err), MP_E_IO);
    tap_ok(chmod(dir, 0700) == 0);
    tap_case("place: what a killed run left is swept");
    char path[200];
    snprintf(path, sizeof path, "%s/.new-abcdef", dir);
    FILE *f = fopen(path, "w");
    tap_ok(f != NULL && fclose(f) == 0);
    feed_state_sweep(dir);
    tap_ok(access(path, F_OK) != 0);
    files("", true);
}

/* Copies that tell which they are, one behind the other without end. */
static void save_without_end(void)
{
    for (int64_t i = 1;; i++) {
        struct feed_state s = {.entries = i};
        struct mp_err err;
        char text[3000];
        int n = snprintf(text, sizeof text, "%lld %02500d", (long long)i, 0);
        struct str packed = str_make(text, (size_t)n);
        struct arena a = {0};
        arena_init(&a, ARENA_BYTES);
        if (feed_state_save(&a, dir, name, &s, &packed, &err) != MP_OK)
            _exit(1);
        arena_clear(&a);
    }
}

static void test_kill(void)
{
    unsigned good = 0, tried = 0;
    tap_case("kill -9 at any moment: state and copy belong together");
    for (int round = 0; round < KILLS; round++) {
        pid_t pid = fork();
        if (pid == 0)
            save_without_end();
        while (files(".state", false) == 0) /* it has begun */
            ;
        for (int i = 0; i < round * 997; i++)
            (void)getppid();
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        struct feed_state s = {.entries = 0};
        struct feed_copy copy = {.map = NULL};
        struct mp_err err;
        uint64_t told = 0;
        feed_state_sweep(dir);
        tried++;
        if (feed_state_load(&arena, dir, name, &s, &err) == MP_OK &&
            feed_copy_open(dir, name, &s, &copy)) {
            struct str left = copy.packed;
            good += str_to_u64(str_cut(&left, ' '), INT64_MAX, &told) && (int64_t)told == s.entries;
            feed_copy_close(&copy);
        }
        arena_reset(&arena);
        if (round % 2 == 0)
            files("", true);
    }
    tap_int(good, tried);
    files("", true);
}

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    make_place();
    test_round_trip();
    test_damage();
    test_place();
    test_kill();
    rmdir(dir);
    rmdir(base);
    arena_clear(&arena);
    return tap_done();
}
