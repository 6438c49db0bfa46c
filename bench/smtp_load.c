/* Sends messages to an SMTP server over many connections at once and says how long that took.
 *
 * usage: smtp_load ADDRESS PORT CONNECTIONS MESSAGES BYTES new|kept
 * new: a connection for each message; kept: as many as there are, for all. MAIL, RCPT and DATA go
 * in one write, as from any server that finds PIPELINING. Prints "SECONDS". Anything but the usual
 * reply ends it with 1: a number of a server that refuses would say nothing. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

enum { MAX_CONNECTIONS = 1000, LINE_BYTES = 72, EVENTS = 64, READ_BYTES = 4096 };

/* What is said, and how the lines of the replies begin; several commands, several replies. */
enum step { GREETING, HELLO, ENVELOPE, MESSAGE, QUIT, STEP_COUNT };
static const char *const wanted[STEP_COUNT][4] = {
    [GREETING] = {"220"}, [HELLO] = {"250"}, [ENVELOPE] = {"250", "250", "354"},
    [MESSAGE] = {"250"},  [QUIT] = {"221"},
};

struct client {
    int fd;
    enum step step;
    unsigned replies; /* of this step, that have come */
    char line[8];     /* begin of the reply line at hand */
    size_t n_line;
    const char *out; /* what is not written yet */
    size_t n_out;
};

struct load {
    struct sockaddr_in to;
    int epoll;
    bool kept;
    unsigned long left, done, total;
    const char *said[STEP_COUNT];
    size_t n_said[STEP_COUNT];
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "smtp_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(const struct load *l, struct client *c, int how)
{
    struct epoll_event e = {.events = EPOLLIN | (c->n_out > 0 ? (uint32_t)EPOLLOUT : 0),
                            .data.ptr = c};
    if (epoll_ctl(l->epoll, how, c->fd, &e) != 0)
        fail("epoll");
}

static void write_some(const struct load *l, struct client *c)
{
    size_t before = c->n_out;
    while (c->n_out > 0) {
        ssize_t n = send(c->fd, c->out, c->n_out, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
            break;
        if (n < 0)
            fail("send");
        c->out += n;
        c->n_out -= (size_t)n;
    }
    if ((before > 0) != (c->n_out > 0) || c->n_out > 0)
        watch(l, c, EPOLL_CTL_MOD);
}

static void say(const struct load *l, struct client *c, enum step s)
{
    c->step = s;
    c->replies = 0;
    c->out = l->said[s];
    c->n_out = l->n_said[s];
    write_some(l, c);
}

static void connect_to(struct load *l, struct client *c)
{
    int on = 1;
    *c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (c->fd < 0)
        fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&l->to, sizeof l->to) != 0 && errno != EINPROGRESS)
        fail("connect");
    watch(l, c, EPOLL_CTL_ADD);
}

/* All replies of a step are there. */
static void next(struct load *l, struct client *c)
{
    switch (c->step) {
    case GREETING:
        say(l, c, HELLO);
        return;
    case ENVELOPE:
        say(l, c, MESSAGE);
        return;
    case MESSAGE:
        l->done++;
        if (!l->kept || l->left == 0) {
            say(l, c, QUIT);
            return;
        }
        break;
    case QUIT:
        close(c->fd);
        c->fd = -1;
        if (l->left > 0 && !l->kept)
            connect_to(l, c);
        return;
    default:
        break;
    }
    if (l->left == 0) { /* others have taken the last */
        say(l, c, QUIT);
        return;
    }
    l->left--;
    say(l, c, ENVELOPE);
}

/* Behind a line end. */
static void take_line(struct load *l, struct client *c)
{
    const char *want = wanted[c->step][c->replies];
    if (c->n_line < 4 || memcmp(c->line, want, 3) != 0) {
        fprintf(stderr, "smtp_load: %.*s instead of %s\n", (int)c->n_line, c->line, want);
        exit(1);
    }
    bool last = c->line[3] != '-';
    c->n_line = 0;
    if (last && wanted[c->step][++c->replies] == NULL)
        next(l, c);
}

static void read_some(struct load *l, struct client *c)
{
    char room[READ_BYTES];
    ssize_t n = recv(c->fd, room, sizeof room, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        fail("the server closed");
    for (ssize_t i = 0; i < n && c->fd >= 0; i++)
        if (room[i] == '\n')
            take_line(l, c);
        else if (c->n_line < sizeof c->line)
            c->line[c->n_line++] = room[i];
}

/* Text of so many bytes, with the head that mail has, and the final dot. */
static char *make_message(size_t bytes, size_t *n)
{
    static const char head[] = "From: Load <load@bench.test>\r\nTo: sink@bench.test\r\n"
                               "Subject: one of many\r\nMessage-ID: <load@bench.test>\r\n"
                               "Date: Sat, 28 Nov 2026 20:00:00 +0000\r\n\r\n";
    char *p = malloc(sizeof head + bytes + LINE_BYTES + 8);
    if (p == NULL)
        fail("memory");
    memcpy(p, head, sizeof head - 1);
    for (*n = sizeof head - 1; *n < bytes; *n += LINE_BYTES) {
        memset(p + *n, 'a' + (int)(*n % 26), LINE_BYTES - 2);
        memcpy(p + *n + LINE_BYTES - 2, "\r\n", 2);
    }
    memcpy(p + *n, ".\r\n", 3);
    *n += 3;
    return p;
}

static void run(struct load *l, struct client *clients, unsigned n)
{
    struct epoll_event events[EVENTS];
    for (unsigned i = 0; i < n; i++)
        connect_to(l, &clients[i]);
    while (l->done < l->total) {
        int got = epoll_wait(l->epoll, events, EVENTS, -1);
        if (got < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < got; i++) {
            struct client *c = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) != 0 && c->fd >= 0)
                write_some(l, c);
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0 && c->fd >= 0)
                read_some(l, c);
        }
    }
}

int main(int argc, char **argv)
{
    static struct client clients[MAX_CONNECTIONS];
    struct load l = {.to.sin_family = AF_INET, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    unsigned long n = argc == 7 ? strtoul(argv[3], NULL, 10) : 0;
    if (n == 0 || n > MAX_CONNECTIONS || inet_pton(AF_INET, argv[1], &l.to.sin_addr) != 1) {
        fprintf(stderr, "usage: smtp_load ADDRESS PORT CONNECTIONS MESSAGES BYTES new|kept\n");
        return 2;
    }
    l.to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    l.left = l.total = strtoul(argv[4], NULL, 10);
    l.kept = strcmp(argv[6], "kept") == 0;
    l.said[HELLO] = "EHLO load.bench.test\r\n";
    l.said[ENVELOPE] = "MAIL FROM:<load@bench.test>\r\nRCPT TO:<sink@bench.test>\r\nDATA\r\n";
    l.said[QUIT] = "QUIT\r\n";
    for (int s = HELLO; s < STEP_COUNT; s++)
        l.n_said[s] = l.said[s] == NULL ? 0 : strlen(l.said[s]);
    l.said[MESSAGE] = make_message(strtoul(argv[5], NULL, 10), &l.n_said[MESSAGE]);
    int64_t from_us = clock_mono_us();
    run(&l, clients, (unsigned)n);
    printf("%.6f\n", (double)(clock_mono_us() - from_us) / 1e6);
    return 0;
}
