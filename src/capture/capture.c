/* Starting and stopping; what the store tells goes to those who wait and to streams. */
#include "capture/capture.h"

#include <stdlib.h>

#include "base/clock.h"
#include "capture/capture_internal.h"

enum { EVENT_MAX_BYTES = 64 * 1024 };

static bool wants(void *ctx, struct str filter)
{
    const struct str *inbox = ctx;
    return filter.n == 0 || str_eq(filter, *inbox);
}

static void publish(struct capture *c, const struct store_event *e, struct str inbox)
{
    static const char *const names[] = {[STORE_EVENT_ADDED] = "message",
                                        [STORE_EVENT_DELETED] = "deleted",
                                        [STORE_EVENT_CLEARED] = "cleared"};
    struct buf text;
    struct json j;
    buf_init(&text, EVENT_MAX_BYTES);
    json_init(&j, &text, 0);
    if (e->kind == STORE_EVENT_ADDED) {
        delivery_json(&j, e->delivery);
    } else {
        json_object_begin(&j);
        if (e->kind == STORE_EVENT_DELETED)
            json_kstr(&j, "id", e->id);
        json_kstr(&j, "inbox", inbox);
        json_object_end(&j);
    }
    httpd_publish(c->httpd, names[e->kind], buf_str(&text), wants, &inbox);
    buf_clear(&text);
}

/* In the store's thread: quick, and without a call of the store. */
static void on_event(void *ctx, const struct store_event *e)
{
    struct capture *c = ctx;
    bool added = e->kind == STORE_EVENT_ADDED;
    struct str inbox = inbox_name(added ? e->delivery->inbox : e->inbox);
    httpd_wake(c->httpd, inbox);
    if ((!added || e->delivery->outcome == STORE_ACCEPTED) && httpd_has_streams(c->httpd))
        publish(c, e, inbox);
}

static bool is_loopback(const struct ip *ip)
{
    static const struct ip v4 = {IP_V4, {127}}, v6 = {IP_V6, {[15] = 1}};
    return ip_in_prefix(ip, &v4, 8) || ip_in_prefix(ip, &v6, 128);
}

static int check_config(const struct capture_config *c, struct mp_err *err)
{
    char text[IP_TEXT_MAX];
    ip_write(&c->ip, text);
    if (c->admin_token.n == 0 && !is_loopback(&c->ip))
        return mp_fail(err, MP_E_USAGE, 0,
                       "the API on %s is open to other machines and so needs an admin token", text);
    if (c->admin_token.n > CAPTURE_MAX_TOKEN_BYTES)
        return mp_fail(err, MP_E_USAGE, 0, "the admin token is longer than %d bytes",
                       CAPTURE_MAX_TOKEN_BYTES);
    if ((c->relay.host != NULL) != (c->n_release_allow != 0))
        return mp_fail(err, MP_E_USAGE, 0,
                       "releasing messages needs both a relay and a list of whom it may reach");
    if ((c->cert_pem != NULL) != (c->key_pem != NULL))
        return mp_fail(err, MP_E_USAGE, 0, "HTTPS needs both a certificate and its key");
    return MP_OK;
}

int capture_start(const struct capture_config *config, struct capture **out, struct mp_err *err)
{
    int st = check_config(config, err);
    if (st != MP_OK)
        return st;
    struct capture *c = calloc(1, sizeof *c);
    if (c == NULL || (c->judge = judge_new()) == NULL) {
        free(c);
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the API");
    }
    c->c = *config;
    c->started_us = clock_mono_us();
    c->started_ms = now_ms();
    pthread_mutex_init(&c->script_lock, NULL);
    buf_init(&c->common_script, SCRIPT_MAX_BYTES);
    buf_add(&c->common_script, config->common_script);
    if (!digest_once(DIGEST_SHA256, config->admin_token, c->admin_hash))
        st = mp_fail(err, MP_E_CRYPTO, 0, "the admin token cannot be hashed");
    struct httpd_config h = {.ip = config->ip,
                             .port = config->port,
                             .routes = capture_routes,
                             .n_routes = capture_n_routes,
                             .ctx = c,
                             .authorize = access_authorize,
                             .host_names = config->host_names,
                             .n_host_names = config->n_host_names,
                             .cert_pem = config->cert_pem,
                             .key_pem = config->key_pem};
    if (st == MP_OK && config->relay.host != NULL)
        st = relay_tls_new(&config->relay, &c->relay_tls, err);
    if (st == MP_OK)
        st = httpd_start(&h, &c->httpd, err);
    if (st == MP_OK)
        st = store_watch(config->store, on_event, c, &c->watch, err);
    if (st != MP_OK) {
        capture_stop(c);
        return st;
    }
    httpd_wake_all(c->httpd); /* who looked before the store was watched looks again */
    *out = c;
    return MP_OK;
}

void capture_stop(struct capture *c)
{
    if (c == NULL)
        return;
    store_unwatch(c->c.store, c->watch);
    httpd_stop(c->httpd);
    judge_free(c->judge);
    tls_client_free(c->relay_tls);
    pthread_mutex_destroy(&c->script_lock);
    buf_clear(&c->common_script);
    free(c);
}

uint16_t capture_port(const struct capture *c)
{
    return httpd_port(c->httpd);
}
