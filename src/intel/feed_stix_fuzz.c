/* Any bytes as a STIX bundle, and as an envelope of TAXII. */
#include "intel/feed_fuzz_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed feed = {.format = FEED_STIX, .min_confidence = 10};
    fuzz_feed(feed, data, size);
    feed.format = FEED_TAXII;
    return fuzz_feed(feed, data, size);
}
