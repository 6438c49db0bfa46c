/* Any bytes as a packed feed: never more comes out than may. */
#include <stdlib.h>

#include "feeds/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ROOM = 100000 };
    struct buf out;
    struct mp_err err = {0};
    buf_init(&out, ROOM);
    if (feed_unpack(str_make((const char *)data, size), &out, &err) != MP_OK && err.text[0] == '\0')
        abort();
    if (out.n > ROOM)
        abort();
    buf_clear(&out);
    return 0;
}
