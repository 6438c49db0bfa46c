/* The server itself: the socket, libmicrohttpd, and what is checked before a handler runs. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "httpd/guard.h"
#include "httpd/httpd_internal.h"

enum {
    HEAD_OVERHEAD_BYTES = 8 * 1024, /* of libmicrohttpd, in the same memory as the head */
    UNACKNOWLEDGED_MAX_MS = 60000   /* then TCP gives the client up */
};

static int64_t request_deadline(const struct httpd *h)
{
    return clock_mono_us() + (int64_t)h->c.request_deadline_ms * 1000;
}

/* ---- connections ---- */

/* In the I/O thread, as all of this section. */
static void end_request(struct httpd *h, struct httpd_request *q)
{
    pthread_mutex_lock(&h->lock);
    q->conn->deadline_us = request_deadline(h);
    q->conn->request = NULL;
    h->n_busy--;
    h->bodies_bytes -= q->reserved_bytes;
    pthread_cond_broadcast(&h->ended);
    pthread_mutex_unlock(&h->lock);
    request_free(q);
}

static void open_connection(struct httpd *h, struct MHD_Connection *mhd, void **socket_ctx)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct httpd_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL || info == NULL) {
        free(conn);
        return; /* its requests are refused */
    }
    unsigned ms = UNACKNOWLEDGED_MAX_MS;
    conn->fd = info->connect_fd;
    conn->deadline_us = request_deadline(h);
    setsockopt(conn->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
    pthread_mutex_lock(&h->lock);
    ring_add(&h->conns, &conn->in_conns);
    pthread_mutex_unlock(&h->lock);
    *socket_ctx = conn;
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
                          enum MHD_ConnectionNotificationCode code)
{
    struct httpd *h = ctx;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_connection(h, mhd, socket_ctx);
    } else if (*socket_ctx != NULL) {
        struct httpd_conn *conn = *socket_ctx;
        if (conn->request != NULL) /* refused by libmicrohttpd, which does not tell its end */
            end_request(h, conn->request);
        pthread_mutex_lock(&h->lock);
        ring_remove(&conn->in_conns);
        pthread_mutex_unlock(&h->lock);
        free(conn);
        *socket_ctx = NULL;
    }
}

/* The first line of a request was read: the target as it was sent. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *mhd)
{
    struct httpd *h = ctx;
    struct httpd_request *q = request_new(h, str_from(target));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (q == NULL || info == NULL || info->socket_context == NULL) {
        request_free(q);
        return NULL;
    }
    q->mhd = mhd;
    q->conn = info->socket_context;
    if (q->conn->request != NULL)
        end_request(h, q->conn->request);
    pthread_mutex_lock(&h->lock);
    q->conn->request = q;
    h->n_busy++;
    pthread_mutex_unlock(&h->lock);
    return q;
}

static void on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
                         enum MHD_RequestTerminationCode code)
{
    struct httpd_request *q = *request_ctx;
    (void)mhd;
    (void)code;
    *request_ctx = NULL;
    if (q != NULL)
        end_request(ctx, q);
}

/* ---- replies ---- */

static void count_reply(struct httpd *h, unsigned status)
{
    pthread_mutex_lock(&h->lock);
    h->counters.requests++;
    h->counters.errors += status >= 500;
    h->counters.refused += status >= 400 && status < 500;
    pthread_mutex_unlock(&h->lock);
}

static bool is_draining(struct httpd *h)
{
    pthread_mutex_lock(&h->lock);
    bool draining = h->draining;
    pthread_mutex_unlock(&h->lock);
    return draining;
}

static void add_headers(struct httpd_request *q, struct MHD_Response *response)
{
    static const char *const always[][2] = {{"X-Content-Type-Options", "nosniff"},
                                            {"Referrer-Policy", "no-referrer"},
                                            {"X-DNS-Prefetch-Control", "off"},
                                            {"Cross-Origin-Resource-Policy", "same-origin"}};
    bool has_cache_control = false;
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    if (q->type != NULL)
        MHD_add_response_header(response, "Content-Type", q->type);
    for (const struct reply_header *r = q->headers; r != NULL; r = r->next) {
        MHD_add_response_header(response, r->name, r->value.p);
        has_cache_control |= strcmp(r->name, "Cache-Control") == 0;
    }
    if (is_draining(q->h))
        MHD_add_response_header(response, "Connection", "close");
    if (!has_cache_control)
        MHD_add_response_header(response, "Cache-Control", "no-store");
}

static enum MHD_Result send_reply(struct httpd_request *q)
{
    struct str body = q->fixed.p != NULL ? q->fixed : buf_str(&q->out);
    struct MHD_Response *response =
        q->stream != NULL ? stream_response(q)
                          : MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p,
                                                            MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    int64_t budget_us = (int64_t)HTTPD_REPLY_DEADLINE_MS * 1000 +
                        (int64_t)(body.n / HTTPD_REPLY_BYTES_PER_S) * 1000000;
    add_headers(q, response);
    q->phase = PHASE_REPLY;
    work_set_deadline(q->h, q->conn, q->stream != NULL ? 0 : clock_mono_us() + budget_us);
    count_reply(q->h, q->status);
    enum MHD_Result done = MHD_queue_response(q->mhd, q->status, response);
    MHD_destroy_response(response);
    return done;
}

/* ---- what is checked before a handler runs: false, and the reply stands ---- */

static enum MHD_Result add_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    guard_head_add(ctx, str_from(name), str_from(value));
    return MHD_YES;
}

static bool check_framing(struct httpd_request *q)
{
    struct guard_head head = {0};
    MHD_get_connection_values(q->mhd, MHD_HEADER_KIND, add_field, &head);
    const char *fault = guard_head_fault(&head);
    if (fault == NULL)
        return true;
    httpd_problem(q, MHD_HTTP_BAD_REQUEST, "%s", fault);
    httpd_reply_header(q, "Connection", STR("close")); /* what follows may be anything */
    return false;
}

static bool check_browser(struct httpd_request *q, bool is_read)
{
    const struct httpd_config *c = &q->h->c;
    struct str host = httpd_header(q, "Host");
    if (!c->any_host && host.n != 0 && !guard_host_ok(host, c->host_names, c->n_host_names)) {
        httpd_problem(q, MHD_HTTP_MISDIRECTED_REQUEST,
                      "this server is not called '" STR_FMT
                      "': use its address, localhost, or start it with that host name",
                      STR_ARG(str_slice(host, 0, 255)));
        return false;
    }
    if (is_read || guard_origin_ok(httpd_header(q, "Sec-Fetch-Site"), httpd_header(q, "Origin"),
                                   host, c->cert_pem != NULL))
        return true;
    httpd_problem(q, MHD_HTTP_FORBIDDEN, "a page of another origin may not change anything here");
    return false;
}

static bool find_route(struct httpd_request *q)
{
    const struct httpd_config *c = &q->h->c;
    struct mp_err err = {0};
    struct str query = q->path, path = str_cut(&query, '?');
    int st = query_parse(&q->arena, query, c->repeatable, c->n_repeatable, &q->query, &err);
    if (st == MP_OK)
        st = router_find(c->routes, c->n_routes, q->method, path, &q->arena, &q->match, &err);
    if (st != MP_OK) {
        err.code = st;
        request_fail(q, &err);
        return false;
    }
    if (q->match.route != NULL)
        return true;
    if (!q->match.known) {
        httpd_problem(q, MHD_HTTP_NOT_FOUND, "nothing is at '" STR_FMT "'",
                      STR_ARG(str_slice(path, 0, 255)));
        return false;
    }
    struct str allow = router_allow(c->routes, c->n_routes, path, &q->arena);
    if (str_eq(q->method, STR("OPTIONS")))
        httpd_empty(q, MHD_HTTP_NO_CONTENT);
    else
        httpd_problem(q, MHD_HTTP_METHOD_NOT_ALLOWED, "it takes " STR_FMT, STR_ARG(allow));
    httpd_reply_header(q, "Allow", allow);
    return false;
}

static bool check_token(struct httpd_request *q)
{
    const struct httpd_config *c = &q->h->c;
    unsigned scope = q->match.route->scope;
    struct str token = guard_token(&q->arena, httpd_header(q, "Authorization"));
    q->scopes = c->authorize == NULL ? ~0U : c->authorize(c->ctx, token, q);
    if (q->status != 0)
        return false;
    if ((q->scopes & scope) == scope)
        return true;
    if (q->scopes != 0) {
        httpd_problem(q, MHD_HTTP_FORBIDDEN, "this token does not open that");
        return false;
    }
    httpd_problem(q, MHD_HTTP_UNAUTHORIZED,
                  token.n != 0 ? "the token opens nothing here"
                               : "a token is needed: Authorization: Bearer TOKEN");
    httpd_reply_header(q, "WWW-Authenticate",
                       token.n != 0 ? STR("Bearer realm=\"mailproof\", error=\"invalid_token\"")
                                    : STR("Bearer realm=\"mailproof\""));
    return false;
}

/* ---- the body ---- */

/* Counts `bytes` more against what all requests may hold at once. */
static bool reserve_body(struct httpd_request *q, size_t bytes)
{
    struct httpd *h = q->h;
    pthread_mutex_lock(&h->lock);
    bool ok = bytes <= HTTPD_MAX_BODIES_BYTES - h->bodies_bytes;
    if (ok) {
        h->bodies_bytes += bytes;
        q->reserved_bytes += bytes;
    }
    pthread_mutex_unlock(&h->lock);
    return ok;
}

static bool refuse_long_body(struct httpd_request *q)
{
    if (q->body_max == 0)
        httpd_problem(q, MHD_HTTP_CONTENT_TOO_LARGE, "this address takes no body");
    else
        httpd_problem(q, MHD_HTTP_CONTENT_TOO_LARGE, "the body is longer than %zu bytes",
                      q->body_max);
    return false;
}

static bool check_length(struct httpd_request *q)
{
    struct str length = httpd_header(q, "Content-Length");
    uint64_t n = 0;
    q->body_max = q->match.route->max_body_bytes;
    buf_init(&q->body, q->body_max);
    if (length.n != 0 && (!str_to_u64(length, SIZE_MAX, &n) || n > q->body_max))
        return refuse_long_body(q);
    if (reserve_body(q, (size_t)n))
        return true;
    httpd_problem(q, MHD_HTTP_SERVICE_UNAVAILABLE, "too many large requests at once");
    return false;
}

static enum MHD_Result take_body(struct httpd_request *q, const char *data, size_t *size)
{
    size_t end = q->body.n + *size;
    if (end > q->body_max)
        q->body_too_long = true; /* told when all of it was read; the deadline bounds that */
    else if (end > q->reserved_bytes && !reserve_body(q, end - q->reserved_bytes))
        return MHD_NO;
    if (!q->body_too_long)
        buf_add(&q->body, str_make(data, *size));
    *size = 0;
    return MHD_YES;
}

static bool check_head(struct httpd_request *q, const char *method)
{
    q->method = arena_copy(&q->arena, str_from(method));
    bool is_read = str_eq(q->method, STR("GET")) || str_eq(q->method, STR("HEAD")) ||
                   str_eq(q->method, STR("OPTIONS"));
    q->phase = PHASE_BODY;
    if (q->path.p == NULL || q->method.p == NULL) {
        httpd_problem(q, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for the request");
        return false;
    }
    return check_framing(q) && check_browser(q, is_read) && find_route(q) && check_token(q) &&
           check_length(q);
}

/* libmicrohttpd calls it once behind the head, for each piece of the body, once behind all of it,
 * and once more when a worker has resumed the connection. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **request_ctx)
{
    struct httpd_request *q = *request_ctx;
    (void)ctx;
    (void)mhd;
    (void)url;
    (void)version;
    if (q == NULL)
        return MHD_NO;
    if (q->phase == PHASE_HEAD)
        return check_head(q, method) ? MHD_YES : send_reply(q);
    if (q->phase == PHASE_REPLY)
        return send_reply(q);
    if (*size != 0)
        return take_body(q, data, size);
    if (q->body_too_long || q->body.failed) {
        refuse_long_body(q);
        return send_reply(q);
    }
    work_enqueue(q);
    return MHD_YES;
}

/* ---- starting and stopping ---- */

static int start_mhd(struct httpd *h, int fd, struct mp_err *err)
{
    const struct httpd_config *c = &h->c;
    bool tls = c->cert_pem != NULL;
    struct MHD_OptionItem with_tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)c->cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)c->key_pem},
        {MHD_OPTION_END, 0, NULL}};
    h->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0U) |
            (h->c.ip.family == IP_V6 ? MHD_USE_IPv6 : 0U),
        h->port, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, c->max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        c->max_per_client, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTPD_MAX_HEAD_BYTES + HEAD_OVERHEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        h, MHD_OPTION_URI_LOG_CALLBACK, on_target, h, MHD_OPTION_ARRAY,
        tls ? with_tls : with_tls + ARRAY_LEN(with_tls) - 1, MHD_OPTION_END);
    if (h->mhd != NULL)
        return MP_OK;
    if (tls)
        return mp_fail(err, MP_E_USAGE, 0,
                       "HTTPS cannot be served: is the key that of the "
                       "certificate, and both PEM?");
    return mp_fail(err, MP_E_IO, errno, "HTTP cannot be served: %s", strerror(errno));
}

static int check_config(const struct httpd_config *c, struct mp_err *err)
{
    if (c->workers > HTTPD_MAX_WORKERS)
        return mp_fail(err, MP_E_USAGE, HTTPD_MAX_WORKERS, "more than %d workers",
                       HTTPD_MAX_WORKERS);
    return router_check(c->routes, c->n_routes, err);
}

int httpd_start(const struct httpd_config *c, struct httpd **out, struct mp_err *err)
{
    int st = check_config(c, err);
    struct httpd *h = st == MP_OK ? calloc(1, sizeof *h) : NULL;
    if (h == NULL) {
        if (c->has_listen_fd)
            close(c->listen_fd);
        return st != MP_OK ? st : mp_fail(err, MP_E_NOMEM, 0, "no memory for a server");
    }
    h->c = *c;
    if (c->max_connections == 0)
        h->c.max_connections = HTTPD_MAX_CONNECTIONS;
    if (c->max_per_client == 0)
        h->c.max_per_client = HTTPD_MAX_PER_CLIENT;
    if (c->request_deadline_ms == 0)
        h->c.request_deadline_ms = HTTPD_REQUEST_DEADLINE_MS;
    if (c->workers == 0)
        h->c.workers = HTTPD_WORKERS;
    int fd = httpd_listen_open(c, &h->c.ip, &h->port, err);
    st = fd < 0 ? fd : work_start(h, err);
    if (st == MP_OK)
        st = start_mhd(h, fd, err); /* it owns the socket, also when it fails */
    else if (fd >= 0)
        close(fd);
    if (st == MP_OK)
        *out = h;
    else
        httpd_stop(h);
    return st;
}

void httpd_stop(struct httpd *h)
{
    if (h == NULL)
        return;
    work_quiesce(h);
    work_stop(h);
    if (h->mhd != NULL)
        MHD_stop_daemon(h->mhd);
    if (h->quiet && h->quiet_fd != MHD_INVALID_SOCKET)
        close(h->quiet_fd);
    if (h->have_sync) {
        pthread_mutex_destroy(&h->lock);
        pthread_cond_destroy(&h->work);
        pthread_cond_destroy(&h->tick);
        pthread_cond_destroy(&h->ended);
    }
    free(h);
}

uint16_t httpd_port(const struct httpd *h)
{
    return h->port;
}

struct ip httpd_ip(const struct httpd *h)
{
    return h->c.ip;
}

void httpd_counters(struct httpd *h, struct httpd_counters *out)
{
    pthread_mutex_lock(&h->lock);
    *out = h->counters;
    out->waiting = 0;
    for (struct ring *r = h->waiting.next; r != &h->waiting; r = r->next)
        out->waiting++;
    pthread_mutex_unlock(&h->lock);
}
