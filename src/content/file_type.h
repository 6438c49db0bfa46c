/* What bytes are, by the bytes: a table of signatures, no library. */
#ifndef MP_CONTENT_FILE_TYPE_H
#define MP_CONTENT_FILE_TYPE_H

#include "base/str.h"

enum file_class {
    FILE_CLASS_OTHER,
    FILE_CLASS_TEXT,
    FILE_CLASS_HTML,
    FILE_CLASS_DOCUMENT,
    FILE_CLASS_IMAGE,
    FILE_CLASS_MEDIA,
    FILE_CLASS_MAIL,
    FILE_CLASS_ARCHIVE,
    FILE_CLASS_SHORTCUT,
    FILE_CLASS_EXECUTABLE
};

enum file_type {
#define FILE_TYPE(symbol, name, class) FILE_##symbol,
#include "content/file_types.def"
#undef FILE_TYPE
    FILE_TYPE_COUNT
};

/* The type of `bytes`. Looks at named windows of the head and the tail only: below a microsecond
 * for most, whatever the length. */
enum file_type file_type_of(struct str bytes);

const char *file_type_name(enum file_type t); /* "pe": stable, in reports */
enum file_class file_type_class(enum file_type t);

#endif
