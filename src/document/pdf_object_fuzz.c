/* Any bytes as the PDF of a mail: read, judged, what is embedded inspected in turn. */
#include <assert.h>

#include "content/archive_test_kit.h"
#include "document/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str passwords[] = {STR_INIT("123")};
    struct kit_run r;
    kit_inspect_within(&r, kit_small_limits(), STR("a.pdf"), str_make((const char *)data, size),
                       passwords, 1);
    r.report.objects[0].kind = FILE_PDF;
    int st = document_inspect(&r.content, NULL);
    assert(st == MP_OK || st == MP_E_NOMEM);
    assert(r.report.n <= 1u + r.limits.max_listed);
    for (size_t i = 0; i < r.report.n_links; i++)
        assert(r.report.links[i].object < r.report.n && r.report.links[i].url.n > 0);
    kit_clear(&r);
    return 0;
}
