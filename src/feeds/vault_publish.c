/* A new snapshot in the directory: written beside the others, believed when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "feeds/vault_internal.h"

#define LOCK_NAME "lock"
#define NEW_NAME  ".new" /* one is enough: whoever writes has the lock */

struct vault_lock {
    int dir_fd, lock_fd;
    char dir[];
};

static int fail(const struct vault_lock *l, const char *what, struct mp_err *err)
{
    int code = errno;
    return mp_fail(err, MP_E_IO, code, "directory %s of indicators: %s: %s", l->dir, what,
                   strerror(code));
}

/* ---- the lock ---- */

static int open_dir(const char *dir, int *fd, struct mp_err *err)
{
    int st = vault_open_dir(dir, fd, err);
    if (st != MP_OK || *fd >= 0)
        return st;
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return mp_fail(err, MP_E_IO, errno, "directory %s for indicators cannot be made: %s", dir,
                       strerror(errno));
    st = vault_open_dir(dir, fd, err);
    return st == MP_OK && *fd < 0
               ? mp_fail(err, MP_E_IO, ENOENT, "directory %s for indicators is not there", dir)
               : st;
}

static int take_lock(struct vault_lock *l, struct mp_err *err)
{
    struct stat sb;
    l->lock_fd =
        openat(l->dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (l->lock_fd < 0 || fstat(l->lock_fd, &sb) < 0)
        return fail(l, LOCK_NAME, err);
    const char *why = vault_distrust(&sb);
    if (why != NULL)
        return mp_fail(err, MP_E_IO, EPERM, "%s/%s: %s", l->dir, LOCK_NAME, why);
    if (flock(l->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return MP_OK;
    if (errno == EWOULDBLOCK)
        return mp_fail(err, MP_E_IO, EWOULDBLOCK, "directory %s: another update is running",
                       l->dir);
    return fail(l, LOCK_NAME, err);
}

int vault_lock(const char *dir, struct vault_lock **out, struct mp_err *err)
{
    size_t n = strlen(dir) + 1;
    struct vault_lock *l = calloc(1, sizeof *l + n);
    if (l == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the store of indicators");
    memcpy(l->dir, dir, n);
    l->lock_fd = l->dir_fd = -1;
    int st = open_dir(dir, &l->dir_fd, err);
    if (st == MP_OK)
        st = take_lock(l, err);
    if (st == MP_OK)
        *out = l;
    else
        vault_unlock(l);
    return st;
}

void vault_unlock(struct vault_lock *l)
{
    if (l == NULL)
        return;
    if (l->lock_fd >= 0) {
        (void)flock(l->lock_fd, LOCK_UN); /* a child of ours may hold the descriptor too */
        close(l->lock_fd);
    }
    if (l->dir_fd >= 0)
        close(l->dir_fd);
    free(l);
}

/* ---- publishing ---- */

struct target {
    const struct vault_lock *lock;
    int fd;
};

static int write_piece(void *ctx, struct str piece, struct mp_err *err)
{
    const struct target *t = ctx;
    return fd_write(t->fd, piece) ? MP_OK : fail(t->lock, "writing", err);
}

static int write_new(const struct vault_lock *l, struct snapshot_builder *b, int64_t built_s,
                     struct mp_err *err)
{
    struct target t = {.lock = l};
    if (unlinkat(l->dir_fd, NEW_NAME, 0) < 0 && errno != ENOENT)
        return fail(l, NEW_NAME, err);
    t.fd = openat(l->dir_fd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t.fd < 0)
        return fail(l, NEW_NAME, err);
    int st = snapshot_builder_write(b, built_s, write_piece, &t, err);
    if (st == MP_OK && fsync(t.fd) < 0)
        st = fail(l, "fsync", err);
    if (close(t.fd) < 0 && st == MP_OK)
        st = fail(l, "closing", err);
    return st;
}

/* Is what lies there what was written? */
static int check(const struct vault_lock *l, const char *name, struct mp_err *err)
{
    struct vault_map m;
    struct mp_err why = {0};
    int st = vault_map(l->dir_fd, name, &m, &why);
    if (st != MP_OK)
        return mp_fail(err, st == MP_E_SYNTAX ? MP_E_IO : st, why.detail, "%s/%s: %s", l->dir, name,
                       why.text);
    vault_unmap(&m);
    return MP_OK;
}

/* The new name lasts when the directory does. Some file systems have no such thing (EINVAL). */
static int give_name(const struct vault_lock *l, uint64_t number, struct mp_err *err)
{
    char name[VAULT_NAME_BYTES];
    vault_name(number, name);
    if (renameat(l->dir_fd, NEW_NAME, l->dir_fd, name) < 0)
        return fail(l, name, err);
    return fsync(l->dir_fd) < 0 && errno != EINVAL ? fail(l, "fsync of the directory", err) : MP_OK;
}

/* What lies behind VAULT_KEEP_OLD that are whole goes. What cannot be deleted is no failure: the
 * next run tries again. */
static void prune(const struct vault_lock *l, const struct vault_list *old)
{
    char name[VAULT_NAME_BYTES];
    size_t whole = 0;
    for (size_t i = 0; i < old->n; i++) {
        vault_name(old->numbers[i], name);
        if (whole == VAULT_KEEP_OLD)
            (void)unlinkat(l->dir_fd, name, 0);
        else
            whole += check(l, name, NULL) == MP_OK;
    }
}

int vault_publish(struct vault_lock *l, struct snapshot_builder *b, int64_t built_s,
                  struct mp_err *err)
{
    struct vault_list *old = calloc(1, sizeof *old);
    if (old == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the store of indicators");
    int st = vault_list(l->dir_fd, old, err);
    if (st == MP_OK && old->n != 0 && old->numbers[0] >= VAULT_LAST_NUMBER)
        st = mp_fail(err, MP_E_LIMIT, 0, "directory %s: no number is left for a newer store",
                     l->dir);
    if (st == MP_OK)
        st = write_new(l, b, built_s, err);
    if (st == MP_OK)
        st = check(l, NEW_NAME, err);
    if (st == MP_OK)
        st = give_name(l, old->n == 0 ? 1 : old->numbers[0] + 1, err);
    if (st == MP_OK)
        prune(l, old);
    else
        (void)unlinkat(l->dir_fd, NEW_NAME, 0);
    free(old);
    return st;
}
