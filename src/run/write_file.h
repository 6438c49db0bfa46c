/* Files that are written whole or not at all. */
#ifndef MP_RUN_WRITE_FILE_H
#define MP_RUN_WRITE_FILE_H

#include "base/err.h"
#include "base/str.h"

/* Put `bytes` at `path`: beside it, in the same directory, synced, then renamed, so that whoever
 * reads the path (node_exporter, a web server) sees the old file or the new one, and a full disk
 * loses nothing. Hence the directory must be writable. The file keeps its mode, and its owner when
 * we may give it away; a new one has mode 0644 less the umask. A file that is read-only for us
 * stays as it is. Symbolic links are followed. Other hard links keep the old bytes.
 *
 * What is no regular file is written directly: pipes, devices, /dev/stdout and /dev/fd/N, these
 * without opening them anew.
 *
 * MP_E_IO with "PATH: what went wrong"; then a regular file is as it was. Killed meanwhile, it
 * leaves a hidden file ".mailproof-PID-N.tmp" behind. */
int write_file(const char *path, struct str bytes, struct mp_err *err);

#endif
