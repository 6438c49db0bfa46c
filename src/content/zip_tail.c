/* The end of a ZIP archive: found from the end of the bytes, checked against what it points to. */
#include "content/zip_tail.h"

#include "content/bytes.h"

enum {
    END_BYTES = 22,
    WINDOW = END_BYTES + 65535,
    CENTRAL_BYTES = 46,
    LOCATOR64_BYTES = 20,
    END64_BYTES = 56
};

/* The directory ends where the record begins; what it says about its place is off by what stands
 * before the archive. */
static bool check_record(struct str bytes, size_t at, struct zip_tail *out)
{
    uint64_t size = le32_at(bytes, at + 12), said = le32_at(bytes, at + 16);
    size_t comment = le16_at(bytes, at + 20), directory_end = at;
    size_t at64 = at - LOCATOR64_BYTES - END64_BYTES; /* APPNOTE 4.3.14 and 15 */
    if (at64 < at && bytes_at(bytes, at - LOCATOR64_BYTES, STR("PK\6\7")) &&
        bytes_at(bytes, at64, STR("PK\6\6"))) {
        size = le64_at(bytes, at64 + 40);
        said = le64_at(bytes, at64 + 48);
        directory_end = at64;
    }
    if (size < CENTRAL_BYTES || size > directory_end)
        return false;
    size_t directory = directory_end - (size_t)size;
    if (!bytes_at(bytes, directory, STR("PK\1\2")) || said > directory)
        return false;
    size_t local = le32_at(bytes, directory + 42);
    /* Offsets count from the archive's start, or (when it was mended) from that of the file. */
    size_t shifted = directory - (size_t)said + local;
    size_t first = bytes_at(bytes, shifted, STR("PK\3\4")) ? shifted : local;
    if (!bytes_at(bytes, first, STR("PK\3\4")) || first >= directory)
        return false;
    size_t end = at + END_BYTES + comment;
    *out = (struct zip_tail){.end_record = at,
                             .directory = directory,
                             .first_local = first,
                             .trailing = end < bytes.n ? bytes.n - end : 0};
    return true;
}

/* How far to step back when `c` stands where "PK\5\6" should begin: to where it may be part of it.
 */
static size_t step_back(char c)
{
    return c == 'K' ? 1 : c == '\5' ? 2 : c == '\6' ? 3 : 4;
}

bool zip_tail_find(struct str bytes, struct zip_tail *out)
{
    if (bytes.n < END_BYTES)
        return false;
    size_t floor = bytes.n > WINDOW ? bytes.n - WINDOW : 0, at = bytes.n - END_BYTES;
    for (;;) {
        char c = bytes.p[at];
        if (c == 'P' && bytes_at(bytes, at, STR("PK\5\6")) && check_record(bytes, at, out))
            return true;
        size_t step = step_back(c);
        if (at < floor + step)
            return false;
        at -= step;
    }
}
