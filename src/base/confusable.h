/* Domain labels made to look like others: mixed scripts and whole-script lookalikes. */
#ifndef MP_BASE_CONFUSABLE_H
#define MP_BASE_CONFUSABLE_H

#include "base/arena.h"

/* Why the domain (A-labels or U-labels) may be taken for another one, or NULL: a label that mixes
 * scripts (Latin beside East Asian ones is usual), or one wholly of Cyrillic, Greek or Armenian
 * letters that look Latin, unless the top-level domain is of the same script. A deliberately small
 * subset of UTS 39 4 and 5. `*shown`: the label as readers see it, in the arena or `domain`. */
const char *domain_confusable(struct arena *arena, struct str domain, struct str *shown);

#endif
