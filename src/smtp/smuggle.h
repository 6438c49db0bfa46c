/* Malformed ends of DATA (SMTP smuggling), and the payloads that show how a server takes them. */
#ifndef MP_SMTP_SMUGGLE_H
#define MP_SMTP_SMUGGLE_H

#include "base/buf.h"

struct smuggle_sequence {
    const char *name; /* "LF.LF", "CRLF.NULCRLF" */
    struct str bytes; /* from the line end before the dot to the one after */
};
enum { SMUGGLE_SEQUENCES = 14 };
extern const struct smuggle_sequence smuggle_sequences[SMUGGLE_SEQUENCES];
const struct smuggle_sequence *smuggle_by_name(struct str name); /* NULL: none */

/* What one server does with one sequence. In this order of danger. */
enum smuggle_verdict {
    SMUGGLE_CONTENT,  /* c: taken as text, the true end ended the message */
    SMUGGLE_REFUSED,  /* r: 4xx, 5xx or the connection was closed */
    SMUGGLE_ENDS,     /* e: ends DATA, but what follows was not taken as commands */
    SMUGGLE_SMUGGLED, /* S: a second message was accepted */
    SMUGGLE_UNDECIDED /* timeout, or the answers make no sense */
};
const char *smuggle_verdict_name(enum smuggle_verdict v);

#endif
