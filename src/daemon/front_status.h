/* What the front tells of the daemon's state. Of room daemon only. */
#ifndef MP_DAEMON_FRONT_STATUS_H
#define MP_DAEMON_FRONT_STATUS_H

#include "base/json.h"
#include "daemon/front_internal.h"

/* Members of Status (docs/schema/api.openapi.yaml) into an open object. `peers`: what the
 * supervisor has told last, JSON values a line: roles, clamd, intel, resolver, signer; may be
 * empty. Threads: any. */
void front_status(struct front *f, struct str peers, struct json *j);
/* May mail be judged? */
bool front_ready(struct front *f, struct json *j);
/* The daemon's own series. */
void front_metrics(struct front *f, struct buf *out);

#endif
