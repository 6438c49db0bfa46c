/* What is taken for a request is whole, and is written again as it was. */
#include <assert.h>

#include "signer/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str frame = str_make((const char *)data, size);
    struct signer_request read;
    if (signer_request_read(frame, &read, NULL) == MP_OK) {
        struct buf again;
        buf_init(&again, size);
        signer_request_write(&again, &read);
        assert(str_eq(buf_str(&again), frame));
        buf_clear(&again);
    }
    return 0;
}
