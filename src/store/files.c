/* Messages that are files: written and synced before the commit, taken away behind it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/store_internal.h"

static const char files_name[] = "messages", reserve_name[] = "reserve";

static int fail(const struct store *s, const char *what, struct mp_err *err)
{
    return mp_fail(err, MP_E_IO, errno, "%s/%s: %s", s->dir, what, strerror(errno));
}

/* One process at a time: the lock goes with the process, however that ends. */
int files_lock(struct store *s, struct mp_err *err)
{
    char pid[32] = "";
    s->lock_fd = openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return fail(s, "lock", err);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
        /* For people only: a full disk is no reason to stop here. */
        if (ftruncate(s->lock_fd, 0) == 0 && pwrite(s->lock_fd, pid, (size_t)n, 0) < 0)
            errno = 0;
        return MP_OK;
    }
    if (errno != EWOULDBLOCK)
        return fail(s, "lock", err);
    ssize_t n = pread(s->lock_fd, pid, sizeof pid - 1, 0);
    struct str who = str_trim(str_make(pid, n > 0 ? (size_t)n : 0));
    return mp_fail(err, MP_E_IO, EWOULDBLOCK,
                   "%s: in use by another process (" STR_FMT "): stop it or choose another "
                   "directory",
                   s->dir, STR_ARG(who));
}

/* What SQLite would make is as readable as the umask lets it be, and its log is as the database. */
static int make_private(struct store *s, struct mp_err *err)
{
    int fd =
        openat(s->dir_fd, "store.db", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == EEXIST ? MP_OK : fail(s, "store.db", err);
    close(fd);
    return MP_OK;
}

int files_open(struct store *s, struct mp_err *err)
{
    if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", s->dir, strerror(errno));
    s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", s->dir, strerror(errno));
    int st = files_lock(s, err);
    if (st != MP_OK)
        return st;
    if (mkdirat(s->dir_fd, files_name, 0700) < 0 && errno != EEXIST)
        return fail(s, files_name, err);
    st = make_private(s, err);
    if (st != MP_OK)
        return st;
    s->files_fd = openat(s->dir_fd, files_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return s->files_fd < 0 ? fail(s, files_name, err) : MP_OK;
}

/* ---- writing ---- */

static int fail_file(struct store *s, struct work *w, struct mp_err *err)
{
    int st =
        mp_fail(err, MP_E_IO, errno, "%s/%s/%s: %s", s->dir, files_name, w->d.id, strerror(errno));
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    w->in_file = false;
    files_remove(s, w->d.id);
    return st;
}

int files_write(struct store *s, struct work *w, struct mp_err *err)
{
    w->in_file = true;
    w->fd =
        openat(s->files_fd, w->d.id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return w->fd >= 0 && fd_write(w->fd, w->d.raw) ? MP_OK : fail_file(s, w, err);
}

int files_sync(struct store *s, struct work *w, struct mp_err *err)
{
    if (fsync(w->fd) < 0)
        return fail_file(s, w, err);
    int closed = close(w->fd);
    w->fd = -1;
    return closed == 0 ? MP_OK : fail_file(s, w, err);
}

void files_remove(struct store *s, const char *id)
{
    unlinkat(s->files_fd, id, 0); /* one that stays is swept at the next start */
}

/* ---- reading ---- */

int files_read(struct store *s, const char *id, struct buf *out, bool *found, struct mp_err *err)
{
    enum { CHUNK = 1 << 16 };
    struct stat sb;
    int st = MP_OK, fd = openat(s->files_fd, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *found = fd >= 0;
    if (fd < 0)
        return errno == ENOENT ? MP_OK : fail(s, files_name, err);
    if (fstat(fd, &sb) < 0)
        st = fail(s, id, err);
    /* Room for all and one more, so that the end is seen without growing. */
    bool room = st == MP_OK && buf_reserve(out, (size_t)sb.st_size + 1) != NULL;
    for (ssize_t n = 1; room && n != 0;) {
        char *to = buf_reserve(out, out->cap > out->n ? out->cap - out->n : CHUNK);
        if (to == NULL)
            break;
        n = read(fd, to, out->cap - out->n);
        if (n < 0 && errno != EINTR) {
            st = fail(s, id, err);
            break;
        }
        out->n += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (st == MP_OK && out->failed)
        st = mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes,
                     "message %s is longer than %zu bytes, or there is no memory for it", id,
                     out->max_bytes);
    return st;
}

int files_sweep(struct store *s, struct mp_err *err)
{
    sqlite3_stmt *q;
    int st =
        store_db_prepare(s, s->db, "SELECT 1 FROM delivery WHERE seq = ?1 AND id = ?2 AND in_file",
                         &q, err);
    int fd = st == MP_OK ? openat(s->dir_fd, files_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (st == MP_OK && dir == NULL)
        st = fail(s, files_name, err);
    for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        int64_t seq;
        if (!id_seq(str_from(e->d_name), &seq)) /* none of ours: let it be */
            continue;
        sqlite3_bind_int64(q, 1, seq);
        store_db_bind(q, 2, str_from(e->d_name));
        int rc = sqlite3_step(q);
        if (rc == SQLITE_DONE)
            files_remove(s, e->d_name);
        else if (rc != SQLITE_ROW && st == MP_OK)
            st = store_db_fail(s, s->db, err);
        sqlite3_reset(q);
    }
    if (dir != NULL)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    sqlite3_finalize(q);
    return st;
}

/* ---- the reserve ---- */

/* No space for it is no fault: then there is none. */
void files_reserve(struct store *s)
{
    int fd = openat(s->dir_fd, reserve_name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    s->has_reserve = fd >= 0 && fallocate(fd, 0, 0, STORE_RESERVE_BYTES) == 0;
    if (fd >= 0)
        close(fd);
    if (!s->has_reserve)
        unlinkat(s->dir_fd, reserve_name, 0);
}

void files_give_reserve(struct store *s)
{
    unlinkat(s->dir_fd, reserve_name, 0);
    s->has_reserve = false;
}
