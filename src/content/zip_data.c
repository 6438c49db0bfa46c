/* The data of a ZIP's member: stored, deflated, and what other libraries unpack. */
#include <zlib.h>

#include "content/archive_lib.h"

/* One step of inflating; true while there is more to do. */
static bool inflate_step(struct inspector *in, z_stream *z, struct str packed, enum unpacked *how)
{
    char *room = out_room(in, UNPACK_STEP_BYTES);
    *how = UNPACKED_CUT;
    if (room == NULL)
        return false;
    z->next_out = (Bytef *)room;
    z->avail_out = UNPACK_STEP_BYTES;
    z->next_in = (Bytef *)(uintptr_t)(packed.p + z->total_in);
    z->avail_in = packed.n - z->total_in < UINT32_MAX ? (uInt)(packed.n - z->total_in) : UINT32_MAX;
    int st = inflate(z, Z_NO_FLUSH);
    size_t n = UNPACK_STEP_BYTES - z->avail_out;
    if (!out_more(in, n))
        return false;
    *how = st == Z_STREAM_END ? UNPACKED_WHOLE : UNPACKED_DAMAGED;
    return st == Z_OK && (n > 0 || z->avail_in > 0);
}

static enum unpacked inflate_all(struct inspector *in, struct str packed, size_t *used)
{
    enum unpacked how = UNPACKED_CUT;
    z_stream z = {.next_in = NULL};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        inspect_cut(in, CUT_MEMORY);
        return how;
    }
    while (inflate_step(in, &z, packed, &how))
        continue;
    *used = z.total_in;
    inflateEnd(&z);
    return how;
}

enum unpacked zip_unpack(struct inspector *in, const struct zip_source *s, size_t *used)
{
    *used = s->packed.n;
    if (s->method == ZIP_STORED)
        return out_add(in, s->packed) ? UNPACKED_WHOLE : UNPACKED_CUT;
    if (s->method == ZIP_DEFLATE)
        return inflate_all(in, s->packed, used);
    if (s->method == ZIP_DEFLATE64)
        return inflate64(in, s->packed, used);
    return lib_unpack(in, s);
}
