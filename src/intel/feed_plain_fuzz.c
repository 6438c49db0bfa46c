/* Any bytes as a list of one value a line. */
#include "intel/feed_fuzz_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {.format = FEED_PLAIN, .kind = INDICATOR_KIND_COUNT};
    return fuzz_feed(feed, data, size);
}
