/* One mail and its answer between front and worker: one packet each way on a SOCK_SEQPACKET, what
 * is long in sealed memory beside it. */
#ifndef MP_DAEMON_LINK_H
#define MP_DAEMON_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/fd_pass.h"

/* Hand over `frame`, and the memfd of a message (-1: none). 0, or an errno. */
int link_send(int fd, struct str frame, int message_fd);

/* Take one into `frame` (made by buf_init, so its maximum holds), and *message_fd (-1: none), which
 * is then the caller's. FD_PASS_BROKEN: what came is no packet of ours. */
enum fd_pass_status link_recv(int fd, struct buf *frame, int *message_fd);

/* A socket at `path` that front and signer's clients connect to; or a connection to it, which does
 * not block. -1 with err. */
int link_listen(const char *path, struct mp_err *err);
/* -1 with errno: EAGAIN when too many wait already. */
int link_connect(const char *path);
/* Is the other side of our own user? (SO_PEERCRED) */
bool link_peer_is_ours(int fd);

#endif
