/* SipHash-1-3 with a key of the process: nobody outside can choose names that collide. */
#ifndef MP_IO_KEYED_HASH_H
#define MP_IO_KEYED_HASH_H

#include <sys/random.h>

#include "dns/dns.h"

struct hash_key {
    uint64_t word[2];
};

static inline bool hash_key_init(struct hash_key *k)
{
    return getrandom(k->word, sizeof k->word, 0) == (ssize_t)sizeof k->word;
}

static inline uint64_t hash_rotate(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static inline void hash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = hash_rotate(v[1], 13) ^ v[0];
    v[3] = hash_rotate(v[3], 16) ^ v[2];
    v[0] = hash_rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = hash_rotate(v[1], 17) ^ v[2];
    v[3] = hash_rotate(v[3], 21) ^ v[0];
    v[2] = hash_rotate(v[2], 32);
}

static inline void hash_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    hash_round(v);
    v[0] ^= word;
}

/* The octets of the name, then the type as a word of its own. */
static inline uint64_t hash_question(const struct hash_key *k, struct str name, enum dns_type type)
{
    uint64_t v[4] = {k->word[0] ^ 0x736f6d6570736575u, k->word[1] ^ 0x646f72616e646f6du,
                     k->word[0] ^ 0x6c7967656e657261u, k->word[1] ^ 0x7465646279746573u};
    uint64_t word;
    size_t i = 0;
    for (; name.n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, name.p + i, sizeof word);
        hash_word(v, word);
    }
    word = (uint64_t)name.n << 56;
    for (unsigned shift = 0; i < name.n; i++, shift += 8)
        word |= (uint64_t)(unsigned char)name.p[i] << shift;
    hash_word(v, word);
    hash_word(v, (uint64_t)type);
    v[2] ^= 0xff;
    for (int round = 0; round < 3; round++)
        hash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
