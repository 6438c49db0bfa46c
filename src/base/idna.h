/* Domain names between what people write and what DNS asks for (RFC 5890, UTS 46 by libidn2). */
#ifndef MP_BASE_IDNA_H
#define MP_BASE_IDNA_H

#include "base/arena.h"

enum { DOMAIN_MAX_OCTETS = 253, DOMAIN_LABEL_MAX_OCTETS = 63 };

/* A-label form, ASCII lower case, one trailing dot removed, U+3002 and friends mapped to dots.
 * ASCII input is only lower-cased and checked for length of labels and whole (letters, digits,
 * hyphen, underscore: see domain_is_ldh). False, nothing written: empty label, too long, not
 * UTF-8, not convertible, or no memory. */
bool idna_to_ascii(struct arena *a, struct str domain, struct str *out);

/* U-label form for people; the input again when it has none or is broken. */
struct str idna_to_unicode(struct arena *a, struct str domain);

/* Labels of 1..63 letters, digits, hyphens and underscores, at most 253 octets, no trailing dot:
 * the shape of a name that may be asked in DNS on behalf of a mail (N27). */
bool domain_is_ldh(struct str domain);

/* Equal without case and without one trailing dot. */
bool domain_eq(struct str a, struct str b);

/* Is `domain` the same as `parent` or below it at a label border? Without case. */
bool domain_is_below(struct str domain, struct str parent);

/* Number of labels; 0 for the empty name. */
unsigned domain_labels(struct str domain);

/* The last `count` labels (the whole name when it has fewer). */
struct str domain_tail(struct str domain, unsigned count);

#endif
