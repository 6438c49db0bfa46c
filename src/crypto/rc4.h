/* RC4: broken, and still what documents are encrypted with. Ours, for OpenSSL has it in a module
 * that is loaded from a file, and a worker opens none. */
#ifndef MP_CRYPTO_RC4_H
#define MP_CRYPTO_RC4_H

#include "base/str.h"

struct rc4 {
    unsigned char s[256], i, j;
};

/* `key` has 1 to 256 bytes; an empty one is taken as one zero octet. */
void rc4_start(struct rc4 *r, struct str key);
/* Encrypts and decrypts, `n` bytes further in the stream. `in` and `out` may be the same. */
void rc4_apply(struct rc4 *r, const unsigned char *in, unsigned char *out, size_t n);

#endif
