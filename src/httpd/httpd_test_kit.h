/* A client of raw sockets for tests of servers: what is sent is written in the test, byte by byte.
 * The test that includes this has included tests/tap.h before. */
#ifndef MP_HTTPD_HTTPD_TEST_KIT_H
#define MP_HTTPD_HTTPD_TEST_KIT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hex.h"

enum { KIT_PATIENCE_MS = 60000, KIT_ANSWER_MAX_BYTES = 64 << 20 };

static inline int kit_connect(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        abort();
    return fd;
}

/* False: the other side has ended. */
static inline bool kit_send(int fd, struct str s)
{
    while (s.n != 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        s = str_slice(s, (size_t)n, s.n);
    }
    return true;
}

/* One more piece; false at the end of the stream, and when nothing comes for long. */
static inline bool kit_read(int fd, struct buf *b)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char piece[16384];
    if (poll(&p, 1, KIT_PATIENCE_MS) != 1)
        return false;
    ssize_t n = recv(fd, piece, sizeof piece, 0);
    if (n > 0)
        buf_add(b, str_make(piece, (size_t)n));
    return n > 0;
}

/* Until `text` was read; false: the stream ended before. */
static inline bool kit_read_until(int fd, struct buf *b, const char *text)
{
    while (str_search(buf_str(b), str_from(text)) == b->n)
        if (!kit_read(fd, b))
            return false;
    return true;
}

/* An answer that goes on, in chunks: an end of one may fall anywhere into an event. */
struct kit_stream {
    struct buf raw, text;
    size_t at; /* of the next chunk in `raw`; 0: the head is not there yet */
};

static inline void kit_stream_init(struct kit_stream *s)
{
    *s = (struct kit_stream){.at = 0};
    buf_init(&s->raw, KIT_ANSWER_MAX_BYTES);
    buf_init(&s->text, KIT_ANSWER_MAX_BYTES);
}

/* The whole chunks that have come go to `text`. */
static inline void kit_stream_take(struct kit_stream *s)
{
    struct str raw = buf_str(&s->raw);
    if (s->at == 0) {
        size_t head = str_search(raw, STR("\r\n\r\n"));
        if (head == raw.n)
            return;
        s->at = head + 4;
    }
    for (;;) {
        struct str rest = str_slice(raw, s->at, raw.n);
        size_t size = 0, line = str_search(rest, STR("\r\n"));
        for (size_t i = 0; i < line; i++)
            size = size << 4 | (size_t)hex_value(rest.p[i]);
        if (line == rest.n || size == 0 || rest.n < line + 2 + size + 2)
            return;
        buf_add(&s->text, str_slice(rest, line + 2, line + 2 + size));
        s->at += line + 2 + size + 2;
    }
}

static inline bool kit_stream_has(const struct kit_stream *s, const char *text)
{
    return str_search(buf_str(&s->text), str_from(text)) < s->text.n;
}

/* Until `text` was read; false: the stream ended before. */
static inline bool kit_stream_until(int fd, struct kit_stream *s, const char *text)
{
    while (!kit_stream_has(s, text)) {
        if (!kit_read(fd, &s->raw))
            return false;
        kit_stream_take(s);
    }
    return true;
}

/* The whole answer to a request that asks for the connection to be closed. Free: buf_clear. */
static inline struct buf kit_answer(int fd)
{
    struct buf b;
    buf_init(&b, KIT_ANSWER_MAX_BYTES);
    while (kit_read(fd, &b)) {}
    close(fd);
    return b;
}

static inline struct buf kit_exchange(uint16_t port, struct str request)
{
    int fd = kit_connect(port);
    kit_send(fd, request);
    return kit_answer(fd);
}

/* "GET /path" with head lines that end in CRLF, and a body. */
static inline struct buf kit_http(uint16_t port, const char *line, const char *head,
                                  struct str body)
{
    struct buf request;
    buf_init(&request, KIT_ANSWER_MAX_BYTES);
    buf_addf(&request, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%s", line, port,
             head);
    if (body.p != NULL)
        buf_addf(&request, "Content-Length: %zu\r\n", body.n);
    buf_addz(&request, "\r\n");
    buf_add(&request, body);
    struct buf answer = kit_exchange(port, buf_str(&request));
    buf_clear(&request);
    return answer;
}

static inline unsigned kit_status(const struct buf *answer)
{
    uint64_t status = 0;
    str_to_u64(str_slice(buf_str(answer), 9, 12), 999, &status);
    return (unsigned)status;
}

static inline bool kit_has(const struct buf *answer, const char *text)
{
    return str_search(buf_str(answer), str_from(text)) < answer->n;
}

/* What stands behind the head. */
static inline struct str kit_body(const struct buf *answer)
{
    size_t at = str_search(buf_str(answer), STR("\r\n\r\n"));
    return str_slice(buf_str(answer), at + 4, answer->n);
}

#endif
