/* Files kept between runs: who may write them, and how they are replaced. */
#include "io/own_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { PATH_MAX_BYTES = 4096 };

static int fail_dir(const struct own_dir *d, const char *why, struct mp_err *err)
{
    return mp_fail(err, MP_E_IO, 0, "directory %s for %s: %s", d->path, d->what, why);
}

int own_dir_check(const struct own_dir *d, bool *absent, struct mp_err *err)
{
    struct stat sb;
    bool none = false;
    if (stat(d->path, &sb) < 0) {
        none = errno == ENOENT;
        if (!none)
            return fail_dir(d, strerror(errno), err);
    } else if (!S_ISDIR(sb.st_mode)) {
        return fail_dir(d, "it is no directory", err);
    } else if ((sb.st_uid != geteuid() && sb.st_uid != 0) ||
               (sb.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fail_dir(d, "others can write in it; it must be ours, with mode 0700", err);
    }
    if (absent != NULL)
        *absent = none;
    return MP_OK;
}

int own_dir_make(const struct own_dir *d, struct mp_err *err)
{
    bool absent;
    int st = own_dir_check(d, &absent, err);
    if (st != MP_OK || !absent)
        return st;
    if (mkdir(d->path, 0700) < 0 && errno != EEXIST)
        return fail_dir(d, strerror(errno), err);
    return own_dir_check(d, NULL, err);
}

void own_dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

int own_dir_replace(const struct own_dir *d, const char *path, const struct str *pieces, size_t n,
                    struct mp_err *err)
{
    char beside[PATH_MAX_BYTES];
    int st = MP_OK, length = snprintf(beside, sizeof beside, "%s/.new-XXXXXX", d->path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return fail_dir(d, "its name is too long", err);
    int fd = mkostemp(beside, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return fail_dir(d, strerror(errno), err);
    for (size_t i = 0; st == MP_OK && i < n; i++)
        if (!fd_write(fd, pieces[i]))
            st = fail_dir(d, strerror(errno), err);
    if (st == MP_OK && fsync(fd) != 0)
        st = fail_dir(d, strerror(errno), err);
    if (close(fd) < 0 && st == MP_OK)
        st = fail_dir(d, strerror(errno), err);
    if (st == MP_OK && rename(beside, path) < 0)
        st = fail_dir(d, strerror(errno), err);
    if (st != MP_OK)
        unlink(beside);
    else
        own_dir_sync(d->path);
    return st;
}

struct str own_file_read(struct arena *a, const char *path, size_t max_bytes)
{
    struct str out = STR_NONE;
    struct stat sb;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode) || sb.st_size < 0 ||
        (uint64_t)sb.st_size > max_bytes)
        goto out;
    size_t room = (size_t)sb.st_size + 1, n = 0;
    char *p = arena_new(a, char, room);
    for (ssize_t got = 1; p != NULL && got > 0 && n<room; n += got> 0 ? (size_t)got : 0)
        got = read(fd, p + n, room - n);
    if (p != NULL)
        out = str_make(p, n);
out:
    if (fd >= 0)
        close(fd);
    return out;
}
