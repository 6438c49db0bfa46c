/* The zygote: loads, gives up its rights, and then only forks and reaps. Parses nothing. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

enum { NO_PARENT = 2, FD_CONTROL = SANDBOX_WORKER_FD };

struct zygote {
    const struct sandbox_worker *worker;
    const struct content_lists *lists;
    struct parcel setup;
    struct sandbox_facts facts;
    pid_t children[SANDBOX_MAX_WORKERS]; /* 0: free */
};

static int compare_bytes(const void *x, const void *y)
{
    return *(const unsigned char *)x - *(const unsigned char *)y;
}

static int load(struct zygote *z, struct mp_err *err)
{
    enum { MORE_THAN_ON_THE_STACK = 4096 };
    unsigned char hash[DIGEST_MAX_BYTES], some[MORE_THAN_ON_THE_STACK] = {1};
    /* The C library asks how much memory there is when it first sorts more than a little. */
    qsort(some, sizeof some, 1, compare_bytes);
    /* OpenSSL reads its configuration and fetches algorithms at the first use. */
    if (!digest_once(DIGEST_SHA256, STR("warm"), hash))
        return mp_fail(err, MP_E_CRYPTO, 0, "SHA-256 does not work");
    return z->worker->load == NULL ? MP_OK : z->worker->load(z->worker->data, &z->lists, err);
}

static pid_t *find_child(struct zygote *z, pid_t pid)
{
    for (size_t i = 0; i < ARRAY_LEN(z->children); i++)
        if (z->children[i] == pid)
            return &z->children[i];
    return NULL;
}

/* In the child: its socket takes the place of the zygote's. */
static void become_worker(struct zygote *z, int fd)
{
    if (dup2(fd, FD_CONTROL) < 0)
        _exit(NO_PARENT);
    close(fd);
    worker_run(z->worker, z->lists, &z->setup, z->facts);
}

static void make_worker(struct zygote *z, const struct parcel *m, int fd)
{
    struct parcel answer = {.type = PARCEL_FORKED, .serial = m->serial, .status = EAGAIN};
    pid_t *room = find_child(z, 0);
    int pidfd = -1;
    if (room != NULL && fd >= 0) {
        pid_t pid = fork();
        if (pid == 0)
            become_worker(z, fd);
        answer.status = pid < 0 ? errno : 0;
        answer.pid = pid;
        if (pid > 0) {
            *room = pid;
            pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        }
    }
    if (fd >= 0)
        close(fd);
    channel_send(FD_CONTROL, &answer, &pidfd, pidfd >= 0 ? 1 : 0);
    if (pidfd >= 0)
        close(pidfd);
}

/* Whoever is dying keeps his own status; whoever only closed his socket gets SIGKILL. */
static int reap(pid_t *child)
{
    int status = 0;
    pid_t pid = *child, st;
    kill(pid, SIGKILL);
    do
        st = waitpid(pid, &status, 0);
    while (st < 0 && errno == EINTR);
    *child = 0;
    return st == pid ? status : SIGKILL;
}

static void end_worker(struct zygote *z, const struct parcel *m)
{
    pid_t *child = m->pid > 0 ? find_child(z, m->pid) : NULL;
    struct parcel answer = {.type = PARCEL_REAPED, .serial = m->serial, .pid = m->pid};
    answer.status = child == NULL ? SIGKILL : reap(child);
    channel_send(FD_CONTROL, &answer, NULL, 0);
}

static void serve(struct zygote *z)
{
    struct parcel m;
    enum channel_status st;
    int fd;
    while ((st = channel_recv(FD_CONTROL, &m, &fd, 1)) == CHANNEL_GOT) {
        if (m.type == PARCEL_FORK) {
            make_worker(z, &m, fd);
            continue;
        }
        if (fd >= 0)
            close(fd);
        if (m.type == PARCEL_REAP)
            end_worker(z, &m);
    }
    for (size_t i = 0; i < ARRAY_LEN(z->children); i++)
        if (z->children[i] != 0)
            reap(&z->children[i]);
}

int sandbox_worker_main(const struct sandbox_worker *w)
{
    struct zygote z = {.worker = w};
    struct mp_err err = {0};
    int fd;
    /* Nothing that was open in the parent is ours, whatever it was opened with. */
    if (syscall(SYS_close_range, FD_CONTROL + 1, ~0U, 0) != 0 ||
        channel_recv(FD_CONTROL, &z.setup, &fd, 1) != CHANNEL_GOT || fd >= 0 ||
        z.setup.type != PARCEL_SETUP)
        return NO_PARENT;
    prctl(PR_SET_NAME, "mailproof-zyg", 0, 0, 0);
    int st = MP_OK;
    if (z.setup.build != parcel_build())
        st = mp_fail(&err, MP_E_USAGE, 0, "the worker's program is of another version");
    if (st == MP_OK)
        st = load(&z, &err);
    if (st == MP_OK)
        st = confine_zygote(&z.facts, &err);
    z.facts.zygote_pid = getpid();
    if (channel_hello(st, &err, &z.facts) && st == MP_OK)
        serve(&z);
    return 0;
}
