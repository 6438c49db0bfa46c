/* Rules about one object by what it is: office.*, pdf.*, html.*, svg.*, calendar.*, qr.text. */
#ifndef MP_DOCUMENT_DOCUMENT_H
#define MP_DOCUMENT_DOCUMENT_H

#include "content/content.h"

/* Has `o` a reader that only runs in a worker (Office, PDF, pictures), or is it a container that
 * content_inspect opens? Then document_inspect is for it, in a worker. Linear in its head. */
bool document_is_heavy(const struct content_object *o);

/* Of a picture among the payloads or members of one place: the bytes of the picture before it when
 * it is as large, for both may be one code; else empty. What document_inspect takes as `before`. */
struct str document_before(const struct content_report *r, size_t index);

/* In a worker: objects[0] of c->report (put there by the caller, attach_check done) is opened, and
 * all that is packed in it, archive by archive and document by document, until the budget is
 * spent; the heavy readers look at each. Raises archive.*, attach.*, office.*, pdf.*, qr.* and
 * limit.*, adds members, links and texts. MP_OK, also when limits cut it, or MP_E_NOMEM. No
 * recursion. */
int document_inspect(struct content *c, struct mp_err *err);

/* In our own process, of payloads and of members that came back: the readers that are ours alone
 * and linear (text, pages, calendars, shortcuts) look at objects[index]. Raises html.*, svg.*,
 * calendar.*, qr.text, limit.*, adds links and texts. MP_OK or MP_E_NOMEM. */
int document_read(struct content *c, size_t index, struct mp_err *err);

#endif
