/* The system calls of each role, by libseccomp. What is not on a role's list ends the process with
 * SIGSYS, and a line says which call it was; in builds with a sanitizer it fails. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/confine_internal.h"
#include "sandbox/sandbox.h"

/* A call that this machine does not have is left out by the library. */

/* To compute, wait, talk over what is open, and die. */
static const int always[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(recv),
    SCMP_SYS(send),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(select),
    SCMP_SYS(_newselect),
    SCMP_SYS(pselect6),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(membarrier),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(get_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(times),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(pipe2),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(fcntl),
    SCMP_SYS(fcntl64),
};

/* Files: which ones is Landlock's to say (confine_files.c). */
static const int files[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(openat2),
    SCMP_SYS(creat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(stat64),
    SCMP_SYS(lstat64),
    SCMP_SYS(newfstatat),
    SCMP_SYS(fstatat64),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(chdir),
    SCMP_SYS(fchdir),
    SCMP_SYS(getdents),
    SCMP_SYS(getdents64),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(msync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate),
    SCMP_SYS(flock),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(fchown),
    SCMP_SYS(umask),
    SCMP_SYS(utimensat),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(statfs64),
    SCMP_SYS(fstatfs64),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(fadvise64),
    SCMP_SYS(sendfile),
    SCMP_SYS(sendfile64),
    SCMP_SYS(memfd_create),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(getrlimit),
    SCMP_SYS(ugetrlimit),
    SCMP_SYS(socketpair),
    SCMP_SYS(epoll_create),
    SCMP_SYS(connect),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(signalfd4),
    SCMP_SYS(capget),
    SCMP_SYS(getgroups),
    SCMP_SYS(getresuid),
    SCMP_SYS(getresgid),
    SCMP_SYS(mincore),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getpriority),
    SCMP_SYS(copy_file_range),
};

/* To ask others, and to start our own program and its sandbox, which gives up the rest itself. */
static const int outside[] = {
    SCMP_SYS(bind),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(recvmmsg_time64),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    SCMP_SYS(waitpid),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(close_range),
    SCMP_SYS(arch_prctl),
    SCMP_SYS(prctl),
    SCMP_SYS(seccomp),
    SCMP_SYS(landlock_create_ruleset),
    SCMP_SYS(landlock_add_rule),
    SCMP_SYS(landlock_restrict_self),
    SCMP_SYS(capset),
    SCMP_SYS(setgroups),
    SCMP_SYS(setgroups32),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresuid32),
    SCMP_SYS(setresgid),
    SCMP_SYS(setresgid32),
    SCMP_SYS(setuid),
    SCMP_SYS(setuid32),
    SCMP_SYS(setrlimit),
    SCMP_SYS(setitimer),
    SCMP_SYS(getitimer),
    SCMP_SYS(mlock),
    SCMP_SYS(prlimit64),
    SCMP_SYS(pipe),
    SCMP_SYS(mmap2),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(ioctl),
    SCMP_SYS(setsid),
    SCMP_SYS(setpgid),
    SCMP_SYS(getpgrp),
    SCMP_SYS(getpgid),
    SCMP_SYS(getsid),
};

/* To listen, as the sinks of suites do, and to order files about. */
static const int errands[] = {
    SCMP_SYS(listen),
    SCMP_SYS(chown),
    SCMP_SYS(lchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),
    SCMP_SYS(alarm),
    SCMP_SYS(truncate),
    SCMP_SYS(setpriority),
    SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch),
    SCMP_SYS(inotify_rm_watch),
};

/* What nobody does, the supervisor's children and whatever they execute included. */
static const int never[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(mount),
    SCMP_SYS(umount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(reboot),
    SCMP_SYS(acct),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(stime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(quotactl),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(syslog),
    SCMP_SYS(vhangup),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(move_pages),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(nfsservctl),
    SCMP_SYS(process_madvise),
};

/* ---- rules with arguments ---- */

/* Threads, and with `processes` whole ones; never a namespace by this way. clone3 keeps its flags
 * in memory, where no filter sees them: it is "not there", and the C library takes clone. */
static int add_clone(scmp_filter_ctx ctx, bool processes)
{
    enum {
        NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                     CLONE_NEWPID | CLONE_NEWNET
    };
    int st = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (st == 0 && processes)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES, 0));
    else if (st == 0)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, NAMESPACES | CLONE_THREAD, CLONE_THREAD));
    return st;
}

/* Memory that is not executable. */
static int add_memory(scmp_filter_ctx ctx)
{
    static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2), SCMP_SYS(mprotect)};
    int st = 0;
    for (size_t i = 0; i < ARRAY_LEN(calls) && st == 0; i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return st;
}

/* Its own name, its own limits, its own death. */
static int add_own(scmp_filter_ctx ctx)
{
    static const int names[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_VMA};
    int st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
    for (size_t i = 0; i < ARRAY_LEN(names) && st == 0; i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)names[i]));
    return st != 0 ? st /* a command of the clerk's does not outlive it */
                   : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 2,
                                      SCMP_A0(SCMP_CMP_EQ, PR_SET_PDEATHSIG),
                                      SCMP_A1(SCMP_CMP_EQ, SIGKILL));
}

static int add_ioctl(scmp_filter_ctx ctx)
{
    static const unsigned long requests[] = {FIONREAD, FIONBIO, TCGETS};
    int st = 0;
    for (size_t i = 0; i < ARRAY_LEN(requests) && st == 0; i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                              SCMP_A1(SCMP_CMP_EQ, requests[i]));
    return st;
}

static int add_sockets(scmp_filter_ctx ctx, const int *families, size_t n)
{
    int st = 0;
    for (size_t i = 0; i < n && st == 0; i++)
        st = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
    return st;
}

/* Where a sandbox goes: nowhere but into these, and no further rights come of it. */
static int add_unshare(scmp_filter_ctx ctx)
{
    enum { AWAY = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS };
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(unshare), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)AWAY, 0));
}

static int add_list(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
    int st = 0;
    for (size_t i = 0; i < n && st == 0; i++)
        st = seccomp_rule_add(ctx, action, calls[i], 0);
    return st;
}

#define ADD(ctx, list) add_list(ctx, SCMP_ACT_ALLOW, list, ARRAY_LEN(list))

/* ---- the roles ---- */

/* fstat(3) is newfstatat to the C library, which takes a refusal. */
static int add_signer(scmp_filter_ctx ctx)
{
    static const int refused[] = {SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(sysinfo)};
    int st = add_list(ctx, SCMP_ACT_ERRNO(EACCES), refused, ARRAY_LEN(refused));
    if (st == 0)
        st = add_memory(ctx);
    if (st == 0)
        st = add_own(ctx);
    return st == 0 ? add_clone(ctx, false) : st;
}

static int add_front(scmp_filter_ctx ctx)
{
    static const int families[] = {AF_UNIX};
    int st = ADD(ctx, files);
    if (st == 0)
        st = add_memory(ctx);
    if (st == 0)
        st = add_own(ctx);
    if (st == 0)
        st = add_ioctl(ctx);
    if (st == 0)
        st = add_sockets(ctx, families, ARRAY_LEN(families));
    return st == 0 ? add_clone(ctx, false) : st;
}

static int add_worker(scmp_filter_ctx ctx)
{
    static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    int st = ADD(ctx, files);
    if (st == 0)
        st = ADD(ctx, outside);
    if (st == 0)
        st = add_sockets(ctx, families, ARRAY_LEN(families));
    if (st == 0)
        st = add_unshare(ctx);
    return st == 0 ? add_clone(ctx, true) : st;
}

static int add_clerk(scmp_filter_ctx ctx)
{
    int st = add_worker(ctx);
    return st == 0 ? ADD(ctx, errands) : st;
}

/* A signal to a thread of its own (abort). */
static int add_abort(scmp_filter_ctx ctx, enum serve_role role)
{
    if (role == ROLE_WORKER || role == ROLE_CLERK) /* and of their children */
        return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0);
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

static int add_role(scmp_filter_ctx ctx, enum serve_role role, uint32_t otherwise)
{
    static int (*const own[ROLE_COUNT])(scmp_filter_ctx ctx) = {[ROLE_FRONT] = add_front,
                                                                [ROLE_WORKER] = add_worker,
                                                                [ROLE_SIGNER] = add_signer,
                                                                [ROLE_CLERK] = add_clerk};
    uint32_t killed = sandbox_is_sanitized() ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
    int st = 0;
    if (killed != otherwise) /* a rule that says the same as none is refused */
        st = add_list(ctx, killed, never, ARRAY_LEN(never));
    if (st != 0 || role == ROLE_SUPERVISOR)
        return st;
    st = ADD(ctx, always);
    if (st == 0)
        st = add_abort(ctx, role);
    return st == 0 ? own[role](ctx) : st;
}

/* ---- and what happens to the rest ---- */

/* Says which call it was, and dies of it. Async-signal-safe. */
static void on_forbidden(int sig, siginfo_t *info, void *context)
{
    char text[] = "mailproof: forbidden system call     \n";
    size_t at = sizeof text - 3;
    (void)context;
    for (unsigned n = (unsigned)info->si_syscall; at > sizeof text - 7; n /= 10) {
        text[at--] = (char)('0' + n % 10);
        if (n < 10)
            break;
    }
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    signal(sig, SIG_DFL);
    raise(sig);
    _exit(128 + sig);
}

static bool catch_forbidden(void)
{
    struct sigaction action = {.sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigset_t sys;
    sigemptyset(&action.sa_mask);
    sigemptyset(&sys);
    sigaddset(&sys, SIGSYS);
    return sigaction(SIGSYS, &action, NULL) == 0 && sigprocmask(SIG_UNBLOCK, &sys, NULL) == 0;
}

int confine_filter(enum serve_role role)
{
    uint32_t otherwise = role == ROLE_SUPERVISOR  ? SCMP_ACT_ALLOW
                         : sandbox_is_sanitized() ? SCMP_ACT_ERRNO(EPERM)
                                                  : SCMP_ACT_TRAP;
    scmp_filter_ctx ctx = seccomp_init(otherwise);
    if (ctx == NULL)
        return -ENOMEM;
    int st = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (st == 0)
        st = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (st == 0)
        st = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (st == 0)
        st = add_role(ctx, role, otherwise);
    if (st == 0 && role != ROLE_SUPERVISOR && !catch_forbidden())
        st = -errno;
    if (st == 0)
        st = seccomp_load(ctx);
    seccomp_release(ctx);
    return st;
}
