/* The payloads of a message as files, for --extract: what a person or another program looks at. */
#ifndef MP_RUN_EXTRACT_H
#define MP_RUN_EXTRACT_H

#include "engine/job.h"

enum { EXTRACT_NAME_MAX_BYTES = 100 }; /* of what is kept of a file's own name */

/* Write each object of job->content that has bytes into `dir` (made when it is missing), as
 * "MESSAGE-PART-OBJECT-NAME" (digits of both SHA-256, 12 and 32): letters, digits, ".", "-" and
 * "_" of the name are kept, the rest is "_"; mode 0600, so never executable; nothing that is there
 * is written over or followed. *n: how many. MP_OK or MP_E_IO with the path. */
int extract_objects(const struct job *job, const char *dir, size_t *n, struct mp_err *err);

#endif
