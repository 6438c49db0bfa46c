/* Names of files as an attacker writes them and as a system reads them. */
#ifndef MP_CONTENT_NAME_H
#define MP_CONTENT_NAME_H

#include "base/arena.h"

enum {
    NAME_MAX_PERCENT_ROUNDS = 2, /* %252e is a dot to those who decode twice */
    NAME_MANY_BLANKS = 10        /* in front of the extension: pushed out of sight */
};

struct name {
    struct str text;      /* as it came */
    struct str clean;     /* what a system makes of it: see name_read */
    struct str extension; /* behind the last dot of `clean`; empty when there is none */
    struct str previous;  /* the extension in front of it, "pdf" of "a.pdf  .exe" */
    int32_t bidi;         /* the first control of direction, 0: none */
    int32_t hidden;       /* the first other character that shows nothing, 0: none */
    size_t blanks;        /* the longest run of blanks in front of the last dot */
    bool folder;          /* ends in a separator */
};

/* `clean`: %XX decoded, invisible and control characters taken out, full-width forms as the letters
 * that they show, folders in front cut off, NTFS streams, blanks, dots and quotes behind cut off,
 * lower case. Bytes that are no UTF-8 stay. Linear. False: no memory. */
bool name_read(struct arena *arena, struct str text, struct name *out);

/* Do both name the same file, given how programs respell names: case, accents in either form or
 * lost, blanks for underscores, what a charset could not say? False also without memory. */
bool name_is_same(struct arena *arena, const struct name *a, const struct name *b);

/* The whole of a path folded for comparison: lower case, "/" for "\". p == NULL without memory. */
struct str name_fold_path(struct arena *arena, struct str path);

/* For evidence: what shows nothing as \u{200b}, runs of blanks as [40 blanks]. */
struct str name_show(struct arena *arena, struct str text);

bool name_is_bidi(int32_t code_point);
bool name_is_blank(int32_t code_point);

#endif
