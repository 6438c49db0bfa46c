/* A queue and one thread that writes what was seen, many at once. */
#include "daemon/observer.h"

#include <pthread.h>
#include <stdlib.h>

#include "daemon/log.h"
#include "feedback/seen.h"

enum { ITEM_ARENA_BYTES = 256 * 1024 };

struct item {
    struct item *next;
    struct arena arena;
    struct mail_summary summary;
};

struct observer {
    struct feedback_store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *first, **last;
    size_t n;
    uint64_t lost;
    bool stopping;
};

static void free_items(struct item *i)
{
    while (i != NULL) {
        struct item *next = i->next;
        arena_clear(&i->arena);
        free(i);
        i = next;
    }
}

/* ---- the thread ---- */

/* Up to OBSERVER_BATCH_MAX of them, once there is one; NULL: it is time to stop. */
static struct item *take_batch(struct observer *o)
{
    struct item *batch, **end;
    pthread_mutex_lock(&o->lock);
    while (o->first == NULL && !o->stopping)
        pthread_cond_wait(&o->changed, &o->lock);
    batch = o->first;
    end = &batch;
    for (size_t n = 0; *end != NULL && n < OBSERVER_BATCH_MAX; n++, o->n--)
        end = &(*end)->next;
    o->first = *end;
    *end = NULL;
    if (o->first == NULL)
        o->last = &o->first;
    pthread_mutex_unlock(&o->lock);
    return batch;
}

static void *run(void *arg)
{
    struct observer *o = arg;
    struct feedback_seen *seen = calloc(OBSERVER_BATCH_MAX, sizeof *seen);
    for (struct item *batch; (batch = take_batch(o)) != NULL; free_items(batch)) {
        struct mp_err err = {0};
        size_t n = 0;
        bool failed = seen == NULL;
        for (struct item *i = batch; seen != NULL && i != NULL; i = i->next)
            n += feedback_seen_of(&i->arena, &i->summary, &seen[n], &failed);
        if (!failed && (n == 0 || feedback_observe(o->store, seen, n, &err) == MP_OK))
            continue;
        log_note(LOG_WARNING_LEVEL, "reports.observe", "%zu mails are not counted: %s", n,
                 err.text);
        pthread_mutex_lock(&o->lock);
        o->lost += n;
        pthread_mutex_unlock(&o->lock);
    }
    free(seen);
    return NULL;
}

int observer_new(struct feedback_store *store, struct observer **out, struct mp_err *err)
{
    struct observer *o = calloc(1, sizeof *o);
    if (o == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory");
    o->store = store;
    o->last = &o->first;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, NULL);
    if (pthread_create(&o->thread, NULL, run, o) != 0) {
        free(o);
        return mp_fail(err, MP_E_NOMEM, 0, "cannot start a thread");
    }
    *out = o;
    return MP_OK;
}

void observer_free(struct observer *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_signal(&o->changed);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    free_items(o->first);
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static struct item *make_item(const struct mail_summary *s)
{
    struct item *i = calloc(1, sizeof *i);
    if (i == NULL)
        return NULL;
    arena_init(&i->arena, ITEM_ARENA_BYTES);
    if (mail_summary_copy(&i->arena, s, &i->summary, NULL) == MP_OK)
        return i;
    free_items(i);
    return NULL;
}

bool observer_add(struct observer *o, const struct mail_summary *s)
{
    if (o == NULL || !feedback_seen_counts(s))
        return false;
    struct item *i = make_item(s);
    pthread_mutex_lock(&o->lock);
    bool taken = i != NULL && o->n < OBSERVER_QUEUE_MAX && !o->stopping;
    if (taken) {
        *o->last = i;
        o->last = &i->next;
        o->n++;
        pthread_cond_signal(&o->changed);
    } else {
        o->lost++;
    }
    pthread_mutex_unlock(&o->lock);
    if (!taken)
        free_items(i);
    return taken;
}

uint64_t observer_lost(struct observer *o)
{
    if (o == NULL)
        return 0;
    pthread_mutex_lock(&o->lock);
    uint64_t n = o->lost;
    pthread_mutex_unlock(&o->lock);
    return n;
}
