/* Messages of a capture server in this process: its store is asked, and tells when one came. */
#include <stdlib.h>

#include "arrival/mailbox_internal.h"
#include "base/clock.h"

struct sink_local {
    struct store_watch *watch;
    pthread_mutex_t lock;
    pthread_cond_t came;
    uint64_t events, waited_for; /* how many there were when the last look began */
};

static void on_event(void *ctx, const struct store_event *e)
{
    struct sink_local *x = ctx;
    (void)e;
    pthread_mutex_lock(&x->lock);
    x->events++;
    pthread_cond_broadcast(&x->came);
    pthread_mutex_unlock(&x->lock);
}

static int local_open(struct mailbox_reader *m, struct mp_err *err)
{
    struct sink_local *x = calloc(1, sizeof *x);
    m->state = x;
    if (x == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a mailbox");
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->came, NULL);
    return store_watch(m->config.store, on_event, x, &x->watch, err);
}

/* The store's terms narrow it down; what it says is looked at again. */
static size_t terms_of(const struct mailbox_match *match, struct store_term terms[4])
{
    size_t n = 0;
    if (match->bounce)
        return 0;
    if (match->tag.n > 0)
        terms[n++] = (struct store_term){.field = STORE_F_TAG, .text = match->tag};
    if (match->subject.n > 0)
        terms[n++] = (struct store_term){.field = STORE_F_SUBJECT, .text = match->subject};
    return n;
}

/* Transactions to its first recipient, refused ones too. */
static int count_attempts(struct mailbox_reader *m, struct mailbox_hit *hit, struct mp_err *err)
{
    struct store_page page;
    struct arena a = {0};
    struct store_term term = {.field = STORE_F_RCPT};
    struct store_query q = {.in_inbox = m->config.inbox.n > 0,
                            .inbox = hit->delivery.inbox,
                            .attempts = true,
                            .after_seq = m->config.after_seq,
                            .terms = &term,
                            .n_terms = 1,
                            .limit = 1};
    if (hit->delivery.n_rcpts == 0)
        return MP_OK;
    term.text = hit->delivery.rcpts[0];
    arena_init(&a, 16 << 20);
    int st = store_list(m->config.store, &q, &a, &page, err);
    hit->attempts = st == MP_OK ? (unsigned)page.total : 0;
    arena_clear(&a);
    return st;
}

static int offer(struct mailbox_reader *m, struct mailbox_hits *hits,
                 const struct store_delivery *d, struct mp_err *err)
{
    struct buf raw;
    bool found = false;
    struct str id = str_from(d->id), folder = d->inbox.n > 0 ? d->inbox : STR("default");
    if (seen_has(&m->seen, folder, id) || mailbox_has_hit(hits, folder, id))
        return MP_OK;
    buf_init(&raw, ARRIVAL_MAX_MESSAGE_BYTES);
    int st = store_raw(m->config.store, id, &raw, &found, err);
    struct mailbox_hit hit = {.folder = folder,
                              .id = id,
                              .raw = buf_str(&raw),
                              .has_delivery = true,
                              .delivery = *d,
                              .arrived_ms = d->received_ms};
    st = st == MP_OK && found ? count_attempts(m, &hit, err) : st;
    if (st == MP_OK && found)
        st = mailbox_offer(m, hits, &hit, err);
    buf_clear(&raw);
    return st;
}

static int offer_all(struct mailbox_reader *m, struct mailbox_hits *hits,
                     const struct store_query *q, struct mp_err *err)
{
    struct store_page page;
    int st = store_list(m->config.store, q, hits->arena, &page, err);
    for (size_t i = st == MP_OK ? page.n : 0; st == MP_OK && i > 0; i--) /* newest first there */
        st = offer(m, hits, &page.items[i - 1], err);
    return st;
}

static int local_find(struct mailbox_reader *m, const struct mailbox_match *match,
                      struct mailbox_hits *hits, int64_t deadline_us, struct mp_err *err)
{
    struct sink_local *x = m->state;
    struct store_term terms[4];
    struct str inbox = m->config.inbox;
    struct store_query q = {.in_inbox = inbox.n > 0,
                            .inbox = str_eq(inbox, STR("default")) ? STR("") : inbox,
                            .terms = terms,
                            .n_terms = terms_of(match, terms),
                            .after_seq = m->config.after_seq,
                            .limit = MAILBOX_LOOKED_AT_MAX};
    (void)deadline_us;
    pthread_mutex_lock(&x->lock);
    x->waited_for = x->events;
    pthread_mutex_unlock(&x->lock);
    int st = offer_all(m, hits, &q, err);
    if (st != MP_OK || q.n_terms == 0)
        return st;
    q.n_terms = 0; /* what hides its fields is not found by them */
    return offer_all(m, hits, &q, err);
}

static int local_remove(struct mailbox_reader *m, const struct mailbox_hit *hit,
                        int64_t deadline_us, struct mp_err *err)
{
    (void)deadline_us;
    return store_delete(m->config.store, &hit->id, 1, NULL, err);
}

static int local_wait(struct mailbox_reader *m, int64_t deadline_us, struct mp_err *err)
{
    struct sink_local *x = m->state;
    struct timespec until = {.tv_sec = deadline_us / 1000000,
                             .tv_nsec = deadline_us % 1000000 * 1000};
    (void)err;
    pthread_mutex_lock(&x->lock);
    while (x->events == x->waited_for && clock_mono_us() < deadline_us)
        pthread_cond_clockwait(&x->came, &x->lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&x->lock);
    return MP_OK;
}

static void local_close(struct mailbox_reader *m)
{
    struct sink_local *x = m->state;
    if (x == NULL)
        return;
    store_unwatch(m->config.store, x->watch);
    pthread_cond_destroy(&x->came);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

const struct mailbox_kind mailbox_sink_local = {local_open, local_find, local_remove, local_wait,
                                                local_close};
