/* Pictures of known pixels, written by the kit and by others' programs, to grey values. */
#include "image/image_test_kit.h"

static int read_on(struct arena *a, struct str bytes, struct image_options o, struct image *im)
{
    struct mp_err err = {0};
    *im = (struct image){.luma = NULL};
    return image_read(a, bytes, o, im, &err);
}

static int read_white(struct arena *a, struct str bytes, struct image *im)
{
    return read_on(a, bytes, (struct image_options){.background = IMAGE_WHITE}, im);
}

static unsigned at(const struct image *im, uint32_t x, uint32_t y)
{
    return im->luma == NULL ? 999 : im->luma[(size_t)y * im->width + x];
}

/* ---- PNG ---- */

/* A sample from the place, in any depth: the depth's bits of a small hash. */
static unsigned hash(uint32_t x, uint32_t y, unsigned c)
{
    return ((x * 37 + y * 101 + c * 59) * 2654435761u >> 8) & 0xffff;
}

static unsigned sample_1(uint32_t x, uint32_t y, unsigned c)
{
    return hash(x, y, c) & 1;
}
static unsigned sample_2(uint32_t x, uint32_t y, unsigned c)
{
    return hash(x, y, c) & 3;
}
static unsigned sample_4(uint32_t x, uint32_t y, unsigned c)
{
    return hash(x, y, c) & 15;
}
static unsigned sample_8(uint32_t x, uint32_t y, unsigned c)
{
    return hash(x, y, c) & 255;
}

/* What the pixel is worth: the kit's palette is grey i * 255 / (colours - 1), opaque. */
static unsigned png_want(const struct pic_png *p, uint32_t x, uint32_t y)
{
    unsigned most = p->depth == 16 ? 65535 : (1u << p->depth) - 1, v[4];
    for (unsigned c = 0; c < 4; c++) {
        v[c] = p->sample(x, y, c);
        v[c] = p->depth == 16 ? v[c] >> 8 : v[c] * 255 / most;
    }
    bool rgb = p->colour == 2 || p->colour == 6;
    unsigned grey = rgb ? (77 * v[0] + 150 * v[1] + 29 * v[2]) / 256 : v[0];
    unsigned opacity = p->colour == 4 ? v[1] : p->colour == 6 ? v[3] : 255;
    return (grey * opacity + 255 * (255 - opacity) + 127) / 255;
}

static void grey_palette(struct buf *out, unsigned depth)
{
    struct buf colours;
    buf_init(&colours, 768);
    for (uint32_t i = 0; i < 1u << depth; i++)
        pic_number(&colours, i * 255 / ((1u << depth) - 1) * 0x010101, 3, false);
    buf_reset(out);
    pic_chunk(out, "gAMA", STR("\0\0\xb1\x8f"));
    pic_chunk(out, "PLTE", buf_str(&colours));
    buf_clear(&colours);
}

static unsigned wrong_pixels(const struct pic_png *p, const struct image *im)
{
    unsigned wrong = 0;
    for (uint32_t y = 0; y < p->height; y++)
        for (uint32_t x = 0; x < p->width; x++)
            wrong += at(im, x, y) != png_want(p, x, y);
    return wrong;
}

/* The picture on the other background is what reading it on that one gives. */
static void check_other(struct arena *a, struct str bytes, const struct image *im)
{
    struct image black;
    tap_int(im->other != NULL, im->transparent);
    tap_int(read_on(a, bytes, (struct image_options){.background = IMAGE_BLACK}, &black), MP_OK);
    const unsigned char *other = im->other == NULL ? im->luma : im->other,
                        *back = black.other == NULL ? black.luma : black.other;
    tap_ok(memcmp(other, black.luma, (size_t)im->width * im->height) == 0);
    tap_ok(memcmp(back, im->luma, (size_t)im->width * im->height) == 0);
}

static void test_png_forms(void)
{
    static const struct {
        unsigned colour, depth;
        unsigned (*sample)(uint32_t x, uint32_t y, unsigned c);
    } forms[] = {{0, 1, sample_1}, {0, 2, sample_2}, {0, 4, sample_4}, {0, 8, sample_8},
                 {0, 16, hash},    {2, 8, sample_8}, {2, 16, hash},    {3, 1, sample_1},
                 {3, 2, sample_2}, {3, 4, sample_4}, {3, 8, sample_8}, {4, 8, sample_8},
                 {4, 16, hash},    {6, 8, sample_8}, {6, 16, hash}};
    static const uint32_t sizes[][2] = {{1, 1}, {3, 5}, {37, 21}};
    struct buf out, palette;
    buf_init(&out, PIC_MAX_BYTES);
    buf_init(&palette, 4096);
    for (size_t i = 0; i < ARRAY_LEN(forms) * ARRAY_LEN(sizes) * 2; i++) {
        const uint32_t *size = sizes[i / 2 % ARRAY_LEN(sizes)];
        struct arena a;
        struct image im;
        struct pic_png p = {.width = size[0],
                            .height = size[1],
                            .colour = forms[i / 2 / ARRAY_LEN(sizes)].colour,
                            .depth = forms[i / 2 / ARRAY_LEN(sizes)].depth,
                            .sample = forms[i / 2 / ARRAY_LEN(sizes)].sample,
                            .interlaced = i % 2 == 1,
                            .filter = 5,
                            .piece = i % 4 < 2 ? 0 : 7};
        if (p.colour == 3) {
            grey_palette(&palette, p.depth);
            p.before = buf_str(&palette);
        }
        arena_init(&a, 1 << 20);
        pic_png_write(&out, &p);
        tap_case("png: colours %u, depth %u, %u x %u%s", p.colour, p.depth, (unsigned)p.width,
                 (unsigned)p.height, p.interlaced ? ", interlaced" : "");
        tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
        tap_int(im.state, IMAGE_WHOLE);
        tap_int(im.head.format, IMAGE_PNG);
        tap_int(im.width, p.width);
        tap_int(im.height, p.height);
        tap_int(wrong_pixels(&p, &im), 0);
        tap_int(im.transparent, p.colour == 4 || p.colour == 6);
        check_other(&a, buf_str(&out), &im);
        arena_clear(&a);
    }
    buf_clear(&palette);
    buf_clear(&out);
}

/* Areas of one colour with a spot here and there, and rows that are alike. */
static unsigned even_areas(uint32_t x, uint32_t y, unsigned c)
{
    unsigned area = (x / 29 + 3 * (y / 7)) % 5 * 50 + c;
    return y % 7 == 3 && x % 31 == 0 ? 255 - c : c == 3 ? area / 100 * 127 : area;
}

static void test_png_even(void)
{
    struct buf out;
    buf_init(&out, PIC_MAX_BYTES);
    for (unsigned i = 0; i < 3 * 6; i++) {
        static const unsigned colours[] = {0, 2, 6};
        struct arena a;
        struct image im;
        struct pic_png p = {.width = 203,
                            .height = 40,
                            .colour = colours[i / 6],
                            .depth = 8,
                            .sample = even_areas,
                            .filter = i % 6};
        arena_init(&a, 1 << 20);
        pic_png_write(&out, &p);
        tap_case("png: even areas, colours %u, filter %u", p.colour, p.filter);
        tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
        tap_int(wrong_pixels(&p, &im), 0);
        check_other(&a, buf_str(&out), &im);
        arena_clear(&a);
    }
    buf_clear(&out);
}

static unsigned two_tones(uint32_t x, uint32_t y, unsigned c)
{
    return c == 0 ? (x + y) % 2 : 0;
}

/* Transparent pixels are as what lies behind them. */
static void test_png_background(void)
{
    static const struct {
        const char *label;
        unsigned colour;
        struct str trns;
    } rows[] = {
        {"a palette's entry 1", 3, STR_INIT("\xff\0")},
        {"the grey value 1", 0, STR_INIT("\0\1")},
        {"a colour of three", 2, STR_INIT("\0\1\0\0\0\0")},
    };
    struct buf out, chunks;
    buf_init(&out, PIC_MAX_BYTES);
    buf_init(&chunks, 4096);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        struct image im;
        struct pic_png p = {
            .width = 4, .height = 4, .colour = rows[i].colour, .depth = 8, .sample = two_tones};
        arena_init(&a, 1 << 20);
        buf_reset(&chunks);
        if (p.colour == 3)
            pic_chunk(&chunks, "PLTE", STR("\0\0\0\x80\x80\x80"));
        pic_chunk(&chunks, "tRNS", rows[i].trns);
        p.before = buf_str(&chunks);
        pic_png_write(&out, &p);
        tap_case("png: transparent: %s", rows[i].label);
        tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
        tap_int(at(&im, 0, 0), 0);
        tap_int(at(&im, 1, 0), 255);
        tap_ok(im.transparent);
        tap_int(read_on(&a, buf_str(&out), (struct image_options){.background = 0}, &im), MP_OK);
        tap_int(at(&im, 1, 0), 0);
        arena_clear(&a);
    }
    buf_clear(&chunks);
    buf_clear(&out);
}

/* ---- Pictures that are cut, broken, or claim too much ---- */

static void test_png_cut(void)
{
    struct buf out;
    struct arena a;
    struct image im;
    struct pic_png p = {.width = 64, .height = 64, .colour = 0, .depth = 8, .sample = sample_8};
    buf_init(&out, PIC_MAX_BYTES);
    arena_init(&a, 1 << 22);
    pic_png_write(&out, &p);
    tap_case("png: cut in the middle: what came before is there, the rest white");
    tap_int(read_white(&a, str_make(out.p, out.n / 2), &im), MP_OK);
    tap_int(im.state, IMAGE_PARTLY);
    tap_int(at(&im, 5, 5), sample_8(5, 5, 0));
    tap_int(at(&im, 5, 63), 255);
    tap_case("png: cut before its pixels");
    tap_int(read_white(&a, str_make(out.p, 36), &im), MP_OK);
    tap_int(im.state, IMAGE_DAMAGED);
    tap_ok(im.luma == NULL && im.why != NULL);
    tap_case("png: any beginning of it is read without harm");
    for (size_t n = 0; n < out.n; n += 37) {
        arena_reset(&a);
        tap_int(read_white(&a, str_make(out.p, n), &im), MP_OK);
    }
    arena_clear(&a);
    buf_clear(&out);
}

/* Bytes of a header that are changed in a whole picture. */
static void test_claims(void)
{
    static const struct {
        const char *label;
        size_t at;
        struct str bytes;
        enum image_state want;
    } rows[] = {
        {"25,000,001 pixels", 16, STR_INIT("\0\0\x13\x89\0\0\x13\x88"), IMAGE_TOO_LARGE},
        {"a side of 65536", 16, STR_INIT("\0\1\0\0\0\0\0\1"), IMAGE_TOO_LARGE},
        {"a side of 2^31", 16, STR_INIT("\x80\0\0\0\x80\0\0\0"), IMAGE_TOO_LARGE},
        {"no pixels", 16, STR_INIT("\0\0\0\0"), IMAGE_TOO_LARGE},
        {"depth 3", 24, STR_INIT("\3"), IMAGE_DAMAGED},
        {"colours 5", 25, STR_INIT("\5"), IMAGE_DAMAGED},
        {"another compression", 26, STR_INIT("\1"), IMAGE_DAMAGED},
        {"interlace 2", 28, STR_INIT("\2"), IMAGE_DAMAGED},
        {"larger than its data", 16, STR_INIT("\0\0\1\0\0\0\1\0"), IMAGE_PARTLY},
    };
    struct pic_png p = {.width = 16, .height = 16, .colour = 0, .depth = 8, .sample = sample_8};
    struct buf out;
    buf_init(&out, PIC_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        struct image im;
        arena_init(&a, 1 << 20);
        pic_png_write(&out, &p);
        memcpy(out.p + rows[i].at, rows[i].bytes.p, rows[i].bytes.n);
        tap_case("png: claims %s", rows[i].label);
        tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
        tap_int(im.state, rows[i].want);
        tap_ok((im.luma == NULL) == (rows[i].want != IMAGE_PARTLY));
        arena_clear(&a);
    }
    struct arena small;
    struct image im = {.width = 7};
    arena_init(&small, 100);
    pic_png_write(&out, &p);
    tap_case("png: no memory");
    struct mp_err err = {0};
    tap_int(image_read(&small, buf_str(&out), (struct image_options){.background = 255}, &im, &err),
            MP_E_NOMEM);
    tap_int(im.width, 7);
    arena_clear(&small);
    buf_clear(&out);
}

/* ---- BMP ---- */

/* Pictures of 5 x 2: 0 1 2 3 4 above 5 6 7 0 1 of eight greys, or of the nearest there are. */
static const struct {
    const char *label;
    unsigned depth, compression;
    int32_t height;
    struct str masks, data;
    unsigned char want[10];
} bmp_rows[] = {
    {"1 bit",
     1,
     0,
     2,
     {NULL, 0},
     STR_INIT("\xa8\0\0\0\x50\0\0\0"),
     {0, 255, 0, 255, 0, 255, 0, 255, 0, 255}},
    {"4 bits, top-down",
     4,
     0,
     -2,
     {NULL, 0},
     STR_INIT("\x01\x23\x40\0\x56\x70\x10\0"),
     {0, 17, 34, 51, 68, 85, 102, 119, 0, 17}},
    {"8 bits",
     8,
     0,
     2,
     {NULL, 0},
     STR_INIT("\5\6\7\0\1\0\0\0\0\1\2\3\4\0\0\0"),
     {0, 1, 2, 3, 4, 5, 6, 7, 0, 1}},
    {"16 bits, five of each colour",
     16,
     0,
     -2,
     {NULL, 0},
     STR_INIT("\0\0\xff\x7f\0\0\xff\x7f\0\0\0\0\xff\x7f\xff\x7f\xff\x7f\xff\x7f\xff\x7f\0\0"),
     {0, 255, 0, 255, 0, 255, 255, 255, 255, 255}},
    {"16 bits by masks of 5, 6 and 5",
     16,
     3,
     -2,
     STR_INIT("\0\xf8\0\0\xe0\7\0\0\x1f\0\0\0"),
     STR_INIT("\0\0\xff\xff\0\xf8\xe0\x07\x1f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
     {0, 255, 76, 149, 28, 0, 0, 0, 0, 0}},
    {"24 bits",
     24,
     0,
     -2,
     {NULL, 0},
     STR_INIT("\0\0\0\x10\x10\x10\xff\0\0\0\xff\0\0\0\xff\0"
              "\1\1\1\2\2\2\3\3\3\4\4\4\5\5\5\0"),
     {0, 16, 28, 149, 76, 1, 2, 3, 4, 5}},
    {"32 bits",
     32,
     0,
     -2,
     {NULL, 0},
     STR_INIT("\0\0\0\0\x10\x10\x10\0\xff\0\0\0\0\xff\0\0\0\0\xff\0"
              "\1\1\1\0\2\2\2\0\3\3\3\0\4\4\4\0\5\5\5\0"),
     {0, 16, 28, 149, 76, 1, 2, 3, 4, 5}},
    {"runs of 8 bits: literal, run, end of line",
     8,
     1,
     2,
     {NULL, 0},
     STR_INIT("\0\3\5\6\7\0\2\1\0\0\5\4\0\1"),
     {4, 4, 4, 4, 4, 5, 6, 7, 1, 1}},
    {"runs of 8 bits with a step",
     8,
     1,
     2,
     {NULL, 0},
     STR_INIT("\0\2\2\1\3\3\0\1"),
     {255, 255, 3, 3, 3, 255, 255, 255, 255, 255}},
    {"runs of 4 bits",
     4,
     2,
     2,
     {NULL, 0},
     STR_INIT("\4\x12\0\0\0\5\x56\x70\x10\0\0\1"),
     {85, 102, 119, 0, 17, 17, 34, 17, 34, 255}},
};

static void test_bmp(void)
{
    struct buf out;
    buf_init(&out, PIC_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(bmp_rows); i++) {
        struct arena a;
        struct image im;
        arena_init(&a, 1 << 20);
        pic_bmp_write(&out, 5, bmp_rows[i].height, bmp_rows[i].depth, bmp_rows[i].compression,
                      bmp_rows[i].masks, bmp_rows[i].data);
        tap_case("bmp: %s", bmp_rows[i].label);
        tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
        tap_int(im.state, IMAGE_WHOLE);
        for (uint32_t k = 0; k < 10; k++)
            tap_int(at(&im, k % 5, k / 5), bmp_rows[i].want[k]);
        arena_clear(&a);
    }
    buf_clear(&out);
}

static void test_bmp_refused(void)
{
    struct buf out;
    buf_init(&out, PIC_MAX_BYTES);
    struct arena a;
    struct image im;
    arena_init(&a, 1 << 20);
    pic_bmp_write(&out, 5, 2, 24, 5, STR_NONE, STR("\x89PNG"));
    tap_case("bmp: a PNG in it is not looked at");
    tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
    tap_int(im.state, IMAGE_UNSUPPORTED);
    pic_bmp_write(&out, 5, INT32_MIN, 24, 0, STR_NONE, STR("xxx"));
    tap_case("bmp: a height of -2^31");
    tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
    tap_int(im.state, IMAGE_TOO_LARGE);
    pic_bmp_write(&out, 5, 200, 24, 0, STR_NONE, STR("xxx"));
    tap_case("bmp: cut");
    tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
    tap_int(im.state, IMAGE_PARTLY);
    arena_clear(&a);
    buf_clear(&out);
}

/* ---- GIF ---- */

static void test_gif_forms(void)
{
    static const struct {
        const char *label;
        unsigned bits, side;
        bool interlaced;
    } rows[] = {
        {"two colours", 2, 9, false},
        {"16 colours, interlaced", 4, 31, true},
        {"256 colours, its dictionary full more than once", 8, 200, false},
        {"interlaced, one row", 8, 1, true},
    };
    static unsigned char index[200 * 200];
    struct buf out;
    buf_init(&out, PIC_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        struct image im;
        unsigned n = rows[i].side, wrong = 0;
        for (uint32_t k = 0; k < n * n; k++)
            index[k] = (unsigned char)(k % 3 == 0 ? 1
                                                  : sample_8(k % n, k / n, 0) &
                                                        ((1u << rows[i].bits) - 1));
        struct pic_frame f = {.width = n,
                              .height = n,
                              .interlaced = rows[i].interlaced,
                              .transparent = -1,
                              .index = index};
        arena_init(&a, 1 << 20);
        pic_gif_begin(&out, n, n, rows[i].bits);
        pic_gif_frame(&out, &f, rows[i].bits);
        buf_addc(&out, 0x3b);
        tap_case("gif: %s", rows[i].label);
        tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
        tap_int(im.state, IMAGE_WHOLE);
        tap_ok(!im.animated && !im.transparent);
        for (uint32_t k = 0; k < n * n; k++)
            wrong += at(&im, k % n, k / n) != index[k] * 255u / ((1u << rows[i].bits) - 1);
        tap_int(wrong, 0);
        tap_case("gif: %s, cut", rows[i].label);
        tap_int(read_white(&a, str_make(out.p, out.n - 6), &im), MP_OK);
        tap_int(im.state, IMAGE_PARTLY);
        arena_clear(&a);
    }
    buf_clear(&out);
}

static void test_gif_frames(void)
{
    static const unsigned char black[16], some[4] = {1, 2, 2, 1};
    struct pic_frame first = {.width = 4, .height = 4, .transparent = -1, .index = black},
                     second = {.left = 1,
                               .top = 2,
                               .width = 2,
                               .height = 2,
                               .transparent = 2,
                               .index = some};
    struct image_options last = {.background = IMAGE_WHITE, .last_frame = true};
    struct buf out;
    struct arena a;
    struct image im;
    buf_init(&out, PIC_MAX_BYTES);
    arena_init(&a, 1 << 20);
    pic_gif_begin(&out, 4, 4, 2);
    pic_gif_frame(&out, &first, 2);
    pic_gif_frame(&out, &second, 2);
    buf_addc(&out, 0x3b);
    tap_case("gif: the first of two frames");
    tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
    tap_ok(im.animated);
    tap_int(at(&im, 1, 2), 0);
    tap_case("gif: both, the second with holes");
    tap_int(read_on(&a, buf_str(&out), last, &im), MP_OK);
    tap_ok(im.animated && im.transparent);
    tap_int(at(&im, 1, 2), 85);
    tap_int(at(&im, 2, 2), 0);
    tap_int(at(&im, 2, 3), 85);
    first.disposal = 2;
    pic_gif_begin(&out, 4, 4, 2);
    pic_gif_frame(&out, &first, 2);
    pic_gif_frame(&out, &second, 2);
    tap_case("gif: the first frame is wiped away before the second");
    tap_int(read_on(&a, buf_str(&out), last, &im), MP_OK);
    tap_int(at(&im, 0, 0), 255);
    tap_int(at(&im, 1, 2), 85);
    tap_int(at(&im, 2, 2), 255);
    pic_gif_begin(&out, 2, 2, 2);
    pic_gif_frame(&out, &first, 2);
    tap_case("gif: a frame larger than the screen");
    tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
    tap_int(im.width, 4);
    tap_int(im.height, 4);
    pic_gif_begin(&out, 2, 2, 2);
    buf_addc(&out, 0x3b);
    tap_case("gif: no frame");
    tap_int(read_white(&a, buf_str(&out), &im), MP_OK);
    tap_int(im.state, IMAGE_DAMAGED);
    arena_clear(&a);
    buf_clear(&out);
}

/* ---- JPEG: tests/images, made by make.py there ---- */

/* The picture of make.py. */
static unsigned formula(uint32_t x, uint32_t y)
{
    return 40 + x + y + ((x / 16 + y / 16) % 2 ? 60 : 0);
}

static void test_jpeg(void)
{
    static const struct {
        const char *file;
        bool inverted_inks; /* four inks, which make it a little darker or lighter */
    } rows[] = {{"grey", false},
                {"444", false},
                {"422", false},
                {"420", false},
                {"optimised", false},
                {"restart", false},
                {"progressive", false},
                {"progressive-420", false},
                {"progressive-grey", false},
                {"progressive-restart", false},
                {"odd-sampling", false},
                {"rgb", false},
                {"cmyk", true}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a;
        struct image im;
        struct str path, bytes;
        unsigned sum = 0, most = 0;
        arena_init(&a, 1 << 20);
        path = arena_fmt(&a, "tests/images/%s.jpg", rows[i].file);
        bytes = tap_source_file(path.p);
        tap_case("jpeg: %s", rows[i].file);
        tap_int(read_white(&a, bytes, &im), MP_OK);
        tap_int(im.state, IMAGE_WHOLE);
        tap_int(im.width, 77);
        tap_int(im.height, 53);
        for (uint32_t k = 0; im.luma != NULL && k < 77 * 53; k++) {
            int off = (int)at(&im, k % 77, k / 77) - (int)formula(k % 77, k / 77);
            unsigned far = (unsigned)(off < 0 ? -off : off);
            sum += far;
            most = far > most ? far : most;
        }
        tap_ok(sum / (77 * 53) <= 2);
        tap_ok(most < 30);
        tap_case("jpeg: %s, cut", rows[i].file);
        tap_int(read_white(&a, str_make(bytes.p, bytes.n * 3 / 4), &im), MP_OK);
        tap_int(im.state, IMAGE_PARTLY);
        tap_ok(im.luma != NULL);
        arena_clear(&a);
    }
}

/* Above IMAGE_HALVED_PIXELS every second pixel is told: squares of 64 pixels are of 32. */
static void test_jpeg_large(void)
{
    struct arena a;
    struct image im;
    unsigned wrong = 0;
    arena_init(&a, IMAGE_MEMORY_BYTES);
    tap_case("jpeg: a large one at half its size");
    tap_int(read_white(&a, tap_source_file("tests/images/large.jpg"), &im), MP_OK);
    tap_int(im.state, IMAGE_WHOLE);
    tap_int(im.head.width, 2050);
    tap_int(im.width, 1025);
    tap_int(im.height, 1001);
    for (uint32_t k = 0; im.luma != NULL && k < 1025 * 1001; k++) {
        unsigned v = at(&im, k % 1025, k / 1025),
                 want = 60 + 120 * ((k % 1025 / 32 + k / 1025 / 32) % 2);
        wrong += v + 12 < want || v > want + 12;
    }
    tap_int(wrong, 0);
    arena_clear(&a);
}

static void test_jpeg_refused(void)
{
    struct arena a;
    struct image im;
    struct str bytes = tap_source_file("tests/images/420.jpg");
    arena_init(&a, 1 << 20);
    tap_case("jpeg: arithmetic coding is refused");
    tap_int(read_white(&a, tap_source_file("tests/images/arithmetic.jpg"), &im), MP_OK);
    tap_int(im.state, IMAGE_UNSUPPORTED);
    tap_case("jpeg: no scan");
    tap_int(read_white(&a, str_make(bytes.p, str_search(bytes, STR("\xff\xda"))), &im), MP_OK);
    tap_int(im.state, IMAGE_DAMAGED);
    tap_case("jpeg: no frame");
    tap_int(read_white(&a, str_make(bytes.p, str_search(bytes, STR("\xff\xc0"))), &im), MP_OK);
    tap_int(im.state, IMAGE_UNSUPPORTED);
    arena_clear(&a);
}

static void test_heads(void)
{
    struct image_head head = {.format = IMAGE_NONE};
    tap_case("heads: a picture's format and size without reading it");
    tap_ok(image_head_read(tap_source_file("tests/images/420.jpg"), &head));
    tap_int(head.format, IMAGE_JPEG);
    tap_int(head.width, 77);
    tap_int(head.height, 53);
    tap_ok(image_head_read(tap_source_file("tests/images/versions-L.png"), &head));
    tap_int(head.format, IMAGE_PNG);
    tap_int(head.width, 1480);
    tap_case("heads: no picture");
    tap_ok(!image_head_read(STR("%PDF-1.7"), &head));
    tap_ok(!image_head_read(STR("BM is how a text begins"), &head));
    tap_ok(!image_head_read(STR(""), &head));
    tap_int(head.width, 1480);
}

int main(void)
{
    test_png_forms();
    test_png_even();
    test_png_background();
    test_png_cut();
    test_claims();
    test_bmp();
    test_bmp_refused();
    test_gif_forms();
    test_gif_frames();
    test_jpeg();
    test_jpeg_large();
    test_jpeg_refused();
    test_heads();
    return tap_done();
}
