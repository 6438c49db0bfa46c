/* The pool: many at once, workers that wear out, deaths from outside. */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>

#include "sandbox/sandbox_test_kit.h"

enum { THREADS = 8, ROUNDS = 40, WALL_MS = 1500 };

static unsigned open_fds(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n;
}

/* ---- eight threads, some of them hostile ---- */

struct guest {
    pthread_t thread;
    struct sandbox *sb;
    unsigned number, wrong, rounds;
    char first_wrong[256];
};

static const struct {
    const char *word;
    enum sandbox_outcome want;
} hostile[] = {
    {"kill9", SANDBOX_CRASHED},
    {"exit", SANDBOX_CRASHED},
    {"garbage", SANDBOX_BAD_ANSWER},
    {"garbage-full", SANDBOX_BAD_ANSWER},
    {"cut", SANDBOX_OK},
};

static void *guest_main(void *arg)
{
    struct guest *g = arg;
    for (unsigned i = 0; i < g->rounds; i++) {
        struct kit k;
        size_t h = (g->number * 7 + i) % ARRAY_LEN(hostile);
        bool bad = g->number % 4 == 0 && i % 4 == 1;
        const char *word = bad ? hostile[h].word : "member 5 3000";
        enum sandbox_outcome want = bad ? hostile[h].want : SANDBOX_OK;
        struct sandbox_result r = probe_ask(g->sb, &k, word);
        size_t members = bad ? 1 : 3;
        if (r.outcome != want || k.report.n != members) {
            if (g->wrong++ == 0)
                snprintf(g->first_wrong, sizeof g->first_wrong, "%s: %s: %s", word,
                         sandbox_outcome_name(r.outcome), r.text);
        }
        arena_clear(&k.arena);
    }
    return NULL;
}

static void crowd(struct sandbox *sb, unsigned rounds)
{
    struct guest guests[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        guests[i] = (struct guest){.sb = sb, .number = i, .rounds = rounds};
        if (!tap_ok(pthread_create(&guests[i].thread, NULL, guest_main, &guests[i]) == 0))
            abort();
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(guests[i].thread, NULL);
        if (!tap_int(guests[i].wrong, 0))
            tap_note("%s", guests[i].first_wrong);
    }
}

static void test_crowd(void)
{
    for (unsigned workers = 1; workers <= 4; workers += 3) {
        struct sandbox_counts counts;
        struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.max_workers = workers});
        tap_case("eight threads, two of them hostile, workers: %u", workers);
        crowd(sb, ROUNDS);
        sandbox_counts(sb, &counts);
        tap_int(counts.requests, THREADS * ROUNDS);
        tap_int(counts.zygotes, 1);
        tap_ok(counts.alive <= workers);
        tap_note("%llu workers, %llu crashed, %llu bad answers, %llu asked again",
                 (unsigned long long)counts.workers, (unsigned long long)counts.crashed,
                 (unsigned long long)counts.bad_answers, (unsigned long long)counts.retried);
        sandbox_free(sb);
    }
}

/* ---- several calls of one thread ---- */

static void test_many_begun(void)
{
    enum { CALLS = 20 };
    struct kit *kits = calloc(CALLS, sizeof *kits);
    struct sandbox_call *calls[CALLS];
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.max_workers = 2});
    tap_case("many calls are begun before the first is finished, in any order");
    for (size_t i = 0; i < CALLS; i++) {
        kit_init(&kits[i], i % 5 == 3 ? STR("kill9") : STR("member 7"), PROBE_MEMORY_BYTES);
        tap_int(sandbox_begin(sb, &kits[i].content, 0, clock_mono_us() + PATIENCE_US, &calls[i],
                              NULL),
                MP_OK);
    }
    for (size_t i = CALLS; i-- > 0;) {
        struct sandbox_result r = {0};
        if (i % 7 == 6) {
            sandbox_cancel(calls[i]);
        } else {
            tap_int(sandbox_finish(calls[i], &kits[i].content, &r, NULL), MP_OK);
            outcome_is(r, i % 5 == 3 ? SANDBOX_CRASHED : SANDBOX_OK);
            tap_int(kits[i].report.n, i % 5 == 3 ? 1 : 2);
        }
        arena_clear(&kits[i].arena);
    }
    sandbox_cancel(NULL);
    sandbox_free(sb);
    free(kits);
}

static void test_queue_deadline(void)
{
    struct kit busy, late;
    struct sandbox_call *first, *second;
    struct sandbox_result r = {0};
    struct sandbox *sb =
        probe_sandbox(&(struct sandbox_config){.max_workers = 1, .wall_ms = WALL_MS});
    tap_case("who waits too long for a worker learns it, and who has it is not hurt");
    tap_int(sandbox_start(sb, clock_mono_us() + PATIENCE_US, &(struct sandbox_facts){0}, NULL),
            MP_OK);
    kit_init(&busy, STR("wait"), PROBE_MEMORY_BYTES);
    kit_init(&late, STR("ok"), PROBE_MEMORY_BYTES);
    tap_int(sandbox_begin(sb, &busy.content, 0, clock_mono_us() + PATIENCE_US, &first, NULL),
            MP_OK);
    tap_int(sandbox_begin(sb, &late.content, 0, clock_mono_us() + 1000, &second, NULL), MP_OK);
    tap_int(sandbox_finish(second, &late.content, &r, NULL), MP_OK);
    outcome_is(r, SANDBOX_UNAVAILABLE);
    tap_ok(strstr(r.text, "no worker was free") != NULL && !late.report.complete);
    tap_ok(!sandbox_is_done(first));
    tap_int(sandbox_finish(first, &busy.content, &r, NULL), MP_OK);
    outcome_is(r, SANDBOX_TIMEOUT);

    tap_case("a call that nobody finishes is cancelled while a worker has it");
    kit_init(&busy, STR("wait"), PROBE_MEMORY_BYTES);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    tap_int(sandbox_begin(sb, &busy.content, 0, clock_mono_us() + PATIENCE_US, &first, NULL),
            MP_OK);
    sandbox_cancel(first);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_free(sb);

    tap_case("a sandbox is freed while a worker works for nobody");
    sb = probe_sandbox(&(struct sandbox_config){.max_workers = 1});
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    tap_int(sandbox_begin(sb, &busy.content, 0, clock_mono_us() + PATIENCE_US, &first, NULL),
            MP_OK);
    sandbox_cancel(first);
    sandbox_free(sb);
    arena_clear(&busy.arena);
    arena_clear(&late.arena);
}

/* ---- wear ---- */

static void test_wear(void)
{
    struct sandbox_counts counts;
    struct sandbox *sb =
        probe_sandbox(&(struct sandbox_config){.max_workers = 1, .max_requests = 3});
    tap_case("a worker serves so many and no more");
    for (int i = 0; i < 9; i++)
        outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_counts(sb, &counts);
    tap_int(counts.workers, 3);
    tap_int(counts.crashed, 0);
    tap_case("after a limit another worker takes over");
    outcome_is(probe_only(sb, "cut"), SANDBOX_OK);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_counts(sb, &counts);
    tap_int(counts.workers, 5);
    sandbox_free(sb);
    sb = probe_sandbox(&(struct sandbox_config){.max_workers = 1});
    tap_case("a worker that has grown is replaced");
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    outcome_is(probe_only(sb, "grow"), SANDBOX_OK);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_counts(sb, &counts);
    tap_int(counts.workers, 2);
    tap_int(counts.retried, 0);
    sandbox_free(sb);
}

/* ---- deaths from outside ---- */

static void test_killed(void)
{
    struct sandbox_facts facts;
    struct sandbox_counts counts;
    struct sandbox *sb =
        probe_sandbox(&(struct sandbox_config){.max_workers = 1, .wall_ms = WALL_MS});
    int64_t patience = clock_mono_us() + PATIENCE_US;
    tap_case("kill -9 of an idle worker costs nothing");
    if (!tap_int(sandbox_start(sb, patience, &facts, NULL), MP_OK))
        return;
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    tap_int(kill(facts.worker_pid, SIGKILL), 0);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);

    tap_case("a worker that is stopped is killed in time");
    tap_int(sandbox_start(sb, patience, &facts, NULL), MP_OK);
    tap_int(kill(facts.worker_pid, SIGSTOP), 0);
    outcome_is(probe_only(sb, "ok"), SANDBOX_TIMEOUT);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);

    tap_case("kill -9 of the zygote costs nothing: its workers go on");
    tap_int(sandbox_start(sb, patience, &facts, NULL), MP_OK);
    tap_int(kill(facts.zygote_pid, SIGKILL), 0);
    outcome_is(probe_only(sb, "member 5"), SANDBOX_OK);
    tap_case("... and a new one makes the next worker");
    outcome_is(probe_only(sb, "kill9"), SANDBOX_CRASHED);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_counts(sb, &counts);
    tap_int(counts.zygotes, 2);

    tap_case("a zygote that is stopped is replaced");
    tap_int(sandbox_start(sb, patience, &facts, NULL), MP_OK);
    tap_int(kill(facts.zygote_pid, SIGSTOP), 0);
    outcome_is(probe_only(sb, "cut"), SANDBOX_OK);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_counts(sb, &counts);
    tap_int(counts.zygotes, 3);
    sandbox_free(sb);
}

static void test_killed_early(void)
{
    char path[64];
    char *argv[] = {(char *)(uintptr_t) "p", (char *)(uintptr_t) "probe", path, NULL};
    struct sandbox_counts counts;
    snprintf(path, sizeof path, "/tmp/mailproof-pool-test-%d", (int)getpid());
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.argv = argv, .max_workers = 1});
    tap_case("kill -9 of a zygote that is not ready yet costs nothing");
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_counts(sb, &counts);
    tap_int(counts.zygotes, 2);
    tap_int(unlink(path), 0);
    sandbox_free(sb);
}

static void test_no_descriptors(void)
{
    struct rlimit before, tight;
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.max_workers = 1});
    tap_case("without descriptors an object is not inspected, and the next one is");
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    if (!tap_int(getrlimit(RLIMIT_NOFILE, &before), 0))
        return;
    tight = before;
    tight.rlim_cur = 0;
    tap_int(setrlimit(RLIMIT_NOFILE, &tight), 0);
    outcome_is(probe_only(sb, "ok"), SANDBOX_UNAVAILABLE);
    tap_int(setrlimit(RLIMIT_NOFILE, &before), 0);
    outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    sandbox_free(sb);
}

/* Does the process behind it end? Closes it. One that has ended already cannot be opened. */
static bool ends(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    if (pidfd < 0)
        return true;
    bool ended = poll(&p, 1, PATIENCE_US / 1000) == 1;
    close(pidfd);
    return ended;
}

/* Nobody of ours is left when the parent goes without a word. */
static void test_orphans(void)
{
    int told[2];
    tap_case("workers and zygote end with their parent");
    if (!tap_ok(pipe(told) == 0))
        return;
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox_facts facts = {0};
        struct kit k;
        struct sandbox_call *call;
        struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.max_workers = 1});
        sandbox_start(sb, clock_mono_us() + PATIENCE_US, &facts, NULL);
        kit_init(&k, STR("loop"), PROBE_MEMORY_BYTES); /* even one that does not listen */
        sandbox_begin(sb, &k.content, 0, clock_mono_us() + PATIENCE_US, &call, NULL);
        ssize_t n = write(told[1], &facts, sizeof facts);
        raise(n == (ssize_t)sizeof facts ? SIGKILL : SIGTERM);
        _exit(1);
    }
    struct sandbox_facts facts = {0};
    tap_ok(read(told[0], &facts, sizeof facts) == (ssize_t)sizeof facts);
    int zygote = (int)syscall(SYS_pidfd_open, facts.zygote_pid, 0);
    int worker = (int)syscall(SYS_pidfd_open, facts.worker_pid, 0);
    int status = 0;
    tap_ok(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    tap_int(WTERMSIG(status), SIGKILL);
    tap_ok(ends(zygote));
    tap_ok(ends(worker));
    close(told[0]);
    close(told[1]);
}

int main(int argc, char **argv)
{
    int st = probe_main(argc, argv);
    if (st >= 0)
        return st;
    unsigned before = open_fds();
    test_crowd();
    test_many_begun();
    test_queue_deadline();
    test_wear();
    test_killed();
    test_killed_early();
    test_no_descriptors();
    tap_case("nothing of all that is left open");
    tap_int(open_fds(), before);
    test_orphans();
    return tap_done();
}
