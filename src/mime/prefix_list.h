/* Many texts at once: which of them does another text begin with? */
#ifndef MP_MIME_PREFIX_LIST_H
#define MP_MIME_PREFIX_LIST_H

#include "base/str.h"

struct prefix_list {
    struct str *items; /* sorted by str_cmp */
    uint32_t
        *shorter; /* place (index + 1) of the longest one before it that it begins with; or 0 */
    size_t n;
};

/* Find `shorter` of all; the items must be there and sorted. */
void prefix_list_link(struct prefix_list *list);

/* One more, for which there is room; gives its index. Away with the one of that index. Linear. */
size_t prefix_list_add(struct prefix_list *list, struct str item);
void prefix_list_drop(struct prefix_list *list, size_t index);

/* Place of the longest item that `text` begins with; 0 none. All others that it begins with follow
 * by `shorter`. Logarithmic. */
size_t prefix_list_match(const struct prefix_list *list, struct str text);

#endif
