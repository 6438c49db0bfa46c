/* What a worker costs: the same inspection in this process, in a worker, and in a process forked
 * for each object, in turns in one run.
 *
 * usage: sandbox_bench [ROUNDS]    (and, called by itself, sandbox_bench worker) */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/frame_test_kit.h"
#include "sandbox/sandbox.h"
#include "sandbox/worker.h"

enum {
    OBJECT_BYTES = 50 * 1024,
    MEMBERS = 20,
    MEMBER_BYTES = 8 * 1024,
    ROUNDS_DEFAULT = 2000,
    ROUNDS_MAX = 100000,
    MEMORY_BYTES = 64 << 20,
    PATIENCE_US = 60000000
};

/* ---- inspections: the first word of the object says which ---- */

static int inspect_hash(struct content *c)
{
    struct content_object *o = &c->report->objects[0];
    return digest_once(DIGEST_SHA256, o->bytes, o->sha256) ? MP_OK : MP_E_CRYPTO;
}

/* As a document with 20 members would: each is copied, hashed and named. */
static int inspect_members(struct content *c)
{
    struct content_report *r = c->report;
    struct content_object *list = arena_new(c->arena, struct content_object, MEMBERS + 1);
    if (list == NULL)
        return MP_E_NOMEM;
    list[0] = r->objects[0];
    for (size_t i = 1; i <= MEMBERS; i++) {
        struct str piece = str_slice(list[0].bytes, i * 1000, i * 1000 + MEMBER_BYTES);
        list[i] = (struct content_object){.part = list[0].part,
                                          .member = STR("word/document.xml"),
                                          .depth = 1,
                                          .has_bytes = true,
                                          .bytes = arena_copy(c->arena, piece)};
        if (list[i].bytes.p == NULL || !digest_once(DIGEST_SHA256, list[i].bytes, list[i].sha256))
            return MP_E_NOMEM;
    }
    r->objects = list;
    r->n = r->cap = MEMBERS + 1;
    return MP_OK;
}

static int inspect(void *data, struct content *c, struct mp_err *err)
{
    (void)data, (void)err;
    char kind = c->report->objects[0].bytes.p[0];
    return kind == 'h' ? inspect_hash(c) : kind == 'm' ? inspect_members(c) : MP_OK;
}

/* ---- three ways ---- */

enum way { WAY_HERE, WAY_WORKER, WAY_FORK, WAYS };
static const char *const way_names[] = {"in this process", "in a worker",
                                        "in a process of its own"};

/* The child sends as much as a worker would: the members' bytes. */
static bool in_fork(struct content *c)
{
    int pipe_fds[2], status = 0;
    char sink[4096];
    if (pipe(pipe_fds) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        int st = inspect(NULL, c, NULL);
        for (size_t i = 1; i < c->report->n && st == MP_OK; i++)
            if (write(pipe_fds[1], c->report->objects[i].bytes.p, c->report->objects[i].bytes.n) <
                0)
                st = MP_E_IO;
        _exit(st == MP_OK ? 0 : 1);
    }
    close(pipe_fds[1]);
    while (read(pipe_fds[0], sink, sizeof sink) > 0)
        ;
    close(pipe_fds[0]);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static int64_t once(struct sandbox *sb, enum way way, struct str object)
{
    static struct kit k;
    struct sandbox_result r = {0};
    kit_init(&k, object, MEMORY_BYTES);
    int64_t start = clock_mono_us();
    bool ok = true;
    if (way == WAY_HERE)
        ok = inspect(NULL, &k.content, NULL) == MP_OK;
    else if (way == WAY_FORK)
        ok = in_fork(&k.content);
    else
        ok = sandbox_inspect(sb, &k.content, 0, start + PATIENCE_US, &r, NULL) == MP_OK &&
             r.outcome == SANDBOX_OK;
    int64_t took = clock_mono_us() - start;
    arena_clear(&k.arena);
    if (!ok) {
        fprintf(stderr, "sandbox_bench: %s failed: %s\n", way_names[way], r.text);
        exit(1);
    }
    return took;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void measure(struct sandbox *sb, const char *label, char kind, size_t rounds)
{
    static char object[OBJECT_BYTES];
    int64_t *times[WAYS];
    for (size_t i = 0; i < sizeof object; i++)
        object[i] = (char)(i * 2654435761u >> 13);
    object[0] = kind;
    for (int way = 0; way < WAYS; way++)
        if ((times[way] = calloc(rounds, sizeof *times[way])) == NULL)
            exit(1);
    for (size_t i = 0; i < rounds; i++)
        for (int way = 0; way < WAYS; way++)
            times[way][i] = once(sb, (enum way)way, str_make(object, sizeof object));
    for (int way = 0; way < WAYS; way++) {
        qsort(times[way], rounds, sizeof *times[way], compare);
        printf("%-32s %-24s %6lld us   %6lld us   %6lld us\n", label, way_names[way],
               (long long)times[way][rounds / 2], (long long)times[way][rounds * 99 / 100],
               (long long)times[way][rounds - 1]);
        free(times[way]);
    }
}

int main(int argc, char **argv)
{
    static char *args[] = {(char *)(uintptr_t) "sandbox_bench", (char *)(uintptr_t) "worker", NULL};
    const struct sandbox_worker worker = {.inspect = inspect};
    struct sandbox_config config = {.argv = args};
    struct sandbox_facts facts;
    struct sandbox *sb;
    struct mp_err err = {0};
    uint64_t rounds = ROUNDS_DEFAULT;
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return sandbox_worker_main(&worker);
    if (argc > 1 && (!str_to_u64(str_from(argv[1]), ROUNDS_MAX, &rounds) || rounds == 0)) {
        fprintf(stderr, "usage: sandbox_bench [ROUNDS]\n");
        return 2;
    }
    int64_t start = clock_mono_us();
    if (sandbox_new(&config, &sb, &err) != MP_OK ||
        sandbox_start(sb, start + PATIENCE_US, &facts, &err) != MP_OK) {
        fprintf(stderr, "sandbox_bench: %s\n", err.text);
        return 1;
    }
    printf("from nothing to the first worker: %lld us\n", (long long)(clock_mono_us() - start));
    printf("%-32s %-24s %9s   %9s   %9s\n", "one object of 50 KiB", "inspected", "half in",
           "99 % in", "worst");
    measure(sb, "nothing is done", 'n', (size_t)rounds);
    measure(sb, "SHA-256", 'h', (size_t)rounds);
    measure(sb, "20 members of 8 KiB, SHA-256", 'm', (size_t)rounds);
    sandbox_free(sb);
    return 0;
}
