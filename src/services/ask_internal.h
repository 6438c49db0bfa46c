/* The inside of `struct services`: one row a service, flights, threads. */
#ifndef MP_SERVICES_ASK_INTERNAL_H
#define MP_SERVICES_ASK_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "services/ask.h"
#include "services/gate.h"

enum flight_state { FLIGHT_QUEUED, FLIGHT_UNDER_WAY, FLIGHT_LANDED };

/* One question under way, for everybody who asks it. */
struct flight {
    struct flight *next;
    struct arena arena;
    struct indicator what;
    struct service_question question; /* `what` is the one above */
    struct service_cache_key key;
    enum flight_state state;
    unsigned waiters;
    struct gate_pass pass;
    struct service_word word;
};

struct service_desk {
    struct service config;
    struct str key;
    struct gate gate;
    bool has_key, is_on, is_loopback;
    char why_off[WORD_TEXT_BYTES];
    uint64_t asked, from_cache, joined;
    unsigned under_way;
};

struct services {
    struct arena arena; /* of what is copied at the start: never changed afterwards */
    struct services_options options;
    struct service_cache *cache, *own_cache;
    pthread_mutex_t lock; /* of all below, and of the desks */
    pthread_cond_t work, landed;
    struct service_desk desks[SERVICE_COUNT];
    struct flight *flights; /* the oldest first */
    size_t n_flights;
    uint64_t n_landed;
    pthread_t threads[SERVICES_MAX_THREADS];
    unsigned n_threads, idle;
    uint32_t chance;
    atomic_bool stopping;
};

/* ask_flight.c: finds who asks the same, or begins one; at once, under the lock. NULL: `word` says
 * why not. */
struct flight *flight_join(struct services *s, const struct services_ask *ask,
                           const struct service_cache_key *key, struct service_word *word);
/* Under the lock: who waited has gone. Frees what nobody needs. */
void flight_leave(struct services *s, struct flight *f);
void services_stop(struct services *s);

struct gate_now services_now(struct services *s); /* under the lock */

static inline void word_no_memory(struct service_word *w)
{
    w->outcome = WORD_ERROR;
    word_text(w, "no memory to ask");
}

#endif
