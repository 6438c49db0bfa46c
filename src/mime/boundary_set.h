/* Many boundaries at once: is one of them a prefix of a text? */
#ifndef MP_MIME_BOUNDARY_SET_H
#define MP_MIME_BOUNDARY_SET_H

#include "base/arena.h"
#include "mime/prefix_list.h"

enum { BOUNDARY_BYTES_SEEN = 255 };

/* Without the dashes that it begins with. */
struct str boundary_core(struct str boundary);

/* Boundaries without the dashes that they begin with: readers differ in how many there are. */
struct boundary {
    struct str core;
    size_t dashes; /* of its delimiters: at least two, when all readers agree; see boundary_set.c */
};

struct boundary_set {
    struct boundary *items; /* as many as cores; as they were added, then sorted */
    struct prefix_list cores;
    bool begins[256]; /* a core with that byte: once they are sorted */
    size_t dashes;    /* of the shortest boundary of dashes alone, plus two; 0 none */
    bool full;        /* one more was offered */
};

/* False: no memory. */
bool boundary_set_init(struct arena *arena, struct boundary_set *set);

/* What shows a boundary: a line of dashes above a head, a field, one that readers do not read
 * alike. */
enum boundary_source { BOUNDARY_OF_LINE, BOUNDARY_OF_FIELD, BOUNDARY_OF_ODD_FIELD };

/* Cut to BOUNDARY_BYTES_SEEN and copied; white space at its ends is none of it. False: no memory.
 */
bool boundary_set_add(struct arena *arena, struct boundary_set *set, struct str boundary,
                      enum boundary_source source);

/* Once all are there. */
void boundary_set_sort(struct boundary_set *set);

/* The longest one that `text` begins with; NULL: none. Logarithmic. */
const struct boundary *boundary_set_match(const struct boundary_set *set, struct str text);

#endif
