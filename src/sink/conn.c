/* One connection: its socket, TLS, events and deadlines. The dialogue is session.c. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "sink/sink_internal.h"

enum {
    READS_AT_ONCE = 4, /* then the others have their turn */
    LINGER_BYTES = 1 << 20,
    THROTTLE_TICK_MS = 100,
    CONN_ARENA_BYTES = 64 * 1024
};

/* ---- events ---- */

static void set_reading(struct conn *c, bool on)
{
    if (on != c->reading && (on ? event_add(&c->read_event, NULL) : event_del(&c->read_event)) == 0)
        c->reading = on;
}

static void set_writing(struct conn *c, bool on)
{
    if (on != c->writing &&
        (on ? event_add(&c->write_event, NULL) : event_del(&c->write_event)) == 0)
        c->writing = on;
}

void conn_block_for(struct conn *c, unsigned delay_ms, enum block why)
{
    struct timeval t = {.tv_sec = delay_ms / 1000, .tv_usec = (delay_ms % 1000) * 1000};
    c->blocks |= why;
    c->timing = evtimer_add(&c->timer, &t) == 0;
}

void conn_unblock(struct conn *c, enum block why)
{
    c->blocks &= ~(unsigned)why;
    c->last_us = c->sink->now_us;
    c->line_from_us = 0;
}

/* ---- memory ---- */

void conn_charge(struct conn *c)
{
    size_t now = c->raw.cap + c->in.cap + c->tx.arena.used_bytes;
    c->sink->memory += now - c->charged; /* wraps the right way */
    c->charged = now;
}

/* May this connection take more of its message? One may always, so that it ends. */
static bool has_budget(struct conn *c)
{
    struct sink *s = c->sink;
    if (s->memory <= SINK_BUDGET_BYTES || s->favoured == c)
        return true;
    if (s->favoured == NULL) {
        s->favoured = c;
        return true;
    }
    return false;
}

void conn_resume_paused(struct sink *s)
{
    if (s->memory > SINK_BUDGET_BYTES && s->favoured != NULL)
        return;
    for (struct conn *c = s->conns, *next; c != NULL; c = next) {
        next = c->next;
        if ((c->blocks & BLOCK_MEMORY) != 0) {
            conn_unblock(c, BLOCK_MEMORY);
            conn_go_on(c);
        }
    }
}

static void pause_for_memory(struct conn *c)
{
    c->blocks |= BLOCK_MEMORY;
    c->pause_from_us = c->sink->now_us;
}

/* ---- sending ---- */

static enum tls_io send_some(struct conn *c, struct str bytes, size_t *n)
{
    const char *why = "";
    if (c->in_tls)
        return tls_session_write(c->tls, bytes, n, &why);
    ssize_t sent;
    do
        sent = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        *n = (size_t)sent;
        return TLS_IO_DONE;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK ? TLS_IO_WANT_WRITE : TLS_IO_FAILED;
}

void conn_flush(struct conn *c)
{
    enum tls_io io = TLS_IO_DONE;
    if (c->out.failed) /* never: SINK_OUT_MAX stops before */
        c->ending = CLOSE_NOW;
    while (c->out_at < c->out.n && io == TLS_IO_DONE) {
        size_t n = 0;
        io = send_some(c, str_slice(buf_str(&c->out), c->out_at, c->out.n), &n);
        c->out_at += n;
    }
    if (io == TLS_IO_FAILED || io == TLS_IO_CLOSED) {
        c->ending = CLOSE_NOW;
        c->out_at = c->out.n;
    }
    if (c->out_at == c->out.n) {
        buf_reset(&c->out);
        c->out_at = 0;
    }
    bool full = c->out.n - c->out_at > SINK_OUT_MAX / 2;
    c->blocks = full ? c->blocks | BLOCK_OUT : c->blocks & ~(unsigned)BLOCK_OUT;
    set_writing(c, c->out.n > 0);
}

/* ---- receiving ---- */

/* Bytes of the client go to the dialogue; what it does not take yet is kept. */
static void take(struct conn *c, struct str fresh)
{
    if (c->in.n > 0) {
        buf_add(&c->in, fresh);
        fresh = buf_str(&c->in);
    }
    size_t used = 0;
    while (used < fresh.n && c->blocks == 0 && c->ending == OPEN && !c->handshaking) {
        size_t n = session_take(c, str_slice(fresh, used, fresh.n));
        used += n;
        if (c->out.n - c->out_at > SINK_OUT_MAX / 2)
            conn_flush(c);
        if (n == 0)
            break;
    }
    struct str rest = str_slice(fresh, used, fresh.n);
    if (c->ending != OPEN)
        rest = STR_NONE;
    if (fresh.p == c->in.p) {
        if (rest.n > 0 && used > 0)
            memmove(c->in.p, rest.p, rest.n);
        c->in.n = rest.n;
        if (rest.n == 0 && c->in.cap > SINK_READ_BYTES / 4)
            buf_clear(&c->in);
    } else if (rest.n > 0) {
        buf_add(&c->in, rest);
    }
    bool partial = c->in.n > 0 && c->blocks == 0;
    if (!partial || used > 0)
        c->line_from_us = partial ? c->sink->now_us : 0;
    else if (c->line_from_us == 0)
        c->line_from_us = c->sink->now_us;
}

static enum tls_io receive_some(struct conn *c, size_t size, size_t *n)
{
    const char *why = "";
    if (c->in_tls)
        return tls_session_read(c->tls, c->sink->scratch, size, n, &why);
    ssize_t got;
    do
        got = recv(c->fd, c->sink->scratch, size, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) {
        *n = (size_t)got;
        return TLS_IO_DONE;
    }
    if (got == 0)
        return TLS_IO_CLOSED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? TLS_IO_WANT_READ : TLS_IO_FAILED;
}

static size_t read_size(const struct conn *c)
{
    if (c->throttle_bytes_s > 0 && c->input != INPUT_COMMAND) {
        size_t tick = c->throttle_bytes_s * THROTTLE_TICK_MS / 1000;
        return tick > 0 ? tick : 1;
    }
    return SINK_READ_BYTES;
}

/* Read and take, a few times. */
static void receive(struct conn *c)
{
    for (unsigned i = 0; i < READS_AT_ONCE && c->blocks == 0 && c->ending == OPEN; i++) {
        size_t n = 0, size = read_size(c);
        bool in_message = c->input == INPUT_DATA || c->input == INPUT_CHUNK;
        if (in_message && !has_budget(c)) {
            pause_for_memory(c);
            return;
        }
        enum tls_io io = receive_some(c, size, &n);
        if (io == TLS_IO_CLOSED)
            c->no_more = true;
        if (io == TLS_IO_FAILED)
            c->ending = CLOSE_NOW;
        if (io != TLS_IO_DONE)
            return;
        c->last_us = c->sink->now_us;
        take(c, str_make(c->sink->scratch, n));
        conn_charge(c);
        if (size < SINK_READ_BYTES && c->input != INPUT_COMMAND && c->blocks == 0)
            conn_block_for(c, THROTTLE_TICK_MS, BLOCK_THROTTLE);
        if (n < size && !(c->in_tls && tls_session_pending(c->tls)))
            return; /* the socket is empty, mostly: the event tells when not */
    }
    if (c->in_tls && c->blocks == 0 && tls_session_pending(c->tls))
        event_active(&c->read_event, EV_READ, 0);
}

static void shake_hands(struct conn *c)
{
    const char *why = "";
    enum tls_io io = tls_session_accept(c->tls, &why);
    set_writing(c, io == TLS_IO_WANT_WRITE);
    if (io == TLS_IO_WANT_READ || io == TLS_IO_WANT_WRITE)
        return;
    if (io != TLS_IO_DONE) {
        SINK_COUNT(c->sink, tls_failures);
        c->ending = CLOSE_NOW;
        return;
    }
    SINK_COUNT(c->sink, tls_handshakes);
    c->handshaking = false;
    c->in_tls = true;
    c->last_us = c->sink->now_us;
    session_in_tls(c);
    receive(c); /* the client may have spoken with its last message of the handshake */
}

/* ---- closing ---- */

/* What the client still sends is read and thrown away for a while: a reset would take our last
 * reply from it. */
static void linger(struct conn *c)
{
    size_t total = 0;
    if (c->linger_from_us == 0) {
        c->linger_from_us = c->sink->now_us;
        session_closed(c);
        if (c->in_tls) {
            tls_session_free(c->tls);
            c->tls = NULL;
            c->in_tls = false;
        }
        shutdown(c->fd, SHUT_WR);
        c->in.n = 0;
        c->blocks = 0;
        set_reading(c, true);
    }
    for (ssize_t n = 1; n > 0 && total<LINGER_BYTES; total += n> 0 ? (size_t)n : 0) {
        n = recv(c->fd, c->sink->scratch, SINK_READ_BYTES, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            c->ending = CLOSE_NOW;
    }
}

/* Set the events, or end. May free `c`. */
static void settle(struct conn *c)
{
    if (c->ending == OPEN || c->out.n > 0)
        conn_flush(c);
    if (c->blocks == 0 && c->no_more && c->ending == OPEN && c->out.n == 0)
        c->ending = CLOSE_CLEAN; /* half-closed, and all that was said is answered */
    bool said_all = c->out.n == 0 && (c->blocks & (BLOCK_DELAY | BLOCK_STORE)) == 0;
    if (c->ending == CLOSE_LINGER && said_all)
        linger(c);
    if (c->pending == NULL && (c->ending == CLOSE_NOW || (c->ending == CLOSE_CLEAN && said_all))) {
        conn_free(c);
        return;
    }
    bool stalled = c->blocks != 0 || c->no_more || (c->ending != OPEN && c->linger_from_us == 0);
    if (stalled && c->reading && (c->blocks & ~(unsigned)BLOCK_STORE) == 0 && !c->no_more &&
        c->ending == OPEN)
        return; /* waits for the store, not for long: the event stays until it fires */
    set_reading(c, !stalled);
}

void conn_go_on(struct conn *c)
{
    if (c->linger_from_us == 0 && c->ending == OPEN) {
        if (c->in.n > 0 && c->blocks == 0 && !c->handshaking)
            take(c, STR_NONE);
        conn_flush(c);
        if (c->blocks == 0 && c->ending == OPEN && c->in_tls && tls_session_pending(c->tls))
            event_active(&c->read_event, EV_READ, 0);
    }
    settle(c);
}

static void on_read(evutil_socket_t fd, short what, void *ctx)
{
    struct conn *c = ctx;
    (void)fd, (void)what;
    c->sink->now_us = clock_mono_us();
    if (c->blocks != 0 && c->ending == OPEN)
        set_reading(c, false); /* once more when it may go on */
    else if (c->linger_from_us != 0)
        linger(c);
    else if (c->handshaking)
        shake_hands(c);
    else if (c->ending == OPEN)
        receive(c);
    settle(c);
}

static void on_write(evutil_socket_t fd, short what, void *ctx)
{
    struct conn *c = ctx;
    (void)fd, (void)what;
    c->sink->now_us = clock_mono_us();
    c->last_us = c->sink->now_us;
    if (c->handshaking)
        shake_hands(c);
    conn_go_on(c);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct conn *c = ctx;
    (void)fd, (void)what;
    c->sink->now_us = clock_mono_us();
    c->timing = false;
    conn_unblock(c, BLOCK_DELAY | BLOCK_THROTTLE);
    if (c->drop_at_timer)
        c->ending = CLOSE_NOW;
    else if (!c->greeted && c->ending == OPEN && !c->handshaking)
        session_greet(c);
    conn_go_on(c);
}

/* ---- life ---- */

struct conn *conn_new(struct sink *s, const struct listener *l, int fd)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->sink = s;
    c->listener = l;
    c->fd = fd;
    c->opened_us = c->last_us = s->now_us;
    c->lmtp = l->config.lmtp;
    buf_init(&c->in, SINK_READ_BYTES * 2);
    buf_init(&c->out, SINK_OUT_MAX * 2);
    buf_init(&c->raw, s->config.max_message_bytes + SINK_READ_BYTES);
    buf_init(&c->head, SINK_TRANSCRIPT_HEAD_MAX);
    buf_init(&c->log, SINK_TRANSCRIPT_MAX);
    arena_init(&c->arena, CONN_ARENA_BYTES);
    arena_init(&c->tx.arena, SINK_TX_ARENA_BYTES);
    arena_init(&c->login_arena, 256 * 1024);
    event_assign(&c->read_event, s->base, fd, EV_READ | EV_PERSIST, on_read, c);
    event_assign(&c->write_event, s->base, fd, EV_WRITE | EV_PERSIST, on_write, c);
    evtimer_assign(&c->timer, s->base, on_timer, c);
    c->next = s->conns;
    if (c->next != NULL)
        c->next->prev = c;
    s->conns = c;
    s->n_conns++;
    return c;
}

/* The client's address is known, the socket does not block: begin. */
void conn_start(struct conn *c, struct ip ip, uint16_t port)
{
    static const struct ip loopback4 = {IP_V4, {127}}, loopback6 = {IP_V6, {[15] = 1}};
    char text[IP_TEXT_MAX] = "unix";
    int on = 1;
    if (ip.family != IP_NONE) {
        ip_write(&ip, text);
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    c->from_loopback =
        ip.family == IP_NONE || ip_in_prefix(&ip, &loopback4, 8) || ip_eq(&ip, &loopback6);
    c->client_ip = arena_copy(&c->arena, str_from(text));
    c->client_port = port;
    if (c->client_ip.p == NULL)
        c->client_ip = STR("unknown");
    if (c->listener->config.tls == SINK_TLS_IMPLICIT) {
        c->tls = tls_session_new(c->sink->tls, c->fd);
        c->handshaking = true;
        c->ending = c->tls == NULL ? CLOSE_NOW : OPEN;
    } else {
        session_greet(c);
    }
    conn_go_on(c);
}

void conn_free(struct conn *c)
{
    struct sink *s = c->sink;
    session_closed(c);
    event_del(&c->read_event);
    event_del(&c->write_event);
    event_del(&c->timer);
    tls_session_free(c->tls);
    close(c->fd);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    s->n_conns--;
    s->memory -= c->charged;
    if (s->favoured == c)
        s->favoured = NULL;
    atomic_fetch_sub_explicit(&s->count.open_connections, 1, memory_order_relaxed);
    buf_clear(&c->in);
    buf_clear(&c->out);
    buf_clear(&c->raw);
    buf_clear(&c->head);
    buf_clear(&c->log);
    arena_clear(&c->tx.arena);
    arena_clear(&c->arena);
    arena_clear(&c->login_arena);
    free(c);
}

/* ---- deadlines ---- */

static bool is_slow_message(const struct conn *c, int64_t idle_us)
{
    int64_t for_us = c->sink->now_us - c->tx.data_from_us;
    uint64_t got = c->tx.data.line_ends.bytes + c->tx.chunk.line_ends.bytes;
    return (c->input == INPUT_DATA || c->input == INPUT_CHUNK) && c->throttle_bytes_s == 0 &&
           for_us > idle_us && got < (uint64_t)(for_us / 1000000) * SINK_MIN_BYTES_S;
}

void conn_check_deadlines(struct conn *c)
{
    int64_t now = c->sink->now_us, idle_us = (int64_t)c->sink->config.idle_timeout_ms * 1000;
    if (c->linger_from_us != 0) {
        if (now - c->linger_from_us > (int64_t)SINK_LINGER_MS * 1000)
            c->ending = CLOSE_NOW;
    } else if ((c->blocks & BLOCK_MEMORY) != 0) {
        if (now - c->pause_from_us > (int64_t)SINK_PAUSE_MAX_MS * 1000) {
            c->tx.no_memory = true; /* the rest is read and thrown away, then 452 */
            buf_clear(&c->raw);
            conn_charge(c);
            conn_unblock(c, BLOCK_MEMORY);
        }
    } else if ((c->blocks & (BLOCK_DELAY | BLOCK_STORE)) != 0) {
        return; /* it is we who make it wait */
    } else if (c->ending != OPEN || (c->handshaking && now - c->opened_us > idle_us)) {
        if (now - c->last_us > idle_us)
            c->ending = CLOSE_NOW;
    } else if (now - c->last_us > idle_us) {
        session_end(c, 421, "4.4.2", "nothing was heard for too long, closing");
    } else if (c->line_from_us != 0 && c->input <= INPUT_AUTH && now - c->line_from_us > idle_us) {
        session_end(c, 421, "4.4.2", "a line took too long, closing");
    } else if (is_slow_message(c, idle_us)) {
        session_end(c, 421, "4.4.2", "the message comes too slowly, closing");
    } else if (now - c->opened_us > (int64_t)SINK_CONNECTION_MAX_MS * 1000) {
        session_end(c, 421, "4.4.2", "the connection lasted too long, closing");
    } else {
        return;
    }
    if (c->ending == CLOSE_LINGER && c->out.n - c->out_at > 0 && now - c->last_us > 2 * idle_us)
        c->ending = CLOSE_NOW; /* it does not even read */
    conn_go_on(c);
}

void conn_say_goodbye(struct conn *c)
{
    if (c->ending == OPEN && (c->blocks & BLOCK_STORE) == 0) {
        if (c->handshaking || !c->greeted)
            c->ending = CLOSE_NOW;
        else
            session_end(c, 421, "4.3.2", "the server is shutting down, closing");
        c->blocks &= ~(unsigned)(BLOCK_DELAY | BLOCK_MEMORY | BLOCK_THROTTLE);
        c->drop_at_timer = false;
        conn_go_on(c);
    }
}
