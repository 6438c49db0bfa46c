/* Who a process of the daemon is, and what it gives up at once. */
#include "daemon/confine_role.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/confine_internal.h"
#include "sandbox/sandbox.h"

enum {
    MAX_GROUPS = 64,
    ACCOUNT_BYTES = 64,
    ENTRY_BYTES = 16 * 1024,
    WANTED_FILES = 65536,
    ENOUGH_FILES = 4096
};

static const char *const names[ROLE_COUNT] = {[ROLE_SUPERVISOR] = "supervisor",
                                              [ROLE_FRONT] = "front",
                                              [ROLE_WORKER] = "worker",
                                              [ROLE_SIGNER] = "signer",
                                              [ROLE_CLERK] = "clerk"};

const char *serve_role_name(enum serve_role r)
{
    return r < ROLE_COUNT ? names[r] : "?";
}

bool serve_role_by_name(struct str s, enum serve_role *out)
{
    for (int r = 0; r < ROLE_COUNT; r++)
        if (str_eq(s, str_from(names[r]))) {
            *out = (enum serve_role)r;
            return true;
        }
    return false;
}

void confine_misses(struct confine_facts *f, const char *fmt, ...)
{
    va_list ap;
    size_t n = strlen(f->missing);
    if (n > 0)
        n += (size_t)snprintf(f->missing + n, sizeof f->missing - n, "; ");
    if (n >= sizeof f->missing)
        return;
    va_start(ap, fmt);
    vsnprintf(f->missing + n, sizeof f->missing - n, fmt, ap);
    va_end(ap);
}

/* ---- who it becomes ---- */

struct account {
    uid_t uid;
    gid_t gid;
    gid_t groups[MAX_GROUPS];
    int n_groups;
};

static int find_group(struct str name, gid_t *out, struct mp_err *err)
{
    char zero[ACCOUNT_BYTES], room[ENTRY_BYTES];
    struct group entry, *found = NULL;
    snprintf(zero, sizeof zero, STR_FMT, STR_ARG(name));
    if (getgrnam_r(zero, &entry, room, sizeof room, &found) != 0 || found == NULL)
        return mp_fail(
            err, MP_E_IO, 0,
            "group: there is no group '%s' (groupadd --system %s), or start without root", zero,
            zero);
    *out = found->gr_gid;
    return MP_OK;
}

/* The user with the groups that the system gives him, and `group`. */
static int find_account(struct str user, struct str group, bool group_leads, struct account *out,
                        struct mp_err *err)
{
    char zero[ACCOUNT_BYTES], room[ENTRY_BYTES];
    struct passwd entry, *found = NULL;
    gid_t more = 0;
    snprintf(zero, sizeof zero, STR_FMT, STR_ARG(user));
    if (getpwnam_r(zero, &entry, room, sizeof room, &found) != 0 || found == NULL)
        return mp_fail(err, MP_E_IO, 0,
                       "user: there is no user '%s' (systemd-sysusers, or useradd --system %s), or "
                       "start without root",
                       zero, zero);
    int st = find_group(group, &more, err);
    if (st != MP_OK)
        return st;
    out->uid = found->pw_uid;
    out->gid = group_leads ? more : found->pw_gid;
    out->n_groups = MAX_GROUPS - 1;
    if (getgrouplist(zero, found->pw_gid, out->groups, &out->n_groups) < 0)
        return mp_fail(err, MP_E_IO, 0, "user: '%s' is in more than %d groups", zero,
                       MAX_GROUPS - 1);
    for (int i = 0; i < out->n_groups; i++)
        if (out->groups[i] == more)
            return MP_OK;
    out->groups[out->n_groups++] = more;
    return MP_OK;
}

/* There must be no way back: neither by a saved id nor by a capability. */
static bool is_final(const struct account *a)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid;
    if (getresuid(&ruid, &euid, &suid) != 0 || getresgid(&rgid, &egid, &sgid) != 0)
        return false;
    return ruid == a->uid && euid == a->uid && suid == a->uid && rgid == a->gid && egid == a->gid &&
           sgid == a->gid && setuid(0) != 0 && seteuid(0) != 0 && (a->gid == 0 || setgid(0) != 0);
}

static int become(const struct account *a, struct confine_facts *f, struct mp_err *err)
{
    if (setgroups((size_t)a->n_groups, a->groups) != 0 || setresgid(a->gid, a->gid, a->gid) != 0 ||
        setresuid(a->uid, a->uid, a->uid) != 0)
        return mp_fail(err, MP_E_IO, errno,
                       "cannot become user %d: %s (CAP_SETUID and CAP_SETGID are wanted; in a "
                       "container without them: user: root)",
                       (int)a->uid, strerror(errno));
    if (!is_final(a))
        return mp_fail(err, MP_E_IO, 0, "user %d could become root again", (int)a->uid);
    f->other_user = true;
    return MP_OK;
}

static int change_user(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                       struct mp_err *err)
{
    struct account a = {0};
    bool own = role == ROLE_SIGNER && c->signer_user.n > 0;
    int st = find_account(own ? c->signer_user : c->user, c->group, !own, &a, err);
    if (st != MP_OK)
        return st;
    if (a.uid != 0)
        return become(&a, f, err);
    confine_misses(f, "runs as root without capabilities, as the configuration says (user)");
    return MP_OK;
}

/* ---- capabilities ---- */

/* Of the supervisor: to start others as other users, to end them, to make sockets for others. */
static const int kept[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,  CAP_KILL,
                           CAP_SETGID, CAP_SETUID,       CAP_SETPCAP, CAP_NET_BIND_SERVICE};

static bool is_kept(enum serve_role role, int cap)
{
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (kept[i] == cap)
            return role == ROLE_SUPERVISOR;
    return false;
}

/* While we are root still: nothing that is executed later gets them back. */
static void drop_bounds(enum serve_role role, struct confine_facts *f)
{
    enum { NOROOT = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED };
    bool ok = true;
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!is_kept(role, cap) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
            ok = prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0 && ok;
    if (role != ROLE_SUPERVISOR)
        ok = prctl(PR_SET_SECUREBITS, NOROOT, 0, 0, 0) == 0 && ok;
    if (!ok)
        confine_misses(f, "the bounding set of capabilities stays (no CAP_SETPCAP)");
}

static bool drop_capabilities(enum serve_role role)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, now) != 0)
        return false;
    for (int cap = 0; cap < 32 * _LINUX_CAPABILITY_U32S_3; cap++)
        if (!is_kept(role, cap)) {
            now[cap / 32].effective &= ~(1u << cap % 32);
            now[cap / 32].permitted &= ~(1u << cap % 32);
        }
    for (size_t i = 0; i < ARRAY_LEN(now); i++)
        now[i].inheritable = 0;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &head, now) == 0;
}

/* ---- limits ---- */

static void make_room_for_files(bool is_root, struct confine_facts *f)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return;
    struct rlimit more = {WANTED_FILES, r.rlim_max > WANTED_FILES ? r.rlim_max : WANTED_FILES};
    if (r.rlim_max < WANTED_FILES && !is_root)
        more.rlim_cur = more.rlim_max = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &more) == 0 || getrlimit(RLIMIT_NOFILE, &more) == 0)
        f->open_files = more.rlim_cur;
    if (f->open_files < ENOUGH_FILES)
        confine_misses(f, "only %lu files may be open (LimitNOFILE= of the unit)", f->open_files);
}

int confine_identity(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                     struct mp_err *err)
{
    const struct rlimit none = {0, 0};
    bool is_root = geteuid() == 0;
    int st = MP_OK;
    make_room_for_files(is_root, f);
    if (is_root)
        drop_bounds(role, f);
    if (!is_root && getuid() == 0)
        return mp_fail(err, MP_E_IO, 0, "half of root: start as root, or as an ordinary user");
    if (!is_root)
        confine_misses(f, "no user of its own (it was not started as root)");
    else if (role != ROLE_SUPERVISOR)
        st = change_user(role, c, f, err);
    if (st != MP_OK)
        return st;
    if (!drop_capabilities(role) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return mp_fail(err, MP_E_IO, errno, "cannot give up rights: %s", strerror(errno));
    f->no_new_privs = true;
    return MP_OK;
}

/* ---- calls and files ---- */

int confine_role(enum serve_role role, const struct serve_config *c, struct confine_facts *f,
                 struct mp_err *err)
{
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return mp_fail(err, MP_E_USAGE, 0, "confine_identity comes before confine_role");
    int st = role == ROLE_SUPERVISOR ? MP_OK : confine_files(role, c, f, err);
    if (st != MP_OK)
        return st;
    int code = -confine_filter(role);
    if (code != 0 && role == ROLE_SIGNER)
        return mp_fail(err, MP_E_IO, code,
                       "the process of the private keys does not run unconfined: no filter of "
                       "system calls (seccomp): %s",
                       strerror(code));
    if (code != 0)
        confine_misses(f, "no filter of system calls (seccomp): %s", strerror(code));
    f->filtered = code == 0;
    f->strict = f->filtered && !sandbox_is_sanitized();
    return MP_OK;
}
