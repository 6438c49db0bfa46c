/* Character references: "&amp;", "&#x41;", "&copy". */
#ifndef MP_HTML_ENTITY_H
#define MP_HTML_ENTITY_H

#include "base/str.h"

struct entity {
    size_t used;            /* bytes of the reference; 0: just an ampersand */
    uint32_t first, second; /* code points; `second` is 0 for most */
    bool numeric;
};

/* At "&". In attributes "&copy=1" and "&copyx" are no references, as the standard has it. */
struct entity entity_at(struct str s, bool in_attribute);

/* References decoded, nothing else. `out` has room for ENTITY_GROWTH(s.n) bytes; how many were
 * written is returned. */
#define ENTITY_GROWTH(n) ((n) + (n) / 4 + 8)
size_t entity_decode(struct str s, bool in_attribute, char *out);

#endif
