/* Any bytes as an archive that libarchive opens (the first octet says which): within our limits. */
#include <assert.h>

#include "content/archive_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum file_type kinds[] = {FILE_RAR, FILE_SEVENZIP, FILE_CAB,   FILE_ISO,
                                           FILE_LZH, FILE_TAR,      FILE_CPIO,  FILE_AR,
                                           FILE_RPM, FILE_GZIP,     FILE_BZIP2, FILE_XZ};
    static bool warm;
    struct kit_run r;
    struct mp_err err;
    if (!warm)
        archive_warm_up();
    warm = true;
    if (size == 0)
        return 0;
    struct str bytes = str_make((const char *)data + 1, size - 1);
    kit_inspect_within(&r, kit_small_limits(), STR("a"), STR(""), NULL, 0);
    r.report.objects[0].bytes = bytes;
    r.report.objects[0].kind = kinds[data[0] % ARRAY_LEN(kinds)];
    int st = content_inspect(&r.content, 0, &err);
    assert(st == MP_OK || st == MP_E_NOMEM);
    assert(r.report.n <= 1u + r.limits.max_listed);
    kit_clear(&r);
    return 0;
}
