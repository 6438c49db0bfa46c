/* A payload becomes an object. */
#include "content/place.h"

struct content_object content_object_of(const struct mime_payload *p)
{
    struct content_object o = {.part = p->path,
                               .parent = -1,
                               .bytes = p->bytes,
                               .has_bytes = true,
                               .size_bytes = p->bytes.n,
                               .type = p->type,
                               .subtype = p->subtype,
                               .charset = p->charset,
                               .method = p->method,
                               .disposition = p->disposition,
                               .names = p->names,
                               .n_names = p->n_names,
                               .message_depth = p->message_depth,
                               .kind = file_type_of(p->bytes),
                               .offset = p->offset,
                               .length = p->length};
    memcpy(o.sha256, p->sha256, sizeof o.sha256);
    return o;
}
