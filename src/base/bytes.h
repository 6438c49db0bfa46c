/* Numbers within bytes of a stranger: what lies outside reads as zero. */
#ifndef MP_BASE_BYTES_H
#define MP_BASE_BYTES_H

#include "base/str.h"

static inline unsigned byte_at(struct str s, size_t at)
{
    return at < s.n ? (unsigned char)s.p[at] : 0;
}

static inline uint32_t le16_at(struct str s, size_t at)
{
    return byte_at(s, at) | byte_at(s, at + 1) << 8;
}

static inline uint32_t le32_at(struct str s, size_t at)
{
    return le16_at(s, at) | le16_at(s, at + 2) << 16;
}

static inline uint64_t le64_at(struct str s, size_t at)
{
    return le32_at(s, at) | (uint64_t)le32_at(s, at + 4) << 32;
}

static inline uint32_t be16_at(struct str s, size_t at)
{
    return byte_at(s, at) << 8 | byte_at(s, at + 1);
}

static inline uint32_t be32_at(struct str s, size_t at)
{
    return be16_at(s, at) << 16 | be16_at(s, at + 2);
}

/* Do the bytes of `what` stand at `at`? */
static inline bool bytes_at(struct str s, size_t at, struct str what)
{
    return at <= s.n && what.n <= s.n - at && memcmp(s.p + at, what.p, what.n) == 0;
}

#endif
