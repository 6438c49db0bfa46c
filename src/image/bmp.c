/* BMP: headers of OS/2 and Windows, 1 to 32 bits a pixel, RLE4 and RLE8, top-down or bottom-up. */
#include "image/image_internal.h"

enum {
    BMP_FILE_HEADER_BYTES = 14,
    BMP_CORE_BYTES = 12, /* the header of OS/2 1.x */
    BMP_INFO_BYTES = 40
};
enum { BMP_PLAIN = 0, BMP_RLE8 = 1, BMP_RLE4 = 2, BMP_MASKS = 3, BMP_ALPHA_MASKS = 6 };

struct bmp {
    struct str data; /* of the pixels */
    unsigned depth, compression;
    bool top_down;
    unsigned char palette[256]; /* as grey values */
    uint32_t mask[3];           /* red, green, blue */
    const struct image *im;
    unsigned char *canvas;
};

static uint32_t absolute(uint32_t v)
{
    return v > INT32_MAX ? 0u - v : v;
}

bool bmp_size(struct str bytes, uint32_t *width, uint32_t *height)
{
    uint32_t header = le32_at(bytes, 14);
    if (header == BMP_CORE_BYTES) {
        *width = le16_at(bytes, 18);
        *height = le16_at(bytes, 20);
        return bytes.n >= BMP_FILE_HEADER_BYTES + BMP_CORE_BYTES && le16_at(bytes, 22) == 1;
    }
    *width = le32_at(bytes, 18);
    *height = absolute(le32_at(bytes, 22));
    return header >= 16 && header <= 256 && le16_at(bytes, 26) == 1 &&
           bytes.n >= BMP_FILE_HEADER_BYTES + header;
}

static void masks_read(struct bmp *b, struct str bytes)
{
    static const uint32_t usual[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    bool given = b->compression == BMP_MASKS || b->compression == BMP_ALPHA_MASKS;
    for (size_t i = 0; i < 3; i++)
        b->mask[i] = given ? le32_at(bytes, BMP_FILE_HEADER_BYTES + BMP_INFO_BYTES + 4 * i)
                           : usual[b->depth == 32][i];
}

static void palette_read(struct bmp *b, struct str bytes, uint32_t header)
{
    size_t entry = header == BMP_CORE_BYTES ? 3 : 4, at = BMP_FILE_HEADER_BYTES + header;
    if (header == BMP_INFO_BYTES && b->compression == BMP_MASKS)
        at += 12;
    for (size_t i = 0; i < 256; i++, at += entry)
        b->palette[i] = grey_of(byte_at(bytes, at + 2), byte_at(bytes, at + 1), byte_at(bytes, at));
}

static unsigned char *row_at(const struct bmp *b, size_t y)
{
    return b->canvas + (b->top_down ? y : b->im->height - 1 - y) * b->im->width;
}

/* The bits of `v` under `mask`, as 0..255. */
static unsigned by_mask(uint32_t v, uint32_t mask)
{
    if (mask == 0)
        return 0;
    unsigned shift = (unsigned)__builtin_ctz(mask);
    return (unsigned)((uint64_t)((v & mask) >> shift) * 255 / (mask >> shift));
}

static unsigned char pixel(const struct bmp *b, struct str row, size_t x)
{
    if (b->depth <= 8) {
        size_t bit = x * b->depth;
        unsigned byte = byte_at(row, bit / 8);
        return b->palette[byte >> (8 - b->depth - bit % 8) & ((1u << b->depth) - 1)];
    }
    if (b->depth == 24)
        return grey_of(byte_at(row, 3 * x + 2), byte_at(row, 3 * x + 1), byte_at(row, 3 * x));
    uint32_t v = b->depth == 16 ? le16_at(row, 2 * x) : le32_at(row, 4 * x);
    return grey_of(by_mask(v, b->mask[0]), by_mask(v, b->mask[1]), by_mask(v, b->mask[2]));
}

/* Rows as they are, each filled up to 4 bytes. */
static bool read_plain(const struct bmp *b)
{
    const size_t stride = ((size_t)b->im->width * b->depth + 31) / 32 * 4;
    for (size_t y = 0; y < b->im->height; y++) {
        if (y * stride >= b->data.n)
            return false;
        struct str row = str_slice(b->data, y * stride, (y + 1) * stride);
        unsigned char *to = row_at(b, y);
        for (size_t x = 0; x < b->im->width; x++)
            to[x] = pixel(b, row, x);
    }
    return true;
}

/* Index `i` of a run: both of RLE4 in one byte. */
static unsigned run_index(const struct bmp *b, unsigned byte, size_t i)
{
    if (b->compression == BMP_RLE8)
        return byte;
    return i % 2 == 0 ? byte >> 4 : byte & 15;
}

/* `n` pixels of one byte, or of the bytes at `from`; what is right of the picture is lost. */
static void put_run(const struct bmp *b, size_t *x, size_t y, size_t n, size_t from, bool literal)
{
    const size_t per_byte = b->compression == BMP_RLE8 ? 1 : 2;
    for (size_t i = 0; i < n && *x < b->im->width && y < b->im->height; i++, ++*x) {
        unsigned byte = byte_at(b->data, from + (literal ? i / per_byte : 0));
        row_at(b, y)[*x] = b->palette[run_index(b, byte, i)];
    }
}

static bool read_runs(const struct bmp *b)
{
    size_t x = 0, y = 0, at = 0;
    while (at + 1 < b->data.n && y < b->im->height) {
        unsigned n = byte_at(b->data, at), v = byte_at(b->data, at + 1);
        at += 2;
        if (n != 0) {
            put_run(b, &x, y, n, at - 1, false);
        } else if (v == 0) { /* end of line */
            x = 0;
            y++;
        } else if (v == 1) { /* end of picture */
            return true;
        } else if (v == 2) { /* a step */
            x += byte_at(b->data, at);
            y += byte_at(b->data, at + 1);
            at += 2;
        } else { /* as they are, filled up to 2 bytes */
            put_run(b, &x, y, v, at, true);
            size_t bytes = b->compression == BMP_RLE8 ? v : (v + 1u) / 2;
            at += bytes + bytes % 2;
        }
    }
    return y >= b->im->height;
}

static const char *refused(const struct bmp *b)
{
    static const struct {
        unsigned char compression, depths; /* bits: 1, 4, 8, 16, 24, 32 */
    } forms[] = {{BMP_PLAIN, 0x3f},
                 {BMP_RLE8, 0x04},
                 {BMP_RLE4, 0x02},
                 {BMP_MASKS, 0x28},
                 {BMP_ALPHA_MASKS, 0x28}};
    static const unsigned char depths[] = {1, 4, 8, 16, 24, 32};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        for (size_t d = 0; forms[i].compression == b->compression && d < ARRAY_LEN(depths); d++)
            if (b->depth == depths[d] && (forms[i].depths >> d & 1) != 0)
                return NULL;
    return "a BMP with another picture in it, or of an unknown form";
}

int bmp_read(struct arena *a, struct str bytes, struct image_options o, struct image *im)
{
    struct bmp b = {.im = im};
    uint32_t header = le32_at(bytes, 14);
    bool core = header == BMP_CORE_BYTES;
    (void)o; /* nothing is transparent */
    im->width = im->head.width;
    im->height = im->head.height;
    b.depth = le16_at(bytes, core ? 24 : 28);
    b.compression = header >= BMP_INFO_BYTES ? le32_at(bytes, 30) : BMP_PLAIN;
    b.top_down = !core && le32_at(bytes, 22) > INT32_MAX;
    b.data = str_slice(bytes, le32_at(bytes, 10), bytes.n);
    const char *why = refused(&b);
    if (why != NULL)
        return image_refuse(im, IMAGE_UNSUPPORTED, why);
    if (b.data.n == 0)
        return image_refuse(im, IMAGE_DAMAGED, "the picture has no pixels");
    masks_read(&b, bytes);
    palette_read(&b, bytes, header);
    if ((b.canvas = image_canvas(a, im, IMAGE_WHITE)) == NULL)
        return MP_E_NOMEM;
    bool runs = b.compression == BMP_RLE8 || b.compression == BMP_RLE4;
    if (!(runs ? read_runs(&b) : read_plain(&b))) {
        im->state = IMAGE_PARTLY;
        im->why = "the picture's data end early";
    }
    return MP_OK;
}
