/* Gzip within base64 ("x-gzip64"): inflated within a bound. */
#include <zlib.h>

#include "mime/decode.h"

enum { GZIP_WINDOW = 15 + 16 /* with a gzip head */, GZIP_STEP = 64 * 1024 };

bool gunzip(struct str in, struct buf *out)
{
    z_stream z = {0};
    if (in.n < 18 || in.n > UINT32_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return false;
    union {
        const char *from;
        Bytef *to;
    } source = {.from = in.p}; /* zlib does not write there */
    z.next_in = source.to;
    z.avail_in = (uInt)in.n;
    int st = Z_OK;
    while (st == Z_OK) {
        size_t room = out->max_bytes - out->n < GZIP_STEP ? out->max_bytes - out->n : GZIP_STEP;
        char *to = room == 0 ? NULL : buf_reserve(out, room);
        if (to == NULL)
            break;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)room;
        st = inflate(&z, Z_NO_FLUSH);
        out->n += room - z.avail_out;
    }
    inflateEnd(&z);
    return st == Z_STREAM_END;
}
