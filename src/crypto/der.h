/* A bounded reader for the few DER shapes that RSA public keys have (X.690, RFC 8017 A.1). */
#ifndef MP_CRYPTO_DER_H
#define MP_CRYPTO_DER_H

#include "base/str.h"

enum {
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_SEQUENCE = 0x30
};

/* Take one element with exactly this tag off the front of `*in`; `*content` is its value. False,
 * nothing moved: another tag, indefinite or non-minimal length, or a length beyond the input. */
bool der_next(struct str *in, unsigned char tag, struct str *content);

/* A positive INTEGER in its shortest form: `*magnitude` without the sign octet, first octet not
 * zero. */
bool der_positive(struct str *in, struct str *magnitude);

/* Modulus and exponent of a SubjectPublicKeyInfo for rsaEncryption (RFC 3279 2.3.1) or of a bare
 * PKCS#1 RSAPublicKey. The whole of `der` must be that one element. Views into the input. */
bool der_rsa_public(struct str der, struct str *modulus, struct str *exponent);

/* Bits of a magnitude as der_positive gives it. */
size_t der_bits(struct str magnitude);

#endif
