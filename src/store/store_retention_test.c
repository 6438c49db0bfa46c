/* What goes and when: by count, bytes and age, by the limit of an inbox, when something ends. */
#include "base/clock.h"
#include "store/store_internal.h"
#include "store/store_test_kit.h"

enum { ARENA_BYTES = 64 << 20, OLD_MS = 60000 };

static struct arena arena;

/* Puts `n` deliveries and waits for the last. */
static void put_many(struct store *s, const struct store_delivery *d, unsigned n)
{
    struct kit_done done = KIT_DONE;
    for (unsigned i = 0; i < n; i++)
        tap_int(store_put(s, d, kit_on_done, &done, NULL), MP_OK);
    kit_wait(&done, n);
    tap_int(done.failed, 0);
}

/* Sequence numbers, oldest first, as text. */
static const char *list(struct store *s, const struct store_query *query)
{
    static char text[256];
    struct store_page page = {0};
    struct store_query q = *query;
    size_t n = 0;
    q.oldest_first = true;
    tap_int(store_list(s, &q, &arena, &page, NULL), MP_OK);
    text[0] = '\0';
    for (size_t i = 0; i < page.n && n < sizeof text - 24; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%lld ", (long long)page.items[i].seq);
    return text;
}

static const struct store_query common = {.in_inbox = true}, all = {.attempts = true};

/* ---- waiting for what the clock does: each event wakes ---- */

struct watcher {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    unsigned deleted, cleared;
};

static void on_event(void *ctx, const struct store_event *e)
{
    struct watcher *w = ctx;
    pthread_mutex_lock(&w->lock);
    w->deleted += e->kind == STORE_EVENT_DELETED;
    w->cleared += e->kind == STORE_EVENT_CLEARED;
    pthread_cond_broadcast(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

static void wait_for(struct watcher *w, const unsigned *what, unsigned n)
{
    pthread_mutex_lock(&w->lock);
    while (*what < n)
        pthread_cond_wait(&w->cond, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

/* ---- rows ---- */

static void by_count(struct store *s)
{
    const struct store_delivery d = {.raw = STR("Subject: x\r\n\r\n")},
                                refused = {.outcome = STORE_REFUSED};
    struct store_stats stats;
    put_many(s, &d, 3);
    put_many(s, &refused, 2);
    tap_cstr(list(s, &common), "1 2 3 ");
    put_many(s, &d, 2);
    tap_cstr(list(s, &common), "3 6 7 "); /* attempts are none of the three */
    tap_cstr(list(s, &all), "3 4 5 6 7 ");
    put_many(s, &d, 50);
    tap_cstr(list(s, &common), "55 56 57 ");
    store_stats(s, &stats, NULL);
    tap_int(stats.messages, 3);
    tap_int(stats.attempts, 2);
}

static void by_bytes(struct store *s)
{
    static char large[STORE_INLINE_MAX_BYTES + 1];
    const struct store_delivery small = {.raw = STR("x")},
                                file = {.raw = str_make(large, sizeof large)};
    struct store_stats stats;
    bool directory = kit_dir[0] != '\0';
    char path[128];
    snprintf(path, sizeof path, "%s/messages", kit_dir);
    put_many(s, &small, 2);
    put_many(s, &file, 2);
    tap_cstr(list(s, &common), "1 2 3 4 ");
    if (directory)
        tap_int(kit_entries(path, false), 2);
    put_many(s, &file, 1); /* three of them are too much: the oldest go until it fits */
    tap_cstr(list(s, &common), "4 5 ");
    store_stats(s, &stats, NULL);
    tap_int(stats.bytes, 2 * sizeof large);
    if (directory)
        tap_int(kit_entries(path, false), 2);
    put_many(s, &small, 5);
    tap_cstr(list(s, &common), "4 5 6 7 8 9 10 ");
}

/* One that is old goes soon, and no younger one. */
static void by_age(struct store *s)
{
    struct watcher w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    struct store_watch *watch = NULL;
    int64_t now = clock_wall_ms();
    const struct store_delivery old = {.received_ms = now - OLD_MS},
                                young = {.received_ms = now + OLD_MS};
    tap_int(store_watch(s, on_event, &w, &watch, NULL), MP_OK);
    put_many(s, &young, 1);
    put_many(s, &old, 3);
    wait_for(&w, &w.deleted, 3);
    tap_cstr(list(s, &common), "1 ");
    put_many(s, &old, STORE_SWEEP_MAX + 10); /* more than one commit deletes */
    wait_for(&w, &w.deleted, 3 + STORE_SWEEP_MAX + 10);
    tap_cstr(list(s, &all), "1 ");
    store_unwatch(s, watch);
}

static void attempts(struct store *s)
{
    const struct store_delivery refused = {.outcome = STORE_REFUSED}, d = {.raw = STR("x")};
    struct store_stats stats;
    put_many(s, &d, 1);
    put_many(s, &refused, STORE_MAX_ATTEMPTS + 7);
    store_stats(s, &stats, NULL);
    tap_int(stats.attempts, STORE_MAX_ATTEMPTS);
    tap_int(stats.messages, 1);
    struct store_page page;
    const struct store_query oldest = {.attempts = true, .oldest_first = true, .limit = 2};
    tap_int(store_list(s, &oldest, &arena, &page, NULL), MP_OK);
    tap_int(page.items[0].seq, 1);
    tap_int(page.items[1].seq, 1 + 7 + 1);
}

static void inbox_limits(struct store *s)
{
    const struct store_inbox two = {.id = STR("t-2"), .max_messages = 2}, any = {.id = STR("t-9")};
    const struct store_query in_two = {.in_inbox = true, .inbox = two.id, .attempts = true},
                             in_any = {.in_inbox = true, .inbox = any.id};
    struct store_delivery d = {.raw = STR("x"), .inbox = two.id};
    tap_int(store_inbox_put(s, &two, NULL), MP_OK);
    tap_int(store_inbox_put(s, &any, NULL), MP_OK);
    put_many(s, &d, 2);
    d.outcome = STORE_REFUSED;
    put_many(s, &d, 2);
    d.outcome = STORE_ACCEPTED;
    d.inbox = any.id;
    put_many(s, &d, 3);
    d.inbox = STR("");
    put_many(s, &d, 3);
    d.inbox = two.id;
    put_many(s, &d, 3);
    tap_cstr(list(s, &in_two), "3 4 12 13 "); /* attempts are not counted */
    tap_cstr(list(s, &in_any), "5 6 7 ");
    tap_cstr(list(s, &common), "8 9 10 ");
}

static void inbox_ends(struct store *s)
{
    struct watcher w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
    struct store_watch *watch = NULL;
    struct store_inbox ends = {.id = STR("t-1"), .expires_ms = clock_wall_ms() - 1},
                       stays = {.id = STR("t-2"), .expires_ms = INT64_MAX}, *left = NULL;
    struct store_delivery d = {.raw = STR("x"), .inbox = STR("t-1")};
    struct buf raw;
    bool found;
    size_t n = 0;
    buf_init(&raw, 100);
    tap_int(store_watch(s, on_event, &w, &watch, NULL), MP_OK);
    put_many(s, &d, 2);
    d.inbox = stays.id;
    put_many(s, &d, 1);
    tap_int(store_sent_put(s, STR("gone"), STR("x"), clock_wall_ms() - 1, NULL), MP_OK);
    tap_int(store_sent_put(s, STR("there"), STR("x"), INT64_MAX, NULL), MP_OK);
    tap_int(store_inbox_put(s, &stays, NULL), MP_OK);
    tap_int(store_inbox_put(s, &ends, NULL), MP_OK);
    wait_for(&w, &w.cleared, 1);
    tap_cstr(list(s, &all), "3 ");
    tap_int(store_inboxes(s, &arena, &left, &n, NULL), MP_OK);
    if (tap_int(n, 1))
        tap_str(left[0].id, stays.id);
    tap_int(store_sent_get(s, STR("gone"), &raw, &found, NULL), MP_OK);
    tap_ok(!found);
    tap_int(store_sent_get(s, STR("there"), &raw, &found, NULL), MP_OK);
    tap_ok(found);
    store_unwatch(s, watch);
    buf_clear(&raw);
}

static const struct kit_row rows[] = {
    {"by count", by_count, {.max_messages = 3}},
    {"by bytes", by_bytes, {.max_bytes = 3 * STORE_INLINE_MAX_BYTES}},
    {"by age", by_age, {.max_age_s = 1}},
    {"attempts", attempts, {0}},
    {"the limit of an inbox", inbox_limits, {0}},
    {"the end of an inbox, and of originals", inbox_ends, {0}},
};

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    kit_both(rows, ARRAY_LEN(rows), &arena);
    arena_clear(&arena);
    return tap_done();
}
