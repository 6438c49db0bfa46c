/* One parameter of a field in every way in which some reader reads it. */
#ifndef MP_MIME_PARAM_H
#define MP_MIME_PARAM_H

#include "mime/view_internal.h"

struct param_form {
    struct str text; /* in the arena or in the value */
    size_t offset;   /* of the parameter's text, counted like `offset` of the value */
    bool extended;   /* RFC 2231 */
    bool again;      /* not the first of its name */
    bool lenient;    /* only forgiving readers read it so */
};

/* Calls `take` with each form of the parameter `name`; the same text may come twice. Linear in the
 * value but for the first PARAM_FOUND_MAX places where the name stands. False: no memory. */
bool param_forms(struct arena *arena, struct str value, size_t offset, struct str name,
                 void (*take)(void *context, const struct param_form *form), void *context);

#endif
