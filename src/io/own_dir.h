/* Directories where we keep something between runs: nobody else writes there, and each file in them
 * is whole at any time. */
#ifndef MP_IO_OWN_DIR_H
#define MP_IO_OWN_DIR_H

#include "base/arena.h"
#include "base/err.h"

/* What is kept there and where, for errors: "directory D for MTA-STS policies: ...". */
struct own_dir {
    const char *path, *what;
};

/* A file that strangers could write would speak for us. MP_OK, also with *absent (NULL: not told);
 * MP_E_IO: it is no directory, or not ours alone (owner we or root, nobody else may write). */
int own_dir_check(const struct own_dir *d, bool *absent, struct mp_err *err);
/* The same, and it is made (0700) when absent. */
int own_dir_make(const struct own_dir *d, struct mp_err *err);

/* `path` becomes a file of these pieces (0600): written beside, fsynced, renamed, so that a reader
 * sees the old one or the new one, whenever we are killed. MP_E_IO. */
int own_dir_replace(const struct own_dir *d, const char *path, const struct str *pieces, size_t n,
                    struct mp_err *err);

/* A regular file of at most `max_bytes`, whole. p == NULL: there is none, or no such one; a file
 * that is longer is given with one byte more than allowed. */
struct str own_file_read(struct arena *a, const char *path, size_t max_bytes);

/* The names in it last when the directory does. A file system that cannot is no reason to fail. */
void own_dir_sync(const char *path);

#endif
