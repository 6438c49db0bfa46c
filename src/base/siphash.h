/* SipHash-1-3 (Aumasson and Bernstein): a hash whose collisions nobody finds without its key. */
#ifndef MP_BASE_SIPHASH_H
#define MP_BASE_SIPHASH_H

#include "base/str.h"

struct siphash_key {
    uint64_t word[2];
};

static inline uint64_t siphash_rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static inline void siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = siphash_rotate(v[1], 13) ^ v[0];
    v[3] = siphash_rotate(v[3], 16) ^ v[2];
    v[0] = siphash_rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = siphash_rotate(v[1], 17) ^ v[2];
    v[3] = siphash_rotate(v[3], 21) ^ v[0];
    v[2] = siphash_rotate(v[2], 32);
}

static inline void siphash_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    siphash_round(v);
    v[0] ^= word;
}

/* The bytes, then `tag` as a word of its own: equal bytes of different sorts differ. */
static inline uint64_t siphash(const struct siphash_key *k, struct str bytes, uint64_t tag)
{
    uint64_t v[4] = {k->word[0] ^ 0x736f6d6570736575u, k->word[1] ^ 0x646f72616e646f6du,
                     k->word[0] ^ 0x6c7967656e657261u, k->word[1] ^ 0x7465646279746573u};
    uint64_t word;
    size_t i = 0;
    for (; bytes.n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, bytes.p + i, sizeof word);
        siphash_word(v, word);
    }
    word = (uint64_t)bytes.n << 56;
    for (unsigned shift = 0; i < bytes.n; i++, shift += 8)
        word |= (uint64_t)(unsigned char)bytes.p[i] << shift;
    siphash_word(v, word);
    siphash_word(v, tag);
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++)
        siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
