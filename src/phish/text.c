/* Texts put together, folded, and searched for words once. */
#include "phish/text.h"

#include "base/fold.h"
#include "base/grow.h"

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "no memory for the words of a message");
}

static enum text_origin origin_of(const struct content_object *o)
{
    if (o->kind == FILE_HTML)
        return TEXT_OF_PAGES;
    bool plain = o->member.n == 0 && o->n_names == 0 && str_eq(o->type, STR("text"));
    return plain ? TEXT_OF_PLAIN : TEXT_OF_DOCUMENTS;
}

/* At most TEXT_MAX_BYTES of each origin, one text behind the other. */
static bool gather(struct arena *arena, const struct content_report *found, struct phish_text *t)
{
    char *p[TEXT_ORIGINS] = {0};
    size_t n[TEXT_ORIGINS] = {0}, most = 0;
    for (size_t i = 0; i < found->n_texts && most < TEXT_MAX_BYTES; i++)
        most += found->texts[i].kind == TEXT_SEEN ? found->texts[i].text.n + 1 : 0;
    most = most < TEXT_MAX_BYTES ? most : TEXT_MAX_BYTES;
    for (size_t i = 0; i < found->n_texts; i++) {
        const struct content_text *one = &found->texts[i];
        enum text_origin o = origin_of(&found->objects[one->object]);
        if (one->kind != TEXT_SEEN)
            continue;
        if (p[o] == NULL && (p[o] = arena_new(arena, char, most)) == NULL)
            return false;
        size_t room = most - n[o];
        struct str taken = str_slice(one->text, 0, room);
        memcpy(p[o] + n[o], taken.p, taken.n);
        n[o] += taken.n;
        if (n[o] < most)
            p[o][n[o]++] = '\n';
    }
    for (size_t o = 0; o < TEXT_ORIGINS; o++)
        t->parts[o] = str_make(p[o], n[o]);
    return true;
}

/* The blank at the end of one text is the one in front of the next. */
static bool fold_all(struct arena *arena, struct str subject, struct phish_text *t)
{
    size_t room = FOLD_BYTES(subject.n), n = 0;
    for (size_t o = 0; o < TEXT_ORIGINS; o++)
        room += FOLD_BYTES(t->parts[o].n);
    char *out = arena_new(arena, char, room);
    if (out == NULL)
        return false;
    n = fold_text(subject, out).n;
    t->subject_end = n > 0 ? n - 1 : 0;
    for (size_t o = 0; o < TEXT_ORIGINS; o++) {
        size_t at = n > 0 ? n - 1 : 0, before = n;
        n = at + fold_text(t->parts[o], out + at).n;
        n = n < before ? before : n;
        if (o <= TEXT_OF_PLAIN && t->words == 0)
            for (size_t i = at + 1; i < n; i++)
                t->words += out[i] == ' ';
    }
    t->folded = str_make(out, n);
    return true;
}

struct hits {
    struct arena *arena;
    struct phish_text *t;
    struct text_hit *items;
    size_t cap;
    bool no_memory;
};

static void note_hit(void *ctx, const struct content_entry *e, size_t at, size_t n)
{
    struct hits *h = ctx;
    h->t->groups |= e->groups;
    if (h->t->n_hits == TEXT_MAX_HITS || h->no_memory)
        return;
    struct text_hit *items = list_room(h->arena, h->items, h->t->n_hits, &h->cap, sizeof *h->items);
    h->no_memory = items == NULL;
    if (items == NULL)
        return;
    h->items = items;
    h->items[h->t->n_hits++] = (struct text_hit){e, (uint32_t)at, (uint32_t)n};
}

int phish_text_read(struct arena *arena, const struct content_report *found, struct str subject,
                    const struct content_lists *lists, struct phish_text *out, struct mp_err *err)
{
    struct phish_text t = {.words = 0};
    struct hits h = {.arena = arena, .t = &t};
    if (!gather(arena, found, &t) || !fold_all(arena, subject, &t))
        return no_memory(err);
    content_lists_match(lists, LIST_WORDS, t.folded, note_hit, &h);
    if (h.no_memory)
        return no_memory(err);
    t.hits = h.items;
    *out = t;
    return MP_OK;
}

const struct text_hit *text_first(const struct phish_text *t, enum word_group group)
{
    for (size_t i = 0; i < t->n_hits; i++)
        if (hit_is(&t->hits[i], group))
            return &t->hits[i];
    return NULL;
}

/* From left to right, with the last hit of either group: a hit that is of both stands for one. */
bool text_near(const struct phish_text *t, enum word_group a, enum word_group b, size_t distance,
               struct str *shown)
{
    const struct text_hit *last[2] = {NULL, NULL};
    const enum word_group groups[2] = {a, b};
    for (size_t i = 0; i < t->n_hits; i++) {
        const struct text_hit *hit = &t->hits[i];
        for (size_t g = 0; g < 2; g++) {
            const struct text_hit *other = last[1 - g];
            if (!hit_is(hit, groups[g]) || other == NULL || other == hit)
                continue;
            size_t end = (size_t)other->at + other->n, hit_end = (size_t)hit->at + hit->n;
            if (hit->at < end || hit->at - end > distance)
                continue; /* one within the other is one */
            *shown = str_slice(t->folded, other->at, hit_end);
            return true;
        }
        for (size_t g = 0; g < 2; g++)
            if (hit_is(hit, groups[g]))
                last[g] = hit;
    }
    return false;
}
