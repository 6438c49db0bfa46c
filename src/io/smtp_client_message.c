/* A mail transaction: envelope, DATA or BDAT, pipelined or step by step; LMTP's many replies. */
#include "base/clock.h"
#include "io/smtp_client_internal.h"

enum { PIPELINE_MAX_BYTES = 4 << 20, BDAT_LINE_BYTES = 64 };

static int fail_argument(struct smtp_client *c, enum smtp_stage stage, struct mp_err *err,
                         const char *text)
{
    return client_fail_local(c, stage, mp_fail(err, MP_E_USAGE, 0, "%s", text));
}

/* ---- envelope ---- */

int smtp_mail(struct smtp_client *c, struct str from, const struct smtp_mail_params *p,
              struct mp_err *err)
{
    struct buf command;
    int st = client_begin(c, SMTP_STAGE_MAIL, err);
    if (st != MP_OK)
        return st;
    buf_init(&command, SMTP_COMMAND_MAX_BYTES);
    st = smtp_write_mail(&command, from, p, err);
    st = st == MP_OK ? client_talk(c, SMTP_STAGE_MAIL, buf_str(&command), err)
                     : client_fail_local(c, SMTP_STAGE_MAIL, st);
    buf_clear(&command);
    return st;
}

int smtp_rcpt(struct smtp_client *c, struct str to, const struct smtp_rcpt_params *p,
              struct mp_err *err)
{
    struct buf command;
    int st = client_begin(c, SMTP_STAGE_RCPT, err);
    if (st != MP_OK)
        return st;
    buf_init(&command, SMTP_COMMAND_MAX_BYTES);
    st = smtp_write_rcpt(&command, to, p, err);
    st = st == MP_OK ? client_talk(c, SMTP_STAGE_RCPT, buf_str(&command), err)
                     : client_fail_local(c, SMTP_STAGE_RCPT, st);
    buf_clear(&command);
    return st;
}

int smtp_data(struct smtp_client *c, struct mp_err *err)
{
    int st = client_begin(c, SMTP_STAGE_DATA, err);
    return st == MP_OK ? client_talk(c, SMTP_STAGE_DATA, STR("DATA\r\n"), err) : st;
}

/* One of several replies that are due. *ended: the server took leave with 421 and is gone, so that
 * client->last stands for this one and all that remain. */
static int due_reply(struct smtp_client *c, enum smtp_stage stage, bool *ended, struct mp_err *err)
{
    bool said_goodbye = c->last.code == 421;
    int st = *ended ? MP_OK : client_reply(c, stage, 0, err);
    if (st == MP_OK || !said_goodbye || c->fault != SMTP_FAULT_CLOSED)
        return st;
    *ended = true;
    c->fault = SMTP_FAULT_NONE; /* wire_lost stays */
    return MP_OK;
}

static int write_pipeline(struct buf *out, struct str from, const struct smtp_mail_params *p,
                          const struct str *to, size_t n_to, const struct smtp_rcpt_params *rp,
                          struct mp_err *err)
{
    int st = smtp_write_mail(out, from, p, err);
    for (size_t i = 0; i < n_to && st == MP_OK; i++)
        st = smtp_write_rcpt(out, to[i], rp, err);
    buf_addz(out, "DATA\r\n");
    if (st == MP_OK && out->failed)
        return mp_fail(err, MP_E_LIMIT, PIPELINE_MAX_BYTES, "the envelope is too large");
    return st;
}

static int read_pipeline(struct smtp_client *c, size_t n_to, struct smtp_reply *replies,
                         struct mp_err *err)
{
    bool ended = false;
    for (size_t i = 0; i < n_to + 2; i++) {
        enum smtp_stage stage = i == 0          ? SMTP_STAGE_MAIL
                                : i == n_to + 1 ? SMTP_STAGE_DATA
                                                : SMTP_STAGE_RCPT;
        if (i == 0)
            c->last = (struct smtp_reply){0}; /* an older 421 is not of this transaction */
        int st = due_reply(c, stage, &ended, err);
        if (st != MP_OK)
            return st;
        replies[i] = c->last;
    }
    return MP_OK;
}

int smtp_pipeline(struct smtp_client *c, struct str from, const struct smtp_mail_params *p,
                  const struct str *to, size_t n_to, const struct smtp_rcpt_params *rp,
                  struct smtp_reply *replies, struct mp_err *err)
{
    struct buf out;
    int st = client_begin(c, SMTP_STAGE_MAIL, err);
    if (st != MP_OK)
        return st;
    if (n_to > SMTP_PIPELINE_MAX_RCPTS)
        return fail_argument(c, SMTP_STAGE_MAIL, err, "too many recipients for one transaction");
    buf_init(&out, PIPELINE_MAX_BYTES);
    st = write_pipeline(&out, from, p, to, n_to, rp, err);
    if (st != MP_OK)
        client_fail_local(c, SMTP_STAGE_MAIL, st);
    else
        st = client_send(c, SMTP_STAGE_MAIL, buf_str(&out), false, err);
    buf_clear(&out);
    if (st != MP_OK && client_last_words(c, SMTP_STAGE_MAIL)) {
        for (size_t i = 0; i < n_to + 2; i++)
            replies[i] = c->last;
        return MP_OK;
    }
    return st == MP_OK ? read_pipeline(c, n_to, replies, err) : st;
}

/* ---- message ---- */

static void fill_replies(const struct smtp_client *c, struct smtp_reply *replies, size_t n)
{
    for (size_t i = 0; replies != NULL && i < n; i++)
        replies[i] = c->last;
}

/* The reply to the whole message: one, or in LMTP one a recipient (RFC 2033 4.2). */
static int final_replies(struct smtp_client *c, struct smtp_reply *replies, size_t n_replies,
                         struct mp_err *err)
{
    size_t due = c->config.lmtp ? n_replies : 1;
    bool ended = false;
    c->last = (struct smtp_reply){0};
    for (size_t i = 0; i < due; i++) {
        int st = due_reply(c, SMTP_STAGE_END, &ended, err);
        if (st != MP_OK)
            return st;
        if (replies != NULL && i < n_replies)
            replies[i] = c->last;
    }
    if (!c->config.lmtp)
        fill_replies(c, replies, n_replies);
    c->mid_message = false;
    return MP_OK;
}

int smtp_message(struct smtp_client *c, struct str message, bool as_is, struct smtp_reply *replies,
                 size_t n_replies, struct mp_err *err)
{
    struct buf out;
    int st = client_begin(c, SMTP_STAGE_BODY, err);
    if (st != MP_OK)
        return st;
    if (!c->mid_message)
        return fail_argument(c, SMTP_STAGE_BODY, err,
                             "a message may be sent only behind a 354 of the server");
    if (message.n > SMTP_MESSAGE_MAX_BYTES)
        return fail_argument(c, SMTP_STAGE_BODY, err, "the message is longer than 256 MiB");
    buf_init(&out, message.n * 2 + 16); /* at worst each byte is a line end or a dot to double */
    smtp_write_data(&out, message, as_is);
    if (out.failed)
        st = client_fail(c, SMTP_STAGE_BODY, SMTP_FAULT_LOCAL, MP_E_NOMEM, err,
                         "no memory for a message of %zu bytes", message.n);
    else
        st = client_send(c, SMTP_STAGE_BODY, buf_str(&out), true, err);
    buf_clear(&out);
    if (st != MP_OK && client_last_words(c, SMTP_STAGE_BODY)) {
        fill_replies(c, replies, n_replies);
        return MP_OK;
    }
    return st == MP_OK ? final_replies(c, replies, n_replies, err) : st;
}

/* ---- BDAT ---- */

/* The command and its octets. */
static int send_chunk(struct smtp_client *c, struct str chunk, bool last, struct mp_err *err)
{
    struct buf command;
    buf_init(&command, BDAT_LINE_BYTES);
    smtp_write_bdat(&command, chunk.n, last);
    int st = command.failed ? client_fail(c, SMTP_STAGE_BODY, SMTP_FAULT_LOCAL, MP_E_NOMEM, err,
                                          "no memory for a command")
                            : client_send(c, SMTP_STAGE_BODY, buf_str(&command), false, err);
    buf_clear(&command);
    return st == MP_OK ? client_send(c, SMTP_STAGE_BODY, chunk, true, err) : st;
}

int smtp_chunks(struct smtp_client *c, struct str message, size_t chunk_bytes,
                struct smtp_reply *replies, size_t n_replies, struct mp_err *err)
{
    int st = client_begin(c, SMTP_STAGE_BODY, err);
    if (st != MP_OK)
        return st;
    if (c->mid_message)
        return fail_argument(c, SMTP_STAGE_BODY, err, "BDAT cannot follow DATA");
    for (bool last = false; !last;) {
        struct str chunk = str_slice(message, 0, chunk_bytes == 0 ? message.n : chunk_bytes);
        message = str_slice(message, chunk.n, message.n);
        last = message.n == 0;
        st = send_chunk(c, chunk, last, err);
        bool is_reply = st != MP_OK && client_last_words(c, SMTP_STAGE_BODY);
        if (st != MP_OK && !is_reply)
            return st;
        if (last && !is_reply)
            break;
        if (!is_reply)
            st = client_reply(c, SMTP_STAGE_BODY, 0, err);
        if (!is_reply && st != MP_OK)
            return st;
        if (is_reply || !smtp_reply_ok(&c->last)) { /* the rest would be refused too */
            fill_replies(c, replies, n_replies);
            return MP_OK;
        }
    }
    return final_replies(c, replies, n_replies, err);
}

/* ---- anything ---- */

int smtp_command(struct smtp_client *c, struct str line, enum smtp_stage stage, struct mp_err *err)
{
    struct buf command;
    int st = client_begin(c, stage, err);
    if (st != MP_OK)
        return st;
    if (str_has(line, '\r') || str_has(line, '\n') || str_has(line, '\0') ||
        line.n > SMTP_COMMAND_MAX_BYTES - 2)
        return fail_argument(c, stage, err, "a command holds CR, LF or NUL, or is too long");
    buf_init(&command, SMTP_COMMAND_MAX_BYTES);
    buf_add(&command, line);
    buf_addz(&command, "\r\n");
    st = command.failed
             ? client_fail(c, stage, SMTP_FAULT_LOCAL, MP_E_NOMEM, err, "no memory for a command")
             : client_talk(c, stage, buf_str(&command), err);
    buf_clear(&command);
    return st;
}

int smtp_send_raw(struct smtp_client *c, struct str bytes, enum smtp_stage stage,
                  struct mp_err *err)
{
    int st = client_begin(c, stage, err);
    return st == MP_OK ? client_send(c, stage, bytes, true, err) : st;
}

int smtp_read_reply(struct smtp_client *c, enum smtp_stage stage, unsigned wait_ms,
                    struct mp_err *err)
{
    int st = client_begin(c, stage, err);
    return st == MP_OK ? client_reply(c, stage, wait_ms, err) : st;
}
