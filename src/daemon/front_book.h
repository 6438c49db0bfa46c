/* Where the front keeps and tells what it has seen. Of room daemon only. */
#ifndef MP_DAEMON_FRONT_BOOK_H
#define MP_DAEMON_FRONT_BOOK_H

#include "daemon/front_internal.h"
#include "daemon/observer.h"
#include "daemon/serve_hooks.h"
#include "history/history.h"
#include "report/summary.h"

enum book_part { BOOK_HISTORY, BOOK_HOOKS, BOOK_REPORTS, BOOK_PARTS };

/* NULL: not configured, or it could not be opened: then `failed` says why. */
struct front_book {
    struct history *history;
    struct hooks *hooks;
    struct feedback_store *feedback;
    struct observer *observer;
    struct mp_err failed[BOOK_PARTS]; /* an empty text: it has not */
};

/* front_http.c: the event `mail`. Threads: any. */
void front_http_mail(struct front *f, const struct mail_summary *s);

#endif
