/* What is taken for an answer is whole, and is written again as it was. */
#include <assert.h>

#include "signer/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str frame = str_make((const char *)data, size);
    struct signer_answer read;
    struct arena a;
    arena_init(&a, 1 << 20);
    if (signer_answer_read(&a, frame, &read, NULL) == MP_OK) {
        struct buf again;
        buf_init(&again, size);
        signer_answer_write(&again, &read);
        assert(str_eq(buf_str(&again), frame));
        buf_clear(&again);
    }
    arena_clear(&a);
    return 0;
}
