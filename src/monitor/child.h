/* One run: a process of its own, in a group of its own, whose output is bounded. */
#ifndef MP_MONITOR_CHILD_H
#define MP_MONITOR_CHILD_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum child_fd { CHILD_OUT, CHILD_ERR, CHILD_END, CHILD_FDS };

struct child {
    pid_t pid;              /* 0: there is none */
    int fds[CHILD_FDS];     /* its output, its errors (-1: at their end), and its pidfd */
    struct buf out, errors; /* errors: the first of them */
    bool too_much, killed;
    int status; /* of waitpid; -1: nobody knows */
};

/* argv[0] is a path. Signals as they were, nothing on standard input. MP_E_IO "PROGRAM: why". */
int child_start(struct child *c, char *const argv[], size_t max_bytes, struct mp_err *err);
/* Take what is there, without waiting. */
void child_read(struct child *c, enum child_fd which);
/* SIGKILL to the group. */
void child_kill(struct child *c);
/* Whose pidfd is readable: the rest of its output, its status, and the end of what it left behind.
 */
void child_end(struct child *c);
void child_clear(struct child *c); /* of one that has ended: buffers */

/* In words what its end was; empty: it ended by itself with 0, 1 or 3, as reports do. `room` holds
 * at least 512 bytes. */
const char *child_fate(const struct child *c, char *room, size_t n);

#endif
