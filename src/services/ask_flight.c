/* Flights: one request for all that want to know the same, made by a few threads of ours, so that
 * it goes on when one of those who wait has no time left. */
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "services/ask_internal.h"

enum { FLIGHT_BYTES = SERVICE_MAX_BODY_BYTES + (1 << 20), SECOND_US = 1000000, DAY_S = 86400 };

/* ---- joining one ---- */

static struct flight *find(struct services *s, const struct service_cache_key *key)
{
    for (struct flight *f = s->flights; f != NULL; f = f->next)
        if (f->key.service == key->service && f->key.kind == key->kind &&
            str_eq(f->key.value, key->value))
            return f;
    return NULL;
}

static void describe(struct service_word *w, const char *what, const struct gate_now *now,
                     int64_t until_us)
{
    char text[32] = "";
    int64_t left_us = until_us - now->mono_us;
    w->until_s = until_us == 0 ? 0 : now->wall_s + (left_us + SECOND_US - 1) / SECOND_US;
    if (until_us != 0 && clock_ms_text(w->until_s * 1000, text, sizeof text) != 0)
        memcpy(text + sizeof "2026-11-23T10:00:00" - 1, "Z", sizeof "Z");
    word_text(w, "%s%s%s", what, text[0] == '\0' ? "" : " until ", text);
}

static const struct {
    const char *says;
    enum word_outcome outcome;
} states[GATE_STATE_COUNT] = {
    [GATE_MINUTE] = {"the questions of this minute are used up", WORD_LIMITED},
    [GATE_DAY] = {"the questions of this day are used up", WORD_LIMITED},
    [GATE_RESERVE] = {"what is left of this day is kept for graver mail", WORD_LIMITED},
    [GATE_PAUSED] = {"it wants no questions (HTTP 429)", WORD_LIMITED},
    [GATE_BACKOFF] = {"it failed, and is not asked", WORD_ERROR},
    [GATE_BROKEN] = {"it failed again and again, and is not asked", WORD_ERROR},
};

/* Not while it is off, paused or broken. */
static bool is_shut(const struct service_desk *d, enum gate_state state, const struct gate_now *now,
                    int64_t until_us, struct service_word *w)
{
    if (!d->is_on) {
        w->outcome = WORD_REFUSED;
        word_text(w, "%s", d->why_off);
    } else if (state != GATE_OPEN) {
        w->outcome = states[state].outcome;
        describe(w, states[state].says, now, until_us);
    }
    return !d->is_on || state != GATE_OPEN;
}

static bool may_ask(struct services *s, const struct services_ask *ask, struct gate_pass *pass,
                    struct service_word *w)
{
    struct service_desk *d = &s->desks[ask->question.service];
    struct gate_now now = services_now(s);
    enum gate_state state = GATE_OPEN;
    int64_t until_us = 0;
    if (d->is_on && s->n_flights >= SERVICES_MAX_FLIGHTS) {
        w->outcome = WORD_ERROR;
        word_text(w, "too many questions at once");
        return false;
    }
    if (d->is_on)
        state = gate_take(&d->gate, &now, ask->is_grave, pass, &until_us);
    return !is_shut(d, state, &now, until_us, w);
}

/* Everything of it lives in its own arena: who asked first may be gone first. */
static struct flight *flight_new(const struct service_question *q,
                                 const struct service_cache_key *key)
{
    struct flight *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    arena_init(&f->arena, FLIGHT_BYTES);
    f->what = (struct indicator){.kind = q->what->kind,
                                 .first = q->what->first,
                                 .last = q->what->last,
                                 .key = arena_copy(&f->arena, q->what->key)};
    memcpy(f->what.hash, q->what->hash, sizeof f->what.hash);
    f->question = (struct service_question){q->service, &f->what, q->http};
    f->key = (struct service_cache_key){key->service, key->kind, arena_copy(&f->arena, key->value)};
    f->word = (struct service_word){.service = q->service, .outcome = WORD_ERROR};
    if (f->what.key.p == NULL || f->key.value.p == NULL) {
        arena_clear(&f->arena);
        free(f);
        return NULL;
    }
    return f;
}

static void flight_free(struct flight *f)
{
    arena_clear(&f->arena);
    free(f);
}

static void *work(void *arg);

/* Threads come when there is something to do for them. */
static bool has_thread(struct services *s)
{
    sigset_t all, before;
    if (s->idle != 0 || s->n_threads == s->options.threads)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    bool made = pthread_create(&s->threads[s->n_threads], NULL, work, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    s->n_threads += made;
    return s->n_threads != 0;
}

static void append(struct services *s, struct flight *f)
{
    struct flight **at = &s->flights;
    while (*at != NULL)
        at = &(*at)->next;
    *at = f;
    s->n_flights++;
}

static void take_out(struct services *s, const struct flight *f)
{
    struct flight **at = &s->flights;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    s->n_flights--;
}

struct flight *flight_join(struct services *s, const struct services_ask *ask,
                           const struct service_cache_key *key, struct service_word *word)
{
    struct gate_pass pass;
    struct flight *f = find(s, key);
    if (f != NULL) {
        s->desks[key->service].joined++;
        f->waiters++;
        return f;
    }
    if (!may_ask(s, ask, &pass, word))
        return NULL;
    f = has_thread(s) ? flight_new(&ask->question, key) : NULL;
    if (f == NULL) {
        gate_give_back(&s->desks[key->service].gate, &pass);
        word_no_memory(word);
        return NULL;
    }
    f->pass = pass;
    f->waiters = 1;
    append(s, f);
    pthread_cond_signal(&s->work);
    return f;
}

/* One that nobody waits for any more and that has not begun is not asked: it would only keep
 * others waiting. One that landed is out of the list already. */
void flight_leave(struct services *s, struct flight *f)
{
    f->waiters--;
    if (f->waiters != 0 || f->state == FLIGHT_UNDER_WAY)
        return;
    if (f->state == FLIGHT_QUEUED) {
        take_out(s, f);
        gate_give_back(&s->desks[f->key.service].gate, &f->pass);
    }
    flight_free(f);
}

/* ---- the request ---- */

static bool go_on(void *ctx, uint64_t got, uint64_t total)
{
    struct services *s = ctx;
    (void)got;
    (void)total;
    return !atomic_load(&s->stopping);
}

static int send_request(struct services *s, struct flight *f, struct fetch_reply *reply,
                        struct mp_err *err)
{
    const struct service_desk *d = &s->desks[f->key.service];
    struct service_request r;
    int st = service_ask(&f->arena, &d->config, d->key, &f->question, &r, err);
    if (st != MP_OK)
        return st;
    struct fetch_request request = {
        .url = r.url,
        .n_headers = r.n_headers,
        .has_secret = true,
        .no_redirects = true, /* what is asked is for this service alone, and so is the key */
        .max_bytes = SERVICE_MAX_BODY_BYTES,
        .ca_file = s->options.ca_file,
        .allow_private = s->options.allow_private || d->is_loopback,
        .resolve_host = s->options.resolve_host,
        .resolve_ip = s->options.resolve_ip,
        .deadline_us = clock_mono_us() + s->options.timeout_ms * 1000,
        .progress = go_on,
        .progress_ctx = s,
    };
    memcpy(request.headers, r.headers, r.n_headers * sizeof r.headers[0]);
    return fetch(&f->arena, &request, reply, err);
}

/* The word of a flight. False: it was not asked, for want of memory. */
static bool fly(struct services *s, struct flight *f, struct fetch_reply *reply)
{
    const struct service_desk *d = &s->desks[f->key.service];
    struct mp_err err = {0};
    int st = send_request(s, f, reply, &err);
    if (st == MP_E_NOMEM) {
        word_no_memory(&f->word);
        return false;
    }
    if (st != MP_OK) { /* the configured address, or the key, is no good */
        f->word.outcome = WORD_ERROR;
        f->word.fails = true;
        word_text(&f->word, "it cannot be asked: %s", err.text);
    } else if (reply->fault == HTTPS_OK || reply->fault == HTTPS_STATUS) {
        struct service_answer answer = {reply->status, reply->body};
        service_read(&f->question, d->config.min_malicious, &answer, &f->word);
    } else {
        f->word.outcome = WORD_ERROR;
        f->word.fails = reply->fault != HTTPS_TOO_LARGE;
        word_text(&f->word, "no answer: " STR_FMT,
                  STR_ARG(reply->reason.n != 0 ? reply->reason
                                               : str_from(https_fault_name(reply->fault))));
    }
    return true;
}

/* ---- what came of it ---- */

static void keep(struct services *s, const struct flight *f, int64_t now_s)
{
    const struct service *config = &s->desks[f->key.service].config;
    int64_t ttl_s = f->word.outcome == WORD_UNKNOWN ? config->unknown_ttl_s
                    : f->word.outcome == WORD_ERROR ? config->error_ttl_s
                                                    : config->found_ttl_s;
    int64_t expires_s = ttl_s > 0 ? now_s + ttl_s : now_s;
    if (f->word.outcome == WORD_REFUSED || f->word.outcome == WORD_LIMITED)
        return;
    if (f->word.expires_s != 0 && f->word.expires_s < expires_s)
        expires_s = f->word.expires_s;
    if (expires_s > now_s)
        service_cache_put(s->cache, &f->key, &f->word, now_s, expires_s);
}

/* Tells the gate; true when there is a pause that other runs must keep too. */
static bool tell_gate(struct services *s, struct flight *f, const struct fetch_reply *reply,
                      const struct gate_now *now)
{
    struct service_desk *d = &s->desks[f->key.service];
    const struct gate_rates rates = {reply->rate_limit, reply->rate_remaining, reply->rate_reset_s,
                                     reply->retry_after_s};
    int64_t before = d->gate.paused_until_us;
    if (f->word.outcome == WORD_LIMITED)
        gate_limited(&d->gate, now, &f->pass, &rates);
    else if (f->word.fails)
        gate_failed(&d->gate, now, &f->pass, &rates);
    else
        gate_answered(&d->gate, now, &f->pass, &rates);
    if (f->word.outcome == WORD_REFUSED) { /* it does not get better by asking again */
        d->is_on = false;
        memcpy(d->why_off, f->word.text, sizeof d->why_off);
    }
    if (f->word.outcome == WORD_LIMITED)
        describe(&f->word, states[GATE_PAUSED].says, now, d->gate.paused_until_us);
    return d->gate.paused_until_us != before;
}

/* Under the lock, twice; in between it is kept, so that who comes then finds it in the list or in
 * the cache. */
static void land(struct services *s, struct flight *f, const struct fetch_reply *reply)
{
    struct gate *g = &s->desks[f->key.service].gate;
    struct gate_now now = services_now(s);
    f->word.asked_s = now.wall_s;
    bool is_paused = tell_gate(s, f, reply, &now);
    int64_t paused_s = now.wall_s + (g->paused_until_us - now.mono_us + SECOND_US - 1) / SECOND_US;
    pthread_mutex_unlock(&s->lock);
    keep(s, f, now.wall_s);
    if (is_paused)
        service_cache_pause(s->cache, f->key.service, paused_s);
    pthread_mutex_lock(&s->lock);
}

static void take_off(struct services *s, struct flight *f)
{
    take_out(s, f);
    s->n_landed++;
    s->desks[f->key.service].under_way--;
    f->state = FLIGHT_LANDED;
    if (f->waiters == 0)
        flight_free(f);
    else
        pthread_cond_broadcast(&s->landed);
    pthread_cond_signal(&s->work); /* its service may have another one */
}

/* All processes that share the cache share the day's count. */
static void count(struct services *s, const struct flight *f, int64_t wall_s)
{
    struct gate *g = &s->desks[f->key.service].gate;
    uint64_t used = 0;
    int64_t day = wall_s / DAY_S;
    if (!service_cache_count(s->cache, f->key.service, day, 1, &used))
        return;
    pthread_mutex_lock(&s->lock);
    struct gate_now now = services_now(s);
    gate_restore(g, &now, day, used, 0);
    pthread_mutex_unlock(&s->lock);
}

/* ---- threads ---- */

/* A service that is slow must not have all threads: the others would be slow too. */
static struct flight *next_queued(struct services *s)
{
    unsigned most = s->options.threads > 1 ? s->options.threads - 1 : 1;
    for (struct flight *f = s->flights; f != NULL; f = f->next)
        if (f->state == FLIGHT_QUEUED && s->desks[f->key.service].under_way < most)
            return f;
    return NULL;
}

static void ask_one(struct services *s, struct flight *f)
{
    struct service_desk *d = &s->desks[f->key.service];
    struct fetch_reply reply = {
        .rate_limit = -1, .rate_remaining = -1, .rate_reset_s = -1, .retry_after_s = -1};
    struct gate_now now = services_now(s);
    int64_t until_us = 0;
    enum gate_state state = gate_recheck(&d->gate, &now, &f->pass, &until_us);
    d->under_way++;
    if (is_shut(d, state, &now, until_us, &f->word)) { /* while it was waiting */
        gate_give_back(&d->gate, &f->pass);
        take_off(s, f);
        return;
    }
    f->state = FLIGHT_UNDER_WAY;
    d->asked++;
    pthread_mutex_unlock(&s->lock);
    count(s, f, now.wall_s);
    bool asked = fly(s, f, &reply);
    pthread_mutex_lock(&s->lock);
    if (asked)
        land(s, f, &reply);
    else
        gate_give_back(&d->gate, &f->pass);
    take_off(s, f);
}

static void *work(void *arg)
{
    struct services *s = arg;
    struct flight *f;
    pthread_mutex_lock(&s->lock);
    while (!atomic_load(&s->stopping)) {
        if ((f = next_queued(s)) != NULL) {
            ask_one(s, f);
            continue;
        }
        s->idle++;
        pthread_cond_wait(&s->work, &s->lock);
        s->idle--;
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

void services_stop(struct services *s)
{
    atomic_store(&s->stopping, true);
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->n_threads; i++)
        pthread_join(s->threads[i], NULL);
    while (s->flights != NULL) {
        struct flight *f = s->flights;
        take_out(s, f);
        flight_free(f);
    }
}
