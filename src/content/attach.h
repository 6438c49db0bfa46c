/* The rules of names and types of one object: attach.* for payloads, archive.* for members. */
#ifndef MP_CONTENT_ATTACH_H
#define MP_CONTENT_ATTACH_H

#include "content/content.h"

/* Raise what `o` is guilty of. For members, dangerous types are archive.executable and tricks with
 * names archive.member-name. Linear in the names and in the windows of bytes that rules name. */
void attach_check(struct content *c, const struct content_object *o);

/* What only all members of an archive together tell, once they are listed and checked one by one:
 * a file beside a folder of its name, a program all alone. (The same name twice: inspect, which
 * knows which members stand in one directory.) `parent`: the archive's index among the report's
 * objects. O(n log n). Returns MP_OK or MP_E_NOMEM. */
int attach_check_members(struct content *c, int32_t parent, struct mp_err *err);

#endif
