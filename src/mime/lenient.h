/* Lines, fields and bodies as the most forgiving readers take them. */
#ifndef MP_MIME_LENIENT_H
#define MP_MIME_LENIENT_H

#include "mime/boundary_set.h"
#include "mime/view_internal.h"

/* ---- lines (lenient_line.c) ---- */

struct loose_line {
    size_t start, end, next; /* without its end; where the next one begins */
};

/* CRLF, LF and CR end a line alike. False at the end. */
static inline bool loose_next(struct str bytes, size_t pos, struct loose_line *line)
{
    if (pos >= bytes.n)
        return false;
    size_t end = pos + vec_find(bytes.p + pos, bytes.n - pos, '\r', '\n');
    bool crlf = end + 1 < bytes.n && bytes.p[end] == '\r' && bytes.p[end + 1] == '\n';
    *line = (struct loose_line){pos, end, end < bytes.n ? end + 1 + crlf : end};
    return true;
}

/* Where the line begins that the byte at `at` belongs to, when `pos` before it begins one. */
size_t loose_line_start(struct str bytes, size_t pos, size_t at);

/* What one pass over the lines looked at last; starts as zeros. */
struct loose_skipper {
    uint64_t hits, ends_before;
    size_t start, end;
};

/* The first line at or behind `pos`, which begins one, that may be a field or hold two dashes in a
 * row. Calls go forward. Short lines are many, and most lines are neither. */
size_t loose_skip(struct loose_skipper *s, struct str bytes, size_t pos);

/* Nothing but white space and controls. */
bool is_blank(struct str line);

/* "Content-...:" behind whatever stands before it; `*value` is where its value begins. */
enum loose_field { LOOSE_NONE, LOOSE_TYPE, LOOSE_ENCODING, LOOSE_DISPOSITION, LOOSE_OTHER };
enum { LOOSE_FIELD_MIN = 10 /* "contentid:" */ };
enum loose_field loose_field_read(struct str line, size_t *value);

/* Most lines are too short for one, or have no "c" where it could begin. */
static inline enum loose_field loose_field(struct str line, size_t *value)
{
    bool no = line.n < VEC_BYTES ? line.n < LOOSE_FIELD_MIN
                                 : !vec_any((vec)((vec_load(line.p) | 0x20) == 'c'));
    return no ? LOOSE_NONE : loose_field_read(line, value);
}

/* A line that begins as a field does, whatever its name. */
bool is_field_like(struct str line);

/* Do decoded bytes begin as a message does, or as a part of one: with a field of MIME, or with some
 * fields and an empty line? */
bool begins_like_message(struct str bytes);

/* Which encodings some reader finds named in a value: bits 1u << enum body_encoding. `*odd`: some
 * reader finds none. */
unsigned loose_encodings(struct arena *arena, struct str value, bool *odd);

/* Those that all fields of a head name, whatever ends its lines (lenient.c). `*odd`: some reader
 * finds none, or another one. */
unsigned loose_labels(struct arena *arena, struct str head, bool *odd);

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
