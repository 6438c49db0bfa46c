/* Public keys of DKIM and ARC, and private keys for signing. */
#ifndef MP_CRYPTO_KEY_H
#define MP_CRYPTO_KEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum key_type { KEY_RSA, KEY_ED25519 };
enum { KEY_RSA_MIN_BITS = 1024, KEY_RSA_MAX_BITS = 4096, KEY_ED25519_BYTES = 32 };

/* Read-only after making: any thread may verify with it. */
struct public_key;

/* RSA from DER: SubjectPublicKeyInfo or PKCS#1 RSAPublicKey (N22), by our bounded reader; Ed25519
 * from the 32 raw octets (RFC 8463), refused when small-order or not on the curve.
 * MP_E_SYNTAX: not a key of that type. MP_E_LIMIT (detail = bits): RSA above KEY_RSA_MAX_BITS,
 * found before any arithmetic. Keys below the floor are made (the caller judges `bits`). */
int public_key_new(enum key_type type, struct str octets, struct public_key **out,
                   struct mp_err *err);
void public_key_free(struct public_key *k);
unsigned public_key_bits(const struct public_key *k);
enum key_type public_key_type(const struct public_key *k);

/* Is `signature` right for this SHA-256 hash? RSA: PKCS#1 v1.5, signature exactly as long as the
 * modulus (N23). Ed25519: PureEdDSA over the 32 hash octets, S < L (N21).
 * MP_OK with *valid; MP_E_CRYPTO only when OpenSSL itself fails (memory). */
int public_key_verify(struct public_key *k, struct str sha256, struct str signature, bool *valid,
                      struct mp_err *err);

/* Private keys: PEM text (PKCS#8, PKCS#1; unencrypted). The memory is wiped on free. */
struct private_key;
int private_key_load(struct str pem, const char *file, struct private_key **out,
                     struct mp_err *err);
int private_key_generate(enum key_type type, unsigned rsa_bits, struct private_key **out,
                         struct mp_err *err);
void private_key_free(struct private_key *k);
enum key_type private_key_type(const struct private_key *k);
unsigned private_key_bits(const struct private_key *k);
/* Append the raw signature over the SHA-256 hash. Deterministic for both types. */
int private_key_sign(const struct private_key *k, struct str sha256, struct buf *out,
                     struct mp_err *err);

/* What signs, wherever the private half is: here, or in a process of its own. `sign` appends the
 * raw signature over a SHA-256 hash; `ctx` is handed to it. sign == NULL: there is no key. */
struct sign_key {
    enum key_type type;
    unsigned bits;
    int (*sign)(const void *ctx, struct str sha256, struct buf *out, struct mp_err *err);
    const void *ctx;
};

/* A key of this process as one that signs; borrowed. NULL: none. */
struct sign_key private_key_signer(const struct private_key *k);
/* Append the signature, or nothing. MP_OK; what `sign` failed with; MP_E_CRYPTO: what it gave has
 * not the length of a signature by such a key; MP_E_NOMEM. */
int sign_key_sign(const struct sign_key *k, struct str sha256, struct buf *out, struct mp_err *err);

/* PKCS#8 PEM of the private key; and the octets for the p= tag (SPKI DER for RSA, raw Ed25519). */
int private_key_pem(const struct private_key *k, struct buf *out, struct mp_err *err);
int private_key_public_octets(const struct private_key *k, struct buf *out, struct mp_err *err);

#endif
