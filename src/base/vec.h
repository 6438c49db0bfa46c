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

/* A bit for each byte of a comparison, the first byte's is the lowest. */
static inline unsigned vec_bits(vec v)
{
#ifdef __SSE2__
    typedef char vec_signed __attribute__((vector_size(VEC_BYTES)));
    return (unsigned)__builtin_ia32_pmovmskb128((vec_signed)v);
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < VEC_BYTES; i++)
        bits |= (unsigned)(v[i] & 1) << i;
    return bits;
#endif
}

/* Index of the first place where those three stand, or `n`. For what may stand in every line. */
static inline size_t vec_find3(const char *p, size_t n, const char three[3])
{
    size_t i = 0;
    for (; n - i >= VEC_BYTES + 2; i += VEC_BYTES) {
        vec hit = (vec)(vec_load(p + i) == (unsigned char)three[0]) &
                  (vec)(vec_load(p + i + 1) == (unsigned char)three[1]) &
                  (vec)(vec_load(p + i + 2) == (unsigned char)three[2]);
        if (vec_any(hit))
            return i + vec_first(hit);
    }
    for (; n - i > 2; i++)
        if (p[i] == three[0] && p[i + 1] == three[1] && p[i + 2] == three[2])
            return i;
    return n;
}

/* Index of the first `a` or `b`, or `n`. memchr() is better for what stands far away. */
static inline size_t vec_find(const char *p, size_t n, char a, char b)
{
    size_t i = 0;
    for (; n - i >= VEC_BYTES; i += VEC_BYTES) {
        vec v = vec_load(p + i), hit = (vec)(v == (unsigned char)a) | (vec)(v == (unsigned char)b);
        if (vec_any(hit))
            return i + vec_first(hit);
    }
    while (i < n && p[i] != a && p[i] != b)
        i++;
    return i;
}

#endif
