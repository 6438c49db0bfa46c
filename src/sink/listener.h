/* Listening sockets of the server. Of room sink only. */
#ifndef MP_SINK_LISTENER_H
#define MP_SINK_LISTENER_H

#include "sink/sink_internal.h"

/* Binds, listens, adds its event; config, sink and fd -1 are set. MP_E_IO tells the address. */
int listener_open(struct listener *l, struct mp_err *err);
void listener_close(struct listener *l); /* also one that was never opened */
/* Once more, when it was off for want of descriptors. */
void listener_resume(struct listener *l);

void sink_read_clocks(struct sink *s);

#endif
