/* Server-sent events: bounded buffers between whoever publishes and the sockets. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "httpd/httpd_internal.h"

enum { STREAM_BLOCK_BYTES = 16 * 1024 };

static struct httpd_stream *stream_of(struct ring *r)
{
    return (struct httpd_stream *)(void *)r;
}

void httpd_stream(struct httpd_request *q, struct str filter)
{
    struct httpd_stream *s = calloc(1, sizeof *s);
    httpd_buf(q, MHD_HTTP_OK, "text/event-stream");
    if (s == NULL) {
        httpd_problem(q, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for a stream");
        return;
    }
    buf_init(&s->out, HTTPD_STREAM_MAX_BYTES);
    s->q = q;
    s->filter = arena_copy(&q->arena, filter);
    s->fed_us = clock_mono_us();
    buf_addz(&s->out, "retry: 1000\n\n"); /* the client also learns that it is heard */
    q->stream = s;
    httpd_reply_header(q, "X-Accel-Buffering", STR("no"));
    pthread_mutex_lock(&q->h->lock);
    s->ended = q->h->stopping || q->h->draining;
    ring_add(&q->h->streams, &s->in_streams);
    q->h->counters.streams++;
    pthread_mutex_unlock(&q->h->lock);
}

void stream_free(struct httpd *h, struct httpd_stream *s)
{
    pthread_mutex_lock(&h->lock);
    ring_remove(&s->in_streams);
    h->counters.streams--;
    pthread_mutex_unlock(&h->lock);
    buf_clear(&s->out);
    free(s);
}

/* Caller holds the lock; the connection is resumed later, without it. */
static void unpark(struct httpd_stream *s, struct httpd_stream **to_resume)
{
    if (!s->parked)
        return;
    s->parked = false;
    s->to_resume = *to_resume;
    *to_resume = s;
}

void streams_resume(struct httpd_stream *first)
{
    for (struct httpd_stream *s = first, *next; s != NULL; s = next) {
        next = s->to_resume; /* once resumed, it is the I/O thread's */
        MHD_resume_connection(s->q->mhd);
    }
}

/* Whole or not at all. */
static bool feed(struct httpd_stream *s, struct str text)
{
    if (text.n > s->out.max_bytes - s->out.n)
        return false;
    buf_add(&s->out, text);
    if (s->out.failed)
        s->ended = true; /* no memory: the client connects again */
    s->fed_us = clock_mono_us();
    return true;
}

static bool feed_event(struct httpd_stream *s, struct str text)
{
    static const struct str lost = STR_INIT("event: lost\ndata: {}\n\n");
    if (s->lost && lost.n + text.n <= s->out.max_bytes - s->out.n)
        s->lost = !feed(s, lost);
    if (s->lost || !feed(s, text)) {
        s->lost = true;
        return false;
    }
    return true;
}

bool httpd_has_streams(struct httpd *h)
{
    pthread_mutex_lock(&h->lock);
    bool has = h->streams.next != &h->streams;
    pthread_mutex_unlock(&h->lock);
    return has;
}

void httpd_publish(struct httpd *h, const char *event, struct str json,
                   bool (*wants)(void *ctx, struct str filter), void *ctx)
{
    struct httpd_stream *to_resume = NULL;
    struct buf text;
    buf_init(&text, HTTPD_STREAM_MAX_BYTES);
    buf_addf(&text, "event: %s\ndata: ", event);
    buf_add(&text, json);
    buf_addz(&text, "\n\n");
    pthread_mutex_lock(&h->lock);
    for (struct ring *r = h->streams.next; r != &h->streams; r = r->next) {
        struct httpd_stream *s = stream_of(r);
        if (s->ended || (wants != NULL && !wants(ctx, s->filter)))
            continue;
        if (text.failed || !feed_event(s, buf_str(&text))) {
            s->lost = true;
            h->counters.lost_events++;
        }
        unpark(s, &to_resume);
    }
    pthread_mutex_unlock(&h->lock);
    streams_resume(to_resume);
    buf_clear(&text);
}

void streams_tick(struct httpd *h, int64_t now_us, struct httpd_stream **to_resume)
{
    for (struct ring *r = h->streams.next; r != &h->streams; r = r->next) {
        struct httpd_stream *s = stream_of(r);
        if (s->out.n != 0 || now_us - s->fed_us < (int64_t)HTTPD_HEARTBEAT_MS * 1000)
            continue;
        feed(s, STR(":\n\n")); /* a comment: writing it shows whether the client is there */
        unpark(s, to_resume);
    }
}

void streams_end(struct httpd *h, struct httpd_stream **to_resume)
{
    for (struct ring *r = h->streams.next; r != &h->streams; r = r->next) {
        stream_of(r)->ended = true;
        unpark(stream_of(r), to_resume);
    }
}

/* Under the lock: some bytes, MHD_CONTENT_READER_END_OF_STREAM, or 0: nothing yet. */
static ssize_t take(struct httpd_stream *s, char *to, size_t max)
{
    size_t n = s->out.n < max ? s->out.n : max;
    if (n == 0)
        return s->ended ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    memcpy(to, s->out.p, n);
    memmove(s->out.p, s->out.p + n, s->out.n - n);
    s->out.n -= n;
    return (ssize_t)n;
}

/* In the I/O thread. The connection is suspended first and only then offered to be resumed, so
 * that no event falls between. */
static ssize_t stream_read(void *ctx, uint64_t pos, char *to, size_t max)
{
    struct httpd_stream *s = ctx;
    struct httpd *h = s->q->h;
    (void)pos;
    pthread_mutex_lock(&h->lock);
    ssize_t n = take(s, to, max);
    pthread_mutex_unlock(&h->lock);
    if (n != 0)
        return n;
    MHD_suspend_connection(s->q->mhd);
    pthread_mutex_lock(&h->lock);
    bool again = s->out.n != 0 || s->ended;
    s->parked = !again;
    pthread_mutex_unlock(&h->lock);
    if (again)
        MHD_resume_connection(s->q->mhd);
    return 0;
}

struct MHD_Response *stream_response(struct httpd_request *q)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read,
                                             q->stream, NULL);
}
