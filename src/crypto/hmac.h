/* HMAC (RFC 2104), PBKDF2 as SCRAM's Hi() (RFC 5802 2.2), random octets: OpenSSL behind the wall.
 */
#ifndef MP_CRYPTO_HMAC_H
#define MP_CRYPTO_HMAC_H

#include "base/str.h"

enum hmac_alg { HMAC_MD5, HMAC_SHA1, HMAC_SHA256 };
enum { HMAC_MAX_BYTES = 32 };

size_t hmac_bytes(enum hmac_alg alg);
/* False: no memory, or the algorithm is disabled here. */
bool hmac_once(enum hmac_alg alg, struct str key, struct str data,
               unsigned char out[HMAC_MAX_BYTES]);
/* The plain hash, for SCRAM's StoredKey. */
bool hmac_hash(enum hmac_alg alg, struct str data, unsigned char out[HMAC_MAX_BYTES]);
bool hmac_pbkdf2(enum hmac_alg alg, struct str password, struct str salt, uint32_t iterations,
                 unsigned char out[HMAC_MAX_BYTES]);
/* The same with a key of any length (RFC 8018 5.2), for formats that want more than one hash. */
bool hmac_pbkdf2_long(enum hmac_alg alg, struct str password, struct str salt, uint32_t iterations,
                      unsigned char *out, size_t n);
bool crypto_random(void *out, size_t n);
/* Overwrite a secret so that the compiler cannot leave it out. */
void crypto_wipe(void *p, size_t n);

#endif
