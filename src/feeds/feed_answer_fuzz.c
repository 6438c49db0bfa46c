/* Any bytes as the answer of a worker that was taken over: head, then entries. */
#include "feeds/parse_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_make((const char *)data, size);
    struct feed_head head;
    struct feed feed;
    int64_t now_s;
    if (feed_head_unpack(bytes, &head, NULL) != MP_OK)
        head.page.counts.entries = size;
    (void)feed_entries_check(bytes, &head.page, NULL);
    (void)feed_request_unpack(bytes, &feed, &now_s, NULL);
    return 0;
}
