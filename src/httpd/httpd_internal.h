/* The insides of the server, shared by its files.
 *
 * Threads: one of libmicrohttpd that reads and writes sockets and never blocks; HTTPD_WORKERS that
 * run handlers; a ticker for deadlines. While a worker has a request, its connection is suspended,
 * so that exactly one thread owns a request at any time:
 *   I/O thread -> queue -> worker -> (waiting -> queue -> worker)* -> resume -> I/O thread
 * `lock` guards the lists. libmicrohttpd is never called while it is held. */
#ifndef MP_HTTPD_HTTPD_INTERNAL_H
#define MP_HTTPD_HTTPD_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>

#include "httpd/httpd.h"
#include "httpd/query.h"
#include "httpd/router.h"

/* A doubly linked ring; a list is one that points to itself when empty. */
struct ring {
    struct ring *next, *prev;
};

/* One connection, from accept to close. */
struct httpd_conn {
    struct ring in_conns; /* first: a ring is its owner */
    int fd;
    int64_t deadline_us;           /* ended when it passes; 0: none */
    struct httpd_request *request; /* on it: from its first line to the end of the reply */
};

struct reply_header {
    struct reply_header *next;
    const char *name;
    struct str value; /* with a NUL behind it */
};

struct httpd_stream {
    struct ring in_streams; /* first */
    struct httpd_request *q;
    struct buf out; /* not yet taken by libmicrohttpd */
    struct str filter;
    bool parked; /* its connection is suspended, and whoever clears this resumes it */
    bool lost;   /* events were dropped and the client was not told yet */
    bool ended;
    int64_t fed_us; /* when something was put into it */
    struct httpd_stream *to_resume;
};

enum request_phase { PHASE_HEAD, PHASE_BODY, PHASE_QUEUED, PHASE_REPLY };

struct httpd_request {
    struct ring in_list; /* first: of the queue, or of those that wait */
    struct httpd *h;
    struct MHD_Connection *mhd;
    struct httpd_conn *conn;
    enum request_phase phase;
    struct arena arena;      /* lives with the request */
    struct arena scratch;    /* of one run of the handler */
    struct str method, path; /* path as it was sent */
    struct query query;
    struct route_match match;
    unsigned scopes;
    struct str who;

    struct buf body;
    size_t body_max, reserved_bytes; /* reserved: of HTTPD_MAX_BODIES_BYTES */
    bool body_too_long;

    unsigned status;
    const char *type; /* NULL: no body */
    struct buf out;
    struct str fixed; /* the body when it is not `out` */
    struct json json;
    struct reply_header *headers;
    struct httpd_stream *stream;

    bool wait_asked, timed_out;
    bool is_turn; /* draining does not end its wait */
    struct str topic;
    int64_t wait_until_us;
    uint64_t wakes_seen;
};

struct httpd {
    struct httpd_config c;
    struct MHD_Daemon *mhd;
    uint16_t port;
    pthread_mutex_t lock;
    /* something is queued / the ticker has to look again / a request has ended */
    pthread_cond_t work, tick, ended;
    bool have_sync;
    struct ring conns, queue, waiting, streams;
    uint64_t wakes; /* grows with each wake: what woke between a handler's look and its sleep */
    size_t bodies_bytes;
    bool draining, stopping;
    size_t n_busy;
    bool quiet; /* accepts no more: then it has the socket back */
    MHD_socket quiet_fd;
    pthread_t workers[HTTPD_MAX_WORKERS], ticker;
    unsigned n_workers;
    bool have_ticker;
    struct httpd_counters counters;
};

static inline void ring_init(struct ring *r)
{
    r->next = r->prev = r;
}
static inline void ring_add(struct ring *list, struct ring *r) /* at the end */
{
    r->prev = list->prev;
    r->next = list;
    list->prev->next = r;
    list->prev = r;
}
static inline void ring_remove(struct ring *r)
{
    r->prev->next = r->next;
    r->next->prev = r->prev;
    ring_init(r);
}

/* request.c */
struct httpd_request *request_new(struct httpd *h, struct str target);
void request_free(struct httpd_request *q);
void request_reset_reply(struct httpd_request *q);
void request_fail(struct httpd_request *q, const struct mp_err *err); /* a problem by its code */

/* listen.c: the socket, and what it is bound to; a negative status */
int httpd_listen_open(const struct httpd_config *c, struct ip *ip, uint16_t *port,
                      struct mp_err *err);

/* False: neither IPv4 nor IPv6. `port` may be NULL. */
bool httpd_listen_address(const struct sockaddr *at, struct ip *ip, uint16_t *port);

/* work.c */
int work_start(struct httpd *h, struct mp_err *err);
void work_stop(struct httpd *h); /* answers what is open, joins the threads */
/* The request is whole: suspends its connection and hands it to a worker. */
void work_enqueue(struct httpd_request *q);
void work_quiesce(struct httpd *h);
void work_set_deadline(struct httpd *h, struct httpd_conn *conn, int64_t deadline_us);

/* stream.c; all but the last two hold `lock` already */
void streams_tick(struct httpd *h, int64_t now_us, struct httpd_stream **to_resume);
void streams_end(struct httpd *h, struct httpd_stream **to_resume);
void streams_resume(struct httpd_stream *first);
struct MHD_Response *stream_response(struct httpd_request *q);
void stream_free(struct httpd *h, struct httpd_stream *s);

#endif
