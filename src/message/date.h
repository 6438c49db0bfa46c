/* Dates of RFC 5322 3.3 with the obsolete forms of 4.3. */
#ifndef MP_MESSAGE_DATE_H
#define MP_MESSAGE_DATE_H

#include "base/str.h"

struct mail_date {
    int64_t unix_s;
    int zone_minutes;  /* east of UTC */
    bool zone_unknown; /* "-0000", a military or unknown zone name */
    bool obsolete;     /* two-digit year, zone name, comment */
};

/* False: not a date (wrong day of month, 61 seconds, a year before 1900, trailing text, ...).
 * The day of the week is not held against the date. Linear time. */
bool date_parse(struct str value, struct mail_date *out);

/* "Mon, 23 Nov 2026 19:00:19 +0000", with a final NUL; returns the length. */
enum { DATE_TEXT_MAX = 40 };
size_t date_write(int64_t unix_s, char out[DATE_TEXT_MAX]);

#endif
