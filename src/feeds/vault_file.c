/* Directories and files of snapshots: whose they are, and what is in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older ones say EINVAL */
#endif

#include "feeds/vault_internal.h"

void vault_name(uint64_t number, char out[VAULT_NAME_BYTES])
{
    snprintf(out, VAULT_NAME_BYTES, VAULT_PREFIX "%0*llu" VAULT_SUFFIX, (int)VAULT_DIGITS,
             (unsigned long long)number);
}

/* 0: it is no name of a snapshot. */
static uint64_t number_of(struct str name)
{
    struct str prefix = STR(VAULT_PREFIX), suffix = STR(VAULT_SUFFIX);
    uint64_t number;
    if (name.n != prefix.n + VAULT_DIGITS + suffix.n || !str_starts(name, prefix) ||
        !str_ends(name, suffix) ||
        !str_to_u64(str_slice(name, prefix.n, prefix.n + VAULT_DIGITS), UINT64_MAX, &number))
        return 0;
    return number;
}

const char *vault_distrust(const struct stat *sb)
{
    if (sb->st_uid != geteuid() && sb->st_uid != 0)
        return "it belongs to another user; run as that one, or name another directory";
    if ((sb->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "others can write to it";
    return NULL;
}

static int fail_dir(const char *dir, const char *what, int code, struct mp_err *err)
{
    return mp_fail(err, MP_E_IO, code, "directory %s of indicators: %s", dir, what);
}

int vault_open_dir(const char *dir, int *fd, struct mp_err *err)
{
    struct stat sb;
    int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d < 0 && errno == ENOENT) {
        *fd = -1;
        return MP_OK;
    }
    if (d < 0)
        return fail_dir(dir, strerror(errno), errno, err);
    const char *why = fstat(d, &sb) < 0 ? strerror(errno) : vault_distrust(&sb);
    if (why != NULL) {
        close(d);
        return fail_dir(dir, why, EPERM, err);
    }
    *fd = d;
    return MP_OK;
}

static int newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x > y ? -1 : x < y;
}

int vault_list(int dir_fd, struct vault_list *out, struct mp_err *err)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a place of its own in it */
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    out->n = 0;
    if (d == NULL) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return mp_fail(err, MP_E_IO, code, "the directory of indicators: %s", strerror(code));
    }
    while ((e = readdir(d)) != NULL && out->n < VAULT_MAX_FILES) {
        uint64_t number = number_of(str_from(e->d_name));
        if (number != 0)
            out->numbers[out->n++] = number;
    }
    closedir(d);
    qsort(out->numbers, out->n, sizeof *out->numbers, newest_first);
    return MP_OK;
}

static int fail_file(const char *what, int code, struct mp_err *err)
{
    return mp_fail(err, MP_E_IO, code, "%s", what);
}

static int map_file(int fd, struct vault_map *m, struct mp_err *err)
{
    struct stat sb;
    if (fstat(fd, &sb) < 0)
        return fail_file(strerror(errno), errno, err);
    const char *why = S_ISREG(sb.st_mode) ? vault_distrust(&sb) : "it is no file";
    if (why != NULL)
        return fail_file(why, EPERM, err);
    if (sb.st_size == 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "it is empty");
    void *p = mmap(NULL, (size_t)sb.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return fail_file(strerror(errno), errno, err);
    /* Lookups hit pages at random: huge ones, where the file system has them, spare half of what
     * it costs to find the page. All of it is read at once by snapshot_open. */
    (void)madvise(p, (size_t)sb.st_size, MADV_HUGEPAGE);
    (void)madvise(p, (size_t)sb.st_size, MADV_POPULATE_READ);
    *m = (struct vault_map){.p = p, .n = (size_t)sb.st_size};
    return MP_OK;
}

int vault_map(int dir_fd, const char *name, struct vault_map *out, struct mp_err *err)
{
    struct vault_map m = {0};
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return fail_file(strerror(errno), errno, err);
    int st = map_file(fd, &m, err);
    close(fd);
    if (st != MP_OK)
        return st;
    st = snapshot_open(str_make(m.p, m.n), &m.snapshot, err);
    if (st != MP_OK) {
        munmap(m.p, m.n);
        return st;
    }
    (void)madvise(m.p, m.n, MADV_RANDOM); /* when it has to be read again */
    *out = m;
    return MP_OK;
}

void vault_unmap(struct vault_map *m)
{
    snapshot_close(m->snapshot);
    munmap(m->p, m->n);
}
