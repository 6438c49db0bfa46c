/* Threads that wait at one socket: whoever is free takes the next connection, which is one mail. */
#include "daemon/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memfd.h"
#include "daemon/link.h"
#include "daemon/log.h"

enum {
    REQUEST_WAIT_S = 5, /* for the packet of who has connected */
    THREAD_STACK_BYTES = 2 << 20
};

struct worker {
    struct worker_config config;
    pthread_t threads[SERVE_MAX_THREADS];
    unsigned started;
    int stop_fd;
};

static void answer_mail(struct judge *j, int conn, struct str frame, int message_fd,
                        struct buf *answer)
{
    uint64_t n = message_fd < 0 ? 0 : memfd_size(message_fd);
    bool sealed = n == 0 || memfd_is_sealed(message_fd); /* else it could change while it is read */
    const char *raw = n == 0 ? "" : sealed ? memfd_map(message_fd, (size_t)n) : NULL;
    if (raw == NULL) {
        log_note(LOG_ERROR_LEVEL, "mail.no_memory", "a message of %llu bytes cannot be mapped",
                 (unsigned long long)n);
        return; /* the front sees the end of the connection */
    }
    judge_answer(j, frame, str_make(raw, (size_t)n), answer);
    int error = answer->failed ? ENOMEM : link_send(conn, buf_str(answer), -1);
    if (error != 0 && error != EPIPE)
        log_note(LOG_ERROR_LEVEL, "mail.unanswered", "%s", strerror(error));
    if (n > 0)
        memfd_unmap(raw, (size_t)n);
}

static void serve(struct judge *j, int conn, struct buf *frame, struct buf *answer)
{
    static const struct timeval wait = {.tv_sec = REQUEST_WAIT_S};
    int message_fd = -1;
    buf_reset(frame);
    buf_reset(answer);
    if (!link_peer_is_ours(conn) ||
        setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0)
        return;
    if (link_recv(conn, frame, &message_fd) == FD_PASS_GOT)
        answer_mail(j, conn, buf_str(frame), message_fd, answer);
    if (message_fd >= 0)
        close(message_fd);
}

/* Each thread its own set, so that one connection wakes one of them. */
static int make_set(const struct worker *w)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                    .data.fd = w->config.listen_fd};
    struct epoll_event stop = {.events = EPOLLIN, .data.fd = w->stop_fd};
    if (set < 0 || (epoll_ctl(set, EPOLL_CTL_ADD, w->config.listen_fd, &listening) == 0 &&
                    epoll_ctl(set, EPOLL_CTL_ADD, w->stop_fd, &stop) == 0))
        return set;
    close(set);
    return -1;
}

/* The next connection; -1: it is time to stop. */
static int take_connection(const struct worker *w, int set)
{
    for (;;) {
        struct epoll_event got;
        int n = epoll_wait(set, &got, 1, -1);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n <= 0)
            continue;
        if (got.data.fd == w->stop_fd)
            return -1;
        int conn = accept4(w->config.listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (conn >= 0)
            return conn;
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    struct buf frame, answer;
    struct judge *j = mail_judge_new(w->config.setup);
    int set = make_set(w);
    buf_init(&frame, IPC_MAX_REQUEST_BYTES);
    buf_init(&answer, (size_t)ANSWER_MAX_REPORT_BYTES * 2);
    if (j == NULL || set < 0)
        log_note(LOG_ERROR_LEVEL, "worker.thread", "%s", strerror(j == NULL ? ENOMEM : errno));
    for (int conn; j != NULL && set >= 0 && (conn = take_connection(w, set)) >= 0;) {
        serve(j, conn, &frame, &answer);
        close(conn);
    }
    if (set >= 0)
        close(set);
    buf_clear(&frame);
    buf_clear(&answer);
    mail_judge_free(j);
    return NULL;
}

static bool start_threads(struct worker *w)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    while (w->started < w->config.threads && w->started < SERVE_MAX_THREADS &&
           pthread_create(&w->threads[w->started], &attributes, run, w) == 0)
        w->started++;
    pthread_attr_destroy(&attributes);
    return w->started > 0;
}

int worker_start(const struct worker_config *c, struct worker **out, struct mp_err *err)
{
    struct worker *w = calloc(1, sizeof *w);
    if (w == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a worker");
    w->config = *c;
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->stop_fd < 0 || !start_threads(w)) {
        int st =
            mp_fail(err, MP_E_IO, errno, "cannot start a worker's threads: %s", strerror(errno));
        worker_stop(w);
        return st;
    }
    *out = w;
    return MP_OK;
}

void worker_stop(struct worker *w)
{
    static const uint64_t one = 1;
    if (w == NULL)
        return;
    if (w->stop_fd >= 0 && write(w->stop_fd, &one, sizeof one) < 0)
        log_note(LOG_ERROR_LEVEL, "worker.stop", "%s", strerror(errno));
    for (unsigned i = 0; i < w->started; i++)
        pthread_join(w->threads[i], NULL);
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    free(w);
}
