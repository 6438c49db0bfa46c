/* How the front asks workers: a connection for each mail, whoever is free takes it. A worker that
 * dies of a mail, or is killed, is a connection that ends: then another one is asked, once. */
#ifndef MP_DAEMON_CREW_H
#define MP_DAEMON_CREW_H

#include <event2/event.h>

#include "ipc/mail_answer.h"
#include "ipc/mail_request.h"

enum {
    CREW_TRIES = 2,       /* of one mail */
    CREW_RETRY_MS = 20,   /* while too many wait at the socket */
    CREW_GRACE_MS = 2000, /* beyond the deadline that the worker was given */
    CREW_ANSWER_BYTES = 2 * ANSWER_MAX_REPORT_BYTES
};

/* What became of it. `answer`: NULL when there is none; views into memory of the call. */
typedef void crew_done_fn(void *ctx, const struct mail_answer *answer, const char *why_not);

struct crew_call;
/* In the loop of `base`, one thread. Everything is copied but the memfd, which stays the caller's
 * until `done` was called (-1: none). `done` comes later, once, from the loop: also when nothing
 * goes as it should. NULL: no memory. */
struct crew_call *crew_ask(struct event_base *base, const char *path,
                           const struct mail_request *request, int message_fd, crew_done_fn *done,
                           void *ctx);
/* Nobody wants to know any more: `done` is not called. Accepts NULL. */
void crew_cancel(struct crew_call *call);

/* The same for a thread that may wait. The answer is in `arena`. MP_OK; MP_E_TIMEOUT, MP_E_IO: no
 * worker has answered; MP_E_NOMEM. */
int crew_ask_and_wait(const char *path, const struct mail_request *request, int message_fd,
                      struct arena *arena, struct mail_answer *out, struct mp_err *err);

#endif
