/* Words of a line. */
#ifndef MP_BASE_WORD_H
#define MP_BASE_WORD_H

#include "base/str.h"

/* The next run of bytes that are no SP or HTAB; `*s` moves behind it. Empty: there is none. */
static inline struct str str_word(struct str *s)
{
    *s = str_trim_wsp(*s);
    size_t n = 0;
    while (n < s->n && !is_wsp(s->p[n]))
        n++;
    struct str word = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return word;
}

#endif
