/* Others' cases (../shared/conformance): read in place, never copied; deviations in one file. */
#ifndef MP_TESTS_VECTORS_H
#define MP_TESTS_VECTORS_H

#include <jansson.h>

#include "dns/zone.h"
#include "tests/tap.h"

/* The JSON file below conformance/, or NULL when the shared data is absent: then a skipped row was
 * written and the caller returns tap_done(). A file that is there but broken aborts. */
json_t *vectors_load(const char *suite, const char *path);

/* The message file of a case: `file` is relative to conformance/<dir>. */
struct str vectors_file(const char *dir, const char *file);

/* Text of a member; p == NULL when absent or null. Borrowed from the JSON. */
struct str vectors_str(const json_t *object, const char *key);

/* Is `got` the string, or one of the strings, at `expect`? */
bool vectors_accepts(const json_t *expect, const char *got);

/* A zone from the forms of the suites: name -> list of TXT (a list inside: strings of one record),
 * name -> {"TXT":[...],"A":[...],...}, name -> {"error":"SERVFAIL"}, name -> "SERVFAIL". */
struct dns_zone *vectors_zone(const json_t *names);

/* Is this case in tests/vectors/deviations.tsv (suite, id, result we give, reason)? Then the row
 * passes only when we give just that result: use tap_vector. */
bool vectors_deviation(const char *suite, const char *id, struct str *want, struct str *reason);

/* The check of one case: `ok` by the suite, or the listed deviation. */
void tap_vector(const char *suite, const char *id, bool ok, const char *got, const json_t *expect);

/* Prints "# suite: N cases, N deviations" and ends the test; fails when deviations exceed 1 %. */
int vectors_done(const char *suite);

#endif
