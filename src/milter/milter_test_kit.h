/* A driver for tests: feeds a session, answers by the address, keeps a log; and an MTA that carries
 * out edits one after the other, as Postfix does. */
#ifndef MP_MILTER_TEST_KIT_H
#define MP_MILTER_TEST_KIT_H

#include <stdlib.h>

#include "milter/client.h"
#include "milter/session.h"

enum { KIT_MAX_BYTES = 64 << 20, KIT_MAX_FIELDS = 4096 };

struct kit {
    struct milter_session *session;
    struct buf log, message, out;
    bool no_room;                  /* the sink says no */
    bool later;                    /* answers come by kit_answer only */
    struct milter_verdict verdict; /* of each message */
    int status;
    struct mp_err err;
};

static bool kit_add(void *arg, struct str bytes)
{
    struct kit *k = arg;
    buf_add(&k->message, bytes);
    return !k->no_room;
}

static inline void kit_init(struct kit *k, const struct milter_config *config)
{
    *k = (struct kit){.status = MP_OK};
    struct buf *bufs[] = {&k->log, &k->message, &k->out};
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_init(bufs[i], KIT_MAX_BYTES);
    k->session = milter_session_new(config, (struct milter_sink){kit_add, k});
    if (k->session == NULL)
        abort();
}

static inline void kit_clear(struct kit *k)
{
    milter_session_free(k->session);
    buf_clear(&k->log);
    buf_clear(&k->message);
    buf_clear(&k->out);
}

/* Words of an address or of parameters, readable. */
static inline void kit_words(struct buf *log, struct str words)
{
    struct str word;
    while (milter_word_next(&words, &word)) {
        buf_addc(log, ' ');
        buf_add(log, word);
    }
}

/* Answer what waits: by the address of MAIL and RCPT. */
static inline void kit_answer(struct kit *k, const struct milter_event *e)
{
    static const struct milter_refusal no = {550, 5, 7, 1, STR_INIT("No, 100% not")};
    struct milter_envelope envelope;
    milter_session_envelope(k->session, &envelope);
    struct str who = e->type == MILTER_EVENT_RCPT ? e->rcpt.address : envelope.sender;
    if (e->type == MILTER_EVENT_MESSAGE)
        k->status = milter_answer_message(k->session, &k->verdict, &k->err);
    else if (str_starts(who, STR("refuse")))
        k->status = milter_answer_refuse(k->session, &no, &k->err);
    else if (str_starts(who, STR("accept")))
        k->status = milter_answer_accept(k->session, &k->err);
    else if (str_starts(who, STR("fault")))
        k->status = milter_answer_fault(k->session);
    else
        k->status = milter_answer_continue(k->session, &k->err);
}

static inline void kit_note(struct kit *k, const struct milter_event *e)
{
    static const char *const names[] = {"none", "connect", "helo",  "mail", "rcpt",
                                        "data", "message", "abort", "new",  "quit"};
    struct milter_peer peer;
    struct milter_envelope envelope;
    char ip[IP_TEXT_MAX] = "-";
    milter_session_peer(k->session, &peer);
    milter_session_envelope(k->session, &envelope);
    buf_addz(&k->log, names[e->type]);
    if (e->type == MILTER_EVENT_CONNECT) {
        if (peer.ip.family != IP_NONE)
            ip_write(&peer.ip, ip);
        buf_addf(&k->log, " " STR_FMT " %c %s %u " STR_FMT, STR_ARG(peer.name), (char)peer.family,
                 ip, peer.port, STR_ARG(peer.address));
    } else if (e->type == MILTER_EVENT_HELO) {
        buf_addf(&k->log, " " STR_FMT, STR_ARG(peer.helo));
    } else if (e->type == MILTER_EVENT_MAIL) {
        buf_reset(&k->message);
        buf_addf(&k->log, " <" STR_FMT ">", STR_ARG(envelope.sender));
        kit_words(&k->log, envelope.sender_params);
    } else if (e->type == MILTER_EVENT_RCPT) {
        buf_addf(&k->log, " <" STR_FMT ">", STR_ARG(e->rcpt.address));
        kit_words(&k->log, e->rcpt.params);
    } else if (e->type == MILTER_EVENT_MESSAGE) {
        buf_addf(&k->log, " %llu for %zu%s%s%s", (unsigned long long)e->message_bytes,
                 envelope.n_rcpts, e->too_big ? " too-big" : "", e->sink_failed ? " no-room" : "",
                 e->spaces_lost ? " spaces-lost" : "");
    }
    buf_addz(&k->log, e->wants_answer ? "?\n" : "\n");
}

static inline void kit_drain(struct kit *k)
{
    struct str out = milter_session_output(k->session);
    out = str_slice(out, 0, out.n > 7 ? 7 : out.n); /* sockets take what they like */
    buf_add(&k->out, out);
    milter_session_sent(k->session, out.n);
}

/* All of `in`, in pieces of `step` bytes. */
static inline void kit_feed(struct kit *k, struct str in, size_t step)
{
    do {
        struct str piece = str_slice(in, 0, step);
        in = str_slice(in, piece.n, in.n);
        struct milter_event e;
        while (k->status == MP_OK &&
               (k->status = milter_session_take(k->session, &piece, &e, &k->err)) == MP_OK &&
               e.type != MILTER_EVENT_NONE) {
            kit_note(k, &e);
            if (e.wants_answer && !k->later)
                kit_answer(k, &e);
        }
        while (milter_session_output(k->session).n > 0)
            kit_drain(k);
        if (k->status != MP_OK)
            buf_addf(&k->log, "error %s\n", k->err.text);
    } while (in.n > 0 && k->status == MP_OK);
}

/* ---- what an MTA says ----------------------------------------------------------------- */

static inline void say_words(struct buf *out, enum milter_command command, const char *a,
                             const char *b)
{
    const struct str words[] = {str_from(a), str_from(b)};
    milter_client_words(out, command, words, b == NULL ? 1 : 2);
}

static inline void say_macros(struct buf *out, enum milter_command command, const char *name,
                              const char *value)
{
    const struct str pairs[] = {str_from(name), str_from(value)};
    milter_client_macros(out, command, pairs, 2);
}

static const struct milter_options newest = {
    MILTER_VERSION, MILTER_CAN_ALL, MILTER_STEPS_ALL, {NULL, 0}};

/* A conversation of letters: O options, C connect, H helo, M mail, R rcpt, T data, L field, N end
 * of header, B body, E end, A abort, Q quit, K quit for another, U unknown, D macros. */
static inline void say_letters(const char *letters_, struct buf *out)
{
    struct milter_client c;
    for (const char *l = letters_; *l != '\0'; l++) {
        const struct str field[] = {STR("X"), STR(" y")};
        if (*l == 'O')
            milter_client_begin(&c, &newest, out);
        else if (*l == 'C')
            milter_client_connect(out, STR("unknown"), MILTER_FAMILY_INET6, 1,
                                  STR("IPv6:2001:db8::1"));
        else if (*l == 'L')
            milter_client_words(out, MILTER_HEADER, field, 2);
        else if (*l == 'D')
            say_macros(out, MILTER_MAIL, "i", "1");
        else if (strchr("NTAQK", *l) != NULL)
            milter_packet_write(out, *l, STR_NONE);
        else if (strchr("BE", *l) != NULL)
            milter_packet_write(out, *l, STR("b\r\n"));
        else
            say_words(out, (enum milter_command) * l, "<a@a.test>", NULL);
    }
}

/* The answers of a session, a letter each. */
static inline void letters(struct str out, struct buf *to)
{
    struct milter_packet p;
    while (milter_packet_next(&out, MILTER_PACKET_MAX_BYTES, &p, NULL) == MP_OK)
        buf_addc(to, p.command);
}

/* ---- an MTA that edits ------------------------------------------------------------------------
 */

struct kit_field {
    struct str name, value; /* as on the wire of the protocol */
};

struct kit_mta {
    struct kit_field fields[KIT_MAX_FIELDS]; /* the first is the MTA's own Received */
    size_t n;
    struct str quarantine;
};

static inline void kit_mta_insert(struct kit_mta *m, size_t at, struct kit_field f)
{
    if (m->n == KIT_MAX_FIELDS)
        abort();
    at = at < m->n ? at : m->n;
    memmove(&m->fields[at + 1], &m->fields[at], (m->n - at) * sizeof f);
    m->fields[at] = f;
    m->n++;
}

/* The place of the `index`-th field of a name now, from 1, its own Received not counted; n if none.
 */
static inline size_t kit_mta_find(const struct kit_mta *m, size_t own, struct str name,
                                  uint32_t index)
{
    for (size_t i = 0; i < m->n; i++)
        if (i != own && str_ieq(m->fields[i].name, name) && --index == 0)
            return i;
    return m->n;
}

/* Carry out what a filter sent, up to and with its answer; that is returned, or 0. */
static inline char kit_mta_apply(struct kit_mta *m, struct str replies)
{
    struct milter_packet p;
    size_t own = 0;
    while (milter_packet_next(&replies, MILTER_ANSWER_MAX_BYTES, &p, NULL) == MP_OK) {
        uint32_t index = 0;
        struct kit_field f;
        if (milter_client_meaning(p.command) == MILTER_MEANS_WORD)
            return p.command;
        if (p.command == MILTER_QUARANTINE)
            m->quarantine = p.payload;
        if (milter_client_edit(&p, &index, &f.name, &f.value, NULL) != MP_OK)
            continue;
        size_t at = kit_mta_find(m, own, f.name, index);
        if (p.command == MILTER_ADD_HEADER) {
            kit_mta_insert(m, m->n, f);
        } else if (p.command == MILTER_INSERT_HEADER) {
            own += index <= own;
            kit_mta_insert(m, index, f);
        } else if (f.value.n > 0 && at < m->n) {
            m->fields[at].value = f.value;
        } else if (f.value.n > 0) {
            kit_mta_insert(m, m->n, f);
        } else if (at < m->n) {
            own -= at < own;
            memmove(&m->fields[at], &m->fields[at + 1], (--m->n - at) * sizeof f);
        }
    }
    return 0;
}

#endif
