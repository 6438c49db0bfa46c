/* What the two files about certificates share: strict parsing into OpenSSL's type. */
#ifndef MP_CRYPTO_X509_INTERNAL_H
#define MP_CRYPTO_X509_INTERNAL_H

#include <openssl/x509.h>

#include "crypto/x509.h"

/* NULL: not exactly one certificate, too large, or not strict DER. Free with X509_free. */
X509 *x509_parse(struct str der);

#endif
