/* Any bytes as JSON: texts alone when the last byte is a line end, else objects. */
#include "intel/feed_fuzz_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {.format = FEED_JSON, .kind = INDICATOR_KIND_COUNT};
    if (size == 0 || data[size - 1] != '\n') {
        feed.columns[COLUMN_VALUE] = STR("d.v");
        feed.columns[COLUMN_KIND] = STR("k");
        feed.columns[COLUMN_LABEL] = STR("l");
        feed.columns[COLUMN_FIRST_SEEN] = STR("f");
    }
    return fuzz_feed(feed, data, size);
}
