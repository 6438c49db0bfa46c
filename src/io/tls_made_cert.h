/* A self-signed certificate in memory, for a server that was given none. Of room io only. */
#ifndef MP_IO_TLS_MADE_CERT_H
#define MP_IO_TLS_MADE_CERT_H

#include <openssl/x509.h>

#include "io/tls_server.h"

/* ECDSA P-256, good from a day ago for TLS_SERVER_CERT_DAYS; names: the host, localhost, its
 * addresses. It is its own authority, so that a client can be told to trust just it. Both are the
 * caller's. MP_E_USAGE: the host name is none. */
int tls_make_certificate(const struct tls_server_settings *s, X509 **cert, EVP_PKEY **key,
                         struct mp_err *err);

#endif
