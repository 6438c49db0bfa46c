/* History and reports as the configuration has them, for each process that opens them. */
#ifndef MP_DAEMON_SERVE_STORES_H
#define MP_DAEMON_SERVE_STORES_H

#include "daemon/role.h"
#include "feedback/feedback_store.h"
#include "history/history.h"

/* Not configured: MP_OK, and *out stays as it is. `r` outlives *out. MP_E_USAGE, MP_E_IO,
 * MP_E_NOMEM. */
int serve_history_open(struct role *r, struct history **out, struct mp_err *err);
int serve_reports_open(struct role *r, struct feedback_store **out, struct mp_err *err);

#endif
