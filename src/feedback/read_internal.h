/* What the readers share. */
#ifndef MP_FEEDBACK_READ_INTERNAL_H
#define MP_FEEDBACK_READ_INTERNAL_H

#include "feedback/report.h"

enum {
    FEEDBACK_COUNT_LIMIT = 1000 * 1000 * 1000 /* of one row: more is no number of messages */
};

/* A text of a report as it is kept: trimmed, cut, UTF-8. p == NULL without memory. */
struct str feedback_text(struct arena *a, struct str s);

/* "1538413632", "1538413632.0", "2016-04-01T00:00:00Z", "2016-04-01 00:00:00+02:00",
 * "2016-04-01". False: no time after 1970 and before the year 10000. */
bool feedback_time_parse(struct str s, int64_t *out);

/* The domain of an address, as it stands: "a@b.test" or "A <a@b.test>"; empty: none. */
struct str feedback_address_domain(struct str s);

#endif
