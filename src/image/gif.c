/* GIF 87a and 89a: LZW, interlace, palettes, transparency; the first frame, or all one upon the
 * other. */
#include "image/image_internal.h"

enum {
    LZW_MAX_CODES = 4096,
    LZW_MAX_BITS = 12,
    GIF_HEADER_BYTES = 13,
    GIF_MAX_FRAMES = 256,                   /* painted, of one file */
    GIF_MAX_PAINTED = 2 * IMAGE_MAX_PIXELS, /* pixels, by all its frames */
    GIF_NO_COLOUR = 256                     /* no index is transparent */
};

struct lzw {
    struct str rest;  /* sub-blocks not yet begun */
    struct str block; /* the current one */
    uint32_t bits;
    unsigned n_bits;
    uint16_t prefix[LZW_MAX_CODES];
    unsigned char suffix[LZW_MAX_CODES], stack[LZW_MAX_CODES];
};

struct frame {
    size_t left, top, width, height;
    bool interlaced;
    unsigned char palette[256]; /* as grey values */
    unsigned clear;             /* the transparent index, or GIF_NO_COLOUR */
};

struct gif {
    struct str rest;
    struct image *im;
    unsigned char background, palette[256];
    unsigned clear, disposal; /* of the next frame */
    unsigned char *canvas;
    uint64_t painted;
};

/* A colour table as grey values; what it lacks is black. Moves behind it. */
static void palette_read(struct str *rest, unsigned flags, unsigned char *out)
{
    size_t n = 2u << (flags & 7);
    memset(out, 0, 256);
    for (size_t i = 0; i < n; i++)
        out[i] =
            grey_of(byte_at(*rest, 3 * i), byte_at(*rest, 3 * i + 1), byte_at(*rest, 3 * i + 2));
    *rest = str_slice(*rest, 3 * n, rest->n);
}

/* A sub-block off the front; false at the last, which is empty. */
static bool sub_block(struct str *rest, struct str *block)
{
    size_t n = byte_at(*rest, 0);
    *block = str_slice(*rest, 1, 1 + n);
    *rest = str_slice(*rest, 1 + n, rest->n);
    return n != 0 && block->n != 0;
}

static bool next_code(struct lzw *l, unsigned width, unsigned *code)
{
    while (l->n_bits < width) {
        if (l->block.n == 0 && !sub_block(&l->rest, &l->block))
            return false;
        l->bits |= (uint32_t)byte_at(l->block, 0) << l->n_bits;
        l->n_bits += 8;
        l->block = str_slice(l->block, 1, l->block.n);
    }
    *code = l->bits & ((1u << width) - 1);
    l->bits >>= width;
    l->n_bits -= width;
    return true;
}

/* The place of the n-th row of an interlaced frame. */
static size_t row_of(const struct frame *f, size_t n)
{
    static const unsigned char first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    for (size_t i = 0; f->interlaced && i < 4; i++) {
        size_t rows = f->height > first[i] ? (f->height - first[i] + step[i] - 1u) / step[i] : 0;
        if (n < rows)
            return first[i] + n * step[i];
        n -= rows;
    }
    return n;
}

/* Where the next index of a frame goes. */
struct pen {
    size_t x, rows, at; /* column, rows done, the row's beginning on the canvas */
};

static void pen_row(const struct gif *g, const struct frame *f, struct pen *pen)
{
    pen->x = 0;
    pen->at = pen->rows < f->height ? (f->top + row_of(f, pen->rows)) * g->im->width + f->left : 0;
}

static bool put(const struct gif *g, const struct frame *f, struct pen *pen, unsigned index)
{
    if (pen->rows >= f->height)
        return false;
    if (index != f->clear)
        g->canvas[pen->at + pen->x] = f->palette[index];
    if (++pen->x == f->width) {
        pen->rows++;
        pen_row(g, f, pen);
    }
    return true;
}

/* The string of `code`, last octet first, onto the stack; its length. `fresh` is the code that
 * this very string makes: the string before and its own first octet. */
static size_t unwind(struct lzw *l, unsigned code, unsigned clear, unsigned first, bool fresh)
{
    size_t n = 0;
    if (fresh)
        l->stack[n++] = (unsigned char)first;
    while (code >= clear && n + 1 < LZW_MAX_CODES) {
        l->stack[n++] = l->suffix[code];
        code = l->prefix[code];
    }
    l->stack[n++] = (unsigned char)code;
    return n;
}

/* The pixels of a frame; false when data end early or break. */
static bool lzw_paint(struct gif *g, struct lzw *l, const struct frame *f, unsigned min_bits)
{
    const unsigned clear = 1u << min_bits, none = LZW_MAX_CODES;
    unsigned next = clear + 2, width = min_bits + 1, before = none, first = 0, code;
    struct pen pen = {.rows = 0};
    pen_row(g, f, &pen);
    while (pen.rows < f->height && next_code(l, width, &code)) {
        if (code == clear) {
            next = clear + 2;
            width = min_bits + 1;
            before = none;
            continue;
        }
        if (code == clear + 1 || code > next || (code == next && before == none) ||
            (before == none && code > clear))
            break;
        bool fresh = code == next;
        size_t n = unwind(l, fresh ? before : code, clear, first, fresh);
        first = l->stack[n - 1];
        while (n > 0 && put(g, f, &pen, l->stack[n - 1]))
            n--;
        if (before != none && next < LZW_MAX_CODES) {
            l->prefix[next] = (uint16_t)before;
            l->suffix[next++] = (unsigned char)first;
            width += next == 1u << width && width < LZW_MAX_BITS;
        }
        before = code;
    }
    return pen.rows >= f->height;
}

static void skip_blocks(struct str *rest)
{
    struct str block;
    while (sub_block(rest, &block))
        continue;
}

/* Extensions tell what is transparent, and what is done with a frame before the next. */
static void extension(struct gif *g)
{
    if (byte_at(g->rest, 0) == 0xf9 && byte_at(g->rest, 1) >= 4) {
        unsigned flags = byte_at(g->rest, 2);
        g->clear = (flags & 1) != 0 ? byte_at(g->rest, 5) : GIF_NO_COLOUR;
        g->disposal = flags >> 2 & 7;
        g->im->transparent |= (flags & 1) != 0;
    }
    g->rest = str_slice(g->rest, 1, g->rest.n);
    skip_blocks(&g->rest);
}

static void frame_head(struct gif *g, struct frame *f)
{
    unsigned flags = byte_at(g->rest, 8);
    *f = (struct frame){.left = le16_at(g->rest, 0),
                        .top = le16_at(g->rest, 2),
                        .width = le16_at(g->rest, 4),
                        .height = le16_at(g->rest, 6),
                        .interlaced = (flags & 0x40) != 0,
                        .clear = g->clear};
    g->rest = str_slice(g->rest, 9, g->rest.n);
    memcpy(f->palette, g->palette, sizeof f->palette);
    if ((flags & 0x80) != 0)
        palette_read(&g->rest, flags, f->palette);
}

/* The canvas holds the screen, and all of the first frame where that is larger. */
static int canvas_make(struct arena *a, struct gif *g, const struct frame *f)
{
    struct image *im = g->im;
    size_t w = f->left + f->width, h = f->top + f->height;
    im->width = im->head.width > w ? im->head.width : (uint32_t)w;
    im->height = im->head.height > h ? im->head.height : (uint32_t)h;
    if (!image_size_fits(im->width, im->height))
        return image_refuse(im, IMAGE_TOO_LARGE, "a frame is larger than what is looked at");
    g->canvas = image_canvas(a, im, g->background);
    return g->canvas == NULL ? MP_E_NOMEM : MP_OK;
}

static bool fits_canvas(const struct gif *g, const struct frame *f)
{
    return f->width != 0 && f->height != 0 && f->left + f->width <= g->im->width &&
           f->top + f->height <= g->im->height;
}

static void wipe(const struct gif *g, const struct frame *f)
{
    for (size_t y = 0; y < f->height; y++)
        memset(g->canvas + (f->top + y) * g->im->width + f->left, g->background, f->width);
}

/* One frame upon the canvas. False: no more can be painted. */
static bool paint(struct gif *g, struct lzw *l, const struct frame *f)
{
    unsigned min_bits = byte_at(g->rest, 0);
    g->painted += (uint64_t)f->width * f->height;
    if (!fits_canvas(g, f) || min_bits < 1 || min_bits > 8 || g->painted > GIF_MAX_PAINTED)
        return false;
    l->rest = str_slice(g->rest, 1, g->rest.n);
    l->block = STR_NONE;
    l->bits = l->n_bits = 0;
    bool whole = lzw_paint(g, l, f, min_bits);
    g->rest = l->rest;
    skip_blocks(&g->rest);
    return whole;
}

/* Frames until there are no more, or the first when that is what is asked for. */
static int frames(struct arena *a, struct gif *g, bool last)
{
    struct lzw *l = arena_new(a, struct lzw, 1);
    struct frame f, before = {.width = 0};
    unsigned n = 0, wiped = 0;
    bool ok = true;
    while (ok && g->rest.n > 0 && n < GIF_MAX_FRAMES) {
        unsigned tag = byte_at(g->rest, 0);
        g->rest = str_slice(g->rest, 1, g->rest.n);
        if (tag == 0x21)
            extension(g);
        if (tag == 0x3b)
            break;
        if (tag != 0x2c)
            continue;
        g->im->animated = n > 0;
        if (n > 0 && !last)
            break;
        frame_head(g, &f);
        if (n == 0 && (l == NULL || canvas_make(a, g, &f) != MP_OK))
            return MP_E_NOMEM;
        if (g->canvas == NULL)
            return MP_OK;
        if (wiped != 0)
            wipe(g, &before);
        ok = paint(g, l, &f);
        before = f;
        wiped = g->disposal == 2 && ok;
        g->disposal = 0;
        g->clear = GIF_NO_COLOUR;
        n++;
    }
    if (n == 0)
        return image_refuse(g->im, IMAGE_DAMAGED, "the picture has no frame");
    if (!ok) {
        g->im->state = IMAGE_PARTLY;
        g->im->why = "the picture's data end early or are damaged";
    }
    return MP_OK;
}

int gif_read(struct arena *a, struct str bytes, struct image_options o, struct image *im)
{
    struct gif g = {.rest = str_slice(bytes, GIF_HEADER_BYTES, bytes.n),
                    .im = im,
                    .background = o.background,
                    .clear = GIF_NO_COLOUR};
    unsigned flags = byte_at(bytes, 10);
    if ((flags & 0x80) != 0)
        palette_read(&g.rest, flags, g.palette);
    return frames(a, &g, o.last_frame);
}
