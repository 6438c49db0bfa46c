/* Any bytes for every decoder, in every way: no decoder writes behind the room that it asks for. */
#include <stdlib.h>

#include "mime/decode.h"

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make((const char *)data, size);
    struct old_found found;
    struct buf out;
    unsigned odd;
    buf_init(&out, OUT_MAX);
    for (unsigned i = 0; i < 18; i++) {
        struct base64_way way = {(enum base64_pad)(i % 3), (enum base64_junk)(i / 3 % 3), i >= 9};
        char *to = malloc(base64_room(size)); /* its own: ASan sees an octet too many */
        if (to != NULL && base64_read(in, &way, to, &odd) > base64_room(size))
            __builtin_trap();
        free(to);
    }
    for (unsigned i = 0; i < 128; i++) {
        struct qp_way way = {(enum qp_bad)(i & 3), i & 4, i & 8, i & 16, i & 32, i & 64};
        char *to = malloc(size + 1);
        if (to != NULL && qp_read(in, &way, to, &odd) > size)
            __builtin_trap();
        free(to);
    }
    for (size_t pos = 0; old_next(in, &pos, &out, &found); buf_reset(&out))
        if (found.start > found.end || found.end > size)
            __builtin_trap();
    uu_read_lines(in, &out);
    gunzip(in, &out);
    buf_clear(&out);
    return 0;
}
