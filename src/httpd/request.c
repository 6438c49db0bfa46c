/* What handlers see of a request, and how they fill its reply. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "httpd/httpd_internal.h"

struct httpd_request *request_new(struct httpd *h, struct str target)
{
    struct httpd_request *q = calloc(1, sizeof *q);
    if (q == NULL)
        return NULL;
    q->h = h;
    ring_init(&q->in_list);
    arena_init(&q->arena, HTTPD_ARENA_BYTES);
    arena_init(&q->scratch, HTTPD_ARENA_BYTES);
    buf_init(&q->body, 0);
    buf_init(&q->out, HTTPD_MAX_REPLY_BYTES);
    q->path = arena_copy(&q->arena, target);
    return q;
}

void request_free(struct httpd_request *q)
{
    if (q == NULL)
        return;
    if (q->stream != NULL)
        stream_free(q->h, q->stream);
    arena_clear(&q->arena);
    arena_clear(&q->scratch);
    buf_clear(&q->body);
    buf_clear(&q->out);
    free(q);
}

/* ---- reading ---- */

struct arena *httpd_arena(struct httpd_request *q)
{
    return &q->scratch;
}

struct httpd *httpd_of(struct httpd_request *q)
{
    return q->h;
}

struct str httpd_path_param(struct httpd_request *q, const char *name)
{
    for (size_t i = 0; i < q->match.n_params; i++)
        if (str_eq(q->match.params[i].name, str_from(name)))
            return q->match.params[i].value;
    return STR_NONE;
}

bool httpd_query(struct httpd_request *q, const char *name, struct str *out)
{
    const struct str *value = query_find(&q->query, str_from(name));
    if (value != NULL)
        *out = *value;
    return value != NULL;
}

int httpd_query_all(struct httpd_request *q, const char *name, struct str **out, size_t *n,
                    struct mp_err *err)
{
    struct str *all = arena_new(&q->scratch, struct str, HTTPD_MAX_QUERY_PAIRS);
    if (all == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    *n = 0;
    for (size_t i = 0; i < q->query.n; i++)
        if (str_eq(q->query.pairs[i].name, str_from(name)))
            all[(*n)++] = q->query.pairs[i].value;
    *out = all;
    return MP_OK;
}

int httpd_query_duration(struct httpd_request *q, const char *name, unsigned *out_ms,
                         struct mp_err *err)
{
    struct str text;
    if (!httpd_query(q, name, &text) || query_duration(text, out_ms))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: '" STR_FMT "' is not a duration such as 30s or 500ms",
                   name, STR_ARG(text));
}

int httpd_query_uint(struct httpd_request *q, const char *name, uint64_t max, uint64_t *out,
                     struct mp_err *err)
{
    struct str text;
    if (!httpd_query(q, name, &text) || str_to_u64(text, max, out))
        return MP_OK;
    return mp_fail(err, MP_E_SYNTAX, 0, "%s: '" STR_FMT "' is not a number up to %llu", name,
                   STR_ARG(text), (unsigned long long)max);
}

int httpd_query_known(struct httpd_request *q, const char *const *names, size_t n,
                      struct mp_err *err)
{
    for (size_t i = 0; i < q->query.n; i++) {
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = str_eq(q->query.pairs[i].name, str_from(names[k]));
        if (!known)
            return mp_fail(err, MP_E_SYNTAX, 0, "the query has no parameter '" STR_FMT "'",
                           STR_ARG(q->query.pairs[i].name));
    }
    return MP_OK;
}

struct str httpd_header(struct httpd_request *q, const char *name)
{
    return str_from(MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, name));
}

struct fields {
    struct str name, *items;
    size_t n, max;
    bool too_many;
};

static enum MHD_Result take_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct fields *f = ctx;
    (void)kind;
    if (!str_ieq(str_from(name), f->name))
        return MHD_YES;
    f->too_many = f->n == f->max;
    if (!f->too_many)
        f->items[f->n++] = str_from(value);
    return f->too_many ? MHD_NO : MHD_YES;
}

int httpd_header_all(struct httpd_request *q, const char *name, size_t max, struct str **out,
                     size_t *n, struct mp_err *err)
{
    struct fields f = {.name = str_from(name), .max = max};
    f.items = arena_new(&q->scratch, struct str, max);
    if (f.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    MHD_get_connection_values(q->mhd, MHD_HEADER_KIND, take_field, &f);
    if (f.too_many)
        return mp_fail(err, MP_E_LIMIT, (int64_t)max, "more than %zu fields %s", max, name);
    *out = f.items;
    *n = f.n;
    return MP_OK;
}

unsigned httpd_needs(const struct httpd_request *q)
{
    return q->match.route == NULL ? 0 : q->match.route->scope;
}

struct ip httpd_client(struct httpd_request *q)
{
    struct ip ip = {0};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(q->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL)
        return ip;
    httpd_listen_address(info->client_addr, &ip, NULL);
    return ip;
}

struct str httpd_body(struct httpd_request *q)
{
    return buf_str(&q->body);
}

unsigned httpd_scopes(const struct httpd_request *q)
{
    return q->scopes;
}

void httpd_set_who(struct httpd_request *q, struct str who)
{
    q->who = arena_copy(&q->arena, who);
}

struct str httpd_who(const struct httpd_request *q)
{
    return q->who;
}

/* ---- replying ---- */

void request_reset_reply(struct httpd_request *q)
{
    if (q->stream != NULL)
        stream_free(q->h, q->stream);
    q->stream = NULL;
    q->status = 0;
    q->type = NULL;
    q->fixed = STR_NONE;
    q->headers = NULL;
    q->wait_asked = false;
    buf_reset(&q->out);
    arena_reset(&q->scratch);
}

struct buf *httpd_buf(struct httpd_request *q, unsigned status, const char *type)
{
    q->status = status;
    q->type = type;
    q->fixed = STR_NONE;
    buf_reset(&q->out);
    return &q->out;
}

struct json *httpd_json(struct httpd_request *q, unsigned status)
{
    json_init(&q->json, httpd_buf(q, status, "application/json"), 0);
    return &q->json;
}

void httpd_bytes(struct httpd_request *q, unsigned status, const char *type, struct str bytes)
{
    buf_add(httpd_buf(q, status, type), bytes);
}

void httpd_empty(struct httpd_request *q, unsigned status)
{
    httpd_buf(q, status, NULL);
}

void httpd_static(struct httpd_request *q, const char *type, struct str bytes)
{
    char etag[24];
    int n = snprintf(etag, sizeof etag, "\"%016llx\"", (unsigned long long)str_hash(bytes));
    struct str tag = str_make(etag, (size_t)n), asked = httpd_header(q, "If-None-Match");
    bool same = str_eq(asked, STR("*")) || str_search(asked, tag) < asked.n;
    httpd_buf(q, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, same ? NULL : type);
    q->fixed = same ? STR_NONE : bytes;
    httpd_reply_header(q, "ETag", tag);
    httpd_reply_header(q, "Cache-Control", STR("no-cache"));
}

void httpd_reply_header(struct httpd_request *q, const char *name, struct str value)
{
    struct reply_header *h = arena_new(&q->scratch, struct reply_header, 1);
    char *copy = arena_new(&q->scratch, char, value.n + 1);
    if (h == NULL || copy == NULL)
        return;
    for (size_t i = 0; i < value.n; i++)
        copy[i] = value.p[i] >= ' ' && value.p[i] < 0x7f ? value.p[i] : '?';
    *h = (struct reply_header){q->headers, name, str_make(copy, value.n)};
    q->headers = h;
}

static const char *status_title(unsigned status)
{
    const char *title = MHD_get_reason_phrase_for(status);
    return title == NULL ? "Error" : title;
}

static void write_problem(struct httpd_request *q, unsigned status, struct str detail)
{
    json_init(&q->json, httpd_buf(q, status, "application/problem+json"), 0);
    json_object_begin(&q->json);
    json_kstr(&q->json, "type", STR("about:blank"));
    json_kstr(&q->json, "title", str_from(status_title(status)));
    json_kint(&q->json, "status", status);
    json_kstr(&q->json, "detail", detail);
    json_object_end(&q->json);
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        httpd_reply_header(q, "Retry-After", STR("1"));
}

int httpd_problem(struct httpd_request *q, unsigned status, const char *fmt, ...)
{
    char text[2 * MP_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    n = n < 0 ? 0 : n;
    write_problem(q, status, str_make(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1));
    return MP_OK;
}

void request_fail(struct httpd_request *q, const struct mp_err *err)
{
    static const struct {
        int code;
        unsigned status;
    } rows[] = {{MP_E_SYNTAX, MHD_HTTP_BAD_REQUEST},
                {MP_E_USAGE, MHD_HTTP_BAD_REQUEST},
                {MP_E_LIMIT, MHD_HTTP_CONTENT_TOO_LARGE},
                {MP_E_NOMEM, MHD_HTTP_SERVICE_UNAVAILABLE},
                {MP_E_TIMEOUT, MHD_HTTP_SERVICE_UNAVAILABLE}};
    unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == err->code)
            status = rows[i].status;
    request_reset_reply(q);
    write_problem(q, status, str_from(err->text));
}

void httpd_wait(struct httpd_request *q, struct str topic, unsigned timeout_ms)
{
    if (timeout_ms > HTTPD_MAX_WAIT_MS)
        timeout_ms = HTTPD_MAX_WAIT_MS;
    if (q->wait_until_us == 0) { /* the first time: later calls do not prolong it */
        q->wait_until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
        q->topic = arena_copy(&q->arena, topic);
    }
    q->wait_asked = true;
}

void httpd_wait_turn(struct httpd_request *q, struct str topic, unsigned timeout_ms)
{
    httpd_wait(q, topic, timeout_ms);
    q->is_turn = true;
}

bool httpd_timed_out(const struct httpd_request *q)
{
    return q->timed_out;
}

bool httpd_has_waited(const struct httpd_request *q)
{
    return q->wait_until_us != 0;
}
