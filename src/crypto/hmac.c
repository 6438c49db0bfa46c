/* HMAC, PBKDF2, plain hashes for SASL, random octets; each fetched once, MD5 where it is allowed.
 */
#include "crypto/hmac.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { ITERATIONS_MAX = 10000000 /* a bound of our own; callers have lower ones */ };

static const struct {
    const char *name;
    size_t bytes;
} algs[] = {[HMAC_MD5] = {"MD5", 16}, [HMAC_SHA1] = {"SHA1", 20}, [HMAC_SHA256] = {"SHA256", 32}};

size_t hmac_bytes(enum hmac_alg alg)
{
    return algs[alg].bytes;
}

/* OpenSSL takes no NULL for an empty input everywhere. */
static const unsigned char *octets(struct str s)
{
    return (const unsigned char *)(s.n == 0 ? "" : s.p);
}

bool hmac_once(enum hmac_alg alg, struct str key, struct str data,
               unsigned char out[HMAC_MAX_BYTES])
{
    size_t n = 0;
    bool ok = EVP_Q_mac(NULL, "HMAC", NULL, algs[alg].name, NULL, octets(key), key.n, octets(data),
                        data.n, out, HMAC_MAX_BYTES, &n) != NULL &&
              n == algs[alg].bytes;
    ERR_clear_error();
    return ok;
}

bool hmac_hash(enum hmac_alg alg, struct str data, unsigned char out[HMAC_MAX_BYTES])
{
    size_t n = 0;
    bool ok = EVP_Q_digest(NULL, algs[alg].name, NULL, octets(data), data.n, out, &n) == 1 &&
              n == algs[alg].bytes;
    ERR_clear_error();
    return ok;
}

bool hmac_pbkdf2_long(enum hmac_alg alg, struct str password, struct str salt, uint32_t iterations,
                      unsigned char *out, size_t n)
{
    if (iterations == 0 || iterations > ITERATIONS_MAX || password.n > INT32_MAX ||
        salt.n > INT32_MAX || n > INT32_MAX)
        return false;
    EVP_MD *md = EVP_MD_fetch(NULL, algs[alg].name, NULL);
    bool ok = md != NULL &&
              PKCS5_PBKDF2_HMAC((const char *)octets(password), (int)password.n, octets(salt),
                                (int)salt.n, (int)iterations, md, (int)n, out) == 1;
    EVP_MD_free(md);
    ERR_clear_error();
    return ok;
}

bool hmac_pbkdf2(enum hmac_alg alg, struct str password, struct str salt, uint32_t iterations,
                 unsigned char out[HMAC_MAX_BYTES])
{
    return hmac_pbkdf2_long(alg, password, salt, iterations, out, algs[alg].bytes);
}

bool crypto_random(void *out, size_t n)
{
    bool ok = n <= INT32_MAX && RAND_bytes(out, (int)n) == 1;
    ERR_clear_error();
    return ok;
}

void crypto_wipe(void *p, size_t n)
{
    if (p != NULL)
        OPENSSL_cleanse(p, n);
}
