/* Who is asked what: the rules of privacy, the cache, and waiting for what is under way. */
#include "services/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/idna.h"
#include "io/ip_special.h"
#include "io/keyed_hash.h"
#include "services/ask_internal.h"

enum { CONFIG_BYTES = 1 << 20, SECOND_US = 1000000 };

/* ---- starting ---- */

static void turn_off(struct service_desk *d, const char *why)
{
    d->is_on = false;
    snprintf(d->why_off, sizeof d->why_off, "%s", why);
}

/* Where it was looked for is no secret. */
static void turn_off_without_key(struct service_desk *d, const struct intel_secret *key)
{
    bool is_env = key->env.n > 0;
    struct str name = is_env ? key->env : key->file;
    d->is_on = false;
    snprintf(d->why_off, sizeof d->why_off, "it has no key: " STR_FMT "%s", STR_ARG(name),
             is_env       ? " is not in the environment"
             : name.n > 0 ? ": nothing to read"
                          : "the configuration does not say where one is");
}

/* A header takes no control characters; a key has no blanks either, so those around it are of the
 * file it stood in. */
static bool is_key(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return false;
    return key.n != 0 && key.n <= SERVICE_MAX_KEY_BYTES;
}

static bool copy_str(struct arena *arena, struct str *s)
{
    if (s->n != 0)
        *s = arena_copy(arena, *s);
    return s->n == 0 || s->p != NULL;
}

static bool is_loopback_url(struct arena *arena, struct str text)
{
    struct url u;
    if (url_parse(arena, text, NULL, &u, NULL) != MP_OK || !url_is_web(&u))
        return false;
    if (str_eq(u.host, STR("localhost")))
        return true;
    const char *kind = u.ip.family == IP_NONE ? NULL : ip_special(&u.ip);
    return kind != NULL && str_eq(str_from(kind), STR("loopback"));
}

static int open_desk(struct services *s, enum intel_service which, const struct service *config,
                     intel_secret_fn *secret, void *secret_ctx, struct mp_err *err)
{
    struct service_desk *d = &s->desks[which];
    const struct service_kind *kind = service_kind(which);
    const struct gate_limits limits = {config->per_minute, config->per_day,
                                       config->reserve_percent};
    struct service_quota quota;
    struct str key = STR_NONE;
    d->config = *config;
    d->config.id = which;
    d->is_on = config->enabled;
    if (!copy_str(&s->arena, &d->config.url) || !gate_init(&d->gate, &limits))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for services");
    d->is_loopback = is_loopback_url(&s->arena, d->config.url);
    if (!config->enabled)
        turn_off(d, "not enabled");
    else if (kind->needs_key) {
        bool has = secret != NULL && secret(secret_ctx, &s->arena, &config->key, &key);
        d->key = str_trim(key);
        d->has_key = has && is_key(d->key);
        if (!d->has_key && has && d->key.n != 0)
            turn_off(d, "its key has characters that no key has");
        else if (!d->has_key)
            turn_off_without_key(d, &config->key);
    }
    struct gate_now now = services_now(s);
    if (config->enabled && service_cache_quota(s->cache, which, &quota))
        gate_restore(&d->gate, &now, quota.day, quota.used, quota.paused_until_s);
    return MP_OK;
}

static int copy_options(struct services *s, const struct services_options *o, struct mp_err *err)
{
    struct str *own = arena_new(&s->arena, struct str, o->n_own_domains + 1);
    s->options = *o;
    s->options.own_domains = own;
    if (own == NULL || !copy_str(&s->arena, &s->options.resolve_host))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for services");
    if (o->ca_file != NULL) {
        s->options.ca_file = arena_copy(&s->arena, str_from(o->ca_file)).p;
        if (s->options.ca_file == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for services");
    }
    for (size_t i = 0; i < o->n_own_domains; i++)
        if (!idna_to_ascii(&s->arena, o->own_domains[i], &own[i]) || !domain_is_ldh(own[i]))
            return mp_fail(err, MP_E_USAGE, 0, "own domain " STR_FMT ": no domain name",
                           STR_ARG(o->own_domains[i]));
    if (s->options.threads == 0)
        s->options.threads = SERVICES_THREADS;
    if (s->options.threads > SERVICES_MAX_THREADS)
        s->options.threads = SERVICES_MAX_THREADS;
    if (s->options.timeout_ms <= 0)
        s->options.timeout_ms = SERVICES_TIMEOUT_MS;
    return MP_OK;
}

static void init_threads(struct services *s)
{
    struct hash_key random;
    pthread_condattr_t monotonic;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->work, &monotonic);
    pthread_cond_init(&s->landed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->chance = s->options.seed;
    if (s->chance == 0 && hash_key_init(&random))
        s->chance = (uint32_t)hash_question(&random, STR("services"), DNS_A);
}

int services_new(const struct intel_config *config, intel_secret_fn *secret, void *secret_ctx,
                 struct service_cache *cache, const struct services_options *options,
                 struct services **out, struct mp_err *err)
{
    static const struct services_options none;
    struct services *s = calloc(1, sizeof *s);
    if (s == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for services");
    arena_init(&s->arena, CONFIG_BYTES);
    int st = copy_options(s, options == NULL ? &none : options, err);
    init_threads(s);
    s->cache = cache;
    if (st == MP_OK && cache == NULL) {
        st = service_cache_open(NULL, 0, &s->own_cache, err);
        s->cache = s->own_cache;
    }
    for (int i = 0; st == MP_OK && i < SERVICE_COUNT; i++)
        st = open_desk(s, (enum intel_service)i, &config->services[i], secret, secret_ctx, err);
    if (st == MP_OK)
        *out = s;
    else
        services_free(s);
    return st;
}

void services_free(struct services *s)
{
    if (s == NULL)
        return;
    services_stop(s);
    for (int i = 0; i < SERVICE_COUNT; i++)
        gate_clear(&s->desks[i].gate);
    service_cache_close(s->own_cache);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->landed);
    pthread_mutex_destroy(&s->lock);
    arena_clear(&s->arena);
    free(s);
}

struct gate_now services_now(struct services *s)
{
    struct gate_now now;
    if (s->options.now != NULL) {
        s->options.now(s->options.now_ctx, &now.mono_us, &now.wall_s);
    } else {
        now.mono_us = clock_mono_us();
        now.wall_s = clock_wall_s();
    }
    s->chance = s->chance * 1664525U + 1013904223U;
    now.chance = s->chance >> 8;
    return now;
}

/* ---- what leaves the machine ---- */

/* Names that mean something within one network alone: asking others about them tells them of it.
 * "test" and "example" are not among them, as documentation addresses count as public. */
static const struct str inner_tlds[] = {
    STR_INIT("local"),    STR_INIT("localhost"), STR_INIT("localdomain"), STR_INIT("internal"),
    STR_INIT("intranet"), STR_INIT("lan"),       STR_INIT("home"),        STR_INIT("corp"),
    STR_INIT("private"),  STR_INIT("arpa"),      STR_INIT("onion"),       STR_INIT("invalid"),
};

static const char *refuse_name(const struct services *s, struct str name)
{
    if (!domain_is_ldh(name) || domain_labels(name) < 2)
        return "no name of a host on the Internet";
    struct str tld = domain_tail(name, 1);
    for (size_t i = 0; i < ARRAY_LEN(inner_tlds); i++)
        if (str_ieq(tld, inner_tlds[i]))
            return "a name of an inner network";
    for (size_t i = 0; i < s->options.n_own_domains; i++)
        if (domain_is_below(name, s->options.own_domains[i]))
            return "one of our own domains";
    return NULL;
}

static const char *refuse_ip(const struct ip *ip)
{
    return ip_is_public(ip) ? NULL : "an address that is not public";
}

/* "host[:port]/path" */
static const char *refuse_url(const struct services *s, struct str key)
{
    size_t end = 0;
    struct ip ip;
    if (!s->options.send_urls)
        return "whole URLs are not sent";
    while (end < key.n && !str_has(STR("/?#"), key.p[end]))
        end++;
    struct str host = str_slice(key, 0, end);
    if (host.n != 0 && host.p[0] == '[')
        host = str_slice(host, 1, str_find(host, ']'));
    else
        host = str_slice(host, 0, str_find(host, ':'));
    if (str_has(host, '@'))
        return "a URL with a name or password in it";
    return ip_parse(host, &ip) ? refuse_ip(&ip) : refuse_name(s, host);
}

static const char *refuse(const struct services *s, const struct service_question *q)
{
    const struct indicator *i = q->what;
    if (!service_takes(q->service, i->kind))
        return "it has no words for this kind";
    switch (i->kind) {
    case INDICATOR_URL:
        return refuse_url(s, i->key);
    case INDICATOR_HOST:
    case INDICATOR_DOMAIN:
        return refuse_name(s, i->key);
    case INDICATOR_IP:
        return ip_eq(&i->first, &i->last) ? refuse_ip(&i->first) : "a range of addresses";
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        return NULL;
    case INDICATOR_EMAIL:
    case INDICATOR_KIND_COUNT:
        break;
    }
    return "it never leaves the machine";
}

bool services_would_ask(const struct services *s, const struct service_question *q,
                        const char **why)
{
    *why = s->desks[q->service].config.enabled ? refuse(s, q) : "not enabled";
    return *why == NULL;
}

/* ---- asking ---- */

/* What one question of many waits for; f NULL: its word is there. */
struct wait {
    struct flight *flight;
};

static void begin(struct services *s, struct arena *arena, struct services_ask *ask,
                  struct wait *wait)
{
    struct service_word *w = &ask->word;
    const char *why;
    *w = (struct service_word){.service = ask->question.service, .outcome = WORD_NOT_ASKED};
    if (!services_would_ask(s, &ask->question, &why)) {
        word_text(w, "not asked: %s", why);
        return;
    }
    struct service_cache_key key = {.service = w->service,
                                    .kind = ask->question.what->kind,
                                    .value = service_value(arena, &ask->question)};
    if (key.value.p == NULL) {
        word_no_memory(w);
        return;
    }
    pthread_mutex_lock(&s->lock);
    int64_t now_s = services_now(s).wall_s;
    uint64_t landed = s->n_landed;
    pthread_mutex_unlock(&s->lock);
    bool cached = service_cache_get(s->cache, &key, now_s, w);
    pthread_mutex_lock(&s->lock);
    if (!cached && landed != s->n_landed) /* perhaps the very answer */
        cached = service_cache_get(s->cache, &key, now_s, w);
    if (cached)
        s->desks[w->service].from_cache++;
    else
        wait->flight = flight_join(s, ask, &key, w);
    pthread_mutex_unlock(&s->lock);
}

static void finish(struct services *s, struct services_ask *ask, struct wait *wait,
                   int64_t deadline_us)
{
    struct flight *f = wait->flight;
    const struct timespec until = {.tv_sec = (time_t)(deadline_us / SECOND_US),
                                   .tv_nsec = (long)(deadline_us % SECOND_US) * 1000};
    if (f == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    while (f->state != FLIGHT_LANDED && deadline_us > clock_mono_us())
        pthread_cond_timedwait(&s->landed, &s->lock, &until);
    if (f->state == FLIGHT_LANDED) {
        ask->word = f->word;
    } else {
        ask->word.outcome = WORD_ERROR;
        word_text(&ask->word, "no answer in time");
    }
    flight_leave(s, f);
    pthread_mutex_unlock(&s->lock);
}

int services_fill(struct services *s, struct services_ask *asks, size_t n, int64_t deadline_us,
                  struct mp_err *err)
{
    struct arena arena;
    arena_init(&arena, 2 * n * sizeof(struct wait) + n * 2 * INDICATOR_MAX_KEY_BYTES + 4096);
    struct wait *waits = arena_new(&arena, struct wait, n + 1);
    for (size_t i = 0; i < n; i++) {
        asks[i].word =
            (struct service_word){.service = asks[i].question.service, .outcome = WORD_ERROR};
        if (waits == NULL)
            word_no_memory(&asks[i].word);
        else
            begin(s, &arena, &asks[i], &waits[i]);
    }
    for (size_t i = 0; i < n && waits != NULL; i++)
        finish(s, &asks[i], &waits[i], deadline_us);
    arena_clear(&arena);
    if (waits == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to ask %zu questions", n);
    return MP_OK;
}

int services_one(struct services *s, struct services_ask *ask, int64_t deadline_us,
                 struct mp_err *err)
{
    return services_fill(s, ask, 1, deadline_us, err);
}
