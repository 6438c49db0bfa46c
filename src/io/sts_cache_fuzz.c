/* Any bytes as a cached policy: what is taken is written again, byte for byte. */
#include <stdlib.h>

#include "io/sts_cache_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str file = str_make((const char *)data, size);
    struct sts_cached e;
    struct buf again;
    if (!sts_cache_parse(file, STR("good.test"), &e))
        return 0;
    buf_init(&again, STS_FILE_MAX_BYTES);
    if (!sts_cache_write(&again, STR("good.test"), &e) || !str_eq(buf_str(&again), file))
        abort();
    buf_clear(&again);
    return 0;
}
