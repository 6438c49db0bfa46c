/* Publishing that is killed, or that the disk fails, at each of its steps: the one before it stays
 * in use, or the new one is. Our own write, fsync, renameat and unlinkat stand before libc's. */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "feeds/vault_test_kit.h"

enum { FILL = 100000 /* several pieces */ };

enum fault { NONE, KILLED, FULL, SHORT, FAULTS };
static const char *const fault_names[] = {"", "killed", "the disk is full", "half is written"};

/* The step at which it happens; steps are counted from 1. 0: never. */
static struct {
    enum fault fault;
    unsigned at, steps;
} plan;

/* Is this the step? Being killed is done here. */
static bool now(void)
{
    if (++plan.steps != plan.at || plan.fault == NONE)
        return false;
    if (plan.fault == KILLED)
        kill(getpid(), SIGKILL);
    errno = plan.fault == FULL ? ENOSPC : EIO;
    return true;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    if (now()) {
        if (plan.fault != SHORT || n < 2)
            return -1;
        n /= 2;
    }
    ssize_t done = (ssize_t)syscall(SYS_write, fd, bytes, n);
    return now() ? -1 : done;
}

int fsync(int fd)
{
    if (now())
        return -1;
    int st = (int)syscall(SYS_fsync, fd);
    return now() ? -1 : st;
}

int renameat(int from, const char *a, int to, const char *b)
{
    if (now())
        return -1;
    int st = (int)syscall(SYS_renameat2, from, a, to, b, 0);
    return now() ? -1 : st;
}

int unlinkat(int dir, const char *name, int flags)
{
    if (now())
        return -1;
    int st = (int)syscall(SYS_unlinkat, dir, name, flags);
    return now() ? -1 : st;
}

/* Version 4 over three others, with that plan, in a process of its own. Its wait status. */
static int publish_in_child(enum fault fault, unsigned at)
{
    pid_t child = fork();
    int status = 0;
    if (child < 0)
        abort();
    if (child == 0) {
        struct mp_err err = {0};
        plan.fault = fault;
        plan.at = at;
        plan.steps = 0;
        int st = kit_publish(4, FILL, &err);
        _exit(st == MP_OK ? 0 : err.text[0] != '\0' ? 1 : 2);
    }
    if (waitpid(child, &status, 0) != child)
        abort();
    return status;
}

static void prepare(void)
{
    kit_entries("", true);
    for (unsigned n = 1; n <= 3; n++)
        if (kit_publish(n, 10, NULL) != MP_OK)
            abort();
}

/* How many steps an update has that nothing happens to. */
static unsigned count_steps(void)
{
    prepare();
    plan.steps = 0;
    tap_int(kit_publish(4, FILL, NULL), MP_OK);
    return plan.steps;
}

static void check_after(enum fault fault, int status, unsigned version)
{
    if (fault == KILLED) {
        tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    } else {
        tap_ok(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
        if (WEXITSTATUS(status) == 0)
            tap_int(version, 4);
        tap_int(kit_entries(".new", false), 0);
    }
    tap_ok(version == 3 || version == 4);
    tap_int(kit_publish(5, 10, NULL), MP_OK);
    tap_int(kit_version_now(), 5);
    tap_int(kit_entries("indicators-", false), 1 + VAULT_KEEP_OLD);
    tap_int(kit_entries(".new", false), 0);
}

int main(void)
{
    unsigned old = 0, new = 0;
    kit_make_dir();
    tap_case("steps of an update");
    unsigned steps = count_steps();
    tap_ok(steps >= 16);
    for (enum fault fault = KILLED; fault < FAULTS; fault++)
        for (unsigned at = 1; at <= steps; at++) {
            tap_case("%s at step %u", fault_names[fault], at);
            prepare();
            int status = publish_in_child(fault, at);
            unsigned version = kit_version_now();
            old += version == 3;
            new += version == 4;
            check_after(fault, status, version);
        }
    tap_case("both happened");
    tap_ok(old > 0 && new > 0);
    kit_remove_dir();
    return tap_done();
}
