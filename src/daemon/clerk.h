/* The clerk: what is done later, and goes outside. Webhooks, scheduled suites and audits, feeds,
 * reports from mailboxes. It sees no mail on its way. */
#ifndef MP_DAEMON_CLERK_H
#define MP_DAEMON_CLERK_H

#include "daemon/role.h"
#include "suite/suite.h"

enum {
    CLERK_COMMAND_MS = 3600000, /* one run of a command may take so long */
    CLERK_RETRY_S = 300,        /* after one that has failed */
    CLERK_ARGS_MAX = 16
};

/* Runs until the supervisor says so, or is gone. `outside`: for the suites of the monitor. An exit
 * code. */
int clerk_run(struct role *r, const struct suite_outside *outside);

#endif
