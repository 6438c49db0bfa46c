/* Where a ZIP archive ends, as readers that start from the end see it (APPNOTE 4.3.16). */
#ifndef MP_CONTENT_ZIP_TAIL_H
#define MP_CONTENT_ZIP_TAIL_H

#include "base/str.h"

struct zip_tail {
    size_t end_record;  /* offset of the end of central directory record */
    size_t directory;   /* offset of the directory's first entry */
    size_t first_local; /* offset of the local header that it names; what stands before is no ZIP */
    size_t trailing;    /* bytes behind the record and its comment */
};

/* The last end record (within the 65,557 bytes that a comment allows) whose directory lies right
 * before it and whose first entry leads to a local header. False: there is none. */
bool zip_tail_find(struct str bytes, struct zip_tail *out);

#endif
