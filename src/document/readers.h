/* The readers, for readers.c alone. Each looks at c->report->objects[index], which is of its kind
 * and has bytes: MP_OK or MP_E_NOMEM. The list of objects may move when members are added: take a
 * copy of the object first. */
#ifndef MP_DOCUMENT_READERS_H
#define MP_DOCUMENT_READERS_H

#include "content/content.h"

/* Is it the text of the mail, shown when the mail is opened, and not a file in it? */
bool object_is_body(const struct content_object *o);

bool office_is(const struct content_object *o);
int office_open(struct content *c, size_t index, struct mp_err *err);
/* `bytes` as UTF-8, in `arena`; as they are when nobody knows the charset, or when it would make
 * far more of them than any text needs. p == NULL without memory. */
struct str text_as_utf8(struct arena *arena, struct str charset, struct str bytes);
/* The same of at most `max_bytes` of an object, by its declared charset. */
struct str object_text(struct content *c, const struct content_object *o, size_t max_bytes);
/* A link for each URL that stands written out in `text`, which is in objects[index] and lives as
 * long as c->arena. */
int add_written_links(struct content *c, size_t index, enum link_source source, struct str text,
                      struct mp_err *err);

/* HTML and SVG, by the bytes or, where those say nothing, by the declared type. */
bool html_is(const struct content_object *o);
int html_read_object(struct content *c, size_t index, struct mp_err *err);
int text_read(struct content *c, size_t index, struct mp_err *err);
int calendar_read(struct content *c, size_t index, struct mp_err *err);
int tnef_read(struct content *c, size_t index, struct mp_err *err);

/* By its kind, or by a header where readers of PDFs still look for one. */
bool object_is_pdf(const struct content_object *o);
int pdf_object_read(struct content *c, size_t index, struct mp_err *err);

#endif
