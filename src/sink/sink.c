/* The loop: listeners, the thread, what other threads ask of it. */
#include "sink/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "sink/listener.h"
#include "sink/sink_internal.h"

enum { TICK_MS = 500, STOP_POLL_MS = 20, USERS_MAX_BYTES = 4 << 20 };

void sink_config_init(struct sink_config *c)
{
    *c = (struct sink_config){.hostname = "localhost",
                              .auth = SINK_AUTH_ANY,
                              .max_message_bytes = SINK_MAX_MESSAGE_BYTES,
                              .max_rcpts = SINK_MAX_RCPTS,
                              .max_connections = SINK_MAX_CONNECTIONS,
                              .idle_timeout_ms = SINK_IDLE_TIMEOUT_MS,
                              .keep_attempts = true};
}

void sink_read_clocks(struct sink *s)
{
    s->now_us = clock_mono_us();
    s->now_ms = clock_wall_ms();
}

/* ---- ending ---- */

static void begin_stop(struct sink *s, int grace_ms)
{
    s->stopping = true;
    s->stop_at_us = s->now_us + (int64_t)grace_ms * 1000;
    for (size_t i = 0; i < s->config.n_listeners; i++)
        listener_close(&s->listeners[i]);
}

/* Who is in the middle of a message may go on for a while; the others hear 421 now. */
static void go_on_stopping(struct sink *s)
{
    bool all = s->now_us >= s->stop_at_us;
    for (struct conn *c = s->conns, *next; c != NULL; c = next) {
        next = c->next;
        if (all || !c->tx.open)
            conn_say_goodbye(c);
    }
    if (s->now_us >= s->stop_at_us + (int64_t)SINK_LINGER_MS * 1000)
        for (struct conn *c = s->conns, *next; c != NULL; c = next) {
            next = c->next;
            if (c->pending == NULL)
                conn_free(c);
        }
    if (s->conns == NULL && atomic_load(&s->outstanding) == 0) {
        event_base_loopbreak(s->base);
        return;
    }
    struct timeval soon = {.tv_usec = STOP_POLL_MS * 1000};
    evtimer_add(&s->tick, &soon);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    struct sink *s = ctx;
    struct timeval t = {.tv_usec = TICK_MS * 1000};
    (void)fd, (void)what;
    sink_read_clocks(s);
    for (struct conn *c = s->conns, *next; c != NULL; c = next) {
        next = c->next;
        conn_check_deadlines(c);
    }
    conn_resume_paused(s);
    for (size_t i = 0; !s->stopping && i < s->config.n_listeners; i++)
        listener_resume(&s->listeners[i]);
    if (s->stopping)
        go_on_stopping(s);
    else
        evtimer_add(&s->tick, &t);
}

static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
    struct sink *s = ctx;
    uint64_t count;
    (void)what;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
    sink_read_clocks(s);
    delivery_collect(s);
    conn_resume_paused(s);
    int grace_ms = atomic_load(&s->stop_grace_ms);
    if (grace_ms >= 0 && !s->stopping)
        begin_stop(s, grace_ms);
    if (s->stopping)
        go_on_stopping(s);
}

static void *run(void *ctx)
{
    struct sink *s = ctx;
    event_base_loop(s->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

/* ---- starting ---- */

static int read_users(struct sink *s, struct mp_err *err)
{
    struct mp_err why = {0};
    struct buf text;
    FILE *f = fopen(s->config.auth_file, "re");
    if (f == NULL)
        return mp_fail(err, MP_E_IO, errno, "%s: %s", s->config.auth_file, strerror(errno));
    buf_init(&text, USERS_MAX_BYTES);
    for (char room[4096];;) {
        size_t n = fread(room, 1, sizeof room, f);
        if (n == 0)
            break;
        buf_add(&text, str_make(room, n));
    }
    bool bad = ferror(f) != 0 || text.failed;
    fclose(f);
    int st = bad ? mp_fail(&why, MP_E_IO, 0, "it cannot be read, or is larger than 4 MiB")
                 : sasl_users_parse(buf_str(&text), &s->users, &why);
    if (text.p != NULL)
        explicit_bzero(text.p, text.cap);
    buf_clear(&text);
    return st == MP_OK ? MP_OK
                       : mp_fail(err, st, why.detail, "%s: %s", s->config.auth_file, why.text);
}

static int make_tls(struct sink *s, struct mp_err *err)
{
    struct ip ips[SINK_MAX_LISTENERS];
    bool wanted = false;
    for (size_t i = 0; i < s->config.n_listeners; i++) {
        ips[i] = s->config.listeners[i].ip;
        wanted = wanted || s->config.listeners[i].tls != SINK_TLS_OFF;
    }
    struct tls_server_settings settings = {.cert_file = s->config.cert_file,
                                           .key_file = s->config.key_file,
                                           .hostname = s->config.hostname,
                                           .ips = ips,
                                           .n_ips = s->config.n_listeners};
    return wanted ? tls_server_new(&settings, &s->tls, err) : MP_OK;
}

static int check_config(const struct sink_config *c, struct mp_err *err)
{
    if (c->n_listeners == 0 || c->n_listeners > SINK_MAX_LISTENERS)
        return mp_fail(err, MP_E_USAGE, SINK_MAX_LISTENERS, "1 to %d addresses to listen on",
                       SINK_MAX_LISTENERS);
    if (c->max_rcpts == 0 || c->max_rcpts > STORE_MAX_RCPTS)
        return mp_fail(err, MP_E_USAGE, STORE_MAX_RCPTS, "1 to %d recipients", STORE_MAX_RCPTS);
    if (c->max_message_bytes == 0 || c->max_message_bytes > (uint64_t)SINK_BUDGET_BYTES / 2)
        return mp_fail(err, MP_E_USAGE, SINK_BUDGET_BYTES / 2, "a message has 1 to %d bytes",
                       SINK_BUDGET_BYTES / 2);
    if (c->hostname == NULL || !smtp_helo_ok(str_from(c->hostname)))
        return mp_fail(err, MP_E_USAGE, 0, "'%s' is no host name",
                       c->hostname == NULL ? "" : c->hostname);
    return c->auth == SINK_AUTH_FILE && c->auth_file == NULL
               ? mp_fail(err, MP_E_USAGE, 0, "the password file is not named")
               : MP_OK;
}

static int make_loop(struct sink *s, struct mp_err *err)
{
    struct timeval t = {.tv_usec = TICK_MS * 1000};
    s->attempts = attempts_new();
    s->scratch = malloc(SINK_READ_BYTES);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->base = event_base_new();
    if (s->attempts == NULL || s->scratch == NULL || s->wake_fd < 0 || s->base == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the server's loop");
    event_assign(&s->wake, s->base, s->wake_fd, EV_READ | EV_PERSIST, on_wake, s);
    evtimer_assign(&s->tick, s->base, on_tick, s);
    event_add(&s->wake, NULL);
    evtimer_add(&s->tick, &t);
    return MP_OK;
}

static int start_thread(struct sink *s, struct mp_err *err)
{
    int error = pthread_create(&s->thread, NULL, run, s);
    s->has_thread = error == 0;
    return error == 0
               ? MP_OK
               : mp_fail(err, MP_E_IO, error, "no thread for the server: %s", strerror(error));
}

static void sink_free(struct sink *s)
{
    while (s->conns != NULL)
        conn_free(s->conns);
    for (size_t i = 0; i < s->config.n_listeners && i < SINK_MAX_LISTENERS; i++)
        listener_close(&s->listeners[i]);
    if (s->base != NULL) {
        event_del(&s->wake);
        event_del(&s->tick);
        event_base_free(s->base);
    }
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    tls_server_free(s->tls);
    sasl_users_free(s->users);
    attempts_free(s->attempts);
    pthread_mutex_destroy(&s->done_lock);
    free(s->scratch);
    free(s);
}

int sink_start(const struct sink_config *c, struct store *store, struct inboxes *inboxes,
               struct sink **out, struct mp_err *err)
{
    int st = check_config(c, err);
    if (st != MP_OK)
        return st;
    struct sink *s = calloc(1, sizeof *s);
    if (s == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the server");
    s->config = *c;
    s->store = store;
    s->inboxes = inboxes;
    s->wake_fd = -1;
    atomic_init(&s->stop_grace_ms, -1);
    pthread_mutex_init(&s->done_lock, NULL);
    for (size_t i = 0; i < c->n_listeners; i++)
        s->listeners[i] = (struct listener){.sink = s, .config = c->listeners[i], .fd = -1};
    sink_read_clocks(s);
    st = make_tls(s, err);
    if (st == MP_OK && c->auth == SINK_AUTH_FILE)
        st = read_users(s, err);
    if (st == MP_OK)
        st = make_loop(s, err);
    for (size_t i = 0; st == MP_OK && i < c->n_listeners; i++)
        st = listener_open(&s->listeners[i], err);
    if (st == MP_OK)
        st = start_thread(s, err);
    if (st != MP_OK) {
        sink_free(s);
        return st;
    }
    *out = s;
    return MP_OK;
}

void sink_stop(struct sink *s, unsigned grace_ms)
{
    uint64_t one = 1;
    if (s == NULL)
        return;
    atomic_store(&s->stop_grace_ms, grace_ms < INT32_MAX ? (int)grace_ms : INT32_MAX);
    ssize_t n = write(s->wake_fd, &one, sizeof one);
    (void)n;
    pthread_join(s->thread, NULL);
    sink_free(s);
}

/* ---- what others ask ---- */

uint16_t sink_listener_port(const struct sink *s, size_t i)
{
    return i < s->config.n_listeners ? s->listeners[i].port : 0;
}

struct str sink_certificate_pem(const struct sink *s)
{
    return s->tls == NULL ? STR_NONE : tls_server_pem(s->tls);
}

void sink_counters(const struct sink *s, struct sink_counters *out)
{
    /* loads of an atomic do not change it; C17 has no const for that */
    struct sink *from = (struct sink *)(uintptr_t)s;
#define GET(what) out->what = atomic_load_explicit(&from->count.what, memory_order_relaxed)
    GET(connections);
    GET(open_connections);
    GET(messages);
    GET(recipients);
    GET(refused);
    GET(deferred);
    GET(dropped);
    GET(bytes);
    GET(tls_handshakes);
    GET(tls_failures);
    GET(auth_ok);
    GET(auth_failed);
    GET(protocol_errors);
#undef GET
}
