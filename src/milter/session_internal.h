/* What a session keeps, for the files that read the MTA's commands and write the answers. */
#ifndef MP_MILTER_SESSION_INTERNAL_H
#define MP_MILTER_SESSION_INTERNAL_H

#include "base/arena.h"
#include "milter/session.h"

/* Where the connection stands; bits, so that a command can name those it may come in. */
enum {
    PHASE_START = 1,
    PHASE_AGREED = 2, /* options are; no client yet */
    PHASE_CLIENT = 4, /* known, and between two messages */
    PHASE_MAIL = 8,
    PHASE_RCPT = 16,
    PHASE_DATA = 32,
    PHASE_FIELDS = 64,
    PHASE_BODY = 128,
    PHASE_ENDED = 256, /* an answer to the message is due */
    PHASE_CLOSED = 512,
    PHASE_IN_MESSAGE =
        PHASE_MAIL | PHASE_RCPT | PHASE_DATA | PHASE_FIELDS | PHASE_BODY | PHASE_ENDED
};

struct milter_session {
    struct milter_config config;
    struct milter_sink sink;
    struct milter_options agreed;
    unsigned phase;
    enum milter_event_type waiting; /* for its answer */
    bool stale;                     /* the message is over: forget it at the next take() */
    bool broken;

    struct buf packet; /* one that is not whole yet, */
    bool held;         /* or that is, and an abort had to be told before */
    struct buf ahead;  /* came while an answer was due; used up to ahead_at */
    size_t ahead_at;
    char body_command; /* BODY or BODY_END while `in_body` */
    bool in_body;
    size_t body_left; /* of the packet */

    struct milter_peer peer; /* its strings lie in `names`: offsets there until asked for */
    struct buf names;        /* the client's name, then its address */
    size_t name_bytes;
    struct buf helo;
    struct buf macros[MILTER_STAGES];

    struct arena arena; /* the envelope of a message */
    bool mail_macros;   /* were told for the next MAIL */
    struct str sender, sender_params;
    struct milter_rcpt *rcpts;
    size_t n_rcpts, rcpts_cap;
    uint64_t message_bytes;
    bool too_big, sink_failed;
    struct buf line; /* a field as the sink gets it */

    struct buf out;
    size_t sent;
};

/* A command: when it may come, and what it does. */
struct milter_rule {
    char command;
    const char *name;
    unsigned phases;
    bool aborts; /* a message that was not ended, as libmilter does */
    /* NULL: a piece of the body. MP_OK with the event, if it is one. */
    int (*take)(struct milter_session *s, struct str payload, struct milter_event *event,
                struct mp_err *err);
};

/* The rule of a command that may come now; MP_E_SYNTAX. */
int milter_find_rule(const struct milter_session *s, char command, const struct milter_rule **out,
                     struct mp_err *err);

/* A packet of the body begins; its bytes come through body_add; it has ended. */
void milter_begin_body(struct milter_session *s, char command, size_t length);
void milter_body_add(struct milter_session *s, struct str bytes);
int milter_end_body(struct milter_session *s, struct milter_event *event, struct mp_err *err);

extern const char *const milter_default_macros[MILTER_STAGES];

int milter_no_memory(struct mp_err *err);

/* The message is over, for whatever reason; what is known of it stays until the next take(). */
void milter_end_message(struct milter_session *s);
void milter_forget_message(struct milter_session *s);

/* One of the commands that carry no payload, to the MTA. False: no memory. */
bool milter_say(struct milter_session *s, enum milter_reply reply);

#endif
