/* Certificates for tests, by OpenSSL, in memory. */
#include "tests/tls_kit.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HOUR_S = 3600, PATH_ROOM = 40 };

struct kit_tls {
    SSL_CTX *ctx;
    unsigned char *leaf;
    size_t leaf_bytes;
};

struct authority {
    EVP_PKEY *key;
    X509 *cert;
    unsigned char *der;
    size_t der_bytes;
    char file[PATH_ROOM], client_file[PATH_ROOM];
};

static struct authority ca;
static pthread_once_t ca_once = PTHREAD_ONCE_INIT;

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "tls_kit: %s failed\n", what);
    abort();
}

/* ---- certificates ---- */

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    need(extension != NULL && X509_add_ext(cert, extension, -1) == 1, "a certificate extension");
    X509_EXTENSION_free(extension);
}

static void add_names(X509 *cert, const char *const *names, size_t n)
{
    char text[1024];
    size_t at = 0;
    for (size_t i = 0; i < n && names[i] != NULL; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%sDNS:%s", i > 0 ? "," : "", names[i]);
    if (at > 0)
        add_extension(cert, cert, NID_subject_alt_name, text);
}

static X509 *cert_new(EVP_PKEY *key, const char *common_name, int64_t starts_in_s,
                      int64_t ends_in_s)
{
    static long serial;
    X509 *cert = X509_new();
    need(cert != NULL, "X509_new");
    X509_NAME *name = X509_get_subject_name(cert);
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
    X509_gmtime_adj(X509_getm_notBefore(cert), (long)starts_in_s);
    X509_gmtime_adj(X509_getm_notAfter(cert), (long)ends_in_s);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1,
                               0);
    need(X509_set_pubkey(cert, key) == 1, "X509_set_pubkey");
    return cert;
}

static void cert_sign(X509 *cert, X509 *issuer, EVP_PKEY *by)
{
    X509_set_issuer_name(cert, X509_get_subject_name(issuer));
    need(X509_sign(cert, by, EVP_sha256()) > 0, "X509_sign");
}

static unsigned char *to_der(X509 *cert, size_t *n)
{
    unsigned char *der = NULL;
    int length = i2d_X509(cert, &der);
    need(length > 0, "i2d_X509");
    *n = (size_t)length;
    return der;
}

/* A file in memory that can be opened by name as long as this process lives. */
static FILE *memory_file(char path[PATH_ROOM])
{
    int fd = memfd_create("kit", 0);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    need(file != NULL, "memfd_create");
    snprintf(path, PATH_ROOM, "/proc/self/fd/%d", fd);
    return file;
}

static void make_client_file(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = cert_new(key, "client.kit", -HOUR_S, HOUR_S);
    cert_sign(cert, ca.cert, ca.key);
    FILE *file = memory_file(ca.client_file);
    need(PEM_write_X509(file, cert) == 1 &&
             PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fflush(file) == 0,
         "writing a client certificate");
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void make_ca(void)
{
    ca.key = EVP_EC_gen("P-256");
    need(ca.key != NULL, "making a key");
    ca.cert = cert_new(ca.key, "kit CA", -HOUR_S, HOUR_S);
    X509_set_issuer_name(ca.cert, X509_get_subject_name(ca.cert));
    add_extension(ca.cert, ca.cert, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(ca.cert, ca.cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca.cert, ca.cert, NID_subject_key_identifier, "hash");
    cert_sign(ca.cert, ca.cert, ca.key);
    ca.der = to_der(ca.cert, &ca.der_bytes);
    FILE *file = memory_file(ca.file);
    need(PEM_write_X509(file, ca.cert) == 1 && fflush(file) == 0, "writing a CA");
    make_client_file();
}

const char *kit_ca_file(void)
{
    pthread_once(&ca_once, make_ca);
    return ca.file;
}

struct str kit_ca_der(void)
{
    pthread_once(&ca_once, make_ca);
    return str_make((const char *)ca.der, ca.der_bytes);
}

const char *kit_client_file(void)
{
    pthread_once(&ca_once, make_ca);
    return ca.client_file;
}

/* ---- a server ---- */

static int version_of(const char *word)
{
    static const char *const words[] = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    if (word == NULL)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(word, words[i]) == 0)
            return TLS1_VERSION + (int)i;
    need(false, "a TLS version");
    return 0;
}

static int take_any(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static X509 *leaf_new(const struct kit_tls_options *o, EVP_PKEY *key)
{
    bool usual = o->starts_in_s == 0 && o->ends_in_s == 0;
    X509 *leaf = cert_new(key, o->names[0] == NULL ? "kit" : o->names[0],
                          usual ? -HOUR_S : o->starts_in_s, usual ? HOUR_S : o->ends_in_s);
    add_names(leaf, o->names, ARRAY_LEN(o->names));
    if (o->self_signed)
        cert_sign(leaf, leaf, key);
    else
        cert_sign(leaf, ca.cert, ca.key);
    return leaf;
}

struct kit_tls *kit_tls_new(const struct kit_tls_options *o)
{
    pthread_once(&ca_once, make_ca);
    struct kit_tls *t = calloc(1, sizeof *t);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    need(t != NULL && key != NULL, "making a key");
    X509 *leaf = leaf_new(o, key);
    t->ctx = SSL_CTX_new(TLS_server_method());
    need(t->ctx != NULL, "SSL_CTX_new");
    SSL_CTX_set_security_level(t->ctx, 0); /* else no TLS 1.0 */
    need(SSL_CTX_set_cipher_list(t->ctx, "DEFAULT") == 1 &&
             SSL_CTX_set_min_proto_version(t->ctx, version_of(o->min_version)) == 1 &&
             SSL_CTX_set_max_proto_version(t->ctx, version_of(o->max_version)) == 1 &&
             SSL_CTX_use_certificate(t->ctx, leaf) == 1 &&
             SSL_CTX_use_PrivateKey(t->ctx, key) == 1 &&
             (!o->sends_ca || SSL_CTX_add1_chain_cert(t->ctx, ca.cert) == 1),
         "settings of a TLS server");
    SSL_CTX_set_session_id_context(t->ctx, (const unsigned char *)"kit", 3);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!o->sends_ca)
        SSL_CTX_set_mode(t->ctx, SSL_MODE_NO_AUTO_CHAIN);
    if (o->asks_client) {
        SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(t->ctx, take_any, NULL);
    }
    t->leaf = to_der(leaf, &t->leaf_bytes);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return t;
}

void kit_tls_free(struct kit_tls *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->ctx);
    OPENSSL_free(t->leaf);
    free(t);
}

struct str kit_tls_leaf(const struct kit_tls *t)
{
    return str_make((const char *)t->leaf, t->leaf_bytes);
}

struct ssl_ctx_st *kit_tls_ctx(const struct kit_tls *t)
{
    return t->ctx;
}
