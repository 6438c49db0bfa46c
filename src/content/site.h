/* Where findings about an open archive go, and where they stand. */
#ifndef MP_CONTENT_SITE_H
#define MP_CONTENT_SITE_H

#include "content/content.h"

struct archive_site {
    struct arena *arena; /* of the findings' text */
    struct finding_list *findings;
    struct finding_where where; /* of the archive: part and place in the raw message, its member */
};

/* The place of a member of the archive: "outer.zip/inner.zip/name", printable, at most
 * CONTENT_MAX_NAME_BYTES. Without memory it is the place of the archive. */
struct finding_where site_member(const struct archive_site *s, struct str name);

#endif
