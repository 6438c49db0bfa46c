/* One process of the daemon, started by the supervisor as our own program, executed anew. */
#ifndef MP_DAEMON_PROCESS_H
#define MP_DAEMON_PROCESS_H

#include <sys/types.h>

#include "daemon/role.h"

/* What it is given. */
struct process_start {
    enum serve_role role;
    const char *command;     /* hidden command of the CLI that runs roles */
    const char *config_path; /* for messages */
    int config_fd;           /* sealed text */
    unsigned generation;
    struct role_fd fds[ROLE_MAX_FDS];
    size_t n_fds;
};

/* Forks and executes. *control: our end of its line, which does not block. MP_E_IO. */
int process_start(const struct process_start *s, pid_t *pid, int *control, struct mp_err *err);

#endif
