/* What zygote and workers give up before they see a stranger's byte. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

enum {
    NOBODY = 65534,
    FD_LIMIT = 16,
    CPU_LIFE_REQUESTS = 15, /* worst requests in one worker's life, then the kernel ends it */
    STACK_BYTES = 8 * 1024 * 1024
};

/* A worker is the first to go when the machine is out of memory. Anybody may raise his own. */
static void offer_to_oom_killer(void)
{
    static const char score[] = "700";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = write(fd, score, sizeof score - 1);
    (void)n;
    close(fd);
}

/* Of network, System V IPC and host name: empty ones. Root may; others by way of a user namespace,
 * where the system lets them. */
static bool leave_network(bool as_user)
{
    enum { AWAY = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS };
    return unshare(as_user ? CLONE_NEWUSER | AWAY : AWAY) == 0;
}

/* Root in a container may have nobody else to become; without capabilities he is one as well. */
static bool become_nobody(void)
{
    if (geteuid() != 0 && getuid() != 0)
        return false;
    return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0 && getuid() == NOBODY && setuid(0) != 0;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &head, none) == 0;
}

int confine_zygote(struct sandbox_facts *facts, struct mp_err *err)
{
    offer_to_oom_killer();
    if (chdir("/") != 0)
        return mp_fail(err, MP_E_IO, errno, "/: %s", strerror(errno));
    facts->no_network = leave_network(false);
    facts->other_user = become_nobody();
    if (!facts->no_network)
        facts->no_network = leave_network(true);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        !drop_capabilities())
        return mp_fail(err, MP_E_IO, errno, "cannot give up rights: %s", strerror(errno));
    facts->landlock_abi = landlock_deny_all();
    return MP_OK;
}

static bool limit(int what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0)
        return false;
    most = most < now.rlim_max ? most : now.rlim_max;
    struct rlimit both = {most, most};
    return setrlimit((__rlimit_resource_t)what, &both) == 0;
}

static bool limit_all(const struct parcel *setup, struct sandbox_facts *facts)
{
    const struct {
        int what;
        rlim_t most;
    } limits[] = {
        {RLIMIT_FSIZE, 0},           {RLIMIT_CORE, 0},
        {RLIMIT_NPROC, 0},           {RLIMIT_MEMLOCK, 0},
        {RLIMIT_MSGQUEUE, 0},        {RLIMIT_NOFILE, FD_LIMIT},
        {RLIMIT_STACK, STACK_BYTES}, {RLIMIT_CPU, (rlim_t)setup->cpu_s * CPU_LIFE_REQUESTS},
    };
    bool ok = true;
    for (size_t i = 0; i < ARRAY_LEN(limits); i++)
        ok &= limit(limits[i].what, limits[i].most);
    facts->memory_limited = !sandbox_is_sanitized();
    return ok && (!facts->memory_limited || limit(RLIMIT_AS, (rlim_t)setup->memory_bytes));
}

int confine_worker(const struct parcel *setup, struct sandbox_facts *facts, struct mp_err *err)
{
    prctl(PR_SET_NAME, "mailproof-work", 0, 0, 0);
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return mp_fail(err, MP_E_IO, errno, "a worker could get new rights");
    if (!limit_all(setup, facts))
        return mp_fail(err, MP_E_IO, errno, "cannot limit a worker: %s", strerror(errno));
    int st = filter_load(&facts->strict);
    if (st < 0)
        return mp_fail(err, MP_E_IO, -st, "cannot load the filter of system calls: %s",
                       strerror(-st));
    return MP_OK;
}
