/* The filters of streams, one behind the other. */
#include "pdf/pdf_internal.h"

enum { STEP_BYTES = 64 * 1024 };

static bool inflate_step(z_stream *z, struct str in, size_t max, struct buf *out,
                         enum pdf_decoded *how)
{
    size_t room = max - out->n < STEP_BYTES ? max - out->n : STEP_BYTES;
    char *to = room == 0 ? NULL : buf_reserve(out, room);
    *how = PDF_CUT;
    if (to == NULL)
        return false;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    z->next_in = (Bytef *)(uintptr_t)(in.p + z->total_in);
    z->avail_in = in.n - z->total_in < UINT32_MAX ? (uInt)(in.n - z->total_in) : UINT32_MAX;
    int st = inflate(z, Z_NO_FLUSH);
    size_t n = room - z->avail_out;
    out->n += n;
    *how = st == Z_STREAM_END ? PDF_WHOLE : PDF_DAMAGED;
    return st == Z_OK && (n > 0 || z->avail_in > 0);
}

static enum pdf_decoded inflate_as(struct str in, int window, size_t max, struct buf *out)
{
    z_stream z = {.next_in = NULL};
    enum pdf_decoded how = PDF_CUT;
    if (inflateInit2(&z, window) != Z_OK)
        return how;
    while (inflate_step(&z, in, max, out, &how))
        continue;
    inflateEnd(&z);
    return how;
}

/* Readers take what is there of damaged data, and data without the header of zlib. */
static enum pdf_decoded unflate(struct str in, size_t max, struct buf *out)
{
    while (in.n > 0 && pdf_char_of(in.p[0]) == PDF_CHAR_SPACE)
        in = str_slice(in, 1, in.n);
    if (in.n == 0)
        return PDF_DAMAGED;
    enum pdf_decoded how = inflate_as(in, MAX_WBITS, max, out);
    if (how == PDF_DAMAGED && out->n == 0 && in.n > 2) {
        bool header = (in.p[0] & 0x0f) == 8;
        how = inflate_as(str_slice(in, header ? 2 : 0, in.n), -MAX_WBITS, max, out);
    }
    return how;
}

static enum pdf_decoded undo(struct str in, const struct pdf_coding *coding, unsigned i, size_t max,
                             struct buf *out)
{
    switch (coding->steps[i].filter) {
    case PDF_FLATE:
        return unflate(in, max, out);
    case PDF_LZW:
        return pdf_unlzw(in, coding->steps[i].late, max, out);
    case PDF_ASCII_HEX:
        return pdf_unhex(in, max, out);
    case PDF_ASCII85:
        return pdf_unascii85(in, max, out);
    case PDF_RUN_LENGTH:
        return pdf_unrun(in, max, out);
    default:
        return PDF_DAMAGED;
    }
}

enum pdf_decoded pdf_decode(struct str in, const struct pdf_coding *coding, size_t max,
                            struct buf scratch[2], struct str *out, enum pdf_filter *format,
                            uint64_t *steps)
{
    enum pdf_decoded how = PDF_WHOLE;
    *format = PDF_FILTER_NONE;
    *steps = in.n;
    for (unsigned i = 0; i < coding->n && *format == PDF_FILTER_NONE; i++) {
        enum pdf_filter f = coding->steps[i].filter;
        struct buf *to = &scratch[i % 2];
        if (f == PDF_CRYPT)
            continue;
        if (f >= PDF_DCT) {
            *format = f;
            break;
        }
        buf_reset(to);
        enum pdf_decoded this_one = undo(in, coding, i, max, to);
        how = this_one > how ? this_one : how;
        if (to->failed)
            how = PDF_CUT;
        if (f == PDF_FLATE || f == PDF_LZW)
            pdf_unpredict(to, coding->steps[i].predictor, coding->steps[i].colors,
                          coding->steps[i].bits, coding->steps[i].columns);
        in = buf_str(to);
        *steps += in.n;
    }
    if (in.n > max) {
        in.n = max;
        how = PDF_CUT;
    }
    *out = in;
    return how;
}
