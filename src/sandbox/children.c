/* Beginnings and ends of the zygote and of workers. All under the lock of the sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/pool_internal.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_DOUBLINGS = 8, /* up to 25.6 s */
    REAP_MS = 5000,        /* a zygote that takes longer is lost */
    HEALTHY_MS = 1000,     /* a zygote that lived longer does not count as a failure */
    END_MS = 2000,
    FD_ABOVE_STANDARD = 10
};

struct slot *slot_by_serial(struct sandbox *sb, uint64_t serial)
{
    for (unsigned i = 0; i < sb->config.max_workers; i++)
        if (sb->slots[i].state != SLOT_FREE && sb->slots[i].serial == serial)
            return &sb->slots[i];
    return NULL;
}

bool pool_watch(struct sandbox *sb, int fd, uint64_t tag)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = tag};
    return epoll_ctl(sb->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void kill_pidfd(int pidfd)
{
    if (pidfd >= 0)
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

/* ---- workers ---- */

static void slot_clear(struct slot *w)
{
    shut(&w->fd);
    shut(&w->pidfd);
    *w = (struct slot){.fd = -1, .pidfd = -1};
}

void worker_ask(struct sandbox *sb, struct slot *w)
{
    int pair[2];
    if (!channel_pair(pair))
        return;
    struct parcel m = {.type = PARCEL_FORK, .serial = sb->next_serial++};
    *w = (struct slot){.state = SLOT_ASKED, .serial = m.serial, .fd = pair[0], .pidfd = -1};
    w->until_us = clock_mono_us() + (int64_t)sb->config.load_ms * 1000;
    bool ok = pool_watch(sb, w->fd, w->serial) && channel_send(sb->zygote_fd, &m, &pair[1], 1);
    close(pair[1]);
    if (!ok)
        slot_clear(w);
}

/* What the call of a dead worker is told. `status` as of waitpid; -1: nobody knows. */
static void tell_death(struct sandbox *sb, struct sandbox_call *call, int status)
{
    char text[PARCEL_TEXT_BYTES];
    int sig = status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const char *name = sig == 0 ? NULL : sigabbrev_np(sig);
    if (sig == SIGPROF || sig == SIGXCPU) {
        sb->counts.timeouts++;
        call_done(call, SANDBOX_TIMEOUT, "more than %u s of processor time", sb->config.cpu_s);
        return;
    }
    if (sig == SIGSYS)
        snprintf(text, sizeof text, "the worker made a system call that is forbidden to it");
    else if (sig == SIGKILL)
        snprintf(text, sizeof text, "the worker was killed (SIGKILL)");
    else if (sig != 0)
        snprintf(text, sizeof text, "the worker died of signal %d (SIG%s)", sig,
                 name == NULL ? "?" : name);
    else if (status >= 0)
        snprintf(text, sizeof text, "the worker ended with exit code %d", WEXITSTATUS(status));
    else
        snprintf(text, sizeof text, "the worker died");
    sb->counts.crashed++;
    call_failed(sb, call, SANDBOX_CRASHED, text);
}

static void finish_slot(struct sandbox *sb, struct slot *w, int status)
{
    struct sandbox_call *call = w->call;
    slot_clear(w);
    if (call != NULL)
        tell_death(sb, call, status);
}

void worker_end(struct sandbox *sb, struct slot *w)
{
    struct parcel m = {.type = PARCEL_REAP, .serial = w->serial, .pid = w->pid};
    if (w->call == NULL) /* whose call waits is left to say what it dies of */
        kill_pidfd(w->pidfd);
    shut(&w->fd);
    w->state = SLOT_GONE;
    w->until_us = clock_mono_us() + REAP_MS * 1000;
    pool_arm(sb, w->until_us);
    if (sb->zygote != ZYGOTE_READY || !channel_send(sb->zygote_fd, &m, NULL, 0))
        finish_slot(sb, w, -1);
}

/* ---- the zygote ---- */

static void back_off(struct sandbox *sb)
{
    unsigned n = sb->failures < BACKOFF_DOUBLINGS ? sb->failures : BACKOFF_DOUBLINGS;
    sb->failures++;
    sb->not_before_us = clock_mono_us() + ((int64_t)BACKOFF_FIRST_MS << n) * 1000;
}

void pool_trouble(struct sandbox *sb, const char *why)
{
    snprintf(sb->trouble, sizeof sb->trouble, "no worker can be started: %.120s", why);
    back_off(sb);
    if (pool_alive(sb) == 0)
        queue_fail(sb, sb->trouble);
}

static int reap_zygote(struct sandbox *sb)
{
    siginfo_t info = {0};
    int st;
    kill_pidfd(sb->zygote_pidfd);
    do
        st = sb->zygote_pidfd >= 0 ? waitid(P_PIDFD, (id_t)sb->zygote_pidfd, &info, WEXITED)
                                   : waitid(P_PID, (id_t)sb->zygote_pid, &info, WEXITED);
    while (st < 0 && errno == EINTR);
    shut(&sb->zygote_fd);
    shut(&sb->zygote_pidfd);
    sb->zygote = ZYGOTE_NONE;
    return st == 0 && info.si_code == CLD_EXITED ? info.si_status : -1; /* killed, or unknown */
}

/* Its workers go on by themselves; what it should have forked or reaped is over. The exit code. */
static int bury_zygote(struct sandbox *sb)
{
    int code = reap_zygote(sb);
    for (unsigned i = 0; i < sb->config.max_workers; i++) {
        struct slot *w = &sb->slots[i];
        if (w->state == SLOT_GONE)
            finish_slot(sb, w, -1);
        else if (w->state == SLOT_ASKED)
            slot_clear(w);
    }
    return code;
}

void zygote_lost(struct sandbox *sb, const char *why)
{
    bool was_ready = sb->zygote == ZYGOTE_READY;
    if (sb->zygote == ZYGOTE_NONE)
        return;
    bury_zygote(sb);
    if (!was_ready)
        pool_trouble(sb, why);
    else if (clock_mono_us() - sb->zygote_since_us < HEALTHY_MS * 1000)
        back_off(sb);
}

/* It closed its socket: it is dead, or will be at once. */
static void zygote_died(struct sandbox *sb)
{
    char text[PARCEL_TEXT_BYTES];
    if (sb->zygote == ZYGOTE_READY) {
        zygote_lost(sb, "");
        return;
    }
    int code = bury_zygote(sb);
    if (code < 0 && ++sb->early_deaths < EARLY_DEATHS_OF_ZYGOTES) {
        back_off(sb);
        return;
    }
    if (code < 0)
        snprintf(text, sizeof text, "it was killed before it was ready");
    else
        snprintf(text, sizeof text, "it ended before it was ready, with exit code %d", code);
    pool_trouble(sb, text);
}

static int spawn(struct sandbox *sb, int fd)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    int st = posix_spawnattr_setsigmask(&attr, &none);
    st = st != 0 ? st : posix_spawnattr_setsigdefault(&attr, &all);
    /* Its own session: what interrupts us at a terminal is no crash of a worker. */
    st = st != 0 ? st
                 : posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETSID);
    for (int to = STDIN_FILENO; to <= STDERR_FILENO && st == 0; to++)
        st = posix_spawn_file_actions_addopen(&files, to, "/dev/null", O_RDWR, 0);
    st = st != 0 ? st : posix_spawn_file_actions_adddup2(&files, fd, SANDBOX_WORKER_FD);
    st = st != 0 ? st : posix_spawn_file_actions_addclosefrom_np(&files, SANDBOX_WORKER_FD + 1);
    pid_t pid = 0;
    st = st != 0
             ? st
             : posix_spawn(&pid, sb->config.path, &files, &attr, sb->config.argv, sb->config.env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    sb->zygote_pid = pid;
    return st;
}

static bool send_setup(struct sandbox *sb)
{
    struct parcel m = {.type = PARCEL_SETUP,
                       .build = parcel_build(),
                       .memory_bytes = sb->config.memory_bytes,
                       .cpu_s = sb->config.cpu_s};
    return channel_send(sb->zygote_fd, &m, NULL, 0);
}

void zygote_start(struct sandbox *sb)
{
    char text[PARCEL_TEXT_BYTES];
    int pair[2];
    if (!channel_pair(pair)) {
        pool_trouble(sb, strerror(errno));
        return;
    }
    /* Above the standard ones, which spawn() fills in between. */
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, FD_ABOVE_STANDARD);
    int st = theirs < 0 ? errno : spawn(sb, theirs);
    close(pair[1]);
    shut(&theirs);
    if (st != 0) {
        close(pair[0]);
        snprintf(text, sizeof text, "%.100s: %s", sb->config.path, strerror(st));
        pool_trouble(sb, text);
        return;
    }
    sb->counts.zygotes++;
    sb->zygote = ZYGOTE_LOADING;
    sb->zygote_fd = pair[0];
    sb->zygote_pidfd = (int)syscall(SYS_pidfd_open, sb->zygote_pid, 0);
    sb->zygote_until_us = clock_mono_us() + (int64_t)sb->config.load_ms * 1000;
    if (!send_setup(sb) || !pool_watch(sb, sb->zygote_fd, TAG_ZYGOTE))
        zygote_died(sb);
}

static void forked(struct sandbox *sb, const struct parcel *m, int pidfd)
{
    struct slot *w = slot_by_serial(sb, m->serial);
    if (w == NULL || w->pidfd >= 0) {
        shut(&pidfd);
        return;
    }
    w->pidfd = pidfd;
    w->pid = m->pid;
    if (m->status != 0) {
        slot_clear(w);
        pool_trouble(sb, strerror(m->status));
    } else if (w->state == SLOT_GONE) {
        worker_end(sb, w); /* it was over before we knew its name */
    }
}

static void hello(struct sandbox *sb, const struct parcel *m)
{
    if (m->build != parcel_build()) {
        zygote_lost(sb, "the worker's program is of another version");
        return;
    }
    if (m->status != MP_OK) {
        char text[PARCEL_TEXT_BYTES];
        memcpy(text, m->text, sizeof text);
        zygote_lost(sb, text);
        return;
    }
    sb->zygote = ZYGOTE_READY;
    sb->zygote_since_us = clock_mono_us();
    sb->trouble[0] = '\0';
}

void zygote_event(struct sandbox *sb)
{
    struct parcel m;
    enum channel_status st = CHANNEL_NOTHING;
    int fd = -1;
    while (sb->zygote != ZYGOTE_NONE &&
           (st = channel_recv(sb->zygote_fd, &m, &fd, 1)) == CHANNEL_GOT) {
        struct slot *w = m.type == PARCEL_REAPED ? slot_by_serial(sb, m.serial) : NULL;
        if (m.type == PARCEL_FORKED) {
            forked(sb, &m, fd);
            continue;
        }
        shut(&fd);
        if (m.type == PARCEL_HELLO && sb->zygote == ZYGOTE_LOADING)
            hello(sb, &m);
        else if (w != NULL && w->state == SLOT_GONE && m.pid == w->pid && m.pid > 0)
            finish_slot(sb, w, m.status);
    }
    if (sb->zygote != ZYGOTE_NONE && st != CHANNEL_NOTHING)
        zygote_died(sb);
}

/* At the end of all: workers first, then the zygote is given time to go by itself. */
void zygote_end(struct sandbox *sb)
{
    for (unsigned i = 0; i < sb->config.max_workers; i++) {
        struct slot *w = &sb->slots[i];
        if (w->state == SLOT_FREE)
            continue;
        kill_pidfd(w->pidfd);
        slot_clear(w);
    }
    if (sb->zygote == ZYGOTE_NONE)
        return;
    shut(&sb->zygote_fd);
    struct pollfd end = {.fd = sb->zygote_pidfd, .events = POLLIN};
    if (sb->zygote_pidfd >= 0)
        poll(&end, 1, END_MS);
    reap_zygote(sb);
}
