/* What one mail adds to the aggregate reports of its day. */
#ifndef MP_FEEDBACK_SEEN_H
#define MP_FEEDBACK_SEEN_H

#include "feedback/feedback_store.h"
#include "ipc/mail_summary.h"

/* False: no report counts it: it goes out, it came from a user of ours, it was put off (and comes
 * again), it has no DMARC policy, or DNS did not tell. Borrows the texts of `s`; lists in `a`.
 * Without memory: false, too, and *failed is set. */
bool feedback_seen_of(struct arena *a, const struct mail_summary *s, struct feedback_seen *out,
                      bool *failed);

#endif
