/* The registrable part of a domain name, by the public suffix list that libpsl carries. */
#ifndef MP_BASE_PSL_H
#define MP_BASE_PSL_H

#include "base/arena.h"

/* One label below the public suffix, the list's private section included ("a.github.io" of
 * "x.a.github.io"); empty when the name is itself a public suffix, or no name at all. In: any
 * form. Out: lower-case A-labels, in the arena. Any thread. */
struct str psl_registrable(struct arena *arena, struct str domain);

#endif
