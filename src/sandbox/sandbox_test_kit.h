/* A worker's program for tests: the test executable itself, called anew with "probe". What it does
 * with an object is written in the object: "open", "loop", "crash". */
#ifndef MP_SANDBOX_TEST_KIT_H
#define MP_SANDBOX_TEST_KIT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/frame_test_kit.h"
#include "sandbox/sandbox_internal.h"
#include "tests/tap.h"

enum { PROBE_IN_FD = 4, PROBE_OUT_FD = 5, PROBE_MEMORY_BYTES = 16 << 20, PATIENCE_US = 60000000 };

/* ---- deeds that a worker must not get done: true when it was done ---- */

static inline bool deed_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0;
}
static inline bool deed_create(void)
{
    return open("/tmp", O_TMPFILE | O_RDWR, 0600) >= 0;
}
static inline bool deed_openat2(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how) >= 0;
}
static inline bool deed_unlink(void)
{
    return unlink("/tmp/mailproof-sandbox-probe") == 0;
}
static inline bool deed_stat(void)
{
    return access("/etc/passwd", F_OK) == 0;
}
static inline bool deed_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static inline bool deed_socket_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}
static inline bool deed_socketpair(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}
static inline bool deed_fork(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}
static inline bool deed_clone3(void)
{
    uint64_t args[8] = {[4] = SIGCHLD};
    long pid = syscall(SYS_clone3, args, sizeof args);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}
static inline bool deed_thread(void)
{
    return unshare(CLONE_FILES) == 0;
}
static inline bool deed_execve(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    execve("/bin/true", argv, argv + 1);
    return false; /* had it been done, the worker would have ended without an answer */
}
static inline bool deed_execveat(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    return syscall(SYS_execveat, PROBE_IN_FD, "", argv, argv + 1, AT_EMPTY_PATH) == 0;
}
static inline bool deed_ptrace(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}
static inline bool deed_read_memory(void)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {&byte, 1};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) >= 0;
}
static inline bool deed_kill_others(void)
{
    return syscall(SYS_kill, -1, 0) == 0;
}
static inline bool deed_tgkill_others(void)
{
    return syscall(SYS_tgkill, 1, 1, 0) == 0;
}
static inline bool deed_mmap_exec(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}
static inline bool deed_mprotect_exec(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}
static inline bool deed_memfd(void)
{
    return memfd_create("x", 0) >= 0;
}
static inline bool deed_raise_limits(void)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    return setrlimit(RLIMIT_CPU, &all) == 0;
}
static inline bool deed_io_uring(void)
{
    struct io_uring_params p = {0};
    return syscall(SYS_io_uring_setup, 4, &p) >= 0;
}
static inline bool deed_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) >= 0;
}
static inline bool deed_keyctl(void)
{
    return syscall(SYS_keyctl, 0, -3, 0) >= 0;
}
static inline bool deed_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0;
}
static inline bool deed_dup(void)
{
    return fcntl(PROBE_IN_FD, F_DUPFD, 0) >= 0;
}
static inline bool deed_pidfd(void)
{
    return syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}
static inline bool deed_write_object(void)
{
    return pwrite(PROBE_IN_FD, "x", 1, 0) == 1;
}

/* Deeds that fail by what the worker was given, whatever the filter says: never a death. */
static inline bool deed_map_object_writable(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, PROBE_IN_FD, 0) != MAP_FAILED;
}
static inline bool deed_inherited_fd(void)
{
    for (int fd = PROBE_OUT_FD + 1; fd < 1024; fd++)
        if (fcntl(fd, F_GET_SEALS) >= 0 || errno != EBADF)
            return true;
    return false;
}
static inline bool deed_environment(void)
{
    for (char **e = environ; *e != NULL; e++)
        if (strncmp(*e, "MP_SECRET=", 10) == 0)
            return true;
    return false;
}
static inline bool deed_hear_parent_output(void)
{
    char byte;
    return read(STDIN_FILENO, &byte, 1) != 0 || lseek(STDOUT_FILENO, 0, SEEK_END) > 0;
}

/* `harmless`: it fails without a death. */
static const struct deed {
    const char *name;
    bool (*done)(void);
    bool harmless;
} deeds[] = {
    {"open", deed_open, false},
    {"create", deed_create, false},
    {"openat2", deed_openat2, false},
    {"unlink", deed_unlink, false},
    {"access", deed_stat, false},
    {"socket", deed_socket, false},
    {"socket-unix", deed_socket_unix, false},
    {"socketpair", deed_socketpair, false},
    {"fork", deed_fork, false},
    {"clone3", deed_clone3, false},
    {"unshare", deed_thread, false},
    {"execve", deed_execve, false},
    {"execveat", deed_execveat, false},
    {"ptrace", deed_ptrace, false},
    {"read-memory", deed_read_memory, false},
    {"kill", deed_kill_others, false},
    {"tgkill", deed_tgkill_others, false},
    {"mmap-exec", deed_mmap_exec, false},
    {"mprotect-exec", deed_mprotect_exec, false},
    {"memfd", deed_memfd, false},
    {"raise-limits", deed_raise_limits, false},
    {"io_uring", deed_io_uring, false},
    {"bpf", deed_bpf, false},
    {"keyctl", deed_keyctl, false},
    {"namespace", deed_namespace, false},
    {"dup", deed_dup, false},
    {"pidfd", deed_pidfd, false},
    {"write-object", deed_write_object, false},
    {"map-object-writable", deed_map_object_writable, true},
    {"inherited-fd", deed_inherited_fd, true},
    {"environment", deed_environment, true},
    {"standard-streams", deed_hear_parent_output, true},
};

/* ---- ways to misbehave ---- */

static inline int misdeed_none(struct content *c)
{
    (void)c;
    return MP_OK;
}
static inline int misdeed_loop(struct content *c)
{
    volatile unsigned n = 0;
    while (c != NULL)
        n++;
    return MP_OK;
}
static inline int misdeed_wait(struct content *c)
{
    static uint32_t never = 1;
    while (c != NULL)
        syscall(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    return MP_OK;
}
static inline int misdeed_allocate(struct content *c)
{
    enum { PIECE = 32 << 20, PIECES = 64 }; /* 2 GiB */
    for (int i = 0; i < PIECES; i++) {
        char *p = malloc(PIECE);
        if (p == NULL)
            return mp_fail(NULL, MP_E_NOMEM, 0, "spent");
        for (size_t at = 0; at < PIECE; at += 4096)
            ((volatile char *)p)[at] = 1;
    }
    (void)c;
    return MP_OK;
}
static inline int misdeed_grow(struct content *c)
{
    enum { MORE = 300 << 20 };
    char *p = malloc(MORE);
    for (size_t at = 0; p != NULL && at < MORE; at += 4096)
        ((volatile char *)p)[at] = 1;
    free(p);
    return p != NULL && c != NULL ? MP_OK : MP_E_NOMEM;
}
static inline int misdeed_arena(struct content *c)
{
    while (arena_alloc(c->arena, 1, 1 << 20) != NULL)
        ;
    return MP_E_NOMEM;
}
static inline int misdeed_crash(struct content *c)
{
    raise(SIGSEGV);
    return c == NULL;
}
static inline int misdeed_abort(struct content *c)
{
    if (c != NULL)
        abort();
    return MP_OK;
}
static inline int misdeed_kill9(struct content *c)
{
    raise(SIGKILL);
    return c == NULL;
}
static inline int misdeed_exit(struct content *c)
{
    if (c != NULL)
        _exit(7);
    return MP_OK;
}
static inline int misdeed_cut(struct content *c)
{
    c->report->complete = false;
    finding_add(&c->report->findings, FINDING_LIMIT_SIZE, NOWHERE, "cut");
    return MP_OK;
}
static inline int misdeed_fail(struct content *c)
{
    (void)c;
    return MP_E_INTERNAL;
}
static inline void put(const char *p, size_t n)
{
    ssize_t written = write(SANDBOX_WORKER_FD, p, n);
    (void)written;
}
static inline int misdeed_garbage(struct content *c)
{
    put("\x01garbage", 8);
    return misdeed_wait(c);
}
static inline int misdeed_garbage_full(struct content *c)
{
    char junk[sizeof(struct parcel)];
    memset(junk, 0x5a, sizeof junk);
    put(junk, sizeof junk);
    return misdeed_wait(c);
}
static inline int misdeed_flood(struct content *c)
{
    char junk[sizeof(struct parcel)] = {0};
    while (c != NULL)
        put(junk, sizeof junk);
    return MP_OK;
}

/* The serial of the request is not in the object: all that it can be are tried. A wrong one makes
 * the first message a bad one, so a test that wants it right begins with a new sandbox: 5 (see
 * next_serial: a worker, then its request). */
enum { PROBE_SERIAL = 5 };
static inline void say(uint64_t frame_bytes, uint64_t object_bytes, int32_t status)
{
    struct parcel m = {.type = PARCEL_ANSWER,
                       .serial = PROBE_SERIAL,
                       .status = status,
                       .frame_bytes = frame_bytes,
                       .object_bytes = object_bytes};
    channel_send(SANDBOX_WORKER_FD, &m, NULL, 0);
}
static inline int misdeed_huge(struct content *c)
{
    say(1u << 30, 0, MP_OK);
    return misdeed_wait(c);
}
static inline int misdeed_huge_bytes(struct content *c)
{
    say(100, UINT64_MAX - 50, MP_OK);
    return misdeed_wait(c);
}
static inline int misdeed_empty(struct content *c)
{
    say(64, 64, MP_OK); /* of a memfd that was never written: zeros */
    return misdeed_wait(c);
}
static inline int misdeed_twice(struct content *c)
{
    say(0, 0, MP_E_NOMEM);
    (void)c;
    return MP_OK; /* and the regular one */
}

/* A member of each size that the object tells in decimal: "member 10 20". */
static inline int misdeed_members(struct content *c)
{
    struct str left = c->report->objects[0].bytes;
    struct content_report *r = c->report;
    (void)str_cut(&left, ' ');
    struct content_object *list = arena_new(c->arena, struct content_object, KIT_ROOM);
    struct mime_name *name = arena_new(c->arena, struct mime_name, 1);
    if (list == NULL || name == NULL)
        return MP_E_NOMEM;
    *name = (struct mime_name){NAME_ENCODED, STR("m.bin"), 0};
    list[0] = r->objects[0];
    r->objects = list;
    while (left.p != NULL && r->n < KIT_ROOM) {
        uint64_t n = 0;
        str_to_u64(str_cut(&left, ' '), 1 << 30, &n);
        char *bytes = arena_new(c->arena, char, (size_t)n + 1);
        if (bytes == NULL)
            return MP_E_NOMEM;
        memset(bytes, 'a' + (int)r->n, (size_t)n);
        list[r->n++] = (struct content_object){.part = list[0].part,
                                               .member = STR("a.zip/m.bin"),
                                               .depth = 1,
                                               .bytes = str_make(bytes, (size_t)n),
                                               .has_bytes = true,
                                               .names = name,
                                               .n_names = 1};
        c->budget->bytes_left -= n;
        c->budget->objects_left--;
    }
    finding_raise(finding_add(&r->findings, FINDING_LIMIT_SIZE,
                              (struct finding_where){.member = STR("a.zip/m.bin")}, "members"),
                  SEV_HIGH);
    return MP_OK;
}

static const struct {
    const char *name;
    int (*run)(struct content *c);
} misdeeds[] = {
    {"ok", misdeed_none},
    {"loop", misdeed_loop},
    {"wait", misdeed_wait},
    {"allocate", misdeed_allocate},
    {"grow", misdeed_grow},
    {"arena", misdeed_arena},
    {"crash", misdeed_crash},
    {"abort", misdeed_abort},
    {"kill9", misdeed_kill9},
    {"exit", misdeed_exit},
    {"cut", misdeed_cut},
    {"fail", misdeed_fail},
    {"garbage", misdeed_garbage},
    {"garbage-full", misdeed_garbage_full},
    {"flood", misdeed_flood},
    {"huge", misdeed_huge},
    {"huge-bytes", misdeed_huge_bytes},
    {"empty", misdeed_empty},
    {"twice", misdeed_twice},
    {"member", misdeed_members},
};

static inline int probe_inspect(void *data, struct content *c, struct mp_err *err)
{
    (void)data;
    struct str word = c->report->objects[0].bytes;
    struct finding_list *findings = &c->report->findings;
    word = str_cut(&word, ' ');
    for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
        if (str_eq(word, str_from(deeds[i].name))) {
            finding_add(findings, FINDING_LIMIT_SIZE, NOWHERE, "%s",
                        deeds[i].done() ? "done" : "denied");
            return MP_OK;
        }
    for (size_t i = 0; i < ARRAY_LEN(misdeeds); i++)
        if (str_eq(word, str_from(misdeeds[i].name))) {
            int st = misdeeds[i].run(c);
            return st == MP_OK ? MP_OK : mp_fail(err, st, 0, "as it was told");
        }
    return mp_fail(err, MP_E_USAGE, 0, "the probe does not know this word");
}

static inline int probe_load(void *data, const struct content_lists **lists, struct mp_err *err)
{
    const char *word = data;
    char byte;
    (void)lists;
    if (word != NULL && strcmp(word, "fails") == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "the rules are broken");
    if (word != NULL && strcmp(word, "dies") == 0)
        raise(SIGKILL);
    if (word != NULL && word[0] == '/') { /* once: the file shows that it was so */
        int fd = open(word, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        raise(fd >= 0 ? SIGKILL : SIGCONT);
    }
    if (word != NULL && strcmp(word, "hangs") == 0)
        return read(SANDBOX_WORKER_FD, &byte, 1) == 1 ? MP_OK : MP_E_IO; /* until the parent goes */
    return MP_OK;
}

/* First in main: true when this process is the probe; then it has ended already. */
static inline int probe_main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "probe") != 0)
        return -1;
    const struct sandbox_worker w = {probe_load, probe_inspect, argc > 2 ? argv[2] : NULL};
    return sandbox_worker_main(&w);
}

/* ---- the parent's part ---- */

/* The options of sanitizers and nothing else. */
static inline char **probe_env(void)
{
    enum { MOST = 8 };
    static char *kept[MOST];
    size_t n = 0;
    kept[n++] = (char *)(uintptr_t) "TZ=UTC0";
    for (char **e = environ; *e != NULL && n + 1 < MOST; e++)
        if (strstr(*e, "SAN_OPTIONS=") != NULL)
            kept[n++] = *e;
    kept[n] = NULL;
    return kept;
}

static inline struct sandbox *probe_sandbox(const struct sandbox_config *more)
{
    static char *argv[] = {(char *)(uintptr_t) "probe-program", (char *)(uintptr_t) "probe", NULL};
    struct sandbox_config config = more == NULL ? (struct sandbox_config){0} : *more;
    struct sandbox *sb = NULL;
    struct mp_err err = {0};
    if (config.argv == NULL)
        config.argv = argv;
    if (sandbox_is_sanitized())
        config.env = probe_env();
    if (sandbox_new(&config, &sb, &err) != MP_OK) {
        tap_note("%s", err.text);
        abort();
    }
    return sb;
}

/* Ask for one object that says `what`. *k is initialised here; arena_clear(&k->arena) after. */
static inline struct sandbox_result probe_ask(struct sandbox *sb, struct kit *k, const char *what)
{
    struct sandbox_result result = {0};
    struct mp_err err = {0};
    kit_init(k, str_from(what), PROBE_MEMORY_BYTES);
    if (sandbox_inspect(sb, &k->content, 0, clock_mono_us() + PATIENCE_US, &result, &err) !=
        MP_OK) {
        snprintf(result.text, sizeof result.text, "%.190s", err.text);
        result.outcome = SANDBOX_UNAVAILABLE;
    }
    return result;
}

/* The same, when only the outcome counts. */
static inline struct sandbox_result probe_only(struct sandbox *sb, const char *what)
{
    struct kit k;
    struct sandbox_result r = probe_ask(sb, &k, what);
    arena_clear(&k.arena);
    return r;
}

static inline bool outcome_is(struct sandbox_result r, enum sandbox_outcome want)
{
    bool ok = tap_int(r.outcome, want);
    if (!ok)
        tap_note("%s: %s", sandbox_outcome_name(r.outcome), r.text);
    return ok;
}

#endif
