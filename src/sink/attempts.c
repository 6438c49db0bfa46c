/* How often a sender, a recipient and a client came together: a table that forgets the oldest. */
#include <stdlib.h>

#include "crypto/hmac.h"
#include "sink/sink_internal.h"

enum { WAYS = 4, SETS = SINK_ATTEMPTS_KEPT / WAYS };

struct slot {
    uint64_t key;
    uint32_t count, used; /* used: when, for the oldest of a set to go */
};
struct attempts {
    uint64_t seed[2];
    uint32_t clock;
    struct slot slots[SETS][WAYS];
};

struct attempts *attempts_new(void)
{
    struct attempts *a = calloc(1, sizeof *a);
    if (a != NULL && !crypto_random(a->seed, sizeof a->seed)) {
        free(a);
        a = NULL;
    }
    return a;
}

void attempts_free(struct attempts *a)
{
    free(a);
}

/* Multiply and fold, keyed: strangers choose the addresses, and do not know the seed. */
static uint64_t mix(uint64_t h, uint64_t word)
{
    __extension__ unsigned __int128 product = (unsigned __int128)(h ^ word) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t add(uint64_t h, uint64_t seed, struct str s)
{
    h = mix(h ^ seed, s.n);
    for (size_t at = 0; at < s.n; at += 8) {
        unsigned char bytes[8] = {0};
        uint64_t word;
        for (size_t i = 0; i < 8 && at + i < s.n; i++)
            bytes[i] = (unsigned char)to_lower(s.p[at + i]);
        memcpy(&word, bytes, sizeof word);
        h = mix(h ^ seed, word);
    }
    return h;
}

unsigned attempts_count(struct attempts *a, struct str from, struct str rcpt, struct str client)
{
    uint64_t key =
        add(add(add(a->seed[0], a->seed[1], from), a->seed[1], rcpt), a->seed[1], client);
    struct slot *set = a->slots[key % SETS], *oldest = &set[0];
    a->clock++;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].count > 0 && set[i].key == key) {
            set[i].used = a->clock;
            set[i].count += set[i].count < UINT32_MAX;
            return set[i].count;
        }
        if (set[i].count == 0 ||
            (oldest->count > 0 && a->clock - set[i].used > a->clock - oldest->used))
            oldest = &set[i];
    }
    *oldest = (struct slot){.key = key, .count = 1, .used = a->clock};
    return 1;
}
