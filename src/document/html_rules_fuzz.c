/* Any bytes as a page that is attached, and as the text of a mail: links and texts within limits.
 */
#include "content/archive_test_kit.h"
#include "document/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int body = 0; body < 2; body++) {
        struct kit_run r;
        kit_prepare_within(&r, kit_small_limits(), STR("a.html"),
                           str_make((const char *)data, size), NULL, 0);
        struct content_object *o = &r.report.objects[0];
        o->type = STR("text");
        o->subtype = STR("html");
        o->n_names = body != 0 ? 0 : 1;
        if (document_read(&r.content, 0, NULL) != MP_OK || r.report.n_links > CONTENT_MAX_LINKS)
            __builtin_trap();
        kit_clear(&r);
    }
    return 0;
}
