/* Many threads on one store: writers, readers, deleters, watchers; the counts add up in the end. */
#include "store/store_internal.h"
#include "store/store_test_kit.h"

enum { WRITERS = 4, READERS = 3, PUTS = 250, KEPT_IDS = 64, ARENA_BYTES = 64 << 20 };

struct world {
    struct store *store;
    pthread_mutex_t lock;
    char ids[KEPT_IDS][STORE_ID_BYTES]; /* some that are there, or were */
    unsigned n_ids;
    uint64_t deleted;
    unsigned failures;
    bool over; /* the writers are done; under the lock */
};

static void count_failure(struct world *w, bool failed)
{
    pthread_mutex_lock(&w->lock);
    w->failures += failed;
    pthread_mutex_unlock(&w->lock);
}

static bool is_over(struct world *w)
{
    pthread_mutex_lock(&w->lock);
    bool over = w->over;
    pthread_mutex_unlock(&w->lock);
    return over;
}

static void *write_many(void *ctx)
{
    struct world *w = ctx;
    static const char large[STORE_INLINE_MAX_BYTES + 1] = "Subject: large\r\n\r\n";
    static const struct str rcpt = STR_INIT("a@b.test");
    for (unsigned i = 0; i < PUTS; i++) {
        struct kit_done done;
        const struct store_delivery d = {.raw = i % 20 == 0 ? str_make(large, sizeof large)
                                                            : STR("Subject: s\r\n\r\nx\r\n"),
                                         .rcpts = &rcpt,
                                         .n_rcpts = 1,
                                         .inbox = i % 3 == 0 ? STR("t-1") : STR("")};
        int st = kit_put(w->store, &d, &done);
        pthread_mutex_lock(&w->lock);
        memcpy(w->ids[w->n_ids++ % KEPT_IDS], done.id, STORE_ID_BYTES);
        w->failures += st != MP_OK;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static void *delete_some(void *ctx)
{
    struct world *w = ctx;
    while (!is_over(w)) {
        char id[STORE_ID_BYTES];
        uint64_t n = 0;
        pthread_mutex_lock(&w->lock);
        memcpy(id, w->ids[w->n_ids / 2 % KEPT_IDS], sizeof id);
        pthread_mutex_unlock(&w->lock);
        const struct str one = str_make(id, id[0] == '\0' ? 0 : STORE_ID_BYTES - 1);
        int st = store_mark_seen(w->store, &one, 1, true, NULL);
        if (st == MP_OK)
            st = store_delete(w->store, &one, 1, &n, NULL);
        pthread_mutex_lock(&w->lock);
        w->deleted += n;
        w->failures += st != MP_OK;
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static void *read_all(void *ctx)
{
    struct world *w = ctx;
    while (!is_over(w)) {
        struct arena a;
        struct store_page page = {0};
        struct store_stats stats;
        struct buf raw;
        struct store_term *terms = NULL;
        struct store_query q = {.limit = 20};
        bool found;
        arena_init(&a, ARENA_BYTES);
        buf_init(&raw, 1 << 20);
        int st = store_search_parse(&a, STR("rcpt:a@b.test -large"), 0, &terms, &q.n_terms, NULL);
        q.terms = terms;
        if (st == MP_OK)
            st = store_list(w->store, &q, &a, &page, NULL);
        for (size_t i = 0; i < page.n && st == MP_OK; i++) {
            struct store_delivery *d;
            st = store_get(w->store, str_from(page.items[i].id), &a, &d, NULL);
            buf_reset(&raw);
            if (st == MP_OK)
                st = store_raw(w->store, str_from(page.items[i].id), &raw, &found, NULL);
        }
        store_stats(w->store, &stats, NULL);
        buf_clear(&raw);
        arena_clear(&a);
        count_failure(w, st != MP_OK);
    }
    return NULL;
}

static void on_event(void *ctx, const struct store_event *e)
{
    uint64_t *counts = ctx; /* the store holds a lock around its watchers */
    counts[e->kind]++;
}

/* Comes and goes while events are told. */
static void *watch_and_go(void *ctx)
{
    struct world *w = ctx;
    while (!is_over(w)) {
        uint64_t counts[3] = {0};
        struct store_watch *watch = NULL;
        int st = store_watch(w->store, on_event, counts, &watch, NULL);
        const struct store_inbox in = {.id = STR("t-1"), .expires_ms = INT64_MAX};
        if (st == MP_OK)
            st = store_inbox_put(w->store, &in, NULL);
        store_unwatch(w->store, watch);
        count_failure(w, st != MP_OK);
    }
    return NULL;
}

static void run(const char *dir)
{
    struct world w = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t writers[WRITERS], others[READERS + 2];
    uint64_t counts[3] = {0};
    struct store_watch *watch = NULL;
    w.store = kit_open(&(struct store_config){.dir = dir});
    tap_int(store_watch(w.store, on_event, counts, &watch, NULL), MP_OK);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        pthread_create(&others[i], NULL,
                       i == 0   ? delete_some
                       : i == 1 ? watch_and_go
                                : read_all,
                       &w);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, write_many, &w);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    pthread_mutex_lock(&w.lock);
    w.over = true;
    pthread_mutex_unlock(&w.lock);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        pthread_join(others[i], NULL);
    store_unwatch(w.store, watch);
    struct arena a;
    struct store_page page = {0};
    struct store_stats stats;
    arena_init(&a, ARENA_BYTES);
    tap_int(w.failures, 0);
    tap_int(store_list(w.store, &(struct store_query){.limit = 1}, &a, &page, NULL), MP_OK);
    store_stats(w.store, &stats, NULL);
    tap_int(page.total, WRITERS * PUTS - w.deleted);
    tap_int(stats.messages, page.total);
    tap_int(stats.unseen, page.unseen);
    tap_int(stats.queued_bytes, 0);
    tap_int(counts[STORE_EVENT_ADDED], WRITERS * PUTS);
    tap_int(counts[STORE_EVENT_DELETED], w.deleted);
    arena_clear(&a);
    store_close(w.store);
}

int main(void)
{
    tap_case("threads on a directory");
    run(kit_make_dir());
    kit_remove_dir();
    tap_case("threads on memory");
    run(NULL);
    return tap_done();
}
