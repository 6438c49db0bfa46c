/* Any bytes as what a worker sends: packed again, it is what it was. */
#include "intel/feed_fuzz_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str left = str_make((const char *)data, size), before = left;
    struct indicator i;
    struct feed_page page;
    struct mp_err err = {0};
    struct buf b;
    buf_init(&b, 1 << 16);
    while (left.n > 0 && indicator_unpack(&left, &i, &err) == MP_OK) {
        buf_reset(&b);
        indicator_pack(&b, &i);
        if (!str_eq(buf_str(&b), str_slice(before, 0, before.n - left.n)))
            abort();
        before = left;
    }
    (void)feed_page_unpack(&left, &page, &err);
    buf_clear(&b);
    return 0;
}
