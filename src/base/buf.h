/* A growable byte buffer that cannot be made without its maximum. */
#ifndef MP_BASE_BUF_H
#define MP_BASE_BUF_H

#include "base/str.h"

/* Heap bytes. After a failed append `failed` is set, further appends do nothing, and what was
 * there before stays whole: check once, at the end. One thread at a time. */
struct buf {
    char *p;
    size_t n, cap, max_bytes;
    bool failed;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_clear(struct buf *b); /* frees; accepts NULL; the buffer may be used again */
void buf_reset(struct buf *b); /* forgets content and failure, keeps the memory */

void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addz(struct buf *b, const char *z);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Room for `n` more bytes at b->p + b->n, to be filled and then counted by the caller; NULL when
 * that would pass the maximum (and `failed` is set). */
char *buf_reserve(struct buf *b, size_t n);

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

#endif
