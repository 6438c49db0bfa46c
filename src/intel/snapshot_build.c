/* Collecting what goes into a snapshot: packed at once, so that millions cost what they are long.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "intel/snapshot_builder.h"

enum { CHUNK_BYTES = 1 << 20, FIRST_ROOM = 1024 };

struct builder_chunk {
    struct builder_chunk *before;
    size_t used; /* of `bytes` */
    uint64_t bytes[CHUNK_BYTES / 8];
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for a store of indicators");
}

int snapshot_builder_new(uint64_t max_entries, struct snapshot_builder **out, struct mp_err *err)
{
    struct snapshot_builder *b = calloc(1, sizeof *b);
    if (b == NULL)
        return no_memory(err);
    b->max_entries = max_entries;
    *out = b;
    return MP_OK;
}

void snapshot_builder_empty(struct snapshot_builder *b)
{
    while (b->chunk != NULL) {
        struct builder_chunk *before = b->chunk->before;
        free(b->chunk);
        b->chunk = before;
    }
    free(b->entries);
    b->entries = NULL;
    b->n = b->room = 0;
}

void snapshot_builder_free(struct snapshot_builder *b)
{
    if (b == NULL)
        return;
    snapshot_builder_empty(b);
    for (size_t i = 0; i < b->n_feeds; i++)
        free(b->texts[i]);
    free(b);
}

int snapshot_builder_feed(struct snapshot_builder *b, const struct snapshot_feed *feed,
                          uint16_t *number, struct mp_err *err)
{
    struct str parts[4] = {feed->name, feed->title, feed->licence, feed->reference};
    struct feed_row row = {.fetched_s = feed->fetched_s,
                           .stale_s = feed->stale_s,
                           .entries = feed->entries,
                           .tlp = feed->tlp,
                           .severity = feed->severity};
    uint32_t n = 0;
    if (b->n_feeds == SNAPSHOT_MAX_FEEDS)
        return mp_fail(err, MP_E_LIMIT, SNAPSHOT_MAX_FEEDS, "more than %d feeds in a store",
                       SNAPSHOT_MAX_FEEDS);
    char *text = malloc(4 * SNAPSHOT_MAX_TEXT_BYTES);
    if (text == NULL)
        return no_memory(err);
    for (size_t k = 0; k < 4; k++) {
        struct str part = utf8_cut(parts[k], SNAPSHOT_MAX_TEXT_BYTES);
        row.at[k] = n;
        row.n[k] = (uint32_t)part.n;
        if (part.n != 0)
            memcpy(text + n, part.p, part.n);
        n += (uint32_t)part.n;
    }
    *number = (uint16_t)b->n_feeds;
    b->texts[b->n_feeds] = text;
    b->rows[b->n_feeds++] = row;
    return MP_OK;
}

static void *chunk_take(struct snapshot_builder *b, size_t bytes)
{
    size_t words = (bytes + 7) / 8;
    if (b->chunk == NULL || ARRAY_LEN(b->chunk->bytes) - b->chunk->used < words) {
        struct builder_chunk *c = malloc(sizeof *c);
        if (c == NULL)
            return NULL;
        c->before = b->chunk;
        c->used = 0;
        b->chunk = c;
    }
    void *out = b->chunk->bytes + b->chunk->used;
    b->chunk->used += words;
    return out;
}

static bool make_room(struct snapshot_builder *b)
{
    if (b->n < b->room)
        return true;
    uint64_t room = b->room == 0 ? FIRST_ROOM : 2 * b->room;
    struct entry *more = realloc(b->entries, (size_t)room * sizeof *more);
    if (more == NULL)
        return false;
    b->entries = more;
    b->room = room;
    return true;
}

/* Of a range of addresses both ends; `bytes` has room for them. p == NULL: no value. */
static struct str key_of(const struct indicator *i, char bytes[32])
{
    size_t octets = snapshot_hash_octets(i->kind);
    if (octets != 0)
        return str_make((const char *)i->hash, octets);
    if (i->kind != INDICATOR_IP)
        return i->key.n == 0 || i->key.n > INDICATOR_MAX_KEY_BYTES ? STR_NONE : i->key;
    octets = ip_octets(&i->first);
    if (i->first.family == IP_NONE || i->first.family != i->last.family ||
        memcmp(i->first.octets, i->last.octets, octets) > 0)
        return STR_NONE;
    memcpy(bytes, i->first.octets, octets);
    memcpy(bytes + octets, i->last.octets, octets);
    return str_make(bytes, ip_eq(&i->first, &i->last) ? octets : 2 * octets);
}

/* 0 stays "not told"; a time before 1970 is the first one that is told. */
static uint32_t seconds(int64_t s)
{
    return s < 0 ? 1 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static char *put(char *to, struct str s)
{
    if (s.n != 0)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

/* A fixed key: this hash only brings entries into an order from which the key of the file is made,
 * so nothing is gained by making it collide. */
static const struct siphash_key order_key = {{0, 0}};

int snapshot_builder_add(struct snapshot_builder *b, const struct indicator *i, struct mp_err *err)
{
    char ends[32];
    if ((unsigned)i->kind >= INDICATOR_KIND_COUNT || i->feed >= b->n_feeds)
        return mp_fail(err, MP_E_USAGE, 0, "an indicator without a kind or a feed");
    struct str key = key_of(i, ends), id = utf8_cut(i->id, INDICATOR_MAX_LABEL_BYTES);
    struct str label = utf8_cut(i->label, INDICATOR_MAX_LABEL_BYTES);
    if (key.p == NULL)
        return mp_fail(err, MP_E_USAGE, 0, "an indicator without a value");
    if (b->n >= b->max_entries)
        return mp_fail(err, MP_E_LIMIT, (int64_t)b->max_entries,
                       "more than %llu indicators in a store", (unsigned long long)b->max_entries);
    struct record *r = chunk_take(b, sizeof *r + key.n + id.n + label.n);
    if (r == NULL || !make_room(b))
        return no_memory(err);
    enum tlp tlp = (unsigned)i->tlp < TLP_COUNT ? i->tlp : TLP_RED;
    *r = (struct record){.first_seen_s = seconds(i->first_seen_s),
                         .last_seen_s = seconds(i->last_seen_s),
                         .valid_until_s = seconds(i->valid_until_s),
                         .feed = i->feed,
                         .form = record_form(i->kind, key.n),
                         .confidence = i->confidence,
                         .tlp = (uint8_t)(tlp == TLP_UNKNOWN ? b->rows[i->feed].tlp : tlp),
                         .id_n = (uint8_t)id.n,
                         .label_n = (uint8_t)label.n};
    put(put(put((char *)(r + 1), key), id), label);
    b->entries[b->n++] = (struct entry){snapshot_hash(&order_key, i->kind, key), r};
    return MP_OK;
}
