/* Formats that are made of an archive (OOXML, ODF, EPUB, JAR, ...): what belongs in them. */
#ifndef MP_CONTENT_PACKAGE_H
#define MP_CONTENT_PACKAGE_H

#include "content/content.h"

/* One file to its user, though a ZIP by its bytes: not an archive that is counted for depth. */
bool package_is(enum file_type kind);

/* A ZIP, or a format that is made of one. */
bool package_or_zip(enum file_type kind);

/* Is `o` one of the parts that its package is made of, so that neither its name nor its type says
 * anything: the scripts of an e-book, the classes of a JAR? Only in a package whose own names say
 * that it is one, since a ZIP of the same bytes shows its members to the user. */
bool package_part_is_inert(const struct content_report *r, const struct content_object *o);

#endif
