/* One connection of an MTA, seen from the filter: bytes in, events out, answers as bytes.
 *
 *     while (milter_session_take(s, &in, &event, &err) == MP_OK && event.type != MILTER_EVENT_NONE)
 *         the driver looks at the event, and answers it now or later if event.wants_answer
 *     send milter_session_output(s), then milter_session_sent(s, how much went out)
 *
 * take() swallows all of `in` before it says NONE: nothing is left for the driver to keep. While an
 * answer is due it says NONE at once and holds what came early; after the answer the driver calls
 * it again, with empty `in` too. Do not read more while output is not sent. A negative status of
 * take() ends the connection: the MTA then does what it is configured to (Postfix:
 * milter_default_action=tempfail); the same is right when a driver has no answer. No clock here:
 * how long an MTA may be silent, or an answer take, is the driver's.
 *
 * The message is not held: it goes into the driver's sink as it arrives, byte for byte as the MTA
 * got it as far as the protocol can carry it (docs: src/milter/README). */
#ifndef MP_MILTER_SESSION_H
#define MP_MILTER_SESSION_H

#include "base/ip.h"
#include "milter/edit.h"
#include "milter/packet.h"

enum {
    MILTER_MAX_RCPTS = 10000,               /* of one message: further ones get 452 4.5.3 */
    MILTER_ENVELOPE_MAX_BYTES = 8 << 20,    /* the same */
    MILTER_AHEAD_MAX_BYTES = 2 << 20,       /* sent while an answer is due: the connection ends */
    MILTER_OUTPUT_MAX_BYTES = 16 << 20,     /* not sent yet: an answer fails, the connection ends */
    MILTER_MESSAGE_DEFAULT_BYTES = 50 << 20 /* milter_config.max_message_bytes when it is 0 */
};

enum milter_event_type {
    MILTER_EVENT_NONE,    /* more bytes, or an answer, are needed */
    MILTER_EVENT_CONNECT, /* milter_session_peer: all but helo */
    MILTER_EVENT_HELO,    /* may come again, after STARTTLS too: what was known by it is void */
    MILTER_EVENT_MAIL,    /* milter_session_envelope: the sender. The sink starts afresh */
    MILTER_EVENT_RCPT,    /* event.rcpt; it is in the envelope unless it is refused */
    MILTER_EVENT_DATA,    /* only if milter_config.answers has MILTER_ANSWER_DATA */
    MILTER_EVENT_MESSAGE, /* whole: milter_answer_message, always wanted */
    MILTER_EVENT_ABORT,   /* this message will not be ended, the connection goes on */
    MILTER_EVENT_NEW,     /* QUIT, but a new CONNECT follows on this socket */
    MILTER_EVENT_QUIT     /* the MTA closes; so may the driver. Ends a message like ABORT */
};

struct milter_rcpt {
    struct str address; /* without < > */
    struct str params;  /* ESMTP, each with a NUL behind it: milter_word_next */
};

struct milter_event {
    enum milter_event_type type;
    bool wants_answer; /* the MTA waits for milter_answer_...; nothing more is taken until then */
    struct milter_rcpt rcpt;
    /* MESSAGE: */
    uint64_t message_bytes; /* that went into the sink */
    bool too_big;           /* more came than max_message_bytes: the sink has the beginning only */
    bool sink_failed;       /* the sink said no: it has the beginning at most */
    bool spaces_lost; /* an old MTA: the space behind a colon is our guess, signatures may not hold
                       */
};

/* Where the bytes of the message go: many small pieces, so buffer them. Called by take() only.
 * False: there is no room; it is not called again before the next MAIL. */
struct milter_sink {
    bool (*add)(void *arg, struct str bytes);
    void *arg;
};

/* Events that the driver answers; the others go on by themselves, unanswered if the MTA can do
 * without (fewer round trips). */
enum {
    MILTER_ANSWER_CONNECT = 1,
    MILTER_ANSWER_HELO = 2,
    MILTER_ANSWER_MAIL = 4,
    MILTER_ANSWER_RCPT = 8,
    MILTER_ANSWER_DATA = 16
};

struct milter_config {
    unsigned answers;
    uint32_t actions; /* MILTER_CAN_ that the driver needs: an MTA that does not offer them is an
                         error of take(); the edits of answers need them */
    uint64_t max_message_bytes; /* 0: MILTER_MESSAGE_DEFAULT_BYTES */
    const char *const *macros;  /* a list for each stage, names with a space between; NULL: ours */
};

struct milter_session;

/* Copies the config (the lists of macros must outlive it). NULL: no memory. */
struct milter_session *milter_session_new(const struct milter_config *config,
                                          struct milter_sink sink);
void milter_session_free(struct milter_session *s); /* accepts NULL */

/* The next event; *in moves on. What the event and the functions below show lives until the next
 * call of take(), and while an answer is due beyond that. MP_OK; MP_E_SYNTAX: no milter protocol,
 * or a command out of its order; MP_E_LIMIT; MP_E_USAGE: the MTA does not offer what is needed;
 * MP_E_NOMEM. After an error only free it. */
int milter_session_take(struct milter_session *s, struct str *in, struct milter_event *event,
                        struct mp_err *err);

/* ---- what is known -------------------------------------------------------------------------- */

struct milter_peer {
    struct str name; /* of the client by PTR, as the MTA says it; see milter_connect */
    enum milter_family family;
    struct ip ip; /* IP_NONE: a local client, or unknown */
    uint16_t port;
    struct str address; /* text of the above, or a path */
    struct str helo;    /* empty: none came */
    bool has_helo;
};
void milter_session_peer(const struct milter_session *s, struct milter_peer *out);

struct milter_envelope {
    struct str sender;        /* without < >; empty: the null sender */
    struct str sender_params; /* ESMTP, each with a NUL behind it: milter_word_next */
    const struct milter_rcpt *rcpts;
    size_t n_rcpts; /* without those that were refused by us */
};
void milter_session_envelope(const struct milter_session *s, struct milter_envelope *out);

/* The value that was told last for a macro of Sendmail ("i", "{auth_authen}"; braces do not
 * matter), of this message or of the connection; p == NULL when it was not told. Bytes of clients
 * may be in it: {cert_subject}, {auth_authen}. */
struct str milter_session_macro(const struct milter_session *s, const char *name);

/* Every one of them, a stage's macros behind each other, as milter_word_next reads them (name,
 * value, name, value): for a log. */
struct str milter_session_macros(const struct milter_session *s, enum milter_stage stage);

/* What was agreed on: 0 before. */
struct milter_options milter_session_options(const struct milter_session *s);

/* ---- answers: bytes for the MTA ---------------------------------------------------------------
 */

/* Each answers the event that waits. MP_E_USAGE: none waits, or it cannot be answered so;
 * MP_E_LIMIT, MP_E_NOMEM: nothing was written and it still waits: milter_answer_fault. */
int milter_answer_continue(struct milter_session *s, struct mp_err *err);

/* Not MESSAGE. At CONNECT or HELO: the rest of the connection is let through unseen; later: this
 * message is. Nothing more of it is sent. */
int milter_answer_accept(struct milter_session *s, struct mp_err *err);

/* At RCPT this recipient alone. At CONNECT Sendmail refuses each command that follows. */
int milter_answer_refuse(struct milter_session *s, const struct milter_refusal *refusal,
                         struct mp_err *err);

struct milter_verdict {
    const struct milter_refusal *refusal; /* NULL: it is accepted; else nothing below counts */
    const struct milter_edit *edits;
    size_t n_edits;
    struct str quarantine; /* the reason; p == NULL: it is not held */
};
int milter_answer_message(struct milter_session *s, const struct milter_verdict *verdict,
                          struct mp_err *err);

/* A fault of ours, to whatever waits: a bare tempfail (Postfix says 451 4.7.1, Sendmail 451 4.3.2).
 * MP_E_NOMEM only when not even that can be written: close. */
int milter_answer_fault(struct milter_session *s);

/* While a MESSAGE waits: the MTA's timer starts again. */
int milter_session_progress(struct milter_session *s, struct mp_err *err);

bool milter_session_waits(const struct milter_session *s); /* for an answer */

/* Did a message begin that was neither ended nor aborted? (When the MTA's connection breaks.) */
bool milter_session_in_message(const struct milter_session *s);

struct str milter_session_output(const struct milter_session *s);
void milter_session_sent(struct milter_session *s, size_t n_bytes);

#endif
