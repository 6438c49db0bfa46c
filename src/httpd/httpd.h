/* An HTTP/1.1 server behind our rules: a table of routes, tokens, limits, deadlines, RFC 9457
 * errors, long polls and server-sent events. libmicrohttpd below; shared by the sink and the
 * daemon. */
#ifndef MP_HTTPD_HTTPD_H
#define MP_HTTPD_HTTPD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/json.h"

enum {
    HTTPD_MAX_CONNECTIONS = 1000,
    HTTPD_MAX_PER_CLIENT = 500,
    HTTPD_MAX_BODIES_BYTES = 256 << 20, /* of all requests at once; beyond it 503 */
    HTTPD_MAX_REPLY_BYTES = 256 << 20,
    HTTPD_MAX_BODY_BYTES = 64 << 20, /* of a request, when its route allows so much */
    HTTPD_MAX_HEAD_BYTES = 32 * 1024,
    HTTPD_REQUEST_DEADLINE_MS = 30000,   /* from the end of the last until the next is whole */
    HTTPD_REPLY_DEADLINE_MS = 60000,     /* until the client has read it, and for each ... */
    HTTPD_REPLY_BYTES_PER_S = 16384,     /* ... so many bytes one second more */
    HTTPD_MAX_WAIT_MS = 300000,          /* long poll */
    HTTPD_HEARTBEAT_MS = 15000,          /* of a stream */
    HTTPD_STREAM_MAX_BYTES = 256 * 1024, /* not yet read by its client; then events are lost */
    HTTPD_MAX_QUERY_BYTES = 16 * 1024,
    HTTPD_MAX_QUERY_PAIRS = 64,
    HTTPD_ARENA_BYTES = 64 << 20, /* memory of one request, beside its body and its reply */
    HTTPD_MAX_ROUTES = 200,
    HTTPD_MAX_PARAMS = 8,
    HTTPD_WORKERS = 16, /* threads that run handlers, when the config names no number */
    HTTPD_MAX_WORKERS = 256
};

struct httpd_request;
/* Fill the reply and return MP_OK; a negative status with `err` becomes a problem document (500, or
 * 400, 413, 503 by its code). Runs in a worker: may block for what a request may take. */
typedef int httpd_handler(void *ctx, struct httpd_request *q, struct mp_err *err);

struct httpd_route {
    const char *method; /* "GET" */
    const char *path;   /* "/v1/messages/{id}/parts/{path*}": the last may take slashes */
    httpd_handler *handler;
    unsigned scope;        /* bits that the caller's token must have, all; 0: open */
    size_t max_body_bytes; /* 0: no body is taken */
};

struct httpd_config {
    struct ip ip;
    uint16_t port; /* 0: any free */
    /* A socket that listens already (socket activation, an earlier generation): `ip` and `port` are
     * then its own. Owned by the server from httpd_start on, also when that fails. */
    bool has_listen_fd;
    int listen_fd;
    const struct httpd_route *routes;
    size_t n_routes;
    void *ctx;
    /* Which scopes has this bearer token (empty: none was given)? `who` may be filled for handlers.
     * A reply that it gives (httpd_problem) stands: for clients that ask too often. In the I/O
     * thread: may not block. NULL: everyone has all. */
    unsigned (*authorize)(void *ctx, struct str token, struct httpd_request *q);
    /* Host names that a request may name besides IP literals and localhost (DNS rebinding). */
    const char *const *host_names;
    size_t n_host_names;
    bool any_host;                  /* behind a proxy: no check of Host */
    const char *cert_pem, *key_pem; /* text; NULL: plain HTTP */
    unsigned max_connections, max_per_client, request_deadline_ms; /* 0: HTTPD_* */
    unsigned workers;                                              /* 0: HTTPD_WORKERS */
    /* Parameters of a query that may stand more than once: httpd_query_all. */
    const char *const *repeatable;
    size_t n_repeatable;
};

struct httpd;
/* MP_E_IO: "127.0.0.1:8025: Address already in use"; MP_E_USAGE: a bad table of routes, a
 * certificate that cannot be used. */
int httpd_start(const struct httpd_config *c, struct httpd **out, struct mp_err *err);
/* Accepts no connection any more, ends waits and streams, and lets the requests that are there end;
 * a connection is closed behind its reply. False: some had not ended when the time was over. For
 * httpd_stop. */
bool httpd_drain(struct httpd *h, unsigned timeout_ms);
void httpd_stop(struct httpd *h); /* ends waits and streams; accepts NULL */
uint16_t httpd_port(const struct httpd *h);
struct ip httpd_ip(const struct httpd *h); /* that it is bound to */

struct httpd_counters {
    uint64_t requests, errors, refused; /* all, status 5xx, status 4xx */
    uint64_t waiting, streams;          /* now */
    uint64_t overdue, lost_events;      /* connections ended by a deadline, events not delivered */
};
void httpd_counters(struct httpd *h, struct httpd_counters *out); /* any thread */

/* ---- the request: views live until the reply is sent ---- */
struct arena *httpd_arena(struct httpd_request *q);
struct str httpd_path_param(struct httpd_request *q, const char *name);
unsigned httpd_needs(const struct httpd_request *q); /* the scope of its route */
struct ip httpd_client(struct httpd_request *q);
/* Decoded; false: absent. */
bool httpd_query(struct httpd_request *q, const char *name, struct str *out);
/* "30s", "500ms" or seconds. False: not a duration (the error says so). Absent: *out untouched. */
int httpd_query_duration(struct httpd_request *q, const char *name, unsigned *out_ms,
                         struct mp_err *err);
int httpd_query_uint(struct httpd_request *q, const char *name, uint64_t max, uint64_t *out,
                     struct mp_err *err);
/* MP_E_SYNTAX when the query holds a name that is not among these. */
int httpd_query_known(struct httpd_request *q, const char *const *names, size_t n,
                      struct mp_err *err);
/* All values of a repeatable one, in order; *n: at most HTTPD_MAX_QUERY_PAIRS. MP_E_NOMEM. */
int httpd_query_all(struct httpd_request *q, const char *name, struct str **out, size_t *n,
                    struct mp_err *err);
struct str httpd_header(struct httpd_request *q, const char *name);
/* All fields of that name, in order; views. MP_E_NOMEM; MP_E_LIMIT: more than `max`. */
int httpd_header_all(struct httpd_request *q, const char *name, size_t max, struct str **out,
                     size_t *n, struct mp_err *err);
struct httpd *httpd_of(struct httpd_request *q);
struct str httpd_body(struct httpd_request *q);
unsigned httpd_scopes(const struct httpd_request *q);
void httpd_set_who(struct httpd_request *q, struct str who); /* from authorize; copied */
struct str httpd_who(const struct httpd_request *q);

/* ---- the reply ---- */
struct json *httpd_json(struct httpd_request *q, unsigned status); /* write one value into it */
void httpd_bytes(struct httpd_request *q, unsigned status, const char *type, struct str bytes);
/* To be filled by the caller: what is in it when the handler returns is the body. */
struct buf *httpd_buf(struct httpd_request *q, unsigned status, const char *type);
void httpd_static(struct httpd_request *q, const char *type,
                  struct str bytes); /* never freed; ETag */
void httpd_empty(struct httpd_request *q, unsigned status);
/* Bytes that no header may hold become '?'. `name` lives on (a literal). */
void httpd_reply_header(struct httpd_request *q, const char *name, struct str value);
/* RFC 9457: type "about:blank", title by status, detail. Returns MP_OK. */
int httpd_problem(struct httpd_request *q, unsigned status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Long poll: the connection sleeps without a thread; the handler is called again after a wake of
 * its topic, or when the time is over (httpd_timed_out). Return MP_OK behind it. */
void httpd_wait(struct httpd_request *q, struct str topic, unsigned timeout_ms);
/* The same for work that is to be done: draining does not end this wait. */
void httpd_wait_turn(struct httpd_request *q, struct str topic, unsigned timeout_ms);
bool httpd_timed_out(const struct httpd_request *q);
bool httpd_has_waited(const struct httpd_request *q); /* it is not the first call */
/* Those that wait for `topic`, and those that wait for the empty one. */
void httpd_wake(struct httpd *h, struct str topic);
void httpd_wake_all(struct httpd *h);
/* The one that waits longest for `topic`: something is free, for one. */
void httpd_wake_one(struct httpd *h, struct str topic);
/* Server-sent events: the reply becomes a stream that gets what httpd_publish sends; `filter` is
 * handed to the predicate. Slow readers lose events and get one "lost" event. `json` is one line.
 */
void httpd_stream(struct httpd_request *q, struct str filter);
bool httpd_has_streams(struct httpd *h);
void httpd_publish(struct httpd *h, const char *event, struct str json,
                   bool (*wants)(void *ctx, struct str filter), void *ctx);

#endif
