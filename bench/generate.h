/* A signed mail stream made from a seed: messages, their DNS, and what the ideal is measured on. */
#ifndef MP_BENCH_GENERATE_H
#define MP_BENCH_GENERATE_H

#include "base/ip.h"
#include "crypto/key.h"
#include "dns/zone.h"

enum {
    BENCH_MAX_SIGNATURES = 2,
    BENCH_NOW_S = 1700000600,
    BENCH_HASH_BYTES = 32,
    N_DOMAINS = 400,
    BENCH_MAX_NAMES = 5 * N_DOMAINS + 1
};

struct bench_key {
    struct private_key *key;
    struct buf octets; /* public key, as in p= */
    enum key_type type;
};

/* What OpenSSL alone is asked to verify: a signature by the same key over the message's hash. */
struct bench_signature {
    size_t key; /* index into bench_set.keys */
    struct buf octets;
};

struct bench_mail {
    struct str raw; /* owned */
    struct str helo, mail_from;
    struct ip client;
    unsigned char hash[BENCH_HASH_BYTES]; /* SHA-256 of raw */
    struct bench_signature signatures[BENCH_MAX_SIGNATURES];
    unsigned n_signatures;
};

struct bench_set {
    const char *name;
    struct bench_mail *mails;
    size_t n, bytes, n_signatures, n_ed25519;
    struct bench_key *keys;
    size_t n_keys;
    struct dns_zone *zone;
    struct str names[BENCH_MAX_NAMES]; /* of the zone: one TXT record each */
    size_t n_names;
    struct arena texts;
    /* The TXT record of a name in the zone, for those who are not linked with it. */
    struct str (*txt)(const struct bench_set *set, struct str name);
};

/* How large the bodies are: shares in per mille, each uniform between its ends. */
struct bench_size {
    unsigned share, from_bytes, to_bytes;
};

/* Real mail of today: mean 78 KB with its head, most of it in few messages with attachments. */
extern const struct bench_size bench_large[];
/* Notifications and personal mail: mean 3 KB with its head. */
extern const struct bench_size bench_small[];

/* Makes `n` messages of N_DOMAINS domains: RSA-2048 90 %, RSA-1024 5 %, Ed25519 5 %; every seventh
 * message has a second signature. All but the keys depends on `seed` alone. Exits on failure. */
void bench_set_make(struct bench_set *set, const char *name, const struct bench_size *sizes,
                    size_t n, uint64_t seed);
void bench_set_clear(struct bench_set *set);

#endif
