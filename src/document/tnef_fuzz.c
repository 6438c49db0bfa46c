/* Any bytes as a winmail.dat: read to its end, and no more comes out than the limits allow. */
#include "content/archive_test_kit.h"
#include "document/document.h"
#include "document/tnef.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kit_run r;
    struct str bytes = str_make((const char *)data, size);
    kit_inspect_within(&r, kit_small_limits(), STR("winmail.dat"), bytes, NULL, 0);
    for (size_t i = 0; i < r.report.n; i++)
        if (document_read(&r.content, i, NULL) != MP_OK)
            __builtin_trap();
    struct str rtf = tnef_rtf(&r.arena, bytes);
    if (r.report.n > r.limits.max_objects + 1 || rtf.n > TNEF_MAX_RTF_BYTES)
        __builtin_trap();
    kit_clear(&r);
    return 0;
}
