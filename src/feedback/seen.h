/* What one mail adds to the aggregate reports of its day. */
#ifndef MP_FEEDBACK_SEEN_H
#define MP_FEEDBACK_SEEN_H

#include "feedback/feedback_store.h"
#include "ipc/mail_summary.h"

/* Not every mail is counted: not what goes out, came from a user of ours or was put off (and comes
 * again); nor without a DMARC policy that asks for reports, or where DNS did not tell. */
bool feedback_seen_counts(const struct mail_summary *s);

/* False: no report counts it. Borrows the texts of `s`; lists in `a`.
 * Without memory: false, too, and *failed is set. */
bool feedback_seen_of(struct arena *a, const struct mail_summary *s, struct feedback_seen *out,
                      bool *failed);

#endif
