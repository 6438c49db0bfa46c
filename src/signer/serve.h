/* The life of the process that keeps the private keys: it answers LIST and SIGN, nothing else. */
#ifndef MP_SIGNER_SERVE_H
#define MP_SIGNER_SERVE_H

#include <sys/types.h>

#include "signer/keys.h"

enum { SIGNER_MAX_CONNECTIONS = 256 /* one more: the one that was silent for longest goes */ };

struct signer_serving {
    int listen_fd; /* unix, SOCK_SEQPACKET, listening; not closed. It is made non-blocking */
    int stop_fd;   /* readable or at its end: accept no more, end when all have gone. -1: none */
    const struct signer_keys *keys;
    const uid_t *uids; /* who may ask (SO_PEERCRED); n == 0: our own effective uid alone */
    size_t n_uids;
};

/* Serve until stop_fd says so and the last peer has gone. A frame that is none, or a peer that does
 * not take its answers, costs that connection and nothing else. May run in several threads on one
 * listening socket. MP_OK; MP_E_IO: poll or the listening socket fails; MP_E_NOMEM. */
int signer_serve(const struct signer_serving *s, struct mp_err *err);

#endif
