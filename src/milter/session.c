/* One connection of an MTA: its bytes become commands, commands in their order become events. */
#include "milter/session.h"

#include <stdlib.h>

#include "milter/session_internal.h"

struct milter_session *milter_session_new(const struct milter_config *config,
                                          struct milter_sink sink)
{
    struct milter_session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->config = *config;
    if (s->config.max_message_bytes == 0)
        s->config.max_message_bytes = MILTER_MESSAGE_DEFAULT_BYTES;
    if (s->config.macros == NULL)
        s->config.macros = milter_default_macros;
    s->sink = sink;
    s->phase = PHASE_START;
    buf_init(&s->packet, MILTER_HEAD_BYTES + MILTER_PACKET_MAX_BYTES);
    buf_init(&s->ahead, MILTER_AHEAD_MAX_BYTES);
    buf_init(&s->names, MILTER_PACKET_MAX_BYTES);
    buf_init(&s->helo, MILTER_PACKET_MAX_BYTES);
    for (unsigned i = 0; i < MILTER_STAGES; i++)
        buf_init(&s->macros[i], MILTER_PACKET_MAX_BYTES);
    buf_init(&s->line, 2 * (size_t)MILTER_PACKET_MAX_BYTES); /* LF becomes CRLF */
    buf_init(&s->out, MILTER_OUTPUT_MAX_BYTES);
    arena_init(&s->arena, MILTER_ENVELOPE_MAX_BYTES);
    return s;
}

void milter_session_free(struct milter_session *s)
{
    if (s == NULL)
        return;
    struct buf *const bufs[] = {&s->packet, &s->ahead, &s->names, &s->helo, &s->line, &s->out};
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_clear(bufs[i]);
    for (unsigned i = 0; i < MILTER_STAGES; i++)
        buf_clear(&s->macros[i]);
    arena_clear(&s->arena);
    free(s);
}

void milter_forget_message(struct milter_session *s)
{
    s->stale = false;
    s->sender = s->sender_params = STR_NONE;
    s->rcpts = NULL;
    s->n_rcpts = s->rcpts_cap = 0;
    s->message_bytes = 0;
    s->too_big = s->sink_failed = false;
    arena_reset(&s->arena);
    for (unsigned i = MILTER_AT_MAIL; i < MILTER_STAGES; i++)
        if (i != MILTER_AT_MAIL || !s->mail_macros)
            buf_reset(&s->macros[i]);
}

static int gather(struct milter_session *s, struct str *in, size_t want, struct mp_err *err)
{
    size_t more = want - s->packet.n < in->n ? want - s->packet.n : in->n;
    buf_add(&s->packet, str_slice(*in, 0, more));
    *in = str_slice(*in, more, in->n);
    if (s->packet.failed)
        return milter_no_memory(err);
    return s->packet.n < want ? MP_WAIT : MP_OK;
}

/* The next command off the front of `in`: in place if it is whole there, else gathered. A packet of
 * the body is not: its bytes are still to come. */
static int next_command(struct milter_session *s, struct str *in, struct milter_packet *out,
                        const struct milter_rule **rule, struct mp_err *err)
{
    size_t length = 0;
    char command = 0;
    if (s->packet.n > 0 && s->packet.n < MILTER_HEAD_BYTES) {
        int st = gather(s, in, MILTER_HEAD_BYTES, err);
        if (st < 0)
            return st;
    }
    struct str from = s->packet.n > 0 ? buf_str(&s->packet) : *in;
    int st = milter_packet_head(from, MILTER_PACKET_MAX_BYTES, &length, &command, err);
    if (st == MP_WAIT && s->packet.n == 0)
        return gather(s, in, MILTER_HEAD_BYTES, err);
    if (st != MP_OK || (st = milter_find_rule(s, command, rule, err)) != MP_OK)
        return st;
    bool is_body = (*rule)->take == NULL;
    size_t want = is_body ? MILTER_HEAD_BYTES : MILTER_HEAD_BYTES + length - 1;
    if (s->packet.n == 0 && in->n >= want) {
        *out = (struct milter_packet){command, str_slice(*in, MILTER_HEAD_BYTES, want)};
        *in = str_slice(*in, want, in->n);
    } else if ((st = gather(s, in, want, err)) != MP_OK) {
        return st;
    } else {
        *out = (struct milter_packet){command,
                                      str_slice(buf_str(&s->packet), MILTER_HEAD_BYTES, want)};
    }
    if (is_body) {
        milter_begin_body(s, command, length - 1);
        buf_reset(&s->packet);
    }
    return MP_OK;
}

/* Carry out a command, or say first that it ends a message before its time and hold it. */
static int carry_out(struct milter_session *s, const struct milter_rule *rule,
                     const struct milter_packet *p, struct milter_event *event, struct mp_err *err)
{
    if (rule->aborts && (s->phase & PHASE_IN_MESSAGE) != 0) {
        if (s->packet.n == 0)
            milter_packet_write(&s->packet, p->command, p->payload);
        s->held = true;
        event->type = MILTER_EVENT_ABORT;
        milter_end_message(s);
        return s->packet.failed ? milter_no_memory(err) : MP_OK;
    }
    int st = rule->take(s, p->payload, event, err);
    buf_reset(&s->packet);
    return st;
}

/* Commands until one is an event, or `in` is empty. */
static int run(struct milter_session *s, struct str *in, struct milter_event *event,
               struct mp_err *err)
{
    int st = MP_OK;
    while (st == MP_OK && event->type == MILTER_EVENT_NONE && s->phase != PHASE_CLOSED) {
        struct milter_packet p = {0, STR_NONE};
        const struct milter_rule *rule = NULL;
        if (s->in_body) {
            struct str piece = str_slice(*in, 0, s->body_left);
            *in = str_slice(*in, piece.n, in->n);
            s->body_left -= piece.n;
            milter_body_add(s, piece);
            if (s->body_left > 0)
                return MP_OK;
            st = milter_end_body(s, event, err);
            continue;
        }
        if (s->held) {
            s->held = false;
            p = (struct milter_packet){s->packet.p[MILTER_HEAD_BYTES - 1],
                                       str_slice(buf_str(&s->packet), MILTER_HEAD_BYTES,
                                                 s->packet.n)};
            st = milter_find_rule(s, p.command, &rule, err);
        } else if (in->n == 0) {
            return MP_OK;
        } else {
            st = next_command(s, in, &p, &rule, err);
        }
        if (st == MP_OK && rule->take != NULL)
            st = carry_out(s, rule, &p, event, err);
    }
    return st == MP_WAIT ? MP_OK : st;
}

/* Bytes that cannot be looked at yet. */
static int hold(struct milter_session *s, struct str *in, struct mp_err *err)
{
    buf_add(&s->ahead, *in);
    if (s->ahead.failed)
        return mp_fail(err, MP_E_LIMIT, MILTER_AHEAD_MAX_BYTES,
                       "milter: the MTA does not wait for answers");
    *in = str_slice(*in, in->n, in->n);
    return MP_OK;
}

int milter_session_take(struct milter_session *s, struct str *in, struct milter_event *event,
                        struct mp_err *err)
{
    *event = (struct milter_event){.type = MILTER_EVENT_NONE};
    if (s->broken)
        return mp_fail(err, MP_E_USAGE, 0, "milter: the session has failed before");
    if (s->waiting != MILTER_EVENT_NONE)
        return hold(s, in, err);
    if (s->stale)
        milter_forget_message(s);
    int st;
    if (s->ahead.n == 0) {
        st = run(s, in, event, err);
    } else if ((st = hold(s, in, err)) == MP_OK) {
        struct str early = str_slice(buf_str(&s->ahead), s->ahead_at, s->ahead.n);
        st = run(s, &early, event, err);
        s->ahead_at = s->ahead.n - early.n;
        if (early.n == 0) {
            buf_reset(&s->ahead);
            s->ahead_at = 0;
        }
    }
    if (s->phase == PHASE_CLOSED)
        *in = str_slice(*in, in->n, in->n);
    if (st != MP_OK) {
        s->broken = true;
        *event = (struct milter_event){.type = MILTER_EVENT_NONE};
    }
    return st;
}
