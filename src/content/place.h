/* Objects out of payloads, and where findings about an object stand. */
#ifndef MP_CONTENT_PLACE_H
#define MP_CONTENT_PLACE_H

#include "content/content.h"

/* Its part, its way through archives, and the place of the payload in the raw message. NULL is the
 * message itself. */
static inline struct finding_where content_place(const struct content_object *o)
{
    if (o == NULL)
        return NOWHERE;
    return (struct finding_where){.part = o->part,
                                  .member = o->member,
                                  .offset = o->offset,
                                  .length = o->length,
                                  .has_offset = o->length > 0};
}

/* A payload of the mail as an object of its own; all is borrowed from `p`. */
struct content_object content_object_of(const struct mime_payload *p);

#endif
