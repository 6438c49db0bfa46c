/* Packets between processes of this machine, with descriptors that come along. */
#ifndef MP_BASE_FD_PASS_H
#define MP_BASE_FD_PASS_H

#include "base/str.h"

enum { FD_PASS_MAX = 8 }; /* descriptors in one packet */

/* One packet over a SOCK_SEQPACKET, never a signal. 0, or an errno (EAGAIN of a socket that does
 * not block). */
int fd_pass_send(int fd, const struct str *pieces, size_t n_pieces, const int *fds, size_t n_fds);

enum fd_pass_status {
    FD_PASS_GOT,
    FD_PASS_NOTHING, /* a socket that does not block has none now */
    FD_PASS_END,     /* the other side is gone */
    FD_PASS_BROKEN   /* longer than `cap`, or with more descriptors than can be taken */
};
/* *n bytes into `to`. fds[n_fds] (at most FD_PASS_MAX) are filled with descriptors that came along
 * (-1: none), close-on-exec; others are never taken. After FD_PASS_BROKEN none is left open. */
enum fd_pass_status fd_pass_recv(int fd, void *to, size_t cap, size_t *n, int *fds, size_t n_fds);

#endif
