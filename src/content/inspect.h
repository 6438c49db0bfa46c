/* One payload and all that is packed in it: run in a worker (room sandbox). */
#ifndef MP_CONTENT_INSPECT_H
#define MP_CONTENT_INSPECT_H

#include "content/content.h"

/* Is `kind` something that content_inspect opens? What is not never needs a worker. */
bool content_is_heavy(enum file_type kind);

/* Inspect c->report->objects[0] (put there by the caller, attach_check done): open it when it is a
 * container, add its members, check each with attach_check, open what is a container among them,
 * until the budget is spent. Raises archive.*, attach.* and limit.* into c->report->findings.
 * Returns MP_OK, also when limits cut it (c->report->complete), or MP_E_NOMEM. No recursion. */
int content_inspect(struct content *c, struct mp_err *err);

/* Candidates for passwords in the mail's text (words behind "password:", "PIN" and their
 * translations) and in file names: at most `max`, distinct, views into `texts` or `arena`. */
size_t password_candidates(struct arena *arena, const struct str *texts, size_t n_texts,
                           struct str *out, size_t max);

#endif
