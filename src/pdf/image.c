/* Images: how they are coded, and their samples as brightness for those who look for QR codes. */
#include "pdf/pdf_internal.h"

enum { SIDE_MAX = 1 << 16, PALETTE_MAX_BYTES = 4 * 256, STEP_MAX_BYTES = 64 << 20 };

/* ---- as facts ---- */

static enum pdf_colour colour_of_n(int64_t n)
{
    return n == 1 ? PDF_GREY : n == 3 ? PDF_RGB : n == 4 ? PDF_CMYK : PDF_COLOUR_OTHER;
}

/* A name, or [/ICCBased 7 0 R] and its kind. */
static enum pdf_colour plain_colour(struct pdf_reader *r, uint32_t node)
{
    static const struct {
        enum pdf_word word;
        enum pdf_colour colour;
    } rows[] = {{PDF_W_DEVICEGRAY, PDF_GREY},
                {PDF_W_CALGRAY, PDF_GREY},
                {PDF_W_DEVICERGB, PDF_RGB},
                {PDF_W_CALRGB, PDF_RGB},
                {PDF_W_DEVICECMYK, PDF_CMYK}};
    const struct pdf_object *o = NULL;
    node = pdf_follow(r, node, &o);
    uint32_t name = pdf_is(r, node, PDF_NODE_ARRAY) ? node + 1 : node;
    bool has_more = pdf_is(r, node, PDF_NODE_ARRAY) && node + 2 < r->nodes[node].end;
    if (pdf_is(r, node, PDF_NODE_ARRAY) && r->nodes[node].end == node + 1)
        return PDF_COLOUR_OTHER;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (pdf_is_word(r, name, rows[i].word))
            return rows[i].colour;
    if (has_more && pdf_is_word(r, name, PDF_W_ICCBASED))
        return colour_of_n(pdf_number(r, pdf_get(r, pdf_follow(r, node + 2, &o), PDF_W_N), 0));
    return PDF_COLOUR_OTHER;
}

/* [/Indexed base last (palette)] */
static bool read_palette(struct pdf_reader *r, uint32_t node, const struct pdf_object *o,
                         struct pdf_image *image)
{
    bool cut;
    uint32_t at[4], n = 0, end = pdf_is(r, node, PDF_NODE_ARRAY) ? r->nodes[node].end : 0;
    for (uint32_t i = node + 1; i < end && n < 4; i = r->nodes[i].end)
        at[n++] = i;
    if (n < 4 || (!pdf_is_word(r, at[0], PDF_W_INDEXED) && !pdf_is_word(r, at[0], PDF_W_I)))
        return false;
    image->colour = PDF_INDEXED;
    image->palette_colour = plain_colour(r, at[1]);
    uint32_t table = pdf_follow(r, at[3], &o);
    struct str s = STR_NONE;
    if (pdf_is_string(r, table))
        s = pdf_string(r, o, table);
    else if (pdf_is(r, table, PDF_NODE_DICT) && o->has_stream)
        s = pdf_stream(r, o, &r->inflate_left, PDF_LIMIT_INFLATED, &cut);
    image->palette =
        s.p == NULL ? STR_NONE : arena_copy(r->arena, str_slice(s, 0, PALETTE_MAX_BYTES));
    return true;
}

static uint32_t side(int64_t v)
{
    return v < 0 || v > SIDE_MAX ? 0 : (uint32_t)v;
}

static bool is_true(const struct pdf_reader *r, uint32_t node)
{
    return pdf_is(r, node, PDF_NODE_WORD) && str_eq(r->nodes[node].text, STR("true"));
}

/* [1 0]: what is dark is light. */
static bool is_inverted(struct pdf_reader *r, uint32_t node)
{
    const struct pdf_object *o = NULL;
    node = pdf_follow(r, node, &o);
    return pdf_is(r, node, PDF_NODE_ARRAY) && node + 2 < r->nodes[node].end &&
           pdf_number(r, node + 1, 0) > pdf_number(r, node + 2, 1);
}

static struct str packed_bytes(struct pdf_reader *r, const struct pdf_object *o)
{
    struct str bare = str_slice(r->bytes, o->data, o->data_end);
    if (!r->crypt.active)
        return bare;
    if (bare.n > r->image_left) {
        pdf_limit(r, PDF_LIMIT_IMAGES);
        return STR_NONE;
    }
    r->image_left -= bare.n;
    struct str raw = pdf_stream_raw(r, o);
    if (raw.p == bare.p)
        return bare;
    raw = arena_copy(r->arena, raw);
    r->starved |= raw.p == NULL;
    return raw;
}

static void add_image(struct pdf_reader *r, const struct pdf_object *o, uint32_t dict)
{
    const struct pdf_object *of_space = o;
    struct pdf_image *image = pdf_more(r, &r->pdf->images, &r->pdf->n_images, &r->cap_images,
                                       PDF_MAX_IMAGES, sizeof *image);
    if (image == NULL)
        return;
    image->offset = o->at;
    image->width = side(pdf_number(r, pdf_get(r, dict, PDF_W_WIDTH), 0));
    image->height = side(pdf_number(r, pdf_get(r, dict, PDF_W_HEIGHT), 0));
    image->is_mask = is_true(r, pdf_get(r, dict, PDF_W_IMAGEMASK));
    image->bits = (unsigned)side(pdf_number(r, pdf_get(r, dict, PDF_W_BITSPERCOMPONENT), 8));
    image->bits = image->is_mask ? 1 : image->bits;
    image->inverted = is_inverted(r, pdf_get(r, dict, PDF_W_DECODE));
    uint32_t space = pdf_follow(r, pdf_get(r, dict, PDF_W_COLORSPACE), &of_space);
    if (image->is_mask)
        image->colour = PDF_GREY;
    else if (!read_palette(r, space, of_space, image))
        image->colour = plain_colour(r, space);
    pdf_coding_of(r, dict, &image->coding);
    image->packed = packed_bytes(r, o);
}

void pdf_images(struct pdf_reader *r)
{
    for (size_t i = 0; i < r->n_objects && !r->starved; i++) {
        const struct pdf_object *o = &r->objects[i];
        uint32_t dict = pdf_dict_of(r, o);
        if (o->has_stream && pdf_is_word(r, pdf_get(r, dict, PDF_W_SUBTYPE), PDF_W_IMAGE))
            add_image(r, o, dict);
    }
}

/* ---- for those who look at them ---- */

bool pdf_image_read(struct arena *arena, const struct pdf_image *image, size_t max_bytes,
                    struct str *out, enum pdf_filter *format)
{
    struct buf scratch[2];
    struct str s = STR_NONE;
    enum pdf_filter left;
    uint64_t steps;
    buf_init(&scratch[0], STEP_MAX_BYTES);
    buf_init(&scratch[1], STEP_MAX_BYTES);
    max_bytes = max_bytes < STEP_MAX_BYTES ? max_bytes : STEP_MAX_BYTES;
    pdf_decode(image->packed, &image->coding, max_bytes, scratch, &s, &left, &steps);
    bool is_view = s.p == image->packed.p;
    struct str kept = s.n == 0 || is_view ? s : arena_copy(arena, s);
    buf_clear(&scratch[0]);
    buf_clear(&scratch[1]);
    if (s.n == 0 || kept.p == NULL)
        return false;
    *out = kept;
    *format = left;
    return true;
}

static unsigned sample(struct str row, size_t i, unsigned bits)
{
    size_t bit = i * bits, at = bit / 8;
    if (at >= row.n)
        return 0;
    unsigned octet = (unsigned char)row.p[at];
    return bits >= 8 ? octet : octet >> (8 - bits - bit % 8) & ((1u << bits) - 1);
}

static unsigned components(enum pdf_colour c)
{
    return c == PDF_RGB ? 3 : c == PDF_CMYK ? 4 : 1;
}

/* Of components of 0 to 255. */
static unsigned brightness(enum pdf_colour colour, const unsigned v[4])
{
    if (colour == PDF_RGB)
        return (v[0] * 299 + v[1] * 587 + v[2] * 114) / 1000;
    if (colour == PDF_CMYK) {
        unsigned ink = (v[0] * 299 + v[1] * 587 + v[2] * 114) / 1000 + v[3];
        return ink > 255 ? 0 : 255 - ink;
    }
    return v[0];
}

static unsigned pixel(const struct pdf_image *image, struct str row, size_t x)
{
    unsigned v[4] = {0}, n = components(image->colour), top = (1u << (image->bits & 15)) - 1;
    enum pdf_colour colour = image->colour;
    if (image->colour == PDF_INDEXED) {
        size_t entry = sample(row, x, image->bits);
        colour = image->palette_colour;
        n = components(colour);
        for (unsigned i = 0; i < n; i++)
            v[i] = entry * n + i < image->palette.n ? (unsigned char)image->palette.p[entry * n + i]
                                                    : 0;
    } else {
        for (unsigned i = 0; i < n; i++) {
            unsigned s = sample(row, x * n + i, image->bits);
            v[i] = image->bits >= 8 ? s : s * 255 / top;
        }
    }
    unsigned out = brightness(colour, v);
    return image->inverted ? 255 - out : out;
}

/* What each sample is worth, when one is a pixel. False: it takes more, or has too many values. */
static bool one_sample_table(const struct pdf_image *image, unsigned char table[256])
{
    if (image->bits > 8 || components(image->colour) != 1)
        return false;
    for (unsigned v = 0; v < 1u << image->bits; v++) {
        char octet = (char)(v << (8 - image->bits));
        table[v] = (unsigned char)pixel(image, str_make(&octet, 1), 0);
    }
    return true;
}

/* A row that is there as a whole: the usual forms fast, the others pixel by pixel. */
static void row_to_grey(const struct pdf_image *image, struct str row,
                        const unsigned char *one_sample, char *out)
{
    const unsigned char *p = (const unsigned char *)row.p;
    const size_t w = image->width;
    const unsigned turn = image->inverted ? 255 : 0; /* 255 - v is v ^ 255 */
    size_t x = 0;
    if (one_sample != NULL)
        for (; x < w; x++)
            out[x] = (char)one_sample[image->bits == 8 ? p[x] : sample(row, x, image->bits)];
    else if (image->colour == PDF_RGB && image->bits == 8)
        for (; x < w; x++, p += 3)
            out[x] = (char)((p[0] * 299u + p[1] * 587u + p[2] * 114u) / 1000 ^ turn);
    for (; x < w; x++)
        out[x] = (char)pixel(image, row, x);
}

bool pdf_image_grey(struct arena *arena, const struct pdf_image *image, struct str samples,
                    size_t max_pixels, struct str *out)
{
    size_t w = image->width, h = image->height;
    bool known = image->bits == 1 || image->bits == 2 || image->bits == 4 || image->bits == 8 ||
                 image->bits == 16;
    bool colour = image->colour != PDF_COLOUR_OTHER &&
                  (image->colour != PDF_INDEXED || image->palette_colour != PDF_COLOUR_OTHER);
    if (w == 0 || h == 0 || w * h > max_pixels || !known || !colour)
        return false;
    char *p = arena_alloc(arena, w * h, 1);
    if (p == NULL)
        return false;
    size_t stride = (w * components(image->colour) * image->bits + 7) / 8;
    unsigned char table[256];
    const unsigned char *one_sample = one_sample_table(image, table) ? table : NULL;
    for (size_t y = 0; y < h; y++) {
        struct str row = str_slice(samples, y * stride, (y + 1) * stride);
        if (row.n == stride)
            row_to_grey(image, row, one_sample, p + y * w);
        else
            memset(p + y * w, 255, w);
    }
    *out = str_make(p, w * h);
    return true;
}
