/* What clamd says of a message and of all that is in it, as findings. */
#ifndef MP_RUN_AV_SCAN_H
#define MP_RUN_AV_SCAN_H

#include "content/av.h"
#include "io/clamd.h"

/* Have clamd scan the message itself (`raw`; `sha256` of it, NULL: not known) and each of `objects`
 * that has bytes, what is the same but once; blocks until `deadline_us` at most (clock_mono_us; 0:
 * the client's own). Findings av.* are added to `list`: one for each place, none for the message
 * where an object in it has the same name.
 * *complete: everything was scanned whole. MP_OK; MP_E_NOMEM: nothing was added.
 * Threads: any number at once, each with a list of its own. */
int av_scan(struct clamd *c, struct str raw, const unsigned char *sha256,
            const struct content_object *objects, size_t n, int64_t deadline_us,
            struct finding_list *list, bool *complete, struct mp_err *err);

#endif
