/* What one edit makes of a label. */
#ifndef MP_URL_LOOKALIKE_INTERNAL_H
#define MP_URL_LOOKALIKE_INTERNAL_H

#include "url/lookalike.h"

/* How `label` differs from `known`, when it is by one edit that people overlook; LOOKALIKE_NONE
 * otherwise, also when they are equal. Linear. */
enum lookalike_kind lookalike_edit(struct str known, struct str label);

#endif
