/* Any bytes as a text and as a page with something drawn in it. */
#include <assert.h>

#include "content/archive_test_kit.h"
#include "document/document.h"
#include "document/picture_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kit_run r;
    struct str bytes = str_make((const char *)data, size);
    if (size > 65536)
        return 0;
    kit_prepare_within(&r, kit_small_limits(), STR("a"), bytes, NULL, 0);
    assert(drawn_in_text(&r.content, 0, bytes, NULL) == MP_OK);
    assert(drawn_read_page(&r.content, 0, NULL) == MP_OK);
    for (size_t i = 0; i < r.report.n_links; i++)
        assert(r.report.links[i].source == LINK_QR);
    kit_clear(&r);
    return 0;
}
