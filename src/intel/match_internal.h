/* The keys of what a mail has. */
#ifndef MP_INTEL_MATCH_INTERNAL_H
#define MP_INTEL_MATCH_INTERNAL_H

#include "intel/match.h"

enum { KEYS_OF_ITEM = INDICATOR_MAX_KEYS + 1 };

/* As snapshot_find_many takes them, the narrowest first. They borrow `item`, the rest is in
 * `arena`. MP_OK with *n, MP_E_NOMEM. */
int intel_keys_of_item(struct arena *arena, const struct intel_item *item,
                       struct intel_key out[KEYS_OF_ITEM], size_t *n, struct mp_err *err);

#endif
