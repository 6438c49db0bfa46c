/* A file of data/ as tools/embed-data.py puts it into the program. */
#ifndef MP_BASE_DATA_FILE_H
#define MP_BASE_DATA_FILE_H

#include <stddef.h>

struct data_file {
    const char *file; /* its name, without the folder */
    const unsigned char *bytes;
    size_t n;
};

#endif
