/* What is taken for a request is whole, and is written again as it was. */
#include <assert.h>

#include "ipc/mail_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str frame = str_make((const char *)data, size);
    struct mail_request read;
    struct arena a;
    arena_init(&a, 16 << 20);
    if (mail_request_read(&a, frame, &read, NULL) == MP_OK) {
        struct buf again;
        buf_init(&again, size);
        mail_request_write(&again, &read);
        assert(str_eq(buf_str(&again), frame));
        buf_clear(&again);
    }
    arena_clear(&a);
    return 0;
}
