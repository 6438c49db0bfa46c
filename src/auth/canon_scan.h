/* Copying up to the next byte that relaxed canonicalization may change: 16 or 32 at a time. */
#ifndef MP_AUTH_CANON_SCAN_H
#define MP_AUTH_CANON_SCAN_H

#include "base/str.h"

/* White space that may not stand as it is: a HTAB, or a SP before anything up to SP. (A SP before a
 * control that is no white space stays in the end; taking it here too saves comparisons.) */
static inline bool is_space_event(char c, char next)
{
    return c == '\t' || (c == ' ' && (unsigned char)next <= ' ');
}

/* Copy what stands before the first such byte to `to`, which has room for s.n bytes; what is behind
 * the copy may be overwritten. Returns its offset; s.n - 1 when only the last byte, whose neighbour
 * is not here, is left to judge. `s` must not be empty. */
size_t copy_to_space_event(struct str s, unsigned char *to);

#endif
