/* The arena: bump allocation in doubling blocks, all freed together. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { ARENA_FIRST_BLOCK = 32 * 1024, ARENA_MAX_BLOCK = 1024 * 1024, ARENA_ALIGN = 16 };
enum { HUGE_PAGE = 2 * 1024 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    bool zeroed; /* what is not used of it */
    _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void arena_init(struct arena *a, size_t budget_bytes)
{
    *a = (struct arena){.budget_bytes = budget_bytes};
}

static void free_chain(struct arena_block *b)
{
    while (b != NULL) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_clear(struct arena *a)
{
    if (a == NULL)
        return;
    free_chain(a->first);
    a->first = a->current = NULL;
    a->used_bytes = 0;
}

void arena_reset(struct arena *a)
{
    if (a->first != NULL) {
        free_chain(a->first->next);
        a->first->next = NULL;
        a->first->used = 0;
        a->first->zeroed = false;
    }
    a->current = a->first;
    a->used_bytes = 0;
}

/* Pictures: for each 4 KB that is written first the kernel is asked, which costs more than writing
 * them; 2 MB at once are cheaper. Fresh memory is zero already. */
static struct arena_block *large_block(size_t bytes)
{
    struct arena_block *b = calloc(1, bytes);
    if (b == NULL)
        return NULL;
#ifdef MADV_HUGEPAGE
    uintptr_t start = ((uintptr_t)b + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1),
              end = ((uintptr_t)b + bytes) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (start < end)
        (void)madvise((void *)start, end - start, MADV_HUGEPAGE); /* else it is slower, no more */
#endif
    return b;
}

static struct arena_block *add_block(struct arena *a, size_t need)
{
    size_t size = a->current == NULL ? ARENA_FIRST_BLOCK : a->current->size * 2;
    if (size > ARENA_MAX_BLOCK)
        size = ARENA_MAX_BLOCK;
    if (size < need)
        size = need;
    size_t bytes = sizeof(struct arena_block) + size;
    struct arena_block *b = bytes < 2 * HUGE_PAGE ? malloc(bytes) : large_block(bytes);
    if (b == NULL)
        return NULL;
    b->zeroed = bytes >= 2 * HUGE_PAGE;
    b->next = NULL;
    b->used = 0;
    b->size = size;
    if (a->current == NULL)
        a->first = b;
    else
        a->current->next = b;
    a->current = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX / 2) / size)
        return NULL;
    size_t need = (count * size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (need == 0)
        need = ARENA_ALIGN;
    if (need > a->budget_bytes - a->used_bytes)
        return NULL;
    struct arena_block *b = a->current;
    if (b == NULL || need > b->size - b->used)
        b = add_block(a, need);
    if (b == NULL)
        return NULL;
    void *p = b->bytes + b->used;
    b->used += need;
    a->used_bytes += need;
    return b->zeroed ? p : memset(p, 0, need);
}

void *arena_grow(struct arena *a, const void *old, size_t old_count, size_t new_count, size_t size)
{
    void *p = arena_alloc(a, new_count, size);
    if (p != NULL && old_count != 0)
        memcpy(p, old, old_count * size);
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    if (s.n == SIZE_MAX)
        return STR_NONE;
    char *p = arena_alloc(a, s.n + 1, 1);
    if (p == NULL)
        return STR_NONE;
    if (s.n != 0)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

struct str arena_lower(struct arena *a, struct str s)
{
    char *p = s.n == SIZE_MAX ? NULL : arena_alloc(a, s.n + 1, 1);
    for (size_t i = 0; p != NULL && i < s.n; i++)
        p[i] = to_lower(s.p[i]);
    return str_make(p, p == NULL ? 0 : s.n);
}

struct str arena_join(struct arena *a, const struct str *parts, size_t n)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        total += parts[i].n; /* views of memory we have: the sum of a few cannot overflow */
    char *p = arena_alloc(a, total + 1, 1);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < n; at += parts[i++].n)
        if (parts[i].n != 0)
            memcpy(p + at, parts[i].p, parts[i].n);
    return (struct str){p, total};
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1, 1);
    if (p != NULL)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p == NULL ? STR_NONE : (struct str){p, (size_t)n};
}
