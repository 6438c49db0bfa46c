/* The data files as tools/embed-data.py puts them into the program. */
#ifndef MP_CONTENT_LISTS_INTERNAL_H
#define MP_CONTENT_LISTS_INTERNAL_H

#include <stddef.h>

struct content_data {
    const char *file;
    const unsigned char *bytes;
    size_t n;
};

extern const struct content_data content_data[];
extern const size_t content_data_count;

#endif
