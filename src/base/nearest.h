/* "Did you mean": the nearest of the words that would have been right. */
#ifndef MP_BASE_NEAREST_H
#define MP_BASE_NEAREST_H

#include "base/str.h"

enum { NEAREST_WORD_BYTES = 64 /* longer words are like nothing */ };

struct nearest {
    struct str wanted, best; /* best.p == NULL: none is near; borrowed */
    size_t most;             /* edits; 0: 1 + a third of the word */
    size_t distance;
};

/* Set `wanted`, then try each candidate: the first of those that need the fewest edits (insert,
 * delete, replace; without case) is the best, if these are not too many. */
void nearest_try(struct nearest *n, struct str candidate);

#endif
