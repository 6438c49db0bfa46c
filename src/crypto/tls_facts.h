/* What a TLS handshake showed: data only, made by io/tls.c, judged by transport/ and flow/. */
#ifndef MP_CRYPTO_TLS_FACTS_H
#define MP_CRYPTO_TLS_FACTS_H

#include "crypto/x509.h"

struct tls_facts {
    bool established;   /* the handshake was done */
    struct str version; /* "TLSv1.3" */
    struct str cipher;  /* "TLS_AES_256_GCM_SHA384" */
    struct str group;   /* "X25519"; empty when unknown */
    unsigned cipher_bits;
    struct str alpn, sni; /* sni: name that was sent, empty: none */
    struct str *chain;    /* DER as sent, leaf first */
    size_t n_chain;
    struct x509_facts leaf; /* when n_chain > 0 and it could be read */
    bool has_leaf;
    enum x509_verdict pkix; /* the chain against the configured anchors */
    struct str pkix_reason;
    struct str channel_binding;  /* tls-server-end-point hash (RFC 5929 4.1), for SCRAM-PLUS */
    struct str exporter_binding; /* tls-exporter (RFC 9266), TLS 1.3 only; empty without */
    int64_t handshake_us;
};

#endif
