/* The end of a ZIP archive: found from the end of the bytes, checked against what it points to. */
#include "content/zip_tail.h"

#include "base/bytes.h"

bool zip_end_before(struct str bytes, size_t before, size_t *at)
{
    size_t max = bytes.n < ZIP_END_BYTES ? 0 : bytes.n - ZIP_END_BYTES + 1;
    before = before < max ? before : max;
    while (before > 0) {
        const char *p = memrchr(bytes.p, 'P', before);
        if (p == NULL)
            return false;
        before = (size_t)(p - bytes.p);
        if (bytes_at(bytes, before, STR("PK\5\6"))) {
            *at = before;
            return true;
        }
    }
    return false;
}

static struct str end_window(struct str bytes)
{
    size_t before = bytes.n > ZIP_END_SEARCH_BYTES ? bytes.n - ZIP_END_SEARCH_BYTES : 0;
    return str_slice(bytes, before, bytes.n);
}

bool zip_has_end(struct str bytes)
{
    size_t at;
    struct str window = end_window(bytes);
    return zip_end_before(window, window.n, &at);
}

/* The directory ends where the record begins; what it says about its place is off by what stands
 * before the archive. */
static bool check_record(struct str bytes, size_t at, struct zip_tail *out)
{
    uint64_t size = le32_at(bytes, at + 12), said = le32_at(bytes, at + 16);
    size_t comment = le16_at(bytes, at + 20), directory_end = at;
    size_t at64 = at - ZIP_LOCATOR_BYTES - ZIP_END64_BYTES; /* APPNOTE 4.3.14 and 15 */
    if (at64 < at && bytes_at(bytes, at - ZIP_LOCATOR_BYTES, STR("PK\6\7")) &&
        bytes_at(bytes, at64, STR("PK\6\6"))) {
        size = le64_at(bytes, at64 + 40);
        said = le64_at(bytes, at64 + 48);
        directory_end = at64;
    }
    if (size < ZIP_RECORD_BYTES || size > directory_end)
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
    size_t end = at + ZIP_END_BYTES + comment;
    *out = (struct zip_tail){.end_record = at,
                             .directory = directory,
                             .first_local = first,
                             .trailing = end < bytes.n ? bytes.n - end : 0};
    return true;
}

bool zip_tail_find(struct str bytes, struct zip_tail *out)
{
    struct str window = end_window(bytes);
    for (size_t at = window.n; zip_end_before(window, at, &at);)
        if (check_record(bytes, bytes.n - window.n + at, out))
            return true;
    return false;
}
