/* Any bytes as a calendar: read to its end, links and words within their limits. */
#include "content/archive_test_kit.h"
#include "document/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct str head = STR_INIT("BEGIN:VCALENDAR\n");
    struct kit_run r;
    struct buf text;
    buf_init(&text, head.n + size);
    buf_add(&text, head);
    buf_add(&text, str_make((const char *)data, size));
    kit_inspect_within(&r, kit_small_limits(), STR("a.ics"), buf_str(&text), NULL, 0);
    if (document_read(&r.content, 0, NULL) != MP_OK || r.report.n_links > CONTENT_MAX_LINKS)
        __builtin_trap();
    kit_clear(&r);
    buf_clear(&text);
    return 0;
}
