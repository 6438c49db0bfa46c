/* Tag lists of DKIM, ARC and DMARC (RFC 6376 3.2): "k=v; k2=v2". */
#ifndef MP_AUTH_TAG_LIST_H
#define MP_AUTH_TAG_LIST_H

#include "base/arena.h"

enum { TAG_LIST_MAX = 1200 }; /* tags; a list with more is not valid */

/* `value` has the white space around it taken off; inner FWS stays. Views into the input. */
struct tag {
    struct str name, value;
    size_t value_offset,
        value_length; /* of everything between "=" and ";" (or the end), untrimmed */
};

struct tag_list {
    struct tag *tags;
    size_t n;
};

enum tag_list_status {
    TAG_LIST_OK,
    TAG_LIST_SYNTAX,    /* no "=", bad name, empty element that is not the last, bad bytes */
    TAG_LIST_DUPLICATE, /* a name twice: the list is invalid (N14) */
    TAG_LIST_LIMIT      /* more than TAG_LIST_MAX, or no memory */
};

/* Strict grammar; names case-sensitive. On a status other than OK `out` holds what was read. */
enum tag_list_status tag_list_parse(struct arena *arena, struct str text, struct tag_list *out);
const char *tag_list_status_text(enum tag_list_status s);

/* NULL when absent. */
const struct tag *tag_find(const struct tag_list *list, struct str name);

/* "a:b : c" -> next trimmed element; false at the end. `*rest` starts as the value. */
bool colon_list_next(struct str *rest, struct str *item);

#endif
