/* Hashes with a key of the process: nobody outside can choose names that collide. */
#ifndef MP_IO_KEYED_HASH_H
#define MP_IO_KEYED_HASH_H

#include <sys/random.h>

#include "base/siphash.h"
#include "dns/dns.h"

struct hash_key {
    struct siphash_key secret;
};

static inline bool hash_key_init(struct hash_key *k)
{
    return getrandom(&k->secret, sizeof k->secret, 0) == (ssize_t)sizeof k->secret;
}

/* The octets of the name, then the type as a word of its own. */
static inline uint64_t hash_question(const struct hash_key *k, struct str name, enum dns_type type)
{
    return siphash(&k->secret, name, (uint64_t)type);
}

#endif
