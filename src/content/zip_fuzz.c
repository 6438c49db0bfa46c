/* Any bytes as a ZIP: it is opened within its limits, and so are the archives in it. */
#include <assert.h>

#include "content/archive_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str passwords[] = {STR_INIT("infected"), STR_INIT("1234")};
    struct kit_run r;
    struct str bytes = str_make((const char *)data, size);
    kit_inspect_within(&r, kit_small_limits(), STR("a.zip"), bytes, passwords, 2);
    assert(r.status == MP_OK || r.status == MP_E_NOMEM);
    assert(r.report.n <= 1u + r.limits.max_listed);
    for (size_t i = 1; i < r.report.n; i++)
        assert(r.report.objects[i].parent >= 0 && (size_t)r.report.objects[i].parent < i);
    kit_clear(&r);
    return 0;
}
