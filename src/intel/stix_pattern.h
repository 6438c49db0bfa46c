/* STIX patterns: the part of the language that names single things.
 *   [url:value = 'http://a.example/'] OR [domain-name:value IN ('b.example', 'c.example')]
 * Comparisons "=" and IN, of addresses ISSUBSET too, joined by OR within or between brackets. */
#ifndef MP_INTEL_STIX_PATTERN_H
#define MP_INTEL_STIX_PATTERN_H

#include "intel/indicator.h"

struct stix_value {
    enum indicator_kind kind;
    struct str text;
};

struct stix_pattern {
    struct stix_value *values; /* each alone says that the pattern is met */
    size_t n, cap;
    size_t compound;  /* alternatives joined by AND: none of them alone says anything */
    size_t foreign;   /* of things that a mail has not: file:name, mutex:name */
    struct str other; /* the first of these, as it is written */
};

/* No recursion; linear; all in `arena`. MP_OK, also when there is no value; MP_E_SYNTAX: LIKE,
 * MATCHES, NOT, FOLLOWEDBY, a qualifier, or no pattern at all: then it says nothing we could keep.
 * MP_E_NOMEM. */
int stix_pattern_read(struct arena *arena, struct str pattern, struct stix_pattern *out,
                      struct mp_err *err);

#endif
