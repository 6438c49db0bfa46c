/* The front: the MTA's and the web's side of the daemon. It reads protocols, and no mail. */
#ifndef MP_DAEMON_FRONT_H
#define MP_DAEMON_FRONT_H

#include "daemon/role.h"

/* Runs until the supervisor says so, or is gone. An exit code. */
int front_run(struct role *r);

#endif
