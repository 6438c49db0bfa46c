/* Hashes: OpenSSL behind a wall, algorithms fetched once. */
#ifndef MP_CRYPTO_DIGEST_H
#define MP_CRYPTO_DIGEST_H

#include "base/str.h"

/* SHA1 and MD5 only to name what is refused, or what others know under these names: never proof. */
enum digest_alg { DIGEST_SHA256, DIGEST_SHA1, DIGEST_MD5 };
enum { DIGEST_MAX_BYTES = 32 };

/* One running hash. Contexts are taken from a per-thread pool; digest_final or digest_cancel
 * gives it back. */
struct digest {
    void *ctx;
    bool failed; /* some step did: digest_final will say so */
};

bool digest_start(struct digest *d, enum digest_alg alg); /* false: no memory or no algorithm */
void digest_update(struct digest *d, struct str bytes);
/* Writes digest_bytes(alg) octets. False: OpenSSL failed at some step. */
bool digest_final(struct digest *d, unsigned char out[DIGEST_MAX_BYTES]);
void digest_cancel(struct digest *d);
size_t digest_bytes(enum digest_alg alg);

bool digest_once(enum digest_alg alg, struct str bytes, unsigned char out[DIGEST_MAX_BYTES]);

enum { DIGEST_SHA2_BYTES = 64 };
/* SHA-2 of 256, 384 or 512 `bits`, at once: what the keys of documents are made with. False: other
 * bits, or OpenSSL failed. */
bool digest_sha2(unsigned bits, struct str bytes, unsigned char out[DIGEST_SHA2_BYTES]);

/* Constant-time equality of equally long views; false when lengths differ. */
bool digest_equal(struct str a, struct str b);

#endif
