/* The target of a request as bytes: percent-decoding, pairs of a query, durations. */
#ifndef MP_HTTPD_QUERY_H
#define MP_HTTPD_QUERY_H

#include "base/arena.h"
#include "base/err.h"

struct query_pair {
    struct str name, value; /* decoded */
};
struct query {
    struct query_pair *pairs;
    size_t n;
};

/* "%41" becomes "A"; `plus_is_space` as forms write it. MP_E_SYNTAX: a broken escape, a NUL, or
 * what is decoded is not UTF-8; MP_E_NOMEM. */
int percent_decode(struct arena *a, struct str text, bool plus_is_space, struct str *out,
                   struct mp_err *err);

/* "a=1&b=%20": pairs in order, empty pieces skipped, "a" is the pair ("a", ""). MP_E_SYNTAX also
 * for a name that stands twice and is none of `repeatable`: which one would be meant? MP_E_LIMIT:
 * HTTPD_MAX_QUERY_*. */
int query_parse(struct arena *a, struct str text, const char *const *repeatable,
                size_t n_repeatable, struct query *out, struct mp_err *err);

/* The (first) value of `name`; NULL when there is none. */
const struct str *query_find(const struct query *q, struct str name);

/* "30s", "500ms", "2m", "1h", or a number of seconds; false when it is none, or does not fit. */
bool query_duration(struct str text, unsigned *out_ms);

#endif
