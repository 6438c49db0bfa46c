/* The thread that hears answers and deaths, and keeps time. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/pool_internal.h"

enum { EVENTS_AT_ONCE = 16 };

/* ---- what workers say ---- */

static void worker_hello(struct sandbox *sb, struct slot *w, const struct parcel *m)
{
    if (m->status != MP_OK || m->build != parcel_build()) {
        worker_end(sb, w);
        pool_trouble(sb, m->text);
        return;
    }
    w->facts = m->facts;
    w->state = SLOT_IDLE;
    sb->counts.workers++;
    sb->failures = sb->early_deaths = 0;
}

static bool is_answer(const struct slot *w, const struct parcel *m)
{
    const struct sandbox_call *call = w->call;
    if (w->state != SLOT_BUSY || m->type != PARCEL_ANSWER || m->serial != call->serial)
        return false;
    if (m->status != MP_OK)
        return m->status < 0 && m->status >= MP_E_INTERNAL;
    return m->frame_bytes <= FRAME_MAX_BYTES && m->frame_bytes > 0 &&
           m->object_bytes <= call->sent.bytes_left;
}

static void worker_bad(struct sandbox *sb, struct slot *w)
{
    struct sandbox_call *call = w->call;
    w->call = NULL;
    worker_end(sb, w);
    if (call == NULL)
        return;
    sb->counts.bad_answers++;
    call_failed(sb, call, SANDBOX_BAD_ANSWER, "the worker sent what is no answer");
}

static void worker_answer(struct sandbox *sb, struct slot *w, const struct parcel *m)
{
    struct sandbox_call *call = w->call;
    w->call = NULL;
    w->state = SLOT_IDLE;
    if (m->retire != 0 || w->n_requests >= sb->config.max_requests)
        worker_end(sb, w);
    call->answer_frame_bytes = m->frame_bytes;
    call->answer_object_bytes = m->object_bytes;
    if (m->status == MP_OK)
        call_done(call, SANDBOX_OK, "%s", "");
    else if (m->status == MP_E_NOMEM || m->status == MP_E_LIMIT)
        call_done(call, SANDBOX_NO_MEMORY, "%s",
                  m->status == MP_E_NOMEM ? "the worker's memory was spent"
                                          : "the answer is larger than allowed");
    else
        call_failed(sb, call, SANDBOX_BAD_ANSWER, "the worker could not read the request");
}

static void worker_died(struct sandbox *sb, struct slot *w)
{
    bool early = w->state == SLOT_ASKED;
    worker_end(sb, w);
    if (early && ++sb->early_deaths >= EARLY_DEATHS_OF_WORKERS)
        pool_trouble(sb, "a worker died before it was ready");
}

static void worker_event(struct sandbox *sb, struct slot *w)
{
    struct parcel m;
    enum channel_status st;
    uint64_t serial = w->serial;
    while (w->serial == serial && w->state != SLOT_GONE && w->state != SLOT_FREE) {
        st = channel_recv(w->fd, &m, NULL, 0);
        if (st == CHANNEL_NOTHING)
            return;
        if (st == CHANNEL_END)
            worker_died(sb, w);
        else if (st == CHANNEL_GOT && m.type == PARCEL_HELLO && w->state == SLOT_ASKED)
            worker_hello(sb, w, &m);
        else if (st == CHANNEL_GOT && is_answer(w, &m))
            worker_answer(sb, w, &m);
        else
            worker_bad(sb, w);
    }
}

/* ---- the loop ---- */

static void drain(int fd)
{
    uint64_t n;
    ssize_t got = read(fd, &n, sizeof n);
    (void)got;
}

static void dispatch(struct sandbox *sb, uint64_t tag)
{
    struct slot *w;
    if (tag == TAG_WAKE) {
        drain(sb->wake);
    } else if (tag == TAG_TIMER) {
        drain(sb->timer);
        sb->armed_us = INT64_MAX;
    } else if (tag == TAG_ZYGOTE) {
        zygote_event(sb);
    } else if ((w = slot_by_serial(sb, tag)) != NULL) {
        worker_event(sb, w);
    }
}

static void *loop(void *arg)
{
    struct sandbox *sb = arg;
    struct epoll_event events[EVENTS_AT_ONCE];
    bool stopping = false;
    while (!stopping) {
        int n = epoll_wait(sb->epoll, events, EVENTS_AT_ONCE, -1);
        pthread_mutex_lock(&sb->lock);
        for (int i = 0; i < n; i++)
            dispatch(sb, events[i].data.u64);
        pool_overdue(sb);
        pool_schedule(sb);
        pool_arm(sb, pool_next_us(sb));
        stopping = sb->stopping;
        if (stopping)
            queue_fail(sb, "the sandbox is being closed");
        pthread_mutex_unlock(&sb->lock);
    }
    return NULL;
}

void loop_wake(struct sandbox *sb)
{
    uint64_t one = 1;
    ssize_t n = write(sb->wake, &one, sizeof one);
    (void)n;
}

static void close_fds(struct sandbox *sb)
{
    int *fds[] = {&sb->epoll, &sb->wake, &sb->timer};
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

/* Our thread takes no signals: they are the program's. */
static int start_thread(struct sandbox *sb)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int st = pthread_create(&sb->thread, NULL, loop, sb);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return st;
}

int loop_start(struct sandbox *sb, struct mp_err *err)
{
    for (size_t i = 0; i < SANDBOX_MAX_WORKERS; i++)
        sb->slots[i].fd = sb->slots[i].pidfd = -1;
    sb->epoll = epoll_create1(EPOLL_CLOEXEC);
    sb->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sb->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int st = sb->epoll < 0 || sb->wake < 0 || sb->timer < 0 ||
                     !pool_watch(sb, sb->wake, TAG_WAKE) || !pool_watch(sb, sb->timer, TAG_TIMER)
                 ? errno
                 : start_thread(sb);
    if (st != 0) {
        close_fds(sb);
        return mp_fail(err, MP_E_IO, st, "no thread for workers: %s", strerror(st));
    }
    sb->has_thread = true;
    return MP_OK;
}

void loop_stop(struct sandbox *sb)
{
    if (!sb->has_thread)
        return;
    pthread_mutex_lock(&sb->lock);
    sb->stopping = true;
    loop_wake(sb);
    pthread_mutex_unlock(&sb->lock);
    pthread_join(sb->thread, NULL);
    for (size_t i = 0; i < SANDBOX_MAX_WORKERS; i++)
        if (sb->slots[i].call != NULL)
            call_free(sb->slots[i].call); /* was cancelled */
    zygote_end(sb);
    close_fds(sb);
}
