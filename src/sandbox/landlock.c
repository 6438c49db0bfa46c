/* Landlock: no path may be opened, whatever the filter lets through. By raw system calls, since
 * the C library has none; the kernel's ABI decides how much is asked for. */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

enum {
    LANDLOCK_VERSION_FLAG = 1,
    SYS_CREATE_RULESET = 444, /* the same numbers on every machine */
    SYS_RESTRICT_SELF = 446
};

/* struct landlock_ruleset_attr of ABI 6; a kernel takes what it does not know when it is zero. */
struct ruleset {
    uint64_t fs, net, scoped;
};

/* What each ABI can forbid: bits of rights, named in linux/landlock.h. */
static const struct {
    int abi;
    struct ruleset more;
} rights[] = {
    {1, {0x1fff, 0, 0}},   /* execute, write, read, list, remove and make of all kinds */
    {2, {1u << 13, 0, 0}}, /* refer: link and rename across directories */
    {3, {1u << 14, 0, 0}}, /* truncate */
    {4, {0, 0x3, 0}},      /* bind and connect TCP */
    {5, {1u << 15, 0, 0}}, /* ioctl of devices */
    {6, {0, 0, 0x3}},      /* abstract sockets and signals of others */
};

int landlock_deny_all(void)
{
    long abi = syscall(SYS_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_FLAG);
    if (abi < 1)
        return 0;
    struct ruleset all = {0};
    for (size_t i = 0; i < ARRAY_LEN(rights) && rights[i].abi <= abi; i++) {
        all.fs |= rights[i].more.fs;
        all.net |= rights[i].more.net;
        all.scoped |= rights[i].more.scoped;
    }
    long fd = syscall(SYS_CREATE_RULESET, &all, sizeof all, 0);
    if (fd < 0)
        return 0;
    long st = syscall(SYS_RESTRICT_SELF, (int)fd, 0);
    close((int)fd);
    return st == 0 ? (int)abi : 0;
}
