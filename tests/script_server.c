/* The scripted server: one thread accepts, one thread a connection plays its table. */
#include "tests/script_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

enum { RECEIVED_MAX_BYTES = 64 << 20, BLOCK_BYTES = 16 * 1024 };

struct script_peer {
    struct script_server *server;
    const struct script_step *steps;
    pthread_t thread;
    int fd;
    SSL *ssl;
    struct buf in; /* all that was received */
    size_t taken;  /* of `in`, by the steps */
    bool gone;     /* the client has ended the stream */
    struct script_log log;
};

struct script_server {
    struct script_options options;
    const struct script_step *one[1];
    pthread_t thread;
    int listener, stop[2];
    uint16_t port;
    bool stopped;
    struct script_peer peers[SCRIPT_MAX_CONNECTIONS];
    size_t n_peers; /* atomic while the server runs */
};

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "script_server: %s: %s\n", what, strerror(errno));
    abort();
}

static bool problem(struct script_peer *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static bool problem(struct script_peer *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (p->log.problem[0] == '\0')
        vsnprintf(p->log.problem, sizeof p->log.problem, fmt, ap);
    va_end(ap);
    return false;
}

/* ---- bytes ---- */

/* Until the socket is ready. What has arrived comes before the wish to stop. */
static bool wait_for(struct script_peer *p, short events)
{
    struct pollfd fds[2] = {{.fd = p->fd, .events = events},
                            {.fd = p->server->stop[0], .events = POLLIN}};
    int n;
    do
        n = poll(fds, 2, SCRIPT_PATIENCE_MS);
    while (n < 0 && errno == EINTR);
    if (n > 0 && fds[0].revents == 0) /* both may have come since the first was looked at */
        n = poll(fds, 1, 0);
    return n > 0 && fds[0].revents != 0;
}

/* What an SSL call of result <= 0 asks for; 0: it is over. */
static short ssl_wants(SSL *ssl, int result)
{
    int why = SSL_get_error(ssl, result);
    ERR_clear_error();
    return why == SSL_ERROR_WANT_READ ? POLLIN : why == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

/* In plain text no byte more than is asked for (0: up to a line end): TLS may begin behind it. */
static ssize_t read_plain(struct script_peer *p, char *to, size_t most)
{
    ssize_t n = recv(p->fd, to, most == 0 || most > BLOCK_BYTES ? BLOCK_BYTES : most, MSG_PEEK);
    if (n <= 0)
        return n;
    const char *lf = most == 0 ? memchr(to, '\n', (size_t)n) : NULL;
    return recv(p->fd, to, lf == NULL ? (size_t)n : (size_t)(lf - to) + 1, 0);
}

static ssize_t read_some(struct script_peer *p, char *to, size_t most)
{
    for (;;) {
        short events = POLLIN;
        if (p->ssl != NULL) {
            int n = SSL_read(p->ssl, to, BLOCK_BYTES);
            if (n > 0)
                return n;
            events = ssl_wants(p->ssl, n);
            if (events == 0)
                return 0;
        } else {
            ssize_t n = read_plain(p, to, most);
            if (n >= 0 || (errno != EAGAIN && errno != EINTR))
                return n < 0 ? 0 : n;
        }
        if (!wait_for(p, events))
            return -1;
    }
}

/* False: the client is gone, or the server shall stop. */
static bool read_more(struct script_peer *p, size_t most)
{
    char *to = buf_reserve(&p->in, BLOCK_BYTES);
    need(to != NULL, "memory for what a client sends");
    ssize_t n = read_some(p, to, most);
    p->gone = n == 0;
    if (n <= 0)
        return false;
    p->in.n += (size_t)n;
    return true;
}

bool script_say(struct script_peer *p, struct str bytes)
{
    while (bytes.n > 0) {
        short events = POLLOUT;
        ssize_t n;
        if (p->ssl != NULL) {
            n = SSL_write(p->ssl, bytes.p, bytes.n > BLOCK_BYTES ? BLOCK_BYTES : (int)bytes.n);
            if (n <= 0 && (events = ssl_wants(p->ssl, (int)n)) == 0)
                return problem(p, "the client was gone when we spoke");
        } else {
            n = send(p->fd, bytes.p, bytes.n, 0);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return problem(p, "the client was gone when we spoke");
        }
        if (n > 0)
            bytes = str_slice(bytes, (size_t)n, bytes.n);
        else if (!wait_for(p, events))
            return problem(p, "the client did not take what we said");
    }
    return true;
}

bool script_line(struct script_peer *p, struct str *line)
{
    for (;;) {
        struct str rest = str_slice(buf_str(&p->in), p->taken, p->in.n);
        size_t lf = str_find(rest, '\n');
        if (lf < rest.n) {
            p->taken += lf + 1;
            *line = str_slice(rest, 0, lf > 0 && rest.p[lf - 1] == '\r' ? lf - 1 : lf);
            return true;
        }
        if (!read_more(p, 0))
            return false;
    }
}

bool script_take(struct script_peer *p, size_t n, struct str *out)
{
    while (p->in.n - p->taken < n)
        if (!read_more(p, n - (p->in.n - p->taken)))
            return false;
    *out = str_slice(buf_str(&p->in), p->taken, p->taken + n);
    p->taken += n;
    return true;
}

bool script_exporter(struct script_peer *p, unsigned char out[32])
{
    static const char label[] = "EXPORTER-Channel-Binding";
    return p->ssl != NULL &&
           SSL_export_keying_material(p->ssl, out, 32, label, sizeof label - 1, NULL, 0, 0) == 1;
}

/* ---- steps ---- */

static bool do_expect(struct script_peer *p, const struct script_step *s)
{
    struct str line;
    if (!script_line(p, &line))
        return problem(p, "\"%s\" was expected, and the client %s", s->text,
                       p->gone ? "left" : "was silent");
    if (!str_istarts(line, str_from(s->text)))
        return problem(p, "\"%s\" was expected, and \"" STR_FMT "\" came", s->text,
                       STR_ARG(str_slice(line, 0, 80)));
    return true;
}

static bool do_lines(struct script_peer *p, struct str last, const char *what)
{
    struct str line;
    while (script_line(p, &line))
        if (str_eq(line, last))
            return true;
    return problem(p, "the %s had no end", what);
}

static bool do_take(struct script_peer *p, size_t n)
{
    struct str taken;
    return script_take(p, n, &taken) ||
           problem(p, "%zu bytes were expected, %zu came", n, p->in.n - p->taken);
}

static bool do_flood(struct script_peer *p, const struct script_step *s)
{
    struct buf block;
    struct str text = str_from(s->text);
    size_t left = s->n, times = BLOCK_BYTES / (text.n + 1) + 1;
    bool forever = s->n == 0, said = true;
    buf_init(&block, 8 * BLOCK_BYTES + text.n);
    for (size_t i = 0; i < times; i++)
        buf_add(&block, text);
    while (said && (forever || left > 0)) {
        size_t now = forever || left > times ? times : left;
        said = script_say(p, str_slice(buf_str(&block), 0, now * text.n));
        left -= forever ? 0 : now;
    }
    if (forever)
        p->log.problem[0] = '\0'; /* that the client leaves is what shall happen */
    buf_clear(&block);
    return forever || said;
}

static bool do_stall(struct script_peer *p)
{
    while (read_more(p, BLOCK_BYTES))
        continue;
    return true;
}

static bool do_deaf(struct script_peer *p)
{
    wait_for(p, POLLRDHUP);
    return true;
}

static bool do_tls(struct script_peer *p, const struct script_step *s)
{
    if (p->taken != p->in.n)
        return problem(p, "the client sent plain text where TLS begins");
    p->ssl = SSL_new(kit_tls_ctx(s->tls));
    need(p->ssl != NULL && SSL_set_fd(p->ssl, p->fd) == 1, "SSL_new");
    int result;
    while ((result = SSL_accept(p->ssl)) != 1) {
        short events = ssl_wants(p->ssl, result);
        if (events == 0 || !wait_for(p, events)) {
            SSL_free(p->ssl);
            p->ssl = NULL;
            return false; /* as far as a refused handshake is a problem, the client tells */
        }
    }
    const char *sni = SSL_get_servername(p->ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(p->log.sni, sizeof p->log.sni, "%s", sni == NULL ? "" : sni);
    p->log.did_tls = true;
    p->log.client_cert = SSL_get0_peer_certificate(p->ssl) != NULL;
    return true;
}

static bool do_step(struct script_peer *p, const struct script_step *s)
{
    switch (s->op) {
    case SCRIPT_OP_EXPECT:
        return do_expect(p, s);
    case SCRIPT_OP_SAY:
        return script_say(p, str_make(s->text, s->n));
    case SCRIPT_OP_FLOOD:
        return do_flood(p, s);
    case SCRIPT_OP_MESSAGE:
        return do_lines(p, STR("."), "message");
    case SCRIPT_OP_REQUEST:
        return do_lines(p, STR(""), "request");
    case SCRIPT_OP_TAKE:
        return do_take(p, s->n);
    case SCRIPT_OP_STALL:
        return do_stall(p);
    case SCRIPT_OP_DEAF:
        return do_deaf(p);
    case SCRIPT_OP_TLS:
        return do_tls(p, s);
    case SCRIPT_OP_CALL:
        return s->call(p, s->ctx) || problem(p, "the test's own step failed");
    default:
        return true;
    }
}

/* ---- connections ---- */

static bool is_last(enum script_op op)
{
    return op == SCRIPT_OP_END || op == SCRIPT_OP_CLOSE || op == SCRIPT_OP_RESET;
}

/* Hear the client out, so that no reset overtakes our last words. */
static void end_in_order(struct script_peer *p)
{
    if (p->ssl != NULL)
        SSL_shutdown(p->ssl);
    ERR_clear_error();
    shutdown(p->fd, SHUT_WR);
    while (!p->gone && read_more(p, BLOCK_BYTES))
        continue;
}

static void *play(void *arg)
{
    struct script_peer *p = arg;
    const struct script_step *s = p->steps;
    while (!is_last(s->op) && do_step(p, s))
        s++;
    p->log.played = p->log.problem[0] == '\0';
    if (s->op == SCRIPT_OP_RESET) {
        struct linger now = {.l_onoff = 1};
        setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    } else if (s->op != SCRIPT_OP_CLOSE) {
        end_in_order(p);
    }
    SSL_free(p->ssl);
    close(p->fd);
    p->log.received = buf_str(&p->in);
    return NULL;
}

static void take_connection(struct script_server *s, int fd)
{
    size_t n = s->n_peers;
    need(n < SCRIPT_MAX_CONNECTIONS, "too many connections");
    struct script_peer *p = &s->peers[n];
    size_t which = n < s->options.n_conversations ? n : s->options.n_conversations - 1;
    *p = (struct script_peer){.server = s, .steps = s->options.conversations[which], .fd = fd};
    buf_init(&p->in, RECEIVED_MAX_BYTES);
    need(pthread_create(&p->thread, NULL, play, p) == 0, "pthread_create");
    __atomic_store_n(&s->n_peers, n + 1, __ATOMIC_RELEASE);
}

static void *serve(void *arg)
{
    struct script_server *s = arg;
    bool stopping = false;
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            take_connection(s, fd);
            continue;
        }
        if (errno != EAGAIN)
            continue; /* a client that has left already */
        if (stopping)
            return NULL;
        struct pollfd fds[2] = {{.fd = s->listener, .events = POLLIN},
                                {.fd = s->stop[0], .events = POLLIN}};
        stopping = poll(fds, 2, -1) > 0 && fds[1].revents != 0;
    }
}

/* ---- life ---- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static socklen_t address_of(const struct script_options *o, union address *out)
{
    const char *text = o->address == NULL ? "127.0.0.1" : o->address;
    memset(out, 0, sizeof *out);
    if (o->unix_path != NULL) {
        out->local.sun_family = AF_UNIX;
        snprintf(out->local.sun_path, sizeof out->local.sun_path, "%s", o->unix_path);
        return sizeof out->local;
    }
    if (strchr(text, ':') != NULL) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(o->port);
        need(inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1, "an IPv6 address");
        return sizeof out->v6;
    }
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons(o->port);
    need(inet_pton(AF_INET, text, &out->v4.sin_addr) == 1, "an IPv4 address");
    return sizeof out->v4;
}

/* -1: there is no such address here. */
static int listen_at(const struct script_options *o, uint16_t *port)
{
    union address at;
    socklen_t n = address_of(o, &at);
    int on = 1, fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && errno == EAFNOSUPPORT)
        return -1;
    need(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &at.any, n) < 0) {
        need(errno == EADDRNOTAVAIL, "bind");
        close(fd);
        return -1;
    }
    need(listen(fd, SCRIPT_MAX_CONNECTIONS) == 0, "listen");
    n = sizeof at;
    need(getsockname(fd, &at.any, &n) == 0, "getsockname");
    *port = ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
    return fd;
}

/* SIGPIPE stays away from our threads only: the client must do without by itself. */
static void start_thread(struct script_server *s)
{
    sigset_t pipe, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    need(pthread_create(&s->thread, NULL, serve, s) == 0, "pthread_create");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct script_server *script_start(const struct script_options *o)
{
    uint16_t port = 0;
    int fd = listen_at(o, &port);
    if (fd < 0)
        return NULL;
    struct script_server *s = calloc(1, sizeof *s);
    need(s != NULL && pipe2(s->stop, O_CLOEXEC) == 0, "a server");
    s->options = *o;
    s->listener = fd;
    s->port = port;
    start_thread(s);
    return s;
}

struct script_server *script_play(const struct script_step *steps)
{
    struct script_server *s = calloc(1, sizeof *s);
    need(s != NULL && pipe2(s->stop, O_CLOEXEC) == 0, "a server");
    s->one[0] = steps;
    s->options = (struct script_options){.conversations = s->one, .n_conversations = 1};
    s->listener = listen_at(&s->options, &s->port);
    need(s->listener >= 0, "127.0.0.1");
    start_thread(s);
    return s;
}

uint16_t script_port(const struct script_server *s)
{
    return s->port;
}

void script_stop(struct script_server *s)
{
    if (s->stopped)
        return;
    s->stopped = true;
    close(s->stop[1]);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n_peers; i++)
        pthread_join(s->peers[i].thread, NULL);
    close(s->listener);
    close(s->stop[0]);
    if (s->options.unix_path != NULL)
        unlink(s->options.unix_path);
}

void script_free(struct script_server *s)
{
    if (s == NULL)
        return;
    script_stop(s);
    for (size_t i = 0; i < s->n_peers; i++)
        buf_clear(&s->peers[i].in);
    free(s);
}

size_t script_connections(const struct script_server *s)
{
    return __atomic_load_n(&s->n_peers, __ATOMIC_ACQUIRE);
}

const struct script_log *script_log(const struct script_server *s, size_t i)
{
    return i < s->n_peers ? &s->peers[i].log : NULL;
}
