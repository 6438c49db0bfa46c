/* Certificates and server-side TLS for tests: made in memory, good for an hour, never the same. */
#ifndef MP_TESTS_TLS_KIT_H
#define MP_TESTS_TLS_KIT_H

#include "base/str.h"

/* One CA for the process, as a PEM file (a memory file: nothing is left behind) and as DER. */
const char *kit_ca_file(void);
struct str kit_ca_der(void);
/* A certificate of that CA with its key, PEM in one file, for a client. */
const char *kit_client_file(void);

struct kit_tls_options {
    const char *names[4];                  /* dNSNames; none: only the common name "kit" */
    int64_t starts_in_s, ends_in_s;        /* from now; both 0: an hour around now */
    bool self_signed;                      /* else by the CA */
    bool sends_ca;                         /* the CA's certificate too, as DANE-TA needs it */
    bool asks_client;                      /* for a client certificate; any is taken */
    const char *min_version, *max_version; /* "TLSv1", "TLSv1.2", ...; NULL: what the build has */
};

/* What a server needs for its handshakes; any number of threads. Aborts when OpenSSL fails. */
struct kit_tls;
struct kit_tls *kit_tls_new(const struct kit_tls_options *o);
void kit_tls_free(struct kit_tls *t);             /* accepts NULL */
struct str kit_tls_leaf(const struct kit_tls *t); /* DER */

/* For script_server.c: struct ssl_ctx_st is OpenSSL's SSL_CTX. */
struct ssl_ctx_st;
struct ssl_ctx_st *kit_tls_ctx(const struct kit_tls *t);

#endif
