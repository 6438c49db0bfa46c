/* Small files that a configuration names. */
#ifndef MP_DAEMON_FILE_H
#define MP_DAEMON_FILE_H

#include "base/arena.h"
#include "base/err.h"

/* All of it, with a NUL behind it, in `arena`. MP_E_IO, MP_E_LIMIT, MP_E_NOMEM with the path. */
int file_read(struct arena *arena, struct str path, size_t max_bytes, struct str *out,
              struct mp_err *err);

#endif
