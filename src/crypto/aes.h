/* AES on single blocks, what the modes of other formats (WinZip's counter) are built from, and CBC.
 */
#ifndef MP_CRYPTO_AES_H
#define MP_CRYPTO_AES_H

#include "base/str.h"

enum { AES_BLOCK_BYTES = 16 };

struct aes {
    void *ctx; /* of OpenSSL */
};

/* `key` has 16, 24 or 32 bytes. False: another length, no memory, no algorithm. */
bool aes_start(struct aes *a, struct str key);
/* Encrypt each of the `n` blocks at `in` on its own. False: OpenSSL failed. */
bool aes_blocks(struct aes *a, const unsigned char *in, unsigned char *out, size_t n);
void aes_end(struct aes *a);

/* Cipher block chaining over whole blocks, without padding: documents are encrypted so. `in` and
 * `out` may be the same. False: a key of another length, `n` no multiple of a block, OpenSSL
 * failed.
 */
bool aes_cbc_encrypt(struct str key, const unsigned char iv[AES_BLOCK_BYTES],
                     const unsigned char *in, unsigned char *out, size_t n);
bool aes_cbc_decrypt(struct str key, const unsigned char iv[AES_BLOCK_BYTES],
                     const unsigned char *in, unsigned char *out, size_t n);

#endif
