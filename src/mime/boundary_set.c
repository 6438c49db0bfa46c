/* A sorted list, each entry with a link to the longest of its own prefixes: what a text begins with
 * is found at the place where the text would stand, or by links from there. */
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
    *set = (struct boundary_set){.cores = arena_new(arena, struct str, MIME_UNION_MAX_BOUNDARIES),
                                 .shorter = arena_new(arena, int32_t, MIME_UNION_MAX_BOUNDARIES)};
    return set->cores != NULL && set->shorter != NULL;
}

static bool was_added_lately(const struct boundary_set *set, struct str core)
{
    for (size_t i = set->n; i > 0 && set->n - i < LATELY; i--)
        if (str_eq(set->cores[i - 1], core))
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
    set->full |= set->n == MIME_UNION_MAX_BOUNDARIES;
    if (set->full)
        return true;
    struct str kept = arena_copy(arena, core);
    if (kept.p != NULL)
        set->cores[set->n++] = kept;
    return kept.p != NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void boundary_set_sort(struct boundary_set *set)
{
    size_t n = 0;
    qsort(set->cores, set->n, sizeof *set->cores, by_bytes);
    for (size_t i = 0; i < set->n; i++)
        if (n == 0 || !str_eq(set->cores[n - 1], set->cores[i]))
            set->cores[n++] = set->cores[i];
    set->n = n;
    for (size_t i = 0; i < n; i++) {
        int32_t at = (int32_t)i - 1;
        while (at >= 0 && !str_starts(set->cores[i], set->cores[at]))
            at = set->shorter[at];
        set->shorter[i] = at;
    }
}

size_t boundary_set_match(const struct boundary_set *set, struct str text)
{
    size_t from = 0, to = set->n; /* all before `from` are not behind the text */
    text = str_slice(text, 0, BOUNDARY_BYTES_SEEN);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (str_cmp(set->cores[middle], text) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    int32_t at = (int32_t)from - 1;
    while (at >= 0 && !str_starts(text, set->cores[at]))
        at = set->shorter[at];
    return at < 0 ? 0 : set->cores[at].n;
}
