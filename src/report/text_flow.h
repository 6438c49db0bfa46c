/* Words laid out for a terminal: wrapped, coloured, and harmless whatever the mail holds. */
#ifndef MP_REPORT_TEXT_FLOW_H
#define MP_REPORT_TEXT_FLOW_H

#include "base/buf.h"

enum flow_style {
    FLOW_PLAIN,
    FLOW_BOLD,
    FLOW_DIM,
    FLOW_GOOD, /* green */
    FLOW_WARN, /* yellow */
    FLOW_BAD,  /* red, bold */
    FLOW_INFO  /* cyan */
};

enum {
    FLOW_TEXT_MAX_BYTES = 400,
    FLOW_WHOLE_MAX_BYTES = 64 << 10,
    FLOW_MIN_WIDTH = 40,
    FLOW_MAX_WIDTH = 1000,
    FLOW_DEFAULT_WIDTH = 80
};

/* One line after another. A word is kept until its end is known; a line is never wider than
 * `width` columns, and a word wider than a line is broken. One thread at a time. */
struct flow {
    struct buf *out, word;
    unsigned width, hang, column, word_columns;
    enum flow_style word_style;
    unsigned gap; /* blanks before the next word */
    bool colour, at_start;
    char last[11]; /* the characters before, see flow_put */
};

/* `width` 0: FLOW_DEFAULT_WIDTH; clamped to the limits. `out` is borrowed. */
void flow_init(struct flow *f, struct buf *out, unsigned width, bool colour);
void flow_clear(struct flow *f);

/* Begin a line at column `indent`; its continuation lines begin at `hang`. */
void flow_line(struct flow *f, unsigned indent, unsigned hang);

/* Add any bytes. They are made printable and cut at FLOW_TEXT_MAX_BYTES; a space ends a word. What
 * build servers read as a command ("::" at the start of a line, str_starts_command anywhere) is
 * broken by an escape, since these texts stand in build logs too. */
void flow_put(struct flow *f, enum flow_style style, struct str text);
/* The same for words of ours, where two blanks stay two: in texts of a mail they become one, so
 * that none can look like the next item of a line. */
void flow_putz(struct flow *f, enum flow_style style, const char *text);
/* What people copy, a record to publish: not cut at FLOW_TEXT_MAX_BYTES but at
 * FLOW_WHOLE_MAX_BYTES; otherwise as flow_put. */
void flow_put_whole(struct flow *f, enum flow_style style, struct str text);
/* A name, domain or path: as it is when plain, in quotes when it holds blanks, commas, quotes or
 * other bytes by which it could read as words of ours. Nothing when empty. */
void flow_value(struct flow *f, enum flow_style style, struct str text);
/* Our words, then a value. */
void flow_pair(struct flow *f, enum flow_style style, const char *words, struct str value);
void flow_num(struct flow *f, enum flow_style style, uint64_t v);

/* Blanks up to a column, at least one (for tables); where the rest of the line would be too narrow
 * for words, two blanks that may be a line end. */
void flow_pad(struct flow *f, unsigned column);

void flow_end(struct flow *f); /* end the line */

/* Columns that a code point takes on a terminal: 0, 1 or 2. */
unsigned flow_columns(int32_t code_point);

#endif
