/* All the boundaries that the lenient view looks for: gathered first, then sorted once. */
#include "mime/boundary_set.h"

#include <stdlib.h>

#include "mime/limits.h"

enum { LATELY = 16 /* forms of one parameter repeat */ };

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
    *set = (struct boundary_set){.cores = cores};
    return cores.items != NULL && cores.shorter != NULL;
}

static bool was_added_lately(const struct boundary_set *set, struct str core)
{
    for (size_t i = set->cores.n; i > 0 && set->cores.n - i < LATELY; i--)
        if (str_eq(set->cores.items[i - 1], core))
            return true;
    return false;
}

bool boundary_set_add(struct arena *arena, struct boundary_set *set, struct str boundary)
{
    boundary = str_trim(boundary);
    struct str core = str_slice(boundary_core(boundary), 0, BOUNDARY_BYTES_SEEN);
    size_t dashes = boundary.n; /* when it has nothing else */
    if (core.n == 0 && dashes > 0 && (set->dashes == 0 || dashes + 2 < set->dashes))
        set->dashes = dashes + 2;
    if (core.n == 0 || was_added_lately(set, core))
        return true;
    set->full |= set->cores.n == MIME_UNION_MAX_BOUNDARIES;
    if (set->full)
        return true;
    struct str kept = arena_copy(arena, core);
    if (kept.p != NULL)
        set->cores.items[set->cores.n++] = kept;
    return kept.p != NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void boundary_set_sort(struct boundary_set *set)
{
    size_t n = 0;
    qsort(set->cores.items, set->cores.n, sizeof *set->cores.items, by_bytes);
    for (size_t i = 0; i < set->cores.n; i++)
        if (n == 0 || !str_eq(set->cores.items[n - 1], set->cores.items[i]))
            set->cores.items[n++] = set->cores.items[i];
    set->cores.n = n;
    for (size_t i = 0; i < n; i++)
        set->begins[(unsigned char)set->cores.items[i].p[0]] = true;
    prefix_list_link(&set->cores);
}

size_t boundary_set_match(const struct boundary_set *set, struct str text)
{
    if (text.n == 0 || !set->begins[(unsigned char)text.p[0]])
        return 0;
    size_t place = prefix_list_match(&set->cores, str_slice(text, 0, BOUNDARY_BYTES_SEEN));
    return place == 0 ? 0 : set->cores.items[place - 1].n;
}
