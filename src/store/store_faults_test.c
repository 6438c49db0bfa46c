/* What may be wrong with a disk: damaged and foreign databases, files that are missing or short,
 * writes that fail. Each has an answer; nothing that was told durable is lost by it. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/store_internal.h"
#include "store/store_test_kit.h"

enum { ARENA_BYTES = 64 << 20, LARGE = STORE_INLINE_MAX_BYTES + 1000, MANY = 60 };

static struct arena arena;
static char large[LARGE];

static const char *below(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", kit_dir, name);
    return path;
}

static void overwrite(const char *path, int64_t at, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || pwrite(fd, bytes, n, at) != (ssize_t)n || close(fd) != 0)
        abort();
}

static int open_it(struct store **s, struct mp_err *err)
{
    const struct store_config c = {.dir = kit_dir};
    *err = (struct mp_err){0};
    *s = NULL;
    return store_open(&c, s, err);
}

static void refused(const char *said)
{
    struct store *s;
    struct mp_err err;
    tap_int(open_it(&s, &err), MP_E_IO);
    if (!tap_ok(strstr(err.text, said) != NULL))
        tap_note("%s", err.text);
    store_close(s);
}

/* Small ones and one that is a file; its id. */
static void fill(char id[STORE_ID_BYTES])
{
    struct kit_done done;
    struct store *s = kit_open(&(struct store_config){.dir = kit_dir});
    const struct store_delivery small = {.raw = STR("Subject: x\r\n\r\ntext\r\n")},
                                file = {.raw = str_make(large, sizeof large)};
    for (int i = 0; i < MANY; i++)
        tap_int(kit_put(s, &small, NULL), MP_OK);
    tap_int(kit_put(s, &file, &done), MP_OK);
    memcpy(id, done.id, STORE_ID_BYTES);
    store_close(s);
}

static uint64_t messages(struct store *s)
{
    struct store_page page = {0};
    tap_int(store_list(s, &(struct store_query){.limit = 1}, &arena, &page, NULL), MP_OK);
    return page.total;
}

/* ---- databases ---- */

static void foreign(void)
{
    char id[STORE_ID_BYTES];
    sqlite3 *db = NULL;
    tap_case("a file that is no database is refused, and stays");
    kit_make_dir();
    overwrite(below("store.db"), 0, "what is this? no database at all, but of some length.....",
              56);
    refused("damaged, or no database of mailproof");
    tap_int(kit_entries(below("messages"), false), 0);
    kit_remove_dir();
    tap_case("a database of another program is refused, and stays");
    kit_make_dir();
    sqlite3_open(below("store.db"), &db);
    sqlite3_exec(db, "CREATE TABLE theirs (x)", NULL, NULL, NULL);
    sqlite3_close(db);
    refused("another program");
    kit_remove_dir();
    tap_case("a newer schema is refused");
    kit_make_dir();
    fill(id);
    sqlite3_open(below("store.db"), &db);
    sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
    sqlite3_close(db);
    refused("newer mailproof");
    kit_remove_dir();
}

/* A directory that others may look into: mail, tokens and conversations are not for them. */
static void private_files(void)
{
    static const char *const names[] = {"lock", "store.db", "store.db-wal", "store.db-shm",
                                        "reserve"};
    struct store *s = NULL;
    struct stat sb;
    mode_t before = umask(0);
    kit_make_dir();
    tap_case("what is kept can be read by nobody else");
    const struct store_config config = {.dir = kit_dir};
    if (tap_int(store_open(&config, &s, NULL), MP_OK))
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            if (!tap_int(stat(below(names[i]), &sb) == 0 ? sb.st_mode & 0777 : 0, 0600))
                tap_note("%s", names[i]);
    store_close(s);
    kit_remove_dir();
    umask(before);
}

/* Looks at all there is: true when something was told to be damaged. */
static bool look(struct store *s)
{
    struct mp_err err = {0};
    struct store_page page = {0};
    struct buf raw;
    bool found, told;
    buf_init(&raw, 1 << 20);
    int st = store_list(s, &(struct store_query){.attempts = true}, &arena, &page, &err);
    for (size_t i = 0; i < page.n && st == MP_OK; i++) {
        struct store_delivery *d;
        buf_reset(&raw);
        st = store_get(s, str_from(page.items[i].id), &arena, &d, &err);
        if (st == MP_OK)
            st = store_raw(s, str_from(page.items[i].id), &raw, &found, &err);
    }
    buf_clear(&raw);
    tap_ok(st == MP_OK || (st == MP_E_IO && err.text[0] != '\0'));
    told = st != MP_OK;
    return told && (strstr(err.text, "damaged") != NULL || strstr(err.text, "malformed") != NULL);
}

static void damaged(void)
{
    char id[STORE_ID_BYTES], page[STORE_PAGE_BYTES];
    struct stat sb;
    unsigned told = 0;
    kit_make_dir();
    fill(id);
    if (stat(below("store.db"), &sb) != 0)
        abort();
    memset(page, 0xa5, sizeof page);
    for (int64_t at = 0; at < sb.st_size; at += STORE_PAGE_BYTES) {
        struct store *s;
        struct mp_err err;
        char kept[STORE_PAGE_BYTES];
        int fd = open(below("store.db"), O_RDONLY | O_CLOEXEC);
        if (fd < 0 || pread(fd, kept, sizeof kept, at) != (ssize_t)sizeof kept)
            abort();
        close(fd);
        tap_case("page %lld of the database is garbage", (long long)at / STORE_PAGE_BYTES);
        overwrite(below("store.db"), at, page, sizeof page);
        int st = open_it(&s, &err);
        tap_ok(st == MP_OK || (st == MP_E_IO && strstr(err.text, "store.db: ") != NULL));
        told += st == MP_OK ? look(s) : strstr(err.text, "damaged") != NULL;
        store_close(s);
        arena_reset(&arena);
        unlink(below("store.db-wal"));
        unlink(below("store.db-shm"));
        overwrite(below("store.db"), at, kept, sizeof kept);
    }
    tap_case("most of it is noticed, and whole again it opens");
    tap_ok(told >= 3);
    struct store *s = kit_open(&(struct store_config){.dir = kit_dir});
    tap_int(messages(s), MANY + 1);
    store_close(s);
    kit_remove_dir();
}

/* ---- places ---- */

static void places(void)
{
    struct store *s = kit_open(&(struct store_config){.dir = kit_make_dir()});
    char pid[40];
    tap_case("one process at a time, and which is told");
    snprintf(pid, sizeof pid, "in use by another process (%ld)", (long)getpid());
    refused(pid);
    store_close(s);
    tap_case("a directory that is a file");
    const struct store_config file = {.dir = "/dev/null"}, nowhere = {.dir = "/nonexistent/a/b"};
    struct mp_err err = {0};
    tap_int(store_open(&file, &s, &err), MP_E_IO);
    tap_ok(strstr(err.text, "/dev/null") != NULL);
    tap_case("a directory that cannot be made");
    tap_int(store_open(&nowhere, &s, &err), MP_E_IO);
    tap_ok(strstr(err.text, "/nonexistent/a/b") != NULL);
    kit_remove_dir();
}

/* ---- files ---- */

static void files(void)
{
    char id[STORE_ID_BYTES], name[64];
    struct buf raw;
    struct mp_err err = {0};
    struct store_delivery *d = NULL;
    bool found = true;
    buf_init(&raw, 1 << 20);
    kit_make_dir();
    fill(id);
    snprintf(name, sizeof name, "messages/%s", id);
    struct str seek = str_from(id);
    tap_case("files without a row go at the start; what is not ours stays");
    overwrite(below("messages/AAAAAAABAAAAAAAAAAAAAA"), 0, "x", 1);
    overwrite(below("messages/README"), 0, "x", 1);
    struct store *s = kit_open(&(struct store_config){.dir = kit_dir});
    tap_int(kit_entries(below("messages"), false), 2);
    tap_case("a file that is short is told, not handed out");
    if (truncate(below(name), 10) != 0)
        abort();
    tap_int(store_raw(s, seek, &raw, &found, &err), MP_E_IO);
    tap_ok(!found && strstr(err.text, "damaged") != NULL && strstr(err.text, id) != NULL);
    tap_case("a file that is missing is told; its message can still be seen, and deleted");
    if (unlink(below(name)) != 0)
        abort();
    buf_reset(&raw);
    tap_int(store_raw(s, seek, &raw, &found, &err), MP_E_IO);
    tap_ok(!found && strstr(err.text, "missing") != NULL && strstr(err.text, id) != NULL);
    tap_int(store_get(s, seek, &arena, &d, NULL), MP_OK);
    tap_ok(d != NULL && d->size_bytes == LARGE);
    uint64_t deleted = 0;
    tap_int(store_delete(s, &seek, 1, &deleted, NULL), MP_OK);
    tap_int(deleted, 1);
    tap_int(store_raw(s, seek, &raw, &found, NULL), MP_OK);
    tap_ok(!found);
    store_close(s);
    buf_clear(&raw);
    kit_remove_dir();
}

/* ---- writes that fail ---- */

static void set_limit(rlim_t bytes)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_FSIZE, &r) != 0)
        abort();
    r.rlim_cur = bytes;
    if (setrlimit(RLIMIT_FSIZE, &r) != 0)
        abort();
}

static void writes(void)
{
    struct rlimit before;
    struct kit_done done;
    const struct store_delivery small = {.raw = STR("Subject: x\r\n\r\n")},
                                file = {.raw = str_make(large, sizeof large)};
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    struct store *s = kit_open(&(struct store_config){.dir = kit_make_dir()});
    tap_case("before: both are taken");
    tap_int(kit_put(s, &small, NULL), MP_OK);
    tap_int(kit_put(s, &file, NULL), MP_OK);
    tap_case("a file cannot be written: that delivery fails, others do not");
    set_limit(LARGE - 1);
    tap_int(kit_put(s, &file, &done), MP_E_IO);
    set_limit(before.rlim_cur);
    tap_int(kit_put(s, &small, NULL), MP_OK);
    tap_int(kit_entries(below("messages"), false), 1);
    tap_int(messages(s), 3);
    tap_case("the log cannot be written: none is taken, all that was is there");
    set_limit(100);
    for (int i = 0; i < 3; i++)
        tap_int(kit_put(s, &small, NULL), MP_E_IO);
    tap_int(kit_put(s, &file, NULL), MP_E_IO);
    tap_int(messages(s), 3);
    const struct store_inbox inbox = {.id = STR("t-1")};
    struct mp_err err = {0};
    tap_int(store_inbox_put(s, &inbox, &err), MP_E_IO);
    tap_ok(strstr(err.text, kit_dir) != NULL);
    tap_case("later it can: taken again, also by the next process");
    set_limit(before.rlim_cur);
    tap_int(kit_put(s, &small, NULL), MP_OK);
    tap_int(kit_put(s, &file, NULL), MP_OK);
    struct store_stats stats;
    store_stats(s, &stats, NULL);
    tap_int(stats.messages, 5);
    tap_int(messages(s), 5);
    tap_int(kit_entries(below("messages"), false), 2);
    store_close(s);
    s = kit_open(&(struct store_config){.dir = kit_dir});
    tap_int(messages(s), 5);
    store_close(s);
    kit_remove_dir();
}

/* A process that ends without a word, in the middle of its work. */
static void sudden_end(void)
{
    int tell[2];
    uint64_t told = 0;
    tap_case("a process that is gone: all that it was told is there");
    kit_make_dir();
    if (pipe(tell) != 0)
        abort();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct store *s = kit_open(&(struct store_config){.dir = kit_dir});
        const struct store_delivery d = {.raw = str_make(large, sizeof large)},
                                    small = {.raw = STR("x")};
        for (uint64_t n = 1;; n++)
            if (kit_put(s, n % 10 == 0 ? &d : &small, NULL) != MP_OK ||
                write(tell[1], &n, sizeof n) < 0)
                _exit(1);
    }
    close(tell[1]);
    while (told < 25 && read(tell[0], &told, sizeof told) == sizeof told)
        continue;
    kill(child, SIGKILL);
    while (read(tell[0], &told, sizeof told) == sizeof told)
        continue;
    close(tell[0]);
    waitpid(child, NULL, 0);
    struct store *s = kit_open(&(struct store_config){.dir = kit_dir});
    uint64_t there = messages(s);
    tap_ok(told >= 25 && (there == told || there == told + 1)); /* one more may be in the middle */
    tap_int(kit_entries(below("messages"), false), there / 10);
    tap_ok(!look(s));
    store_close(s);
    kit_remove_dir();
}

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    memset(large, 'x', sizeof large);
    foreign();
    private_files();
    damaged();
    places();
    files();
    writes();
    sudden_end();
    arena_clear(&arena);
    return tap_done();
}
