/* The filters of streams, one behind the other. */
#include "pdf/pdf_internal.h"

/* Readers take what is there of damaged data, and data without the header of zlib. */
static enum inflated unflate(struct str in, size_t max, struct buf *out)
{
    while (in.n > 0 && pdf_char_of(in.p[0]) == PDF_CHAR_SPACE)
        in = str_slice(in, 1, in.n);
    if (in.n == 0)
        return INFLATED_DAMAGED;
    enum inflated how = inflate_add(in, INFLATE_ZLIB, max, out);
    if (how == INFLATED_DAMAGED && out->n == 0 && in.n > 2) {
        bool header = (in.p[0] & 0x0f) == 8;
        how = inflate_add(str_slice(in, header ? 2 : 0, in.n), INFLATE_RAW, max, out);
    }
    return how;
}

static enum pdf_decoded undo(struct str in, const struct pdf_coding *coding, unsigned i, size_t max,
                             struct buf *out)
{
    switch (coding->steps[i].filter) {
    case PDF_FLATE:
        return (enum pdf_decoded)unflate(in, max, out);
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
