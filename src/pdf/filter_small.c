/* Filters that need no library: LZW, ASCIIHex, ASCII85, run lengths, predictors. */
#include "base/hex.h"
#include "base/png_filter.h"
#include "pdf/pdf_internal.h"

static enum pdf_decoded add(struct buf *out, size_t max, const char *p, size_t n)
{
    size_t room = max - out->n < n ? max - out->n : n;
    buf_add(out, str_make(p, room));
    return room < n || out->failed ? PDF_CUT : PDF_WHOLE;
}

/* ---- LZW, ISO 32000-2 7.4.4 ---- */

enum { LZW_CODES = 4096, LZW_CLEAR = 256, LZW_END = 257, LZW_FIRST = 258 };

/* Each code is a piece of what came out already: no tree, no recursion. */
struct lzw {
    uint32_t at[LZW_CODES];
    uint16_t length[LZW_CODES];
    unsigned next, bits;
};

static bool lzw_next(struct str in, size_t *bit, unsigned bits, unsigned *code)
{
    if (in.n * 8 - *bit < bits)
        return false;
    *code = 0;
    for (unsigned i = 0; i < bits; i++, ++*bit)
        *code = *code << 1 | ((unsigned char)in.p[*bit / 8] >> (7 - *bit % 8) & 1);
    return true;
}

/* What `code` stands for is written; its place is remembered for the next code of the table. */
static enum pdf_decoded lzw_write(const struct lzw *z, unsigned code, size_t max, struct buf *out)
{
    char one = (char)code;
    if (code < LZW_CLEAR)
        return add(out, max, &one, 1);
    if (out->n + z->length[code] > max || buf_reserve(out, z->length[code]) == NULL)
        return PDF_CUT;
    for (unsigned i = 0; i < z->length[code]; i++) /* may overlap with itself */
        out->p[out->n + i] = out->p[z->at[code] + i];
    out->n += z->length[code];
    return PDF_WHOLE;
}

enum pdf_decoded pdf_unlzw(struct str in, bool late, size_t max, struct buf *out)
{
    struct lzw z = {.next = LZW_FIRST, .bits = 9};
    unsigned code, previous = LZW_CLEAR;
    size_t bit = 0, previous_at = 0;
    while (lzw_next(in, &bit, z.bits, &code)) {
        if (code == LZW_END)
            return PDF_WHOLE;
        if (code == LZW_CLEAR) {
            z.next = LZW_FIRST;
            z.bits = 9;
            previous = LZW_CLEAR;
            continue;
        }
        if (previous != LZW_CLEAR &&
            z.next < LZW_CODES) { /* the previous one, and one octet more */
            z.at[z.next] = (uint32_t)previous_at;
            z.length[z.next] = (uint16_t)(out->n - previous_at + 1);
            z.next++;
        }
        if (code >= z.next || out->n > UINT32_MAX / 2)
            return PDF_DAMAGED;
        previous_at = out->n;
        previous = code;
        if (lzw_write(&z, code, max, out) != PDF_WHOLE)
            return PDF_CUT;
        unsigned grown = z.next + (late ? 0 : 1);
        z.bits = grown >= 2048 ? 12 : grown >= 1024 ? 11 : grown >= 512 ? 10 : 9;
    }
    return PDF_DAMAGED;
}

/* ---- text forms, 7.4.2 and 7.4.3 ---- */

enum pdf_decoded pdf_unhex(struct str in, size_t max, struct buf *out)
{
    int high = -1;
    for (size_t i = 0; i < in.n && in.p[i] != '>'; i++) {
        int v = hex_value(in.p[i]);
        if (v < 0)
            continue;
        char c = (char)(high * 16 + v);
        if (high >= 0 && add(out, max, &c, 1) != PDF_WHOLE)
            return PDF_CUT;
        high = high >= 0 ? -1 : v;
    }
    char last = (char)(high * 16);
    return high >= 0 ? add(out, max, &last, 1) : PDF_WHOLE;
}

/* `n` digits of five, the missing ones are "u". */
static enum pdf_decoded add_group(struct buf *out, size_t max, uint32_t v, unsigned n)
{
    char c[4];
    for (unsigned i = n; i < 5; i++)
        v = v * 85 + 84;
    for (unsigned i = 0; i < 4; i++)
        c[i] = (char)(v >> (24 - 8 * i));
    return add(out, max, c, n - 1);
}

enum pdf_decoded pdf_unascii85(struct str in, size_t max, struct buf *out)
{
    uint32_t v = 0;
    unsigned n = 0;
    for (size_t i = 0; i < in.n && in.p[i] != '~'; i++) {
        enum pdf_decoded how = PDF_WHOLE;
        if (in.p[i] == 'z' && n == 0)
            how = add(out, max, "\0\0\0\0", 4);
        if (in.p[i] >= '!' && in.p[i] <= 'u') {
            v = v * 85 + (uint32_t)(in.p[i] - '!');
            n++;
        }
        if (n == 5) {
            how = add_group(out, max, v, n);
            v = n = 0;
        }
        if (how != PDF_WHOLE)
            return how;
    }
    return n > 1 ? add_group(out, max, v, n) : PDF_WHOLE;
}

enum pdf_decoded pdf_unrun(struct str in, size_t max, struct buf *out)
{
    for (size_t i = 0; i < in.n;) {
        unsigned n = (unsigned char)in.p[i++];
        if (n == 128)
            return PDF_WHOLE;
        size_t length = n < 128 ? n + 1 : 257 - n, here = n < 128 ? length : 1;
        if (in.n - i < here)
            return PDF_DAMAGED;
        char same[128];
        memset(same, in.p[i], sizeof same);
        if (add(out, max, n < 128 ? in.p + i : same, length) != PDF_WHOLE)
            return PDF_CUT;
        i += here;
    }
    return PDF_WHOLE;
}

/* ---- predictors, 7.4.4.4 ---- */

void pdf_unpredict(struct buf *b, unsigned predictor, unsigned colors, unsigned bits,
                   unsigned columns)
{
    size_t pixel = ((size_t)colors * bits + 7) / 8, n = ((size_t)colors * bits * columns + 7) / 8;
    unsigned char *p = (unsigned char *)b->p, *up = NULL;
    if (predictor < 2 || n == 0 || b->n == 0)
        return;
    if (predictor == 2) { /* TIFF; of octets alone, nothing else is written */
        for (size_t row = 0; bits == 8 && row < b->n; row += n)
            for (size_t i = pixel; i < n && row + i < b->n; i++)
                p[row + i] = (unsigned char)(p[row + i] + p[row + i - pixel]);
        return;
    }
    size_t out = 0;
    for (size_t in = 0; in + 1 < b->n; in += n + 1) {
        size_t here = b->n - in - 1 < n ? b->n - in - 1 : n;
        unsigned kind = p[in];
        memmove(p + out, p + in + 1, here);
        png_unfilter(kind, p + out, up, here, pixel); /* no such filter: as it is */
        up = p + out;
        out += here;
    }
    b->n = out;
}
