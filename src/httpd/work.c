/* Workers that run handlers, requests that wait, and the ticker that ends what is overdue. */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "httpd/httpd_internal.h"

enum { TICK_MAX_US = 1000000 };

static struct httpd_request *request_of(struct ring *r)
{
    return (struct httpd_request *)(void *)r;
}

/* The reply stands: back to the I/O thread. Nobody here touches the request after this. */
static void hand_back(struct httpd_request *q)
{
    q->phase = PHASE_REPLY;
    MHD_resume_connection(q->mhd);
}

static void run_handler(struct httpd_request *q)
{
    struct mp_err err = {0};
    request_reset_reply(q);
    q->timed_out = q->wait_until_us != 0 && clock_mono_us() >= q->wait_until_us;
    int st = q->match.route->handler(q->h->c.ctx, q, &err);
    if (st < 0) {
        err.code = st;
        request_fail(q, &err);
    } else if (!q->wait_asked && q->status == 0) {
        mp_fail(&err, MP_E_INTERNAL, 0, "the handler gave no reply");
        request_fail(q, &err);
    }
    if (q->out.failed) {
        mp_fail(&err, MP_E_NOMEM, 0, "the reply is longer than %d bytes", HTTPD_MAX_REPLY_BYTES);
        request_fail(q, &err);
    }
}

/* Handler or, when the server ends, 503. True: the request sleeps again. Takes the lock. */
static bool serve(struct httpd *h, struct httpd_request *q, bool stopping, uint64_t wakes)
{
    if (stopping) {
        request_reset_reply(q);
        httpd_problem(q, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is stopping");
        return false;
    }
    q->wakes_seen = wakes;
    run_handler(q);
    if (!q->wait_asked)
        return false;
    pthread_mutex_lock(&h->lock);
    bool ends = h->draining && !q->is_turn,
         again = ends || h->stopping || h->wakes != q->wakes_seen;
    if (ends)
        q->wait_until_us = clock_mono_us(); /* its time is over */
    ring_add(again ? &h->queue : &h->waiting, &q->in_list);
    pthread_cond_signal(again ? &h->work : &h->tick);
    pthread_mutex_unlock(&h->lock);
    return true;
}

static void *worker(void *arg)
{
    struct httpd *h = arg;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        while (h->queue.next == &h->queue && !h->stopping)
            pthread_cond_wait(&h->work, &h->lock);
        if (h->queue.next == &h->queue)
            break;
        struct httpd_request *q = request_of(h->queue.next);
        ring_remove(&q->in_list);
        bool stopping = h->stopping;
        uint64_t wakes = h->wakes;
        pthread_mutex_unlock(&h->lock);
        if (!serve(h, q, stopping, wakes))
            hand_back(q);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

void work_enqueue(struct httpd_request *q)
{
    struct httpd *h = q->h;
    q->phase = PHASE_QUEUED;
    MHD_suspend_connection(q->mhd);
    pthread_mutex_lock(&h->lock);
    q->conn->deadline_us = 0;
    bool stopping = h->stopping; /* then the workers may be gone already */
    if (!stopping) {
        ring_add(&h->queue, &q->in_list);
        pthread_cond_signal(&h->work);
    }
    pthread_mutex_unlock(&h->lock);
    if (stopping) {
        serve(h, q, true, 0);
        hand_back(q);
    }
}

void work_set_deadline(struct httpd *h, struct httpd_conn *conn, int64_t deadline_us)
{
    pthread_mutex_lock(&h->lock);
    conn->deadline_us = deadline_us;
    pthread_mutex_unlock(&h->lock);
}

/* ---- waking ---- */

static void requeue(struct httpd *h, struct httpd_request *q)
{
    ring_remove(&q->in_list);
    ring_add(&h->queue, &q->in_list);
    pthread_cond_signal(&h->work);
}

void httpd_wake_one(struct httpd *h, struct str topic)
{
    pthread_mutex_lock(&h->lock);
    h->wakes++;
    for (struct ring *r = h->waiting.next; r != &h->waiting; r = r->next) {
        if (!str_eq(request_of(r)->topic, topic))
            continue;
        requeue(h, request_of(r));
        break;
    }
    pthread_mutex_unlock(&h->lock);
}

static void wake(struct httpd *h, bool all, struct str topic)
{
    pthread_mutex_lock(&h->lock);
    h->wakes++;
    for (struct ring *r = h->waiting.next, *next; r != &h->waiting; r = next) {
        struct httpd_request *q = request_of(r);
        next = r->next;
        if (all || q->topic.n == 0 || str_eq(q->topic, topic))
            requeue(h, q);
    }
    pthread_mutex_unlock(&h->lock);
}

void httpd_wake(struct httpd *h, struct str topic)
{
    wake(h, false, topic);
}

void httpd_wake_all(struct httpd *h)
{
    wake(h, true, STR_NONE);
}

/* ---- the ticker ---- */

/* Has the client gone? A suspended connection is not read, so nobody else would notice. */
static bool is_gone(const struct httpd_conn *conn)
{
    struct pollfd p = {.fd = conn->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLERR | POLLHUP)) != 0;
}

/* Those whose time is over, and those whose client is gone (a handler that finds nothing answers
 * into the void). Returns when to look again. */
static int64_t tick_waiting(struct httpd *h, int64_t now_us)
{
    int64_t next_us = now_us + TICK_MAX_US;
    for (struct ring *r = h->waiting.next, *next; r != &h->waiting; r = next) {
        struct httpd_request *q = request_of(r);
        next = r->next;
        if (is_gone(q->conn))
            q->wait_until_us = now_us;
        if (q->wait_until_us <= now_us)
            requeue(h, q);
        else if (q->wait_until_us < next_us)
            next_us = q->wait_until_us;
    }
    return next_us;
}

/* The socket is libmicrohttpd's to close; it is open as long as its entry is in the list. */
static void tick_conns(struct httpd *h, int64_t now_us)
{
    for (struct ring *r = h->conns.next; r != &h->conns; r = r->next) {
        struct httpd_conn *conn = (struct httpd_conn *)(void *)r;
        if (conn->deadline_us == 0 || conn->deadline_us > now_us)
            continue;
        shutdown(conn->fd, SHUT_RDWR);
        conn->deadline_us = 0;
        h->counters.overdue++;
    }
}

static void *ticker(void *arg)
{
    struct httpd *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->stopping) {
        int64_t now_us = clock_mono_us();
        struct httpd_stream *to_resume = NULL;
        tick_conns(h, now_us);
        streams_tick(h, now_us, &to_resume);
        int64_t next_us = tick_waiting(h, now_us);
        if (to_resume != NULL) {
            pthread_mutex_unlock(&h->lock);
            streams_resume(to_resume);
            pthread_mutex_lock(&h->lock);
            continue;
        }
        struct timespec until = {.tv_sec = next_us / 1000000, .tv_nsec = next_us % 1000000 * 1000};
        pthread_cond_timedwait(&h->tick, &h->lock, &until);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* ---- life ---- */

static int init_sync(struct httpd *h)
{
    pthread_condattr_t attr;
    int failed = pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* as clock_mono_us */
    failed |= pthread_cond_init(&h->work, NULL) | pthread_cond_init(&h->tick, &attr) |
              pthread_cond_init(&h->ended, &attr);
    pthread_condattr_destroy(&attr);
    return failed;
}

int work_start(struct httpd *h, struct mp_err *err)
{
    ring_init(&h->conns);
    ring_init(&h->queue);
    ring_init(&h->waiting);
    ring_init(&h->streams);
    if (init_sync(h) != 0)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a server");
    h->have_sync = true;
    for (; h->n_workers < h->c.workers; h->n_workers++)
        if (pthread_create(&h->workers[h->n_workers], NULL, worker, h) != 0)
            return mp_fail(err, MP_E_IO, errno, "no thread for a server");
    if (pthread_create(&h->ticker, NULL, ticker, h) != 0)
        return mp_fail(err, MP_E_IO, errno, "no thread for a server");
    h->have_ticker = true;
    return MP_OK;
}

void work_quiesce(struct httpd *h)
{
    if (h->quiet || h->mhd == NULL)
        return;
    h->quiet_fd = MHD_quiesce_daemon(h->mhd);
    h->quiet = true;
}

/* Connections without a request, and without one that comes. */
static void end_idle(struct httpd *h)
{
    for (struct ring *r = h->conns.next; r != &h->conns; r = r->next) {
        struct httpd_conn *conn = (struct httpd_conn *)(void *)r;
        int unread = 0;
        if (conn->request == NULL && ioctl(conn->fd, FIONREAD, &unread) == 0 && unread == 0)
            shutdown(conn->fd, SHUT_RDWR);
    }
}

bool httpd_drain(struct httpd *h, unsigned timeout_ms)
{
    struct httpd_stream *to_resume = NULL;
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    work_quiesce(h);
    pthread_mutex_lock(&h->lock);
    h->draining = true;
    for (struct ring *r = h->waiting.next, *next; r != &h->waiting; r = next) {
        next = r->next;
        if (request_of(r)->is_turn)
            continue;
        request_of(r)->wait_until_us = clock_mono_us();
        requeue(h, request_of(r));
    }
    streams_end(h, &to_resume);
    pthread_mutex_unlock(&h->lock);
    streams_resume(to_resume);
    pthread_mutex_lock(&h->lock);
    end_idle(h);
    while (h->n_busy != 0 && pthread_cond_timedwait(&h->ended, &h->lock, &until) == 0) {}
    bool done = h->n_busy == 0;
    pthread_mutex_unlock(&h->lock);
    return done;
}

void work_stop(struct httpd *h)
{
    struct httpd_stream *to_resume = NULL;
    if (!h->have_sync)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    while (h->waiting.next != &h->waiting)
        requeue(h, request_of(h->waiting.next));
    streams_end(h, &to_resume);
    pthread_cond_broadcast(&h->work);
    pthread_cond_broadcast(&h->tick);
    pthread_mutex_unlock(&h->lock);
    streams_resume(to_resume);
    for (unsigned i = 0; i < h->n_workers; i++)
        pthread_join(h->workers[i], NULL);
    h->n_workers = 0;
    if (h->have_ticker)
        pthread_join(h->ticker, NULL);
    h->have_ticker = false;
}
