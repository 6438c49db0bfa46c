/* Scheduled suites and audits in the clerk: what ran goes to the history, what changed to webhooks
 * and to the dashboard. */
#ifndef MP_DAEMON_CLERK_MONITOR_H
#define MP_DAEMON_CLERK_MONITOR_H

#include "daemon/role.h"
#include "hooks/hooks.h"
#include "suite/suite.h"

struct clerk_monitor;
/* Reads the suites and starts a thread. Nothing to watch: *out is NULL. `hooks` may be NULL; it and
 * `r` outlive *out. MP_E_USAGE: a suite with mistakes, or without a schedule; MP_E_IO; MP_E_NOMEM.
 */
int clerk_monitor_start(struct role *r, const struct suite_outside *outside, struct hooks *hooks,
                        struct clerk_monitor **out, struct mp_err *err);
/* Runs that are not over are broken off. Accepts NULL. */
void clerk_monitor_stop(struct clerk_monitor *m);

#endif
