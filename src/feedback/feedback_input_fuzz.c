/* libFuzzer: bytes of any form as reports, and what came of them packed and unpacked again. */
#include <stdlib.h>

#include "feedback/item_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct feedback_content c, back;
    struct buf packed;
    arena_init(&arena, FEEDBACK_ARENA_MAX_BYTES);
    buf_init(&packed, FEEDBACK_ARENA_MAX_BYTES);
    if (feedback_read(&arena, str_make((const char *)data, size), &c, NULL) == MP_OK) {
        feedback_content_pack(&packed, &c);
        if (feedback_content_unpack(&arena, buf_str(&packed), &back, NULL) != MP_OK)
            abort();
    }
    feedback_content_unpack(&arena, str_make((const char *)data, size), &back, NULL);
    buf_clear(&packed);
    arena_clear(&arena);
    return 0;
}
