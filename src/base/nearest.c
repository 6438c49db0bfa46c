/* The nearest word by edit distance, for messages about typing errors. */
#include "base/nearest.h"

static size_t smallest(size_t a, size_t b, size_t c)
{
    a = a < b ? a : b;
    return a < c ? a : c;
}

/* Edits (insert, delete, replace) from one word to the other. */
static size_t edit_distance(struct str a, struct str b)
{
    size_t row[NEAREST_WORD_BYTES + 1];
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1,
                              diagonal + (to_lower(a.p[i - 1]) != to_lower(b.p[j - 1])));
            diagonal = above;
        }
    }
    return row[b.n];
}

void nearest_try(struct nearest *n, struct str candidate)
{
    if (n->wanted.n > NEAREST_WORD_BYTES || candidate.n > NEAREST_WORD_BYTES)
        return;
    size_t d = edit_distance(n->wanted, candidate);
    size_t most = n->most > 0 ? n->most : 1 + n->wanted.n / 3;
    if (d <= most && (n->best.p == NULL || d < n->distance)) {
        n->best = candidate;
        n->distance = d;
    }
}
