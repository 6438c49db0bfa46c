/* TLS as a client: OpenSSL over our own socket calls; facts are collected, nothing is enforced. */
#include "io/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "io/net_internal.h"

enum {
    TLS_EXPORTER_BYTES = 32, /* RFC 9266 2 */
    TLS_REASON_MAX = 200,
    TLS_READ_MAX = 1 << 30 /* of one call; OpenSSL counts in int below */
};

struct tls_client {
    SSL_CTX *ctx;
    struct x509_store *store;
};

/* ---- OpenSSL's way to the socket: its own BIO would raise SIGPIPE ---- */

static BIO_METHOD *socket_method;
static pthread_once_t socket_method_once = PTHREAD_ONCE_INIT;

static int socket_result(BIO *b, ssize_t n, int retry_flag)
{
    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_flags(b, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    return (int)n;
}

static int socket_read(BIO *b, char *to, int size)
{
    ssize_t n = conn_raw_read(BIO_get_data(b), to, (size_t)size);
    if (n == 0)
        BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return socket_result(b, n, BIO_FLAGS_READ);
}

static int socket_write(BIO *b, const char *from, int size)
{
    return socket_result(b, conn_raw_write(BIO_get_data(b), from, (size_t)size), BIO_FLAGS_WRITE);
}

static long socket_control(BIO *b, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

static void make_socket_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "conn");
    if (m == NULL)
        return;
    BIO_meth_set_read(m, socket_read);
    BIO_meth_set_write(m, socket_write);
    BIO_meth_set_ctrl(m, socket_control);
    socket_method = m;
}

/* ---- settings ---- */

static const struct {
    const char *word;
    int version;
} versions[] = {
    {"TLSv1", TLS1_VERSION},     {"TLSv1.0", TLS1_VERSION},   {"TLSv1.1", TLS1_1_VERSION},
    {"TLSv1.2", TLS1_2_VERSION}, {"TLSv1.3", TLS1_3_VERSION},
};

/* OpenSSL's own words for what failed last; the queue is empty afterwards. */
static const char *last_reason(char room[TLS_REASON_MAX], const char *otherwise)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (code != 0 && reason == NULL) {
        ERR_error_string_n(code, room, TLS_REASON_MAX);
        reason = room;
    }
    ERR_clear_error();
    return reason == NULL ? otherwise : reason;
}

static int version_by_word(const char *word, int *version, struct mp_err *err)
{
    *version = 0; /* the lowest or highest that the build has */
    if (word == NULL)
        return MP_OK;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (str_ieq(str_from(word), str_from(versions[i].word))) {
            *version = versions[i].version;
            return MP_OK;
        }
    return mp_fail(err, MP_E_USAGE, 0,
                   "TLS version %s is not known: use TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3", word);
}

static int set_versions(SSL_CTX *ctx, const struct tls_settings *s, struct mp_err *err)
{
    int lowest, highest;
    int st = version_by_word(s->min_version, &lowest, err);
    if (st == MP_OK)
        st = version_by_word(s->max_version, &highest, err);
    if (st != MP_OK)
        return st;
    if (lowest != 0 && highest != 0 && lowest > highest)
        return mp_fail(err, MP_E_USAGE, 0, "the lowest TLS version, %s, is above the highest, %s",
                       s->min_version, s->max_version);
    if (SSL_CTX_set_min_proto_version(ctx, lowest) != 1)
        return mp_fail(err, MP_E_USAGE, 0, "OpenSSL here does not have %s", s->min_version);
    if (SSL_CTX_set_max_proto_version(ctx, highest) != 1)
        return mp_fail(err, MP_E_USAGE, 0, "OpenSSL here does not have %s", s->max_version);
    return MP_OK;
}

static int set_ciphers(SSL_CTX *ctx, const struct tls_settings *s, struct mp_err *err)
{
    char room[TLS_REASON_MAX];
    if (SSL_CTX_set_cipher_list(ctx, s->ciphers == NULL ? "DEFAULT" : s->ciphers) != 1)
        return mp_fail(err, MP_E_USAGE, 0, "cipher list %s: %s", s->ciphers,
                       last_reason(room, "no cipher matches"));
    if (s->ciphersuites != NULL && SSL_CTX_set_ciphersuites(ctx, s->ciphersuites) != 1)
        return mp_fail(err, MP_E_USAGE, 0, "TLS 1.3 cipher suites %s: %s", s->ciphersuites,
                       last_reason(room, "no suite matches"));
    return MP_OK;
}

/* Nobody is there to be asked, and OpenSSL would ask the terminal. */
static int no_passphrase(char *to, int size, int writing, void *ctx)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static int set_certificate(SSL_CTX *ctx, const struct tls_settings *s, struct mp_err *err)
{
    char room[TLS_REASON_MAX];
    const char *key_file = s->key_file == NULL ? s->cert_file : s->key_file;
    if (s->cert_file == NULL)
        return s->key_file == NULL
                   ? MP_OK
                   : mp_fail(err, MP_E_USAGE, 0, "key %s has no certificate: name its file too",
                             s->key_file);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    errno = 0;
    if (SSL_CTX_use_certificate_chain_file(ctx, s->cert_file) != 1)
        return mp_fail(err, errno == ENOENT || errno == EACCES ? MP_E_IO : MP_E_SYNTAX, errno,
                       "client certificate %s cannot be used: %s", s->cert_file,
                       last_reason(room, "no certificate in PEM"));
    errno = 0;
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return mp_fail(err, errno == ENOENT || errno == EACCES ? MP_E_IO : MP_E_SYNTAX, errno,
                       "key %s cannot be used with certificate %s: %s (it must be PEM without a "
                       "passphrase)",
                       key_file, s->cert_file, last_reason(room, "no key"));
    return MP_OK;
}

/* What we judge ourselves, later, is accepted here. */
static int accept_any(X509_STORE_CTX *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    return 1;
}

static int configure(SSL_CTX *ctx, const struct tls_settings *s, struct mp_err *err)
{
    /* Level 0: OpenSSL 3 offers TLS 1.0 and 1.1 only there, and mail is sent to whoever has no
     * better (RFC 7435). What was agreed on is in the facts. */
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_options(ctx, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
    int st = set_versions(ctx, s, err);
    if (st == MP_OK)
        st = set_ciphers(ctx, s, err);
    return st == MP_OK ? set_certificate(ctx, s, err) : st;
}

int tls_client_new(const struct tls_settings *s, struct tls_client **out, struct mp_err *err)
{
    pthread_once(&socket_method_once, make_socket_method);
    struct tls_client *t = calloc(1, sizeof *t);
    int st = MP_OK;
    ERR_clear_error();
    if (t == NULL || socket_method == NULL || (t->ctx = SSL_CTX_new(TLS_client_method())) == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for TLS settings");
    if (st == MP_OK)
        st = configure(t->ctx, s, err);
    if (st == MP_OK)
        st = x509_store_new(s->ca_file, &t->store, err);
    ERR_clear_error();
    if (st != MP_OK) {
        tls_client_free(t);
        return st;
    }
    *out = t;
    return MP_OK;
}

void tls_client_free(struct tls_client *t)
{
    if (t == NULL)
        return;
    x509_store_free(t->store);
    SSL_CTX_free(t->ctx);
    free(t);
}

const struct x509_store *tls_client_store(const struct tls_client *t)
{
    return t->store;
}

/* ---- bytes through TLS ---- */

enum { STEP_DONE, STEP_AGAIN, STEP_END };

/* What the last SSL call of result <= 0 means. STEP_AGAIN: the socket is ready now. A negative
 * status: over, with the fault set. */
static int after_step(struct conn *c, SSL *ssl, int result, int64_t deadline_us, struct mp_err *err)
{
    char room[TLS_REASON_MAX];
    int error = errno, why = SSL_get_error(ssl, result);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        int st = conn_wait(c, why == SSL_ERROR_WANT_WRITE, deadline_us);
        return st == MP_OK ? STEP_AGAIN : conn_fail_wait(c, st, err);
    }
    if (why == SSL_ERROR_ZERO_RETURN) {
        c->fault = CONN_CLOSED;
        return STEP_END;
    }
    unsigned long code = ERR_peek_error();
    if (why == SSL_ERROR_SYSCALL && code == 0)
        return conn_fail_errno(c, error == 0 || error == EAGAIN ? ECONNRESET : error, err);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
        ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        c->fault = CONN_CLOSED;
        return mp_fail(err, MP_E_IO, 0, "%s closed the connection without ending TLS",
                       c->peer_text);
    }
    c->fault = CONN_TLS;
    return mp_fail(err, MP_E_IO, 0, "TLS with %s failed: %s", c->peer_text,
                   last_reason(room, "no reason is told"));
}

static int layer_read(struct conn *c, void *to, size_t size, size_t *n, int64_t deadline_us,
                      struct mp_err *err)
{
    SSL *ssl = c->layer_state;
    for (int st = STEP_AGAIN; st == STEP_AGAIN;) {
        ERR_clear_error();
        errno = 0;
        if (clock_mono_us() >= deadline_us)
            return conn_fail_wait(c, MP_E_TIMEOUT, err);
        int result = SSL_read_ex(ssl, to, size < TLS_READ_MAX ? size : TLS_READ_MAX, n);
        if (result > 0)
            return MP_OK;
        st = after_step(c, ssl, result, deadline_us, err);
        if (st < 0)
            return st;
    }
    *n = 0;
    return MP_OK;
}

static int layer_write(struct conn *c, struct str bytes, int64_t deadline_us, struct mp_err *err)
{
    SSL *ssl = c->layer_state;
    while (bytes.n != 0) {
        size_t sent = 0;
        ERR_clear_error();
        errno = 0;
        if (clock_mono_us() >= deadline_us)
            return conn_fail_wait(c, MP_E_TIMEOUT, err);
        int result =
            SSL_write_ex(ssl, bytes.p, bytes.n < TLS_READ_MAX ? bytes.n : TLS_READ_MAX, &sent);
        int st = result > 0 ? STEP_AGAIN : after_step(c, ssl, result, deadline_us, err);
        if (st == STEP_END)
            return conn_fail_errno(c, EPIPE, err);
        if (st < 0)
            return st;
        bytes = str_slice(bytes, sent, bytes.n);
    }
    return MP_OK;
}

static bool layer_readable(struct conn *c, int64_t deadline_us)
{
    SSL *ssl = c->layer_state;
    char byte;
    for (;;) {
        size_t n = 0;
        ERR_clear_error();
        int result = SSL_peek_ex(ssl, &byte, 1, &n);
        if (result > 0)
            return n > 0;
        int why = SSL_get_error(ssl, result);
        ERR_clear_error();
        if (why != SSL_ERROR_WANT_READ || conn_wait(c, false, deadline_us) != MP_OK)
            return false;
    }
}

static void layer_close(struct conn *c)
{
    SSL *ssl = c->layer_state;
    ERR_clear_error();
    if (c->fault != CONN_TLS && SSL_is_init_finished(ssl))
        SSL_shutdown(ssl); /* one try: nobody waits for the answer */
    SSL_free(ssl);
    ERR_clear_error();
    c->layer = NULL;
    c->layer_state = NULL;
}

static const struct conn_layer tls_layer = {layer_read, layer_write, layer_readable, layer_close};

/* ---- facts ---- */

static struct str to_der(struct arena *a, X509 *cert)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    struct str out = n <= 0 ? STR_NONE : arena_copy(a, str_make((const char *)der, (size_t)n));
    OPENSSL_free(der);
    return out;
}

static bool take_chain(struct arena *a, SSL *ssl, struct tls_facts *f)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int n = chain == NULL ? 0 : sk_X509_num(chain);
    f->n_chain = n > X509_CHAIN_MAX ? X509_CHAIN_MAX : (size_t)(n < 0 ? 0 : n);
    if (f->n_chain == 0)
        return true;
    f->chain = arena_new(a, struct str, f->n_chain);
    for (size_t i = 0; f->chain != NULL && i < f->n_chain; i++) {
        f->chain[i] = to_der(a, sk_X509_value(chain, (int)i));
        if (f->chain[i].p == NULL)
            return false;
    }
    return f->chain != NULL;
}

/* RFC 9266: for TLS 1.3 only, as TLS 1.2 would need the extended master secret. */
static struct str exporter_binding(struct arena *a, SSL *ssl)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    unsigned char key[TLS_EXPORTER_BYTES];
    if (SSL_version(ssl) < TLS1_3_VERSION ||
        SSL_export_keying_material(ssl, key, sizeof key, label, sizeof label - 1, NULL, 0, 0) != 1)
        return STR_NONE;
    return arena_copy(a, str_make((const char *)key, sizeof key));
}

static struct str group_name(struct arena *a, SSL *ssl)
{
    int nid = (int)SSL_get_negotiated_group(ssl);
    const char *name = nid == NID_undef ? NULL : SSL_group_to_name(ssl, nid);
    if (name != NULL)
        return arena_copy(a, str_from(name));
    EVP_PKEY *key = NULL; /* classic Diffie-Hellman of TLS up to 1.2 */
    struct str out = STR_NONE;
    if (SSL_get_peer_tmp_key(ssl, &key) == 1)
        out = arena_fmt(a, "%s, %d bits", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
    EVP_PKEY_free(key);
    return out;
}

static int collect(struct tls_client *t, SSL *ssl, struct str sni, struct arena *a, int64_t now_s,
                   struct tls_facts *f, struct mp_err *err)
{
    const unsigned char *alpn;
    unsigned n_alpn;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    SSL_get0_alpn_selected(ssl, &alpn, &n_alpn);
    f->version = arena_copy(a, str_from(SSL_get_version(ssl)));
    f->cipher = arena_copy(a, str_from(SSL_CIPHER_get_name(cipher)));
    f->cipher_bits = (unsigned)SSL_CIPHER_get_bits(cipher, NULL);
    f->group = group_name(a, ssl);
    f->alpn = arena_copy(a, str_make((const char *)alpn, n_alpn));
    f->sni = arena_copy(a, sni);
    f->exporter_binding = exporter_binding(a, ssl);
    if (f->version.p == NULL || f->cipher.p == NULL || f->sni.p == NULL || !take_chain(a, ssl, f))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for what TLS showed");
    if (f->n_chain > 0) {
        f->has_leaf = x509_read(a, f->chain[0], &f->leaf, NULL) == MP_OK;
        if (!x509_channel_binding(a, f->chain[0], &f->channel_binding))
            f->channel_binding = STR_NONE;
    }
    f->pkix = x509_verify(a, t->store, f->chain, f->n_chain, now_s, &f->pkix_reason);
    f->established = true;
    return MP_OK;
}

/* ---- the handshake ---- */

static SSL *session_new(struct tls_client *t, struct conn *c, struct str sni)
{
    char name[256];
    SSL *ssl = SSL_new(t->ctx);
    BIO *bio = ssl == NULL ? NULL : BIO_new(socket_method);
    if (bio == NULL) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    if (sni.n != 0) {
        memcpy(name, sni.p, sni.n);
        name[sni.n] = '\0';
        if (SSL_set_tlsext_host_name(ssl, name) != 1) {
            SSL_free(ssl);
            return NULL;
        }
    }
    return ssl;
}

static int shake_hands(struct conn *c, SSL *ssl, int64_t deadline_us, struct mp_err *err)
{
    for (int st = STEP_AGAIN; st == STEP_AGAIN;) {
        ERR_clear_error();
        errno = 0;
        int result = SSL_connect(ssl);
        if (result == 1)
            return MP_OK;
        st = after_step(c, ssl, result, deadline_us, err);
        if (st < 0)
            return st;
    }
    c->fault = CONN_CLOSED;
    return mp_fail(err, MP_E_IO, 0, "%s ended TLS in the middle of the handshake", c->peer_text);
}

int tls_handshake(struct tls_client *t, struct conn *c, struct str sni, struct arena *a,
                  int64_t now_s, int64_t deadline_us, struct tls_facts *facts, struct mp_err *err)
{
    int64_t started_us = clock_mono_us();
    *facts = (struct tls_facts){.established = false};
    if (c->layer != NULL || sni.n > 255 || str_has(sni, '\0')) {
        c->fault = CONN_OTHER;
        return mp_fail(err, MP_E_USAGE, 0, "TLS is on already, or the name to send is none");
    }
    SSL *ssl = session_new(t, c, sni);
    if (ssl == NULL) {
        c->fault = CONN_OTHER;
        ERR_clear_error();
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a TLS session");
    }
    int st = shake_hands(c, ssl, deadline_us, err);
    facts->handshake_us = clock_mono_us() - started_us;
    if (st != MP_OK) {
        SSL_free(ssl);
        ERR_clear_error();
        return st;
    }
    c->layer = &tls_layer;
    c->layer_state = ssl;
    st = collect(t, ssl, sni, a, now_s, facts, err);
    ERR_clear_error();
    return st;
}
