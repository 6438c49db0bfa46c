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

/* Who is called with each form; the same text may come twice, and lives as long as the call. False:
 * enough. `*work` is what may yet be spent on odd values, in bytes: 0 when it was too much, and
 * then the rarer forms are left out. */
struct param_taker {
    bool (*take)(void *context, const struct param_form *form);
    void *context;
    size_t *work;
};

/* Every form of the parameter `name`. */
void param_forms(struct str value, size_t offset, struct str name, const struct param_taker *taker);

#endif
