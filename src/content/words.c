/* Names and phrases of lists, found in text by a hash of their first word: each word of a text is
 * looked up once, and what begins with it is compared. */
#include "content/lists.h"

#include "content/lists_internal.h"

enum { STEM_SALT = 0x5bd1 };

static uint32_t hash_of(struct str word, uint32_t salt)
{
    uint32_t h = 2166136261u ^ salt;
    for (size_t i = 0; i < word.n; i++)
        h = (h ^ (unsigned char)word.p[i]) * 16777619u;
    return h ^ h >> 15;
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
    if (w->heads == NULL || w->next == NULL || w->hashes == NULL)
        return false;
    for (size_t i = list->n; i-- > 0;) {
        uint32_t h = hash_of_entry(&list->entries[i]);
        w->hashes[i] = h;
        w->next[i] = w->heads[h & w->mask];
        w->heads[h & w->mask] = (uint32_t)i + 1;
    }
    return true;
}

struct matching {
    const struct content_list_of_kind *list;
    struct str text;
    void (*found)(void *ctx, const struct content_entry *e, size_t at, size_t n);
    void *ctx;
};

/* Those of one chain that stand at `at`. */
static void try_chain(const struct matching *m, uint32_t hash, size_t at)
{
    const struct word_index *w = &m->list->words;
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
    for (size_t at = 1; at < folded.n;) {
        struct str rest = str_slice(folded, at, folded.n), word = str_cut(&rest, ' ');
        try_chain(&m, hash_of(word, 0), at);
        if (word.n >= WORD_STEM_BYTES)
            try_chain(&m, hash_of(str_slice(word, 0, WORD_STEM_BYTES), STEM_SALT), at);
        at += word.n + 1;
    }
}
