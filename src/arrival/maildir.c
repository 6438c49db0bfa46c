/* Messages in a Maildir: new/, cur/, and .Folder beside them; woken by inotify. Files are renamed
 * and vanish while we look: that is no error. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrival/mailbox_internal.h"
#include "base/clock.h"

enum { MAILDIR_MAX_FILES = 100000, EVENT_BUFFER_BYTES = 64 * 1024 };

struct maildir {
    struct str path;
    int notify; /* -1: not to be had, then we poll */
    size_t n_watched;
};

/* Those that a look cares for: what arrives is renamed into new/, what is read into cur/. */
static const char *const subs[] = {"new", "cur"};

static int maildir_open(struct mailbox_reader *m, struct mp_err *err)
{
    struct maildir *x = calloc(1, sizeof *x);
    struct str path = str_slice(m->config.url, sizeof "maildir:" - 1, m->config.url.n);
    m->state = x;
    if (x == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    x->notify = -1;
    while (str_starts(path, STR("//")))
        path = str_slice(path, 1, path.n);
    if (path.n == 0)
        return mp_fail(err, MP_E_USAGE, 0, "a Maildir needs its path: maildir:/path");
    for (size_t i = 0; i < m->config.n_folders; i++)
        if (str_has(m->config.folders[i], '/') || str_starts(m->config.folders[i], STR(".")))
            return mp_fail(err, MP_E_USAGE, 0, "folder '%.*s' of a Maildir: no slash, no dot first",
                           STR_ARG(m->config.folders[i]));
    x->path = arena_copy(&m->arena, path);
    x->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    return x->path.p != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
}

/* "INBOX" is the Maildir itself, "Junk" is ".Junk" in it (Maildir++). */
static int folder_path(const struct maildir *x, struct str folder, const char *sub,
                       char out[PATH_MAX])
{
    bool is_inbox = str_ieq(folder, STR("INBOX"));
    return snprintf(out, PATH_MAX, "%.*s%s%.*s/%s", STR_ARG(x->path), is_inbox ? "" : "/.",
                    is_inbox ? 0 : (int)folder.n, folder.p, sub) < PATH_MAX
               ? MP_OK
               : MP_E_LIMIT;
}

/* The name up to the flags: it stays when the file moves from new/ to cur/. */
static struct str unique_part(const char *name)
{
    struct str s = str_from(name);
    return str_slice(s, 0, str_find(s, ':'));
}

/* *out NULL with MP_OK: it is gone. The caller frees. */
static int read_message(int dir, const char *name, char **out, size_t *n, int64_t *came_ms,
                        struct mp_err *err)
{
    struct stat sb;
    size_t have = 0;
    *out = NULL;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT || errno == ELOOP
                   ? MP_OK
                   : mp_fail(err, MP_E_IO, errno, "%s: %s", name, strerror(errno));
    int st = fstat(fd, &sb) == 0 ? MP_OK : mp_fail(err, MP_E_IO, errno, "%s", strerror(errno));
    if (st == MP_OK && (!S_ISREG(sb.st_mode) || sb.st_size == 0))
        goto out;
    if (st == MP_OK && sb.st_size > ARRIVAL_MAX_MESSAGE_BYTES)
        st = mp_fail(err, MP_E_LIMIT, ARRIVAL_MAX_MESSAGE_BYTES, "%s: longer than %d bytes", name,
                     ARRIVAL_MAX_MESSAGE_BYTES);
    char *bytes = st == MP_OK ? malloc((size_t)sb.st_size) : NULL;
    if (st == MP_OK && bytes == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    while (st == MP_OK && have < (size_t)sb.st_size) {
        ssize_t got = read(fd, bytes + have, (size_t)sb.st_size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            st = mp_fail(err, MP_E_IO, errno, "%s: %s", name, strerror(errno));
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    if (st != MP_OK) {
        free(bytes);
        goto out;
    }
    *out = bytes;
    *n = have;
    *came_ms = (int64_t)sb.st_mtim.tv_sec * 1000 + sb.st_mtim.tv_nsec / 1000000;
out:
    close(fd);
    return st;
}

/* Maildirs keep lines as Unix does; mail ends them with CRLF. A file that has any CRLF is taken as
 * it is. NULL without memory; *bytes is used up. */
static char *as_mail(char *bytes, size_t *n)
{
    struct str s = str_make(bytes, *n);
    size_t lines = 0, at = 0;
    for (size_t i = 0; i < s.n; i++)
        lines += s.p[i] == '\n';
    if (lines == 0 || str_search(s, STR("\r\n")) < s.n)
        return bytes;
    char *out = malloc(s.n + lines);
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        if (s.p[i] == '\n')
            out[at++] = '\r';
        out[at++] = s.p[i];
    }
    free(bytes);
    *n = at;
    return out;
}

static int look_at(struct mailbox_reader *m, struct mailbox_hits *hits, int dir, struct str folder,
                   const char *name, struct mp_err *err)
{
    struct str id = unique_part(name);
    char *bytes;
    size_t n = 0;
    int64_t came_ms = 0;
    if (name[0] == '.' || seen_has(&m->seen, folder, id) || mailbox_has_hit(hits, folder, id))
        return MP_OK;
    int st = read_message(dir, name, &bytes, &n, &came_ms, err);
    if (st != MP_OK || bytes == NULL)
        return st;
    if ((bytes = as_mail(bytes, &n)) == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a message");
    struct mailbox_hit hit = {
        .folder = folder, .id = id, .raw = str_make(bytes, n), .arrived_ms = came_ms};
    st = mailbox_offer(m, hits, &hit, err);
    free(bytes);
    return st;
}

/* A folder that is not there holds nothing; the Maildir itself must be there. */
static int look_into(struct mailbox_reader *m, struct mailbox_hits *hits, struct str folder,
                     const char *sub, int64_t deadline_us, struct mp_err *err)
{
    const struct maildir *x = m->state;
    char path[PATH_MAX];
    int st = MP_OK;
    if (folder_path(x, folder, sub, path) != MP_OK)
        return mp_fail(err, MP_E_USAGE, 0, "the path of the Maildir is too long");
    DIR *d = opendir(path);
    if (d == NULL && errno == ENOENT && !str_ieq(folder, STR("INBOX")))
        return MP_OK;
    if (d == NULL)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    size_t n = 0;
    for (struct dirent *e; st == MP_OK && (e = readdir(d)) != NULL; n++) {
        if (n == MAILDIR_MAX_FILES)
            st = mp_fail(err, MP_E_LIMIT, MAILDIR_MAX_FILES, "%s: more than %d files", path,
                         MAILDIR_MAX_FILES);
        else if (clock_mono_us() > deadline_us && n > 0)
            st = mp_fail(err, MP_E_TIMEOUT, 0, "%s: too many files for the time", path);
        else
            st = look_at(m, hits, dirfd(d), folder, e->d_name, err);
    }
    closedir(d);
    return st;
}

/* Before the look, so that nothing that comes meanwhile is missed. Watching twice is no harm. */
static void watch(struct mailbox_reader *m)
{
    struct maildir *x = m->state;
    char path[PATH_MAX];
    size_t wanted = m->config.n_folders * ARRAY_LEN(subs), n = 0;
    if (x->notify < 0 || x->n_watched == wanted)
        return;
    for (size_t i = 0; i < m->config.n_folders; i++)
        for (size_t k = 0; k < ARRAY_LEN(subs); k++)
            n += folder_path(x, m->config.folders[i], subs[k], path) == MP_OK &&
                 inotify_add_watch(x->notify, path, IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE) >= 0;
    x->n_watched = n;
}

static int compare_hits(const void *a, const void *b)
{
    const struct mailbox_hit *x = a, *y = b;
    return x->arrived_ms < y->arrived_ms ? -1 : x->arrived_ms > y->arrived_ms;
}

/* Neither half of it is there. */
static bool is_absent(const struct maildir *x, struct str folder)
{
    char path[PATH_MAX];
    bool absent = !str_ieq(folder, STR("INBOX"));
    for (size_t k = 0; absent && k < ARRAY_LEN(subs); k++)
        absent = folder_path(x, folder, subs[k], path) == MP_OK && access(path, F_OK) != 0 &&
                 errno == ENOENT;
    return absent;
}

/* Folders that are not there hold nothing, as folders come with the first message; but when none
 * is there nothing was looked at. */
static int maildir_find(struct mailbox_reader *m, const struct mailbox_match *match,
                        struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    int st = MP_OK;
    size_t n_missing = 0;
    (void)match;
    watch(m);
    for (size_t i = 0; i < m->config.n_folders; i++) {
        m->missing[i] = is_absent(m->state, m->config.folders[i]);
        n_missing += m->missing[i];
        for (size_t k = 0; st == MP_OK && k < ARRAY_LEN(subs); k++)
            st = look_into(m, hits, m->config.folders[i], subs[k], deadline_us, err);
    }
    if (st == MP_OK && n_missing > 0 && n_missing == m->config.n_folders)
        return mp_fail(err, MP_E_IO, 0, "Maildir: no folder '%.*s' there, nor another to look into",
                       STR_ARG(m->config.folders[0]));
    if (st == MP_OK && hits->n > 1)
        qsort(hits->items, hits->n, sizeof hits->items[0], compare_hits);
    return st;
}

static int remove_from(const struct maildir *x, const struct mailbox_hit *hit, const char *sub,
                       struct mp_err *err)
{
    char path[PATH_MAX];
    int st = MP_OK;
    DIR *d = folder_path(x, hit->folder, sub, path) == MP_OK ? opendir(path) : NULL;
    if (d == NULL)
        return MP_OK;
    for (struct dirent *e; st == MP_OK && (e = readdir(d)) != NULL;)
        if (str_eq(unique_part(e->d_name), hit->id) && unlinkat(dirfd(d), e->d_name, 0) != 0 &&
            errno != ENOENT)
            st = mp_fail(err, MP_E_IO, errno, "%s/%s: %s", path, e->d_name, strerror(errno));
    closedir(d);
    return st;
}

static int maildir_remove(struct mailbox_reader *m, const struct mailbox_hit *hit,
                          int64_t deadline_us, struct mp_err *err)
{
    int st = MP_OK;
    (void)deadline_us;
    for (size_t k = 0; st == MP_OK && k < ARRAY_LEN(subs); k++)
        st = remove_from(m->state, hit, subs[k], err);
    return st;
}

static int maildir_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err)
{
    struct maildir *x = m->state;
    char events[EVENT_BUFFER_BYTES];
    int64_t left_ms = (deadline_us - clock_mono_us()) / 1000 + 1;
    (void)err;
    if (x->notify < 0) {
        mailbox_pause(deadline_us);
        return MP_OK;
    }
    /* Network file systems tell nothing of what others do: look again after a while anyway. */
    left_ms = left_ms < ARRIVAL_POLL_MS ? left_ms : ARRIVAL_POLL_MS;
    struct pollfd p = {.fd = x->notify, .events = POLLIN};
    if (poll(&p, 1, left_ms > 0 ? (int)left_ms : 0) > 0)
        while (read(x->notify, events, sizeof events) > 0)
            continue;
    return MP_OK;
}

static void maildir_close(struct mailbox_reader *m)
{
    struct maildir *x = m->state;
    if (x != NULL && x->notify >= 0)
        close(x->notify);
    free(x);
}

const struct mailbox_kind mailbox_maildir = {maildir_open, maildir_find, maildir_remove,
                                             maildir_wait, maildir_close};
