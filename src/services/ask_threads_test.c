/* Many who ask the same at once: one request, and each has the answer or its own deadline. */
#include <pthread.h>

#include "services/ask_test_kit.h"

enum { ASKERS = 8, MANY = 40, CROWD_QUESTIONS = 25 };

/* A door that the server waits at until the test opens it. */
struct door {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_open;
    unsigned waiting;
};
#define DOOR_INIT                                                                                  \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0                              \
    }

static bool wait_at_door(struct script_peer *p, void *ctx)
{
    struct door *d = ctx;
    (void)p;
    pthread_mutex_lock(&d->lock);
    d->waiting++;
    pthread_cond_broadcast(&d->moved);
    while (!d->is_open)
        pthread_cond_wait(&d->moved, &d->lock);
    pthread_mutex_unlock(&d->lock);
    return true;
}

static void open_door(struct door *d)
{
    pthread_mutex_lock(&d->lock);
    d->is_open = true;
    pthread_cond_broadcast(&d->moved);
    pthread_mutex_unlock(&d->lock);
}

static void wait_for(struct door *d, unsigned n)
{
    pthread_mutex_lock(&d->lock);
    while (d->waiting < n)
        pthread_cond_wait(&d->moved, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

struct asker {
    struct services *services;
    struct indicator what;
    int64_t deadline_us;
    struct services_ask ask;
    pthread_t thread;
};

static void *ask_it(void *ctx)
{
    struct asker *a = ctx;
    a->ask = (struct services_ask){.question = {.service = SERVICE_VIRUSTOTAL, .what = &a->what}};
    services_one(a->services, &a->ask, a->deadline_us, NULL);
    return NULL;
}

static void start(struct asker *a, struct kit *k, const char *domain, int64_t deadline_us)
{
    *a = (struct asker){.services = k->services,
                        .what = kit_indicator(k, INDICATOR_DOMAIN, domain),
                        .deadline_us = deadline_us};
    if (pthread_create(&a->thread, NULL, ask_it, a) != 0)
        abort();
}

static uint64_t joined(struct kit *k)
{
    struct service_status status;
    services_status(k->services, SERVICE_VIRUSTOTAL, &status);
    return status.joined;
}

/* Until that many have joined: they cannot be seen waiting in any other way. */
static void until_joined(struct kit *k, uint64_t n)
{
    while (joined(k) < n)
        sched_yield();
}

static void begin_with(struct kit *k, const struct script_step *steps)
{
    kit_begin(k);
    k->options.now = NULL;
    kit_at(k, script_play(steps));
    kit_start(k, NULL);
}

static void test_single_flight(void)
{
    static const struct kit_answer bad = {200, NULL, KIT_DOMAIN("evil.example", 9)};
    struct door door = DOOR_INIT;
    const struct script_step steps[] = {SCRIPT_REQUEST, SCRIPT_CALL(wait_at_door, &door),
                                        KIT_SAY(&bad), SCRIPT_END};
    struct asker askers[ASKERS];
    struct kit k;
    begin_with(&k, steps);
    for (size_t i = 0; i < ASKERS; i++)
        start(&askers[i], &k, "evil.example", clock_mono_us() + KIT_LONG_US);
    wait_for(&door, 1);
    until_joined(&k, ASKERS - 1);
    open_door(&door);
    for (size_t i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        tap_cstr(word_outcome_name(askers[i].ask.word.outcome), "malicious");
    }
    tap_int(kit_stop(&k), 1);
    kit_end(&k);
}

/* The first one has no time left; the request goes on for the second, and into the cache. */
static void test_own_deadlines(void)
{
    static const struct kit_answer bad = {200, NULL, KIT_DOMAIN("evil.example", 9)};
    struct door door = DOOR_INIT;
    const struct script_step steps[] = {SCRIPT_REQUEST, SCRIPT_CALL(wait_at_door, &door),
                                        KIT_SAY(&bad), SCRIPT_END};
    struct asker hasty, patient;
    struct kit k;
    begin_with(&k, steps);
    start(&hasty, &k, "evil.example", clock_mono_us() + 1000);
    pthread_join(hasty.thread, NULL);
    kit_expect(&hasty.ask.word, WORD_ERROR, "no answer in time");
    start(&patient, &k, "evil.example", clock_mono_us() + KIT_LONG_US);
    open_door(&door);
    pthread_join(patient.thread, NULL);
    kit_expect(&patient.ask.word, WORD_MALICIOUS, "9 of 89");
    struct service_word w = kit_ask(&k, SERVICE_VIRUSTOTAL, INDICATOR_DOMAIN, "evil.example");
    tap_ok(w.cached && w.outcome == WORD_MALICIOUS);
    tap_int(kit_stop(&k) <= 2, 1); /* the first one may have gone before it was sent */
    kit_end(&k);
}

/* Many questions to many services together; the deadline ends what is not answered. */
static void test_fill(void)
{
    static const struct kit_answer unknown = {404, NULL, KIT_UNKNOWN};
    const struct script_step steps[] = {SCRIPT_REQUEST, KIT_SAY(&unknown), SCRIPT_END};
    struct services_ask asks[MANY];
    struct indicator what[MANY];
    struct kit k;
    begin_with(&k, steps);
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "d%zu.example", i / 2); /* each of them twice */
        what[i] = kit_indicator(&k, INDICATOR_DOMAIN, name);
        asks[i] =
            (struct services_ask){.question = {.service = SERVICE_VIRUSTOTAL, .what = &what[i]}};
    }
    tap_int(services_fill(k.services, asks, MANY, clock_mono_us() + KIT_LONG_US, NULL), MP_OK);
    for (size_t i = 0; i < MANY; i++)
        tap_cstr(word_outcome_name(asks[i].word.outcome), "unknown");
    tap_int(services_fill(k.services, NULL, 0, 0, NULL), MP_OK);
    tap_int(kit_stop(&k), MANY / 2);
    kit_end(&k);
}

static void test_fill_deadline(void)
{
    static const struct script_step stall[] = {SCRIPT_REQUEST, SCRIPT_STALL, SCRIPT_END};
    struct services_ask asks[MANY];
    struct indicator what[MANY];
    struct kit k;
    begin_with(&k, stall);
    for (size_t i = 0; i < MANY; i++) {
        char name[32];
        snprintf(name, sizeof name, "d%zu.example", i);
        what[i] = kit_indicator(&k, INDICATOR_DOMAIN, name);
        asks[i] =
            (struct services_ask){.question = {.service = SERVICE_VIRUSTOTAL, .what = &what[i]}};
    }
    tap_int(services_fill(k.services, asks, MANY, clock_mono_us() + 50000, NULL), MP_OK);
    for (size_t i = 0; i < MANY; i++)
        kit_expect(&asks[i].word, WORD_ERROR, "no answer in time");
    kit_stop(&k); /* ends what is still under way */
    kit_end(&k);
}

/* One that hangs has not all threads: others are still asked. */
static void test_slow_neighbour(void)
{
    static const struct kit_answer known = {
        200, NULL, "{\"data\":{\"ipAddress\":\"192.0.2.7\",\"abuseConfidenceScore\":0}}"};
    static const struct script_step stall[] = {SCRIPT_REQUEST, SCRIPT_STALL, SCRIPT_END};
    const struct script_step steps[] = {SCRIPT_REQUEST, KIT_SAY(&known), SCRIPT_END};
    struct script_server *other = script_play(steps);
    struct asker askers[ASKERS];
    char url[64];
    struct kit k;
    kit_begin(&k);
    k.options.now = NULL;
    kit_at(&k, script_play(stall));
    snprintf(url, sizeof url, "http://127.0.0.1:%u", script_port(other));
    k.config.services[SERVICE_ABUSEIPDB].url = str_from(url);
    kit_start(&k, NULL);
    int64_t deadline_us = clock_mono_us() + 300000;
    for (size_t i = 0; i < ASKERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "d%zu.example", i);
        start(&askers[i], &k, name, deadline_us);
    }
    struct service_word w = kit_ask(&k, SERVICE_ABUSEIPDB, INDICATOR_IP, "192.0.2.7");
    kit_expect(&w, WORD_UNKNOWN, "no reports");
    for (size_t i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        kit_expect(&askers[i].ask.word, WORD_ERROR, "no answer in time");
    }
    kit_stop(&k);
    kit_end(&k);
    script_free(other);
}

/* Threads that ask, look at the status, and share a cache and a breaker that opens and closes. */
static void *ask_and_look(void *ctx)
{
    struct kit *k = ctx;
    for (unsigned i = 0; i < 60; i++) {
        struct indicator what = {.kind = INDICATOR_IP};
        struct service_status status;
        char text[32];
        snprintf(text, sizeof text, "192.0.2.%u", i % 7);
        ip_parse(str_from(text), &what.first);
        what.last = what.first;
        struct services_ask asks[] = {{.question = {.service = SERVICE_ABUSEIPDB, .what = &what}},
                                      {.question = {.service = SERVICE_VIRUSTOTAL, .what = &what},
                                       .is_grave = i % 2 == 0}};
        services_fill(k->services, asks, ARRAY_LEN(asks), clock_mono_us() + (i % 3) * 5000, NULL);
        services_status(k->services, SERVICE_VIRUSTOTAL, &status);
    }
    return NULL;
}

static void test_crowd(void)
{
    static const struct kit_answer answers[] = {
        {404, "X-RateLimit-Remaining: 50\r\nX-RateLimit-Limit: 60\r\n", KIT_UNKNOWN},
        {500, NULL, ""},
        {200, NULL, "{}"},
        {404, NULL, KIT_UNKNOWN}};
    pthread_t threads[ASKERS];
    struct service_status status;
    struct kit k;
    kit_begin(&k);
    k.options.now = NULL;
    for (int i = 0; i < SERVICE_COUNT; i++) {
        k.config.services[i].error_ttl_s = k.config.services[i].unknown_ttl_s = 0;
        k.config.services[i].per_day = CROWD_QUESTIONS;
    }
    kit_serve(&k, answers, ARRAY_LEN(answers));
    kit_start(&k, NULL);
    for (size_t i = 0; i < ASKERS; i++)
        if (pthread_create(&threads[i], NULL, ask_and_look, &k) != 0)
            abort();
    for (size_t i = 0; i < ASKERS; i++)
        pthread_join(threads[i], NULL);
    services_status(k.services, SERVICE_VIRUSTOTAL, &status);
    tap_ok(status.asked > 0 && status.asked <= CROWD_QUESTIONS);
    tap_int(status.left_today + (int64_t)status.used_today, CROWD_QUESTIONS);
    kit_stop(&k);
    kit_end(&k);
}

static const struct {
    const char *label;
    void (*run)(void);
} rows[] = {
    {"one request for all who ask the same", test_single_flight},
    {"each has its own deadline", test_own_deadlines},
    {"many at once", test_fill},
    {"many at once, and a deadline", test_fill_deadline},
    {"a service that hangs, and another", test_slow_neighbour},
    {"a crowd", test_crowd},
};

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        tap_case("%s", rows[i].label);
        rows[i].run();
    }
    return tap_done();
}
