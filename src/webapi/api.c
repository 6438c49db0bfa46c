/* Starting and stopping, and the table of addresses. What each takes and answers is in
 * docs/schema/api.openapi.yaml; a test holds the two to each other. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "webapi/webapi_internal.h"

enum {
    MESSAGE = HTTPD_MAX_BODY_BYTES, /* set from the config */
    SPARE_WORKERS = 8,              /* for what is no scan */
    PRIVATE_V4_BITS = 8,
    PRIVATE_V6_BITS = 128
};

const struct httpd_route webapi_routes[] = {
    {"GET", "/", webapi_handle_page, 0, 0},
    {"GET", "/openapi.json", webapi_handle_openapi, 0, 0},
    {"GET", "/health", webapi_handle_health, 0, 0},
    {"GET", "/ready", webapi_handle_ready, 0, 0},
    {"GET", "/metrics", webapi_handle_metrics, WEBAPI_METRICS, 0},
    {"GET", "/v1/session", webapi_handle_session, WEBAPI_ANY, 0},

    {"POST", "/v1/scan", webapi_handle_scan, WEBAPI_SCAN, MESSAGE},
    {"GET", "/v1/scans/{id}", webapi_handle_scan_result, WEBAPI_SCAN, 0},
    {"POST", "/v1/policy/test", webapi_handle_policy_test, WEBAPI_SCAN, MESSAGE},

    {"GET", "/v1/messages", webapi_handle_messages, WEBAPI_READ, 0},
    {"GET", "/v1/messages/{id}", webapi_handle_message, WEBAPI_READ, 0},
    {"GET", "/v1/events", webapi_handle_events, WEBAPI_READ, 0},
    {"GET", "/v1/stats/traffic", webapi_handle_traffic, WEBAPI_READ, 0},
    {"GET", "/v1/stats/domains", webapi_handle_domains, WEBAPI_READ, 0},
    {"GET", "/v1/stats/findings", webapi_handle_top_findings, WEBAPI_READ, 0},
    {"GET", "/v1/status", webapi_handle_status, WEBAPI_READ, 0},
    {"GET", "/v1/findings", webapi_handle_findings, WEBAPI_ANY, 0},
    {"GET", "/v1/findings/{id}", webapi_handle_finding, WEBAPI_ANY, 0},
    {"GET", "/v1/monitor", webapi_handle_monitor, WEBAPI_READ, 0},
    {"GET", "/v1/monitor/{suite}", webapi_handle_monitor_suite, WEBAPI_READ, 0},
    {"GET", "/v1/audits", webapi_handle_audits, WEBAPI_READ, 0},
    {"GET", "/v1/audits/{domain}", webapi_handle_audit, WEBAPI_READ, 0},
    {"GET", "/v1/reports/dmarc", webapi_handle_reports_dmarc, WEBAPI_READ, 0},
    {"GET", "/v1/reports/tls", webapi_handle_reports_tls, WEBAPI_READ, 0},

    {"POST", "/checkv2", webapi_handle_rspamd, WEBAPI_CHECK, MESSAGE},
};
const size_t webapi_n_routes = ARRAY_LEN(webapi_routes);

/* ---- the config ---- */

static bool is_loopback(const struct ip *ip)
{
    static const struct ip v4 = {IP_V4, {127}}, v6 = {IP_V6, {[15] = 1}};
    return ip_in_prefix(ip, &v4, PRIVATE_V4_BITS) || ip_in_prefix(ip, &v6, PRIVATE_V6_BITS);
}

static int check_config(const struct webapi_config *c, struct mp_err *err)
{
    if (c->n_tokens > WEBAPI_MAX_TOKENS)
        return mp_fail(err, MP_E_USAGE, WEBAPI_MAX_TOKENS, "more than %d tokens",
                       WEBAPI_MAX_TOKENS);
    if (c->scans > WEBAPI_MAX_SCANS)
        return mp_fail(err, MP_E_USAGE, WEBAPI_MAX_SCANS, "more than %d scans at once",
                       WEBAPI_MAX_SCANS);
    if (c->max_message_bytes > HTTPD_MAX_BODY_BYTES)
        return mp_fail(err, MP_E_USAGE, HTTPD_MAX_BODY_BYTES,
                       "messages over HTTP have at most %d bytes", HTTPD_MAX_BODY_BYTES);
    if ((c->cert_pem != NULL) != (c->key_pem != NULL))
        return mp_fail(err, MP_E_USAGE, 0, "HTTPS needs both a certificate and its key");
    if (c->service.scan == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "the API needs somebody who judges");
    return MP_OK;
}

/* Without tokens all is open: to this machine alone. Known when the socket is. */
static int check_open(const struct webapi *w, const struct ip *ip, struct mp_err *err)
{
    char text[IP_TEXT_MAX];
    if (w->c.n_tokens != 0 || is_loopback(ip))
        return MP_OK;
    ip_write(ip, text);
    return mp_fail(err, MP_E_USAGE, 0,
                   "the API on %s is open to other machines and so needs tokens", text);
}

/* Base64 in JSON and the frame of a form are longer than the message. */
static size_t body_bytes(const struct webapi_config *c)
{
    size_t most = c->max_message_bytes / 3 * 4 + WEBAPI_MAX_POLICY_BYTES * 2 + (1 << 20);
    return most < HTTPD_MAX_BODY_BYTES ? most : HTTPD_MAX_BODY_BYTES;
}

static size_t copy_routes(struct webapi *w)
{
    size_t n = 0;
    for (size_t i = 0; i < webapi_n_routes; i++) {
        struct httpd_route r = webapi_routes[i];
        if (r.handler == webapi_handle_rspamd && !w->c.rspamd)
            continue;
        if (r.max_body_bytes == MESSAGE)
            r.max_body_bytes = body_bytes(&w->c);
        w->routes[n++] = r;
    }
    return n;
}

/* ---- life ---- */

static int start_http(struct webapi *w, struct mp_err *err)
{
    static const char *const repeatable[] = {"rcpt"};
    const struct webapi_config *c = &w->c;
    struct httpd_config h = {.ip = c->ip,
                             .port = c->port,
                             .has_listen_fd = c->has_listen_fd,
                             .listen_fd = c->listen_fd,
                             .routes = w->routes,
                             .n_routes = copy_routes(w),
                             .ctx = w,
                             .authorize = webapi_authorize,
                             .host_names = c->host_names,
                             .n_host_names = c->n_host_names,
                             .cert_pem = c->cert_pem,
                             .key_pem = c->key_pem,
                             .workers = w->places.max + SPARE_WORKERS,
                             .repeatable = repeatable,
                             .n_repeatable = ARRAY_LEN(repeatable)};
    w->c.has_listen_fd = false; /* it is the server's now */
    int st = httpd_start(&h, &w->httpd, err);
    struct ip ip = {0};
    if (st == MP_OK)
        ip = httpd_ip(w->httpd);
    return st != MP_OK ? st : check_open(w, &ip, err);
}

static int start_parts(struct webapi *w, struct mp_err *err)
{
    w->gate = webapi_gate_new(&w->c);
    w->traffic = webapi_traffic_new();
    if (w->gate == NULL || w->traffic == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the API");
    int st = webapi_async_start(w, err);
    return st != MP_OK ? st : start_http(w, err);
}

int webapi_start(const struct webapi_config *config, struct webapi **out, struct mp_err *err)
{
    int st = check_config(config, err);
    if (st == MP_OK && !config->has_listen_fd && config->n_tokens == 0) {
        struct webapi asked = {.c = *config};
        st = check_open(&asked, &config->ip, err);
    }
    struct webapi *w = st == MP_OK ? calloc(1, sizeof *w) : NULL;
    if (w == NULL) {
        if (config->has_listen_fd)
            close(config->listen_fd);
        return st != MP_OK ? st : mp_fail(err, MP_E_NOMEM, 0, "no memory for the API");
    }
    w->c = *config;
    if (w->c.listener.n == 0)
        w->c.listener = STR("http");
    if (w->c.max_message_bytes == 0)
        w->c.max_message_bytes = HTTPD_MAX_BODY_BYTES;
    w->started_us = clock_mono_us();
    w->places.max = config->scans == 0 ? WEBAPI_SCANS : config->scans;
    pthread_mutex_init(&w->places.lock, NULL);
    st = start_parts(w, err);
    if (st == MP_OK)
        *out = w;
    else
        webapi_stop(w);
    return st;
}

bool webapi_drain(struct webapi *w, unsigned timeout_ms)
{
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    bool done = httpd_drain(w->httpd, timeout_ms);
    int64_t left_ms = (until_us - clock_mono_us()) / 1000;
    return webapi_async_drain(w->async, left_ms > 0 ? (unsigned)left_ms : 0) && done;
}

void webapi_stop(struct webapi *w)
{
    if (w == NULL)
        return;
    if (w->c.has_listen_fd)
        close(w->c.listen_fd);
    if (w->httpd != NULL)
        httpd_drain(w->httpd, 0); /* no new asynchronous scans */
    webapi_async_stop(w->async);
    httpd_stop(w->httpd);
    webapi_gate_free(w->gate);
    webapi_traffic_free(w->traffic);
    pthread_mutex_destroy(&w->places.lock);
    free(w);
}

uint16_t webapi_port(const struct webapi *w)
{
    return httpd_port(w->httpd);
}
