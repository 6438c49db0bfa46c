/* Packets between parent, zygote and workers. */
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
    const struct str bytes = {(const char *)m, sizeof *m};
    return fd_pass_send(fd, &bytes, 1, fds, n_fds) == 0;
}

enum channel_status channel_recv(int fd, struct parcel *m, int *fds, size_t n_fds)
{
    static const enum channel_status as[] = {[FD_PASS_GOT] = CHANNEL_GOT,
                                             [FD_PASS_NOTHING] = CHANNEL_NOTHING,
                                             [FD_PASS_END] = CHANNEL_END,
                                             [FD_PASS_BROKEN] = CHANNEL_BROKEN};
    struct parcel got;
    size_t n = 0;
    enum channel_status st = as[fd_pass_recv(fd, &got, sizeof got, &n, fds, n_fds)];
    if (st != CHANNEL_GOT)
        return st;
    if (n != sizeof got) {
        for (size_t i = 0; i < n_fds; i++)
            if (fds[i] >= 0)
                close(fds[i]);
        return CHANNEL_BROKEN;
    }
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
