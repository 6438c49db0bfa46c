/* The TLS server on a socket pair: against our own client, and against what is no TLS. */
#include "io/tls_server.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/x509.h"
#include "io/net_internal.h"
#include "io/tls.h"
#include "tests/tap.h"
#include "tests/tls_kit.h"

enum { WAIT_US = 30000000, BIG = 40000 /* more than one record, less than a socket holds */ };

static struct tls_server *server_for(const char *hostname)
{
    struct tls_server_settings s = {.hostname = hostname};
    struct tls_server *t = NULL;
    struct mp_err err = {0};
    if (tls_server_new(&s, &t, &err) != MP_OK)
        tap_note("%s", err.text);
    return t;
}

/* A file in memory that can be opened by name. */
static const char *memory_file(struct str text, char path[40])
{
    int fd = memfd_create("test", 0);
    if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
        abort();
    snprintf(path, 40, "/proc/self/fd/%d", fd);
    return path;
}

struct client {
    int fd;
    const char *ca, *host, *max_version;
    struct arena arena;
    struct tls_facts facts;
    int st;
    bool matches, echoed;
};

/* The other side: handshake with our client, some records there and back. */
static void *run_client(void *ctx)
{
    struct client *c = ctx;
    struct conn *conn = calloc(1, sizeof *conn);
    struct tls_settings s = {.ca_file = c->ca, .max_version = c->max_version};
    struct tls_client *t = NULL;
    int64_t deadline = clock_mono_us() + WAIT_US;
    char *big = calloc(1, BIG), room[4096];
    conn->fd = c->fd;
    bool by_cn;
    c->st = tls_client_new(&s, &t, NULL);
    if (c->st == MP_OK)
        c->st = tls_handshake(t, conn, str_from(c->host), &c->arena, clock_wall_s(), deadline,
                              &c->facts, NULL);
    c->matches = c->st == MP_OK && x509_matches(&c->facts.leaf, str_from(c->host), &by_cn);
    if (c->st == MP_OK && conn_write(conn, str_make(big, BIG), deadline, NULL) == MP_OK) {
        size_t n = 0, total = 0;
        while (total < BIG && conn_read(conn, room, sizeof room, &n, deadline, NULL) == MP_OK &&
               n > 0)
            total += n;
        c->echoed = total == BIG;
    }
    conn_close(conn);
    tls_client_free(t);
    free(big);
    return NULL;
}

static bool wait_for(int fd, enum tls_io io)
{
    struct pollfd p = {.fd = fd, .events = io == TLS_IO_WANT_WRITE ? POLLOUT : POLLIN};
    return poll(&p, 1, WAIT_US / 1000) == 1;
}

/* Echo until the peer ends. */
static enum tls_io serve(struct tls_session *s, int fd, const char **why)
{
    char room[65536];
    enum tls_io io;
    while ((io = tls_session_accept(s, why)) != TLS_IO_DONE)
        if ((io != TLS_IO_WANT_READ && io != TLS_IO_WANT_WRITE) || !wait_for(fd, io))
            return io;
    for (;;) {
        size_t n = 0, sent = 0;
        io = tls_session_read(s, room, sizeof room, &n, why);
        if ((io == TLS_IO_WANT_READ || io == TLS_IO_WANT_WRITE) && wait_for(fd, io))
            continue;
        if (io != TLS_IO_DONE)
            return io;
        for (struct str rest = str_make(room, n); rest.n > 0;) {
            io = tls_session_write(s, rest, &sent, why);
            if (io == TLS_IO_DONE)
                rest = str_slice(rest, sent, rest.n);
            else if (io == TLS_IO_CLOSED || io == TLS_IO_FAILED || !wait_for(fd, io))
                return io;
        }
    }
}

static void test_handshake(const char *host, const char *sni, const char *max_version,
                           const char *version)
{
    struct tls_server *t = server_for(host);
    char path[40];
    const char *why = "";
    int pair[2];
    pthread_t thread;
    tap_case("handshake of %s as %s, %s", host, sni, version);
    if (!tap_ok(t != NULL) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
        return;
    struct client c = {.fd = pair[1],
                       .host = sni,
                       .max_version = max_version,
                       .ca = memory_file(tls_server_pem(t), path)};
    arena_init(&c.arena, 1 << 20);
    struct tls_session *s = tls_session_new(t, pair[0]);
    if (pthread_create(&thread, NULL, run_client, &c) != 0)
        abort();
    enum tls_io io = serve(s, pair[0], &why);
    tap_int(io, TLS_IO_CLOSED);
    tap_str(tls_session_version(s), str_from(version));
    tap_str(tls_session_sni(s), str_from(sni));
    tap_ok(tls_session_cipher(s).n > 0);
    tls_session_free(s);
    close(pair[0]);
    pthread_join(thread, NULL);
    tap_int(c.st, MP_OK);
    tap_int(c.facts.pkix, X509_OK);
    tap_note("%.*s", STR_ARG(c.facts.pkix_reason));
    tap_ok(c.matches && c.echoed);
    tap_str(c.facts.leaf.key_type, STR("EC P-256"));
    arena_clear(&c.arena);
    tls_server_free(t);
}

/* What is no handshake fails with words, and does not hang. */
static void test_rubbish(void)
{
    static const char *const openings[] = {"EHLO a.test\r\n", "GET / HTTP/1.0\r\n\r\n",
                                           "\x16\x03\x01\xff\xff\x01", "\x80\x2e\x01\x03\x00"};
    struct tls_server *t = server_for("mx.test");
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        const char *why = "";
        int pair[2];
        tap_case("rubbish %zu", i);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
            abort();
        struct tls_session *s = tls_session_new(t, pair[0]);
        tap_int(tls_session_accept(s, &why), TLS_IO_WANT_READ);
        tap_ok(write(pair[1], openings[i], strlen(openings[i])) > 0);
        shutdown(pair[1], SHUT_WR);
        enum tls_io io = tls_session_accept(s, &why);
        tap_ok(io == TLS_IO_FAILED || io == TLS_IO_CLOSED);
        tap_int(io == TLS_IO_FAILED, why[0] != '\0');
        tls_session_free(s);
        close(pair[0]);
        close(pair[1]);
    }
    tls_server_free(t);
}

static void test_settings(void)
{
    struct tls_server *t = NULL;
    struct mp_err err = {0};
    char path[40];
    tap_case("settings: files and names that cannot be used");
    struct tls_server_settings s = {.hostname = "mx.test", .cert_file = "/nonexistent.pem"};
    tap_int(tls_server_new(&s, &t, &err), MP_E_IO);
    tap_ok(strstr(err.text, "/nonexistent.pem") != NULL);
    s.cert_file = memory_file(STR("no pem"), path);
    tap_int(tls_server_new(&s, &t, &err), MP_E_SYNTAX);
    s.cert_file = kit_ca_file(); /* a certificate without its key */
    tap_int(tls_server_new(&s, &t, &err), MP_E_SYNTAX);
    s = (struct tls_server_settings){.hostname = "mx.test", .key_file = "k.pem"};
    tap_int(tls_server_new(&s, &t, &err), MP_E_USAGE);
    s = (struct tls_server_settings){.hostname = "a b"};
    tap_int(tls_server_new(&s, &t, &err), MP_E_USAGE);
    tap_case("settings: a file with certificate and key");
    s.cert_file = kit_client_file();
    if (tap_int(tls_server_new(&s, &t, &err), MP_OK)) {
        tap_ok(str_starts(tls_server_pem(t), STR("-----BEGIN CERTIFICATE-----")));
        tls_server_free(t);
    }
}

int main(void)
{
    test_handshake("mx.test", "mx.test", NULL, "TLSv1.3");
    test_handshake("mx.test", "localhost", "TLSv1.2", "TLSv1.2");
    test_handshake("localhost", "localhost", NULL, "TLSv1.3");
    test_rubbish();
    test_settings();
    return tap_done();
}
