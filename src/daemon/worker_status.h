/* What a worker knows of its peers, for the status page: clamd, intelligence, the resolver. */
#ifndef MP_DAEMON_WORKER_STATUS_H
#define MP_DAEMON_WORKER_STATUS_H

#include "base/buf.h"
#include "run/run.h"

enum { WORKER_STATUS_EVERY_MS = 10000 };

/* Three JSON values, one a line. Asks clamd, so it may wait. */
void worker_status(const struct dns_source *source, struct buf *out);

#endif
