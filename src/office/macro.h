/* What the source of a macro says of itself: does it run by itself, and what does it call? */
#ifndef MP_OFFICE_MACRO_H
#define MP_OFFICE_MACRO_H

#include "base/str.h"

enum macro_sort { MACRO_AUTOEXEC, MACRO_SUSPICIOUS, MACRO_SORT_COUNT };

enum { MACRO_MAX_HITS = 6 };

/* Words of the tables that were seen, each once, in the order in which they came. */
struct macro_hits {
    const char *words[MACRO_SORT_COUNT][MACRO_MAX_HITS]; /* static */
    unsigned n[MACRO_SORT_COUNT];                        /* also beyond MACRO_MAX_HITS: no more */
};

/* Add what stands in `source` (VBA), whole words in any case, outside of comments. Texts that are
 * put together ("po" & "wer" & Chr(115)) or turned round are read as a whole. Linear. */
void macro_scan(struct str source, struct macro_hits *hits);

#endif
