/* The MTA's role, as far as tests, the benchmark and a probe of a filter need it: commands as
 * bytes, a message cut up as Postfix or Sendmail does it, the filter's answers understood. */
#ifndef MP_MILTER_CLIENT_H
#define MP_MILTER_CLIENT_H

#include "milter/packet.h"

struct milter_client {
    struct milter_options offer, agreed; /* `agreed` is zero until the filter's options came */
};

/* OPTNEG. */
void milter_client_begin(struct milter_client *c, const struct milter_options *offer,
                         struct buf *out);

/* The filter's options. MP_E_SYNTAX: broken, or more than was offered. `agreed.macros` borrows. */
int milter_client_agree(struct milter_client *c, const struct milter_packet *p, struct mp_err *err);

/* Does the filter want this command; does it answer it? */
bool milter_client_sends(const struct milter_client *c, enum milter_command command);
bool milter_client_awaits(const struct milter_client *c, enum milter_command command);

void milter_client_connect(struct buf *out, struct str name, enum milter_family family,
                           uint16_t port, struct str address);

/* HELO, MAIL, RCPT, UNKNOWN: words, each with a NUL behind it. */
void milter_client_words(struct buf *out, enum milter_command command, const struct str *words,
                         size_t n);

/* Macros for the command that follows: names and values by turns. */
void milter_client_macros(struct buf *out, enum milter_command command, const struct str *pairs,
                          size_t n_strings);

/* A message with CRLF that goes out piece by piece; zero but for the first two. */
struct milter_client_message {
    struct str rest;  /* the message; what is not sent of it */
    bool body_in_end; /* the last piece of the body goes with BODYEOB, as from Postfix */
    bool in_body, ended;
};

/* Append packets up to one that the filter answers; the last one is always BODYEOB, then `ended` is
 * set. Header lines without a colon begin the body, as MTAs see it. */
void milter_client_next(const struct milter_client *c, struct milter_client_message *m,
                        struct buf *out);

/* What a packet of the filter's means. */
enum milter_meaning {
    MILTER_MEANS_WORD,     /* the answer: continue, accept, reject, tempfail, a reply code, ... */
    MILTER_MEANS_EDIT,     /* a change, more follows; also quarantine */
    MILTER_MEANS_PROGRESS, /* wait on */
    MILTER_MEANS_NOTHING   /* no such reply */
};
enum milter_meaning milter_client_meaning(char reply);

/* MILTER_ADD_HEADER, INSERT_HEADER, CHANGE_HEADER: MP_E_SYNTAX when broken. `index` is 0 of ADD. */
int milter_client_edit(const struct milter_packet *p, uint32_t *index, struct str *name,
                       struct str *value, struct mp_err *err);

#endif
