/* Code of others that writes to sockets without MSG_NOSIGNAL: SIGPIPE kept away from it. */
#ifndef MP_IO_QUIET_H
#define MP_IO_QUIET_H

#include <signal.h>
#include <stdbool.h>

struct quiet {
    sigset_t before;
    bool pending; /* one was there already: it is not ours to take */
};

/* Between these two SIGPIPE stays in this thread, and one that came is taken away. */
void quiet_begin(struct quiet *q);
void quiet_end(struct quiet *q);

#endif
