/* The allow-list of system calls: what a process needs to compute, take a packet and answer it. */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

/* The names, for reading; the numbers are the machine's. A call that this machine does not have
 * is left out by the library. */
static const int plain[] = {
    /* packets, and what they bring */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    /* memory, never executable: see below */
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    /* locks, time, chance */
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(setitimer),
    SCMP_SYS(getrusage),
    /* its own death, by abort too */
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sigaltstack),
};

/* Calls that libraries make in passing and do well without: they fail. */
static const int refused[] = {
    SCMP_SYS(newfstatat),        SCMP_SYS(statx), SCMP_SYS(prctl), SCMP_SYS(sysinfo),
    SCMP_SYS(sched_getaffinity),
};

static int add_memory(scmp_filter_ctx ctx)
{
    static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)};
    int st = 0;
    for (size_t i = 0; i < ARRAY_LEN(calls) && st == 0; i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return st;
}

/* A signal to itself (abort), the seals of what it was given. */
static int add_narrow(scmp_filter_ctx ctx)
{
    int st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (st == 0)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS));
    return st;
}

static int add_rules(scmp_filter_ctx ctx)
{
    int st = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < ARRAY_LEN(plain) && st == 0; i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, plain[i], 0);
    for (size_t i = 0; i < ARRAY_LEN(refused) && st == 0 && !sandbox_is_sanitized(); i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
    if (st == 0)
        st = add_memory(ctx);
    return st == 0 ? add_narrow(ctx) : st;
}

int filter_load(bool *strict)
{
    /* A sanitizer's run time opens and maps what it likes when it reports: it is told no. */
    uint32_t otherwise = sandbox_is_sanitized() ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
    scmp_filter_ctx ctx = seccomp_init(otherwise);
    if (ctx == NULL)
        return -ENOMEM;
    int st = add_rules(ctx);
    if (st == 0)
        st = seccomp_load(ctx);
    seccomp_release(ctx);
    if (st == 0)
        *strict = !sandbox_is_sanitized();
    return st;
}
