/* Mail seen, on its way to the store that aggregate reports are made of: never in the way of mail.
 */
#ifndef MP_DAEMON_OBSERVER_H
#define MP_DAEMON_OBSERVER_H

#include "feedback/feedback_store.h"
#include "ipc/mail_summary.h"

enum { OBSERVER_QUEUE_MAX = 4096, OBSERVER_BATCH_MAX = 256 };

struct observer;
int observer_new(struct feedback_store *store, struct observer **out, struct mp_err *err);
/* Writes what waits (one try). Accepts NULL. */
void observer_free(struct observer *o);
/* Inbound mail of a domain that asks for reports; others are passed over. Copies. False: lost, and
 * counted. Threads: any; accepts NULL. */
bool observer_add(struct observer *o, const struct mail_summary *s);
uint64_t observer_lost(struct observer *o);

#endif
