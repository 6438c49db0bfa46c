/* Descriptors over sockets. */
#include "base/fd_pass.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_PIECES = 8 };

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

int fd_pass_send(int fd, const struct str *pieces, size_t n_pieces, const int *fds, size_t n_fds)
{
    union control control = {0};
    struct iovec parts[MAX_PIECES];
    struct msghdr head = {.msg_iov = parts, .msg_iovlen = n_pieces};
    size_t total = 0;
    if (n_pieces > MAX_PIECES || n_fds > FD_PASS_MAX)
        return EINVAL;
    for (size_t i = 0; i < n_pieces; i++) {
        parts[i] = (struct iovec){(void *)(uintptr_t)pieces[i].p, pieces[i].n};
        total += pieces[i].n;
    }
    if (n_fds > 0) {
        head.msg_control = control.room;
        head.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&head);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    ssize_t n;
    do
        n = sendmsg(fd, &head, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno;
    return (size_t)n == total ? 0 : EMSGSIZE;
}

/* Those that were asked for stay, in order; all others are closed. */
static void take_fds(struct msghdr *head, int *fds, size_t n_fds)
{
    size_t have = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c != NULL; c = CMSG_NXTHDR(head, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
            int fd;
            memcpy(&fd, (const char *)c + at, sizeof fd);
            if (have < n_fds)
                fds[have++] = fd;
            else
                close(fd);
        }
    }
}

static void close_all(int *fds, size_t n_fds)
{
    for (size_t i = 0; i < n_fds; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

enum fd_pass_status fd_pass_recv(int fd, void *to, size_t cap, size_t *n, int *fds, size_t n_fds)
{
    union control control = {0};
    struct iovec part = {to, cap};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    n_fds = n_fds > FD_PASS_MAX ? FD_PASS_MAX : n_fds;
    if (n_fds > 0) { /* without room for them the kernel lets no descriptor in */
        head.msg_control = control.room;
        head.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
    }
    for (size_t i = 0; i < n_fds; i++)
        fds[i] = -1;
    ssize_t got;
    do
        got = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? FD_PASS_NOTHING : FD_PASS_END;
    take_fds(&head, fds, n_fds);
    if (got > 0 && (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) {
        *n = (size_t)got;
        return FD_PASS_GOT;
    }
    close_all(fds, n_fds);
    return got == 0 ? FD_PASS_END : FD_PASS_BROKEN;
}
