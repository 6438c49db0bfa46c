/* The capture servers of a suite: one listener each, mail kept in memory, scripts for one case at a
 * time. */
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "sink/inbox.h"
#include "suite/runner_internal.h"

enum { SINK_GRACE_MS = 1000, SINK_SETTLE_MS = 2000, SINK_SETTLE_STEP_US = 1000 };

/* ---- starting and stopping ---- */

static struct sink_config config_of(const struct suite_sink *c)
{
    struct sink_config config;
    sink_config_init(&config);
    config.listeners = &c->listener;
    config.n_listeners = 1;
    config.hostname = c->hostname;
    config.cert_file = c->cert_file;
    config.key_file = c->key_file;
    config.auth = c->auth;
    config.auth_file = c->auth_file;
    config.auth_required = c->auth_required;
    config.xclient = c->xclient;
    config.lenient_line_ends = c->lenient_line_ends;
    if (c->max_message_bytes > 0)
        config.max_message_bytes = c->max_message_bytes;
    return config;
}

static int start(struct running_sink *r, const struct suite_sink *c, struct mp_err *err)
{
    struct store_config memory = {0};
    struct sink_config config = config_of(c);
    struct str domain = c->n_domains > 0 ? c->domains[0] : STR("sink.test");
    bool found;
    r->config = c;
    if (pthread_rwlock_init(&r->lock, NULL) != 0)
        return mp_fail(err, MP_E_NOMEM, 0, "no lock for a sink");
    r->has_lock = true;
    int st = store_open(&memory, &r->store, err);
    st = st == MP_OK ? inboxes_new(r->store, domain, &r->inboxes, err) : st;
    if (st == MP_OK && c->script.n > 0)
        st = inboxes_script(r->inboxes, STR(""), c->script, &found, err);
    return st == MP_OK ? sink_start(&config, r->store, r->inboxes, &r->sink, err) : st;
}

int sinks_start(struct running_sinks *r, const struct suite *s, struct mp_err *err)
{
    r->items = calloc(s->n_sinks + 1, sizeof *r->items);
    if (r->items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for sinks");
    for (size_t i = 0; i < s->n_sinks; i++) {
        const struct suite_sink *c = &s->sinks[i];
        struct mp_err why = {0};
        r->n++;
        int st = start(&r->items[i], c, &why);
        if (st != MP_OK)
            return mp_fail(err, st, why.detail, "%s:%u: sink '%.*s': %s", c->at.file, c->at.line,
                           STR_ARG(c->name), why.text);
    }
    return MP_OK;
}

void sinks_stop(struct running_sinks *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct running_sink *x = &r->items[i];
        sink_stop(x->sink, SINK_GRACE_MS);
        inboxes_free(x->inboxes);
        store_close(x->store);
        if (x->has_lock)
            pthread_rwlock_destroy(&x->lock);
    }
    free(r->items);
    *r = (struct running_sinks){0};
}

struct running_sink *sinks_find(const struct running_sinks *r, const struct suite_sink *config)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i].config == config)
            return &r->items[i];
    return NULL;
}

struct str sink_url(const struct running_sink *r, struct arena *a)
{
    const struct sink_listener *l = &r->config->listener;
    const char *scheme = l->lmtp                       ? "lmtp"
                         : l->tls == SINK_TLS_IMPLICIT ? "smtps"
                         : l->tls == SINK_TLS_REQUIRED ? "smtp+starttls"
                                                       : "smtp";
    char text[IP_TEXT_MAX];
    struct ip ip = l->ip;
    bool any = true;
    if (ip.family == IP_NONE)
        return arena_fmt(a, "lmtp+unix://%s", l->unix_path);
    for (size_t i = 0; i < (ip.family == IP_V6 ? 16u : 4u); i++)
        any = any && ip.octets[i] == 0;
    if (any) /* bound to all: reached by loopback */
        ip_parse(ip.family == IP_V6 ? STR("::1") : STR("127.0.0.1"), &ip);
    ip_write(&ip, text);
    return arena_fmt(a, ip.family == IP_V6 ? "%s://[%s]:%u" : "%s://%s:%u", scheme, text,
                     sink_listener_port(r->sink, 0));
}

/* ---- who has a sink for himself ---- */

enum sink_use { SINK_UNUSED, SINK_SHARED, SINK_ALONE };

static bool is_in_sink(struct str rcpt, const struct suite_sink *c)
{
    size_t at = str_rfind(rcpt, '@');
    struct str domain = at < rcpt.n ? str_slice(rcpt, at + 1, rcpt.n) : STR("");
    for (size_t i = 0; i < c->n_domains; i++)
        if (str_ieq(c->domains[i], domain))
            return true;
    return false;
}

static enum sink_use use_of_send(const struct suite_send *s, const struct suite_sink *c)
{
    bool used = s->via->kind == SUITE_HOST_SINK && s->via->sink == c;
    for (size_t i = 0; i < s->n_to; i++)
        used |= is_in_sink(s->to[i], c);
    return used ? SINK_SHARED : SINK_UNUSED;
}

static enum sink_use use_of_arrive(const struct suite_arrive *x, const struct suite_sink *c)
{
    for (size_t i = 0; i < x->n_in; i++)
        if (x->in[i]->kind == SUITE_HOST_SINK && x->in[i]->sink == c)
            return SUITE_GIVEN(x->expect.attempts) ? SINK_ALONE : SINK_SHARED;
    return SINK_UNUSED;
}

/* A probe, a relay or a smuggling test may lead there by a name that nobody sees here. */
static enum sink_use use_of(const struct suite_case *c, const struct suite_sink *sink)
{
    enum sink_use most = SINK_UNUSED;
    for (size_t i = 0; i < c->n_steps; i++) {
        const struct suite_step *s = &c->steps[i];
        enum sink_use use = SINK_UNUSED;
        switch (s->verb) {
        case SUITE_SCRIPT:
            use = s->script->sink == sink ? SINK_ALONE : SINK_UNUSED;
            break;
        case SUITE_SEND:
            use = use_of_send(s->send, sink);
            break;
        case SUITE_ARRIVE:
        case SUITE_NOT_ARRIVE:
            use = use_of_arrive(s->arrive, sink);
            break;
        case SUITE_PROBE:
        case SUITE_RELAY_TEST:
        case SUITE_SMUGGLE:
            use = SINK_SHARED;
            break;
        default:
            break;
        }
        most = use > most ? use : most;
    }
    return most;
}

/* What was there before must be in the store before attempts are counted: refused ones are stored
 * while nobody waits for them. Senders that stay connected are not waited for long. */
static void settle(struct running_sink *r)
{
    int64_t until_us = clock_mono_us() + (int64_t)SINK_SETTLE_MS * 1000;
    for (;;) {
        struct sink_counters counters;
        struct store_stats stats = {0};
        sink_counters(r->sink, &counters);
        bool quiet = counters.open_connections == 0 &&
                     store_stats(r->store, &stats, NULL) == MP_OK && stats.queued_bytes == 0;
        if (quiet || clock_mono_us() >= until_us)
            return;
        usleep(SINK_SETTLE_STEP_US);
    }
}

/* All in the order of the suite, so that no two cases wait for each other. */
void sinks_lock(struct running_sinks *r, const struct suite_case *c)
{
    for (size_t i = 0; i < r->n; i++) {
        enum sink_use use = use_of(c, r->items[i].config);
        if (use == SINK_ALONE) {
            pthread_rwlock_wrlock(&r->items[i].lock);
            settle(&r->items[i]);
        } else if (use == SINK_SHARED)
            pthread_rwlock_rdlock(&r->items[i].lock);
    }
}

void sinks_unlock(struct running_sinks *r, const struct suite_case *c)
{
    for (size_t i = r->n; i-- > 0;)
        if (use_of(c, r->items[i].config) != SINK_UNUSED)
            pthread_rwlock_unlock(&r->items[i].lock);
}

/* ---- what belongs to an attempt ---- */

void sinks_mark(struct work *w)
{
    w->sink_seq = arena_new(w->arena, int64_t, w->sinks->n + 1);
    for (size_t i = 0; w->sink_seq != NULL && i < w->sinks->n; i++) {
        struct store_stats stats = {0};
        if (store_stats(w->sinks->items[i].store, &stats, NULL) == MP_OK)
            w->sink_seq[i] = stats.last_seq;
    }
}

int64_t sinks_since(const struct work *w, const struct running_sink *r)
{
    return w->sink_seq == NULL ? 0 : w->sink_seq[r - w->sinks->items];
}

/* ---- scripts ---- */

/* Is the rule about a stage where no recipient is known yet? */
static bool is_before_rcpt(json_t *rule)
{
    static const char *const early[] = {"connect", "ehlo", "starttls", "auth", "mail"};
    const char *at = json_string_value(json_object_get(rule, "at"));
    for (size_t i = 0; i < ARRAY_LEN(early); i++)
        if (json_object_get(rule, early[i]) != NULL || (at != NULL && strcmp(at, early[i]) == 0))
            return true;
    return false;
}

/* The rules of a script, one or a list; a new list, NULL without memory. */
static json_t *rules_of(struct str script)
{
    json_t *root = script.n == 0 ? json_array() : json_loadb(script.p, script.n, 0, NULL);
    if (!json_is_object(root))
        return root;
    json_t *list = json_array();
    if (list == NULL || json_array_append_new(list, root) != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static bool keep_to_recipient(json_t *rules, struct str rcpt)
{
    size_t i;
    json_t *rule;
    json_array_foreach(rules, i,
                       rule) if (json_object_get(rule, "to") == NULL && !is_before_rcpt(rule) &&
                                 json_object_set_new(rule, "to", json_stringn(rcpt.p, rcpt.n)) !=
                                     0) return false;
    return true;
}

/* The one recipient of the sink, or none. */
static struct str only_recipient(const struct suite_sink *c, const struct str *to, size_t n_to)
{
    struct str only = STR("");
    for (size_t i = 0; i < n_to; i++) {
        if (!is_in_sink(to[i], c))
            continue;
        if (only.n > 0)
            return STR("");
        only = to[i];
    }
    return only;
}

int sink_script(struct running_sink *r, struct str json, const struct str *to, size_t n_to,
                struct mp_err *err)
{
    struct str only = only_recipient(r->config, to, n_to);
    json_t *rules = rules_of(json), *base = rules_of(r->config->script);
    char *text = NULL;
    bool found, ok = rules != NULL && base != NULL &&
                     (only.n == 0 || keep_to_recipient(rules, only)) &&
                     json_array_extend(rules, base) == 0;
    if (ok)
        text = json_dumps(rules, JSON_COMPACT);
    int st = text == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for a script")
                          : inboxes_script(r->inboxes, STR(""), str_from(text), &found, err);
    free(text);
    json_decref(rules);
    json_decref(base);
    return st;
}

int sink_script_end(struct running_sink *r, struct mp_err *err)
{
    bool found;
    return inboxes_script(r->inboxes, STR(""), r->config->script, &found, err);
}
