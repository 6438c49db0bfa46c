/* SHA-256 through EVP: algorithms fetched once per process, contexts pooled per thread. */
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "crypto/crypto_internal.h"

/* An implicit fetch costs 0.25 us per hash and scales badly over threads (measured); so the
 * algorithms are fetched once and live until the process ends. */
static EVP_MD *algorithms[3];
static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static pthread_key_t pool_key;
static bool pool_key_ok;

enum { POOL_MAX = 16 };

struct pool {
    EVP_MD_CTX *free[POOL_MAX];
    size_t n;
    bool registered; /* for the destructor at the thread's end */
};

static _Thread_local struct pool pool;

static void pool_drain(void *arg)
{
    struct pool *p = arg;
    while (p->n > 0)
        EVP_MD_CTX_free(p->free[--p->n]);
    p->registered = false;
}

static void fetch_all(void)
{
    algorithms[DIGEST_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms[DIGEST_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
    algorithms[DIGEST_MD5] = EVP_MD_fetch(NULL, "MD5", NULL);
    pool_key_ok = pthread_key_create(&pool_key, pool_drain) == 0;
}

const EVP_MD *crypto_md(enum digest_alg alg)
{
    pthread_once(&fetched, fetch_all);
    return algorithms[alg];
}

EVP_MD_CTX *crypto_ctx_take(void)
{
    return pool.n > 0 ? pool.free[--pool.n] : EVP_MD_CTX_new();
}

void crypto_ctx_give(EVP_MD_CTX *ctx)
{
    if (ctx == NULL)
        return;
    if (!pool.registered)
        pool.registered = pool_key_ok && pthread_setspecific(pool_key, &pool) == 0;
    if (pool.registered && pool.n < POOL_MAX)
        pool.free[pool.n++] = ctx;
    else
        EVP_MD_CTX_free(ctx);
}

bool digest_start(struct digest *d, enum digest_alg alg)
{
    const EVP_MD *md = crypto_md(alg);
    d->failed = true;
    d->ctx = md == NULL ? NULL : crypto_ctx_take();
    if (d->ctx == NULL)
        return false;
    if (EVP_DigestInit_ex2(d->ctx, md, NULL) != 1) {
        digest_cancel(d);
        return false;
    }
    d->failed = false;
    return true;
}

void digest_update(struct digest *d, struct str bytes)
{
    if (!d->failed && bytes.n > 0 && EVP_DigestUpdate(d->ctx, bytes.p, bytes.n) != 1)
        d->failed = true;
}

bool digest_final(struct digest *d, unsigned char out[DIGEST_MAX_BYTES])
{
    bool ok = !d->failed && d->ctx != NULL && EVP_DigestFinal_ex(d->ctx, out, NULL) == 1;
    digest_cancel(d);
    return ok;
}

void digest_cancel(struct digest *d)
{
    crypto_ctx_give(d->ctx);
    d->ctx = NULL;
    d->failed = true;
}

size_t digest_bytes(enum digest_alg alg)
{
    static const size_t bytes[] = {[DIGEST_SHA256] = 32, [DIGEST_SHA1] = 20, [DIGEST_MD5] = 16};
    return bytes[alg];
}

bool digest_once(enum digest_alg alg, struct str bytes, unsigned char out[DIGEST_MAX_BYTES])
{
    struct digest d;
    if (!digest_start(&d, alg))
        return false;
    digest_update(&d, bytes);
    return digest_final(&d, out);
}

bool digest_sha2(unsigned bits, struct str bytes, unsigned char out[DIGEST_SHA2_BYTES])
{
    const char *name = bits == 256   ? "SHA256"
                       : bits == 384 ? "SHA384"
                       : bits == 512 ? "SHA512"
                                     : NULL;
    size_t n = 0;
    bool ok = name != NULL &&
              EVP_Q_digest(NULL, name, NULL, bytes.n == 0 ? "" : bytes.p, bytes.n, out, &n) == 1 &&
              n == bits / 8;
    ERR_clear_error();
    return ok;
}

bool digest_equal(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
