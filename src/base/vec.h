/* Vectors of the compiler: SSE2, NEON or plain words, whatever the machine has. */
#ifndef MP_BASE_VEC_H
#define MP_BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { VEC_BYTES = 16 };
typedef unsigned char vec __attribute__((vector_size(VEC_BYTES)));
typedef uint64_t vec_words __attribute__((vector_size(VEC_BYTES)));

static inline vec vec_load(const char *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Is any bit set? */
static inline bool vec_any(vec v)
{
    vec_words w = (vec_words)v;
    return (w[0] | w[1]) != 0;
}

/* Index of the first byte that is 0xff, of a comparison that has one: other bytes are 0. */
static inline size_t vec_first(vec v)
{
    vec_words w = (vec_words)v;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return (size_t)(w[0] != 0 ? __builtin_ctzll(w[0]) : 64 + __builtin_ctzll(w[1])) / 8;
#else
    return (size_t)(w[0] != 0 ? __builtin_clzll(w[0]) : 64 + __builtin_clzll(w[1])) / 8;
#endif
}

#endif
