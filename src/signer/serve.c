/* Many peers, two requests: one poll loop, one request of a peer at a time. */
#include "signer/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOT_STOP, SLOT_LISTEN, SLOT_PEERS };

struct serving {
    const struct signer_serving *s;
    struct pollfd *fds;  /* SLOT_STOP, SLOT_LISTEN, then the peers */
    uint64_t *last_used; /* of each slot: a serial */
    size_t n;
    uint64_t serial;
    bool stopping;
    struct buf answer;
};

/* ---- answers ---- */

static void answer_list(struct serving *g, const struct signer_request *r, struct signer_answer *a)
{
    size_t n;
    const struct signer_key_info *infos = signer_keys_infos(g->s->keys, &n);
    size_t first = r->first < n ? r->first : n;
    a->total = (uint32_t)n;
    a->n_keys = n - first < SIGNER_MAX_PAGE ? n - first : SIGNER_MAX_PAGE;
    a->keys = (struct signer_key_info *)(uintptr_t)(infos + first); /* only written out */
}

static void answer_sign(struct serving *g, const struct signer_request *r, struct buf *signature,
                        struct signer_answer *a)
{
    const struct private_key *key = signer_keys_find(g->s->keys, r->key);
    if (key == NULL)
        a->status = SIGNER_NO_SUCH_KEY;
    else if (private_key_sign(key, r->sha256, signature, NULL) != MP_OK)
        a->status = SIGNER_FAILED;
    else
        a->signature = buf_str(signature);
}

/* False: this peer is not worth another word. */
static bool answer(struct serving *g, int fd, struct str frame)
{
    struct signer_request r;
    if (signer_request_read(frame, &r, NULL) != MP_OK)
        return false;
    struct signer_answer a = {.number = r.number, .ask = r.ask, .status = SIGNER_OK};
    struct buf signature;
    buf_init(&signature, SIGNER_MAX_SIGNATURE_BYTES);
    if (r.ask == SIGNER_LIST)
        answer_list(g, &r, &a);
    else
        answer_sign(g, &r, &signature, &a);
    buf_reset(&g->answer);
    signer_answer_write(&g->answer, &a);
    buf_clear(&signature);
    return !g->answer.failed &&
           send(fd, g->answer.p, g->answer.n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)g->answer.n;
}

/* One request, if one is there. Without room for them descriptors that come along are not let in.
 */
static bool serve_peer(struct serving *g, int fd)
{
    char frame[SIGNER_MAX_FRAME_BYTES];
    ssize_t n = recv(fd, frame, sizeof frame, MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    return n > 0 && (size_t)n <= sizeof frame && answer(g, fd, str_make(frame, (size_t)n));
}

/* ---- peers ---- */

static bool may_ask(const struct signer_serving *s, int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 || n != sizeof peer)
        return false;
    for (size_t i = 0; i < s->n_uids; i++)
        if (peer.uid == s->uids[i])
            return true;
    return s->n_uids == 0 && peer.uid == geteuid();
}

static void drop(struct serving *g, size_t slot)
{
    close(g->fds[slot].fd);
    g->n--;
    g->fds[slot] = g->fds[g->n];
    g->last_used[slot] = g->last_used[g->n];
}

static void drop_oldest(struct serving *g)
{
    size_t oldest = SLOT_PEERS;
    for (size_t i = SLOT_PEERS; i < g->n; i++)
        if (g->last_used[i] < g->last_used[oldest])
            oldest = i;
    drop(g, oldest);
}

static int accept_peer(struct serving *g, struct mp_err *err)
{
    int fd = accept4(g->s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool no_room =
        fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS);
    if (no_room && g->n > SLOT_PEERS) {
        drop_oldest(g);
        return MP_OK;
    }
    if (fd < 0)
        return no_room || errno == EINVAL || errno == EBADF || errno == ENOTSOCK
                   ? mp_fail(err, MP_E_IO, errno, "signer: accept: %s", strerror(errno))
                   : MP_OK; /* another thread was first, the peer has gone again */
    if (!may_ask(g->s, fd)) {
        close(fd);
        return MP_OK;
    }
    if (g->n == SLOT_PEERS + SIGNER_MAX_CONNECTIONS)
        drop_oldest(g);
    g->fds[g->n] = (struct pollfd){.fd = fd, .events = POLLIN};
    g->last_used[g->n++] = ++g->serial;
    return MP_OK;
}

/* ---- the loop ---- */

static int serve_round(struct serving *g, struct mp_err *err)
{
    if (poll(g->fds, g->n, -1) < 0)
        return errno == EINTR ? MP_OK
                              : mp_fail(err, MP_E_IO, errno, "signer: poll: %s", strerror(errno));
    if (g->fds[SLOT_STOP].revents != 0) {
        g->fds[SLOT_STOP].fd = g->fds[SLOT_LISTEN].fd = -1;
        g->fds[SLOT_STOP].revents = g->fds[SLOT_LISTEN].revents = 0;
        g->stopping = true;
    }
    for (size_t i = g->n; i-- > SLOT_PEERS;) { /* downwards: what moves into a gap was served */
        if (g->fds[i].revents == 0)
            continue;
        g->last_used[i] = ++g->serial;
        if (!serve_peer(g, g->fds[i].fd))
            drop(g, i);
    }
    return g->fds[SLOT_LISTEN].revents != 0 ? accept_peer(g, err) : MP_OK;
}

int signer_serve(const struct signer_serving *s, struct mp_err *err)
{
    enum { SLOTS = SLOT_PEERS + SIGNER_MAX_CONNECTIONS };
    struct serving g = {.s = s, .n = SLOT_PEERS};
    int flags = fcntl(s->listen_fd, F_GETFL);
    if (flags < 0 || fcntl(s->listen_fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return mp_fail(err, MP_E_IO, errno, "signer: the listening socket: %s", strerror(errno));
    g.fds = calloc(SLOTS, sizeof *g.fds);
    g.last_used = calloc(SLOTS, sizeof *g.last_used);
    int st = g.fds == NULL || g.last_used == NULL
                 ? mp_fail(err, MP_E_NOMEM, 0, "signer: no memory for its peers")
                 : MP_OK;
    buf_init(&g.answer, SIGNER_MAX_FRAME_BYTES);
    if (st == MP_OK) {
        g.fds[SLOT_STOP] = (struct pollfd){.fd = s->stop_fd, .events = POLLIN};
        g.fds[SLOT_LISTEN] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
    }
    while (st == MP_OK && !(g.stopping && g.n == SLOT_PEERS))
        st = serve_round(&g, err);
    while (g.n > SLOT_PEERS)
        drop(&g, g.n - 1);
    buf_clear(&g.answer);
    free(g.fds);
    free(g.last_used);
    return st;
}
