/* The files of each role, by Landlock (raw system calls, since the C library has none). Whatever
 * is not named here is out of reach, even where its owner and mode would let us. */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/confine_internal.h"

enum {
    VERSION_FLAG = 1,
    SYS_CREATE = 444, /* the same numbers on every machine */
    SYS_ADD_RULE = 445,
    SYS_RESTRICT = 446,
    RULE_PATH_BENEATH = 1,
    ROLES_FRONT = 1 << ROLE_FRONT,
    ROLES_WORKER = 1 << ROLE_WORKER,
    ROLES_CLERK = 1 << ROLE_CLERK,
    ROLES_ALL = ROLES_FRONT | ROLES_WORKER | ROLES_CLERK
};

/* struct landlock_ruleset_attr of ABI 6; what a kernel does not know must be zero. */
struct ruleset {
    uint64_t fs, net, scoped;
};

/* Bits of rights, named in linux/landlock.h. */
#define EXECUTE  (UINT64_C(1) << 0)
#define WRITE    (UINT64_C(1) << 1)
#define READ     (UINT64_C(1) << 2)
#define LIST     (UINT64_C(1) << 3)
#define TRUNCATE (UINT64_C(1) << 14)
#define IOCTL    (UINT64_C(1) << 15)
#define OF_FILES (EXECUTE | WRITE | READ | TRUNCATE | IOCTL)
/* Files, directories, sockets, pipes, links made and removed, renamed across directories. */
#define MAKE (UINT64_C(0x3fff) & ~(EXECUTE | WRITE | READ | LIST | (1u << 6) | (1u << 11)))

#define MAY_READ  (READ | LIST)
#define MAY_RUN   (READ | LIST | EXECUTE)
#define MAY_WRITE (READ | LIST | WRITE | TRUNCATE | MAKE)
#define MAY_USE   (READ | WRITE)

/* What each ABI can forbid. Devices are never made: those bits are among all, and in no rule. */
static const struct {
    int abi;
    struct ruleset more;
} abis[] = {
    {1, {0x1fff, 0, 0}}, {2, {1u << 13, 0, 0}}, {3, {1u << 14, 0, 0}},
    {4, {0, 0x3, 0}},    {5, {1u << 15, 0, 0}}, {6, {0, 0, 0x3}},
};

/* Of the system. */
static const struct {
    unsigned roles;
    const char *path;
    uint64_t rights;
} system_paths[] = {
    {ROLES_ALL, "/dev/null", MAY_USE},
    {ROLES_ALL, "/dev/zero", MAY_USE},
    {ROLES_FRONT | ROLES_WORKER, "/dev/urandom", MAY_READ},
    {ROLES_FRONT | ROLES_WORKER, "/dev/random", MAY_READ},
    {ROLES_FRONT | ROLES_WORKER, "/proc", MAY_READ},
    {ROLES_FRONT | ROLES_WORKER, "/sys/devices/system/cpu", MAY_READ},
    {ROLES_FRONT | ROLES_WORKER, "/sys/fs/cgroup", MAY_READ},
    {ROLES_FRONT | ROLES_WORKER, "/etc/localtime", MAY_READ},
    {ROLES_WORKER, "/usr", MAY_READ}, /* libraries of the sandbox's program */
    {ROLES_WORKER, "/lib", MAY_READ},
    {ROLES_WORKER, "/lib64", MAY_READ},
    {ROLES_WORKER, "/proc/self/exe", MAY_RUN},
    {ROLES_WORKER, "/etc/ld.so.cache", MAY_READ},
    {ROLES_WORKER, "/etc/ld.so.preload", MAY_READ},
    {ROLES_WORKER, "/etc/resolv.conf", MAY_READ}, /* names and certificates */
    {ROLES_WORKER, "/run/systemd/resolve", MAY_READ},
    {ROLES_WORKER, "/run/resolvconf", MAY_READ},
    {ROLES_WORKER, "/run/NetworkManager", MAY_READ},
    {ROLES_WORKER, "/etc/hosts", MAY_READ},
    {ROLES_WORKER, "/etc/host.conf", MAY_READ},
    {ROLES_WORKER, "/etc/gai.conf", MAY_READ},
    {ROLES_WORKER, "/etc/nsswitch.conf", MAY_READ},
    {ROLES_WORKER, "/etc/services", MAY_READ},
    {ROLES_WORKER, "/etc/protocols", MAY_READ},
    {ROLES_WORKER, "/etc/ssl", MAY_READ},
    {ROLES_WORKER, "/etc/pki", MAY_READ},
    {ROLES_WORKER, "/etc/ca-certificates", MAY_READ},
    {ROLES_WORKER, "/var/lib/unbound", MAY_READ},
    {ROLES_CLERK, "/", MAY_RUN},
    {ROLES_CLERK, "/tmp", MAY_WRITE},
    {ROLES_CLERK, "/var/tmp", MAY_WRITE},
};

struct set {
    int fd;
    uint64_t handled; /* rights of files that this kernel knows */
    struct confine_facts *facts;
};

/* A path that is not there needs no rule: `wanted` ones are told. */
static int add_rule(const struct set *s, const char *path, uint64_t rights, bool wanted)
{
    struct {
        uint64_t rights;
        int32_t fd;
    } __attribute__((packed)) rule = {.rights = rights & s->handled};
    struct stat sb;
    rule.fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.fd < 0) {
        if (wanted)
            confine_misses(s->facts, "%s cannot be used: %s", path, strerror(errno));
        return 0;
    }
    if (fstat(rule.fd, &sb) == 0 && !S_ISDIR(sb.st_mode))
        rule.rights &= OF_FILES;
    long st = syscall(SYS_ADD_RULE, s->fd, RULE_PATH_BENEATH, &rule, 0);
    int code = st == 0 ? 0 : errno;
    close(rule.fd);
    return code;
}

static int add_text(const struct set *s, struct str path, uint64_t rights)
{
    char zero[4096];
    if (path.n == 0 || path.n >= sizeof zero)
        return 0;
    memcpy(zero, path.p, path.n);
    zero[path.n] = '\0';
    return add_rule(s, zero, rights, true);
}

/* The loader that our program names for itself: what runs it must be able to run that. */
static int find_loader(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_INTERP)
            *(const char **)out =
                (const char *)(uintptr_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    return 1; /* the program is the first */
}

static int add_system(const struct set *s, enum serve_role role)
{
    const char *loader = NULL;
    int code = 0;
    dl_iterate_phdr(find_loader, &loader);
    if (role == ROLE_WORKER && loader != NULL)
        code = add_rule(s, loader, MAY_RUN, true);
    for (size_t i = 0; i < ARRAY_LEN(system_paths) && code == 0; i++)
        if (system_paths[i].roles >> role & 1)
            code = add_rule(s, system_paths[i].path, system_paths[i].rights, false);
    return code;
}

static bool is_below(struct str path, struct str dir)
{
    return path.n > dir.n && str_starts(path, dir) && path.p[dir.n] == '/';
}

/* What the configuration names. */
static int add_configured(const struct set *s, enum serve_role role, const struct serve_config *c)
{
    const struct {
        unsigned roles;
        bool wanted;
        struct str path;
        uint64_t rights;
    } paths[] = {
        {ROLES_FRONT | ROLES_WORKER | ROLES_CLERK, true, c->runtime_dir, MAY_WRITE},
        {ROLES_FRONT | ROLES_WORKER | ROLES_CLERK, true, c->state_dir, MAY_WRITE},
        {ROLES_FRONT | ROLES_CLERK, c->history.enabled, c->history.dir, MAY_WRITE},
        {ROLES_FRONT | ROLES_CLERK, c->reports.enabled, c->reports.dir, MAY_WRITE},
        {ROLES_FRONT, true, c->http.cert_file, MAY_READ},
        {ROLES_FRONT, true, c->http.key_file, MAY_READ},
        {ROLES_WORKER | ROLES_CLERK,
         c->intel.enabled && !is_below(c->intel.store_dir, c->state_dir), c->intel.store_dir,
         MAY_WRITE},
        {ROLES_WORKER, true, c->policy_file, MAY_READ},
        {ROLES_WORKER, true, c->dns.trust_anchor, MAY_READ},
        {ROLES_WORKER, true, c->dns.zone_file, MAY_READ},
        {ROLES_WORKER, true, c->content.data_dir, MAY_READ},
        {ROLES_WORKER, true, c->intel.config_file, MAY_READ},
    };
    int code = 0;
    for (size_t i = 0; i < ARRAY_LEN(paths) && code == 0; i++)
        if (paths[i].wanted && paths[i].roles >> role & 1)
            code = add_text(s, paths[i].path, paths[i].rights);
    for (size_t i = 0; i < c->content.n_yara && code == 0 && role == ROLE_WORKER; i++)
        code = add_text(s, c->content.yara[i], MAY_READ);
    for (size_t i = 0; i < c->http.n_tokens && code == 0 && role == ROLE_FRONT; i++)
        code = add_text(s, c->http.tokens[i].file, MAY_READ);
    for (size_t i = 0; i < c->n_webhooks && code == 0 && role == ROLE_FRONT; i++)
        code = add_text(s, c->webhooks[i].secret_file, MAY_READ);
    return code;
}

/* The front and the signer make no connection over TCP; nobody sends signals to others than his
 * own children; abstract sockets are for those who are outside anyway. */
static struct ruleset handled_by(int abi, enum serve_role role)
{
    enum { ABSTRACT_SOCKETS = 1 };
    struct ruleset all = {0};
    for (size_t i = 0; i < ARRAY_LEN(abis) && abis[i].abi <= abi; i++) {
        all.fs |= abis[i].more.fs;
        all.net |= abis[i].more.net;
        all.scoped |= abis[i].more.scoped;
    }
    if (role == ROLE_WORKER || role == ROLE_CLERK) {
        all.net = 0;
        all.scoped &= ~(uint64_t)ABSTRACT_SOCKETS;
    }
    return all;
}

/* It holds the thread that asks, and those that it starts. */
static bool is_alone(void)
{
    struct stat sb;
    return stat("/proc/self/task", &sb) != 0 || sb.st_nlink <= 3;
}

int confine_files(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                  struct mp_err *err)
{
    long abi = syscall(SYS_CREATE, NULL, 0, VERSION_FLAG);
    if (abi < 1) {
        confine_misses(f, "files are not confined: this kernel has no Landlock");
        return MP_OK;
    }
    struct ruleset all = handled_by((int)abi, role);
    struct set s = {.handled = all.fs, .facts = f};
    s.fd = (int)syscall(SYS_CREATE, &all, sizeof all, 0);
    if (s.fd < 0)
        return mp_fail(err, MP_E_IO, errno, "Landlock: %s", strerror(errno));
    int code = role == ROLE_SIGNER ? 0 : add_system(&s, role);
    if (code == 0 && role != ROLE_SIGNER)
        code = add_configured(&s, role, c);
    if (code == 0 && syscall(SYS_RESTRICT, s.fd, 0) != 0)
        code = errno;
    close(s.fd);
    if (code != 0)
        return mp_fail(err, MP_E_IO, code, "Landlock: %s", strerror(code));
    if (!is_alone())
        confine_misses(f, "threads that were running before are not confined to files");
    f->landlock_abi = (int)abi;
    return MP_OK;
}
