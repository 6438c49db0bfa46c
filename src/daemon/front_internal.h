/* What the files of the front share: the loop, the MTAs' connections, what is counted. */
#ifndef MP_DAEMON_FRONT_INTERNAL_H
#define MP_DAEMON_FRONT_INTERNAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdatomic.h>

#include "daemon/crew.h"
#include "daemon/front.h"
#include "daemon/log.h"
#include "milter/session.h"

enum {
    FRONT_TICK_MS = 1000,
    FRONT_READ_BYTES = 64 * 1024,
    FRONT_SPOOL_BYTES = 64 * 1024,   /* of a message, before they go into its memfd */
    FRONT_SPOOL_MAX_BYTES = 1 << 30, /* of all messages at once: beyond it tempfail */
    FRONT_IDLE_MS = 7210 * 1000,     /* of an MTA's connection: a little above what they use */
    FRONT_PROGRESS_MS = 10000,       /* an MTA that waits for a verdict hears from us so often */
    FRONT_MONITOR_RESULTS = 4,       /* enum monitor_result */
    FRONT_WARM_MS = 5000             /* names are fetched ahead at most so long */
};

/* Since the process began. Written in the loop and in HTTP's threads. */
struct front_counts {
    atomic_ullong connections, open_connections, failed,
        unseen, /* accepted although nobody looked: on_failure or oversize accept */
        oversize, early_rejects, protocol_errors, signed_mails, monitor_runs[FRONT_MONITOR_RESULTS],
        monitor_changes[FRONT_MONITOR_RESULTS];
};
#define FRONT_COUNT(front, what) FRONT_ADD(front, what, 1)
#define FRONT_ADD(front, what, n)                                                                  \
    atomic_fetch_add_explicit(&(front)->count.what, (n), memory_order_relaxed)

struct mta; /* one connection of an MTA: front_milter.c */
struct front_listener {
    struct front *front;
    const struct serve_milter *config;
    struct event event;
    int fd;
    bool listening;
    unsigned connections; /* open */
};

struct front {
    struct role *role;
    const struct serve_config *config;
    struct event_base *base;
    struct str work_path;
    struct front_listener listeners[SERVE_MAX_MILTERS];
    size_t n_listeners;
    struct mta *mtas;
    struct event control, tick;
    bool draining, soon; /* soon: connections end as soon as no message is on its way */
    int64_t now_ms;      /* monotonic, read once a round */
    size_t spooled_bytes;
    uint64_t next_number;
    char *scratch; /* FRONT_READ_BYTES */
    struct front_counts count;
    struct front_book *book; /* front_book.c: history, events, webhooks, reports */
    struct front_http *http; /* front_http.c; NULL: not configured */
    int64_t started_s;
};

/* ---- front_milter.c ---- */

int front_listen(struct front *f, struct mp_err *err);
void front_stop_listening(struct front *f);
/* Once a second: who is idle, who waits for long. */
void front_milter_tick(struct front *f);
bool front_has_mtas(const struct front *f);
void front_close_mtas(struct front *f);

/* ---- front_spool.c: a message on its way in ---- */

struct spool {
    struct front *front;
    int fd; /* -1: nothing was written yet */
    char *buffer;
    size_t n;       /* in the buffer */
    uint64_t bytes; /* in all */
};
void spool_reset(struct spool *s); /* forgets the message */
void spool_clear(struct spool *s);
bool spool_add(void *spool, struct str bytes); /* a milter_sink */
/* Sealed: now it can be handed over. False: errno. */
bool spool_finish(struct spool *s);

/* ---- front_book.c: what is kept and told of a mail ---- */

int front_book_open(struct front *f, struct mp_err *err);
void front_book_close(struct front *f);
/* `answer`: NULL when there is none; then `why_not` tells, and `did` what the MTA was told.
 * `message_fd`: the sealed message, kept where that is wanted; -1: there is none. Threads: any. */
void front_book_mail(struct front *f, const struct mail_request *request,
                     const struct mail_answer *answer, int message_fd, const char *did,
                     const char *why_not);

/* ---- front_http.c ---- */

int front_http_start(struct front *f, struct mp_err *err);
void front_http_drain(struct front *f);
void front_http_stop(struct front *f);
void front_http_monitor(struct front *f, struct str change);  /* a MonitorChange, JSON */
void front_http_schedules(struct front *f, struct str lines); /* suite and how often, by turns */
void front_http_peers(struct front *f, struct str peers); /* what the supervisor tells, as JSON */

#endif
