/* Many boundaries at once: is one of them a prefix of a text? */
#ifndef MP_MIME_BOUNDARY_SET_H
#define MP_MIME_BOUNDARY_SET_H

#include "base/arena.h"
#include "mime/prefix_list.h"

enum { BOUNDARY_BYTES_SEEN = 255 };

/* Without the dashes that it begins with. */
struct str boundary_core(struct str boundary);

/* Boundaries without the dashes that they begin with: readers differ in how many there are. */
struct boundary_set {
    struct prefix_list cores;
    bool begins[256]; /* a core with that byte: once they are sorted */
    size_t dashes;    /* of the shortest boundary of dashes alone, plus two; 0 none */
    bool full;        /* one more was offered */
};

/* False: no memory. */
bool boundary_set_init(struct arena *arena, struct boundary_set *set);

/* Cut to BOUNDARY_BYTES_SEEN and copied; white space at its ends is none of it. False: no memory.
 */
bool boundary_set_add(struct arena *arena, struct boundary_set *set, struct str boundary);

/* Once all are there. */
void boundary_set_sort(struct boundary_set *set);

/* Length of the longest one that `text` begins with; 0 none. Logarithmic. */
size_t boundary_set_match(const struct boundary_set *set, struct str text);

#endif
