/* The daemon itself: page, document, health, state, session, the catalogue of findings. */
#include "base/clock.h"
#include "webapi/openapi.h"
#include "webapi/webapi_internal.h"

int webapi_handle_page(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    const struct webapi *w = ctx;
    (void)err;
    if (w->c.page.n == 0)
        return httpd_problem(q, 404, "this daemon serves no dashboard");
    httpd_static(q, "text/html; charset=utf-8", w->c.page);
    httpd_reply_header(q, "Content-Security-Policy", w->c.page_csp);
    return MP_OK;
}

int webapi_handle_openapi(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)err;
    httpd_static(q, "application/json", webapi_openapi());
    return MP_OK;
}

int webapi_handle_health(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct json *j = httpd_json(q, 200);
    (void)ctx;
    (void)err;
    json_object_begin(j);
    json_kword(j, "status", "ok");
    json_kword(j, "version", MP_VERSION);
    json_object_end(j);
    return MP_OK;
}

int webapi_handle_ready(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    const struct webapi_service *s = &w->c.service;
    struct buf checks;
    struct json list;
    buf_init(&checks, STATUS_MAX_BYTES);
    json_init(&list, &checks, 0);
    json_array_begin(&list);
    bool ready = s->ready == NULL || s->ready(s->ctx, &list);
    json_array_end(&list);
    struct json *j = httpd_json(q, ready ? 200 : 503);
    json_object_begin(j);
    json_kword(j, "status", ready ? "ready" : "not ready");
    json_key(j, "checks");
    json_raw(j, buf_str(&checks));
    json_object_end(j);
    bool failed = checks.failed;
    buf_clear(&checks);
    return failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory for the checks") : MP_OK;
}

int webapi_handle_session(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const struct {
        unsigned bit;
        const char *name;
    } scopes[] = {{WEBAPI_SCAN, "scan"},
                  {WEBAPI_READ, "read"},
                  {WEBAPI_METRICS, "metrics"},
                  {WEBAPI_ADMIN, "admin"}};
    struct json *j = httpd_json(q, 200);
    (void)ctx;
    (void)err;
    json_object_begin(j);
    json_ktext(j, "name", httpd_who(q));
    json_key(j, "scopes");
    json_array_begin(j);
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
        if ((httpd_scopes(q) & scopes[i].bit) != 0)
            json_str(j, str_from(scopes[i].name));
    json_array_end(j);
    json_kword(j, "version", MP_VERSION);
    json_ktime_ms(j, "now", clock_wall_ms());
    json_object_end(j);
    return MP_OK;
}

static void put_http(struct json *j, struct webapi *w, struct httpd *h)
{
    struct httpd_counters http;
    unsigned waiting, kept;
    httpd_counters(h, &http);
    webapi_async_counts(w->async, &waiting, &kept);
    pthread_mutex_lock(&w->places.lock);
    struct places p = w->places;
    pthread_mutex_unlock(&w->places.lock);
    json_key(j, "http");
    json_object_begin(j);
    json_kint(j, "requests", (int64_t)http.requests);
    json_kint(j, "errors", (int64_t)http.errors);
    json_kint(j, "refused", (int64_t)http.refused);
    json_kint(j, "streams", (int64_t)http.streams);
    json_kint(j, "overdue", (int64_t)http.overdue);
    json_kint(j, "scans_running", p.running);
    json_kint(j, "scans_waiting", p.waiting);
    json_kint(j, "scans_max", p.max);
    json_kint(j, "async_kept", waiting + kept);
    json_kint(j, "async_max", WEBAPI_ASYNC_MAX);
    json_object_end(j);
}

int webapi_handle_status(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct webapi *w = ctx;
    int st = httpd_query_known(q, NULL, 0, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    if (w->c.service.status != NULL)
        w->c.service.status(w->c.service.ctx, j);
    put_http(j, w, httpd_of(q));
    json_object_end(j);
    return MP_OK;
}

/* ---- the catalogue ---- */

static void put_kind(struct json *j, const struct finding_kind *k)
{
    json_object_begin(j);
    json_kstr(j, "id", k->name);
    json_kword(j, "severity", severity_name(k->severity));
    json_kword(j, "title", k->title);
    json_kword(j, "remedy", k->remedy);
    json_kword(j, "reference", k->reference);
    json_object_end(j);
}

int webapi_handle_findings(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"prefix"};
    struct str prefix = STR("");
    (void)ctx;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st != MP_OK)
        return st;
    httpd_query(q, "prefix", &prefix);
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, "findings");
    json_array_begin(j);
    for (size_t i = 0; i < FINDING_COUNT; i++)
        if (str_starts(finding_kind((enum finding_id)i)->name, prefix))
            put_kind(j, finding_kind((enum finding_id)i));
    json_array_end(j);
    json_object_end(j);
    return MP_OK;
}

int webapi_handle_finding(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    enum finding_id id;
    (void)ctx;
    (void)err;
    if (!finding_by_name(httpd_path_param(q, "id"), &id))
        return httpd_problem(q, 404, "the catalogue has no such finding");
    put_kind(httpd_json(q, 200), finding_kind(id));
    return MP_OK;
}
