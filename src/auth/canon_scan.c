/* The copying scanner of relaxed canonicalization: SSE2 where the compiler has it, AVX2 where the
 * machine has it too, else byte by byte. */
#include "auth/canon_scan.h"

#if defined(__SSE2__) && defined(__GNUC__)
#define WIDE_SCAN 1
#include <immintrin.h>
#else
#define WIDE_SCAN 0
#endif

static size_t copy_bytes(struct str s, size_t from, unsigned char *to)
{
    size_t i = from, last = s.n - 1;
    for (; i < last && !is_space_event(s.p[i], s.p[i + 1]); i++)
        to[i] = (unsigned char)s.p[i];
    return i;
}

#if WIDE_SCAN

/* Copies 16 bytes and judges them: bit i for byte p[i]; reads p[0] to p[16]. */
static inline unsigned events_sse2(const char *p, unsigned char *to)
{
    const __m128i space = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t');
    __m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i next = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));
    __m128i low_next = _mm_cmpeq_epi8(_mm_min_epu8(next, space), next);
    __m128i bad = _mm_and_si128(_mm_cmpeq_epi8(here, space), low_next);
    _mm_storeu_si128((__m128i *)(void *)to, here);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(bad, _mm_cmpeq_epi8(here, tab)));
}

static size_t copy_sse2(struct str s, unsigned char *to)
{
    size_t i = 0;
    for (; i + 32 < s.n; i += 32) {
        unsigned mask = events_sse2(s.p + i, to + i) | events_sse2(s.p + i + 16, to + i + 16) << 16;
        if (mask != 0)
            return i + (size_t)__builtin_ctz(mask);
    }
    return copy_bytes(s, i, to);
}

/* The same with twice the width. */
__attribute__((target("avx2"))) static inline __m256i events_avx2(const char *p, unsigned char *to)
{
    const __m256i space = _mm256_set1_epi8(' '), tab = _mm256_set1_epi8('\t');
    __m256i here = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(p + 1));
    __m256i low_next = _mm256_cmpeq_epi8(_mm256_min_epu8(next, space), next);
    __m256i bad = _mm256_and_si256(_mm256_cmpeq_epi8(here, space), low_next);
    _mm256_storeu_si256((__m256i *)(void *)to, here);
    return _mm256_or_si256(bad, _mm256_cmpeq_epi8(here, tab));
}

__attribute__((target("avx2"))) static size_t copy_avx2(struct str s, unsigned char *to)
{
    size_t i = 0;
    for (; i + 64 < s.n; i += 64) {
        __m256i low = events_avx2(s.p + i, to + i), high = events_avx2(s.p + i + 32, to + i + 32);
        if (_mm256_testz_si256(_mm256_or_si256(low, high), _mm256_set1_epi8(-1)))
            continue;
        uint64_t mask = (unsigned)_mm256_movemask_epi8(low);
        mask |= (uint64_t)(unsigned)_mm256_movemask_epi8(high) << 32;
        return i + (size_t)__builtin_ctzll(mask);
    }
    return copy_bytes(s, i, to);
}

size_t copy_to_space_event(struct str s, unsigned char *to)
{
    return __builtin_cpu_supports("avx2") ? copy_avx2(s, to) : copy_sse2(s, to);
}

#else

size_t copy_to_space_event(struct str s, unsigned char *to)
{
    return copy_bytes(s, 0, to);
}

#endif
