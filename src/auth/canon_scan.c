/* The scanner of relaxed canonicalization: SSE2 where the compiler has it, AVX2 where the machine
 * has it too (12 against 25 GB/s measured; the hash behind it does 1.8), else byte by byte. */
#include "auth/canon_scan.h"

#if defined(__SSE2__) && defined(__GNUC__)
#define WIDE_SCAN 1
#include <immintrin.h>
#else
#define WIDE_SCAN 0
#endif

static size_t scan_bytes(struct str s, size_t from)
{
    size_t i = from, last = s.n - 1;
    while (i < last && !is_space_event(s.p[i], s.p[i + 1]))
        i++;
    return i;
}

#if WIDE_SCAN

/* 32 results at once, bit i for byte p[i]; reads p[0] to p[32]. */
static unsigned events_sse2(const char *p)
{
    const __m128i space = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t');
    unsigned mask = 0;
    for (unsigned half = 0; half < 2; half++, p += 16) {
        __m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
        __m128i low_next = _mm_cmpeq_epi8(_mm_min_epu8(next, space), next);
        __m128i bad = _mm_and_si128(_mm_cmpeq_epi8(here, space), low_next);
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(here, tab));
        mask |= (unsigned)_mm_movemask_epi8(bad) << (16 * half);
    }
    return mask;
}

static size_t scan_sse2(struct str s)
{
    size_t i = 0;
    for (; i + 32 < s.n; i += 32) {
        unsigned mask = events_sse2(s.p + i);
        if (mask != 0)
            return i + (size_t)__builtin_ctz(mask);
    }
    return scan_bytes(s, i);
}

/* The same with twice the width. */
__attribute__((target("avx2"))) static inline __m256i events_avx2(const char *p)
{
    const __m256i space = _mm256_set1_epi8(' '), tab = _mm256_set1_epi8('\t');
    __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(p + 1));
    __m256i low_next = _mm256_cmpeq_epi8(_mm256_min_epu8(next, space), next);
    __m256i bad = _mm256_and_si256(_mm256_cmpeq_epi8(here, space), low_next);
    return _mm256_or_si256(bad, _mm256_cmpeq_epi8(here, tab));
}

__attribute__((target("avx2"))) static size_t scan_avx2(struct str s)
{
    size_t i = 0;
    for (; i + 64 < s.n; i += 64) {
        __m256i low = events_avx2(s.p + i), high = events_avx2(s.p + i + 32);
        if (_mm256_testz_si256(_mm256_or_si256(low, high), _mm256_set1_epi8(-1)))
            continue;
        uint64_t mask = (unsigned)_mm256_movemask_epi8(low);
        mask |= (uint64_t)(unsigned)_mm256_movemask_epi8(high) << 32;
        return i + (size_t)__builtin_ctzll(mask);
    }
    return scan_bytes(s, i);
}

size_t find_space_event(struct str s)
{
    return __builtin_cpu_supports("avx2") ? scan_avx2(s) : scan_sse2(s);
}

#else

size_t find_space_event(struct str s)
{
    return scan_bytes(s, 0);
}

#endif
