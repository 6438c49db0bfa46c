/* Any bytes as a ZIP: it is opened within its limits, and so are the archives in it. */
#include <assert.h>

#include "content/archive_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str passwords[] = {STR_INIT("infected"), STR_INIT("1234")};
    struct kit_run r;
    kit_inspect(&r, STR("a.zip"), str_make((const char *)data, size), passwords, 2);
    assert(r.status == MP_OK || r.status == MP_E_NOMEM);
    assert(r.report.n <= 1u + CONTENT_MAX_LISTED);
    for (size_t i = 1; i < r.report.n; i++)
        assert(r.report.objects[i].parent >= 0 && (size_t)r.report.objects[i].parent < i);
    kit_clear(&r);
    return 0;
}
