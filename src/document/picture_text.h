/* QR codes that are drawn without a picture: with characters, or with the cells of a table. */
#ifndef MP_DOCUMENT_PICTURE_TEXT_H
#define MP_DOCUMENT_PICTURE_TEXT_H

#include "base/buf.h"
#include "content/content.h"

enum {
    DRAWN_MAX_COLUMNS = 400, /* of characters or cells */
    DRAWN_MAX_ROWS = 200,
    DRAWN_MAX_TRIES = 8 /* drawings of one text that are read */
};

/* qr.text, links and texts for what stands drawn in `text` (UTF-8, lines). MP_OK or MP_E_NOMEM.
 * Linear; at most DRAWN_MAX_TRIES drawings. */
int drawn_in_text(struct content *c, size_t index, struct str text, struct mp_err *err);

/* The same for pages: their tables, and their text with blanks and lines kept. */
bool drawn_is_page(const struct content_object *o);
int drawn_read_page(struct content *c, size_t index, struct mp_err *err);

/* Cells, one by one: what comes of it is raised as drawn by `how`. */
struct drawing {
    unsigned char *cell; /* width * height; in an arena of its own */
    uint32_t width, height;
};
int drawing_read(struct content *c, size_t index, const struct drawing *d, const char *how,
                 struct mp_err *err);

/* Tables of `page` as drawings, for drawn_read_page. */
int drawn_in_tables(struct content *c, size_t index, struct str page, struct mp_err *err);

#endif
