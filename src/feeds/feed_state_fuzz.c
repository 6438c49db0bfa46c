/* Any bytes as the state of a feed: what is taken is written again, byte for byte. */
#include <stdlib.h>

#include "feeds/state_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str file = str_make((const char *)data, size);
    struct feed_state state;
    struct buf again;
    if (!feed_state_parse(file, STR("openphish"), &state))
        return 0;
    buf_init(&again, FEED_STATE_MAX_BYTES);
    feed_state_write(&again, STR("openphish"), &state);
    if (!again.failed && !str_eq(buf_str(&again), file))
        abort();
    buf_clear(&again);
    return 0;
}
