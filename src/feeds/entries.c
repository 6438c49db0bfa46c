/* Sets of packed entries: what is new, what has gone, what is still good. */
#include "feeds/update_internal.h"

#include <stdlib.h>

/* By what an entry is looked up: FNV-1a. A feed that makes two of its own entries collide loses
 * one. */
static uint64_t hash_of(const struct indicator *i)
{
    struct str value = i->key;
    char range[2 + sizeof i->first.octets * 2];
    if (i->kind == INDICATOR_IP) {
        range[0] = (char)i->first.family;
        range[1] = (char)i->last.family;
        memcpy(range + 2, i->first.octets, sizeof i->first.octets);
        memcpy(range + 2 + sizeof i->first.octets, i->last.octets, sizeof i->last.octets);
        value = str_make(range, sizeof range);
    } else if (i->kind == INDICATOR_MD5) {
        value = str_make((const char *)i->hash, 16);
    } else if (i->kind == INDICATOR_SHA1) {
        value = str_make((const char *)i->hash, 20);
    } else if (i->kind == INDICATOR_SHA256) {
        value = str_make((const char *)i->hash, 32);
    }
    return (str_hash(value) ^ (uint64_t)i->kind) * 0x9e3779b97f4a7c15u;
}

static int compare_u64(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

int entry_set_of(struct str packed, struct entry_set *out, struct mp_err *err)
{
    struct entry_set set = {NULL, 0};
    size_t cap = 0, kept = 0;
    int st = MP_OK;
    while (packed.n > 0) {
        struct indicator i;
        if ((st = indicator_unpack(&packed, &i, err)) != MP_OK)
            break;
        if (set.n == cap) {
            cap = cap == 0 ? 1024 : 2 * cap;
            uint64_t *more = reallocarray(set.items, cap, sizeof *more);
            if (more == NULL) {
                st = mp_fail(err, MP_E_NOMEM, 0, "no memory to compare a feed");
                break;
            }
            set.items = more;
        }
        set.items[set.n++] = hash_of(&i);
    }
    if (st != MP_OK) {
        free(set.items);
        return st;
    }
    if (set.n > 0)
        qsort(set.items, set.n, sizeof *set.items, compare_u64);
    for (size_t i = 0; i < set.n; i++)
        if (kept == 0 || set.items[kept - 1] != set.items[i])
            set.items[kept++] = set.items[i];
    set.n = kept;
    *out = set;
    return MP_OK;
}

struct entry_change entry_sets_compare(const struct entry_set *before, const struct entry_set *now)
{
    struct entry_change c = {0, 0, 0};
    size_t i = 0, j = 0;
    while (i < before->n && j < now->n) {
        uint64_t a = before->items[i], b = now->items[j];
        c.kept += a == b;
        i += a <= b;
        j += b <= a;
    }
    c.removed = before->n - c.kept;
    c.added = now->n - c.kept;
    return c;
}

bool entry_is_expired(const struct feed *feed, const struct indicator *i, int64_t copied_s,
                      int64_t now_s)
{
    int64_t seen_s = i->last_seen_s > 0 ? i->last_seen_s : i->first_seen_s;
    if (i->valid_until_s > 0 && i->valid_until_s <= now_s)
        return true;
    if (seen_s <= 0)
        seen_s = copied_s; /* it stands in the copy, and tells no time */
    return feed->expire_s > 0 && seen_s < now_s - feed->expire_s;
}

int entries_join(const struct feed *feed, struct str before, int64_t before_s, struct str news,
                 const struct entry_set *in_news, int64_t now_s, struct buf *out,
                 struct mp_err *err)
{
    while (before.n > 0) {
        struct indicator i;
        struct str from = before;
        int st = indicator_unpack(&before, &i, err);
        if (st != MP_OK)
            return st;
        uint64_t hash = hash_of(&i);
        bool is_new = in_news->n > 0 &&
                      bsearch(&hash, in_news->items, in_news->n, sizeof hash, compare_u64) != NULL;
        if (!is_new && !entry_is_expired(feed, &i, before_s, now_s))
            buf_add(out, str_slice(from, 0, from.n - before.n));
    }
    buf_add(out, news);
    return out->failed ? mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes,
                                 "its entries take more than %zu bytes", out->max_bytes)
                       : MP_OK;
}
