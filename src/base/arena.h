/* Memory by lifetime: everything made for one message goes at once. */
#ifndef MP_BASE_ARENA_H
#define MP_BASE_ARENA_H

#include <stddef.h>

#include "base/str.h"

struct arena_block;

/* A chain of blocks with a budget. One thread at a time. Zero-initialise, then arena_init. */
struct arena {
    struct arena_block *first, *current;
    size_t used_bytes;   /* handed out since the last reset */
    size_t budget_bytes; /* never more than this in one life */
};

/* `budget_bytes` bounds what may be handed out between two resets. Allocates nothing yet. */
void arena_init(struct arena *a, size_t budget_bytes);

/* Free everything. Accepts NULL and an arena that was never used. */
void arena_clear(struct arena *a);

/* Forget everything, keep the first block for the next message. Pointers die. */
void arena_reset(struct arena *a);

/* `count` zeroed objects of `size` bytes, aligned for any type. NULL when the budget or the
 * machine's memory is spent, or when count * size overflows. */
void *arena_alloc(struct arena *a, size_t count, size_t size);

#define arena_new(a, type, count) ((type *)arena_alloc((a), (count), sizeof(type)))

/* Grow an array made last or earlier: the old content is copied, the old place is not reused. */
void *arena_grow(struct arena *a, const void *old, size_t old_count, size_t new_count, size_t size);

/* Copy bytes; a NUL is put behind them, outside the view. p == NULL on failure. */
struct str arena_copy(struct arena *a, struct str s);
/* The same with ASCII letters in lower case. */
struct str arena_lower(struct arena *a, struct str s);

/* The parts one behind the other: what formatting costs ten times as much for. p == NULL on
 * failure. */
struct str arena_join(struct arena *a, const struct str *parts, size_t n);

/* Formatted text in the arena; the empty view with p == NULL on failure. */
struct str arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
