/* What is taken for a remembered state is whole, and is written again as it was. */
#include <assert.h>

#include "monitor/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct target_state read;
    struct arena a;
    arena_init(&a, 16 << 20);
    if (target_state_read(&a, text, &read, NULL) == MP_OK) {
        struct buf again;
        buf_init(&again, size);
        target_state_write(&again, &read);
        assert(str_eq(buf_str(&again), text));
        buf_clear(&again);
    }
    arena_clear(&a);
    return 0;
}
