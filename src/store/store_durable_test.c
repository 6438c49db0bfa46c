/* What `done` was told is on the disk, not only in the kernel: the system calls of this process are
 * watched. When a delivery is acknowledged, nothing that was written to the log or to a message's
 * file waits to be synced, and the names of new files are synced too. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "store/store_internal.h"
#include "store/store_test_kit.h"

enum { FDS = 1024, MESSAGES = 40, LARGE = STORE_INLINE_MAX_BYTES + 1 };

/* Bytes that were written to a descriptor and not synced; entries made in `messages`, not synced.
 */
static atomic_uint unsynced[FDS], new_names, syncs, log_writes, closed_unsynced;

static bool is_ours(int fd, const char *what)
{
    char link[40], path[300];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = kit_dir[0] == '\0' ? -1 : readlink(link, path, sizeof path - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return strstr(path, kit_dir) == path && strstr(path, what) != NULL;
}

/* ---- in place of the C library's; SQLite calls them too ---- */

#define SEEN_BY_ALL __attribute__((visibility("default")))

static ssize_t written(int fd, ssize_t n)
{
    if (n > 0 && fd >= 0 && fd < FDS) {
        atomic_fetch_add(&unsynced[fd], (unsigned)n);
        atomic_fetch_add(&log_writes, is_ours(fd, "/store.db-wal"));
    }
    return n;
}

static int synced(int fd, long rc)
{
    if (rc == 0 && fd >= 0 && fd < FDS) {
        atomic_store(&unsynced[fd], 0);
        atomic_fetch_add(&syncs, 1);
        struct stat sb;
        if (fstat(fd, &sb) == 0 && S_ISDIR(sb.st_mode) && is_ours(fd, "/messages"))
            atomic_store(&new_names, 0);
    }
    return (int)rc;
}

SEEN_BY_ALL ssize_t write(int fd, const void *p, size_t n)
{
    return written(fd, (ssize_t)syscall(SYS_write, fd, p, n));
}

SEEN_BY_ALL ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return written(fd, (ssize_t)syscall(SYS_pwrite64, fd, p, n, at));
}

SEEN_BY_ALL int fsync(int fd)
{
    return synced(fd, syscall(SYS_fsync, fd));
}

SEEN_BY_ALL int fdatasync(int fd)
{
    return synced(fd, syscall(SYS_fdatasync, fd));
}

SEEN_BY_ALL int close(int fd)
{
    if (fd >= 0 && fd < FDS && atomic_load(&unsynced[fd]) != 0 && is_ours(fd, "/messages/"))
        atomic_fetch_add(&closed_unsynced, 1);
    if (fd >= 0 && fd < FDS)
        atomic_store(&unsynced[fd], 0);
    return (int)syscall(SYS_close, fd);
}

/* ---- the rows ---- */

static atomic_uint log_waits, names_wait, files_wait, told;

/* In the store's thread, at the moment of the acknowledgement. */
static void on_done(void *ctx, int status, const char *id, int64_t seq)
{
    for (int fd = 0; fd < FDS; fd++) {
        if (atomic_load(&unsynced[fd]) == 0)
            continue;
        atomic_fetch_add(&log_waits, is_ours(fd, "/store.db-wal"));
        atomic_fetch_add(&files_wait, is_ours(fd, "/messages/"));
    }
    atomic_fetch_add(&names_wait, atomic_load(&new_names));
    atomic_fetch_add(&told, status == MP_OK);
    kit_on_done(ctx, status, id, seq);
}

int main(void)
{
    static char large[LARGE];
    struct kit_done done = KIT_DONE;
    struct store *s = kit_open(&(struct store_config){.dir = kit_make_dir()});
    unsigned before = atomic_load(&syncs);
    tap_case("a commit each, small and large");
    for (unsigned i = 0; i < MESSAGES; i++) {
        const struct store_delivery d = {.raw = i % 4 == 0 ? str_make(large, LARGE) : STR("x")};
        atomic_store(&new_names, i % 4 == 0);
        tap_int(store_put(s, &d, on_done, &done, NULL), MP_OK);
        kit_wait(&done, i + 1);
    }
    tap_int(told, MESSAGES);
    tap_ok(log_writes >= MESSAGES); /* SQLite's calls come here */
    tap_int(log_waits, 0);
    tap_int(files_wait, 0);
    tap_int(names_wait, 0);
    tap_int(closed_unsynced, 0);
    tap_ok(atomic_load(&syncs) - before >= MESSAGES + 2 * MESSAGES / 4);
    tap_case("many in few commits");
    before = atomic_load(&syncs);
    const struct store_delivery small = {.raw = STR("x")};
    for (unsigned i = 0; i < 10 * MESSAGES; i++)
        tap_int(store_put(s, &small, on_done, &done, NULL), MP_OK);
    kit_wait(&done, 11 * MESSAGES);
    tap_int(told, 11 * MESSAGES);
    tap_int(log_waits, 0);
    tap_ok(atomic_load(&syncs) - before < 10 * MESSAGES);
    store_close(s);
    kit_remove_dir();
    return tap_done();
}
