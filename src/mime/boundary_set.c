/* All the boundaries that the lenient view looks for: gathered first, then sorted once. */
#include "mime/boundary_set.h"

#include <stdlib.h>

#include "mime/limits.h"

enum {
    LATELY = 16, /* forms of one parameter repeat */
    /* dashes of a boundary's delimiters, when it is not a number of them */
    DASHES_UNKNOWN = 0, /* no field declares it */
    DASHES_DIFFER = 1   /* fields do, or readings of one */
};

struct str boundary_core(struct str boundary)
{
    size_t dashes = 0;
    while (dashes < boundary.n && boundary.p[dashes] == '-')
        dashes++;
    return str_slice(boundary, dashes, boundary.n);
}

bool boundary_set_init(struct arena *arena, struct boundary_set *set)
{
    struct prefix_list cores = {.items = arena_new(arena, struct str, MIME_UNION_MAX_BOUNDARIES),
                                .shorter = arena_new(arena, uint32_t, MIME_UNION_MAX_BOUNDARIES)};
    *set =
        (struct boundary_set){.items = arena_new(arena, struct boundary, MIME_UNION_MAX_BOUNDARIES),
                              .cores = cores};
    return set->items != NULL && cores.items != NULL && cores.shorter != NULL;
}

/* A line tells nothing, two fields that differ in their dashes leave it open. */
static size_t dashes_of_both(size_t a, size_t b)
{
    if (a == DASHES_UNKNOWN || b == DASHES_UNKNOWN)
        return a == DASHES_UNKNOWN ? b : a;
    return a == b ? a : DASHES_DIFFER;
}

/* Was it added lately? Then what is new is told there. */
static bool add_to_late(struct boundary_set *set, const struct boundary *b)
{
    size_t n = set->cores.n;
    for (size_t i = n; i > 0 && n - i < LATELY; i--)
        if (str_eq(set->items[i - 1].core, b->core)) {
            set->items[i - 1].dashes = dashes_of_both(set->items[i - 1].dashes, b->dashes);
            return true;
        }
    return false;
}

bool boundary_set_add(struct arena *arena, struct boundary_set *set, struct str boundary,
                      enum boundary_source source)
{
    boundary = str_trim(boundary);
    struct str core = boundary_core(boundary);
    size_t dashes = boundary.n - core.n + 2;
    struct boundary b = {str_slice(core, 0, BOUNDARY_BYTES_SEEN), DASHES_UNKNOWN};
    if (source != BOUNDARY_OF_LINE)
        b.dashes = source == BOUNDARY_OF_FIELD ? dashes : DASHES_DIFFER;
    if (core.n == 0 && boundary.n > 0 && (set->dashes == 0 || dashes < set->dashes))
        set->dashes = dashes;
    if (core.n == 0 || add_to_late(set, &b))
        return true;
    set->full |= set->cores.n == MIME_UNION_MAX_BOUNDARIES;
    if (set->full)
        return true;
    b.core = arena_copy(arena, b.core);
    if (b.core.p != NULL)
        set->items[set->cores.n++] = b;
    return b.core.p != NULL;
}

static int by_core(const void *a, const void *b)
{
    return str_cmp(((const struct boundary *)a)->core, ((const struct boundary *)b)->core);
}

void boundary_set_sort(struct boundary_set *set)
{
    struct boundary *items = set->items;
    size_t n = 0;
    qsort(items, set->cores.n, sizeof *items, by_core);
    for (size_t i = 0; i < set->cores.n; i++) {
        if (n > 0 && str_eq(items[n - 1].core, items[i].core))
            items[n - 1].dashes = dashes_of_both(items[n - 1].dashes, items[i].dashes);
        else
            items[n++] = items[i];
    }
    set->cores.n = n;
    for (size_t i = 0; i < n; i++) {
        set->cores.items[i] = items[i].core;
        set->begins[(unsigned char)items[i].core.p[0]] = true;
    }
    prefix_list_link(&set->cores);
}

const struct boundary *boundary_set_match(const struct boundary_set *set, struct str text)
{
    if (text.n == 0 || !set->begins[(unsigned char)text.p[0]])
        return NULL;
    size_t place = prefix_list_match(&set->cores, str_slice(text, 0, BOUNDARY_BYTES_SEEN));
    return place == 0 ? NULL : &set->items[place - 1];
}
