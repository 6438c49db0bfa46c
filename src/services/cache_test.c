/* What services said, kept: lives, restarts, limits, damage, and who may write there. */
#include "services/cache.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/tap.h"

enum { NOW = 1790000000, PATH_BYTES = 256, CROWD = 8, COUNTS = 20 };

static char dir[64], path[PATH_BYTES], damaged[PATH_BYTES];

static void begin(void)
{
    snprintf(dir, sizeof dir, "/tmp/mailproof-services-XXXXXX");
    if (mkdtemp(dir) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/services.db", dir);
    snprintf(damaged, sizeof damaged, "%s/services.db.damaged", dir);
}

static void end(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".damaged"};
    char name[PATH_BYTES + 16];
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        snprintf(name, sizeof name, "%s/services.db%s", dir, endings[i]);
        unlink(name);
    }
    if (rmdir(dir) < 0)
        tap_ok(false);
}

static struct service_cache *open_at(const char *where, size_t max_rows)
{
    struct service_cache *c = NULL;
    struct mp_err err = {0};
    if (!tap_int(service_cache_open(where, max_rows, &c, &err), MP_OK)) {
        tap_note("%s", err.text);
        abort();
    }
    return c;
}

static const struct service_cache_key a_domain = {SERVICE_VIRUSTOTAL, INDICATOR_DOMAIN,
                                                  STR_INIT("evil.example")};
static const struct service_word a_word = {.service = SERVICE_VIRUSTOTAL,
                                           .outcome = WORD_MALICIOUS,
                                           .malicious = 9,
                                           .suspicious = 2,
                                           .harmless = 60,
                                           .total = 71,
                                           .reports = 12345678901,
                                           .seen_s = 1780000000,
                                           .label = "phish\xc3\xa9",
                                           .text = "9 of 71 engines"};

static bool has(struct service_cache *c, int64_t now_s)
{
    struct service_word w;
    return service_cache_get(c, &a_domain, now_s, &w);
}

static const char *note_of(struct service_cache *c)
{
    static char note[SERVICE_CACHE_NOTE_BYTES];
    service_cache_note(c, note);
    return note;
}

/* ---- in a file or in memory ---- */

static void test_round_trip(const char *where)
{
    struct service_cache *c = open_at(where, 0);
    struct service_word w = {.outcome = WORD_ERROR};
    struct service_cache_key other = a_domain;
    tap_ok(!has(c, NOW));
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    if (!tap_ok(service_cache_get(c, &a_domain, NOW + 5, &w)))
        tap_note("%s", note_of(c));
    tap_int(w.service, a_word.service);
    tap_int(w.outcome, a_word.outcome);
    tap_int(w.malicious, a_word.malicious);
    tap_int(w.suspicious, a_word.suspicious);
    tap_int(w.harmless, a_word.harmless);
    tap_int(w.total, a_word.total);
    tap_int(w.reports, a_word.reports);
    tap_int(w.seen_s, a_word.seen_s);
    tap_int(w.asked_s, NOW);
    tap_int(w.expires_s, NOW + 60);
    tap_ok(w.cached);
    tap_cstr(w.label, a_word.label);
    tap_cstr(w.text, a_word.text);
    other.value = STR("evil.example.org");
    tap_ok(!service_cache_get(c, &other, NOW, &w));
    other = a_domain;
    other.kind = INDICATOR_HOST;
    tap_ok(!service_cache_get(c, &other, NOW, &w));
    other = a_domain;
    other.service = SERVICE_WEB_RISK;
    tap_ok(!service_cache_get(c, &other, NOW, &w));
    tap_cstr(note_of(c), "");
    service_cache_close(c);
}

static void test_lives(const char *where)
{
    struct service_cache *c = open_at(where, 0);
    struct service_word w = a_word;
    service_cache_put(c, &a_domain, &w, NOW, NOW + 60);
    tap_ok(has(c, NOW));
    tap_ok(has(c, NOW + 59));
    tap_ok(!has(c, NOW + 60));
    tap_ok(!has(c, NOW - 1)); /* the clock was set back: how long it lives is not known */
    w.outcome = WORD_UNKNOWN; /* the last word holds */
    service_cache_put(c, &a_domain, &w, NOW + 100, NOW + 110);
    tap_ok(service_cache_get(c, &a_domain, NOW + 105, &w));
    tap_int(w.outcome, WORD_UNKNOWN);
    tap_int(service_cache_rows(c), 1);
    service_cache_close(c);
}

static void put_many(struct service_cache *c, unsigned first, unsigned n, int64_t expires_s)
{
    for (unsigned i = first; i < first + n; i++) {
        char name[32];
        struct service_cache_key key = a_domain;
        key.value = str_make(name, (size_t)snprintf(name, sizeof name, "d%05u.example", i));
        service_cache_put(c, &key, &a_word, NOW + i, expires_s);
    }
}

static bool has_number(struct service_cache *c, unsigned i)
{
    char name[32];
    struct service_word w;
    struct service_cache_key key = a_domain;
    key.value = str_make(name, (size_t)snprintf(name, sizeof name, "d%05u.example", i));
    return service_cache_get(c, &key, NOW + 100000, &w);
}

static void test_limit(const char *where)
{
    struct service_cache *c = open_at(where, 100);
    put_many(c, 0, 100, NOW + 200000);
    tap_ok(has_number(c, 0));
    put_many(c, 100, 50, NOW + 200000);
    tap_ok(service_cache_rows(c) <= 110);
    tap_ok(!has_number(c, 0) && !has_number(c, 20)); /* the oldest go */
    tap_ok(has_number(c, 149) && has_number(c, 80));
    service_cache_close(c);
    c = open_at(NULL, 100); /* what has expired goes before anything that is good */
    put_many(c, 0, 50, NOW + 200000);
    put_many(c, 1000, 50, NOW + 1100);
    put_many(c, 2000, 30, NOW + 200000);
    for (unsigned i = 0; i < 50; i++)
        if (!has_number(c, i))
            tap_ok(false);
    tap_ok(service_cache_rows(c) <= 110);
    service_cache_close(c);
}

static void test_quota(const char *where)
{
    struct service_cache *c = open_at(where, 0);
    struct service_quota q;
    uint64_t used = 0;
    tap_ok(!service_cache_quota(c, SERVICE_VIRUSTOTAL, &q));
    tap_ok(service_cache_count(c, SERVICE_VIRUSTOTAL, 20700, 1, &used));
    tap_int(used, 1);
    tap_ok(service_cache_count(c, SERVICE_VIRUSTOTAL, 20700, 1, &used));
    tap_int(used, 2);
    tap_ok(service_cache_count(c, SERVICE_VIRUSTOTAL, 20700, -1, &used));
    tap_int(used, 1);
    tap_ok(service_cache_count(c, SERVICE_ABUSEIPDB, 20700, 1, &used));
    tap_int(used, 1);
    service_cache_pause(c, SERVICE_VIRUSTOTAL, NOW + 77);
    tap_ok(service_cache_quota(c, SERVICE_VIRUSTOTAL, &q));
    tap_int(q.day, 20700);
    tap_int(q.used, 1);
    tap_int(q.paused_until_s, NOW + 77);
    tap_ok(service_cache_count(c, SERVICE_VIRUSTOTAL, 20701, 1, &used)); /* a new day */
    tap_int(used, 1);
    tap_ok(service_cache_count(c, SERVICE_VIRUSTOTAL, 20702, -1, &used)); /* never below 0 */
    tap_int(used, 0);
    service_cache_pause(c, SERVICE_WEB_RISK, NOW);
    tap_ok(service_cache_quota(c, SERVICE_WEB_RISK, &q));
    tap_int(q.used, 0);
    service_cache_close(c);
}

/* ---- in a file ---- */

static void test_restart(void)
{
    struct service_quota q;
    uint64_t used;
    struct service_cache *c = open_at(dir, 0), *second;
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    service_cache_count(c, SERVICE_VIRUSTOTAL, 20700, 1, &used);
    second = open_at(dir, 0); /* another process */
    tap_ok(has(second, NOW));
    service_cache_count(second, SERVICE_VIRUSTOTAL, 20700, 1, &used);
    tap_int(used, 2);
    service_cache_close(c);
    service_cache_close(second);
    c = open_at(dir, 0);
    tap_ok(has(c, NOW));
    tap_ok(service_cache_quota(c, SERVICE_VIRUSTOTAL, &q));
    tap_int(q.used, 2);
    tap_cstr(note_of(c), "");
    service_cache_close(c);
}

/* Many that begin at once in a place where nothing is: as processes do, each with its own. */
static void *open_and_count(void *ctx)
{
    struct service_cache *c = NULL;
    uint64_t used = 0;
    bool *good = ctx;
    *good = service_cache_open(dir, 0, &c, NULL) == MP_OK;
    for (int i = 0; *good && i < COUNTS; i++)
        *good = service_cache_count(c, SERVICE_VIRUSTOTAL, 20700, 1, &used);
    service_cache_close(c);
    return NULL;
}

static void test_crowd(void)
{
    pthread_t threads[CROWD];
    bool good[CROWD];
    struct service_quota q;
    for (int i = 0; i < CROWD; i++)
        if (pthread_create(&threads[i], NULL, open_and_count, &good[i]) != 0)
            abort();
    for (int i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
        tap_ok(good[i]);
    }
    struct service_cache *c = open_at(dir, 0);
    tap_ok(service_cache_quota(c, SERVICE_VIRUSTOTAL, &q));
    tap_int(q.used, CROWD * COUNTS);
    service_cache_close(c);
}

static bool file_has(const char *name, struct str text)
{
    struct str bytes = tap_read_file(name);
    return bytes.p != NULL && str_search(bytes, text) < bytes.n;
}

/* Who opens which link is nobody's business: only its hash is kept. */
static void test_people(void)
{
    char wal[PATH_BYTES + 8];
    struct service_cache *c = open_at(dir, 0);
    struct service_word w;
    const struct service_cache_key url = {SERVICE_WEB_RISK, INDICATOR_URL,
                                          STR_INIT("https://evil.example/for/bob-smith?id=77")};
    const struct service_cache_key mail = {SERVICE_WEB_RISK, INDICATOR_EMAIL,
                                           STR_INIT("bob-smith@corp.example")};
    snprintf(wal, sizeof wal, "%s-wal", path);
    service_cache_put(c, &url, &a_word, NOW, NOW + 60);
    service_cache_put(c, &mail, &a_word, NOW, NOW + 60);
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    tap_ok(service_cache_get(c, &url, NOW, &w) && service_cache_get(c, &mail, NOW, &w));
    tap_ok(!file_has(path, STR("bob-smith")) && !file_has(wal, STR("bob-smith")));
    service_cache_close(c);
    tap_ok(file_has(path, STR("evil.example")) && !file_has(path, STR("bob-smith")));
}

/* ---- damage ---- */

static void write_at(const char *name, off_t at, struct str bytes, bool cut)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || (cut && ftruncate(fd, at) < 0) || lseek(fd, at, SEEK_SET) < 0 ||
        !fd_write(fd, bytes))
        abort();
    close(fd);
}

enum { GARBAGE_BYTES = 4096 * 6 };
static char garbage[GARBAGE_BYTES];

static const struct {
    const char *label;
    off_t at;
    size_t n;
    bool cut;
} damages[] = {
    {"all of it is garbage", 0, GARBAGE_BYTES, true},
    {"the head is garbage", 0, 100, false},
    {"everything behind the head is garbage", 100, GARBAGE_BYTES, false},
    {"the pages are garbage", 4096, GARBAGE_BYTES, false},
    {"cut within the first page", 1000, 0, true},
    {"cut behind the first page", 4096, 0, true},
    {"a text file", 0, 10, true},
};

static void test_damage(size_t i)
{
    struct service_cache *c = open_at(dir, 0);
    put_many(c, 0, 200, NOW + 200000);
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    service_cache_close(c);
    write_at(path, damages[i].at, str_make(garbage, damages[i].n), damages[i].cut);
    c = open_at(dir, 0);
    for (unsigned k = 0; k < 200; k++) /* nothing that was not said is ever read */
        has_number(c, k);
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    tap_ok(has(c, NOW)); /* it works again */
    if (!tap_ok(strstr(note_of(c), "damaged") != NULL))
        tap_note("%s", note_of(c));
    tap_ok(access(damaged, F_OK) == 0);
    service_cache_close(c);
    c = open_at(dir, 0);
    tap_ok(has(c, NOW));
    tap_cstr(note_of(c), "");
    service_cache_close(c);
}

/* Rows that somebody changed are answers of a stranger: no crash, and no outcome that is none. */
static void test_odd_rows(void)
{
    static const char *const changes[] = {
        "UPDATE answer SET outcome = 'good'",
        "UPDATE answer SET outcome = NULL",
        "UPDATE answer SET outcome = x'ff00'",
        "UPDATE answer SET expires_s = 'never'",
        ("UPDATE answer SET outcome = 'harmless', malicious = -5, total = 1e300, reports = 'x',"
         " label = x'1b5b00ff', text = replace(hex(zeroblob(9000)), '0', 'z'), seen_s = 1e300"),
    };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        struct service_cache *c = open_at(dir, 0);
        struct service_word w;
        sqlite3 *db = NULL;
        service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
        tap_int(sqlite3_open(path, &db), SQLITE_OK);
        tap_int(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        bool found = service_cache_get(c, &a_domain, NOW, &w);
        tap_int(found, i == ARRAY_LEN(changes) - 1);
        if (found) {
            tap_int(w.malicious, 0);
            tap_ok(strlen(w.text) < sizeof w.text && strlen(w.label) < sizeof w.label);
            tap_ok(strchr(w.label, 0x1b) == NULL);
        }
        service_cache_close(c);
    }
}

/* ---- what is not ours ---- */

static void refused(const char *says)
{
    struct service_cache *c = NULL;
    struct mp_err err = {0};
    tap_int(service_cache_open(dir, 0, &c, &err), MP_E_IO);
    if (!tap_ok(strstr(err.text, says) != NULL))
        tap_note("%s", err.text);
    tap_ok(c == NULL);
    service_cache_close(c);
}

static void test_foreign(void)
{
    static const char *const others[] = {
        "CREATE TABLE mails (id INT); PRAGMA application_id = 7",
        "CREATE TABLE answer (service); PRAGMA application_id = 1297118067; PRAGMA user_version = "
        "2",
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        sqlite3 *db = NULL;
        unlink(path);
        tap_int(sqlite3_open(path, &db), SQLITE_OK);
        tap_int(sqlite3_exec(db, others[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        refused("another program or a newer mailproof");
        tap_ok(access(damaged, F_OK) != 0 && access(path, F_OK) == 0); /* left as it is */
    }
}

static void test_rights(void)
{
    struct stat sb;
    struct service_cache *c = open_at(dir, 0);
    service_cache_put(c, &a_domain, &a_word, NOW, NOW + 60);
    tap_ok(stat(path, &sb) == 0 && (sb.st_mode & 0777) == 0600);
    service_cache_close(c);
    chmod(path, 0660);
    refused("others can write it");
    chmod(path, 0600);
    chmod(dir, 0777);
    refused("others can write in it");
    chmod(dir, 0700);
    unlink(path);
    tap_int(symlink("/dev/null", path), 0);
    refused("services.db");
    unlink(path);
    tap_int(mkdir(path, 0700), 0);
    refused("services.db");
    rmdir(path);
    c = open_at(dir, 0);
    service_cache_close(c);
}

static void test_places(void)
{
    char name[PATH_BYTES + 16], longer[6000];
    struct service_cache *c = NULL;
    struct mp_err err = {0};
    struct stat sb;
    snprintf(name, sizeof name, "%s/made", dir);
    c = open_at(name, 0);
    service_cache_close(c);
    tap_ok(stat(name, &sb) == 0 && (sb.st_mode & 0777) == 0700);
    snprintf(name, sizeof name, "%s/made/services.db", dir);
    tap_int(service_cache_open(name, 0, &c, &err), MP_E_IO); /* a file is no directory */
    unlink(name);
    snprintf(name, sizeof name, "%s/made/not/there", dir);
    tap_int(service_cache_open(name, 0, &c, &err), MP_E_IO);
    snprintf(name, sizeof name, "%s/made", dir);
    rmdir(name);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    tap_int(service_cache_open(longer, 0, &c, &err), MP_E_IO);
}

static const struct {
    const char *label;
    void (*run)(const char *where);
} anywhere[] = {
    {"what was put comes back", test_round_trip},
    {"lives", test_lives},
    {"the oldest go", test_limit},
    {"counts of a day", test_quota},
};

static const struct {
    const char *label;
    void (*run)(void);
} in_file[] = {
    {"a restart, and two at once", test_restart},
    {"many that begin at once", test_crowd},
    {"values that name people", test_people},
    {"rows that somebody changed", test_odd_rows},
    {"databases of others", test_foreign},
    {"who may write", test_rights},
    {"places", test_places},
};

int main(void)
{
    for (size_t i = 0; i < GARBAGE_BYTES; i++)
        garbage[i] = (char)(i * 31 + (i >> 8) * 7 + 1);
    for (size_t i = 0; i < ARRAY_LEN(anywhere); i++) {
        tap_case("in memory: %s", anywhere[i].label);
        anywhere[i].run(NULL);
        tap_case("in a file: %s", anywhere[i].label);
        begin();
        anywhere[i].run(dir);
        end();
    }
    for (size_t i = 0; i < ARRAY_LEN(in_file); i++) {
        tap_case("%s", in_file[i].label);
        begin();
        in_file[i].run();
        end();
    }
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        tap_case("damage: %s", damages[i].label);
        begin();
        test_damage(i);
        end();
    }
    return tap_done();
}
