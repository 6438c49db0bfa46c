/* Packets between front and worker. */
#include "daemon/link.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memfd.h"
#include "ipc/mail_request.h"

enum { LINK_MAGIC = 0x4d50314c, BACKLOG = 1024 };
enum link_flag { LINK_BIG = 1, LINK_MESSAGE = 2 };

struct link_head {
    uint32_t magic, flags;
    uint64_t frame_bytes;
};

int link_send(int fd, struct str frame, int message_fd)
{
    struct link_head head = {.magic = LINK_MAGIC, .frame_bytes = frame.n};
    struct str pieces[2] = {{(const char *)&head, sizeof head}, frame};
    int fds[2] = {-1, -1}, big = -1;
    size_t n_fds = 0, n_pieces = 2;
    if (frame.n > IPC_MAX_FRAME_BYTES) {
        big = memfd_sealed(&frame, 1);
        if (big < 0)
            return errno;
        head.flags |= LINK_BIG;
        fds[n_fds++] = big;
        n_pieces = 1;
    }
    if (message_fd >= 0) {
        head.flags |= LINK_MESSAGE;
        fds[n_fds++] = message_fd;
    }
    int error = fd_pass_send(fd, pieces, n_pieces, fds, n_fds);
    if (big >= 0)
        close(big);
    return error;
}

static bool take_frame(const struct link_head *head, struct str inline_bytes, int big_fd,
                       struct buf *frame)
{
    if (big_fd < 0) {
        buf_add(frame, inline_bytes);
        return inline_bytes.n == head->frame_bytes && !frame->failed;
    }
    char *to = head->frame_bytes > frame->max_bytes || memfd_size(big_fd) != head->frame_bytes
                   ? NULL
                   : buf_reserve(frame, (size_t)head->frame_bytes);
    if (to == NULL || !memfd_read(big_fd, 0, to, (size_t)head->frame_bytes))
        return false;
    frame->n += (size_t)head->frame_bytes;
    return true;
}

static enum fd_pass_status take_packet(const char *packet, size_t n, int fds[2], struct buf *frame,
                                       int *message_fd)
{
    struct link_head head;
    if (n < sizeof head)
        return FD_PASS_BROKEN;
    memcpy(&head, packet, sizeof head);
    int wanted = ((head.flags & LINK_BIG) != 0) + ((head.flags & LINK_MESSAGE) != 0);
    int have = (fds[0] >= 0) + (fds[1] >= 0);
    if (head.magic != LINK_MAGIC || head.flags > (LINK_BIG | LINK_MESSAGE) || wanted != have)
        return FD_PASS_BROKEN;
    int *big = (head.flags & LINK_BIG) != 0 ? &fds[0] : NULL;
    if (!take_frame(&head, str_make(packet + sizeof head, n - sizeof head), big == NULL ? -1 : *big,
                    frame))
        return FD_PASS_BROKEN;
    int *message = &fds[big == NULL ? 0 : 1];
    if ((head.flags & LINK_MESSAGE) != 0) {
        *message_fd = *message;
        *message = -1;
    }
    return FD_PASS_GOT;
}

enum fd_pass_status link_recv(int fd, struct buf *frame, int *message_fd)
{
    char packet[sizeof(struct link_head) + IPC_MAX_FRAME_BYTES];
    int fds[2];
    size_t n = 0;
    *message_fd = -1;
    enum fd_pass_status st = fd_pass_recv(fd, packet, sizeof packet, &n, fds, 2);
    if (st != FD_PASS_GOT)
        return st;
    st = take_packet(packet, n, fds, frame, message_fd);
    for (size_t i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return st;
}

static bool make_address(const char *path, struct sockaddr_un *out)
{
    struct str s = str_from(path);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (s.n >= sizeof out->sun_path)
        return false;
    memcpy(out->sun_path, s.p, s.n);
    return true;
}

int link_listen(const char *path, struct mp_err *err)
{
    struct sockaddr_un address;
    int fd = -1;
    if (!make_address(path, &address)) {
        mp_fail(err, MP_E_USAGE, 0, "%s: too long for the path of a socket (%zu bytes at most)",
                path, sizeof address.sun_path - 1);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(path, 0600) < 0 || listen(fd, BACKLOG) < 0) {
        mp_fail(err, MP_E_IO, errno, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

int link_connect(const char *path)
{
    struct sockaddr_un address;
    if (!make_address(path, &address)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

bool link_peer_is_ours(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}
