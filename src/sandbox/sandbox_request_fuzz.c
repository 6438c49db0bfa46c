/* Requests: what a worker takes for one is whole, and is written again as it was. */
#include <assert.h>

#include "sandbox/frame_test_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct frame_request request;
    struct str behind, frame = kit_cut(data, size, &behind);
    arena_init(&arena, 16 << 20);
    if (frame_request_read(&arena, frame, behind, &request, NULL) == MP_OK) {
        struct buf again;
        buf_init(&again, FRAME_MAX_BYTES);
        assert(frame_request_write(&again, &request.content, 0, NULL) == MP_OK);
        assert(str_eq(buf_str(&again), frame));
        buf_clear(&again);
    }
    arena_clear(&arena);
    return 0;
}
