/* QR codes in pictures: what they hold becomes links and texts of the report. */
#ifndef MP_DOCUMENT_PICTURE_H
#define MP_DOCUMENT_PICTURE_H

#include "content/content.h"
#include "image/qr.h"
#include "pdf/pdf.h"

/* Pictures up to this many pixels cost content_budget.bytes_left as many bytes; larger ones also
 * one of pictures_left. */
enum { PICTURE_SMALL_PIXELS = 1000 * 1000 };

/* Is it a picture of a format that is read, large enough for a code? Looks at its head only. */
bool picture_is(const struct content_object *o);

/* The codes of objects[index]; with the picture before it, of the same size and in the same place,
 * when only both together are a code (qr.split). MP_OK or MP_E_NOMEM. */
int picture_read(struct content *c, size_t index, struct mp_err *err);

/* The same for the images of a PDF, objects[index]. */
int picture_read_pdf(struct content *c, size_t index, const struct pdf *pdf, struct mp_err *err);

/* What codes hold, as links (LINK_QR) and texts (TEXT_QR) of objects[index]. `id` is raised for
 * those not yet told of the object, with `how` and what it holds as evidence; FINDING_COUNT: none
 * is. MP_OK or MP_E_NOMEM. */
int picture_add_codes(struct content *c, size_t index, const struct qr_found *found,
                      enum finding_id id, const char *how, struct mp_err *err);

#endif
