/* What is found in an object beside findings: links and texts. */
#ifndef MP_CONTENT_FOUND_H
#define MP_CONTENT_FOUND_H

#include "content/content.h"

/* Add to c->report a link of objects[link->object], a text of objects[text->object]. Borrowed: what
 * they point to lives as long as c->arena. Of more than CONTENT_MAX_* the rest is left out, and so
 * is a link that is too long: each raises limit.content, and the report is not complete; a text is
 * cut silently at whole characters when it is one to read, with limit.content when it is a macro.
 * Empty ones are not kept. MP_OK also then, or MP_E_NOMEM. */
int content_add_link(struct content *c, const struct content_link *link, struct mp_err *err);
int content_add_text(struct content *c, const struct content_text *text, struct mp_err *err);

/* The links and texts of `from`, another list of objects: its first object is objects[first] of
 * c->report, the others stand there from objects[base] on, in their order. As above. */
int content_append_found(struct content *c, const struct content_report *from, size_t first,
                         size_t base, struct mp_err *err);

const char *link_source_name(enum link_source s); /* "href": stable, in reports */

/* limit.content at objects[object], and the report is not complete: `why` tells which limit. */
void content_cut(struct content *c, size_t object, const char *why);

#endif
