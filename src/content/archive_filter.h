/* Which compressions libarchive undoes, for archives in mail and for feeds. */
#ifndef MP_CONTENT_ARCHIVE_FILTER_H
#define MP_CONTENT_ARCHIVE_FILTER_H

#include <archive.h>

struct archive_filter {
    int (*enable)(struct archive *);
    const char *(*version)(void); /* of its library; NULL: libarchive does it itself */
};

/* Without its library a filter would start a program, so that is asked first. */
static inline void archive_enable(struct archive *a, const struct archive_filter *filters, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (filters[i].version == NULL || filters[i].version() != NULL)
            filters[i].enable(a);
}

#endif
