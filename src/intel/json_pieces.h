/* JSON of any length piece by piece: where values begin and end, and not what they are. */
#ifndef MP_INTEL_JSON_PIECES_H
#define MP_INTEL_JSON_PIECES_H

#include "base/str.h"

enum { JSON_PIECES_MAX_DEPTH = 512 }; /* of what is skipped; deeper is broken */

enum json_step { JSON_PIECE, JSON_END, JSON_BROKEN };

/* The next value of `*rest`, which moves behind it: of a text that has one value behind the other.
 * JSON_END: only white space is left. Linear in the value. */
enum json_step json_take(struct str *rest, struct str *value);

/* What is within an array or object, whose text a piece is. */
struct json_within {
    struct str rest;
    bool object, begun;
};
/* False: it is neither. */
bool json_open(struct str value, struct json_within *w);
/* The next item or member. The key is as it is written, without quotes; empty in an array. */
enum json_step json_next(struct json_within *w, struct str *key, struct str *value);

/* The member of that name of an object, or p == NULL: the last one, as jansson has it. */
struct str json_member(struct str object, struct str name);
/* Several of them at once: out[i] is that of names[i]. */
void json_members(struct str object, const struct str *names, size_t n, struct str *out);
/* A string without quotes, as it is written; p == NULL: it is none. */
struct str json_bare(struct str value);

#endif
