/* Finding the next byte that relaxed canonicalization may change: 16 at a time where SSE2 is. */
#ifndef MP_AUTH_CANON_SCAN_H
#define MP_AUTH_CANON_SCAN_H

#include "base/str.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* White space that does not stand as one SP between two other characters: a HTAB, or a SP before
 * SP, HTAB or CR. `next` is the byte behind it. */
static inline bool is_space_event(char c, char next)
{
    return c == '\t' || (c == ' ' && (next == ' ' || next == '\t' || next == '\r'));
}

/* Offset of the first such byte at or after `from`; s.n - 1 when only the last byte, whose
 * neighbour is not here, is left to judge. `s` must not be empty. */
static inline size_t find_space_event(struct str s, size_t from)
{
    size_t i = from, last = s.n - 1;
#if defined(__SSE2__)
    const __m128i space = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t'), cr = _mm_set1_epi8('\r');
    for (; i + 16 <= last; i += 16) {
        __m128i here = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
        __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i + 1));
        __m128i bad = _mm_or_si128(_mm_cmpeq_epi8(next, space), _mm_cmpeq_epi8(next, tab));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(next, cr));
        bad = _mm_and_si128(bad, _mm_cmpeq_epi8(here, space));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(here, tab));
        int mask = _mm_movemask_epi8(bad);
        if (mask != 0)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (i < last && !is_space_event(s.p[i], s.p[i + 1]))
        i++;
    return i;
}

#endif
