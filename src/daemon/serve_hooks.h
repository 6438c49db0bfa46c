/* Webhooks as the configuration has them, for the front, which tells, and the clerk, which sends.
 */
#ifndef MP_DAEMON_SERVE_HOOKS_H
#define MP_DAEMON_SERVE_HOOKS_H

#include "daemon/role.h"
#include "hooks/hooks.h"

/* Secrets are read: from files, or the environment that the supervisor was started with. `r`
 * outlives *out. MP_E_USAGE, MP_E_IO; MP_E_NOMEM. */
int serve_hooks_open(struct role *r, struct hooks **out, struct mp_err *err);

#endif
