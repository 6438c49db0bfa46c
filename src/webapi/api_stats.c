/* Numbers over time: traffic, domains, findings. */
#include "webapi/webapi_internal.h"

enum { AUTO_BUCKETS = 200, MINUTE_S = 60, STEP_MAX_S = 366 * 86400 };

/* ---- traffic ---- */

struct buckets {
    int64_t since_ms, step_ms;
    struct history_count *items, total;
    size_t n;
};

static void add_count(struct history_count *to, const struct history_count *c)
{
    for (size_t i = 0; i < HISTORY_ACTIONS; i++)
        to->done[i] += c->done[i];
    to->other += c->other;
    to->messages += c->messages;
    to->incomplete += c->incomplete;
    to->bytes += c->bytes;
    to->elapsed_us += c->elapsed_us;
}

static bool take_count(void *ctx, const struct history_count *c)
{
    struct buckets *b = ctx;
    int64_t at = (c->start_ms - b->since_ms) / b->step_ms;
    if (c->start_ms < b->since_ms)
        at = 0; /* the bucket began before, by up to a minute */
    if ((size_t)at < b->n)
        add_count(&b->items[at], c);
    add_count(&b->total, c);
    return true;
}

static void put_uint(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_uint(j, v);
}

static void put_count(struct json *j, const struct history_count *c)
{
    put_uint(j, "total", c->messages);
    for (size_t i = 0; i < HISTORY_ACTIONS; i++)
        put_uint(j, action_name((enum verdict_action)i), c->done[i]);
    put_uint(j, "other", c->other);
    put_uint(j, "incomplete", c->incomplete);
    put_uint(j, "bytes", c->bytes);
    json_key(j, "elapsed_us_mean");
    if (c->messages == 0)
        json_write_null(j);
    else
        json_uint(j, c->elapsed_us / c->messages);
}

static int64_t auto_step(int64_t range_s)
{
    static const unsigned steps[] = {60,    300,   900,   1800,  3600,
                                     10800, 21600, 43200, 86400, 7 * 86400};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (range_s / steps[i] <= AUTO_BUCKETS)
            return steps[i];
    return (range_s / AUTO_BUCKETS / 86400 + 1) * 86400;
}

/* "5m", "1h", "7d". */
static int read_step(struct httpd_request *q, int64_t range_s, int64_t *out_s, struct mp_err *err)
{
    struct str text;
    int64_t back_ms = 0;
    static const int64_t base_ms = 400LL * 86400 * 1000;
    if (!httpd_query(q, "step", &text)) {
        *out_s = auto_step(range_s);
        return MP_OK;
    }
    if (text.n == 0 || is_digit(text.p[text.n - 1]) ||
        !webapi_time_parse(text, base_ms, &back_ms) || base_ms - back_ms < MINUTE_S * 1000 ||
        base_ms - back_ms > STEP_MAX_S * 1000LL || (base_ms - back_ms) % (MINUTE_S * 1000) != 0)
        return mp_fail(err, MP_E_SYNTAX, 0, "step: whole minutes, such as 5m, 1h or 7d");
    *out_s = (base_ms - back_ms) / 1000;
    if (range_s / *out_s >= WEBAPI_MAX_BUCKETS)
        return mp_fail(err, MP_E_SYNTAX, 0, "step: it gives more than %d buckets",
                       WEBAPI_MAX_BUCKETS);
    return MP_OK;
}

static void write_traffic(struct json *j, const struct buckets *b, int64_t until_ms)
{
    json_object_begin(j);
    json_ktime_ms(j, "since", b->since_ms);
    json_ktime_ms(j, "until", until_ms);
    json_kint(j, "step_s", b->step_ms / 1000);
    json_key(j, "totals");
    json_object_begin(j);
    put_count(j, &b->total);
    json_object_end(j);
    json_key(j, "buckets");
    json_array_begin(j);
    for (size_t i = 0; i < b->n; i++) {
        json_object_begin(j);
        json_ktime_ms(j, "time", b->since_ms + (int64_t)i * b->step_ms);
        put_count(j, &b->items[i]);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

int webapi_handle_traffic(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    static const char *const known[] = {"since", "until", "step", "mode"};
    struct webapi *w = ctx;
    struct str mode = STR_NONE;
    int64_t since, until, step_s = MINUTE_S;
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history");
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = webapi_query_range(q, 86400, &since, &until, err);
    if (st == MP_OK)
        st = webapi_query_mode(q, &mode, err);
    if (st == MP_OK)
        st = read_step(q, (until - since) / 1000, &step_s, err);
    if (st != MP_OK)
        return st;
    struct buckets b = {.step_ms = step_s * 1000};
    b.since_ms = since / b.step_ms * b.step_ms; /* buckets begin where clocks show round times */
    b.n = (size_t)((until - b.since_ms + b.step_ms - 1) / b.step_ms);
    b.items = arena_new(httpd_arena(q), struct history_count, b.n);
    if (b.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "the request needs more memory than allowed");
    st = history_counts(w->c.history, b.since_ms, until, (uint32_t)step_s, mode, take_count, &b,
                        err);
    if (st == MP_OK)
        write_traffic(httpd_json(q, 200), &b, until);
    return st;
}

/* ---- domains ---- */

static const uint64_t no_number = UINT64_MAX;

static void put_results(struct json *j, const char *key, uint64_t total, uint64_t pass,
                        uint64_t fail, uint64_t aligned, uint64_t none)
{
    uint64_t known = pass + fail + (none == no_number ? 0 : none);
    json_key(j, key);
    json_object_begin(j);
    put_uint(j, "pass", pass);
    put_uint(j, "fail", fail);
    put_uint(j, "other", total > known ? total - known : 0);
    if (aligned == no_number)
        json_kstr(j, "aligned", STR_NONE);
    else
        put_uint(j, "aligned", aligned);
    if (none == no_number)
        json_kstr(j, "none", STR_NONE);
    else
        put_uint(j, "none", none);
    json_object_end(j);
}

static bool write_domain(void *ctx, const struct history_auth *a)
{
    struct json *j = ctx;
    uint64_t n = a->messages;
    json_object_begin(j);
    json_kopt(j, "domain", a->domain);
    put_uint(j, "total", n);
    put_results(j, "spf", n, a->spf_pass, a->spf_fail, a->spf_aligned, no_number);
    put_results(j, "dkim", n, a->dkim_pass, a->dkim_fail, a->dkim_aligned, no_number);
    put_results(j, "dmarc", n, a->dmarc_pass, a->dmarc_fail, no_number, a->dmarc_none);
    put_results(j, "arc", n, a->arc_pass, a->arc_fail, no_number, no_number);
    json_object_end(j);
    return true;
}

static bool write_finding(void *ctx, const struct history_finding *f)
{
    struct json *j = ctx;
    enum finding_id id;
    json_object_begin(j);
    json_kstr(j, "id", f->id);
    json_kword(j, "severity", severity_name(f->worst));
    json_kword(j, "title", finding_by_name(f->id, &id) ? finding_kind(id)->title : NULL);
    put_uint(j, "mails", f->messages);
    put_uint(j, "count", f->count);
    json_object_end(j);
    return true;
}

/* {"KEY": [rows]} of history. */
static int write_rows(struct webapi *w, struct httpd_request *q, const char *key, bool domains,
                      struct mp_err *err)
{
    static const char *const known[] = {"since", "until", "limit"};
    int64_t since, until;
    size_t limit = PAGE_DEFAULT;
    if (w->c.history == NULL)
        return webapi_not_kept(q, "history");
    int st = httpd_query_known(q, known, ARRAY_LEN(known), err);
    if (st == MP_OK)
        st = webapi_query_range(q, 86400, &since, &until, err);
    if (st == MP_OK)
        st = webapi_query_limit(q, &limit, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_key(j, key);
    json_array_begin(j);
    st = domains ? history_auth(w->c.history, since, until, limit, write_domain, j, err)
                 : history_findings(w->c.history, since, until, limit, write_finding, j, err);
    json_array_end(j);
    json_object_end(j);
    return st;
}

int webapi_handle_domains(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return write_rows(ctx, q, "domains", true, err);
}

int webapi_handle_top_findings(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    return write_rows(ctx, q, "findings", false, err);
}
