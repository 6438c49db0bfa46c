/* Whole files, up to a maximum. */
#include "run/read_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int read_file(const char *path, struct buf *out, struct mp_err *err)
{
    enum { CHUNK = 64 * 1024 };
    FILE *f = fopen(path, "re");
    int st = MP_OK;
    if (f == NULL)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    for (size_t n = 1; n > 0 && st == MP_OK;) {
        size_t room = out->max_bytes - out->n, want = room < CHUNK ? room : CHUNK;
        char one, *to = want == 0 ? NULL : buf_reserve(out, want);
        if (to != NULL) {
            n = fread(to, 1, want, f);
            out->n += n;
        } else if (want > 0) {
            st = mp_fail(err, MP_E_NOMEM, 0, "%s: no memory to read it", path);
        } else if ((n = fread(&one, 1, 1, f)) > 0) {
            st = mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes, "%s: longer than %zu bytes",
                         path, out->max_bytes);
        }
    }
    if (st == MP_OK && ferror(f))
        st = mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
    fclose(f);
    return st;
}

bool file_is_readable(const char *path)
{
    struct stat sb;
    return stat(path, &sb) == 0 && access(path, R_OK) == 0;
}
