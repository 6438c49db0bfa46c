/* What the files of this room share: OpenSSL's types stay behind it. */
#ifndef MP_CRYPTO_INTERNAL_H
#define MP_CRYPTO_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/digest.h"

/* Fetched once; NULL when the provider does not have it. */
const EVP_MD *crypto_md(enum digest_alg alg);

/* A digest context of this thread's pool; NULL without memory. Give it back in any state. */
EVP_MD_CTX *crypto_ctx_take(void);
void crypto_ctx_give(EVP_MD_CTX *ctx);

#endif
