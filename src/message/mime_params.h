/* Values of MIME fields: a word, and parameters with quotes and RFC 2231 pieces undone. */
#ifndef MP_MESSAGE_MIME_PARAMS_H
#define MP_MESSAGE_MIME_PARAMS_H

#include "message/mime.h"

/* "text/plain; charset=utf-8" or "attachment; filename=x". */
struct mime_value {
    struct str word, after_slash; /* lower case, in the arena; empty when absent */
    struct mime_param *params;    /* at most MIME_MAX_PARAMS */
    size_t n;
    bool cut; /* there were more */
};

/* Any bytes are a value; forgiving, as readers are. False when memory is spent. Linear time but for
 * the joining of pieces, which MIME_MAX_PARAMS bounds. */
bool mime_value_parse(struct arena *arena, struct str value, struct mime_value *out);

/* The first parameter of that name (any case); p == NULL when there is none. */
struct str mime_param(const struct mime_param *params, size_t n, struct str name);

#endif
