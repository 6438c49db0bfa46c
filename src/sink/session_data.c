/* DATA and BDAT: the message comes in, is judged, and goes to the store. */
#include <stdio.h>

#include "sink/sink_internal.h"

enum { NOTE_MAX = 300, PRESIZE_MAX = 1 << 20 };

static bool is_chunked(const struct conn *c)
{
    return c->tx.by_chunks;
}

/* Where the bytes go; NULL: away, they are only counted. */
static struct buf *target(struct conn *c)
{
    struct transaction *t = &c->tx;
    if (t->too_big || t->no_memory || t->chunk_fate != CHUNK_TAKEN)
        return NULL;
    return &c->raw;
}

/* Behind each piece: too long, or no memory? Then what is there goes, and the rest too. */
static void check_size(struct conn *c)
{
    struct transaction *t = &c->tx;
    if (c->raw.n > c->sink->config.max_message_bytes)
        t->too_big = true;
    else if (c->raw.failed)
        t->no_memory = true;
    else
        return;
    buf_clear(&c->raw);
    conn_charge(c);
}

/* ---- the end ---- */

static void describe_odd(const struct smtp_line_ends *l, char text[NOTE_MAX])
{
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < SMTP_ODD_COUNT; i++)
        if (l->odd[i].count > 0 && n < NOTE_MAX)
            n += (size_t)snprintf(text + n, NOTE_MAX - n, "%s%llu %s (first at octet %llu)",
                                  n > 0 ? ", " : "", (unsigned long long)l->odd[i].count,
                                  smtp_odd_name((enum smtp_odd)i),
                                  (unsigned long long)l->odd[i].first_offset);
}

/* What is wrong with the message itself. Code 0: nothing. */
static struct answer judge(struct conn *c, char text[NOTE_MAX])
{
    const struct transaction *t = &c->tx;
    char odd[NOTE_MAX - 60];
    const struct smtp_line_ends *l = is_chunked(c) ? &t->chunk.line_ends : &t->data.line_ends;
    if (t->too_big)
        return ANSWER(552, "5.3.4", "the message is larger than SIZE says");
    if (t->no_memory)
        return ANSWER(452, "4.3.1", "no memory is left, come back later");
    if (t->body == SMTP_BODY_BINARYMIME || smtp_line_ends_ok(l))
        return (struct answer){0};
    char whole[NOTE_MAX];
    describe_odd(l, whole);
    snprintf(odd, sizeof odd, "%.*s", (int)sizeof odd - 1, whole);
    if (c->sink->config.lenient_line_ends) {
        log_info(c, "odd line ends, taken: %s", odd);
        return (struct answer){0};
    }
    int n = snprintf(text, NOTE_MAX, "the message is not all lines with CRLF: %s", odd);
    return (struct answer){550, "5.6.11", str_make(text, (size_t)n)};
}

/* One reply, or in LMTP one for each recipient that was taken. */
static unsigned answer_end(struct conn *c, struct answer a)
{
    unsigned code = 0;
    size_t n = c->lmtp ? c->tx.n_rcpts : 1;
    for (size_t i = 0; i < n && c->ending == OPEN; i++) {
        code = answer_decided(c, a);
        c->decision.action.delay_ms = 0; /* once is enough */
    }
    return code;
}

static void end_refused(struct conn *c, struct answer a)
{
    unsigned code = answer_end(c, a);
    const struct script_action *d = &c->decision.action;
    delivery_attempt(c, outcome_of(code), "end", code, d->reply_code > 0 ? d->reply_text : a.text);
    session_reset(c);
}

/* LMTP: each recipient may have a script of its own. The first delay, drop or cut is for all. */
static void ask_each(struct conn *c)
{
    struct inbox_decision first;
    for (size_t i = 0; i < c->tx.n_rcpts; i++) {
        struct rcpt *r = &c->tx.rcpts[i];
        answer_ask(c, SCRIPT_END, r);
        r->code = c->decision.action.reply_code;
        if (r->code > 0)
            r->text = arena_copy(&c->tx.arena, c->decision.action.reply_text);
        if (i == 0)
            first = c->decision;
    }
    first.action.reply_code = 0;
    c->decision = first;
}

static bool refuses_all(const struct conn *c)
{
    for (size_t i = 0; i < c->tx.n_rcpts; i++)
        if (c->tx.rcpts[i].code < 400)
            return false;
    return true;
}

/* The last byte is there. */
static void end_message(struct conn *c)
{
    char text[NOTE_MAX];
    uint64_t bytes = is_chunked(c) ? c->tx.chunk.line_ends.bytes : c->tx.data.line_ends.bytes;
    c->input = INPUT_COMMAND;
    atomic_fetch_add_explicit(&c->sink->count.bytes, bytes, memory_order_relaxed);
    log_info(c, "message of %llu octets%s", (unsigned long long)bytes,
             is_chunked(c) ? " in chunks" : "");
    struct answer wrong = judge(c, text);
    if (c->lmtp)
        ask_each(c);
    else
        answer_ask(c, SCRIPT_END, c->tx.n_rcpts > 0 ? &c->tx.rcpts[0] : NULL);
    const struct script_action *d = &c->decision.action;
    bool refused = d->drop || d->reply_code >= 400;
    if (wrong.code > 0 && !d->drop)
        c->decision.action.reply_code = 0; /* a script cannot make a bad message good */
    if (wrong.code > 0 || refused) {
        end_refused(c, wrong.code > 0 ? wrong : ANSWER(250, "2.0.0", "Ok"));
        return;
    }
    int status;
    if (c->lmtp && refuses_all(c)) { /* nothing is to be stored as taken */
        session_stored(c);
        return;
    }
    if (!delivery_accept(c, &status))
        end_refused(c, status == MP_E_LIMIT
                           ? ANSWER(452, "4.3.1", "the store is behind, come back later")
                           : ANSWER(451, "4.3.0", "the message could not be stored"));
}

/* ---- after the store ---- */

static void answer_stored(struct conn *c, struct answer usual)
{
    for (size_t i = 0; i < (c->lmtp ? c->tx.n_rcpts : 1) && c->ending == OPEN; i++) {
        const struct rcpt *r = &c->tx.rcpts[i];
        bool own = c->lmtp && r->code > 0;
        if (own && r->code >= 400)
            delivery_attempt_rcpt(c, r);
        answer_decided(c, own ? (struct answer){r->code, NULL, r->text} : usual);
        c->decision.action.delay_ms = 0;
    }
}

void session_stored(struct conn *c)
{
    char text[80] = "Ok: stored";
    struct pending *p = c->pending;
    int status = p == NULL ? MP_OK : atomic_load(&p->status);
    c->pending = NULL;
    if (p != NULL)
        snprintf(text, sizeof text, "Ok: stored as %s", p->id);
    if (c->ending == OPEN && status == MP_OK) {
        answer_stored(c, (struct answer){250, "2.0.0", str_from(text)});
    } else if (c->ending == OPEN) {
        c->decision.action.reply_code = 0;
        answer_end(c, status == MP_E_LIMIT
                          ? ANSWER(452, "4.3.1", "the store is behind, come back later")
                          : ANSWER(451, "4.3.0", "the message could not be stored"));
        SINK_COUNT(c->sink, deferred);
    }
    if (status == MP_OK && p != NULL) {
        SINK_COUNT(c->sink, messages);
        atomic_fetch_add_explicit(&c->sink->count.recipients, c->tx.n_rcpts, memory_order_relaxed);
    }
    delivery_refused_rcpts(c);
    session_reset(c);
}

/* ---- DATA ---- */

/* May a message come now? */
static bool has_rcpts(struct conn *c)
{
    if (c->tx.n_rcpts > 0)
        return true;
    if (c->tx.n_refused + c->tx.not_kept > 0)
        answer_line(c, ANSWER(554, "5.5.1", "no recipient was taken"));
    else
        answer_error(c, 503, "5.5.1", "say RCPT first");
    return false;
}

void session_data(struct conn *c)
{
    struct transaction *t = &c->tx;
    if (t->by_chunks || t->body == SMTP_BODY_BINARYMIME) {
        answer_error(c, 503, "5.5.1", "BDAT it must be, not DATA");
        return;
    }
    if (!has_rcpts(c))
        return;
    unsigned code =
        answer(c, SCRIPT_DATA, &t->rcpts[0], ANSWER(354, NULL, "go on, end with CRLF.CRLF"));
    if (code == 354) {
        c->input = INPUT_DATA;
        t->data_from_us = c->sink->now_us;
        return;
    }
    delivery_attempt(c, outcome_of(code), "data", code, c->decision.action.reply_text);
    session_reset(c);
}

size_t session_take_data(struct conn *c, struct str in)
{
    struct transaction *t = &c->tx;
    size_t used = smtp_data_read(&t->data, in, target(c));
    check_size(c);
    if (t->data.ended)
        end_message(c);
    return used;
}

/* ---- BDAT ---- */

/* A chunk that is not the last ends the transaction when it cannot be kept. */
static void refuse_chunk(struct conn *c, struct answer a)
{
    unsigned code = answer_decided(c, a);
    const struct script_action *d = &c->decision.action;
    delivery_attempt(c, outcome_of(code), "data", code, d->reply_code > 0 ? d->reply_text : a.text);
    session_reset(c);
}

/* Behind the last byte of a chunk. */
static void end_chunk(struct conn *c)
{
    struct transaction *t = &c->tx;
    enum chunk_fate fate = t->chunk_fate;
    char text[60];
    c->input = INPUT_COMMAND;
    if (fate == CHUNK_SCRIPTED) {
        refuse_chunk(c, ANSWER(250, "2.0.0", "Ok"));
    } else if (fate != CHUNK_TAKEN) {
        t->chunk = (struct smtp_chunk_reader){0};
        t->chunk_fate = CHUNK_TAKEN;
        if (fate == CHUNK_NO_RCPT)
            answer_line(c, ANSWER(554, "5.5.1", "no recipient was taken"));
        else
            answer_error(c, 503, "5.5.1", "say MAIL and RCPT first");
    } else if (t->chunk.last) {
        end_message(c);
    } else if (t->too_big || t->no_memory) {
        c->decision.action = (struct script_action){0};
        refuse_chunk(c, t->too_big ? ANSWER(552, "5.3.4", "the message is larger than SIZE says")
                                   : ANSWER(452, "4.3.1", "no memory is left, come back later"));
    } else {
        snprintf(text, sizeof text, "%llu octets received", (unsigned long long)t->chunk_bytes);
        answer_line(c, (struct answer){250, "2.0.0", str_from(text)});
    }
}

/* The first chunk of a message is what DATA is to others. */
static void first_chunk(struct conn *c)
{
    struct transaction *t = &c->tx;
    answer_ask(c, SCRIPT_DATA, &t->rcpts[0]);
    const struct script_action *d = &c->decision.action;
    t->by_chunks = true;
    c->throttle_bytes_s = d->throttle_bytes_s;
    if (d->drop || d->reply_code >= 400)
        t->chunk_fate = CHUNK_SCRIPTED; /* said behind the chunk */
    else if (d->delay_ms > 0)
        conn_block_for(c, d->delay_ms, BLOCK_DELAY);
}

/* The chunk comes whatever we think of it (RFC 3030 2): refused ones are read and thrown away. */
void session_bdat(struct conn *c)
{
    struct transaction *t = &c->tx;
    smtp_chunk_begin(&t->chunk, c->request.chunk_bytes, c->request.last);
    t->chunk_bytes = c->request.chunk_bytes;
    c->input = INPUT_CHUNK;
    if (!t->by_chunks) /* else the time of the whole message counts */
        t->data_from_us = c->sink->now_us;
    if (t->open && t->n_rcpts > 0) {
        if (!t->by_chunks)
            first_chunk(c);
        t->too_big = t->too_big || t->chunk.total > c->sink->config.max_message_bytes;
    } else {
        t->chunk_fate = t->open && t->n_refused + t->not_kept > 0 ? CHUNK_NO_RCPT : CHUNK_NO_MAIL;
    }
    if (t->chunk.left == 0)
        end_chunk(c);
}

size_t session_take_chunk(struct conn *c, struct str in)
{
    size_t used = smtp_chunk_read(&c->tx.chunk, in, target(c));
    check_size(c);
    if (c->tx.chunk.left == 0)
        end_chunk(c);
    return used;
}
