/* POST /v1/scan: places for scans, asking the daemon, answers. */
#include "base/clock.h"
#include "webapi/webapi_internal.h"

static const struct str place_topic = STR_INIT("scan place");

/* A place among those that are judged at once, or sleep until one is free. */
enum place scan_place_take(struct webapi *w, struct httpd_request *q)
{
    struct places *p = &w->places;
    enum place got = PLACE_NONE;
    pthread_mutex_lock(&p->lock);
    p->waiting -= httpd_has_waited(q);
    if (p->running < p->max) {
        p->running++;
        got = PLACE_TAKEN;
    } else if (!httpd_timed_out(q) && p->waiting < WEBAPI_MAX_WAITING) {
        p->waiting++;
        got = PLACE_WAITS;
    } else {
        p->refused++;
    }
    pthread_mutex_unlock(&p->lock);
    if (got == PLACE_WAITS)
        httpd_wait_turn(q, place_topic, WEBAPI_PLACE_WAIT_MS);
    return got;
}

void scan_place_free(struct webapi *w, struct httpd_request *q)
{
    struct places *p = &w->places;
    pthread_mutex_lock(&p->lock);
    p->running--;
    bool waiting = p->waiting != 0;
    pthread_mutex_unlock(&p->lock);
    if (waiting)
        httpd_wake_one(httpd_of(q), place_topic);
}

int scan_judge(struct webapi *w, const struct scan_input *in, struct arena *a,
               struct mail_answer *out, struct mp_err *err)
{
    const struct webapi_service *s = &w->c.service;
    struct mail_answer answer = {0};
    int st = s->scan(s->ctx, &in->r, in->message, a, &answer, err);
    if (st == MP_OK && answer.status != ANSWER_JUDGED)
        st = mp_fail(err, MP_E_INTERNAL, 0, STR_FMT, STR_ARG(str_slice(answer.reason, 0, 200)));
    pthread_mutex_lock(&w->places.lock);
    w->places.scans++;
    w->places.late += st == MP_E_TIMEOUT;
    w->places.failed += st != MP_OK && st != MP_E_TIMEOUT;
    pthread_mutex_unlock(&w->places.lock);
    if (st == MP_OK)
        *out = answer;
    return st;
}

unsigned scan_failure_status(int st)
{
    return st == MP_E_TIMEOUT ? 504 : 503;
}

static int reply_report(struct httpd_request *q, const struct scan_input *in,
                        const struct mail_answer *answer)
{
    if (answer->report.n == 0)
        return httpd_problem(q, 503, "the report is not there: nothing is decided");
    httpd_bytes(q, 200, "application/json", answer->report);
    httpd_reply_header(q, "X-Mailproof-Id", in->r.id);
    httpd_reply_header(q, "X-Mailproof-Action", str_from(action_name(answer->action)));
    return MP_OK;
}

static int reply_accepted(struct httpd_request *q, const struct scan_input *in)
{
    struct str location = arena_fmt(httpd_arena(q), "/v1/scans/" STR_FMT, STR_ARG(in->r.id));
    struct json *j = httpd_json(q, 202);
    json_object_begin(j);
    json_kstr(j, "id", in->r.id);
    json_kstr(j, "location", location);
    json_object_end(j);
    httpd_reply_header(q, "Location", location);
    return MP_OK;
}

static int scan_async(struct webapi *w, struct httpd_request *q, const struct scan_input *in)
{
    if (webapi_async_add(w->async, httpd_of(q), in, httpd_who(q)))
        return reply_accepted(q, in);
    return httpd_problem(q, 503, "too many asynchronous scans wait already");
}

static int scan_now(struct webapi *w, struct httpd_request *q, const struct scan_input *in)
{
    struct mail_answer answer;
    struct mp_err err = {0};
    int st = scan_judge(w, in, httpd_arena(q), &answer, &err);
    if (st != MP_OK)
        return httpd_problem(q, scan_failure_status(st), "nothing is decided: %s", err.text);
    return reply_report(q, in, &answer);
}

static int read_and_scan(struct webapi *w, struct httpd_request *q, bool async, struct mp_err *err)
{
    struct scan_input in;
    bool ok = true;
    int st = webapi_input_read(w, q, &in, &ok, err);
    if (st == MP_OK && ok)
        st = webapi_input_finish(w, q, MAIL_SCAN, &in, err);
    in.r.want_report = true;
    if (st == MP_OK && ok)
        st = async ? scan_async(w, q, &in) : scan_now(w, q, &in);
    webapi_input_clear(&in);
    return st;
}

int webapi_handle_scan(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"ip",   "helo",     "mail_from", "rcpt",   "client_name",
                                        "user", "queue_id", "async",     "timeout"};
    struct webapi *w = ctx;
    bool async = false;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = webapi_query_flag(q, "async", &async, err);
    if (st != MP_OK || async)
        return st != MP_OK ? st : read_and_scan(w, q, true, err);
    switch (scan_place_take(w, q)) {
    case PLACE_TAKEN:
        st = read_and_scan(w, q, false, err);
        scan_place_free(w, q);
        return st;
    case PLACE_WAITS:
        return MP_OK;
    default:
        return httpd_problem(q, 503, "no place for a scan was free: nothing is decided");
    }
}

/* A scan before the last restart: history may have it. Its owner is not known any more. */
static int reply_from_history(struct webapi *w, struct httpd_request *q, struct str id,
                              struct mp_err *err)
{
    struct buf report;
    bool found = false;
    int st = MP_OK;
    buf_init(&report, ANSWER_MAX_REPORT_BYTES);
    if (w->c.history != NULL && (httpd_scopes(q) & WEBAPI_READ) != 0)
        st = history_report(w->c.history, id, &report, &found, err);
    if (st == MP_OK && !found)
        httpd_problem(q, 404, "there is no such scan; results are kept for %d minutes",
                      WEBAPI_ASYNC_KEEP_S / 60);
    if (st == MP_OK && found) {
        struct json *j = httpd_json(q, 200);
        json_object_begin(j);
        json_kstr(j, "id", id);
        json_kword(j, "state", "done");
        json_ktime_ms(j, "submitted", 0);
        json_ktime_ms(j, "done", 0);
        json_ktime_ms(j, "expires", 0);
        json_kword(j, "error", NULL);
        webapi_json_embed(j, "report", buf_str(&report));
        json_object_end(j);
    }
    buf_clear(&report);
    return st;
}

int webapi_handle_scan_result(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"wait"};
    struct webapi *w = ctx;
    struct str id = httpd_path_param(q, "id");
    unsigned wait_ms = 0;
    bool found, done;
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = httpd_query_duration(q, "wait", &wait_ms, err);
    if (st != MP_OK)
        return st;
    webapi_async_write(w->async, id, httpd_who(q), (httpd_scopes(q) & WEBAPI_ADMIN) != 0,
                       httpd_json(q, 200), &found, &done);
    if (!found)
        return reply_from_history(w, q, id, err);
    if (!done && wait_ms != 0 && !httpd_timed_out(q))
        httpd_wait(q, id, wait_ms < ASYNC_WAIT_MAX_MS ? wait_ms : ASYNC_WAIT_MAX_MS);
    return MP_OK;
}
