/* The message as a border server would pass it on: what was forged is gone, ours is on top. */
#ifndef MP_RUN_REWRITE_H
#define MP_RUN_REWRITE_H

#include "engine/job.h"

/* Append to `out` the message of a finished job with every Authentication-Results field that
 * claims our authserv-id removed (RFC 8601 5, before anything is added) and ours on top. Lines of
 * the head that are no field are left out: a lenient reader could take them for one.
 * MP_OK, MP_E_NOMEM. */
int rewrite_message(struct job *job, struct buf *out, struct mp_err *err);

#endif
