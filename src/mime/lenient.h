/* Lines, fields and bodies as the most forgiving readers take them. */
#ifndef MP_MIME_LENIENT_H
#define MP_MIME_LENIENT_H

#include "mime/boundary_set.h"
#include "mime/view_internal.h"

/* ---- lines (lenient_line.c) ---- */

struct loose_line {
    size_t start, end, next; /* without its end; where the next one begins */
    size_t lf;               /* the next LF, when it is known */
    bool lf_known;
};

/* CRLF, LF and CR end a line alike. False at the end. Zero-initialise the line; linear over all
 * lines as long as `pos` only grows. */
bool loose_next(struct str bytes, size_t pos, struct loose_line *line);

/* Nothing but white space and controls. */
bool is_blank(struct str line);

/* "Content-...:" behind whatever stands before it; `*value` is where its value begins. */
enum loose_field { LOOSE_NONE, LOOSE_TYPE, LOOSE_ENCODING, LOOSE_DISPOSITION, LOOSE_OTHER };
enum loose_field loose_field(struct str line, size_t *value);

/* A line that begins as a field does, whatever its name. */
bool is_field_like(struct str line);

/* Do decoded bytes begin as a message does, or as a part of one: with a field of MIME, or with some
 * fields and an empty line? */
bool begins_like_message(struct str bytes);

/* Which encodings some reader finds named in a value: bits 1u << enum body_encoding. `*odd`: some
 * reader finds none. */
unsigned loose_encodings(struct arena *arena, struct str value, bool *odd);

/* ---- bodies (lenient_body.c) ---- */

/* What stands between two heads: decoded by each label, and by what it looks like. */
struct loose_body {
    struct leaf leaf;   /* with place and facts */
    unsigned encodings; /* that a label names */
    bool anew;          /* in all ways, although it was taken already */
    bool guess;         /* it proves no difference */
    bool odd_label;     /* not just the name of an encoding: some readers see none */
    bool is_part;       /* it has a head, or a delimiter before it: a leaf even if it is plain */
    bool holds_message; /* by its type: what is decoded is walked */
};
void take_loose_body(struct taker *t, const struct loose_body *body);

#endif
