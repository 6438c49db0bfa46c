/* Growable buffer: doubling up to its maximum, sticky failure. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 256 };

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max_bytes = max_bytes};
}

void buf_clear(struct buf *b)
{
    if (b == NULL)
        return;
    free(b->p);
    *b = (struct buf){.max_bytes = b->max_bytes};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->failed = false;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->failed || n > b->max_bytes - b->n) {
        b->failed = true;
        return NULL;
    }
    if (b->n + n > b->cap) {
        size_t cap = b->cap == 0 ? BUF_FIRST : b->cap;
        while (cap < b->n + n)
            cap = cap > b->max_bytes / 2 ? b->max_bytes : cap * 2;
        char *p = realloc(b->p, cap);
        if (p == NULL) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p == NULL ? NULL : b->p + b->n; /* NULL: 0 bytes of a buffer that has none */
}

void buf_add(struct buf *b, struct str s)
{
    char *to = s.n == 0 ? NULL : buf_reserve(b, s.n);
    if (to == NULL)
        return;
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, str_make(&c, 1));
}

void buf_addz(struct buf *b, const char *z)
{
    buf_add(b, str_from(z));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *to = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
    if (to != NULL) {
        vsnprintf(to, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}
