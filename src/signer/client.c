/* One connection to the process that keeps the keys. */
#include "signer/client.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/grow.h"
#include "signer/table.h"

enum { US_PER_S = 1000000, LIST_ARENA_BYTES = 4 * 1024 * 1024 };

struct signer_client {
    struct sockaddr_un address;
    unsigned timeout_ms;
    int fd; /* -1: not connected */
    uint64_t number;
    int64_t deadline_us; /* of the request under way */
    bool listed;         /* `keys` is what the peer of `fd` has */
    struct arena arena;  /* of `keys` */
    struct signer_key_info *keys;
    size_t n_keys, keys_cap;
    char frame[SIGNER_MAX_FRAME_BYTES]; /* the last answer */
};

int signer_client_new(const char *socket_path, unsigned timeout_ms, struct signer_client **out,
                      struct mp_err *err)
{
    struct str path = str_from(socket_path);
    struct signer_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory to ask the signer");
    if (path.n == 0 || path.n >= sizeof c->address.sun_path || timeout_ms == 0) {
        free(c);
        return mp_fail(err, MP_E_USAGE, 0, "the signer's socket has a path of 1 to %zu bytes",
                       sizeof c->address.sun_path - 1);
    }
    c->address.sun_family = AF_UNIX;
    memcpy(c->address.sun_path, path.p, path.n);
    c->timeout_ms = timeout_ms;
    c->fd = -1;
    arena_init(&c->arena, LIST_ARENA_BYTES);
    *out = c;
    return MP_OK;
}

static void disconnect(struct signer_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->listed = false;
}

void signer_client_free(struct signer_client *c)
{
    if (c == NULL)
        return;
    disconnect(c);
    arena_clear(&c->arena);
    free(c);
}

/* ---- one exchange ---- */

static int fail_io(const struct signer_client *c, const char *what, struct mp_err *err)
{
    bool late = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS;
    return late ? mp_fail(err, MP_E_TIMEOUT, 0, "the signer did not answer within %u ms",
                          c->timeout_ms)
                : mp_fail(err, MP_E_IO, errno, "the signer: %s: %s", what, strerror(errno));
}

/* What is left of the time becomes the time limit of the next system call. */
static int limit_call(struct signer_client *c, struct mp_err *err)
{
    int64_t left = c->deadline_us - clock_mono_us();
    struct timeval t = {.tv_sec = left / US_PER_S, .tv_usec = left % US_PER_S};
    if (left <= 0) {
        errno = EAGAIN;
        return fail_io(c, "too late", err);
    }
    return setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t) == 0 &&
                   setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) == 0
               ? MP_OK
               : fail_io(c, "time limit", err);
}

static int connect_signer(struct signer_client *c, struct mp_err *err)
{
    int st = MP_OK, done = -1;
    c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return fail_io(c, "socket", err);
    do {
        st = limit_call(c, err);
        if (st == MP_OK)
            done = connect(c->fd, (const struct sockaddr *)&c->address, sizeof c->address);
    } while (st == MP_OK && done != 0 && errno == EINTR);
    if (st == MP_OK && done != 0)
        st = fail_io(c, "connect", err);
    if (st != MP_OK)
        disconnect(c);
    return st;
}

static int send_frame(struct signer_client *c, struct str frame, struct mp_err *err)
{
    for (;;) {
        int st = limit_call(c, err);
        if (st != MP_OK)
            return st;
        if (send(c->fd, frame.p, frame.n, MSG_NOSIGNAL) == (ssize_t)frame.n)
            return MP_OK;
        if (errno != EINTR)
            return fail_io(c, "send", err);
    }
}

static int receive_frame(struct signer_client *c, size_t *n, struct mp_err *err)
{
    for (;;) {
        int st = limit_call(c, err);
        if (st != MP_OK)
            return st;
        ssize_t got = recv(c->fd, c->frame, sizeof c->frame, MSG_TRUNC);
        if (got > 0 && (size_t)got <= sizeof c->frame) {
            *n = (size_t)got;
            return MP_OK;
        }
        if (got > 0)
            return mp_fail(err, MP_E_IO, got, "the signer's answer is too long");
        errno = got == 0 ? ECONNRESET : errno;
        if (errno != EINTR)
            return fail_io(c, "no answer", err);
    }
}

/* MP_E_IO with *lost: the connection was of before, a new one may do. */
static int exchange(struct signer_client *c, struct str frame, size_t *n, bool *lost,
                    struct mp_err *err)
{
    bool before = c->fd >= 0;
    int st = before ? MP_OK : connect_signer(c, err);
    if (st == MP_OK)
        st = send_frame(c, frame, err);
    if (st == MP_OK)
        st = receive_frame(c, n, err);
    *lost = before && st == MP_E_IO;
    return st;
}

/* Ask, and read the answer; what is in it are views into c->frame and `arena`. */
static int ask(struct signer_client *c, struct arena *arena, struct signer_request *r,
               struct signer_answer *a, struct mp_err *err)
{
    struct buf frame;
    size_t n = 0;
    bool lost = false;
    buf_init(&frame, SIGNER_MAX_FRAME_BYTES);
    r->number = ++c->number;
    c->deadline_us = clock_mono_us() + (int64_t)c->timeout_ms * 1000;
    signer_request_write(&frame, r);
    int st = frame.failed ? mp_fail(err, MP_E_NOMEM, 0, "no memory to ask the signer")
                          : exchange(c, buf_str(&frame), &n, &lost, err);
    if (lost) {
        disconnect(c);
        st = exchange(c, buf_str(&frame), &n, &lost, err);
    }
    buf_clear(&frame);
    if (st == MP_OK)
        st = signer_answer_read(arena, str_make(c->frame, n), a, err);
    if (st == MP_OK && (a->number != r->number || a->ask != r->ask))
        st = mp_fail(err, MP_E_SYNTAX, 0, "the signer answers what was not asked");
    if (st == MP_E_SYNTAX) {
        st = MP_E_IO; /* its text says what */
        if (err != NULL)
            err->code = st;
    }
    if (st != MP_OK)
        disconnect(c); /* a late answer is never taken for one of the next */
    return st;
}

/* ---- the two requests ---- */

/* One page into c->keys, the names copied: the frame goes. */
static int list_page(struct signer_client *c, uint32_t *total, struct mp_err *err)
{
    struct signer_request r = {.ask = SIGNER_LIST, .first = (uint32_t)c->n_keys};
    struct signer_answer a;
    int st = ask(c, &c->arena, &r, &a, err);
    if (st != MP_OK)
        return st;
    if (c->n_keys + a.n_keys > a.total || (a.n_keys == 0 && c->n_keys < a.total))
        return mp_fail(err, MP_E_IO, 0, "the signer's list of keys does not add up");
    for (size_t i = 0; i < a.n_keys; i++) {
        struct str name = arena_copy(&c->arena, a.keys[i].name);
        struct signer_key_info *keys =
            list_room(&c->arena, c->keys, c->n_keys, &c->keys_cap, sizeof *keys);
        if (keys == NULL || name.p == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the signer's keys");
        c->keys = keys;
        keys[c->n_keys] = a.keys[i];
        keys[c->n_keys++].name = name;
    }
    *total = a.total;
    return MP_OK;
}

/* What the arena grew by is forgotten with the next list. */
static int list(struct signer_client *c, struct mp_err *err)
{
    uint32_t total = 0;
    int st;
    arena_reset(&c->arena);
    c->keys = NULL;
    c->n_keys = c->keys_cap = 0;
    do
        st = list_page(c, &total, err);
    while (st == MP_OK && c->n_keys < total);
    c->listed = st == MP_OK;
    if (st != MP_OK)
        c->n_keys = 0;
    return st;
}

int signer_client_list(struct signer_client *c, const struct signer_key_info **keys, size_t *n,
                       struct mp_err *err)
{
    int st = c->listed ? MP_OK : list(c, err);
    if (st == MP_OK) {
        *keys = c->keys;
        *n = c->n_keys;
    }
    return st;
}

int signer_client_sign(struct signer_client *c, struct str name, struct str sha256, struct buf *out,
                       struct mp_err *err)
{
    struct signer_request r = {.ask = SIGNER_SIGN, .key = name, .sha256 = sha256};
    struct signer_answer a;
    if (sha256.n != SIGNER_HASH_BYTES || name.n > SIGNING_MAX_KEY_NAME_BYTES)
        return mp_fail(err, MP_E_USAGE, 0, "a SHA-256 hash has %d octets", SIGNER_HASH_BYTES);
    int st = ask(c, &c->arena, &r, &a, err);
    if (st == MP_OK && a.status == SIGNER_NO_SUCH_KEY)
        st = mp_fail(err, MP_E_USAGE, 0, "the signer has no key '" STR_FMT "'", STR_ARG(name));
    if (st == MP_OK && a.status != SIGNER_OK)
        st = mp_fail(err, MP_E_CRYPTO, 0, "the signer cannot sign with '" STR_FMT "'",
                     STR_ARG(name));
    if (st == MP_OK)
        buf_add(out, a.signature);
    return st == MP_OK && out->failed ? mp_fail(err, MP_E_NOMEM, 0, "no room for a signature") : st;
}

/* ---- as keys that sign ---- */

struct far_key {
    struct signer_client *client;
    struct str name;
};

static int sign_far(const void *ctx, struct str sha256, struct buf *out, struct mp_err *err)
{
    const struct far_key *k = ctx;
    return signer_client_sign(k->client, k->name, sha256, out, err);
}

static int find_far(void *ctx, struct arena *arena, struct str name, struct sign_key *out,
                    struct mp_err *err)
{
    struct signer_client *c = ctx;
    const struct signer_key_info *keys;
    size_t n;
    int st = signer_client_list(c, &keys, &n, err);
    if (st != MP_OK)
        return st;
    const struct signer_key_info *info = signer_info_of(keys, n, name);
    *out = (struct sign_key){.sign = NULL};
    if (info == NULL)
        return MP_OK;
    struct far_key *far = arena_new(arena, struct far_key, 1);
    if (far == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed");
    *far = (struct far_key){c, name};
    *out = (struct sign_key){.type = info->type, .bits = info->bits, .sign = sign_far, .ctx = far};
    return MP_OK;
}

struct signing_keys signer_client_keys(struct signer_client *c)
{
    return (struct signing_keys){.find = find_far, .ctx = c};
}
