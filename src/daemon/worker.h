/* The worker: threads that take mails from the front, one at a time each. */
#ifndef MP_DAEMON_WORKER_H
#define MP_DAEMON_WORKER_H

#include "daemon/judge.h"

struct worker_config {
    const struct judge_setup *setup;
    int listen_fd; /* SOCK_SEQPACKET, shared with the other workers; does not block */
    unsigned threads;
};

struct worker;
/* Starts the threads. MP_E_NOMEM, MP_E_IO. */
int worker_start(const struct worker_config *c, struct worker **out, struct mp_err *err);
/* What is at hand is finished first. Accepts NULL. */
void worker_stop(struct worker *w);

#endif
