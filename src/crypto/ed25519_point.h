/* What OpenSSL does not say about Ed25519 keys and signatures: order, curve, range (RFC 8032). */
#ifndef MP_CRYPTO_ED25519_POINT_H
#define MP_CRYPTO_ED25519_POINT_H

#include <stdbool.h>

enum ed25519_point {
    ED25519_POINT_OK,
    ED25519_POINT_SMALL_ORDER, /* a signature by anyone may verify under such a key */
    ED25519_POINT_OFF_CURVE,   /* no such point, or not its only encoding (RFC 8032 5.1.3) */
    ED25519_POINT_NO_MEMORY
};

/* Judge the 32 octets of an encoded point. */
enum ed25519_point ed25519_point_check(const unsigned char encoded[32]);

/* Is the second half of a signature below the group order L (RFC 8032 5.1.7, malleability)? */
bool ed25519_scalar_is_reduced(const unsigned char s[32]);

#endif
