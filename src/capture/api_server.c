/* The server itself: page, document, health, information, metrics. */
#include <stdio.h>

#include "base/clock.h"
#include "capture/capture_internal.h"
#include "capture/openapi.h"
#include "capture/page.h"

int api_page(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)err;
    httpd_static(q, "text/html; charset=utf-8", capture_page());
    httpd_reply_header(q, "Content-Security-Policy", capture_page_csp());
    return MP_OK;
}

int api_openapi(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)err;
    httpd_static(q, "application/json", capture_openapi());
    return MP_OK;
}

static int reply_status(struct httpd_request *q)
{
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kstr(j, "status", STR("ok"));
    json_object_end(j);
    return MP_OK;
}

int api_health(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    (void)ctx;
    (void)err;
    return reply_status(q);
}

/* Ready: the store answers. */
int api_ready(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_stats stats;
    if (store_stats(c->c.store, &stats, err) != MP_OK)
        return httpd_problem(q, 503, "the store does not answer: %s", err->text);
    return reply_status(q);
}

static void write_listeners(struct json *j, const struct capture *c)
{
    static const char *const tls[] = {[SINK_TLS_OFF] = "off",
                                      [SINK_TLS_OFFERED] = "offered",
                                      [SINK_TLS_REQUIRED] = "required",
                                      [SINK_TLS_IMPLICIT] = "implicit"};
    const struct sink_config *s = c->c.sink_config;
    json_key(j, "listeners");
    json_array_begin(j);
    for (size_t i = 0; s != NULL && c->c.sink != NULL && i < s->n_listeners; i++) {
        const struct sink_listener *l = &s->listeners[i];
        char ip[IP_TEXT_MAX], text[256];
        int n;
        if (l->ip.family == IP_NONE) {
            n = snprintf(text, sizeof text, "%s", l->unix_path == NULL ? "" : l->unix_path);
        } else {
            ip_write(&l->ip, ip);
            n = snprintf(text, sizeof text, l->ip.family == IP_V6 ? "[%s]:%u" : "%s:%u", ip,
                         sink_listener_port(c->c.sink, i));
        }
        json_object_begin(j);
        json_kstr(j, "address", str_make(text, (size_t)n < sizeof text ? (size_t)n : 0));
        json_kstr(j, "tls", str_from(tls[l->tls]));
        json_kstr(j, "protocol", l->lmtp ? STR("lmtp") : STR("smtp"));
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_limits(struct json *j, const struct capture *c)
{
    const struct sink_config *s = c->c.sink_config;
    json_key(j, "limits");
    json_object_begin(j);
    json_key(j, "message_bytes");
    json_uint(j, s == NULL ? SINK_MAX_MESSAGE_BYTES : s->max_message_bytes);
    json_kint(j, "recipients", s == NULL ? SINK_MAX_RCPTS : s->max_rcpts);
    json_kint(j, "page", CAPTURE_PAGE_MAX);
    json_kint(j, "wait_ms", HTTPD_MAX_WAIT_MS);
    json_kint(j, "inboxes", INBOX_MAX);
    json_kint(j, "script_bytes", SCRIPT_MAX_BYTES);
    json_object_end(j);
}

static void write_store(struct json *j, const struct store_stats *s)
{
    json_key(j, "store");
    json_object_begin(j);
    json_kint(j, "messages", (int64_t)s->messages);
    json_kint(j, "attempts", (int64_t)s->attempts);
    json_kint(j, "bytes", (int64_t)s->bytes);
    json_kint(j, "unseen", (int64_t)s->unseen);
    json_kint(j, "inboxes", (int64_t)s->inboxes);
    json_kint(j, "last_seq", s->last_seq);
    json_object_end(j);
}

/* The counters of the SMTP server, for the information and for Prometheus. */
static const struct counter {
    const char *name, *help;
    size_t offset;
    bool gauge;
} counters[] = {
#define COUNTER(name, help, gauge)                                                                 \
    {                                                                                              \
#name, help, offsetof(struct sink_counters, name), gauge                                   \
    }
    COUNTER(connections, "SMTP connections taken", false),
    COUNTER(open_connections, "SMTP connections open now", true),
    COUNTER(messages, "messages taken with 250", false),
    COUNTER(recipients, "recipients taken", false),
    COUNTER(refused, "transactions refused with 5xx", false),
    COUNTER(deferred, "transactions deferred with 4xx", false),
    COUNTER(dropped, "transactions whose connection ended", false),
    COUNTER(bytes, "bytes of messages taken", false),
    COUNTER(tls_handshakes, "TLS handshakes done", false),
    COUNTER(tls_failures, "TLS handshakes failed", false),
    COUNTER(auth_ok, "logins taken", false),
    COUNTER(auth_failed, "logins refused", false),
    COUNTER(protocol_errors, "commands that were none", false),
#undef COUNTER
};

static uint64_t counter_value(const struct sink_counters *s, const struct counter *c)
{
    return *(const uint64_t *)(const void *)((const char *)s + c->offset);
}

static void write_counters(struct json *j, const struct sink *sink)
{
    struct sink_counters s;
    json_key(j, "counters");
    if (sink == NULL) {
        json_write_null(j);
        return;
    }
    sink_counters(sink, &s);
    json_object_begin(j);
    for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
        json_key(j, counters[i].name);
        json_uint(j, counter_value(&s, &counters[i]));
    }
    json_object_end(j);
}

int api_info(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_stats stats;
    int st = store_stats(c->c.store, &stats, err);
    if (st != MP_OK)
        return st;
    struct json *j = httpd_json(q, 200);
    json_object_begin(j);
    json_kstr(j, "name", STR("mailproof"));
    json_kstr(j, "version", STR(MP_VERSION));
    json_kstr(j, "hostname", str_from(c->c.sink_config == NULL ? "" : c->c.sink_config->hostname));
    json_kstr(j, "domain", c->c.domain);
    write_listeners(j, c);
    json_key(j, "you");
    json_object_begin(j);
    json_kstr(j, "scope", access_is_admin(q) ? STR("admin") : STR("inbox"));
    json_kopt(j, "inbox", httpd_who(q));
    json_object_end(j);
    json_key(j, "features");
    json_object_begin(j);
    json_kbool(j, "judges", c->c.dns_source != NULL);
    json_kbool(j, "release", c->c.relay.host != NULL);
    json_kbool(j, "auth", c->c.admin_token.n != 0);
    json_object_end(j);
    write_limits(j, c);
    write_store(j, &stats);
    write_counters(j, c->c.sink);
    json_object_end(j);
    return MP_OK;
}

static void metric(struct buf *b, const char *name, const char *help, bool gauge, uint64_t value)
{
    const char *total = gauge ? "" : "_total";
    buf_addf(b, "# HELP mailproof_sink_%s%s %s\n# TYPE mailproof_sink_%s%s %s\n", name, total, help,
             name, total, gauge ? "gauge" : "counter");
    buf_addf(b, "mailproof_sink_%s%s %llu\n", name, total, (unsigned long long)value);
}

int api_metrics(void *ctx, struct httpd_request *q, struct mp_err *err)
{
    struct capture *c = ctx;
    struct store_stats stats;
    struct httpd_counters http;
    int st = store_stats(c->c.store, &stats, err);
    if (st != MP_OK)
        return st;
    httpd_counters(httpd_of(q), &http);
    struct buf *b = httpd_buf(q, 200, "text/plain; version=0.0.4; charset=utf-8");
    if (c->c.sink != NULL) {
        struct sink_counters s;
        sink_counters(c->c.sink, &s);
        for (size_t i = 0; i < ARRAY_LEN(counters); i++)
            metric(b, counters[i].name, counters[i].help, counters[i].gauge,
                   counter_value(&s, &counters[i]));
    }
    metric(b, "stored_messages", "messages in the store", true, stats.messages);
    metric(b, "stored_attempts", "transactions in the store, refused ones too", true,
           stats.attempts);
    metric(b, "stored_bytes", "bytes of the messages in the store", true, stats.bytes);
    metric(b, "queued_bytes", "bytes taken and not yet durable", true, stats.queued_bytes);
    metric(b, "inboxes", "disposable inboxes", true, stats.inboxes);
    metric(b, "store_commits", "commits of the store", false, stats.commits);
    metric(b, "http_requests", "HTTP requests answered", false, http.requests);
    metric(b, "http_refused", "HTTP requests answered with 4xx", false, http.refused);
    metric(b, "http_errors", "HTTP requests answered with 5xx", false, http.errors);
    metric(b, "http_waiting", "long polls that wait now", true, http.waiting);
    metric(b, "http_streams", "event streams open now", true, http.streams);
    metric(b, "http_overdue", "HTTP connections ended by a deadline", false, http.overdue);
    metric(b, "http_lost_events", "events that slow clients did not get", false, http.lost_events);
    metric(b, "uptime_seconds", "since the start", true,
           (uint64_t)(clock_mono_us() - c->started_us) / 1000000);
    return MP_OK;
}
