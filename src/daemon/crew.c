/* Calls to workers: in the front's loop, or by a thread that waits. */
#include "daemon/crew.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "daemon/link.h"

/* ---- one attempt, for both ---- */

enum step { STEP_WAIT, STEP_ANSWERED, STEP_AGAIN /* too many wait */, STEP_LOST };

/* Connect and hand over. STEP_WAIT: *fd is to be read. */
static enum step begin(const char *path, struct str frame, int message_fd, int *fd)
{
    *fd = link_connect(path);
    if (*fd < 0)
        return errno == EAGAIN || errno == ECONNREFUSED || errno == ENOENT ? STEP_AGAIN : STEP_LOST;
    int error = link_send(*fd, frame, message_fd);
    if (error == 0)
        return STEP_WAIT;
    close(*fd);
    *fd = -1;
    return error == EPIPE || error == ECONNRESET || error == EAGAIN ? STEP_AGAIN : STEP_LOST;
}

static enum step look(int fd, struct buf *frame)
{
    int stray = -1;
    buf_reset(frame); /* of a broken one before */
    enum fd_pass_status st = link_recv(fd, frame, &stray);
    if (stray >= 0)
        close(stray);
    return st == FD_PASS_GOT ? STEP_ANSWERED : st == FD_PASS_NOTHING ? STEP_WAIT : STEP_LOST;
}

static int64_t deadline_of(const struct mail_request *r)
{
    return clock_mono_us() + ((int64_t)r->deadline_ms + CREW_GRACE_MS) * 1000;
}

/* ---- in the loop ---- */

struct crew_call {
    struct event_base *base;
    char *path;
    struct buf request, frame;
    struct arena arena;
    int message_fd, fd;
    unsigned tries;
    uint64_t number;
    int64_t deadline_us;
    struct event readable, timer;
    bool reading;
    crew_done_fn *done;
    void *ctx;
};

static void release(struct crew_call *c)
{
    if (c->reading)
        event_del(&c->readable);
    event_del(&c->timer);
    if (c->fd >= 0)
        close(c->fd);
    buf_clear(&c->request);
    buf_clear(&c->frame);
    arena_clear(&c->arena);
    free(c->path);
    free(c);
}

static void finish(struct crew_call *c, const struct mail_answer *answer, const char *why_not)
{
    c->done(c->ctx, answer, why_not);
    release(c);
}

static void wake_in(struct crew_call *c, int64_t us)
{
    struct timeval wait = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    event_add(&c->timer, &wait);
}

static void on_readable(evutil_socket_t fd, short what, void *arg);

static void attempt(struct crew_call *c)
{
    int64_t left_us = c->deadline_us - clock_mono_us();
    if (left_us <= 0) {
        finish(c, NULL, "no worker was free in time");
        return;
    }
    switch (begin(c->path, buf_str(&c->request), c->message_fd, &c->fd)) {
    case STEP_WAIT:
        c->tries++;
        event_assign(&c->readable, c->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
        c->reading = event_add(&c->readable, NULL) == 0;
        wake_in(c, left_us);
        return;
    case STEP_AGAIN:
        wake_in(c, left_us < CREW_RETRY_MS * 1000 ? left_us : CREW_RETRY_MS * 1000);
        return;
    default:
        finish(c, NULL, strerror(errno));
        return;
    }
}

static void lost(struct crew_call *c)
{
    event_del(&c->readable);
    c->reading = false;
    close(c->fd);
    c->fd = -1;
    if (c->tries >= CREW_TRIES)
        finish(c, NULL, "the workers that had it have ended");
    else
        attempt(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct crew_call *c = arg;
    struct mail_answer answer;
    struct mp_err err = {0};
    (void)what;
    enum step step = look(fd, &c->frame);
    if (step == STEP_WAIT)
        return;
    if (step == STEP_LOST) {
        lost(c);
        return;
    }
    int st = mail_answer_read(&c->arena, buf_str(&c->frame), &answer, &err);
    if (st == MP_OK && answer.number != c->number)
        st = mp_fail(&err, MP_E_SYNTAX, 0, "a worker has answered another question");
    finish(c, st == MP_OK ? &answer : NULL, st == MP_OK ? NULL : err.text);
}

/* Time to try again, or the end of it. */
static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct crew_call *c = arg;
    (void)fd, (void)what;
    if (c->fd >= 0)
        finish(c, NULL, "the worker has not answered in time");
    else
        attempt(c);
}

struct crew_call *crew_ask(struct event_base *base, const char *path,
                           const struct mail_request *request, int message_fd, crew_done_fn *done,
                           void *ctx)
{
    struct crew_call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    *c = (struct crew_call){.base = base,
                            .path = strdup(path),
                            .message_fd = message_fd,
                            .fd = -1,
                            .number = request->number,
                            .deadline_us = deadline_of(request),
                            .done = done,
                            .ctx = ctx};
    buf_init(&c->request, IPC_MAX_REQUEST_BYTES);
    buf_init(&c->frame, CREW_ANSWER_BYTES);
    arena_init(&c->arena, CREW_ANSWER_BYTES);
    event_assign(&c->timer, base, -1, 0, on_timer, c);
    mail_request_write(&c->request, request);
    if (c->path == NULL || c->request.failed) {
        release(c);
        return NULL;
    }
    wake_in(c, 0);
    return c;
}

void crew_cancel(struct crew_call *call)
{
    if (call != NULL)
        release(call);
}

/* ---- by a thread that waits ---- */

/* STEP_WAIT: the time is over. */
static enum step wait_for_answer(int fd, int64_t deadline_us, struct buf *frame)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_ms = (deadline_us - clock_mono_us()) / 1000;
        int n = left_ms <= 0 ? 0 : poll(&p, 1, (int)left_ms);
        if (n == 0)
            return STEP_WAIT;
        enum step step = n < 0 ? STEP_WAIT : look(fd, frame);
        if (step != STEP_WAIT || (n < 0 && errno != EINTR))
            return step;
    }
}

static enum step try_once(const char *path, struct str request, int message_fd, int64_t deadline_us,
                          struct buf *frame)
{
    int fd;
    enum step step;
    while ((step = begin(path, request, message_fd, &fd)) == STEP_AGAIN &&
           clock_mono_us() < deadline_us)
        poll(NULL, 0, CREW_RETRY_MS);
    if (step != STEP_WAIT)
        return step;
    step = wait_for_answer(fd, deadline_us, frame);
    close(fd);
    return step;
}

static int read_answer(struct arena *arena, struct str frame, uint64_t number,
                       struct mail_answer *out, struct mp_err *err)
{
    struct mail_answer answer;
    struct str copy = arena_copy(arena, frame);
    if (copy.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for an answer of %zu bytes", frame.n);
    int st = mail_answer_read(arena, copy, &answer, err);
    if (st == MP_OK && answer.number != number)
        return mp_fail(err, MP_E_SYNTAX, 0, "a worker has answered another question");
    if (st == MP_OK)
        *out = answer;
    return st;
}

int crew_ask_and_wait(const char *path, const struct mail_request *request, int message_fd,
                      struct arena *arena, struct mail_answer *out, struct mp_err *err)
{
    int64_t deadline_us = deadline_of(request);
    struct buf frame, bytes;
    enum step step = STEP_LOST;
    int st;
    buf_init(&frame, CREW_ANSWER_BYTES);
    buf_init(&bytes, IPC_MAX_REQUEST_BYTES);
    mail_request_write(&bytes, request);
    for (unsigned i = 0; !bytes.failed && step == STEP_LOST && i < CREW_TRIES; i++)
        step = try_once(path, buf_str(&bytes), message_fd, deadline_us, &frame);
    if (bytes.failed)
        st = mp_fail(err, MP_E_LIMIT, IPC_MAX_REQUEST_BYTES, "a request above %d bytes",
                     IPC_MAX_REQUEST_BYTES);
    else if (step == STEP_ANSWERED)
        st = read_answer(arena, buf_str(&frame), request->number, out, err);
    else if (step == STEP_LOST)
        st = mp_fail(err, MP_E_IO, 0, "the workers that had it have ended");
    else
        st = mp_fail(err, MP_E_TIMEOUT, 0, "no worker has answered in time");
    buf_clear(&bytes);
    buf_clear(&frame);
    return st;
}
