/* DER of RSA public keys: definite minimal lengths only, no recursion, no allocation. */
#include "crypto/der.h"

/* Length octets (X.690 8.1.3, 10.1): short form below 128, else the fewest octets. Four are enough
 * for any key we would read. */
static bool read_length(struct str *in, size_t *length)
{
    if (in->n == 0)
        return false;
    unsigned char first = (unsigned char)in->p[0];
    *in = str_slice(*in, 1, in->n);
    if (first < 0x80) {
        *length = first;
        return true;
    }
    size_t octets = first & 0x7fu;
    if (octets == 0 || octets > 4 || in->n < octets || in->p[0] == 0)
        return false;
    size_t value = 0;
    for (size_t i = 0; i < octets; i++)
        value = value << 8 | (unsigned char)in->p[i];
    *in = str_slice(*in, octets, in->n);
    *length = value;
    return value >= 0x80;
}

bool der_next(struct str *in, unsigned char tag, struct str *content)
{
    struct str rest = *in;
    size_t length = 0;
    if (rest.n == 0 || (unsigned char)rest.p[0] != tag)
        return false;
    rest = str_slice(rest, 1, rest.n);
    if (!read_length(&rest, &length) || length > rest.n)
        return false;
    *content = str_slice(rest, 0, length);
    *in = str_slice(rest, length, rest.n);
    return true;
}

bool der_positive(struct str *in, struct str *magnitude)
{
    struct str rest = *in, value;
    if (!der_next(&rest, DER_INTEGER, &value) || value.n == 0 || (value.p[0] & 0x80) != 0)
        return false;
    if (value.p[0] == 0) { /* a sign octet, needed only before a set top bit */
        if (value.n == 1 || (value.p[1] & 0x80) == 0)
            return false;
        value = str_slice(value, 1, value.n);
    }
    *magnitude = value;
    *in = rest;
    return true;
}

static bool rsa_public_key(struct str der, struct str *modulus, struct str *exponent)
{
    struct str body;
    return der_next(&der, DER_SEQUENCE, &body) && der.n == 0 && der_positive(&body, modulus) &&
           der_positive(&body, exponent) && body.n == 0;
}

/* AlgorithmIdentifier: rsaEncryption, with the NULL that RFC 3279 asks for or without. */
static bool is_rsa_encryption(struct str algorithm)
{
    static const char oid[] = {'\x2a', '\x86', '\x48', '\x86', '\xf7',
                               '\x0d', '\x01', '\x01', '\x01'};
    struct str id, null;
    if (!der_next(&algorithm, DER_OID, &id) || !str_eq(id, str_make(oid, sizeof oid)))
        return false;
    if (algorithm.n == 0)
        return true;
    return der_next(&algorithm, DER_NULL, &null) && null.n == 0 && algorithm.n == 0;
}

bool der_rsa_public(struct str der, struct str *modulus, struct str *exponent)
{
    struct str body, algorithm, bits, rest = der;
    if (!der_next(&rest, DER_SEQUENCE, &body) || rest.n != 0)
        return false;
    if (!der_next(&body, DER_SEQUENCE, &algorithm))
        return rsa_public_key(der, modulus, exponent);
    if (!is_rsa_encryption(algorithm) || !der_next(&body, DER_BIT_STRING, &bits) || body.n != 0)
        return false;
    if (bits.n == 0 || bits.p[0] != 0) /* unused bits make no sense around DER */
        return false;
    return rsa_public_key(str_slice(bits, 1, bits.n), modulus, exponent);
}

size_t der_bits(struct str magnitude)
{
    if (magnitude.n == 0)
        return 0;
    size_t bits = (magnitude.n - 1) * 8;
    for (unsigned top = (unsigned char)magnitude.p[0]; top != 0; top >>= 1)
        bits++;
    return bits;
}
