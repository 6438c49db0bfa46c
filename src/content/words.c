/* Names and phrases of lists, found in text by a hash of their first word: each word of a text is
 * looked up once, and what begins with it is compared. */
#include "base/vec.h"
#include "content/lists.h"
#include "content/lists_internal.h"

/* Of the first and the last four letters, in whatever order the machine has them, and the length:
 * what is found by a hash is compared. */
static uint32_t four_of(struct str word, size_t from)
{
    uint32_t four = 0;
    if (word.n >= from + sizeof four)
        memcpy(&four, word.p + from, sizeof four);
    else
        for (size_t i = from; i < word.n; i++)
            four = four << 8 | (unsigned char)word.p[i];
    return four;
}

static uint32_t mix(uint32_t first, uint32_t last, size_t n)
{
    uint32_t h = first * 0x9e3779b1u ^ (last + (uint32_t)n) * 0x85ebca6bu;
    h = (h ^ h >> 15) * 0x2c1b3c6du;
    return h ^ h >> 12;
}

static uint32_t hash_of_word(struct str word)
{
    size_t tail = word.n < sizeof(uint32_t) ? 0 : word.n - sizeof(uint32_t);
    return mix(four_of(word, 0), four_of(word, tail), word.n);
}

static uint32_t hash_of_stem(struct str word)
{
    return mix(four_of(word, 0), 0, 0);
}

/* A stem of one word is found by its beginning, all else by the whole first word. */
static uint32_t hash_of_entry(const struct content_entry *e)
{
    struct str rest = e->folded, first = str_cut(&rest, ' ');
    return e->stem && rest.p == NULL ? hash_of_stem(first) : hash_of_word(first);
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
    for (size_t at = 1, n; at < folded.n; at += n + 1) {
        n = vec_find(folded.p + at, folded.n - at, ' ', ' ');
        struct str word = str_make(folded.p + at, n);
        try_chain(&m, hash_of_word(word), at);
        if (n >= WORD_STEM_BYTES)
            try_chain(&m, hash_of_stem(word), at);
    }
}
