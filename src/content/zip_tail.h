/* Where a ZIP archive ends, as readers that start from the end see it (APPNOTE 4.3.16). */
#ifndef MP_CONTENT_ZIP_TAIL_H
#define MP_CONTENT_ZIP_TAIL_H

#include "base/str.h"

enum { /* of the fixed parts: APPNOTE 4.3.7, 4.3.12, 4.3.14 to 4.3.16 */
       ZIP_LOCAL_HEADER_BYTES = 30,
       ZIP_RECORD_BYTES = 46,
       ZIP_END64_BYTES = 56,
       ZIP_LOCATOR_BYTES = 20,
       ZIP_END_BYTES = 22,
       ZIP_END_SEARCH_BYTES = ZIP_END_BYTES + 65535 /* where all readers look for the end */
};

/* The last "PK\5\6" that begins before `before`, and has room for the record; false when there is
 * none. */
bool zip_end_before(struct str bytes, size_t before, size_t *at);

/* Does a directory of a ZIP end in the last 64 KiB? What hangs behind other files is found so. */
bool zip_has_end(struct str bytes);

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
