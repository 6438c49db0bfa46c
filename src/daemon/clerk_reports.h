/* Reports that a command of the clerk has taken in: swept by age, and told to webhooks. */
#ifndef MP_DAEMON_CLERK_REPORTS_H
#define MP_DAEMON_CLERK_REPORTS_H

#include "daemon/role.h"
#include "hooks/hooks.h"

enum { CLERK_REPORTS_TOLD_MAX = 1000, CLERK_SWEEP_S = 3600 };

struct clerk_reports;
/* Not configured: *out is NULL. MP_E_IO, MP_E_NOMEM. */
int clerk_reports_open(struct role *r, struct clerk_reports **out, struct mp_err *err);
void clerk_reports_close(struct clerk_reports *c); /* accepts NULL */
/* Tells what is new since it was opened, or since the last call; each hour what is too old goes.
 * `hooks` may be NULL. Accepts NULL. */
void clerk_reports_look(struct clerk_reports *c, struct hooks *hooks);

#endif
