/* Deflated data (RFC 1950 to 1952) inflated within a bound. */
#ifndef MP_BASE_INFLATE_H
#define MP_BASE_INFLATE_H

#include "base/buf.h"

/* What stands around it; the numbers are those of zlib. */
enum inflate_form { INFLATE_RAW = -15, INFLATE_ZLIB = 15, INFLATE_GZIP = 15 + 16 };

enum inflated {
    INFLATED_WHOLE,
    INFLATED_DAMAGED, /* broken, or it ends early */
    INFLATED_CUT      /* there may be more than `max`, or memory was short */
};

/* Append what comes out of `in`, until out->n is `max`. What comes out before it breaks stays. What
 * stands behind its end is not looked at. Linear in both. */
enum inflated inflate_add(struct str in, enum inflate_form form, size_t max, struct buf *out);

#endif
