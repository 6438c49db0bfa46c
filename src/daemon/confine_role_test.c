/* What each role cannot do, tried by a child that became it; and what it still can. */
#include "daemon/confine_role.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sandbox/sandbox_test_kit.h"

enum { DONE = 10, DENIED, NOT_LOCKED };

static char base[] = "/dev/shm/mp-confine-XXXXXX";
static char state[80], run[80], elsewhere[80], secret[80];
static int tcp_fd = -1; /* open before, as an accepted connection is */
static struct serve_config config;
static int landlock_abi;

static void configure(void)
{
    serve_config_default(&config);
    config.user = STR("nobody");
    config.group = STR("nogroup");
    config.state_dir = str_from(state);
    config.runtime_dir = str_from(run);
    config.history.dir = str_from(state);
    config.intel.store_dir = str_from(state);
}

/* ---- deeds beyond those of the sandbox's kit: true when it was done ---- */

static bool make_in(const char *dir)
{
    char path[120];
    snprintf(path, sizeof path, "%s/made-%d", dir, (int)getpid());
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    return fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && unlink(path) == 0;
}
static bool write_state(void)
{
    return make_in(state);
}
static bool write_elsewhere(void)
{
    return make_in(elsewhere);
}
static bool write_tmp(void)
{
    return make_in("/tmp");
}
static bool read_secret(void)
{
    return open(secret, O_RDONLY | O_CLOEXEC) >= 0;
}
static bool swap_state(void)
{
    char from[120], to[120];
    snprintf(from, sizeof from, "%s/from-%d", state, (int)getpid());
    snprintf(to, sizeof to, "%s/to-%d", state, (int)getpid());
    int fd = open(from, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return fd >= 0 && flock(fd, LOCK_EX) == 0 && rename(from, to) == 0 && unlink(to) == 0;
}
static bool socket_inet(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static bool socket_inet6(void)
{
    return socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || errno == EAFNOSUPPORT;
}
static bool socket_packet(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}
static bool socket_unix(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}
static bool listens(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0;
}
/* A connection that is open already, to somewhere else. Refused by the other side is got through.
 */
static bool connect_open_socket(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(1)};
    return connect(tcp_fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == ECONNREFUSED;
}
static bool child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}
static void *nothing(void *arg)
{
    return arg;
}
static bool thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0;
}
/* In a child where one may be had, as the deed ends the process. */
static bool run_true(void)
{
    int status = 0;
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    pid_t pid = vfork();
    if (pid == 0) {
        execve("/bin/true", argv, argv + 1);
        _exit(DENIED);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}
static bool run_only(void)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    execve("/bin/true", argv, argv + 1);
    return false;
}
static bool trace_parent(void)
{
    return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}
static bool mounts(void)
{
    return mount("none", "/dev/shm", "tmpfs", 0, NULL) == 0;
}
static bool new_mounts(void)
{
    return unshare(CLONE_NEWNS) == 0;
}
static bool new_user_by_clone(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}
static bool become_root(void)
{
    return setuid(0) == 0;
}
static bool signal_parent(void)
{
    return kill(getppid(), 0) == 0;
}
static bool be_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}
static bool dump_core(void)
{
    struct rlimit all = {1 << 20, 1 << 20};
    return setrlimit(RLIMIT_CORE, &all) == 0;
}
static bool administer(void)
{
    return sethostname("x", 1) == 0;
}
static bool make_device(void)
{
    char path[120];
    snprintf(path, sizeof path, "%s/device", state);
    return mknod(path, S_IFCHR | 0600, 1 << 8 | 3) == 0;
}
static bool talk(void)
{
    int pair[2];
    char c = 0;
    return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && write(pair[0], "x", 1) == 1 &&
           read(pair[1], &c, 1) == 1 && c == 'x';
}
static bool allocate(void)
{
    char *p = malloc(64 << 20);
    if (p != NULL)
        memset(p, 1, 64 << 20);
    free(p);
    return p != NULL;
}
static bool resolve(void)
{
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    bool ok = getaddrinfo("localhost", "25", &hints, &list) == 0;
    if (ok)
        freeaddrinfo(list);
    return ok;
}
static bool certificates(void)
{
    return open("/etc/ssl", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 || errno == ENOENT;
}

/* d: done; k: the filter ends it; n: denied by something else; -: not asked. In the order of the
 * roles: supervisor, front, worker, signer, clerk. */
static const struct {
    const char *name;
    bool (*done)(void);
    char want[ROLE_COUNT + 1];
    int landlock; /* "n" wants this ABI */
} rows[] = {
    {"read /etc/passwd", deed_open, "dnnkd", 1},
    {"openat2", deed_openat2, "dnnkd", 1},
    {"read a key that its mode lets everybody read", read_secret, "dnnkd", 1},
    {"write below state_dir", write_state, "dddkd", 0},
    {"rename and lock below state_dir", swap_state, "dddkd", 0},
    {"write elsewhere", write_elsewhere, "dnnkn", 1},
    {"write to /tmp", write_tmp, "dnnkd", 1},
    {"make a device", make_device, "kkkkk", 0},
    {"socket(AF_INET)", socket_inet, "dkdkd", 0},
    {"socket(AF_INET6)", socket_inet6, "dkdkd", 0},
    {"socket(AF_PACKET)", socket_packet, "nkkkk", 0},
    {"socket(AF_UNIX)", socket_unix, "dddkd", 0},
    {"listen", listens, "dkkkd", 0},
    {"turn an open connection elsewhere", connect_open_socket, "dndkd", 4},
    {"fork", child, "dkdkd", 0},
    {"clone3", deed_clone3, "dnnnn", 0},
    {"a thread", thread, "ddddd", 0},
    {"run another program", run_true, "dknkd", 1},
    {"become another program", run_only, "-knk-", 1},
    {"ptrace", trace_parent, "kkkkk", 0},
    {"read memory of others", deed_read_memory, "kkkkk", 0},
    {"mount", mounts, "kkkkk", 0},
    {"a namespace of mounts", new_mounts, "nkkkk", 0},
    {"a user namespace by clone", new_user_by_clone, "-kkkk", 0},
    {"setuid(0)", become_root, "dknkn", 0},
    {"kill(parent)", signal_parent, "dknkn", 6},
    {"be dumpable again", be_dumpable, "dkdkd", 0},
    {"dump core again", dump_core, "nknkn", 0},
    {"sethostname", administer, "kkkkk", 0},
    {"executable memory", deed_mmap_exec, "dkdkd", 0},
    {"memory made executable", deed_mprotect_exec, "dkdkd", 0},
    {"io_uring", deed_io_uring, "kkkkk", 0},
    {"bpf", deed_bpf, "kkkkk", 0},
    {"keyctl", deed_keyctl, "kkkkk", 0},
    {"a signal to another process by tgkill", deed_tgkill_others, "-knkn", 6},
    {"talk over a pair of sockets", talk, "dddkd", 0},
    {"allocate", allocate, "ddddd", 0},
    {"resolve names", resolve, "dkdkd", 0},
    {"read what TLS wants", certificates, "dndkd", 1},
};

static bool lock(enum serve_role role, struct confine_facts *f)
{
    struct mp_err err = {0};
    if (confine_identity(role, &config, f, &err) == MP_OK &&
        confine_role(role, &config, f, &err) == MP_OK)
        return true;
    dprintf(STDERR_FILENO, "# %s\n", err.text);
    return false;
}

/* DONE, DENIED, NOT_LOCKED, or minus the signal. */
static int in_role(enum serve_role role, bool (*done)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct confine_facts f = {0};
        int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDERR_FILENO);
        _exit(!lock(role, &f) ? NOT_LOCKED : done() ? DONE : DENIED);
    }
    tap_ok(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void deeds_by_role(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int r = 0; r < ROLE_COUNT; r++) {
            char want = rows[i].want[r];
            if (want == '-')
                continue;
            tap_case("%s: %s: %c", serve_role_name((enum serve_role)r), rows[i].name, want);
            if (want == 'n' && landlock_abi < rows[i].landlock) {
                tap_skip("this kernel's Landlock cannot");
                continue;
            }
            if (want == 'd' && r == ROLE_SUPERVISOR && getuid() != 0) {
                tap_skip("not root");
                continue;
            }
            int got = in_role((enum serve_role)r, rows[i].done);
            if (want == 'k' && sandbox_is_sanitized())
                tap_ok(got == DENIED || got == -SIGSYS);
            else
                tap_int(got, want == 'd' ? DONE : want == 'k' ? -SIGSYS : DENIED);
        }
}

/* ---- what the kernel says of a role ---- */

static struct str field(struct str text, const char *name)
{
    while (text.p != NULL) {
        struct str line = str_cut(&text, '\n');
        if (str_starts(line, str_from(name)))
            return str_trim(str_slice(line, strlen(name), line.n));
    }
    return STR_NONE;
}

/* Its facts and its status, told by a pipe before it locks its files away. */
static bool ask_role(enum serve_role role, struct confine_facts *f, char *status, size_t room)
{
    int pipes[2], hold[2], st = 0;
    char path[40];
    if (pipe(pipes) != 0 || pipe(hold) != 0)
        return false;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct confine_facts own = {0};
        bool ok = lock(role, &own) && write(pipes[1], &own, sizeof own) == sizeof own;
        char c;
        close(hold[1]);
        _exit(ok && read(hold[0], &c, 1) >= 0 ? 0 : 1);
    }
    close(pipes[1]);
    bool ok = read(pipes[0], f, sizeof *f) == sizeof *f;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, status, room - 1);
    status[n < 0 ? 0 : n] = '\0';
    close(fd);
    close(hold[0]);
    close(hold[1]);
    close(pipes[0]);
    kill(pid, SIGKILL);
    waitpid(pid, &st, 0);
    return ok && n > 0;
}

static void seen_by_the_kernel(void)
{
    for (int r = 0; r < ROLE_COUNT; r++) {
        struct confine_facts f = {0};
        char status[8192];
        tap_case("%s as the kernel sees it", serve_role_name((enum serve_role)r));
        if (!tap_ok(ask_role((enum serve_role)r, &f, status, sizeof status)))
            continue;
        tap_note("%s", f.missing);
        struct str s = str_from(status);
        tap_ok(f.no_new_privs && f.filtered && f.strict != sandbox_is_sanitized());
        tap_str(field(s, "NoNewPrivs:"), STR("1"));
        tap_str(field(s, "Seccomp:"), STR("2"));
        tap_str(field(s, "CapInh:"), STR("0000000000000000"));
        tap_str(field(s, "CapAmb:"), STR("0000000000000000"));
        tap_ok(f.open_files > 0);
        tap_int(f.landlock_abi, r == ROLE_SUPERVISOR ? 0 : landlock_abi);
        tap_int(f.other_user, r != ROLE_SUPERVISOR && getuid() == 0);
        if (r == ROLE_SUPERVISOR) {
            if (getuid() == 0)
                tap_str(field(s, "CapPrm:"), STR("00000000000005eb"));
            continue;
        }
        tap_str(field(s, "CapPrm:"), STR("0000000000000000"));
        tap_str(field(s, "CapEff:"), STR("0000000000000000"));
        if (getuid() == 0) {
            tap_str(field(s, "CapBnd:"), STR("0000000000000000"));
            tap_str(field(s, "Uid:"), STR("65534\t65534\t65534\t65534"));
            tap_str(field(s, "Gid:"), STR("65534\t65534\t65534\t65534"));
            tap_str(field(s, "Groups:"), STR("65534"));
        }
    }
}

/* ---- who it becomes ---- */

static int identity_in_child(enum serve_role role, const struct serve_config *c, uid_t uid,
                             char text[256])
{
    int pipes[2], status = 0;
    if (pipe(pipes) != 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct confine_facts f = {0};
        struct mp_err err = {0};
        int st = confine_identity(role, c, &f, &err);
        dprintf(pipes[1], "%s|%s", err.text, f.missing);
        _exit(st != MP_OK ? NOT_LOCKED : getuid() == uid ? DONE : DENIED);
    }
    close(pipes[1]);
    ssize_t n = read(pipes[0], text, 255);
    text[n < 0 ? 0 : n] = '\0';
    close(pipes[0]);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

static void identities(void)
{
    char text[256];
    struct serve_config *c = &config;
    if (getuid() != 0) {
        tap_case("identities");
        tap_skip("not root");
        return;
    }
    tap_case("the signer's own user");
    c->signer_user = STR("daemon");
    tap_int(identity_in_child(ROLE_SIGNER, c, 1, text), DONE);
    tap_int(identity_in_child(ROLE_WORKER, c, 65534, text), DONE);
    tap_case("a user that is not there is an error, with what to do");
    c->user = STR("no-such-user");
    tap_int(identity_in_child(ROLE_FRONT, c, 0, text), NOT_LOCKED);
    tap_ok(strstr(text, "useradd --system no-such-user") != NULL);
    c->user = STR("nobody");
    c->group = STR("no-such-group");
    tap_int(identity_in_child(ROLE_FRONT, c, 0, text), NOT_LOCKED);
    tap_ok(strstr(text, "groupadd --system no-such-group") != NULL);
    tap_case("root stays root only where the configuration says so, and it is told");
    c->user = STR("root");
    c->group = STR("root");
    tap_int(identity_in_child(ROLE_FRONT, c, 0, text), DONE);
    tap_ok(strstr(text, "runs as root") != NULL);
    configure();
    tap_case("calls come after the identity");
    struct confine_facts f = {0};
    struct mp_err err = {0};
    tap_int(confine_role(ROLE_FRONT, c, &f, &err), MP_E_USAGE);
}

static void names(void)
{
    enum serve_role r;
    for (int i = 0; i < ROLE_COUNT; i++) {
        tap_case("name of role %d", i);
        tap_ok(serve_role_by_name(str_from(serve_role_name((enum serve_role)i)), &r));
        tap_int(r, i);
    }
    tap_case("no role");
    tap_ok(!serve_role_by_name(STR("fronts"), &r));
    tap_cstr(serve_role_name(ROLE_COUNT), "?");
}

/* ---- a worker's sandbox starts within the worker's limits ---- */

static bool sandbox_works(void)
{
    struct sandbox_facts facts = {0};
    struct mp_err err = {0};
    struct sandbox *sb = probe_sandbox(&(struct sandbox_config){.max_workers = 1});
    bool ok = sandbox_start(sb, clock_mono_us() + PATIENCE_US, &facts, &err) == MP_OK;
    dprintf(STDOUT_FILENO, "# %s landlock %d, network away %d, strict %d\n", err.text,
            facts.landlock_abi, facts.no_network, facts.strict);
    ok = ok && facts.strict != sandbox_is_sanitized() && probe_only(sb, "ok").outcome == SANDBOX_OK;
    ok = ok && probe_only(sb, "open").outcome == (facts.strict ? SANDBOX_CRASHED : SANDBOX_OK);
    ok = ok && probe_only(sb, "ok").outcome == SANDBOX_OK;
    sandbox_free(sb);
    return ok;
}

static void sandboxes(void)
{
    tap_case("a worker's sandbox starts, works, and is confined itself");
    tap_int(in_role(ROLE_WORKER, sandbox_works), DONE);
    tap_case("... the clerk's, too");
    tap_int(in_role(ROLE_CLERK, sandbox_works), DONE);
}

/* The line that says which call it was. */
static void told(void)
{
    int pipes[2], status = 0;
    char text[200] = "", want[80];
    tap_case("a forbidden call is told by its number");
    if (sandbox_is_sanitized()) {
        tap_skip("in builds with a sanitizer it fails");
        return;
    }
    tap_ok(pipe(pipes) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct confine_facts f = {0};
        if (lock(ROLE_FRONT, &f)) {
            dup2(pipes[1], STDERR_FILENO);
            become_root();
        }
        _exit(0);
    }
    close(pipes[1]);
    ssize_t n = read(pipes[0], text, sizeof text - 1);
    text[n < 0 ? 0 : n] = '\0';
    close(pipes[0]);
    waitpid(pid, &status, 0);
    tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    snprintf(want, sizeof want, "mailproof: forbidden system call %4d\n", SYS_setuid);
    tap_cstr(text, want);
}

static void make_dir(char *path, const char *name)
{
    snprintf(path, 80, "%s/%s", base, name);
    tap_ok(mkdir(path, 0777) == 0 && chmod(path, 0777) == 0);
}

int main(int argc, char **argv)
{
    int st = probe_main(argc, argv);
    if (st >= 0)
        return st;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    landlock_abi = abi < 0 ? 0 : (int)abi;
    if (mkdtemp(base) == NULL) {
        tap_case("confinement");
        tap_skip("no /dev/shm");
        return tap_done();
    }
    chmod(base, 0755);
    make_dir(state, "state");
    make_dir(run, "run");
    make_dir(elsewhere, "elsewhere");
    snprintf(secret, sizeof secret, "%s/key.pem", base);
    int fd = open(secret, O_CREAT | O_WRONLY, 0644);
    tap_ok(fd >= 0 && fchmod(fd, 0644) == 0);
    close(fd);
    tcp_fd = socket(AF_INET, SOCK_STREAM, 0);
    configure();
    names();
    seen_by_the_kernel();
    identities();
    deeds_by_role();
    sandboxes();
    told();
    unlink(secret);
    rmdir(state);
    rmdir(run);
    rmdir(elsewhere);
    tap_case("nothing is left");
    tap_int(rmdir(base), 0);
    return tap_done();
}
