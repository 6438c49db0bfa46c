/* The signer: loads the private keys, then answers two requests and can do nothing else. */
#ifndef MP_DAEMON_ROLE_SIGNER_H
#define MP_DAEMON_ROLE_SIGNER_H

#include "daemon/role.h"

/* Runs until the supervisor says so, or is gone. An exit code. */
int signer_run(struct role *r);

#endif
