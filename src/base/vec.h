/* Vectors of the compiler: SSE2, NEON or plain words, whatever the machine has. */
#ifndef MP_BASE_VEC_H
#define MP_BASE_VEC_H

#include <stdbool.h>
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

#endif
