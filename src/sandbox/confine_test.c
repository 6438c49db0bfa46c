/* What a worker cannot do, tried in a worker; and what holds it when the filter would not. */
#include "sandbox/sandbox_test_kit.h"

/* A forbidden deed kills the worker that tries it; in builds with a sanitizer it fails. */
static void test_deeds(struct sandbox *sb, const struct sandbox_facts *facts)
{
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
        struct kit k;
        tap_case("a worker cannot: %s", deeds[i].name);
        struct sandbox_result r = probe_ask(sb, &k, deeds[i].name);
        if (facts->strict && !deeds[i].harmless) {
            outcome_is(r, SANDBOX_CRASHED);
            if (!tap_ok(strstr(r.text, "forbidden") != NULL))
                tap_note("%s", r.text);
            tap_ok(!k.report.complete);
        } else if (outcome_is(r, SANDBOX_OK)) {
            tap_int(k.report.findings.n, 1);
            tap_str(k.report.findings.items[0].evidence, STR("denied"));
        }
        arena_clear(&k.arena);
        tap_case("... and the next object is inspected: %s", deeds[i].name);
        outcome_is(probe_only(sb, "ok"), SANDBOX_OK);
    }
}

static struct str field(struct str text, const char *name)
{
    while (text.p != NULL) {
        struct str line = str_cut(&text, '\n');
        if (str_starts(line, str_from(name)))
            return str_trim(str_slice(line, strlen(name), line.n));
    }
    return STR_NONE;
}

/* What the kernel says of the worker, not what the worker says. */
static void test_status(const struct sandbox_facts *facts)
{
    char path[64], text[8192];
    snprintf(path, sizeof path, "/proc/%d/status", (int)facts->worker_pid);
    tap_case("the kernel's view of a worker");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    if (!tap_ok(n > 0))
        return;
    struct str status = str_make(text, (size_t)n);
    tap_str(field(status, "Seccomp:"), STR("2"));
    tap_str(field(status, "NoNewPrivs:"), STR("1"));
    tap_str(field(status, "CapEff:"), STR("0000000000000000"));
    tap_str(field(status, "CapPrm:"), STR("0000000000000000"));
    if (!sandbox_is_sanitized())
        tap_str(field(status, "Threads:"), STR("1"));
    if (getuid() == 0 && facts->other_user)
        tap_str(field(status, "Uid:"), STR("65534\t65534\t65534\t65534"));
}

static void test_namespace(const struct sandbox_facts *facts)
{
    char path[64], ours[64] = {0}, theirs[64] = {0};
    tap_case("a worker's network is another one");
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)facts->worker_pid);
    if (!facts->no_network)
        tap_skip("this system lets nobody make a network namespace");
    else if (readlink(path, theirs, sizeof theirs - 1) < 0)
        tap_skip("no rights to look at it: %s", strerror(errno));
    else {
        tap_ok(readlink("/proc/self/ns/net", ours, sizeof ours - 1) > 0);
        tap_ok(strcmp(ours, theirs) != 0);
    }
}

/* Each layer by itself, in a child of the test. */
static int in_child(bool (*locked)(void), bool (*done)(void))
{
    enum { DONE = 10, DENIED, NOT_LOCKED };
    pid_t pid = fork();
    int status = 0;
    if (pid == 0)
        _exit(!locked() ? NOT_LOCKED : done() ? DONE : DENIED);
    tap_ok(waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status))
        return -WTERMSIG(status);
    return WEXITSTATUS(status) - DENIED;
}

static bool lock_landlock(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && landlock_deny_all() > 0;
}
static bool lock_filter(void)
{
    bool strict;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && filter_load(&strict) == 0;
}
static bool lock_zygote(void)
{
    struct sandbox_facts facts = {0};
    return confine_zygote(&facts, NULL) == MP_OK;
}
static bool lock_nothing(void)
{
    return true;
}

static const struct {
    const char *label;
    bool (*locked)(void);
    bool (*deed)(void);
    int want; /* -1: done, 0: denied, or minus the signal */
    bool landlock;
} layers[] = {
    {"without a lock a file is opened", lock_nothing, deed_open, -1, false},
    {"without a lock a socket is made", lock_nothing, deed_socket, -1, false},
    {"without a lock a process is made", lock_nothing, deed_fork, -1, false},
    {"without a lock memory is made executable", lock_nothing, deed_mprotect_exec, -1, false},
    {"Landlock alone keeps files shut", lock_landlock, deed_open, 0, true},
    {"Landlock alone makes no files", lock_landlock, deed_create, 0, true},
    {"the zygote opens no file either", lock_zygote, deed_open, 0, true},
    {"the filter alone keeps files shut", lock_filter, deed_open, -SIGSYS, false},
    {"the filter alone makes no sockets", lock_filter, deed_socket, -SIGSYS, false},
    {"the filter alone makes no processes", lock_filter, deed_fork, -SIGSYS, false},
};

static void test_layers(void)
{
    for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
        tap_case("layers: %s", layers[i].label);
        if (layers[i].landlock && syscall(444, NULL, 0, 1) < 1) {
            tap_skip("this kernel has no Landlock");
            continue;
        }
        int want = layers[i].want == -SIGSYS && sandbox_is_sanitized() ? 0 : layers[i].want;
        tap_int(in_child(layers[i].locked, layers[i].deed), want);
    }
}

int main(int argc, char **argv)
{
    int st = probe_main(argc, argv);
    if (st >= 0)
        return st;
    /* What a careless program leaves open and around. */
    int left_open = open("/dev/null", O_RDONLY);
    tap_ok(left_open >= 0 && fcntl(left_open, F_DUPFD, 500) == 500);
    tap_ok(setenv("MP_SECRET", "1", 1) == 0);
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.max_workers = 1});
    struct sandbox_facts facts = {0};
    struct mp_err err = {0};
    tap_case("a worker starts and tells what holds it");
    if (tap_int(sandbox_start(sb, clock_mono_us() + PATIENCE_US, &facts, &err), MP_OK)) {
        tap_ok(facts.strict != sandbox_is_sanitized());
        tap_ok(facts.memory_limited != sandbox_is_sanitized());
        tap_ok(facts.worker_pid > 0 && facts.zygote_pid > 0);
        tap_note("landlock ABI %d, network away %d, other user %d, strict %d", facts.landlock_abi,
                 facts.no_network, facts.other_user, facts.strict);
        test_status(&facts);
        test_namespace(&facts);
        test_deeds(sb, &facts);
    } else {
        tap_note("%s", err.text);
    }
    sandbox_free(sb);
    test_layers();
    return tap_done();
}
