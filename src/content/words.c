/* Names and phrases of lists, found in text by a hash of their first word: each word of a text is
 * looked up once, and what begins with it is compared. */
#include "content/lists.h"

#include "content/lists_internal.h"

enum { STEM_SALT = 0x5bd1 };

static const uint32_t HASH_BEGIN = 2166136261u;

static inline uint32_t hash_step(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static inline uint32_t hash_end(uint32_t hash, uint32_t salt)
{
    hash ^= salt;
    return hash ^ hash >> 15;
}

static uint32_t hash_of(struct str word, uint32_t salt)
{
    uint32_t h = HASH_BEGIN;
    for (size_t i = 0; i < word.n; i++)
        h = hash_step(h, word.p[i]);
    return hash_end(h, salt);
}

/* A stem of one word is found by its beginning, all else by the whole first word. */
static uint32_t hash_of_entry(const struct content_entry *e)
{
    struct str rest = e->folded, first = str_cut(&rest, ' ');
    return e->stem && rest.p == NULL ? hash_of(str_slice(first, 0, WORD_STEM_BYTES), STEM_SALT)
                                     : hash_of(first, 0);
}

bool words_index(struct arena *arena, struct content_list_of_kind *list)
{
    struct word_index *w = &list->words;
    uint32_t slots = 16;
    while (slots < 2 * list->n)
        slots *= 2;
    w->mask = slots - 1;
    w->heads = arena_new(arena, uint32_t, slots);
    w->next = arena_new(arena, uint32_t, list->n + 1);
    w->hashes = arena_new(arena, uint32_t, list->n + 1);
    w->any = arena_new(arena, unsigned char, slots);
    if (w->heads == NULL || w->next == NULL || w->hashes == NULL || w->any == NULL)
        return false;
    for (size_t i = list->n; i-- > 0;) {
        uint32_t h = hash_of_entry(&list->entries[i]);
        w->hashes[i] = h;
        w->next[i] = w->heads[h & w->mask];
        w->heads[h & w->mask] = (uint32_t)i + 1;
        w->any[h >> 3 & w->mask] |= (unsigned char)(1u << (h & 7));
    }
    return true;
}

struct matching {
    const struct content_list_of_kind *list;
    struct str text;
    void (*found)(void *ctx, const struct content_entry *e, size_t at, size_t n);
    void *ctx;
};

/* Those of one chain that stand at `at`. Few words have one. */
static inline void try_chain(const struct matching *m, uint32_t hash, size_t at)
{
    const struct word_index *w = &m->list->words;
    if ((w->any[hash >> 3 & w->mask] >> (hash & 7) & 1) == 0)
        return;
    struct str rest = str_slice(m->text, at, m->text.n);
    for (uint32_t i = w->heads[hash & w->mask]; i != 0; i = w->next[i - 1]) {
        const struct content_entry *e = &m->list->entries[i - 1];
        if (w->hashes[i - 1] != hash || !str_starts(rest, e->folded))
            continue;
        if (e->stem || (e->folded.n < rest.n && rest.p[e->folded.n] == ' '))
            m->found(m->ctx, e, at, e->folded.n);
    }
}

void content_lists_match(
    const struct content_lists *lists, enum content_list list, struct str folded,
    void (*found)(void *ctx, const struct content_entry *e, size_t at, size_t n), void *ctx)
{
    const struct matching m = {&lists->lists[list], folded, found, ctx};
    if (m.list->n == 0)
        return;
    for (size_t at = 1, end; at < folded.n; at = end + 1) {
        uint32_t whole = HASH_BEGIN, stem = 0;
        for (end = at; end < folded.n && folded.p[end] != ' '; end++) {
            whole = hash_step(whole, folded.p[end]);
            stem = end - at + 1 == WORD_STEM_BYTES ? whole : stem;
        }
        try_chain(&m, hash_end(whole, 0), at);
        if (end - at >= WORD_STEM_BYTES)
            try_chain(&m, hash_end(stem, STEM_SALT), at);
    }
}
