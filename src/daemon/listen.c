/* Listening sockets: made, or taken from the service manager. */
#include "daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { STREAM = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK };

/* What to do about an errno. */
static const struct {
    int code;
    const char *advice;
} advices[] = {
    {EADDRINUSE, ": another program listens there (ss -ltnp)"},
    {EADDRNOTAVAIL, ": this machine has no such address"},
    {EACCES, ": ports below 1024 want CAP_NET_BIND_SERVICE, directories the right to write"},
    {EAFNOSUPPORT, ": this machine has no such protocol"},
    {EROFS, ": ReadWritePaths= of the unit, or another directory"},
};

static int fail(const struct serve_address *a, int code, struct mp_err *err)
{
    const char *advice = "";
    for (size_t i = 0; i < ARRAY_LEN(advices); i++)
        if (advices[i].code == code)
            advice = advices[i].advice;
    return mp_fail(err, MP_E_IO, code, STR_FMT ": %s%s", STR_ARG(a->text), strerror(code), advice);
}

/* ---- unix sockets ---- */

/* Who may rename in the directory could put his own socket in the place of ours. */
static int check_directory(const struct serve_address *a, const char *path, struct mp_err *err)
{
    char dir[sizeof((struct listening *)0)->path];
    struct stat sb;
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    slash[slash == dir] = '\0';
    if (stat(dir, &sb) != 0 && errno == ENOENT)
        return mp_fail(err, MP_E_IO, ENOENT,
                       STR_FMT ": there is no directory %s: make it (install -d -m 0755 %s)",
                       STR_ARG(a->text), dir, dir);
    if (stat(dir, &sb) != 0 || !S_ISDIR(sb.st_mode))
        return mp_fail(err, MP_E_IO, errno, STR_FMT ": %s is no directory", STR_ARG(a->text), dir);
    bool by_others = (sb.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (sb.st_mode & S_ISVTX) == 0;
    if ((sb.st_uid != 0 && sb.st_uid != geteuid()) || by_others)
        return mp_fail(err, MP_E_IO, 0,
                       STR_FMT ": others may write in %s, and put a socket of their own in the "
                               "place of ours: it must belong to root or to us (chmod go-w %s)",
                       STR_ARG(a->text), dir, dir);
    return MP_OK;
}

/* Something has the name already: a socket that nobody answers is what a dead process left. */
static int remove_stale(const struct serve_address *a, const struct sockaddr_un *to,
                        struct mp_err *err)
{
    struct stat sb;
    if (lstat(to->sun_path, &sb) != 0)
        return errno == ENOENT ? MP_OK : fail(a, errno, err);
    if (!S_ISSOCK(sb.st_mode))
        return mp_fail(err, MP_E_IO, EEXIST,
                       STR_FMT ": it is there and no socket: another name, or remove it",
                       STR_ARG(a->text));
    int fd = socket(AF_UNIX, STREAM, 0);
    if (fd < 0)
        return fail(a, errno, err);
    int st = connect(fd, (const struct sockaddr *)to, sizeof *to);
    int code = errno;
    close(fd);
    if (st == 0 || code != ECONNREFUSED)
        return mp_fail(err, MP_E_IO, EADDRINUSE,
                       STR_FMT ": somebody listens there already: is another one running?",
                       STR_ARG(a->text));
    return unlink(to->sun_path) == 0 ? MP_OK : fail(a, errno, err);
}

static int find_group(const struct serve_address *a, gid_t *out, struct mp_err *err)
{
    char name[64], room[4096];
    struct group entry, *found = NULL;
    *out = (gid_t)-1;
    if (a->group.n == 0)
        return MP_OK;
    snprintf(name, sizeof name, STR_FMT, STR_ARG(a->group));
    if (getgrnam_r(name, &entry, room, sizeof room, &found) != 0 || found == NULL)
        return mp_fail(err, MP_E_IO, 0, STR_FMT ": there is no group '%s'", STR_ARG(a->text), name);
    *out = entry.gr_gid;
    return MP_OK;
}

/* Numbers of inodes are used again: the time tells. */
static void remember(struct listening *l, const struct stat *sb)
{
    l->device = sb->st_dev;
    l->inode = sb->st_ino;
    l->changed_ns = (int64_t)sb->st_ctim.tv_sec * 1000000000 + sb->st_ctim.tv_nsec;
}

/* Through a descriptor, so that it is this file and no other that gets group and mode. */
static int open_up(const struct serve_address *a, struct listening *l, gid_t group,
                   struct mp_err *err)
{
    char self[40];
    struct stat sb;
    int st = MP_OK, fd = open(l->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(a, errno, err);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (fstat(fd, &sb) != 0 || !S_ISSOCK(sb.st_mode)) {
        close(fd);
        return fail(a, EEXIST, err);
    }
    remember(l, &sb);
    if (group != (gid_t)-1 && fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) != 0)
        st = mp_fail(err, MP_E_IO, errno, STR_FMT ": cannot be given to group '" STR_FMT "': %s",
                     STR_ARG(a->text), STR_ARG(a->group), strerror(errno));
    else if (chmod(self, a->mode) != 0)
        st = fail(a, errno, err);
    if (fstat(fd, &sb) == 0)
        remember(l, &sb);
    close(fd);
    return st;
}

static bool bind_closed(int fd, const struct sockaddr_un *to)
{
    mode_t before = umask(0177);
    int st = bind(fd, (const struct sockaddr *)to, sizeof *to);
    int code = errno;
    umask(before);
    errno = code;
    return st == 0;
}

static int open_unix(const struct serve_address *a, struct listening *l, struct mp_err *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    gid_t group;
    if (a->path.n == 0 || a->path.n >= sizeof to.sun_path)
        return fail(a, ENAMETOOLONG, err);
    memcpy(to.sun_path, a->path.p, a->path.n);
    memcpy(l->path, to.sun_path, sizeof l->path);
    int st = check_directory(a, l->path, err);
    if (st == MP_OK)
        st = find_group(a, &group, err);
    if (st == MP_OK && (l->fd = socket(AF_UNIX, STREAM, 0)) < 0)
        st = fail(a, errno, err);
    if (st == MP_OK && !bind_closed(l->fd, &to)) {
        st = errno == EADDRINUSE ? remove_stale(a, &to, err) : fail(a, errno, err);
        if (st == MP_OK && !bind_closed(l->fd, &to))
            st = fail(a, errno, err);
    }
    if (st == MP_OK)
        st = open_up(a, l, group, err);
    return st;
}

/* ---- TCP ---- */

static int open_inet(const struct serve_address *a, struct listening *l, struct mp_err *err)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    const int yes = 1;
    bool is_v6 = a->ip.family == IP_V6;
    memcpy(&v4.sin_addr, a->ip.octets, 4);
    memcpy(&v6.sin6_addr, a->ip.octets, 16);
    l->fd = socket(is_v6 ? AF_INET6 : AF_INET, STREAM, 0);
    if (l->fd < 0)
        return fail(a, errno, err);
    if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        (is_v6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0))
        return fail(a, errno, err);
    int st = is_v6 ? bind(l->fd, (const struct sockaddr *)&v6, sizeof v6)
                   : bind(l->fd, (const struct sockaddr *)&v4, sizeof v4);
    return st == 0 ? MP_OK : fail(a, errno, err);
}

/* ---- handed over ---- */

static bool is_listening(int fd)
{
    int type = 0, accepts = 0;
    socklen_t n = sizeof type, m = sizeof accepts;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &m) == 0 && accepts;
}

static int take_handed(const struct serve_address *a, const struct passed_fds *passed,
                       struct listening *l, struct mp_err *err)
{
    int fd = passed == NULL ? -1 : passed_fds_find(passed, a->path);
    if (fd < 0)
        return mp_fail(err, MP_E_IO, 0,
                       STR_FMT ": no socket of that name was handed over (%zu were): enable the "
                               "socket unit that has FileDescriptorName=" STR_FMT
                               ", or listen at another address",
                       STR_ARG(a->text), passed == NULL ? (size_t)0 : passed->n, STR_ARG(a->path));
    if (!is_listening(fd))
        return mp_fail(err, MP_E_IO, 0,
                       STR_FMT ": what was handed over is no listening stream socket "
                               "(ListenStream= and Accept=no in its unit)",
                       STR_ARG(a->text));
    l->handed = true;
    l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int flags = l->fd < 0 ? -1 : fcntl(l->fd, F_GETFL);
    return flags < 0 || fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) != 0 ? fail(a, errno, err)
                                                                       : MP_OK;
}

/* ---- all of them ---- */

int listen_open(const struct serve_address *a, const struct passed_fds *passed,
                struct listening *out, struct mp_err *err)
{
    struct listening l = {.fd = -1};
    int st = a->kind == SERVE_UNIX   ? open_unix(a, &l, err)
             : a->kind == SERVE_INET ? open_inet(a, &l, err)
                                     : take_handed(a, passed, &l, err);
    if (st == MP_OK && !l.handed && listen(l.fd, LISTEN_BACKLOG) != 0)
        st = fail(a, errno, err);
    if (st == MP_OK)
        *out = l;
    else
        listen_close(&l);
    return st;
}

void listen_forget(struct listening *l)
{
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct listening){.fd = -1};
}

void listen_close(struct listening *l)
{
    struct listening now = {.fd = -1};
    struct stat sb;
    if (l->inode != 0 && lstat(l->path, &sb) == 0) {
        remember(&now, &sb);
        if (now.device == l->device && now.inode == l->inode && now.changed_ns == l->changed_ns)
            unlink(l->path);
    }
    listen_forget(l);
}
