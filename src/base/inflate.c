/* zlib's loop, once. */
#include "base/inflate.h"

#include <zlib.h>

enum { STEP_BYTES = 64 * 1024 };

/* True while there is more to do. */
static bool inflate_step(z_stream *z, struct str in, size_t max, struct buf *out,
                         enum inflated *how)
{
    size_t left = max > out->n ? max - out->n : 0, room = left < STEP_BYTES ? left : STEP_BYTES;
    char *to = room == 0 ? NULL : buf_reserve(out, room);
    *how = INFLATED_CUT;
    if (to == NULL)
        return false;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    z->next_in = (Bytef *)(uintptr_t)(in.p + z->total_in); /* zlib does not write there */
    z->avail_in = in.n - z->total_in < UINT32_MAX ? (uInt)(in.n - z->total_in) : UINT32_MAX;
    int st = inflate(z, Z_NO_FLUSH);
    size_t n = room - z->avail_out;
    out->n += n;
    *how = st == Z_STREAM_END ? INFLATED_WHOLE : INFLATED_DAMAGED;
    return st == Z_OK && (n > 0 || z->avail_in > 0);
}

enum inflated inflate_add(struct str in, enum inflate_form form, size_t max, struct buf *out)
{
    z_stream z = {.next_in = NULL};
    enum inflated how = INFLATED_CUT;
    if (inflateInit2(&z, form) != Z_OK)
        return how;
    while (inflate_step(&z, in, max, out, &how))
        continue;
    inflateEnd(&z);
    return how;
}
