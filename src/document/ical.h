/* Lines of iCalendar (RFC 5545 3.1): folds undone, names, parameters and values apart. No knowledge
 * of what they mean. */
#ifndef MP_DOCUMENT_ICAL_H
#define MP_DOCUMENT_ICAL_H

#include "base/arena.h"

enum {
    ICAL_MAX_BYTES = 16 * 1024 * 1024, /* of a calendar: what stands behind is not read */
    ICAL_MAX_LINES = 200000,
    ICAL_MAX_PARAMS = 32 /* of a line: further ones are not looked at */
};

/* Views into the unfolded text. */
struct ical_line {
    struct str name;   /* "ATTENDEE", as written; a group in front of a dot is cut off */
    struct str params; /* ";CN=\"A; B\";ROLE=CHAIR", as written; may be empty */
    struct str value;
};

struct ical {
    struct str rest;
    size_t lines;
    bool cut; /* a limit was hit */
};

/* Unfold `text` into `arena`: a line end of any kind (CRLF, LF, CR) before a blank goes with it.
 * False: no memory. Linear. */
bool ical_open(struct arena *arena, struct str text, struct ical *out);

/* The next line that has a name and a colon; others are passed over. False: no more. */
bool ical_next(struct ical *in, struct ical_line *out);

/* The value of a parameter without its quotes, any case of its name; p == NULL without it. */
struct str ical_param(const struct ical_line *line, struct str name);

/* A value of type TEXT with its escapes undone: "\n", "\,", "\;", "\\". p == NULL: no memory. */
struct str ical_text(struct arena *arena, struct str value);

#endif
