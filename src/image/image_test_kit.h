/* Writers of pictures for tests: PNG, BMP and GIF of known pixels, every form of them. */
#ifndef MP_IMAGE_IMAGE_TEST_KIT_H
#define MP_IMAGE_IMAGE_TEST_KIT_H

#include <stdlib.h>
#include <zlib.h>

#include "base/buf.h"
#include "image/image.h"
#include "tests/tap.h"

enum { PIC_MAX_BYTES = 4 << 20 };

static inline void pic_number(struct buf *b, uint32_t v, unsigned bytes, bool little)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_addc(b, (char)(v >> 8 * (little ? i : bytes - 1 - i)));
}

/* ---- PNG ---- */

struct pic_png {
    uint32_t width, height;
    unsigned depth, colour;
    bool interlaced;
    unsigned filter; /* of all rows, 5: by turns */
    /* Sample `c` of the pixel, in the depth's bits. */
    unsigned (*sample)(uint32_t x, uint32_t y, unsigned c);
    struct str before; /* chunks between IHDR and IDAT, made by pic_chunk */
    size_t piece;      /* bytes of an IDAT, 0: all in one */
};

static inline void pic_chunk(struct buf *b, const char *type, struct str data)
{
    pic_number(b, (uint32_t)data.n, 4, false);
    buf_addz(b, type);
    buf_add(b, data);
    uLong crc = crc32(0, (const Bytef *)type, 4);
    pic_number(b, (uint32_t)(data.n == 0 ? crc : crc32(crc, (const Bytef *)data.p, (uInt)data.n)),
               4, false);
}

static inline int pic_paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

static inline void pic_png_filter(struct buf *out, const unsigned char *row,
                                  const unsigned char *up, size_t n, size_t step, unsigned filter)
{
    buf_addc(out, (char)filter);
    for (size_t i = 0; i < n; i++) {
        int a = i < step ? 0 : row[i - step], b = up[i], c = i < step ? 0 : up[i - step];
        int less[] = {0, a, b, (a + b) / 2, pic_paeth(a, b, c)};
        buf_addc(out, (char)(row[i] - less[filter]));
    }
}

/* Rows of the pixels (x0 + i * dx, y0 + k * dy). */
static inline void pic_png_pass(struct buf *out, const struct pic_png *p, const unsigned *at)
{
    static const unsigned channels[] = {1, 0, 3, 1, 2, 0, 4};
    static unsigned char row[1 << 16], up[1 << 16];
    unsigned n = channels[p->colour], filter = p->filter;
    memset(up, 0, sizeof up);
    for (uint32_t y = at[1]; y < p->height && at[0] < p->width; y += at[3]) {
        size_t bit = 0;
        memset(row, 0, sizeof row);
        for (uint32_t x = at[0]; x < p->width; x += at[2])
            for (unsigned c = 0; c < n; c++, bit += p->depth) {
                unsigned v = p->sample(x, y, c);
                if (p->depth == 16)
                    row[bit / 8 + 1] = (unsigned char)v;
                row[bit / 8] =
                    (unsigned char)(row[bit / 8] |
                                    (p->depth == 16 ? v >> 8 : v << (8 - p->depth - bit % 8)));
            }
        size_t bytes = (bit + 7) / 8, step = p->depth * n < 8 ? 1 : p->depth * n / 8;
        pic_png_filter(out, row, up, bytes, step, p->filter == 5 ? filter++ % 5 : p->filter);
        memcpy(up, row, bytes);
    }
}

static inline void pic_png_write(struct buf *out, const struct pic_png *p)
{
    static const unsigned whole[] = {0, 0, 1, 1},
                          adam7[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                         {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    struct buf rows, head;
    static unsigned char packed[PIC_MAX_BYTES];
    uLongf n = sizeof packed;
    buf_init(&rows, PIC_MAX_BYTES);
    buf_init(&head, 64);
    for (size_t i = 0; i < (p->interlaced ? 7 : 1); i++)
        pic_png_pass(&rows, p, p->interlaced ? adam7[i] : whole);
    if (rows.failed || compress(packed, &n, (const Bytef *)rows.p, rows.n) != Z_OK)
        abort();
    pic_number(&head, p->width, 4, false);
    pic_number(&head, p->height, 4, false);
    buf_addc(&head, (char)p->depth);
    buf_addc(&head, (char)p->colour);
    pic_number(&head, p->interlaced, 3, false);
    buf_reset(out);
    buf_add(out, STR("\x89PNG\r\n\x1a\n"));
    pic_chunk(out, "IHDR", buf_str(&head));
    buf_add(out, p->before);
    size_t piece = p->piece == 0 ? n : p->piece;
    for (size_t i = 0; i < n; i += piece)
        pic_chunk(out, "IDAT", str_make((const char *)packed + i, n - i < piece ? n - i : piece));
    pic_chunk(out, "IEND", STR_NONE);
    buf_clear(&rows);
    buf_clear(&head);
}

/* ---- BMP ---- */

/* Headers, a palette of `colours` greys, then `data`. */
static inline void pic_bmp_write(struct buf *out, uint32_t width, int32_t height, unsigned depth,
                                 unsigned compression, struct str masks, struct str data)
{
    uint32_t colours = depth <= 8 ? 1u << depth : 0;
    uint32_t offset = 54 + (uint32_t)masks.n + 4 * colours;
    buf_reset(out);
    buf_addz(out, "BM");
    pic_number(out, offset + (uint32_t)data.n, 4, true);
    pic_number(out, 0, 4, true);
    pic_number(out, offset, 4, true);
    pic_number(out, 40, 4, true);
    pic_number(out, width, 4, true);
    pic_number(out, (uint32_t)height, 4, true);
    pic_number(out, 1, 2, true);
    pic_number(out, depth, 2, true);
    pic_number(out, compression, 4, true);
    for (size_t i = 0; i < 5; i++)
        pic_number(out, 0, 4, true);
    buf_add(out, masks);
    for (uint32_t i = 0; i < colours; i++)
        pic_number(out, i * 255 / (colours - 1) * 0x010101, 4, true);
    buf_add(out, data);
}

/* ---- GIF ---- */

struct pic_gif_bits {
    struct buf *out;
    uint32_t acc;
    unsigned n;
    char block[255];
    size_t used;
};

static inline void pic_gif_flush(struct pic_gif_bits *b)
{
    if (b->used == 0)
        return;
    buf_addc(b->out, (char)b->used);
    buf_add(b->out, str_make(b->block, b->used));
    b->used = 0;
}

static inline void pic_gif_code(struct pic_gif_bits *b, unsigned code, unsigned width)
{
    b->acc |= code << b->n;
    for (b->n += width; b->n >= 8; b->n -= 8, b->acc >>= 8) {
        b->block[b->used++] = (char)b->acc;
        if (b->used == sizeof b->block)
            pic_gif_flush(b);
    }
}

/* LZW of the indices, with a dictionary that is searched from end to end: tests are small. */
static inline void pic_gif_lzw(struct buf *out, const unsigned char *index, size_t n, unsigned bits)
{
    static uint16_t prefix[4096];
    static unsigned char last[4096];
    unsigned clear = 1u << bits, next = clear + 2, width = bits + 1;
    struct pic_gif_bits b = {.out = out};
    buf_addc(out, (char)bits);
    pic_gif_code(&b, clear, width);
    unsigned now = index[0];
    for (size_t i = 1; i < n; i++) {
        unsigned k = clear + 2;
        while (k < next && !(prefix[k] == now && last[k] == index[i]))
            k++;
        if (k < next) {
            now = k;
            continue;
        }
        pic_gif_code(&b, now, width);
        if (next < 4096) {
            prefix[next] = (uint16_t)now;
            last[next] = index[i];
            width += next++ == 1u << width;
        } else {
            pic_gif_code(&b, clear, width);
            next = clear + 2;
            width = bits + 1;
        }
        now = index[i];
    }
    pic_gif_code(&b, now, width);
    width += next == 1u << width && width < 12;
    pic_gif_code(&b, clear + 1, width);
    pic_gif_code(&b, 0, 7);
    pic_gif_flush(&b);
    buf_addc(out, 0);
}

struct pic_frame {
    uint32_t left, top, width, height;
    bool interlaced;
    int transparent;   /* an index, -1: none */
    unsigned disposal; /* before the next */
    const unsigned char *index;
};

/* A GIF with a palette of 1 << bits greys. */
static inline void pic_gif_begin(struct buf *out, uint32_t width, uint32_t height, unsigned bits)
{
    buf_reset(out);
    buf_addz(out, "GIF89a");
    pic_number(out, width, 2, true);
    pic_number(out, height, 2, true);
    pic_number(out, 0x80 | (bits - 1), 3, true);
    for (uint32_t i = 0; i < 1u << bits; i++)
        pic_number(out, i * 255 / ((1u << bits) - 1) * 0x010101, 3, true);
}

static inline void pic_gif_frame(struct buf *out, const struct pic_frame *f, unsigned bits)
{
    static const unsigned first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    static unsigned char rows[1 << 16];
    size_t n = 0;
    buf_add(out, STR("\x21\xf9\x04"));
    buf_addc(out, (char)(f->disposal << 2 | (f->transparent >= 0)));
    pic_number(out, 0, 2, true);
    buf_addc(out, (char)(f->transparent >= 0 ? f->transparent : 0));
    buf_addc(out, 0);
    buf_addc(out, 0x2c);
    pic_number(out, f->left, 2, true);
    pic_number(out, f->top, 2, true);
    pic_number(out, f->width, 2, true);
    pic_number(out, f->height, 2, true);
    buf_addc(out, f->interlaced ? 0x40 : 0);
    for (size_t pass = 0; pass < (f->interlaced ? 4 : 1); pass++)
        for (size_t y = f->interlaced ? first[pass] : 0; y < f->height;
             y += f->interlaced ? step[pass] : 1, n += f->width)
            memcpy(rows + n, f->index + y * f->width, f->width);
    pic_gif_lzw(out, rows, n, bits);
}

#endif
