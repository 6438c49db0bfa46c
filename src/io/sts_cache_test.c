/* The cache of MTA-STS policies: what comes back, what counts as none, who may write. */
#include "io/sts_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/sts_cache_internal.h"
#include "tests/tap.h"

enum { NOW = 1700000000, ARENA_BYTES = 4 << 20, ROUNDS = 200 };

static struct arena arena;
static char base[64], dir[80]; /* a place of our own; the cache within it */

static const struct sts_cached policy = {
    .id = STR_INIT("20240101T000000"),
    .body = STR_INIT("version: STSv1\r\nmode: enforce\r\nmx: mx.test\r\nmax_age: 86400\r\n"),
    .fetched_s = NOW,
    .max_age_s = 86400};

static void make_place(void)
{
    snprintf(base, sizeof base, "/tmp/mailproof-sts-XXXXXX");
    if (mkdtemp(base) == NULL)
        abort();
    snprintf(dir, sizeof dir, "%s/cache", base);
}

static size_t files_in(const char *path, bool unlink_them)
{
    size_t n = 0;
    DIR *d = opendir(path);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char name[512];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (unlink_them && unlink(name) != 0)
            rmdir(name);
    }
    if (d != NULL)
        closedir(d);
    return n;
}

static void leave_place(void)
{
    files_in(dir, true);
    rmdir(dir);
    files_in(base, true);
    rmdir(base);
}

static bool load(struct str domain, int64_t now_s, struct sts_cached *out)
{
    bool found = false;
    struct mp_err err = {0};
    if (!tap_int(sts_cache_load(&arena, dir, domain, now_s, out, &found, &err), MP_OK))
        tap_note("%s", err.text);
    return found;
}

static void check_same(const struct sts_cached *a, const struct sts_cached *b)
{
    tap_str(a->id, b->id);
    tap_str(a->body, b->body);
    tap_int(a->fetched_s, b->fetched_s);
    tap_int(a->max_age_s, b->max_age_s);
}

/* ---- round trip ---- */

static void test_round_trip(void)
{
    static const struct {
        const char *label;
        struct str store, load;
        bool found;
    } rows[] = {
        {"a domain", STR_INIT("a.test"), STR_INIT("a.test"), true},
        {"in another case", STR_INIT("B.Test"), STR_INIT("b.tEST"), true},
        {"another domain", STR_INIT("c.test"), STR_INIT("d.test"), false},
        {"a part of it", STR_INIT("e.f.test"), STR_INIT("f.test"), false},
        {"the longest",
         STR_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
                  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
                  "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc."
                  "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"),
         STR_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
                  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
                  "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc."
                  "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"),
         true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sts_cached got = {.fetched_s = -1};
        tap_case("kept: %s", rows[i].label);
        tap_ok(!load(rows[i].load, NOW, &got));
        tap_int(sts_cache_store(dir, rows[i].store, &policy, NULL), MP_OK);
        tap_int(load(rows[i].load, NOW, &got), rows[i].found);
        if (rows[i].found)
            check_same(&got, &policy);
        else
            tap_int(got.fetched_s, -1);
    }
    struct stat sb;
    tap_case("kept: for nobody else");
    tap_ok(stat(dir, &sb) == 0);
    tap_int(sb.st_mode & 0777, 0700);
    tap_int(files_in(dir, false), ARRAY_LEN(rows));
}

static void test_age(void)
{
    static const struct {
        const char *label;
        int64_t now_s;
        bool found;
    } rows[] = {
        {"at once", NOW, true},
        {"in its last second", NOW + 86399, true},
        {"when it ends", NOW + 86400, false},
        {"long after", INT64_MAX, false},
        {"before it was fetched", NOW - 1, false},
        {"before all time", INT64_MIN, false},
    };
    tap_int(sts_cache_store(dir, STR("age.test"), &policy, NULL), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sts_cached got;
        tap_case("age: %s", rows[i].label);
        tap_int(load(STR("age.test"), rows[i].now_s, &got), rows[i].found);
    }
}

static void test_bodies(void)
{
    char big[STS_CACHE_BODY_MAX];
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7);
    const struct {
        const char *label;
        struct str body;
    } rows[] = {{"empty", STR("")},
                {"with NUL and line ends", STR("a\0b\n\n\r\nmailproof-sts 1\n")},
                {"the largest", str_make(big, sizeof big)}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sts_cached e = policy, got = {.fetched_s = 0};
        e.body = rows[i].body;
        tap_case("body: %s", rows[i].label);
        tap_int(sts_cache_store(dir, STR("body.test"), &e, NULL), MP_OK);
        tap_ok(load(STR("body.test"), NOW, &got));
        check_same(&got, &e);
    }
}

/* ---- hostile names and values ---- */

static void test_names(void)
{
    static const struct {
        const char *label;
        struct str domain;
    } rows[] = {
        {"nothing", STR_INIT("")},
        {"a dot", STR_INIT(".")},
        {"two dots", STR_INIT("..")},
        {"up and away", STR_INIT("../../etc/passwd")},
        {"an absolute path", STR_INIT("/etc/passwd")},
        {"a slash", STR_INIT("a/b.test")},
        {"a NUL", STR_INIT("a\0.test")},
        {"a line end", STR_INIT("a.test\nid: 1")},
        {"an empty label", STR_INIT("a..test")},
        {"a long label",
         STR_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test")},
        {"beyond ASCII", STR_INIT("b\xc3\xbc"
                                  "cher.test")},
    };
    size_t before = files_in(dir, false);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sts_cached got;
        tap_case("name: %s", rows[i].label);
        tap_int(sts_cache_store(dir, rows[i].domain, &policy, NULL), MP_E_USAGE);
        tap_ok(!load(rows[i].domain, NOW, &got));
    }
    tap_case("name: nothing was written");
    tap_int(files_in(dir, false), before);
    tap_int(files_in(base, false), 1);
}

static void test_values(void)
{
    char big[STS_CACHE_BODY_MAX + 1];
    memset(big, 'x', sizeof big);
    struct sts_cached rows[6];
    static const char *const labels[] = {"no id",        "a line end in the id", "a long id",
                                         "a large body", "an age beyond a year", "before 1970"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        rows[i] = policy;
    rows[0].id = STR("");
    rows[1].id = STR("1\nfetched: 9");
    rows[2].id = STR("123456789012345678901234567890123");
    rows[3].body = str_make(big, sizeof big);
    rows[4].max_age_s = STS_CACHE_MAX_AGE_S + 1;
    rows[5].fetched_s = -1;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct mp_err err = {0};
        tap_case("value: %s", labels[i]);
        tap_int(sts_cache_store(dir, STR("value.test"), &rows[i], &err), MP_E_USAGE);
        tap_ok(err.text[0] != '\0');
    }
}

/* ---- broken files ---- */

static void write_file(const char *path, struct str bytes)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0)
        abort();
}

/* Every prefix, and every byte changed: never taken for whole, and the next store mends it. */
static void test_broken(void)
{
    char path[STS_PATH_MAX], lower[STS_DOMAIN_TEXT_MAX];
    struct sts_cached got;
    struct buf file;
    buf_init(&file, STS_FILE_MAX_BYTES);
    tap_case("broken: cut anywhere");
    tap_ok(sts_cache_write(&file, STR("broken.test"), &policy));
    tap_ok(sts_cache_parse(buf_str(&file), STR("broken.test"), &got));
    tap_ok(!sts_cache_parse(buf_str(&file), STR("other.test"), &got));
    size_t taken = 0;
    for (size_t n = 0; n < file.n; n++)
        taken += sts_cache_parse(str_make(file.p, n), STR("broken.test"), &got);
    tap_int(taken, 0);
    tap_case("broken: changed anywhere");
    for (size_t i = 0; i < file.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            file.p[i] = (char)(file.p[i] ^ 1 << bit);
            taken += sts_cache_parse(buf_str(&file), STR("broken.test"), &got);
            file.p[i] = (char)(file.p[i] ^ 1 << bit);
        }
    tap_int(taken, 0);
    tap_case("broken: with more behind it");
    buf_addc(&file, 'x');
    tap_ok(!sts_cache_parse(buf_str(&file), STR("broken.test"), &got));

    tap_case("broken: counts as none, and the next store replaces it");
    tap_ok(sts_cache_path(dir, STR("Broken.Test"), path, lower));
    tap_cstr(lower, "broken.test");
    write_file(path, buf_str(&file));
    tap_ok(!load(STR("broken.test"), NOW, &got));
    tap_int(sts_cache_store(dir, STR("broken.test"), &policy, NULL), MP_OK);
    tap_ok(load(STR("broken.test"), NOW, &got));
    buf_clear(&file);
}

/* Things in the file's place that are no file, and a file of another domain. */
static void test_places(void)
{
    char path[STS_PATH_MAX], target[STS_PATH_MAX], lower[STS_DOMAIN_TEXT_MAX];
    struct sts_cached got;
    tap_ok(sts_cache_path(dir, STR("good.test"), target, lower));
    tap_int(sts_cache_store(dir, STR("good.test"), &policy, NULL), MP_OK);
    tap_ok(sts_cache_path(dir, STR("place.test"), path, lower));

    tap_case("place: a symbolic link is not followed, and replaced");
    tap_ok(symlink(target, path) == 0);
    tap_ok(!load(STR("place.test"), NOW, &got));
    struct sts_cached other = policy;
    other.id = STR("other");
    tap_int(sts_cache_store(dir, STR("place.test"), &other, NULL), MP_OK);
    tap_ok(load(STR("place.test"), NOW, &got));
    tap_str(got.id, STR("other"));
    tap_ok(load(STR("good.test"), NOW, &got));
    tap_str(got.id, policy.id);

    tap_case("place: a pipe does not hold us up");
    unlink(path);
    tap_ok(mkfifo(path, 0600) == 0);
    tap_ok(!load(STR("place.test"), NOW, &got));

    tap_case("place: a directory");
    unlink(path);
    tap_ok(mkdir(path, 0700) == 0);
    tap_ok(!load(STR("place.test"), NOW, &got));
    struct mp_err err = {0};
    size_t before = files_in(dir, false);
    tap_int(sts_cache_store(dir, STR("place.test"), &policy, &err), MP_E_IO);
    tap_ok(str_search(str_from(err.text), str_from(dir)) < strlen(err.text));
    tap_int(files_in(dir, false), before);
    rmdir(path);

    tap_case("place: the file of another domain");
    struct buf file;
    buf_init(&file, STS_FILE_MAX_BYTES);
    tap_ok(sts_cache_write(&file, STR("good.test"), &policy));
    write_file(path, buf_str(&file));
    tap_ok(!load(STR("place.test"), NOW, &got));
    buf_clear(&file);

    tap_case("place: a file too large");
    tap_ok(truncate(path, STS_FILE_MAX_BYTES + 1) == 0);
    tap_ok(!load(STR("place.test"), NOW, &got));
}

/* ---- the directory ---- */

static void test_directory(void)
{
    char file[128], deep[128], open_to_all[128];
    bool found = true;
    snprintf(file, sizeof file, "%s/a-file", base);
    snprintf(deep, sizeof deep, "%s/no/such", base);
    snprintf(open_to_all, sizeof open_to_all, "%s/open", base);
    write_file(file, STR("x"));
    if (mkdir(open_to_all, 0700) != 0 || chmod(open_to_all, 0777) != 0)
        abort();
    const struct {
        const char *label, *dir;
        int load, store;
    } rows[] = {
        {"a file", file, MP_E_IO, MP_E_IO},
        {"below a file", "/dev/null/x", MP_E_IO, MP_E_IO},
        {"its parent is absent", deep, MP_OK, MP_E_IO},
        {"others can write in it", open_to_all, MP_E_IO, MP_E_IO},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sts_cached got;
        struct mp_err err = {0};
        tap_case("directory: %s", rows[i].label);
        tap_int(sts_cache_load(&arena, rows[i].dir, STR("a.test"), NOW, &got, &found, &err),
                rows[i].load);
        tap_ok(!found);
        tap_int(sts_cache_store(rows[i].dir, STR("a.test"), &policy, &err), rows[i].store);
        tap_ok(str_search(str_from(err.text), str_from(rows[i].dir)) < strlen(err.text));
    }
    unlink(file);
    rmdir(open_to_all);
}

/* ---- at once ---- */

static void *writer(void *arg)
{
    static const char body[] = "0123456789abcdef";
    struct sts_cached e = policy;
    e.id = *(const struct str *)arg;
    e.body = STR(body);
    for (int i = 0; i < ROUNDS; i++)
        if (sts_cache_store(dir, STR("race.test"), &e, NULL) != MP_OK)
            abort();
    return NULL;
}

/* Readers see one writer's file or the other's, never a mixture or none. */
static void test_race(void)
{
    static struct str ids[2] = {STR_INIT("one"), STR_INIT("two")};
    pthread_t threads[2];
    unsigned missed = 0, strange = 0;
    struct sts_cached got;
    tap_case("two writers and a reader");
    tap_int(sts_cache_store(dir, STR("race.test"), &policy, NULL), MP_OK);
    for (size_t i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, writer, &ids[i]) != 0)
            abort();
    for (int i = 0; i < ROUNDS; i++) {
        bool found = false;
        arena_reset(&arena);
        sts_cache_load(&arena, dir, STR("race.test"), NOW, &got, &found, NULL);
        missed += !found;
        strange += found && !str_eq(got.id, ids[0]) && !str_eq(got.id, ids[1]) &&
                   !str_eq(got.id, policy.id);
    }
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    tap_int(missed, 0);
    tap_int(strange, 0);
    tap_case("nothing is left beside the files");
    DIR *d = opendir(dir);
    unsigned others = 0;
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        others += e->d_name[0] == '.' && e->d_name[1] == 'n';
    closedir(d);
    tap_int(others, 0);
}

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    make_place();
    test_round_trip();
    test_age();
    test_bodies();
    test_names();
    test_values();
    test_broken();
    test_places();
    test_directory();
    test_race();
    leave_place();
    arena_clear(&arena);
    return tap_done();
}
