/* The listening sockets of a configuration. */
#ifndef MP_DAEMON_LISTEN_H
#define MP_DAEMON_LISTEN_H

#include "daemon/config.h"
#include "daemon/notify.h"

enum { LISTEN_BACKLOG = 1024 };

struct listening {
    int fd;          /* -1: none; close-on-exec, does not block */
    bool handed;     /* by the service manager: the socket file is its */
    uint64_t device; /* of the socket file that we made ... */
    uint64_t inode;  /* ... so that only this one is removed; 0: none */
    int64_t changed_ns;
    char path[108];
};

/* A unix socket: a stale file (nobody answers) is replaced, a live one, or what is no socket,
 * never; its directory must be one where strangers cannot rename. fd:NAME: a listening stream
 * socket of `passed` (NULL: none), whose descriptor goes over to `out`'s owner as a duplicate.
 * MP_E_IO with what to do: "127.0.0.1:8891: Address already in use: ...". */
int listen_open(const struct serve_address *a, const struct passed_fds *passed,
                struct listening *out, struct mp_err *err);

/* Closes, and removes the socket file if it is still ours. Accepts one that is not open. */
void listen_close(struct listening *l);
/* Closes and leaves the file: in processes that did not make it. */
void listen_forget(struct listening *l);

#endif
