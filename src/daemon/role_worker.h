/* The worker's life, once what it judges with is open. */
#ifndef MP_DAEMON_ROLE_WORKER_H
#define MP_DAEMON_ROLE_WORKER_H

#include "daemon/judge.h"
#include "daemon/role.h"

/* Confines itself, takes mail until the supervisor says so, or is gone. `setup` without signing:
 * that is filled here. An exit code. */
int worker_role_run(struct role *r, struct judge_setup *setup);

#endif
