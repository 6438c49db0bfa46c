/* Replies: the usual one, or what a script makes of it; and the transcript of both sides. */
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "sink/sink_internal.h"

enum { LINE_SHOWN_MAX = 4096, TEXT_ROOM = 600 };

/* ---- transcript: as the client's own would read, in swaks' marks ---- */

/* Outside of a transaction lines belong to the head of the connection, and later ones only when
 * they change what holds for it. */
static struct buf *log_of(struct conn *c)
{
    if (c->tx.open || c->request.verb == SMTP_MAIL)
        return &c->log;
    bool lasting = c->input == INPUT_AUTH || c->request.verb <= SMTP_LHLO ||
                   c->request.verb == SMTP_STARTTLS || c->request.verb == SMTP_AUTH ||
                   c->request.verb == SMTP_XCLIENT;
    return c->transactions == 0 || lasting ? &c->head : NULL;
}

/* Beyond its limit nothing more of a log is kept, and its end says so. */
static void add_line(struct buf *to, const char *mark, struct str line)
{
    static const char cut[] = "*** more was said and is not kept\n";
    if (to == NULL || to->failed)
        return;
    bool plain = line.n <= LINE_SHOWN_MAX;
    for (size_t i = 0; plain && i < line.n; i++)
        plain = line.p[i] >= ' ' && line.p[i] < 0x7f;
    if (to->n + line.n + sizeof cut + 8 > to->max_bytes) {
        to->max_bytes += sizeof cut;
        buf_addz(to, cut);
        to->max_bytes -= sizeof cut;
        to->failed = true;
        return;
    }
    buf_addz(to, mark);
    if (plain)
        buf_add(to, line);
    else
        utf8_add_printable(to, line, LINE_SHOWN_MAX);
    buf_addc(to, '\n');
}

void log_client(struct conn *c, struct str line)
{
    add_line(log_of(c), c->in_tls ? " ~> " : " -> ", line);
}

void log_masked(struct conn *c, struct str head, size_t secret_bytes)
{
    char text[TEXT_ROOM];
    int n =
        snprintf(text, sizeof text, "%.*s%s<masked, %zu bytes>", (int)(head.n < 100 ? head.n : 100),
                 head.p == NULL ? "" : head.p, head.n > 0 ? " " : "", secret_bytes);
    log_client(c, str_make(text, (size_t)n));
}

void log_info(struct conn *c, const char *fmt, ...)
{
    char text[TEXT_ROOM];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    add_line(log_of(c), "=== ", str_make(text, n < TEXT_ROOM ? (size_t)n : TEXT_ROOM - 1));
}

/* ---- replies ---- */

static size_t format(char room[TEXT_ROOM], struct answer a)
{
    int n = snprintf(room, TEXT_ROOM, "%u %s%s%.*s", a.code, a.enhanced == NULL ? "" : a.enhanced,
                     a.enhanced == NULL ? "" : " ", STR_ARG(a.text));
    return n < TEXT_ROOM - 2 ? (size_t)n : TEXT_ROOM - 3;
}

static void say(struct conn *c, struct answer a, size_t cut)
{
    static const char *const marks[2][2] = {{"<-  ", "<~  "}, {"<** ", "<~* "}};
    char room[TEXT_ROOM];
    size_t n = format(room, a);
    add_line(log_of(c), marks[a.code >= 400][c->in_tls], str_make(room, n < cut ? n : cut));
    memcpy(room + n, "\r\n", 2);
    buf_add(&c->out, str_make(room, n + 2 < cut ? n + 2 : cut));
}

void answer_line(struct conn *c, struct answer a)
{
    say(c, a, SIZE_MAX);
}

void answer_ask(struct conn *c, enum script_stage stage, const struct rcpt *rcpt)
{
    struct script_event e = {.stage = stage,
                             .from = c->tx.open ? c->tx.from : STR_NONE,
                             .rcpt = rcpt == NULL ? STR_NONE : rcpt->address,
                             .client = c->client_ip,
                             .helo = c->helo,
                             .attempt = rcpt == NULL ? 1 : rcpt->attempt,
                             .now_ms = c->sink->now_ms};
    if (stage < SCRIPT_RCPT) /* counted only where a script may ask */
        e.attempt = attempts_count(c->sink->attempts, e.from, str_from(script_stage_name(stage)),
                                   c->client_ip);
    inboxes_decide(c->sink->inboxes, rcpt == NULL ? STR_NONE : rcpt->inbox, &e, &c->decision);
}

unsigned answer_decided(struct conn *c, struct answer a)
{
    const struct script_action *d = &c->decision.action;
    if (d->throttle_bytes_s > 0)
        c->throttle_bytes_s = d->throttle_bytes_s;
    if (d->delay_ms > 0) { /* what was said before goes out first */
        conn_flush(c);
        conn_block_for(c, d->delay_ms, BLOCK_DELAY);
    }
    if (d->drop) {
        log_info(c, "the connection is dropped, as the script says");
        c->drop_at_timer = d->delay_ms > 0;
        if (!c->drop_at_timer)
            c->ending = CLOSE_NOW;
        return 0;
    }
    if (d->reply_code > 0)
        a = (struct answer){d->reply_code, NULL, d->reply_text};
    say(c, a, d->cut ? d->cut_bytes : SIZE_MAX);
    if (d->cut)
        c->ending = CLOSE_CLEAN;
    return a.code;
}

unsigned answer(struct conn *c, enum script_stage stage, const struct rcpt *rcpt, struct answer a)
{
    answer_ask(c, stage, rcpt);
    return answer_decided(c, a);
}

void answer_error(struct conn *c, unsigned code, const char *enhanced, const char *text)
{
    SINK_COUNT(c->sink, protocol_errors);
    answer_line(c, (struct answer){code, enhanced, str_from(text)});
    if (++c->errors >= SINK_MAX_ERRORS)
        session_end(c, 421, "4.7.0", "too many errors, closing");
}
