/* AES-ECB through EVP, for modes that OpenSSL does not have; AES-CBC for those who say so. */
#include "crypto/aes.h"

#include <openssl/err.h>
#include <openssl/evp.h>

enum { BLOCKS_AT_ONCE = 1 << 20 };

bool aes_start(struct aes *a, struct str key)
{
    const EVP_CIPHER *cipher = key.n == 16   ? EVP_aes_128_ecb()
                               : key.n == 24 ? EVP_aes_192_ecb()
                               : key.n == 32 ? EVP_aes_256_ecb()
                                             : NULL;
    EVP_CIPHER_CTX *ctx = cipher == NULL ? NULL : EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL &&
              EVP_EncryptInit_ex2(ctx, cipher, (const unsigned char *)key.p, NULL, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    if (!ok) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    a->ctx = ctx;
    ERR_clear_error();
    return ok;
}

bool aes_blocks(struct aes *a, const unsigned char *in, unsigned char *out, size_t n)
{
    bool ok = true;
    while (ok && n > 0) {
        size_t now = n < BLOCKS_AT_ONCE ? n : BLOCKS_AT_ONCE;
        int bytes = (int)(now * AES_BLOCK_BYTES), written = 0;
        ok = EVP_EncryptUpdate(a->ctx, out, &written, in, bytes) == 1 && written == bytes;
        in += bytes;
        out += bytes;
        n -= now;
    }
    ERR_clear_error();
    return ok;
}

void aes_end(struct aes *a)
{
    EVP_CIPHER_CTX_free(a->ctx);
    a->ctx = NULL;
}

static bool cbc(struct str key, const unsigned char *iv, const unsigned char *in,
                unsigned char *out, size_t n, int encrypt)
{
    const EVP_CIPHER *cipher = key.n == 16   ? EVP_aes_128_cbc()
                               : key.n == 24 ? EVP_aes_192_cbc()
                               : key.n == 32 ? EVP_aes_256_cbc()
                                             : NULL;
    if (cipher == NULL || n % AES_BLOCK_BYTES != 0)
        return false;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok =
        ctx != NULL &&
        EVP_CipherInit_ex2(ctx, cipher, (const unsigned char *)key.p, iv, encrypt, NULL) == 1 &&
        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    while (ok && n > 0) {
        size_t blocks = n / AES_BLOCK_BYTES < BLOCKS_AT_ONCE ? n / AES_BLOCK_BYTES : BLOCKS_AT_ONCE;
        int bytes = (int)(blocks * AES_BLOCK_BYTES), written = 0;
        ok = EVP_CipherUpdate(ctx, out, &written, in, bytes) == 1 && written == bytes;
        in += bytes;
        out += bytes;
        n -= (size_t)bytes;
    }
    EVP_CIPHER_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

bool aes_cbc_encrypt(struct str key, const unsigned char iv[AES_BLOCK_BYTES],
                     const unsigned char *in, unsigned char *out, size_t n)
{
    return cbc(key, iv, in, out, n, 1);
}

bool aes_cbc_decrypt(struct str key, const unsigned char iv[AES_BLOCK_BYTES],
                     const unsigned char *in, unsigned char *out, size_t n)
{
    return cbc(key, iv, in, out, n, 0);
}
