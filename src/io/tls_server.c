/* TLS as a server: OpenSSL on a socket that never blocks. */
#include "io/tls_server.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "io/tls_made_cert.h"

enum { IO_MAX = 1 << 30 /* of one call; OpenSSL counts in int below */, PEM_MAX = 1 << 20 };

struct tls_server {
    SSL_CTX *ctx;
    struct buf pem;
};
struct tls_session {
    SSL *ssl;
    bool broken;
};

/* ---- OpenSSL's way to the socket: its own BIO would raise SIGPIPE ---- */

static BIO_METHOD *socket_method;
static pthread_once_t socket_method_once = PTHREAD_ONCE_INIT;

static int socket_fd(BIO *b)
{
    return (int)(intptr_t)BIO_get_data(b);
}

static int socket_result(BIO *b, ssize_t n, int flag)
{
    BIO_clear_retry_flags(b);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        BIO_set_flags(b, flag | BIO_FLAGS_SHOULD_RETRY);
    return (int)n;
}

static int socket_read(BIO *b, char *to, int size)
{
    ssize_t n;
    do
        n = recv(socket_fd(b), to, (size_t)size, 0);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return socket_result(b, n, BIO_FLAGS_READ);
}

static int socket_write(BIO *b, const char *from, int size)
{
    ssize_t n;
    do
        n = send(socket_fd(b), from, (size_t)size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return socket_result(b, n, BIO_FLAGS_WRITE);
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
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "server socket");
    if (m == NULL)
        return;
    BIO_meth_set_read(m, socket_read);
    BIO_meth_set_write(m, socket_write);
    BIO_meth_set_ctrl(m, socket_control);
    socket_method = m;
}

/* ---- settings ---- */

static const char *last_reason(const char *otherwise)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    return reason == NULL ? otherwise : reason;
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

static int read_files(struct tls_server *t, const struct tls_server_settings *s, struct mp_err *err)
{
    const char *key_file = s->key_file == NULL ? s->cert_file : s->key_file;
    SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
    errno = 0;
    if (SSL_CTX_use_certificate_chain_file(t->ctx, s->cert_file) != 1)
        return mp_fail(err, errno == ENOENT || errno == EACCES ? MP_E_IO : MP_E_SYNTAX, errno,
                       "certificate %s cannot be used: %s", s->cert_file,
                       last_reason("no certificate in PEM"));
    errno = 0;
    if (SSL_CTX_use_PrivateKey_file(t->ctx, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(t->ctx) != 1)
        return mp_fail(err, errno == ENOENT || errno == EACCES ? MP_E_IO : MP_E_SYNTAX, errno,
                       "key %s cannot be used with certificate %s: %s (PEM without a passphrase)",
                       key_file, s->cert_file, last_reason("no key"));
    return MP_OK;
}

static int make_certificate(struct tls_server *t, const struct tls_server_settings *s,
                            struct mp_err *err)
{
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    int st = tls_make_certificate(s, &cert, &key, err);
    if (st == MP_OK &&
        (SSL_CTX_use_certificate(t->ctx, cert) != 1 || SSL_CTX_use_PrivateKey(t->ctx, key) != 1))
        st = mp_fail(err, MP_E_CRYPTO, 0, "the made certificate cannot be used: %s",
                     last_reason("no reason is told"));
    X509_free(cert);
    EVP_PKEY_free(key);
    return st;
}

/* The leaf and what goes with it, for clients that shall trust it. */
static int keep_pem(struct tls_server *t, struct mp_err *err)
{
    STACK_OF(X509) *chain = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    bool ok = bio != NULL && PEM_write_bio_X509(bio, SSL_CTX_get0_certificate(t->ctx)) == 1;
    SSL_CTX_get0_chain_certs(t->ctx, &chain);
    for (int i = 0; ok && i < sk_X509_num(chain); i++)
        ok = PEM_write_bio_X509(bio, sk_X509_value(chain, i)) == 1;
    long n = ok ? BIO_get_mem_data(bio, &text) : 0;
    buf_add(&t->pem, str_make(text, n > 0 ? (size_t)n : 0));
    BIO_free(bio);
    return n > 0 && !t->pem.failed ? MP_OK
                                   : mp_fail(err, MP_E_NOMEM, 0, "no memory for the certificate");
}

static int configure(struct tls_server *t, const struct tls_server_settings *s, struct mp_err *err)
{
    static const unsigned char session_context[] = "mailproof";
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF); /* tickets need none */
    SSL_CTX_set_session_id_context(t->ctx, session_context, sizeof session_context - 1);
    if (SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1)
        return mp_fail(err, MP_E_CRYPTO, 0, "OpenSSL here does not have TLS 1.2");
    int st = s->cert_file == NULL ? make_certificate(t, s, err) : read_files(t, s, err);
    return st == MP_OK ? keep_pem(t, err) : st;
}

int tls_server_new(const struct tls_server_settings *s, struct tls_server **out, struct mp_err *err)
{
    pthread_once(&socket_method_once, make_socket_method);
    struct tls_server *t = calloc(1, sizeof *t);
    int st = MP_OK;
    ERR_clear_error();
    if (s->key_file != NULL && s->cert_file == NULL)
        st = mp_fail(err, MP_E_USAGE, 0, "key %s has no certificate: name its file too",
                     s->key_file);
    else if (t == NULL || socket_method == NULL ||
             (t->ctx = SSL_CTX_new(TLS_server_method())) == NULL)
        st = mp_fail(err, MP_E_NOMEM, 0, "no memory for TLS settings");
    if (st == MP_OK) {
        buf_init(&t->pem, PEM_MAX);
        st = configure(t, s, err);
    }
    ERR_clear_error();
    if (st != MP_OK) {
        tls_server_free(t);
        return st;
    }
    *out = t;
    return MP_OK;
}

void tls_server_free(struct tls_server *t)
{
    if (t == NULL)
        return;
    buf_clear(&t->pem);
    SSL_CTX_free(t->ctx);
    free(t);
}

struct str tls_server_pem(const struct tls_server *t)
{
    return buf_str(&t->pem);
}

/* ---- sessions ---- */

struct tls_session *tls_session_new(struct tls_server *t, int fd)
{
    struct tls_session *s = calloc(1, sizeof *s);
    BIO *bio = BIO_new(socket_method);
    if (s != NULL)
        s->ssl = SSL_new(t->ctx);
    if (s == NULL || s->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        if (s != NULL)
            SSL_free(s->ssl);
        free(s);
        ERR_clear_error();
        return NULL;
    }
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_accept_state(s->ssl);
    return s;
}

void tls_session_free(struct tls_session *s)
{
    if (s == NULL)
        return;
    ERR_clear_error();
    if (!s->broken && SSL_is_init_finished(s->ssl))
        SSL_shutdown(s->ssl); /* one try: nobody waits for the answer */
    ERR_clear_error();
    SSL_free(s->ssl);
    free(s);
}

/* What the last SSL call of result <= 0 means. */
static enum tls_io after(struct tls_session *s, int result, const char **why)
{
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return TLS_IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_IO_CLOSED;
    case SSL_ERROR_SYSCALL:
        s->broken = true;
        if (ERR_peek_error() == 0)
            return TLS_IO_CLOSED;
        break;
    default:
        s->broken = true;
    }
    *why = last_reason("no reason is told");
    return TLS_IO_FAILED;
}

enum tls_io tls_session_accept(struct tls_session *s, const char **why)
{
    ERR_clear_error();
    int result = SSL_accept(s->ssl);
    return result > 0 ? TLS_IO_DONE : after(s, result, why);
}

enum tls_io tls_session_read(struct tls_session *s, void *to, size_t size, size_t *n,
                             const char **why)
{
    ERR_clear_error();
    int result = SSL_read_ex(s->ssl, to, size < IO_MAX ? size : IO_MAX, n);
    return result > 0 ? TLS_IO_DONE : after(s, result, why);
}

enum tls_io tls_session_write(struct tls_session *s, struct str bytes, size_t *n, const char **why)
{
    ERR_clear_error();
    int result = SSL_write_ex(s->ssl, bytes.p, bytes.n < IO_MAX ? bytes.n : IO_MAX, n);
    return result > 0 ? TLS_IO_DONE : after(s, result, why);
}

bool tls_session_pending(const struct tls_session *s)
{
    return SSL_has_pending(s->ssl) == 1;
}

struct str tls_session_version(const struct tls_session *s)
{
    return str_from(SSL_get_version(s->ssl));
}

struct str tls_session_cipher(const struct tls_session *s)
{
    return str_from(SSL_get_cipher_name(s->ssl));
}

struct str tls_session_sni(const struct tls_session *s)
{
    return str_from(SSL_get_servername(s->ssl, TLSEXT_NAMETYPE_host_name));
}
