/* Lists that grow in an arena. */
#ifndef MP_BASE_GROW_H
#define MP_BASE_GROW_H

#include "base/arena.h"

/* The list, with room for one more of `size` bytes; it moves as it grows. NULL without memory. */
static inline void *list_room(struct arena *arena, void *list, size_t n, size_t *cap, size_t size)
{
    enum { FIRST_CAP = 16 };
    if (n < *cap)
        return list;
    size_t more = *cap == 0 ? FIRST_CAP : 2 * *cap;
    void *grown = arena_grow(arena, list, n, more, size);
    if (grown != NULL)
        *cap = more;
    return grown;
}

#endif
