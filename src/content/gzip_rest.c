/* A gzip file that libarchive gives up on, since it is cut off or broken: what comes out up to
 * there, as gunzip would leave it (RFC 1952 2.3). */
#include "base/bytes.h"
#include "content/archive_lib.h"

enum {
    HEADER_BYTES = 10,
    FLAGS_AT = 3,
    HAS_CHECKSUM = 2,
    HAS_EXTRA = 4,
    HAS_NAME = 8,
    HAS_COMMENT = 16
};

static struct str skip_text(struct str s)
{
    size_t n = str_find(s, '\0');
    return str_slice(s, n < s.n ? n + 1 : n, s.n);
}

static struct str packed_of(struct str bytes)
{
    unsigned flags = byte_at(bytes, FLAGS_AT);
    struct str s = str_slice(bytes, HEADER_BYTES, bytes.n);
    if ((flags & HAS_EXTRA) != 0)
        s = str_slice(s, 2 + le16_at(s, 0), s.n);
    if ((flags & HAS_NAME) != 0)
        s = skip_text(s);
    if ((flags & HAS_COMMENT) != 0)
        s = skip_text(s);
    return str_slice(s, (flags & HAS_CHECKSUM) != 0 ? 2 : 0, s.n);
}

int gzip_open_rest(struct inspector *in, struct str name, struct str bytes, struct mp_err *err)
{
    struct zip_source source = {.name = name, .packed = packed_of(bytes), .method = ZIP_DEFLATE};
    size_t used;
    if (!out_begin(in, name, source.packed.n, 0))
        return MP_OK;
    enum unpacked how = zip_unpack(in, &source, &used);
    if (in->out.n == 0)
        return MP_OK;
    struct member m = {.names = {name}, .n_names = 1, .cut = true, .bytes = out_keep(in, how)};
    m.has_bytes = m.bytes.p != NULL;
    return member_add(in, &m, err);
}
