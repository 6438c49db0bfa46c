/* The ideal: what OpenSSL alone needs to hash the bytes and verify the signatures. */
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bench/contest.h"

struct ideal {
    const struct bench_set *set;
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    EVP_PKEY **keys;
    EVP_PKEY_CTX **rsa; /* one a key, NULL for the other kind */
    EVP_MD_CTX **ed25519;
};

static EVP_PKEY *load_key(const struct bench_key *key)
{
    const unsigned char *p = (const unsigned char *)key->octets.p;
    if (key->type == KEY_ED25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p, key->octets.n);
    return d2i_PUBKEY(NULL, &p, (long)key->octets.n);
}

static EVP_PKEY_CTX *make_verifier(const struct ideal *s, EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(ctx, s->sha256) != 1)
        bench_fail("ideal: no verifier");
    return ctx;
}

static void *ideal_open(const struct bench_set *set)
{
    struct ideal *s = calloc(1, sizeof *s);
    if (s == NULL)
        bench_fail("ideal: no memory");
    s->set = set;
    s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->hash = EVP_MD_CTX_new();
    s->keys = calloc(set->n_keys, sizeof(EVP_PKEY *));
    s->rsa = calloc(set->n_keys, sizeof(EVP_PKEY_CTX *));
    s->ed25519 = calloc(set->n_keys, sizeof(EVP_MD_CTX *));
    if (s->sha256 == NULL || s->hash == NULL || s->keys == NULL || s->rsa == NULL ||
        s->ed25519 == NULL)
        bench_fail("ideal: no memory");
    for (size_t i = 0; i < set->n_keys; i++) {
        s->keys[i] = load_key(&set->keys[i]);
        if (s->keys[i] == NULL)
            bench_fail("ideal: a key is not read");
        if (set->keys[i].type == KEY_RSA)
            s->rsa[i] = make_verifier(s, s->keys[i]);
        else if ((s->ed25519[i] = EVP_MD_CTX_new()) == NULL)
            bench_fail("ideal: no memory");
    }
    return s;
}

static bool ideal_verify(void *state, const struct bench_mail *mail)
{
    struct ideal *s = state;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_DigestInit_ex2(s->hash, s->sha256, NULL) != 1 ||
        EVP_DigestUpdate(s->hash, mail->raw.p, mail->raw.n) != 1 ||
        EVP_DigestFinal_ex(s->hash, hash, &n) != 1)
        return false;
    for (unsigned i = 0; i < mail->n_signatures; i++) {
        const struct buf *octets = &mail->signatures[i].octets;
        const unsigned char *signature = (const unsigned char *)octets->p;
        size_t key = mail->signatures[i].key;
        int valid = 0;
        if (s->rsa[key] != NULL)
            valid = EVP_PKEY_verify(s->rsa[key], signature, octets->n, hash, n);
        else if (EVP_DigestVerifyInit(s->ed25519[key], NULL, NULL, NULL, s->keys[key]) == 1)
            valid = EVP_DigestVerify(s->ed25519[key], signature, octets->n, hash, n);
        if (valid != 1)
            return false;
    }
    return true;
}

static void ideal_close(void *state)
{
    struct ideal *s = state;
    for (size_t i = 0; i < s->set->n_keys; i++) {
        EVP_PKEY_CTX_free(s->rsa[i]);
        EVP_MD_CTX_free(s->ed25519[i]);
        EVP_PKEY_free(s->keys[i]);
    }
    EVP_MD_CTX_free(s->hash);
    EVP_MD_free(s->sha256);
    free(s->keys);
    free(s->rsa);
    free(s->ed25519);
    free(s);
}

const struct contestant contest_ideal = {"ideal", ideal_open, ideal_verify, ideal_close};
