/* Files that are written whole or not at all: beside the place, synced, renamed. */
#include "run/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum {
    NEW_MODE = 0644,
    PERMISSION_BITS = 0777,
    MODE_BITS = 07777,
    NAMES_TRIED_MAX = 100,
    FD_MAX = 1 << 20
};

static int io_error(struct mp_err *err, const char *path, const char *what)
{
    int code = errno;
    return mp_fail(err, MP_E_IO, code, "%s: %s%s", path, what, strerror(code));
}

/* ---- directly ---- */

/* A descriptor that we hold already, by its name; -1: the path is none. Opening it anew would write
 * from the start of a file that standard output was redirected to. */
static int named_descriptor(const char *path)
{
    static const struct str dirs[] = {STR_INIT("/dev/fd/"), STR_INIT("/proc/self/fd/")};
    struct str s = str_from(path);
    uint64_t fd;
    if (str_eq(s, STR("/dev/stdout")))
        return STDOUT_FILENO;
    if (str_eq(s, STR("/dev/stderr")))
        return STDERR_FILENO;
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
        if (str_starts(s, dirs[i]) && str_to_u64(str_slice(s, dirs[i].n, s.n), FD_MAX, &fd))
            return (int)fd;
    return -1;
}

static int write_directly(const char *path, struct str bytes, struct mp_err *err)
{
    int held = named_descriptor(path), st = MP_OK;
    int fd = held >= 0 ? fcntl(held, F_DUPFD_CLOEXEC, 0)
                       : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, NEW_MODE);
    if (fd < 0)
        return io_error(err, path, "");
    if (!fd_write(fd, bytes))
        st = io_error(err, path, "");
    if (close(fd) != 0 && st == MP_OK)
        st = io_error(err, path, "");
    return st;
}

/* ---- beside, and renamed ---- */

/* The directory of the path with its slash; "" for the one we are in. */
static struct str directory_of(const char *path)
{
    struct str s = str_from(path);
    size_t slash = str_rfind(s, '/');
    return slash < s.n ? str_slice(s, 0, slash + 1) : STR("");
}

/* A new file of ours in the directory, its name in `out`. */
static int create_beside(const char *path, char out[PATH_MAX])
{
    struct str dir = directory_of(path);
    for (int i = 0; i < NAMES_TRIED_MAX; i++) {
        int n = snprintf(out, PATH_MAX, STR_FMT ".mailproof-%ld-%d.tmp", STR_ARG(dir),
                         (long)getpid(), i);
        if (n < 0 || n >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, NEW_MODE);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* Owner before mode, for a change of owner takes bits of the mode away. Not being allowed to give a
 * file away is no failure: then it is ours, without the bits that would lend out our rights. */
static bool take_over(int fd, const struct stat *old)
{
    struct stat now;
    bool given = fchown(fd, old->st_uid, old->st_gid) == 0;
    mode_t mode = old->st_mode & (given ? MODE_BITS : PERMISSION_BITS);
    if (fchmod(fd, mode) == 0)
        return true;
    /* File systems without modes refuse; that harms only when more is allowed than before. */
    return fstat(fd, &now) == 0 && (now.st_mode & PERMISSION_BITS & ~old->st_mode) == 0;
}

/* Not every file system can; then a crash of the machine may lose the file, as without this. */
static bool sync_file(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS;
}

/* So that the new name outlives a crash too. Not all file systems can; the file is whole anyway. */
static void sync_directory(const char *path)
{
    char name[PATH_MAX];
    struct str dir = directory_of(path);
    int n = snprintf(name, sizeof name, "%s" STR_FMT, dir.n == 0 ? "." : "", STR_ARG(dir));
    int fd = n < 0 || n >= PATH_MAX ? -1 : open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* `path` names no link; `old` is NULL for a new file. `shown` is what the user wrote. */
static int write_beside(const char *path, const char *shown, const struct stat *old,
                        struct str bytes, struct mp_err *err)
{
    char beside[PATH_MAX];
    int st = MP_OK, fd = create_beside(path, beside);
    if (fd < 0)
        return io_error(err, shown, "cannot write beside it, as is needed to replace it whole: ");
    if ((old != NULL && !take_over(fd, old)) || !fd_write(fd, bytes) || !sync_file(fd))
        st = io_error(err, shown, "");
    if (close(fd) != 0 && st == MP_OK)
        st = io_error(err, shown, "");
    if (st == MP_OK && rename(beside, path) != 0)
        st = io_error(err, shown, "");
    if (st != MP_OK)
        unlink(beside);
    else
        sync_directory(path);
    return st;
}

int write_file(const char *path, struct str bytes, struct mp_err *err)
{
    struct stat sb;
    if (named_descriptor(path) >= 0)
        return write_directly(path, bytes, err);
    if (stat(path, &sb) == 0) {
        if (!S_ISREG(sb.st_mode))
            return write_directly(path, bytes, err);
        char *real = realpath(path, NULL);
        if (real == NULL || faccessat(AT_FDCWD, real, W_OK, AT_EACCESS) != 0) {
            free(real); /* keeps errno */
            return io_error(err, path, "");
        }
        int st = write_beside(real, path, &sb, bytes, err);
        free(real);
        return st;
    }
    if (errno != ENOENT)
        return io_error(err, path, "");
    if (lstat(path, &sb) == 0) /* a link to a file that is not there yet */
        return write_directly(path, bytes, err);
    return write_beside(path, path, NULL, bytes, err);
}
