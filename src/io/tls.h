/* TLS as a client on an open connection: handshake, and what it showed. */
#ifndef MP_IO_TLS_H
#define MP_IO_TLS_H

#include "crypto/tls_facts.h"
#include "io/net.h"

/* Settings of a run, made once (files are read), shared by all its connections. */
struct tls_settings {
    const char *ca_file;     /* PEM; NULL: the system's */
    const char *cert_file;   /* client certificate chain, PEM; NULL: none */
    const char *key_file;    /* its key; NULL: in cert_file */
    const char *min_version; /* "TLSv1.2"; NULL: OpenSSL's default, TLSv1 where the build has it */
    const char *max_version;
    const char *ciphers;      /* OpenSSL cipher list for up to 1.2; NULL: default */
    const char *ciphersuites; /* for 1.3; NULL: default */
};

struct tls_client;
/* MP_E_IO, MP_E_SYNTAX, MP_E_USAGE: which file or word was refused. */
int tls_client_new(const struct tls_settings *s, struct tls_client **out, struct mp_err *err);
void tls_client_free(struct tls_client *t); /* accepts NULL; after its connections are closed */
const struct x509_store *tls_client_store(const struct tls_client *t);

/* Handshake on `c`, with `sni` (A-label; empty: none). The peer's certificate is never a reason to
 * stop: it is described and judged in *facts (texts in `a`), and the caller decides.
 * On failure facts->established is false and `err` has OpenSSL's or the peer's alert in words;
 * conn_last_fault is CONN_TLS, CONN_CLOSED or CONN_TIMED_OUT. */
int tls_handshake(struct tls_client *t, struct conn *c, struct str sni, struct arena *a,
                  int64_t now_s, int64_t deadline_us, struct tls_facts *facts, struct mp_err *err);

#endif
