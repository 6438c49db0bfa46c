/* Little-endian numbers out of hostile bytes: what lies outside reads as zero. */
#ifndef MP_CONTENT_LE_H
#define MP_CONTENT_LE_H

#include "base/str.h"

static inline uint64_t le_read(struct str s, size_t at, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = n; i-- > 0;)
        v = v << 8 | (at < s.n && i < s.n - at ? (unsigned char)s.p[at + i] : 0u);
    return v;
}

static inline uint16_t le16(struct str s, size_t at)
{
    return (uint16_t)le_read(s, at, 2);
}

static inline uint32_t le32(struct str s, size_t at)
{
    return (uint32_t)le_read(s, at, 4);
}

static inline uint64_t le64(struct str s, size_t at)
{
    return le_read(s, at, 8);
}

/* Do the `n` bytes of a signature stand at `at`? */
static inline bool has_at(struct str s, size_t at, const char *signature, size_t n)
{
    return at < s.n && n <= s.n - at && memcmp(s.p + at, signature, n) == 0;
}

#endif
