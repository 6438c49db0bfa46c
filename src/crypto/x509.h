/* Certificates as bytes: facts, names, chains, and matching by digest (RFC 5280, 6125/9525, 6698).
 */
#ifndef MP_CRYPTO_X509_H
#define MP_CRYPTO_X509_H

#include "base/arena.h"
#include "base/err.h"

enum {
    X509_CHAIN_MAX = 20,        /* certificates of one chain */
    X509_MAX_BYTES = 64 * 1024, /* of one certificate */
    X509_MAX_NAMES = 1000,      /* subject alternative names kept; some CAs sell that many */
    X509_ANCHORS_MAX = 500
};

/* What one certificate says. Texts in the arena, printable form is the reader's business. */
struct x509_facts {
    struct str subject, issuer; /* RFC 2253 form */
    struct str common_name;     /* the last CN of the subject; may hold anything */
    struct str *dns_names;      /* SAN dNSName as written; empty: none */
    size_t n_dns_names, dropped_names;
    struct str serial;   /* hex */
    struct str key_type; /* "RSA", "EC P-256", "Ed25519" */
    unsigned key_bits;
    struct str signature; /* "sha256WithRSAEncryption" */
    int64_t not_before_s, not_after_s;
    bool self_signed, is_ca;
    unsigned char sha256[32], spki_sha256[32];
};

/* MP_E_SYNTAX: no certificate in strict DER (trailing bytes too), or one whose names or dates
 * cannot be read: then no other name of it may count. MP_E_NOMEM. */
int x509_read(struct arena *a, struct str der, struct x509_facts *out, struct mp_err *err);

/* TLSA selectors and matching types (RFC 6698 2.1): what the record's data is compared with.
 * p == NULL: not a certificate, unknown selector or type, or no memory. */
struct str x509_association(struct arena *a, struct str der, unsigned selector, unsigned matching);

/* tls-server-end-point of RFC 5929 4.1: the certificate hashed as its signature was, MD5 and SHA-1
 * replaced by SHA-256. False: no certificate, or a signature without one hash (Ed25519): then this
 * channel binding is not defined. */
bool x509_channel_binding(struct arena *a, struct str der, struct str *out);

/* Does a dNSName of the certificate match `host` (A-label form, any case)? One wildcard as the
 * whole leftmost label, for one label, not right below a top level domain; the CN counts only when
 * there is no dNSName at all (RFC 9525 drops it; RFC 7672 3.2.3 and Postfix keep it: `*by_cn`
 * tells). An IP address never matches. */
bool x509_matches(const struct x509_facts *f, struct str host, bool *by_cn);

enum x509_verdict {
    X509_OK,
    X509_EMPTY,  /* no chain */
    X509_BROKEN, /* a certificate cannot be read */
    X509_EXPIRED,
    X509_NOT_YET_VALID,
    X509_SELF_SIGNED, /* the leaf itself, not trusted */
    X509_UNKNOWN_CA,  /* ends in an authority that is not trusted, or has a gap */
    X509_WEAK,        /* key or digest below OpenSSL's security level 1 */
    X509_WRONG_PURPOSE,
    X509_BAD_SIGNATURE,
    X509_OTHER
};
const char *x509_verdict_name(enum x509_verdict v); /* "ok", "expired", "self-signed", ... */

/* Trust anchors, loaded once; read-only afterwards, any thread. */
struct x509_store;
/* `ca_file` PEM, NULL: the system's directory and file (OpenSSL's default paths).
 * MP_E_IO, MP_E_SYNTAX, MP_E_LIMIT (more than X509_ANCHORS_MAX) say which file. */
int x509_store_new(const char *ca_file, struct x509_store **out, struct mp_err *err);
void x509_store_free(struct x509_store *s); /* accepts NULL */

/* Build and verify a path from chain[0] (leaf; the rest are helpers, as the peer sent them) to the
 * store, as of `now_s`, for a TLS server. No name check. `*why`: OpenSSL's sentence, in the arena.
 */
enum x509_verdict x509_verify(struct arena *a, const struct x509_store *store,
                              const struct str *chain, size_t n, int64_t now_s, struct str *why);
/* The same with `anchor` (DER) as the only trusted certificate, also when it is no root (DANE-TA,
 * RFC 7671 5.2). `anchor_is_key`: DER of a SubjectPublicKeyInfo instead, that must have signed one
 * of the certificates. */
enum x509_verdict x509_verify_anchor(struct arena *a, struct str anchor, bool anchor_is_key,
                                     const struct str *chain, size_t n, int64_t now_s,
                                     struct str *why);

/* Certificates of PEM text as DER, in order; other blocks are skipped. MP_E_SYNTAX: none, or one
 * that is no base64. MP_E_LIMIT: more than X509_CHAIN_MAX. */
int x509_read_pem(struct arena *a, struct str pem, struct str **ders, size_t *n,
                  struct mp_err *err);

#endif
