/* Packets between parent, zygote and workers. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

uint64_t parcel_build(void)
{
    uint64_t h = str_hash(STR(MP_VERSION)) ^ sizeof(struct parcel);
    for (size_t i = 0; i < FINDING_COUNT; i++)
        h = h * 31 + str_hash(finding_kind((enum finding_id)i)->name);
    return h * 31 + FILE_TYPE_COUNT * 1000 + sizeof(struct content_object);
}

bool channel_send(int fd, const struct parcel *m, const int *fds, size_t n_fds)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PARCEL_MAX_FDS * sizeof(int))];
    } control = {0};
    struct parcel copy = *m;
    struct iovec part = {&copy, sizeof copy};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
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
    return n == (ssize_t)sizeof copy;
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

enum channel_status channel_recv(int fd, struct parcel *m, int *fds, size_t n_fds)
{
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PARCEL_MAX_FDS * sizeof(int))];
    } control = {0};
    struct parcel got;
    struct iovec part = {&got, sizeof got};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_fds > 0) { /* without room for them the kernel lets no descriptor in */
        head.msg_control = control.room;
        head.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
    }
    for (size_t i = 0; i < n_fds; i++)
        fds[i] = -1;
    ssize_t n;
    do
        n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? CHANNEL_NOTHING : CHANNEL_END;
    take_fds(&head, fds, n_fds);
    if (n == 0)
        return CHANNEL_END;
    if (n != (ssize_t)sizeof got || (head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return CHANNEL_BROKEN;
    got.text[sizeof got.text - 1] = '\0';
    *m = got;
    return CHANNEL_GOT;
}

bool channel_hello(int status, const struct mp_err *err, const struct sandbox_facts *facts)
{
    struct parcel m = {
        .type = PARCEL_HELLO, .status = status, .build = parcel_build(), .facts = *facts};
    struct str text = str_slice(str_from(err->text), 0, sizeof m.text - 1);
    memcpy(m.text, text.p, text.n);
    return channel_send(SANDBOX_WORKER_FD, &m, NULL, 0);
}

bool channel_pair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return false;
    int flags = fcntl(fds[0], F_GETFL);
    if (flags >= 0 && fcntl(fds[0], F_SETFL, flags | O_NONBLOCK) == 0)
        return true;
    close(fds[0]);
    close(fds[1]);
    return false;
}
