/* SIGPIPE kept away from a piece of code: held back in this thread, then taken away. */
#include "io/quiet.h"

#include <time.h>

static sigset_t only_pipe(void)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    return pipe;
}

void quiet_begin(struct quiet *q)
{
    sigset_t pipe = only_pipe(), pending;
    sigpending(&pending);
    q->pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe, &q->before);
}

void quiet_end(struct quiet *q)
{
    static const struct timespec at_once;
    sigset_t pipe = only_pipe();
    if (!q->pending)
        (void)sigtimedwait(&pipe, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &q->before, NULL);
}
