/* A store in memory with what tests put into it. */
#ifndef MP_ARRIVAL_STORE_TEST_KIT_H
#define MP_ARRIVAL_STORE_TEST_KIT_H

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/store.h"

struct kit_put {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int left;
};

static inline void kit_on_put(void *ctx, int status, const char *id, int64_t seq)
{
    struct kit_put *d = ctx;
    (void)id, (void)seq;
    pthread_mutex_lock(&d->lock);
    d->left -= status == MP_OK;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

/* From a@good.test at 192.0.2.1 to b@far.test, and waits until it is there. */
static inline void kit_put(struct store *s, enum store_outcome outcome, struct str raw)
{
    static const struct str rcpts[] = {STR_INIT("b@far.test")};
    struct kit_put done = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 1};
    struct mp_err err = {0};
    struct store_delivery d = {.outcome = outcome,
                               .received_ms = clock_wall_ms(),
                               .mail_from = STR("a@good.test"),
                               .rcpts = rcpts,
                               .n_rcpts = 1,
                               .helo = STR("client.test"),
                               .client_ip = STR("192.0.2.1"),
                               .protocol = STR("ESMTPS"),
                               .stage = STR("end"),
                               .reply_code = 250,
                               .raw = raw};
    if (store_put(s, &d, kit_on_put, &done, &err) != MP_OK)
        abort();
    pthread_mutex_lock(&done.lock);
    while (done.left > 0)
        pthread_cond_wait(&done.changed, &done.lock);
    pthread_mutex_unlock(&done.lock);
}

static inline struct store *kit_store(void)
{
    static const struct store_config memory = {0};
    struct mp_err err = {0};
    struct store *s = NULL;
    if (store_open(&memory, &s, &err) != MP_OK)
        abort();
    return s;
}

#endif
