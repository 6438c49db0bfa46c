/* Between the two halves of the resolver: the waiting threads, and the one that asks. */
#ifndef MP_IO_RESOLVER_INTERNAL_H
#define MP_IO_RESOLVER_INTERNAL_H

#include <event2/event.h>
#include <pthread.h>
#include <unbound.h>

#include "io/dns_cache.h"
#include "io/keyed_hash.h"
#include "io/resolver.h"

enum {
    RESOLVER_MAX_FLIGHTS = 10000, /* questions on their way, over all threads */
    RESOLVER_FLIGHT_BUCKETS = 4096,
    RESOLVER_PROBE_WAIT_MS = 1000, /* questions wait so long for the word on DNSSEC */
    RESOLVER_PROBE_AGAIN_S = 60,
    RESOLVER_SERVER_TEXT_MAX = 64
};

struct waiter { /* one call of resolver_fill */
    pthread_cond_t done;
    size_t pending;
};

struct seat { /* one question of one waiter */
    struct dns_question question;
    struct flight *flight; /* NULL: landed, or never took off */
    struct seat *next, **link;
    struct waiter *waiter;
    struct dns_answer *answer;
};

struct flight { /* one question on its way, shared by all who wait for it */
    struct flight *bucket_next, *queue_next;
    struct resolver *resolver;
    struct seat *seats;
    uint64_t hash;
    enum dns_type type;
    bool validates;  /* it went to the context with the trust anchor */
    struct str name; /* the octets follow the struct */
};

enum probe { PROBE_NONE, PROBE_FIRST, PROBE_AGAIN };

struct resolver {
    unsigned timeout_ms;
    struct dns_cache *cache; /* NULL: none */

    pthread_mutex_t lock; /* guards what follows, up to the next blank line */
    pthread_cond_t idle;
    struct hash_key key;
    struct flight *flights[RESOLVER_FLIGHT_BUCKETS], *queue;
    size_t n_flights, n_fills;
    bool stopping;

    /* The resolver thread only, once it runs. */
    pthread_t thread;
    bool has_thread;
    int wake_fd;
    struct event_base *base;
    struct event *wake_event, *probe_timer;
    struct ub_ctx *validating, *plain, *current;
    struct flight *held; /* taken from the queue, waiting for the probe */
    enum probe probe;
    int64_t probed_us;
    char server[RESOLVER_SERVER_TEXT_MAX]; /* as libunbound wants it, "IP@PORT"; "": resolv.conf */

    atomic_uint_least64_t hits, misses, queries, shared, timeouts, failures;
};

/* ---- upstream.c: libunbound and its thread ---- */

int upstream_start(struct resolver *r, const struct resolver_config *c, struct mp_err *err);
void upstream_stop(struct resolver *r); /* joins the thread; no callback comes after */
void upstream_wake(struct resolver *r); /* there is something in the queue, or `stopping` is set */

/* ---- resolver.c: called by the resolver thread ---- */

struct flight *resolver_take_queue(struct resolver *r, bool *stopping);
/* The answer is there (reference taken over; NULL: no memory): all seats get it, the flight ends.
 */
void resolver_land(struct flight *f, struct dns_answer *a);

#endif
