/* Private keys for signing: load, make, write, sign. Never on the path of strangers' bytes. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "crypto/crypto_internal.h"
#include "crypto/key.h"

enum {
    PEM_MAX_BYTES = 64 * 1024,
    SIGNATURE_MAX_BYTES = KEY_RSA_MAX_BITS / 8,
    ED25519_SIGNATURE_BYTES = 64
};

struct private_key {
    enum key_type type;
    unsigned bits;
    EVP_PKEY *pkey; /* OpenSSL wipes its numbers when it goes */
};

static int fail(struct mp_err *err, int code, const char *text)
{
    ERR_clear_error();
    return mp_fail(err, code, 0, "%s", text);
}

/* Without this OpenSSL would ask the terminal for a pass phrase. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static int wrap(EVP_PKEY *pkey, struct private_key **out, struct mp_err *err)
{
    struct private_key *k = calloc(1, sizeof *k);
    if (k == NULL)
        return fail(err, MP_E_NOMEM, "no memory for a key");
    k->type = EVP_PKEY_is_a(pkey, "RSA") ? KEY_RSA : KEY_ED25519;
    k->bits = k->type == KEY_RSA ? (unsigned)EVP_PKEY_get_bits(pkey) : 256;
    k->pkey = pkey;
    *out = k;
    return MP_OK;
}

int private_key_load(struct str pem, const char *file, struct private_key **out, struct mp_err *err)
{
    if (pem.n == 0 || pem.n > PEM_MAX_BYTES)
        return mp_fail(err, MP_E_SYNTAX, 0, "%s: not a PEM file of a private key", file);
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    int st = MP_OK;
    if (pkey == NULL)
        st = mp_fail(err, MP_E_SYNTAX, 0,
                     "%s: no unencrypted private key in PEM form (PKCS#8 or PKCS#1)", file);
    else if (!EVP_PKEY_is_a(pkey, "RSA") && !EVP_PKEY_is_a(pkey, "ED25519"))
        st = mp_fail(err, MP_E_SYNTAX, 0, "%s: the key is neither RSA nor Ed25519", file);
    else if (EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) > KEY_RSA_MAX_BITS)
        st = mp_fail(err, MP_E_LIMIT, EVP_PKEY_get_bits(pkey),
                     "%s: RSA key of %d bits: verifiers need not accept more than %d", file,
                     EVP_PKEY_get_bits(pkey), KEY_RSA_MAX_BITS);
    else
        st = wrap(pkey, out, err);
    ERR_clear_error();
    if (st != MP_OK)
        EVP_PKEY_free(pkey);
    return st;
}

int private_key_generate(enum key_type type, unsigned rsa_bits, struct private_key **out,
                         struct mp_err *err)
{
    if (type == KEY_RSA && (rsa_bits < KEY_RSA_MIN_BITS || rsa_bits > KEY_RSA_MAX_BITS))
        return mp_fail(err, MP_E_USAGE, rsa_bits, "an RSA key has %d to %d bits", KEY_RSA_MIN_BITS,
                       KEY_RSA_MAX_BITS);
    EVP_PKEY *pkey = type == KEY_RSA ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits)
                                     : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pkey == NULL)
        return fail(err, MP_E_CRYPTO, "OpenSSL cannot make a key");
    int st = wrap(pkey, out, err);
    if (st != MP_OK)
        EVP_PKEY_free(pkey);
    return st;
}

void private_key_free(struct private_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

enum key_type private_key_type(const struct private_key *k)
{
    return k->type;
}

unsigned private_key_bits(const struct private_key *k)
{
    return k->bits;
}

static bool rsa_sign(const struct private_key *k, struct str sha256, unsigned char *to, size_t *n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_CTX_set_signature_md(ctx, crypto_md(DIGEST_SHA256)) == 1 &&
              EVP_PKEY_sign(ctx, to, n, (const unsigned char *)sha256.p, sha256.n) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool ed25519_sign(const struct private_key *k, struct str sha256, unsigned char *to,
                         size_t *n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey, NULL) == 1 &&
              EVP_DigestSign(ctx, to, n, (const unsigned char *)sha256.p, sha256.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

int private_key_sign(const struct private_key *k, struct str sha256, struct buf *out,
                     struct mp_err *err)
{
    unsigned char signature[SIGNATURE_MAX_BYTES];
    size_t n = sizeof signature;
    if (sha256.n != digest_bytes(DIGEST_SHA256))
        return mp_fail(err, MP_E_USAGE, 0, "a SHA-256 hash has 32 octets");
    bool ok = k->type == KEY_RSA ? rsa_sign(k, sha256, signature, &n)
                                 : ed25519_sign(k, sha256, signature, &n);
    if (!ok)
        return fail(err, MP_E_CRYPTO, "OpenSSL cannot sign with this key");
    buf_add(out, str_make((const char *)signature, n));
    return out->failed ? fail(err, MP_E_NOMEM, "no room for a signature") : MP_OK;
}

static int sign_here(const void *ctx, struct str sha256, struct buf *out, struct mp_err *err)
{
    return private_key_sign(ctx, sha256, out, err);
}

struct sign_key private_key_signer(const struct private_key *k)
{
    if (k == NULL)
        return (struct sign_key){.sign = NULL};
    return (struct sign_key){.type = k->type, .bits = k->bits, .sign = sign_here, .ctx = k};
}

int sign_key_sign(const struct sign_key *k, struct str sha256, struct buf *out, struct mp_err *err)
{
    size_t before = out->n, want = k->type == KEY_RSA ? (k->bits + 7) / 8 : ED25519_SIGNATURE_BYTES;
    int st = k->sign(k->ctx, sha256, out, err);
    if (st == MP_OK && out->n - before != want)
        st = mp_fail(err, MP_E_CRYPTO, (int64_t)(out->n - before),
                     "a signature of %zu bytes, where the key makes %zu", out->n - before, want);
    if (st != MP_OK)
        out->n = before;
    return st;
}

int private_key_pem(const struct private_key *k, struct buf *out, struct mp_err *err)
{
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when freed */
    char *text = NULL;
    long n = 0;
    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1)
        n = BIO_get_mem_data(bio, &text);
    if (n > 0)
        buf_add(out, str_make(text, (size_t)n));
    BIO_free(bio);
    if (n <= 0)
        return fail(err, MP_E_CRYPTO, "OpenSSL cannot write the key");
    return out->failed ? fail(err, MP_E_NOMEM, "no room for a key") : MP_OK;
}

static bool rsa_public_octets(const struct private_key *k, struct buf *out)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(k->pkey, &der);
    if (n > 0)
        buf_add(out, str_make((const char *)der, (size_t)n));
    OPENSSL_free(der);
    return n > 0;
}

static bool ed25519_public_octets(const struct private_key *k, struct buf *out)
{
    unsigned char raw[KEY_ED25519_BYTES];
    size_t n = sizeof raw;
    if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) != 1)
        return false;
    buf_add(out, str_make((const char *)raw, n));
    return true;
}

int private_key_public_octets(const struct private_key *k, struct buf *out, struct mp_err *err)
{
    bool ok = k->type == KEY_RSA ? rsa_public_octets(k, out) : ed25519_public_octets(k, out);
    if (!ok)
        return fail(err, MP_E_CRYPTO, "OpenSSL cannot write the public key");
    return out->failed ? fail(err, MP_E_NOMEM, "no room for a public key") : MP_OK;
}
