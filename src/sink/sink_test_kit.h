/* A running server with a store in memory, and clients that play dialogues with it. */
#ifndef MP_SINK_SINK_TEST_KIT_H
#define MP_SINK_SINK_TEST_KIT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "sink/sink.h"
#include "tests/tap.h"

enum { KIT_WAIT_S = 60, KIT_LISTENERS = 4, KIT_ARENA_BYTES = 512 << 20 };

struct world {
    struct sink_config config;
    struct sink_listener listeners[KIT_LISTENERS];
    struct store *store;
    struct inboxes *inboxes;
    struct sink *sink;
    struct arena arena; /* of what is read from the store */
    struct store_watch *watch;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t added; /* deliveries that the store has told of */
};

static inline void kit_on_event(void *ctx, const struct store_event *e)
{
    struct world *w = ctx;
    pthread_mutex_lock(&w->lock);
    w->added += e->kind == STORE_EVENT_ADDED;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* Listener 0: SMTP; 1: LMTP; 2: implicit TLS. Settings to change before world_start. */
static inline void world_init(struct world *w)
{
    *w = (struct world){0};
    sink_config_init(&w->config);
    for (size_t i = 0; i < KIT_LISTENERS; i++)
        ip_parse(STR("127.0.0.1"), &w->listeners[i].ip);
    w->listeners[0].tls = w->listeners[1].tls = SINK_TLS_OFFERED;
    w->listeners[1].lmtp = true;
    w->listeners[2].tls = SINK_TLS_IMPLICIT;
    w->config.listeners = w->listeners;
    w->config.n_listeners = 3;
    w->config.hostname = "sink.test";
    arena_init(&w->arena, KIT_ARENA_BYTES);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
}

static inline void world_start(struct world *w)
{
    struct mp_err err = {0};
    struct store_config memory = {0};
    if (w->store == NULL && (store_open(&memory, &w->store, &err) != MP_OK ||
                             inboxes_new(w->store, STR("sink.test"), &w->inboxes, &err) != MP_OK ||
                             store_watch(w->store, kit_on_event, w, &w->watch, &err) != MP_OK)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    if (sink_start(&w->config, w->store, w->inboxes, &w->sink, &err) != MP_OK) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
}

static inline void world_stop(struct world *w)
{
    sink_stop(w->sink, 0);
    store_unwatch(w->store, w->watch);
    inboxes_free(w->inboxes);
    store_close(w->store);
    arena_clear(&w->arena);
}

/* Until the store has told of `n` deliveries: attempts are stored while nobody waits for them. */
static inline void world_wait(struct world *w, size_t n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += KIT_WAIT_S;
    pthread_mutex_lock(&w->lock);
    while (w->added < n && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0) {}
    pthread_mutex_unlock(&w->lock);
}

/* All that was stored, oldest first; attempts too. */
static inline struct store_page world_list(struct world *w)
{
    struct store_page page = {0};
    struct store_query q = {.attempts = true, .oldest_first = true};
    struct mp_err err = {0};
    if (store_list(w->store, &q, &w->arena, &page, &err) != MP_OK)
        tap_note("%s", err.text);
    return page;
}

static inline struct store_delivery *world_get(struct world *w, const struct store_delivery *d)
{
    struct store_delivery *out = NULL;
    store_get(w->store, str_from(d->id), &w->arena, &out, NULL);
    return out;
}

static inline struct str world_raw(struct world *w, const struct store_delivery *d)
{
    struct buf raw;
    bool found = false;
    buf_init(&raw, 128 << 20);
    store_raw(w->store, str_from(d->id), &raw, &found, NULL);
    struct str copy = found ? arena_copy(&w->arena, buf_str(&raw)) : STR_NONE;
    buf_clear(&raw);
    return copy;
}

static inline int kit_connect_port(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval wait = {.tv_sec = KIT_WAIT_S};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        abort();
    return fd;
}

static inline int kit_connect(struct world *w, size_t listener)
{
    return kit_connect_port(sink_listener_port(w->sink, listener));
}

static inline bool kit_send(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
    return true;
}

/* One whole reply, all its lines; empty at the end of the stream. */
static inline struct str kit_reply(int fd, char *room, size_t size)
{
    size_t n = 0, line = 0;
    while (n < size) {
        ssize_t got = recv(fd, room + n, 1, 0);
        if (got <= 0)
            break;
        if (room[n++] != '\n')
            continue;
        if (n - line >= 5 && room[line + 3] != '-')
            break;
        line = n;
    }
    return str_make(room, n);
}

/* A dialogue, line by line: "<220" a reply that begins so; ">" a line, CRLF is added; "=" bytes as
 * they are; "!" half-close; "." the stream ends here. False: it went another way, which is told. */
static inline bool kit_play_fd(int fd, const char *const *steps)
{
    char room[16384];
    for (size_t i = 0; steps[i] != NULL; i++) {
        const char *text = steps[i] + 1;
        struct str got = STR_NONE;
        bool ok = true;
        switch (steps[i][0]) {
        case '>':
            ok = kit_send(fd, str_from(text)) && kit_send(fd, STR("\r\n"));
            break;
        case '=':
            ok = kit_send(fd, str_from(text));
            break;
        case '!':
            ok = shutdown(fd, SHUT_WR) == 0;
            break;
        case '.':
            got = kit_reply(fd, room, sizeof room);
            ok = got.n == 0;
            break;
        default:
            got = kit_reply(fd, room, sizeof room);
            ok = str_starts(got, str_from(text));
        }
        if (!ok) {
            tap_note("step %zu '%s': got '%.*s'", i, steps[i], STR_ARG(got));
            return false;
        }
    }
    return true;
}

static inline bool kit_play(struct world *w, size_t listener, const char *const *steps)
{
    int fd = kit_connect(w, listener);
    bool ok = kit_play_fd(fd, steps);
    close(fd);
    return ok;
}

#define KIT_STEPS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define KIT_HELLO      "<220", ">EHLO c.test", "<250-sink.test"

#endif
