/* PNG (RFC 2083, and W3C PNG 3): all colour types and depths, Adam7; checksums are not looked at.
 * Of an animated one the default picture. */
#include <zlib.h>

#include "base/png_filter.h"
#include "base/vec.h"
#include "image/image_internal.h"

enum { PNG_GREY = 0, PNG_RGB = 2, PNG_PALETTE = 3, PNG_GREY_ALPHA = 4, PNG_RGB_ALPHA = 6 };
enum { PNG_SIGNATURE_BYTES = 8, PNG_CHUNK_EXTRA_BYTES = 12 };

struct png {
    struct str rest; /* the chunks not yet looked at */
    struct image_options o;
    struct image *im;
    unsigned depth, colour, channels;
    bool interlaced;
    unsigned char palette[256], opacity[256]; /* as grey values */
    bool has_key;                             /* one colour is transparent: */
    uint32_t key[3];
    z_stream z;
    bool ended;                   /* no more data, or it is broken */
    unsigned char *canvas;        /* on the background that is asked for */
    unsigned char *other;         /* on the other one; NULL: nothing was transparent so far */
    unsigned char *grey, *behind; /* a row: on the background, and how much of it shows through */
    /* The same for the pixels that stand in one octet, where that holds no less than a pixel. */
    unsigned char octet_grey[256][8], octet_behind[256][8];
    bool octets, octets_behind; /* there are such; some of them are transparent */
};

/* The next chunk off the front. False: there is none. One cut short gives what is there. */
static bool chunk_next(struct png *p, struct str *type, struct str *data)
{
    if (p->rest.n < PNG_CHUNK_EXTRA_BYTES - 4)
        return false;
    size_t n = be32_at(p->rest, 0);
    n = n < p->rest.n ? n : p->rest.n;
    *type = str_slice(p->rest, 4, 8);
    *data = str_slice(p->rest, 8, 8 + n);
    p->rest = str_slice(p->rest, PNG_CHUNK_EXTRA_BYTES + n, p->rest.n);
    return true;
}

static bool header_parse(struct png *p, struct str ihdr)
{
    static const struct {
        unsigned char colour, channels, depths; /* bit d: depth 1 << d is allowed */
    } forms[] = {{PNG_GREY, 1, 0x1f},
                 {PNG_RGB, 3, 0x18},
                 {PNG_PALETTE, 1, 0x0f},
                 {PNG_GREY_ALPHA, 2, 0x18},
                 {PNG_RGB_ALPHA, 4, 0x18}};
    p->depth = byte_at(ihdr, 8);
    p->colour = byte_at(ihdr, 9);
    p->interlaced = byte_at(ihdr, 12) == 1;
    if (ihdr.n < 13 || byte_at(ihdr, 10) != 0 || byte_at(ihdr, 11) != 0 || byte_at(ihdr, 12) > 1)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        for (unsigned d = 0; forms[i].colour == p->colour && d < 5; d++)
            if ((forms[i].depths >> d & 1) != 0 && p->depth == 1u << d) {
                p->channels = forms[i].channels;
                return true;
            }
    return false;
}

static void palette_parse(struct png *p, struct str plte)
{
    for (size_t i = 0; i < 256 && 3 * i + 2 < plte.n; i++)
        p->palette[i] =
            grey_of(byte_at(plte, 3 * i), byte_at(plte, 3 * i + 1), byte_at(plte, 3 * i + 2));
}

static void transparency_parse(struct png *p, struct str trns)
{
    for (size_t i = 0; i < 256 && i < trns.n; i++)
        p->opacity[i] = (unsigned char)byte_at(trns, i);
    p->has_key = p->colour == PNG_GREY || p->colour == PNG_RGB;
    for (size_t i = 0; i < 3; i++)
        p->key[i] = be16_at(trns, 2 * i);
}

/* Everything up to the first byte of the pixels. False: there are none. */
static bool find_pixels(struct png *p)
{
    struct str type, data;
    while (chunk_next(p, &type, &data)) {
        if (str_eq(type, STR("PLTE")))
            palette_parse(p, data);
        else if (str_eq(type, STR("tRNS")))
            transparency_parse(p, data);
        else if (str_eq(type, STR("acTL")))
            p->im->animated = true;
        else if (str_eq(type, STR("IEND")))
            return false;
        if (!str_eq(type, STR("IDAT")))
            continue;
        p->z.next_in = (Bytef *)(uintptr_t)data.p;
        p->z.avail_in = (uInt)data.n; /* a chunk's length has 32 bits */
        return true;
    }
    return false;
}

/* The next IDAT into the inflater; they stand one behind the other. */
static bool more_input(struct png *p)
{
    struct str type, data;
    do {
        if (!chunk_next(p, &type, &data) || !str_eq(type, STR("IDAT")))
            return false;
    } while (data.n == 0);
    p->z.next_in = (Bytef *)(uintptr_t)data.p;
    p->z.avail_in = (uInt)data.n;
    return true;
}

/* Exactly `n` bytes inflated; false when there are fewer. */
static bool inflate_row(struct png *p, unsigned char *row, size_t n)
{
    p->z.next_out = row;
    p->z.avail_out = (uInt)n;
    while (!p->ended && p->z.avail_out != 0) {
        if (p->z.avail_in == 0 && !more_input(p)) {
            p->ended = true;
            break;
        }
        p->ended = inflate(&p->z, Z_NO_FLUSH) != Z_OK;
    }
    return p->z.avail_out == 0;
}

/* Sample `i` of a row, as it stands there. */
static uint32_t sample(const struct png *p, const unsigned char *row, size_t i)
{
    if (p->depth == 16)
        return (uint32_t)row[2 * i] << 8 | row[2 * i + 1];
    size_t bit = i * p->depth;
    return (uint32_t)row[bit / 8] >> (8 - p->depth - bit % 8) & ((1u << p->depth) - 1);
}

static unsigned to_8_bits(const struct png *p, uint32_t v)
{
    return p->depth == 16 ? v >> 8 : v * 255 / ((1u << p->depth) - 1);
}

/* The grey value of a pixel, and how much of the background (0..255) is in it. */
static unsigned char pixel(const struct png *p, const unsigned char *row, size_t x,
                           unsigned char *behind)
{
    const unsigned bg = p->o.background;
    uint32_t s[4] = {0};
    unsigned v[4] = {0}, opacity = 255;
    for (size_t c = 0; c < p->channels; c++) {
        s[c] = sample(p, row, x * p->channels + c);
        v[c] = to_8_bits(p, s[c]);
    }
    bool rgb = p->channels >= 3;
    unsigned grey = rgb ? grey_of(v[0], v[1], v[2]) : v[0];
    if (p->colour == PNG_PALETTE) {
        grey = p->palette[s[0]];
        opacity = p->opacity[s[0]];
    } else if (p->colour >= PNG_GREY_ALPHA) {
        opacity = v[p->channels - 1];
    } else if (p->has_key && s[0] == p->key[0] &&
               (!rgb || (s[1] == p->key[1] && s[2] == p->key[2]))) {
        opacity = 0;
    }
    *behind = (unsigned char)(255 - opacity);
    return grey_on(grey, opacity, bg);
}

static bool pixels_to_grey(const struct png *p, const unsigned char *row, size_t from, size_t n,
                           unsigned char *out)
{
    unsigned any = 0;
    for (size_t x = from; x < n; x++) {
        out[x] = pixel(p, row, x, &p->behind[x]);
        any |= p->behind[x];
    }
    return any != 0;
}

static void octets_make(struct png *p)
{
    p->octets = p->channels == 1 && p->depth <= 8;
    for (unsigned v = 0; p->octets && v < 256; v++) {
        const unsigned char octet = (unsigned char)v;
        for (size_t x = 0; x < 8 / p->depth; x++) {
            p->octet_grey[v][x] = pixel(p, &octet, x, &p->octet_behind[v][x]);
            p->octets_behind |= p->octet_behind[v][x] != 0;
        }
    }
}

/* `n` pixels, `each` in an octet. */
static inline void octets_to_pixels(const unsigned char *row, size_t n, size_t each,
                                    const unsigned char table[256][8], unsigned char *out)
{
    for (; n >= each; n -= each, out += each)
        memcpy(out, table[*row++], each);
    if (n > 0)
        memcpy(out, table[*row], n);
}

/* The same, compiled for each depth. */
static void octets_put(const struct png *p, const unsigned char *row, size_t n,
                       const unsigned char table[256][8], unsigned char *out)
{
    if (p->depth == 8)
        octets_to_pixels(row, n, 1, table, out);
    else if (p->depth == 4)
        octets_to_pixels(row, n, 2, table, out);
    else if (p->depth == 2)
        octets_to_pixels(row, n, 4, table, out);
    else
        octets_to_pixels(row, n, 8, table, out);
}

static bool octets_to_grey(const struct png *p, const unsigned char *row, size_t n,
                           unsigned char *out)
{
    unsigned any = 0;
    octets_put(p, row, n, p->octet_grey, out);
    if (!p->octets_behind)
        return false;
    octets_put(p, row, n, p->octet_behind, p->behind);
    for (size_t x = 0; x < n; x++)
        any |= p->behind[x];
    return any != 0;
}

typedef uint16_t vec_halves __attribute__((vector_size(VEC_BYTES)));
typedef uint32_t vec_pixels __attribute__((vector_size(VEC_BYTES)));

/* Four values, one in each part of 32 bits, to four bytes. */
static inline void put_four(unsigned char *out, vec_pixels v)
{
    vec_words w = (vec_words)v;
    w |= w >> 24;
    uint32_t four = (uint32_t)(w[0] & 0xffff) | (uint32_t)(w[1] & 0xffff) << 16;
    memcpy(out, &four, sizeof four);
}

/* Red, green, blue and opacity of 8 bits: four pixels at once when all are opaque, or none is to be
 * seen. Returns how many were read, `*any`: some were transparent. */
static size_t rgba_to_grey(const struct png *p, const unsigned char *row, size_t n,
                           unsigned char *out, bool *any)
{
    size_t x = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    static const vec_halves red_blue = {77, 29, 77, 29, 77, 29, 77, 29},
                            green = {150, 0, 150, 0, 150, 0, 150, 0};
    for (; x + 4 <= n; x += 4) {
        vec_pixels v = (vec_pixels)vec_load((const char *)row + 4 * x), opacity = v >> 24;
        if (!vec_any((vec)(opacity ^ 255))) {
            vec_pixels sum = (vec_pixels)((vec_halves)(v & 0x00ff00ff) * red_blue +
                                          (vec_halves)(v >> 8 & 0x00ff00ff) * green);
            put_four(out + x, ((sum & 0xffff) + (sum >> 16)) >> 8);
            memset(p->behind + x, 0, 4);
        } else if (!vec_any((vec)opacity)) {
            memset(out + x, p->o.background, 4);
            memset(p->behind + x, 255, 4);
            *any = true;
        } else {
            *any |= pixels_to_grey(p, row, x, x + 4, out);
        }
    }
#else
    (void)p, (void)row, (void)n, (void)out, (void)any;
#endif
    return x;
}

/* A row of `n` pixels to grey values: the usual forms fast, the others one by one. Does the
 * background show through? Then p->behind tells where. */
static bool row_to_grey(const struct png *p, const unsigned char *row, size_t n, unsigned char *out)
{
    bool any = false;
    size_t x = 0;
    if (p->depth == 8 && p->colour == PNG_RGB && !p->has_key) {
        for (; x < n; x++, row += 3)
            out[x] = grey_of(row[0], row[1], row[2]);
    } else if (p->octets) {
        return octets_to_grey(p, row, n, out);
    } else if (p->depth == 8 && p->colour == PNG_RGB_ALPHA) {
        x = rgba_to_grey(p, row, n, out, &any);
    }
    any |= pixels_to_grey(p, row, x, n, out);
    return any;
}

struct pass {
    unsigned char left, top, step_x, step_y;
};

/* The first pixel that is transparent: so far both pictures are the same. `done`: bytes of them. */
static bool make_other(struct arena *a, struct png *p, size_t done)
{
    size_t n = (size_t)p->im->width * p->im->height;
    p->other = arena_new(a, unsigned char, n);
    if (p->other != NULL)
        memcpy(p->other, p->canvas, p->interlaced ? n : done);
    return p->other != NULL;
}

/* What is missing is white: all that was not reached, which an interlaced picture has everywhere.
 */
static void fill_rest(struct png *p, size_t done)
{
    size_t n = (size_t)p->im->width * p->im->height;
    memset(p->canvas + done, IMAGE_WHITE, n - done);
    if (p->other != NULL)
        memset(p->other + done, IMAGE_WHITE, n - done);
}

/* Greys on the other background, in place of how much of it shows: exactly as grey_on() would, for
 * white is 255 more than black in each 255th. */
static void other_background(const unsigned char *restrict grey, unsigned char *restrict behind,
                             size_t n, bool was_white)
{
    const unsigned char less = was_white ? 255 : 0; /* so that behind is taken away */
    for (size_t i = 0; i < n; i++)
        behind[i] = (unsigned char)(grey[i] + ((behind[i] ^ less) - less));
}

/* A row of pixels of a pass into the line at `to`. False: no memory. */
static bool put_row(struct arena *a, struct png *p, const unsigned char *row, size_t n, size_t to,
                    size_t step)
{
    unsigned char *line = p->canvas + to, *grey = step == 1 ? line : p->grey;
    bool any = row_to_grey(p, row, n, grey);
    for (size_t i = 0; step != 1 && i < n; i++)
        line[i * step] = grey[i];
    if (any && p->other == NULL && !make_other(a, p, to))
        return false;
    if (p->other == NULL)
        return true;
    if (!any)
        memset(p->behind, 0, n);
    other_background(grey, p->behind, n, p->o.background == IMAGE_WHITE);
    for (size_t i = 0; i < n && step != 1; i++)
        p->other[to + i * step] = p->behind[i];
    if (step == 1)
        memcpy(p->other + to, p->behind, n);
    return true;
}

/* A row that is the same as the one before it in this pass. */
static void repeat_row(struct png *p, size_t to, size_t from, size_t n)
{
    memcpy(p->canvas + to, p->canvas + from, n);
    if (p->other != NULL)
        memcpy(p->other + to, p->other + from, n);
}

/* One pass of the picture (all of it when it is not interlaced). `*all`: no data were missing. */
static int read_pass(struct arena *a, struct png *p, struct pass at, unsigned char *rows[2],
                     bool *all)
{
    const size_t w = p->im->width, h = p->im->height;
    if (at.left >= w || at.top >= h)
        return MP_OK;
    size_t n = (w - at.left + at.step_x - 1u) / at.step_x;
    size_t bits = (size_t)p->depth * p->channels, bytes = (n * bits + 7) / 8;
    unsigned char *row = rows[0], *up = rows[1];
    memset(up, 0, bytes + 1);
    for (size_t y = at.top; y < h; y += at.step_y) {
        size_t to = y * w + at.left;
        *all = inflate_row(p, row, bytes + 1) &&
               png_unfilter(row[0], row + 1, up + 1, bytes, (bits + 7) / 8);
        if (!*all) {
            if (!p->interlaced)
                fill_rest(p, to);
            return MP_OK;
        }
        if (at.step_x == 1 && y > at.top && memcmp(row + 1, up + 1, bytes) == 0)
            repeat_row(p, to, to - at.step_y * w, n);
        else if (!put_row(a, p, row + 1, n, to, at.step_x))
            return MP_E_NOMEM;
        unsigned char *swap = row;
        row = up;
        up = swap;
    }
    return MP_OK;
}

static int read_pixels(struct arena *a, struct png *p)
{
    static const struct pass whole = {0, 0, 1, 1},
                             adam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                        {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    struct image *im = p->im;
    size_t row_bytes = ((size_t)im->width * p->depth * p->channels + 7) / 8 + 1;
    unsigned char *rows[2] = {arena_new(a, unsigned char, row_bytes),
                              arena_new(a, unsigned char, row_bytes)};
    p->grey = arena_new(a, unsigned char, im->width);
    p->behind = arena_new(a, unsigned char, im->width);
    p->canvas = image_canvas(a, im, p->interlaced ? IMAGE_WHITE : 0);
    if (p->canvas == NULL || rows[0] == NULL || rows[1] == NULL || p->grey == NULL ||
        p->behind == NULL)
        return MP_E_NOMEM;
    bool all = true;
    int st = MP_OK;
    octets_make(p);
    for (size_t i = 0; st == MP_OK && all && i < (p->interlaced ? ARRAY_LEN(adam7) : 1); i++)
        st = read_pass(a, p, p->interlaced ? adam7[i] : whole, rows, &all);
    im->other = p->other;
    im->transparent = p->other != NULL;
    if (!all) {
        im->state = IMAGE_PARTLY;
        im->why = "the picture's data end early or are damaged";
    }
    return st;
}

int png_read(struct arena *a, struct str bytes, struct image_options o, struct image *im)
{
    struct png p = {.rest = str_slice(bytes, PNG_SIGNATURE_BYTES, bytes.n), .o = o, .im = im};
    struct str type, ihdr;
    memset(p.opacity, 255, sizeof p.opacity);
    im->width = im->head.width;
    im->height = im->head.height;
    if (!chunk_next(&p, &type, &ihdr) || !header_parse(&p, ihdr))
        return image_refuse(im, IMAGE_DAMAGED, "the picture's header is wrong");
    if (!find_pixels(&p))
        return image_refuse(im, IMAGE_DAMAGED, "the picture has no pixels");
    if (inflateInit(&p.z) != Z_OK)
        return MP_E_NOMEM;
    inflateValidate(&p.z, 0); /* its checksum is not looked at either */
    int st = read_pixels(a, &p);
    inflateEnd(&p.z);
    return st;
}
