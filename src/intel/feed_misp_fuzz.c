/* Any bytes as an answer of MISP. */
#include "intel/feed_fuzz_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {.format = FEED_MISP};
    return fuzz_feed(feed, data, size);
}
