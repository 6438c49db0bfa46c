/* What the two files about PDFs share. */
#ifndef MP_DOCUMENT_PDF_INTERNAL_H
#define MP_DOCUMENT_PDF_INTERNAL_H

#include "content/content.h"
#include "pdf/pdf.h"

/* Raise pdf.* and limit.content of objects[index], which `p` was read from. Linear. */
void pdf_rules(struct content *c, size_t index, const struct pdf *p);

/* Is it opened on another host: \\host\share, //host/share, file://host/? */
bool pdf_is_foreign_file(struct str target);

/* How many different links lead out, to the web; at most `max` are told apart. */
size_t pdf_count_external(const struct pdf *p, size_t max);

#endif
