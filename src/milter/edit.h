/* What is to change on a message, as packets: fields taken away, replaced, added. */
#ifndef MP_MILTER_EDIT_H
#define MP_MILTER_EDIT_H

#include "milter/packet.h"

enum {
    MILTER_MAX_EDITS = 2000,
    MILTER_NAME_MAX_BYTES = 255, /* of a field that is written */
    MILTER_VALUE_MAX_BYTES = 60000
};

enum milter_edit_kind {
    MILTER_EDIT_REMOVE,
    MILTER_EDIT_REPLACE,
    MILTER_EDIT_INSERT, /* at the top of the message, above the MTA's own Received */
    MILTER_EDIT_APPEND  /* behind the last field */
};

struct milter_edit {
    enum milter_edit_kind kind;
    struct str name; /* REMOVE, REPLACE: any case; what the message has before the colon */
    unsigned nth;    /* REMOVE, REPLACE: among the fields of this name, the topmost is 1 */
    struct str
        value; /* without the space behind the colon; folded by CRLF or LF with white space */
};

/* Append the packets of all edits, or none. What they say is about the message as it was received,
 * in any order: each edit names a field by its place there, whatever the other edits do. Of several
 * INSERTs the first becomes the topmost; APPENDs stay in order.
 * Values may come from mail: a line break that no white space follows becomes a space, as does a
 * lone CR; lines of white space only vanish; other controls than tabs become "?". So a value never
 * ends its field. An empty value is written as an empty field, never as a removal.
 * `leading_space`: was MILTER_LEADING_SPACE agreed on?
 * MP_E_USAGE: a name that is no field's, nth is 0, two edits of one field; MP_E_LIMIT: too many,
 * too long; MP_E_NOMEM. */
int milter_edits_write(struct buf *out, const struct milter_edit *edits, size_t n,
                       bool leading_space, struct mp_err *err);

/* A refusal as the SMTP client will see it (RFC 5321 4.2, RFC 3463). */
enum {
    MILTER_REFUSAL_MAX_LINES = 20,      /* libmilter takes 32 */
    MILTER_REFUSAL_LINE_MAX_BYTES = 400 /* of text; with code and CRLF below 512 */
};
struct milter_refusal {
    unsigned code; /* 400..599; 421 closes the SMTP connection */
    unsigned class_, subject,
        detail;      /* class_ is 4 or 5, as the code says; 0: taken from the code */
    struct str text; /* broken into lines at LF and, where they are too long, at spaces; what is not
                        printable ASCII becomes "?". Empty: "Refused" or "Try again later" */
};

/* MILTER_REPLY_CODE, "%" doubled as Sendmail needs it. MP_E_USAGE: no such code. What is beyond the
 * limits is cut. */
int milter_refusal_write(struct buf *out, const struct milter_refusal *r, struct mp_err *err);

/* MILTER_QUARANTINE with its reason, cut and cleaned like a line of a refusal. */
void milter_quarantine_write(struct buf *out, struct str reason);

#endif
