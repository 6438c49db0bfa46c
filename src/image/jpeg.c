/* JPEG (ITU-T T.81): baseline, extended and progressive Huffman pictures of 8 bits, any sampling;
 * only what grey values need is decoded. Arithmetic coding, lossless and 12 bits are refused. */
#include "image/jpeg_internal.h"

enum {
    M_SOF0 = 0xc0,
    M_SOF2 = 0xc2,
    M_DHT = 0xc4,
    M_SOF15 = 0xcf,
    M_JPG = 0xc8,
    M_DAC = 0xcc,
    M_RST0 = 0xd0,
    M_SOI = 0xd8,
    M_EOI = 0xd9,
    M_SOS = 0xda,
    M_DQT = 0xdb,
    M_DRI = 0xdd,
    M_APP0 = 0xe0,
    M_APP14 = 0xee,
    M_TEM = 0x01
};

static bool is_frame(unsigned marker)
{
    return marker >= M_SOF0 && marker <= M_SOF15 && marker != M_DHT && marker != M_JPG &&
           marker != M_DAC;
}

/* The next segment; `body` is empty for markers that stand alone. False: no more. */
static bool segment_next(struct str *rest, unsigned *marker, struct str *body)
{
    size_t i = 0;
    while (i + 1 < rest->n && !(byte_at(*rest, i) == 0xff && byte_at(*rest, i + 1) != 0xff &&
                                byte_at(*rest, i + 1) != 0))
        i++;
    if (i + 1 >= rest->n)
        return false;
    *marker = byte_at(*rest, i + 1);
    *body = STR_NONE;
    *rest = str_slice(*rest, i + 2, rest->n);
    if ((*marker >= M_RST0 && *marker <= M_EOI) || *marker == M_TEM)
        return true;
    size_t n = be16_at(*rest, 0);
    *body = str_slice(*rest, 2, n);
    *rest = str_slice(*rest, n < 2 ? 2 : n, rest->n);
    return true;
}

bool jpeg_size(struct str bytes, uint32_t *width, uint32_t *height)
{
    unsigned marker;
    struct str body;
    while (segment_next(&bytes, &marker, &body) && marker != M_EOI && marker != M_SOS)
        if (is_frame(marker) && body.n >= 6) {
            *height = be16_at(body, 1);
            *width = be16_at(body, 3);
            return true;
        }
    return false;
}

static void quant_tables(struct jpeg *j, struct str s)
{
    while (s.n > 0) {
        unsigned head = byte_at(s, 0), size = head >> 4 != 0 ? 2 : 1;
        uint16_t *q = j->quant[head & 3];
        for (size_t k = 0; k < JPEG_BLOCK; k++)
            q[jpeg_zigzag[k]] = (uint16_t)(size == 2 ? be16_at(s, 1 + 2 * k) : byte_at(s, 1 + k));
        s = str_slice(s, 1 + (size_t)size * JPEG_BLOCK, s.n);
    }
}

static bool huffman_tables(struct jpeg *j, struct str s)
{
    while (s.n >= 17) {
        unsigned head = byte_at(s, 0), n = 0;
        for (size_t i = 1; i <= 16; i++)
            n += byte_at(s, i);
        if (n > 256 || s.n < 17 + n || head >> 4 > 1 ||
            !jpeg_huffman_make(&j->huffman[head >> 4][head & 3], (const unsigned char *)s.p + 1,
                               str_slice(s, 17, 17 + n)))
            return false;
        s = str_slice(s, 17 + n, s.n);
    }
    return true;
}

/* Which components the grey values are made of (T.871 7, and what Adobe's marker says): of the
 * first alone, which is their brightness, or of all. */
static enum jpeg_colours colours_of(const struct jpeg *j)
{
    const struct jpeg_component *c = j->components;
    if (j->n_components == 4)
        return j->adobe && j->adobe_transform == 2 ? JPEG_YCCK : JPEG_CMYK;
    if (j->n_components == 1 || j->jfif)
        return JPEG_GREY;
    bool rgb =
        j->adobe ? j->adobe_transform == 0 : c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
    return rgb ? JPEG_RGB : JPEG_GREY;
}

static int component_memory(struct arena *a, struct jpeg *j, struct jpeg_component *c)
{
    size_t width = ((size_t)j->im->head.width * c->h + j->h_max - 1) / j->h_max,
           height = ((size_t)j->im->head.height * c->v + j->v_max - 1) / j->v_max;
    c->own_x = (width + JPEG_SIDE - 1) / JPEG_SIDE;
    c->own_y = (height + JPEG_SIDE - 1) / JPEG_SIDE;
    c->blocks_x = j->mcus_x * c->h;
    c->blocks_y = j->mcus_y * c->v;
    j->visits_left += (uint64_t)c->blocks_x * c->blocks_y * JPEG_MAX_VISITS;
    if (!c->wanted)
        return MP_OK;
    size_t blocks = c->blocks_x * c->blocks_y, n = blocks * j->side * j->side;
    c->plane = arena_new(a, unsigned char, n);
    if (j->progressive)
        c->coefficients = arena_new(a, int16_t, blocks * JPEG_BLOCK);
    if (c->plane == NULL || (j->progressive && c->coefficients == NULL))
        return MP_E_NOMEM;
    memset(c->plane, 128, n);
    return MP_OK;
}

static int frame_memory(struct arena *a, struct jpeg *j)
{
    j->colours = colours_of(j);
    bool all = j->colours == JPEG_RGB || j->colours == JPEG_CMYK;
    j->mcus_x = (j->im->head.width + j->h_max * JPEG_SIDE - 1) / (j->h_max * JPEG_SIDE);
    j->mcus_y = (j->im->head.height + j->v_max * JPEG_SIDE - 1) / (j->v_max * JPEG_SIDE);
    for (unsigned i = 0; i < j->n_components; i++) {
        j->components[i].wanted = all || i == 0 || (i == 3 && j->colours == JPEG_YCCK);
        int st = component_memory(a, j, &j->components[i]);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}

/* The frame's header. NULL: read; else why not. */
static const char *frame_header(struct jpeg *j, unsigned marker, struct str s)
{
    j->n_components = byte_at(s, 5);
    if (marker > M_SOF2 || byte_at(s, 0) != 8)
        return "a JPEG of a form that is not looked at (arithmetic, lossless or 12 bits)";
    if (j->n_components == 0 || j->n_components > JPEG_MAX_COMPONENTS || j->n_components == 2 ||
        s.n < 6 + 3 * (size_t)j->n_components)
        return "a JPEG with a number of components that is not looked at";
    j->progressive = marker == M_SOF2;
    j->h_max = j->v_max = 1;
    for (unsigned i = 0; i < j->n_components; i++) {
        struct jpeg_component *c = &j->components[i];
        c->id = byte_at(s, 6 + 3 * i);
        c->h = byte_at(s, 7 + 3 * i) >> 4;
        c->v = byte_at(s, 7 + 3 * i) & 15;
        c->quant = byte_at(s, 8 + 3 * i) & 3;
        if (c->h < 1 || c->h > 4 || c->v < 1 || c->v > 4)
            return "a JPEG with a sampling that cannot be";
        j->h_max = c->h > j->h_max ? c->h : j->h_max;
        j->v_max = c->v > j->v_max ? c->v : j->v_max;
    }
    if (j->n_components == 1) /* T.81 A.2.2: its sampling says nothing */
        j->components[0].h = j->components[0].v = j->h_max = j->v_max = 1;
    j->frame = true;
    return NULL;
}

/* A scan's header. False: it cannot be decoded. */
static bool scan_header(struct jpeg *j, struct str s)
{
    unsigned n = byte_at(s, 0);
    if (n == 0 || n > j->n_components || s.n < 4 + 2 * (size_t)n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        struct jpeg_component *c = NULL;
        for (unsigned k = 0; k < j->n_components; k++)
            if (j->components[k].id == byte_at(s, 1 + 2 * i))
                c = &j->components[k];
        for (unsigned k = 0; k < i; k++)
            if (j->scan[k] == c)
                return false;
        if (c == NULL)
            return false;
        c->dc = &j->huffman[0][byte_at(s, 2 + 2 * i) >> 4 & 3];
        c->ac = &j->huffman[1][byte_at(s, 2 + 2 * i) & 3];
        j->scan[i] = c;
    }
    s = str_slice(s, 1 + 2 * (size_t)n, s.n);
    j->n_scan = n;
    j->from = byte_at(s, 0);
    j->to = byte_at(s, 1);
    j->high = byte_at(s, 2) >> 4;
    j->low = byte_at(s, 2) & 15;
    return true;
}

/* Has the scan the tables that it takes, and a selection that can be? */
static bool scan_can_be(const struct jpeg *j)
{
    bool dc = !j->progressive || (j->from == 0 && j->high == 0);
    bool ac = !j->progressive || j->from != 0;
    for (unsigned i = 0; i < j->n_scan; i++)
        if ((dc && !j->scan[i]->dc->set) || (ac && !j->scan[i]->ac->set))
            return false;
    if (!j->progressive)
        return true;
    return j->to < JPEG_BLOCK && j->from <= j->to && j->low <= 13 &&
           (j->from == 0 ? j->to == 0 : j->n_scan == 1);
}

static void adobe_marker(struct jpeg *j, struct str s)
{
    if (!str_starts(s, STR("Adobe")) || s.n < 12)
        return;
    j->adobe = true;
    j->adobe_transform = byte_at(s, 11);
}

/* All segments up to the end. Returns MP_E_NOMEM, else MP_OK with j->im->why where it stopped. */
static int segments(struct arena *a, struct jpeg *j)
{
    unsigned marker;
    struct str body;
    bool ok = true;
    while (ok && segment_next(&j->rest, &marker, &body) && marker != M_EOI) {
        if (marker == M_DQT)
            quant_tables(j, body);
        else if (marker == M_DHT)
            ok = huffman_tables(j, body);
        else if (marker == M_DRI)
            j->restart_every = be16_at(body, 0);
        else if (marker == M_APP0)
            j->jfif |= str_starts(body, STR("JFIF"));
        else if (marker == M_APP14)
            adobe_marker(j, body);
        else if (is_frame(marker) && !j->frame) {
            const char *why = frame_header(j, marker, body);
            if (why != NULL)
                return image_refuse(j->im, IMAGE_UNSUPPORTED, why);
            if (frame_memory(a, j) != MP_OK)
                return MP_E_NOMEM;
        } else if (marker == M_SOS) {
            ok = j->frame && scan_header(j, body) && scan_can_be(j) && j->scans < JPEG_MAX_SCANS;
            j->scans += ok;
            ok = ok && jpeg_scan(j);
        }
    }
    if (!j->frame || j->scans == 0)
        return image_refuse(j->im, IMAGE_DAMAGED, "the picture has no pixels");
    if (!ok) {
        j->im->state = IMAGE_PARTLY;
        j->im->why = "the picture's data end early or are damaged";
    }
    return MP_OK;
}

/* Coefficients of a progressive picture, all scans read, to pixels. */
static void transform_all(const struct jpeg *j)
{
    for (unsigned i = 0; i < j->n_components; i++) {
        const struct jpeg_component *c = &j->components[i];
        for (size_t y = 0; c->coefficients != NULL && y < c->blocks_y; y++)
            for (size_t x = 0; x < c->blocks_x; x++)
                jpeg_block(c->coefficients + (y * c->blocks_x + x) * JPEG_BLOCK, j->quant[c->quant],
                           j->side, c->plane + (y * c->blocks_x * j->side + x) * j->side,
                           c->blocks_x * j->side);
    }
}

/* A row of a component, as wide as the picture. */
static void component_row(const struct jpeg *j, unsigned i, size_t y, unsigned char *out)
{
    const struct jpeg_component *c = &j->components[i];
    const unsigned char *from = c->plane + y * c->v / j->v_max * c->blocks_x * j->side;
    if (c->h == j->h_max) {
        memcpy(out, from, j->im->width);
        return;
    }
    unsigned share = 0;
    for (size_t x = 0; x < j->im->width; x++) {
        out[x] = *from;
        share += c->h;
        from += share >= j->h_max;
        share -= share >= j->h_max ? j->h_max : 0;
    }
}

/* CMYK is stored the other way round by everything that stores it: 255 is no ink. */
static unsigned char mixed(enum jpeg_colours colours, const unsigned char *const rows[4], size_t x)
{
    if (colours == JPEG_YCCK)
        return (unsigned char)((255 - rows[0][x]) * rows[3][x] / 255);
    unsigned grey = grey_of(rows[0][x], rows[1][x], rows[2][x]);
    return (unsigned char)(colours == JPEG_RGB ? grey : grey * rows[3][x] / 255);
}

static int to_grey(struct arena *a, const struct jpeg *j, unsigned char *out)
{
    const size_t w = j->im->width;
    unsigned char *rows[JPEG_MAX_COMPONENTS] = {NULL};
    bool alone = j->colours == JPEG_GREY;
    for (unsigned i = 0; !alone && i < j->n_components; i++)
        if (j->components[i].wanted && (rows[i] = arena_new(a, unsigned char, w)) == NULL)
            return MP_E_NOMEM;
    for (size_t y = 0; y < j->im->height; y++, out += w) {
        if (alone)
            component_row(j, 0, y, out);
        for (unsigned i = 0; !alone && i < j->n_components; i++)
            if (rows[i] != NULL)
                component_row(j, i, y, rows[i]);
        for (size_t x = 0; !alone && x < w; x++)
            out[x] = mixed(j->colours, (const unsigned char *const *)rows, x);
    }
    return MP_OK;
}

int jpeg_read(struct arena *a, struct str bytes, struct image_options o, struct image *im)
{
    struct jpeg *j = arena_new(a, struct jpeg, 1);
    (void)o; /* nothing is transparent */
    if (j == NULL)
        return MP_E_NOMEM;
    bool half = (uint64_t)im->head.width * im->head.height > IMAGE_HALVED_PIXELS;
    im->width = half ? (im->head.width + 1) / 2 : im->head.width;
    im->height = half ? (im->head.height + 1) / 2 : im->head.height;
    j->side = half ? JPEG_HALF_SIDE : JPEG_SIDE;
    j->im = im;
    j->rest = bytes;
    int st = segments(a, j);
    if (st != MP_OK || im->state > IMAGE_PARTLY)
        return st;
    unsigned char *out = image_canvas(a, im, 0);
    if (out == NULL)
        return MP_E_NOMEM;
    transform_all(j);
    return to_grey(a, j, out);
}
