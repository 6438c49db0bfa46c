/* Deliveries as lines of text or JSON. */
#include "cli/sink_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 64 * 1024, SHOWN = 60 };

int sink_lines_init(struct sink_lines *l, enum sink_format format, struct mp_err *err)
{
    *l = (struct sink_lines){.format = format};
    pthread_mutex_init(&l->lock, NULL);
    buf_init(&l->waiting, SINK_LINES_MAX_BYTES);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return l->wake_fd >= 0 ? MP_OK
                           : mp_fail(err, MP_E_IO, errno, "no eventfd: %s", strerror(errno));
}

void sink_lines_clear(struct sink_lines *l)
{
    buf_clear(&l->waiting);
    if (l->wake_fd >= 0)
        close(l->wake_fd);
    pthread_mutex_destroy(&l->lock);
}

static void add_time(struct buf *b, int64_t ms)
{
    char text[32];
    buf_add(b, str_make(text, clock_ms_text(ms, text, sizeof text)));
}

static void add_size(struct buf *b, uint64_t bytes)
{
    if (bytes < 1000)
        buf_addf(b, "%llu B", (unsigned long long)bytes);
    else if (bytes < 1000000)
        buf_addf(b, "%.1f kB", (double)bytes / 1000);
    else
        buf_addf(b, "%.1f MB", (double)bytes / 1000000);
}

/* 23:05:43 <a@b> -> <c@d> +1  "subject"  1.2 kB  TLSv1.3 */
static void write_text(struct buf *b, const struct store_delivery *d)
{
    int y, mo, day, h, mi, s;
    unix_to_civil(d->received_ms / 1000, &y, &mo, &day, &h, &mi, &s);
    buf_addf(b, "%02d:%02d:%02d <", h, mi, s);
    utf8_add_printable(b, d->mail_from, SHOWN);
    buf_addz(b, "> -> <");
    utf8_add_printable(b, d->n_rcpts > 0 ? d->rcpts[0] : STR(""), SHOWN);
    buf_addz(b, ">");
    if (d->n_rcpts > 1)
        buf_addf(b, " +%zu", d->n_rcpts - 1);
    buf_addz(b, "  \"");
    utf8_add_printable(b, d->subject, SHOWN);
    buf_addz(b, "\"  ");
    add_size(b, d->size_bytes);
    buf_addz(b, "  ");
    buf_add(b, d->tls_version.n > 0 ? d->tls_version : STR("no TLS"));
    if (d->outcome != STORE_ACCEPTED) {
        buf_addf(b, "  %s at %.*s", store_outcome_name(d->outcome), STR_ARG(d->stage));
        if (d->reply_code > 0)
            buf_addf(b, ": %u ", d->reply_code);
        utf8_add_printable(b, d->reply_text, SHOWN);
    }
    buf_addc(b, '\n');
}

static void write_json(struct buf *b, const struct store_delivery *d)
{
    struct json j;
    struct buf time;
    buf_init(&time, 64);
    add_time(&time, d->received_ms);
    json_init(&j, b, 0);
    json_object_begin(&j);
    json_kstr(&j, "id", str_from(d->id));
    json_kstr(&j, "received", buf_str(&time));
    json_kstr(&j, "outcome", str_from(store_outcome_name(d->outcome)));
    json_ktext(&j, "inbox", d->inbox);
    json_ktext(&j, "mail_from", d->mail_from);
    json_key(&j, "rcpt_to");
    json_array_begin(&j);
    for (size_t i = 0; i < d->n_rcpts; i++)
        json_str(&j, d->rcpts[i]);
    json_array_end(&j);
    json_ktext(&j, "subject", d->subject);
    json_ktext(&j, "message_id", d->message_id);
    json_kint(&j, "size", (int64_t)d->size_bytes);
    json_kstr(&j, "client", d->client_ip);
    json_kstr(&j, "protocol", d->protocol);
    json_kopt(&j, "tls", d->tls_version);
    json_kstr(&j, "stage", d->stage);
    json_kint(&j, "code", d->reply_code);
    json_object_end(&j);
    buf_addc(b, '\n');
    buf_clear(&time);
}

void sink_lines_event(void *ctx, const struct store_event *e)
{
    struct sink_lines *l = ctx;
    struct buf line;
    uint64_t one = 1;
    if (e->kind != STORE_EVENT_ADDED || l->format == SINK_FORMAT_NONE)
        return;
    buf_init(&line, LINE_MAX_BYTES);
    if (l->format == SINK_FORMAT_TEXT)
        write_text(&line, e->delivery);
    else
        write_json(&line, e->delivery);
    pthread_mutex_lock(&l->lock);
    bool first = l->waiting.n == 0;
    if (line.failed || l->waiting.n + line.n > l->waiting.max_bytes)
        l->lost++;
    else
        buf_add(&l->waiting, buf_str(&line));
    pthread_mutex_unlock(&l->lock);
    if (first && write(l->wake_fd, &one, sizeof one) < 0) {
        /* full: it is readable, which is what is wanted */
    }
    buf_clear(&line);
}

void sink_lines_flush(struct sink_lines *l)
{
    uint64_t count;
    struct buf lines;
    if (read(l->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&l->lock);
    lines = l->waiting;
    uint64_t lost = l->lost;
    buf_init(&l->waiting, SINK_LINES_MAX_BYTES);
    l->lost = 0;
    pthread_mutex_unlock(&l->lock);
    if (lines.n > 0)
        fwrite(lines.p, 1, lines.n, stdout);
    fflush(stdout);
    if (lost > 0)
        fprintf(stderr, "mailproof sink: %llu lines were not written: nobody read them in time\n",
                (unsigned long long)lost);
    buf_clear(&lines);
}
