/* What the tests of asking share: services at a server of our own, a clock of our own. */
#ifndef MP_SERVICES_ASK_TEST_KIT_H
#define MP_SERVICES_ASK_TEST_KIT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "services/ask.h"
#include "tests/script_server.h"
#include "tests/tap.h"

enum { KIT_LONG_US = 30 * 1000 * 1000, KIT_ARENA_BYTES = 16 << 20 };

/* An answer, its length put in front. */
struct kit_answer {
    unsigned status;
    const char *headers, *body; /* NULL: none */
};

static inline bool kit_say(struct script_peer *p, void *ctx)
{
    const struct kit_answer *a = ctx;
    const char *body = a->body == NULL ? "" : a->body;
    char head[512];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %u X\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n"
                     "\r\n",
                     a->status, a->headers == NULL ? "" : a->headers, strlen(body));
    return script_say(p, str_make(head, (size_t)n)) && script_say(p, str_from(body));
}
#define KIT_SAY(a) SCRIPT_CALL(kit_say, (void *)(a))

struct kit {
    struct arena arena;
    struct intel_config config;
    struct services_options options;
    struct services *services;
    struct script_server *server;
    struct script_step steps[64][4];
    const struct script_step *conversations[64];
    int64_t mono_us, wall_s; /* the clock; a test's thread changes it while nobody asks */
    const char *key;
    char url[64];
};

static inline void kit_clock(void *ctx, int64_t *mono_us, int64_t *wall_s)
{
    const struct kit *k = ctx;
    *mono_us = k->mono_us;
    *wall_s = k->wall_s;
}

static inline bool kit_secret(void *ctx, struct arena *arena, const struct intel_secret *s,
                              struct str *out)
{
    const struct kit *k = ctx;
    if (k->key == NULL || !str_eq(s->env, STR("TEST_KEY")))
        return false;
    *out = arena_copy(arena, str_from(k->key));
    return out->p != NULL;
}

static inline void kit_pass(struct kit *k, int64_t seconds)
{
    k->mono_us += seconds * 1000000;
    k->wall_s += seconds;
}

/* All services, at no server yet. */
static inline void kit_begin(struct kit *k)
{
    *k = (struct kit){.mono_us = 1000000000, .wall_s = 20700 * 86400LL, .key = "s3cret"};
    arena_init(&k->arena, KIT_ARENA_BYTES);
    for (int i = 0; i < SERVICE_COUNT; i++)
        k->config.services[i] = (struct service){.id = (enum intel_service)i,
                                                 .enabled = true,
                                                 .key = {.env = STR_INIT("TEST_KEY")},
                                                 .found_ttl_s = 3600,
                                                 .unknown_ttl_s = 600,
                                                 .error_ttl_s = 60,
                                                 .min_malicious = 3};
    k->options = (struct services_options){.now = kit_clock, .now_ctx = k, .seed = 7};
}

static inline void kit_at(struct kit *k, struct script_server *server)
{
    k->server = server;
    snprintf(k->url, sizeof k->url, "http://127.0.0.1:%u/v", script_port(server));
    for (int i = 0; i < SERVICE_COUNT; i++)
        k->config.services[i].url = str_from(k->url);
}

/* A server that gives these answers, one a connection, and the last to all others. */
static inline void kit_serve(struct kit *k, const struct kit_answer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        k->steps[i][0] = (struct script_step)SCRIPT_REQUEST;
        k->steps[i][1] = (struct script_step)KIT_SAY(&answers[i]);
        k->steps[i][2] = (struct script_step)SCRIPT_END;
        k->conversations[i] = k->steps[i];
    }
    kit_at(k, script_start(&(struct script_options){.conversations = k->conversations,
                                                    .n_conversations = n}));
}

static inline void kit_start(struct kit *k, struct service_cache *cache)
{
    struct mp_err err = {0};
    if (!tap_int(services_new(&k->config, kit_secret, k, cache, &k->options, &k->services, &err),
                 MP_OK)) {
        tap_note("%s", err.text);
        abort();
    }
}

/* Connections that were made. */
static inline size_t kit_stop(struct kit *k)
{
    services_free(k->services);
    k->services = NULL;
    script_stop(k->server);
    return script_connections(k->server);
}

static inline void kit_end(struct kit *k)
{
    services_free(k->services);
    script_free(k->server);
    arena_clear(&k->arena);
}

static inline struct indicator kit_indicator(struct kit *k, enum indicator_kind kind,
                                             const char *text)
{
    struct indicator out = {.kind = kind};
    struct mp_err err = {0};
    if (!tap_int(indicator_read(&k->arena, kind, str_from(text), &out, &err), MP_OK))
        tap_note("%s: %s", text, err.text);
    return out;
}

static inline struct service_word kit_ask(struct kit *k, enum intel_service service,
                                          enum indicator_kind kind, const char *value)
{
    struct indicator what = kit_indicator(k, kind, value);
    struct services_ask ask = {.question = {.service = service, .what = &what}};
    tap_int(services_one(k->services, &ask, clock_mono_us() + KIT_LONG_US, NULL), MP_OK);
    return ask.word;
}

static inline void kit_expect(const struct service_word *w, enum word_outcome outcome,
                              const char *tells)
{
    bool ok = tap_cstr(word_outcome_name(w->outcome), word_outcome_name(outcome));
    ok = tap_ok(strstr(w->text, tells) != NULL) && ok;
    ok = tap_ok(strstr(w->text, "s3cret") == NULL) && ok;
    if (!ok)
        tap_note("%s", w->text);
}

#define KIT_STATS(bad)                                                                             \
    "\"last_analysis_stats\":{\"malicious\":" #bad                                                 \
    ",\"suspicious\":0,\"undetected\":20,\"harmless\":60,\"timeout\":0}"
#define KIT_DOMAIN(name, bad)                                                                      \
    "{\"data\":{\"id\":\"" name "\",\"type\":\"domain\",\"attributes\":{" KIT_STATS(bad) "}}}"
#define KIT_UNKNOWN "{\"error\":{\"code\":\"NotFoundError\",\"message\":\"no\"}}"

#endif
