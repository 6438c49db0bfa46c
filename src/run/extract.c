/* --extract: payloads as files whose names and modes can do no harm. */
#include "run/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"

enum {
    DIR_MODE = 0700,
    FILE_MODE = 0600,
    MESSAGE_HASH_SHOWN = 12,
    OBJECT_HASH_SHOWN = 6,
    PART_MAX_BYTES = 60
};

static int io_error(struct mp_err *err, const char *dir, const char *name)
{
    int code = errno;
    return mp_fail(err, MP_E_IO, code, "%s/%s: %s", dir, name, strerror(code));
}

/* The last piece of a path in either style. */
static struct str base_name(struct str s)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
            return str_slice(s, i, s.n);
    return s;
}

static void add_safe(struct buf *b, struct str s, size_t max)
{
    for (size_t i = 0; i < s.n && i < max; i++) {
        char c = s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || (c == '.' && i > 0);
        buf_addc(b, plain ? c : '_');
    }
}

static struct str own_name(const struct content_object *o)
{
    if (o->member.n > 0)
        return base_name(o->member);
    return o->n_names > 0 ? base_name(o->names[0].text) : STR("");
}

static void file_name(struct buf *b, const struct job *job, const struct content_object *o)
{
    struct str name = own_name(o);
    size_t cut = name.n > EXTRACT_NAME_MAX_BYTES ? name.n - EXTRACT_NAME_MAX_BYTES : 0;
    add_safe(b, job->sha256_hex, MESSAGE_HASH_SHOWN);
    buf_addc(b, '-');
    add_safe(b, o->part.n == 0 ? STR("0") : o->part, PART_MAX_BYTES);
    buf_addc(b, '-');
    for (size_t i = 0; i < OBJECT_HASH_SHOWN; i++)
        buf_addf(b, "%02x", o->sha256[i]);
    buf_addc(b, '-');
    if (name.n == 0)
        buf_addf(b, "payload.%s", file_type_name(o->kind));
    else
        add_safe(b, str_slice(name, cut, name.n), EXTRACT_NAME_MAX_BYTES); /* the end tells most */
    buf_addc(b, '\0');
}

static int write_object(int dir_fd, const char *dir, const char *name, struct str bytes,
                        struct mp_err *err)
{
    int st = MP_OK;
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0 && errno == EEXIST)
        return MP_OK; /* the hash is in the name: the same bytes, from an earlier run */
    if (fd < 0)
        return io_error(err, dir, name);
    if (!fd_write(fd, bytes))
        st = io_error(err, dir, name);
    if (close(fd) != 0 && st == MP_OK)
        st = io_error(err, dir, name);
    if (st != MP_OK)
        (void)unlinkat(dir_fd, name, 0);
    return st;
}

int extract_objects(const struct job *job, const char *dir, size_t *n, struct mp_err *err)
{
    struct buf name;
    int st = MP_OK;
    *n = 0;
    if (mkdir(dir, DIR_MODE) != 0 && errno != EEXIST)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", dir, strerror(errno));
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", dir, strerror(errno));
    buf_init(&name, 1024);
    for (size_t i = 0; st == MP_OK && i < job->content.found.n; i++) {
        const struct content_object *o = &job->content.found.objects[i];
        if (!o->has_bytes)
            continue;
        buf_reset(&name);
        file_name(&name, job, o);
        if (name.failed)
            st = mp_fail(err, MP_E_NOMEM, 0, "%s: no memory for a name", dir);
        else
            st = write_object(dir_fd, dir, name.p, o->bytes, err);
        *n += st == MP_OK;
    }
    buf_clear(&name);
    close(dir_fd);
    return st;
}
