/* Asking from many threads: the cache, one flight for each question, and deadlines of one's own. */
#include "io/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "io/resolver_internal.h"

void resolver_config_init(struct resolver_config *c)
{
    *c = (struct resolver_config){.timeout_ms = RESOLVER_TIMEOUT_MS,
                                  .cache_entries = RESOLVER_CACHE_ENTRIES};
}

static int64_t cache_now_s(void)
{
    return clock_mono_us() / 1000000;
}

static struct dns_answer *failure(enum dns_status status, struct str name, enum dns_type type,
                                  const char *why)
{
    return dns_answer_new(status, name, type, DNSSEC_UNKNOWN, 0, STR_NONE, str_from(why), NULL, 0);
}

/* ---- flights; the lock is held ---- */

static struct flight **bucket_of(struct resolver *r, uint64_t hash)
{
    return &r->flights[hash & (RESOLVER_FLIGHT_BUCKETS - 1)];
}

static struct flight *find_flight(struct resolver *r, uint64_t hash, struct dns_question q)
{
    struct flight *f = *bucket_of(r, hash);
    while (f != NULL && (f->hash != hash || f->type != q.type || !str_eq(f->name, q.name)))
        f = f->bucket_next;
    return f;
}

static struct flight *new_flight(struct resolver *r, uint64_t hash, struct dns_question q)
{
    struct flight *f = malloc(sizeof *f + q.name.n);
    if (f == NULL)
        return NULL;
    char *octets = (char *)(f + 1);
    memcpy(octets, q.name.p, q.name.n);
    *f = (struct flight){.bucket_next = *bucket_of(r, hash),
                         .queue_next = r->queue,
                         .resolver = r,
                         .hash = hash,
                         .type = q.type,
                         .name = str_make(octets, q.name.n)};
    *bucket_of(r, hash) = f;
    r->queue = f;
    r->n_flights++;
    return f;
}

static void take_seat(struct flight *f, struct seat *seat)
{
    seat->flight = f;
    seat->next = f->seats;
    seat->link = &f->seats;
    if (f->seats != NULL)
        f->seats->link = &seat->next;
    f->seats = seat;
    seat->waiter->pending++;
}

static void leave_seat(struct seat *seat)
{
    *seat->link = seat->next;
    if (seat->next != NULL)
        seat->next->link = seat->link;
    seat->flight = NULL;
    seat->waiter->pending--;
}

static void forget_flight(struct resolver *r, struct flight *f)
{
    struct flight **at = bucket_of(r, f->hash);
    while (*at != f)
        at = &(*at)->bucket_next;
    *at = f->bucket_next;
    r->n_flights--;
    free(f);
}

struct flight *resolver_take_queue(struct resolver *r, bool *stopping)
{
    pthread_mutex_lock(&r->lock);
    struct flight *f = r->queue;
    r->queue = NULL;
    *stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return f;
}

void resolver_land(struct flight *f, struct dns_answer *a)
{
    struct resolver *r = f->resolver;
    if (a != NULL && a->status >= DNS_SERVFAIL)
        atomic_fetch_add(&r->failures, 1);
    if (a != NULL && r->cache != NULL)
        dns_cache_put(r->cache, a, cache_now_s());
    pthread_mutex_lock(&r->lock);
    while (f->seats != NULL) {
        struct seat *seat = f->seats;
        leave_seat(seat);
        seat->answer = a == NULL ? NULL : dns_answer_ref(a);
        if (seat->waiter->pending == 0)
            pthread_cond_signal(&seat->waiter->done);
    }
    forget_flight(r, f);
    pthread_mutex_unlock(&r->lock);
    dns_answer_unref(a);
}

/* ---- one fill ---- */

static size_t count_missing(const struct dns_view *v)
{
    struct dns_question q;
    size_t cursor = 0, n = 0;
    while (dns_view_missing(v, &cursor, &q))
        n++;
    return n;
}

/* Join the flight of each question, or send one off. True when the thread must be woken. */
static bool board(struct resolver *r, struct seat *seats, size_t n, struct waiter *w)
{
    bool wake = false;
    for (size_t i = 0; i < n; i++) {
        struct dns_question q = seats[i].question;
        if (seats[i].answer != NULL)
            continue;
        uint64_t hash = hash_question(&r->key, q.name, q.type);
        struct flight *f = find_flight(r, hash, q);
        if (f != NULL) {
            atomic_fetch_add(&r->shared, 1);
        } else if (r->n_flights == RESOLVER_MAX_FLIGHTS) {
            seats[i].answer =
                failure(DNS_SERVFAIL, q.name, q.type, "too many DNS questions are on their way");
        } else if ((f = new_flight(r, hash, q)) != NULL) {
            atomic_fetch_add(&r->queries, 1);
            wake = true;
        }
        seats[i].waiter = w;
        if (f != NULL)
            take_seat(f, &seats[i]);
    }
    return wake;
}

static void wait_for(struct resolver *r, struct waiter *w, int64_t deadline_us)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_us / 1000000),
                             .tv_nsec = (long)(deadline_us % 1000000 * 1000)};
    while (w->pending != 0 && !r->stopping)
        if (pthread_cond_timedwait(&w->done, &r->lock, &until) == ETIMEDOUT)
            break;
}

static void fly(struct resolver *r, struct seat *seats, size_t n, int64_t deadline_us)
{
    struct waiter w = {.pending = 0};
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w.done, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_lock(&r->lock);
    if (!r->stopping) {
        r->n_fills++;
        if (board(r, seats, n, &w))
            upstream_wake(r);
        wait_for(r, &w, deadline_us);
        for (size_t i = 0; i < n; i++) {
            if (seats[i].flight != NULL) { /* it flies on, and its answer goes to the cache */
                leave_seat(&seats[i]);
                atomic_fetch_add(&r->timeouts, 1);
            }
        }
        if (--r->n_fills == 0)
            pthread_cond_broadcast(&r->idle);
    }
    pthread_mutex_unlock(&r->lock);
    pthread_cond_destroy(&w.done);
}

int resolver_fill(struct resolver *r, struct dns_view *v, int64_t deadline_us, struct mp_err *err)
{
    size_t n = count_missing(v), cursor = 0, cold = 0;
    int64_t now_us = clock_mono_us(), own_us = now_us + (int64_t)r->timeout_ms * 1000;
    int st = MP_OK;
    struct seat *seats = n == 0 ? NULL : calloc(n, sizeof *seats);
    if (seats == NULL)
        return n == 0 ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory to ask DNS");
    for (size_t i = 0; i < n && dns_view_missing(v, &cursor, &seats[i].question); i++) {
        struct dns_question q = seats[i].question;
        if (r->cache != NULL) /* another thread may have asked since the view did */
            seats[i].answer = dns_cache_get(r->cache, q.name, q.type, cache_now_s());
        cold += seats[i].answer == NULL;
    }
    if (cold != 0 && deadline_us > now_us)
        fly(r, seats, n, deadline_us < own_us ? deadline_us : own_us);
    for (size_t i = 0; i < n; i++) {
        struct dns_question q = seats[i].question;
        struct dns_answer *a = seats[i].answer;
        if (a == NULL)
            a = failure(DNS_TIMEOUT, q.name, q.type, "no answer before the deadline");
        if (dns_view_put(v, q.name, q.type, a) != MP_OK && st == MP_OK)
            st = mp_fail(err, MP_E_NOMEM, 0, "no memory for a DNS answer");
    }
    free(seats);
    return st;
}

struct dns_answer *resolver_ready(void *resolver, struct str name, enum dns_type type)
{
    struct resolver *r = resolver;
    struct dns_answer *a =
        r->cache == NULL ? NULL : dns_cache_get(r->cache, name, type, cache_now_s());
    atomic_fetch_add_explicit(a != NULL ? &r->hits : &r->misses, 1, memory_order_relaxed);
    return a;
}

void resolver_stats(const struct resolver *r, struct resolver_stats *out)
{
    *out = (struct resolver_stats){.hits = atomic_load(&r->hits),
                                   .misses = atomic_load(&r->misses),
                                   .queries = atomic_load(&r->queries),
                                   .shared = atomic_load(&r->shared),
                                   .timeouts = atomic_load(&r->timeouts),
                                   .failures = atomic_load(&r->failures)};
}

/* ---- life ---- */

int resolver_new(const struct resolver_config *c, struct resolver **out, struct mp_err *err)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (r == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the resolver");
    r->timeout_ms = c->timeout_ms != 0 ? c->timeout_ms : RESOLVER_TIMEOUT_MS;
    r->wake_fd = -1;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->idle, NULL);
    int st = MP_OK;
    if (c->cache_entries != 0 && (r->cache = dns_cache_new(c->cache_entries)) == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for the DNS cache");
    if (st == MP_OK && !hash_key_init(&r->key))
        st = mp_fail(err, MP_E_IO, errno, "no random numbers: %s", strerror(errno));
    if (st == MP_OK)
        st = upstream_start(r, c, err);
    if (st == MP_OK)
        *out = r;
    else
        resolver_free(r);
    return st;
}

static void wake_waiters(struct resolver *r)
{
    for (size_t i = 0; i < RESOLVER_FLIGHT_BUCKETS; i++)
        for (struct flight *f = r->flights[i]; f != NULL; f = f->bucket_next)
            for (struct seat *seat = f->seats; seat != NULL; seat = seat->next)
                pthread_cond_signal(&seat->waiter->done);
}

void resolver_free(struct resolver *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    wake_waiters(r);
    while (r->n_fills != 0) /* each leaves at once, with DNS_TIMEOUT */
        pthread_cond_wait(&r->idle, &r->lock);
    pthread_mutex_unlock(&r->lock);
    upstream_stop(r);
    for (size_t i = 0; i < RESOLVER_FLIGHT_BUCKETS; i++)
        while (r->flights[i] != NULL)
            forget_flight(r, r->flights[i]);
    dns_cache_free(r->cache);
    pthread_cond_destroy(&r->idle);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
