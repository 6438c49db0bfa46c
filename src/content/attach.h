/* The rules of names and types of one object: attach.* for payloads, archive.* for members. */
#ifndef MP_CONTENT_ATTACH_H
#define MP_CONTENT_ATTACH_H

#include "content/content.h"

/* Raise what `o` is guilty of. For members, dangerous types are archive.executable and tricks with
 * names archive.member-name. Linear in the names and in the windows of bytes that rules name. */
void attach_check(struct content *c, const struct content_object *o);

#endif
