/* What lists.c and lists_read.c share, and the data files as tools/embed-data.py puts them into the
 * program. */
#ifndef MP_CONTENT_LISTS_INTERNAL_H
#define MP_CONTENT_LISTS_INTERNAL_H

#include "content/lists.h"

struct content_data {
    const char *file;
    const unsigned char *bytes;
    size_t n;
};

extern const struct content_data content_data[];
extern const size_t content_data_count;

enum key_form {
    KEY_EXTENSION,
    KEY_MIME,
    KEY_WORD,
    KEY_DOMAIN,
    KEY_PLACE,  /* a domain, or a domain and the beginning of a path */
    KEY_NAME,   /* words with blanks between; several, with commas between */
    KEY_PHRASE, /* the same; "*" behind the last word */
    KEY_FORM_COUNT
};

enum value_form {
    VALUE_NONE,
    VALUE_TYPES,
    VALUE_DOMAINS,
    VALUE_ADDRESSES,
    VALUE_GROUPS,
    VALUE_FORM_COUNT
};

struct list_kind {
    const char *file;
    enum key_form key;
    enum value_form value; /* "KEY = VALUE..." */
    bool by_language;      /* a file each: "lure-words.de.list" */
};

extern const struct list_kind list_kinds[CONTENT_LIST_COUNT];

struct content_lists {
    struct {
        struct content_entry *entries;
        size_t n;
    } lists[CONTENT_LIST_COUNT];
};

#endif
