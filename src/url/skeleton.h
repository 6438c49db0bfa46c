/* What text looks like: letters that the eye takes for each other become the same (UTS 39 4). */
#ifndef MP_URL_SKELETON_H
#define MP_URL_SKELETON_H

#include "base/arena.h"

enum skeleton_mode {
    SKELETON_LETTERS, /* as UTS 39, after folding (NFKC, lower case), without accents: "m" is "rn"
                       */
    SKELETON_DIGITS   /* besides, digits and signs are the letters they stand for: "n3tfl1x"; "vv"
                         is "w" */
};

/* Two texts of one skeleton look alike. Bytes that are no UTF-8 stay; what has no glyph goes. In
 * the arena; p == NULL without memory. Linear. */
struct str skeleton(struct arena *arena, struct str text, enum skeleton_mode mode);

#endif
