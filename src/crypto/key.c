/* Public keys of signers: made from our own DER reading, checked, and used for verifying. */
#include "crypto/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/crypto_internal.h"
#include "crypto/der.h"
#include "crypto/ed25519_point.h"

enum { RSA_EXPONENT_MAX_BITS = 64, SHA256_BYTES = 32, ED25519_SIGNATURE_BYTES = 64 };

struct public_key {
    enum key_type type;
    unsigned bits;
    EVP_PKEY *pkey;
    /* A prepared verification context waiting for its next user: making one costs a third of an
     * RSA-2048 verification. A thread takes it out whole; who finds none makes one. */
    _Atomic(EVP_PKEY_CTX *) spare;
};

static EVP_PKEY *rsa_from_numbers(struct str modulus, struct str exponent)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    BIGNUM *n = BN_bin2bn((const unsigned char *)modulus.p, (int)modulus.n, NULL);
    BIGNUM *e = BN_bin2bn((const unsigned char *)exponent.p, (int)exponent.n, NULL);
    if (ctx == NULL || builder == NULL || n == NULL || e == NULL)
        goto out;
    if (OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1 ||
        (params = OSSL_PARAM_BLD_to_param(builder)) == NULL)
        goto out;
    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(ctx);
    BN_free(n);
    BN_free(e);
    return pkey;
}

static bool is_odd(struct str magnitude)
{
    return (magnitude.p[magnitude.n - 1] & 1) != 0;
}

static int rsa_make(struct public_key *k, struct str octets, struct mp_err *err)
{
    struct str modulus, exponent;
    if (!der_rsa_public(octets, &modulus, &exponent))
        return mp_fail(err, MP_E_SYNTAX, 0, "not an RSA public key in DER");
    size_t bits = der_bits(modulus);
    if (bits > KEY_RSA_MAX_BITS)
        return mp_fail(err, MP_E_LIMIT, (int64_t)bits, "RSA key of %zu bits: more than %d", bits,
                       KEY_RSA_MAX_BITS);
    /* e = 1 would make every text its own signature; an even n or e is no RSA key; a huge e makes
     * each verification cost a thousand times more. */
    if (der_bits(exponent) > RSA_EXPONENT_MAX_BITS)
        return mp_fail(err, MP_E_SYNTAX, 0, "RSA exponent is longer than %d bits",
                       RSA_EXPONENT_MAX_BITS);
    if (!is_odd(modulus) || !is_odd(exponent) || der_bits(exponent) < 2 ||
        der_bits(exponent) >= bits)
        return mp_fail(err, MP_E_SYNTAX, 0, "numbers that are no RSA key");
    k->bits = (unsigned)bits;
    k->pkey = rsa_from_numbers(modulus, exponent);
    return k->pkey != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for an RSA key");
}

static int ed25519_make(struct public_key *k, struct str octets, struct mp_err *err)
{
    if (octets.n != KEY_ED25519_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "an Ed25519 key has 32 octets, not %zu", octets.n);
    const unsigned char *raw = (const unsigned char *)octets.p;
    switch (ed25519_point_check(raw)) {
    case ED25519_POINT_OK:
        break;
    case ED25519_POINT_SMALL_ORDER:
        return mp_fail(err, MP_E_SYNTAX, 0, "Ed25519 key of small order");
    case ED25519_POINT_OFF_CURVE:
        return mp_fail(err, MP_E_SYNTAX, 0, "Ed25519 key is no point of the curve");
    case ED25519_POINT_NO_MEMORY:
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an Ed25519 key");
    }
    k->bits = 256;
    k->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, raw, octets.n);
    return k->pkey != NULL ? MP_OK : mp_fail(err, MP_E_NOMEM, 0, "no memory for an Ed25519 key");
}

int public_key_new(enum key_type type, struct str octets, struct public_key **out,
                   struct mp_err *err)
{
    struct public_key *k = calloc(1, sizeof *k);
    if (k == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a key");
    k->type = type;
    int st = type == KEY_RSA ? rsa_make(k, octets, err) : ed25519_make(k, octets, err);
    if (st != MP_OK) {
        ERR_clear_error();
        public_key_free(k);
        return st;
    }
    *out = k;
    return MP_OK;
}

void public_key_free(struct public_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_CTX_free(atomic_load(&k->spare));
    EVP_PKEY_free(k->pkey);
    free(k);
}

unsigned public_key_bits(const struct public_key *k)
{
    return k->bits;
}

enum key_type public_key_type(const struct public_key *k)
{
    return k->type;
}

static EVP_PKEY_CTX *rsa_context_new(const struct public_key *k)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, crypto_md(DIGEST_SHA256)) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* The key is shared and logically constant; only its spare context moves, atomically. */
static int rsa_verify(struct public_key *k, struct str sha256, struct str signature, bool *valid)
{
    *valid = false;
    if (signature.n != (k->bits + 7) / 8) /* not even a leading zero octet (RFC 8017 8.2.2) */
        return MP_OK;
    EVP_PKEY_CTX *ctx = atomic_exchange(&k->spare, NULL), *none = NULL;
    if (ctx == NULL)
        ctx = rsa_context_new(k);
    if (ctx == NULL)
        return MP_E_CRYPTO;
    *valid = EVP_PKEY_verify(ctx, (const unsigned char *)signature.p, signature.n,
                             (const unsigned char *)sha256.p, sha256.n) == 1;
    if (!atomic_compare_exchange_strong(&k->spare, &none, ctx))
        EVP_PKEY_CTX_free(ctx);
    return MP_OK;
}

static int ed25519_verify(const struct public_key *k, struct str sha256, struct str signature,
                          bool *valid)
{
    *valid = false;
    if (signature.n != ED25519_SIGNATURE_BYTES ||
        !ed25519_scalar_is_reduced((const unsigned char *)signature.p + 32))
        return MP_OK;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new(); /* not from the pool: it would keep the key alive */
    if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return MP_E_CRYPTO;
    }
    *valid = EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                              (const unsigned char *)sha256.p, sha256.n) == 1;
    EVP_MD_CTX_free(ctx);
    return MP_OK;
}

int public_key_verify(struct public_key *k, struct str sha256, struct str signature, bool *valid,
                      struct mp_err *err)
{
    if (sha256.n != SHA256_BYTES)
        return mp_fail(err, MP_E_USAGE, 0, "a SHA-256 hash has 32 octets");
    int st = k->type == KEY_RSA ? rsa_verify(k, sha256, signature, valid)
                                : ed25519_verify(k, sha256, signature, valid);
    if (st != MP_OK || !*valid)
        ERR_clear_error();
    return st == MP_OK ? MP_OK : mp_fail(err, st, 0, "OpenSSL cannot verify a signature");
}
