/* Any bytes as a table: columns by name when the first byte is odd, by number else. */
#include "intel/feed_fuzz_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {.format = FEED_CSV, .kind = INDICATOR_KIND_COUNT, .expire_s = 86400};
    bool names = size > 0 && data[0] % 2 == 1;
    feed.columns[COLUMN_VALUE] = names ? STR("url") : STR("2");
    feed.columns[COLUMN_KIND] = names ? STR("type") : STR("1");
    feed.columns[COLUMN_LABEL] = STR("3");
    feed.columns[COLUMN_CONFIDENCE] = STR("4");
    feed.columns[COLUMN_FIRST_SEEN] = STR("5");
    return fuzz_feed(feed, data, size);
}
