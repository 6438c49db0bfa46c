/* Whole files, up to a maximum. */
#ifndef MP_RUN_READ_FILE_H
#define MP_RUN_READ_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* All of `path` behind what `out` holds, whose maximum bounds it. MP_E_IO "PATH: No such file or
 * directory", MP_E_LIMIT "PATH: longer than N bytes", MP_E_NOMEM; `out` may then hold a part. */
int read_file(const char *path, struct buf *out, struct mp_err *err);
/* Is it a file that we may read? */
bool file_is_readable(const char *path);

#endif
