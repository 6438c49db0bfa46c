/* TLS as a server, for a loop that never blocks: a certificate is read, or made for the host. */
#ifndef MP_IO_TLS_SERVER_H
#define MP_IO_TLS_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"

enum { TLS_SERVER_CERT_DAYS = 90, TLS_SERVER_MAX_IPS = 32, TLS_SERVER_NAME_MAX = 256 };

struct tls_server_settings {
    const char *cert_file; /* PEM chain; NULL: a self-signed ECDSA certificate in memory */
    const char *key_file;  /* PEM; NULL: in cert_file */
    const char *hostname;  /* of the made one, with localhost */
    const struct ip *ips;  /* that it also names, besides 127.0.0.1 and ::1 */
    size_t n_ips;
};

/* TLS 1.2 and 1.3 of OpenSSL's default ciphers, session tickets, no renegotiation, no client
 * certificates. Any number of sessions, also in several threads. */
struct tls_server;
/* MP_E_IO, MP_E_SYNTAX: which file and why. MP_E_USAGE, MP_E_CRYPTO, MP_E_NOMEM. */
int tls_server_new(const struct tls_server_settings *s, struct tls_server **out,
                   struct mp_err *err);
void tls_server_free(struct tls_server *t);            /* accepts NULL; after its sessions */
struct str tls_server_pem(const struct tls_server *t); /* the chain; lives as long as `t` */

/* One connection on a non-blocking socket, which stays the caller's. No SIGPIPE. */
struct tls_session;
struct tls_session *tls_session_new(struct tls_server *t, int fd); /* NULL: no memory */
/* Sends close_notify when the handshake was done; accepts NULL. */
void tls_session_free(struct tls_session *s);

enum tls_io {
    TLS_IO_DONE,
    TLS_IO_WANT_READ,  /* nothing was done: again when the socket is readable */
    TLS_IO_WANT_WRITE, /* the same when writable */
    TLS_IO_CLOSED,     /* the peer ended TLS, or the connection */
    TLS_IO_FAILED      /* *why: OpenSSL's words, static */
};
enum tls_io tls_session_accept(struct tls_session *s, const char **why);
enum tls_io tls_session_read(struct tls_session *s, void *to, size_t size, size_t *n,
                             const char **why);
/* May take a part: *n says how much. The rest, or more, may come from another address. */
enum tls_io tls_session_write(struct tls_session *s, struct str bytes, size_t *n, const char **why);
/* Decrypted bytes that the socket will not tell of: read again at once. */
bool tls_session_pending(const struct tls_session *s);

/* After the handshake; static or the session's. sni: empty when none was sent. */
struct str tls_session_version(const struct tls_session *s);
struct str tls_session_cipher(const struct tls_session *s);
struct str tls_session_sni(const struct tls_session *s);

#endif
