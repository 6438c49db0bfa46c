/* One line for each delivery, written by the main thread: the store must not wait for a terminal.
 */
#ifndef MP_CLI_SINK_LINES_H
#define MP_CLI_SINK_LINES_H

#include <pthread.h>

#include "cli/sink_options.h"

enum { SINK_LINES_MAX_BYTES = 8 << 20 /* not yet written; beyond, lines are counted */ };

struct sink_lines {
    enum sink_format format;
    pthread_mutex_t lock;
    struct buf waiting;
    uint64_t lost;
    int wake_fd; /* readable when there is something */
};
int sink_lines_init(struct sink_lines *l, enum sink_format format, struct mp_err *err);
void sink_lines_clear(struct sink_lines *l);
void sink_lines_event(void *ctx, const struct store_event *e); /* a store_watch_fn */
void sink_lines_flush(struct sink_lines *l);

#endif
