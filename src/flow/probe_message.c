/* The test message: DATA or BDAT, step by step or pipelined, one reply or one a recipient (LMTP).
 */
#include "base/clock.h"
#include "flow/probe_internal.h"

/* ---- what the message needs ---- */

void probe_note_unsupported(struct prober *p, struct probe_server *s)
{
    const struct probe_options *o = p->options;
    const struct smtp_mail_params *m = &o->mail_params;
    const struct smtp_rcpt_params *r = &o->rcpt_params;
    bool dsn = m->ret != NULL || m->envid.n > 0 || r->notify.n > 0 || r->orcpt.n > 0;
    const struct {
        bool wanted;
        unsigned bit;
    } rows[] = {{o->pipeline, SMTP_EXT_PIPELINING},
                {o->chunking, SMTP_EXT_CHUNKING},
                {m->smtputf8, SMTP_EXT_SMTPUTF8},
                {m->requiretls, SMTP_EXT_REQUIRETLS},
                {m->body == SMTP_BODY_8BITMIME, SMTP_EXT_8BITMIME},
                {m->body == SMTP_BODY_BINARYMIME, SMTP_EXT_BINARYMIME},
                {dsn, SMTP_EXT_DSN},
                {m->size_bytes > 0, SMTP_EXT_SIZE}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].wanted && (s->client.ehlo.extensions & rows[i].bit) == 0)
            s->notes->unsupported =
                arena_fmt(&p->probe->arena, "%.*s%s%s", STR_ARG(s->notes->unsupported),
                          s->notes->unsupported.n > 0 ? ", " : "",
                          smtp_extension_name(rows[i].bit));
}

/* ---- sending ---- */

/* With hide_data the lines that were sent since `from` are one line that tells their length. */
static void hide_lines(struct smtp_client *c, size_t from, size_t bytes)
{
    struct transcript *t = &c->transcript;
    size_t kept = from;
    bool is_told = false;
    for (size_t i = from; i < t->n; i++) {
        struct transcript_line line = t->lines[i];
        if (line.kind == TRANSCRIPT_SENT) {
            line.text = arena_fmt(c->arena, "<message, %zu bytes>", bytes);
            if (is_told)
                continue;
            is_told = true;
        }
        t->lines[kept++] = line;
    }
    t->n = kept;
}

/* The message behind 354, or in chunks, and the replies to its end. */
static void send_text(struct prober *p, struct probe_server *s, struct smtp_client *c,
                      size_t n_accepted, bool in_chunks)
{
    struct probe_notes *n = s->notes;
    struct arena *a = &p->probe->arena;
    struct mp_err err = {0};
    struct str message = p->options->message;
    size_t from = c->transcript.n, n_replies = p->lmtp ? n_accepted : 0;
    struct smtp_reply *replies = n_replies > 0 ? arena_new(a, struct smtp_reply, n_replies) : NULL;
    if (n_replies > 0 && replies == NULL) {
        n->message_broke = true;
        n->fault_text = STR("no memory for the replies");
        return;
    }
    int st = in_chunks ? smtp_chunks(c, message, 0, replies, n_replies, &err)
                       : smtp_message(c, message, false, replies, n_replies, &err);
    if (p->options->hide_data)
        hide_lines(c, from, message.n);
    if (st == MP_OK)
        n->end = c->last;
    else
        n->fault_text = probe_sentence(a, &err);
    n->message_broke = st != MP_OK;
    n->ends = replies;
    n->n_ends = n_replies;
    s->message_code = n->end.code;
}

void probe_send(struct prober *p, struct probe_server *s, struct smtp_client *c, size_t n_accepted)
{
    struct probe_notes *n = s->notes;
    struct mp_err err = {0};
    bool in_chunks = p->options->chunking && (c->ehlo.extensions & SMTP_EXT_CHUNKING) != 0;
    probe_progress(p, "%.*s: sending the message", STR_ARG(s->group));
    if (in_chunks) {
        send_text(p, s, c, n_accepted, true);
        return;
    }
    if (smtp_data(c, &err) != MP_OK) {
        n->message_broke = true;
        n->fault_text = probe_sentence(&p->probe->arena, &err);
        return;
    }
    n->data = c->last;
    probe_note_reply(s, &c->last, SMTP_STAGE_DATA);
    if (c->last.code == 354)
        send_text(p, s, c, n_accepted, false);
    else if (smtp_command(c, STR("RSET"), SMTP_STAGE_OTHER, &err) != MP_OK)
        n->fault_text = probe_sentence(&p->probe->arena, &err);
}

bool probe_wants_pipeline(const struct prober *p, const struct probe_server *s)
{
    const struct probe_options *o = p->options;
    return o->pipeline && o->has_message && o->n_rcpts > 0 && o->stop == PROBE_STOP_END &&
           !o->chunking && (s->client.ehlo.extensions & SMTP_EXT_PIPELINING) != 0;
}

int probe_send_pipelined(struct prober *p, struct probe_server *s, bool *lives, struct mp_err *err)
{
    const struct probe_options *o = p->options;
    struct probe_notes *n = s->notes;
    struct smtp_client *c = &s->client;
    struct arena *a = &p->probe->arena;
    struct mp_err own = {0};
    size_t accepted = 0;
    struct smtp_reply *replies = arena_new(a, struct smtp_reply, o->n_rcpts + 2);
    if (replies == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for replies");
    n->rcpt_us = clock_mono_us();
    int st = smtp_pipeline(c, probe_from(p), &o->mail_params, o->rcpts, o->n_rcpts, &o->rcpt_params,
                           replies, &own);
    n->mail = replies[0];
    for (size_t i = 0; i < s->n_rcpts; i++) {
        s->rcpts[i].reply = replies[i + 1];
        probe_note_reply(s, &replies[i + 1], SMTP_STAGE_RCPT);
        accepted += smtp_reply_ok(&replies[i + 1]);
    }
    n->data = replies[o->n_rcpts + 1];
    if (st != MP_OK) {
        n->fault_text = probe_sentence(a, &own);
        n->message_broke = accepted > 0;
    } else if (n->data.code == 354 && accepted == 0) {
        smtp_close(c); /* RFC 2920 3.1 wants an empty message; hanging up sends none for certain */
    } else if (n->data.code == 354) {
        send_text(p, s, c, accepted, false);
    }
    *lives = st == MP_OK && !n->message_broke && !(n->data.code == 354 && accepted == 0);
    return MP_OK;
}

/* ---- judgement ---- */

static void judge_reply(struct prober *p, const struct smtp_reply *r, const char *what)
{
    struct check_list *checks = &p->probe->checks;
    struct str text = probe_reply_text(&p->probe->arena, r);
    if (smtp_reply_permanent(r)) {
        check_add(checks, FINDING_FLOW_MESSAGE_REFUSED, "%s: %.*s", what, STR_ARG(text));
        return;
    }
    check_add(checks,
              smtp_reply_temporary(r) ? FINDING_FLOW_MESSAGE_DEFERRED
                                      : FINDING_FLOW_MESSAGE_UNDECIDED,
              "%s: %.*s", what, STR_ARG(text));
    check_undecided(checks);
}

static void judge_ends(struct prober *p, const struct probe_notes *n)
{
    struct check_list *checks = &p->probe->checks;
    if (n->message_broke) {
        check_add(checks, FINDING_FLOW_MESSAGE_UNDECIDED, "%.*s", STR_ARG(n->fault_text));
        check_undecided(checks);
    }
    for (size_t i = 0; i < n->n_ends; i++)
        if (!smtp_reply_ok(&n->ends[i]) && n->ends[i].code != 0)
            judge_reply(p, &n->ends[i], "for one recipient");
    if (n->n_ends == 0 && !n->message_broke && !smtp_reply_ok(&n->end))
        judge_reply(p, &n->end, "end of the message");
}

static bool any_accepted(const struct probe_server *s)
{
    for (size_t i = 0; i < s->n_rcpts; i++)
        if (smtp_reply_ok(&s->rcpts[i].reply) || smtp_reply_ok(&s->rcpts[i].second))
            return true;
    return false;
}

static void judge_sending(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_notes *n = s->notes;
    struct str text = probe_reply_text(&p->probe->arena, n->end.code != 0 ? &n->end : &n->data);
    if (!any_accepted(s)) {
        check_skip(checks, s->group, "message", "no recipient was accepted");
        return;
    }
    check_begin(checks, s->group, "message");
    if (n->data.code != 0 && n->data.code != 354)
        judge_reply(p, &n->data, "DATA");
    else
        judge_ends(p, n);
    int64_t us = s->client.stage_us[SMTP_STAGE_END];
    check_end(checks, us, "%.*s", STR_ARG(text));
}

void probe_judge_message(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_options *o = p->options;
    if (s->notes->unsupported.n > 0) {
        check_begin(checks, s->group, "extensions");
        check_add(checks, FINDING_FLOW_MESSAGE_UNSUPPORTED, "%.*s", STR_ARG(s->notes->unsupported));
        check_end(checks, -1, "not offered: %.*s", STR_ARG(s->notes->unsupported));
    }
    if (o->has_message && o->stop == PROBE_STOP_END && s->notes->rcpts_asked)
        judge_sending(p, s);
}
