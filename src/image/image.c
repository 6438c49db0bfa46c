/* Which picture bytes are, and the reader that takes them; pictures joined. */
#include "image/image_internal.h"

bool image_size_fits(uint64_t width, uint64_t height)
{
    return width != 0 && height != 0 && width <= IMAGE_MAX_SIDE && height <= IMAGE_MAX_SIDE &&
           width * height <= IMAGE_MAX_PIXELS;
}

unsigned char *image_canvas(struct arena *a, struct image *im, unsigned char fill)
{
    size_t n = (size_t)im->width * im->height;
    unsigned char *p = arena_new(a, unsigned char, n);
    if (p != NULL && fill != 0)
        memset(p, fill, n);
    im->luma = p;
    return p;
}

static bool png_size(struct str bytes, uint32_t *width, uint32_t *height)
{
    *width = be32_at(bytes, 16);
    *height = be32_at(bytes, 20);
    return bytes.n >= 33 && str_eq(str_slice(bytes, 12, 16), STR("IHDR"));
}

static bool gif_size(struct str bytes, uint32_t *width, uint32_t *height)
{
    *width = le16_at(bytes, 6);
    *height = le16_at(bytes, 8);
    return bytes.n >= 13;
}

static const struct reader {
    struct str magic;
    enum image_format format;
    bool (*size)(struct str bytes, uint32_t *width, uint32_t *height);
    int (*read)(struct arena *a, struct str bytes, struct image_options o, struct image *im);
} readers[] = {
    {STR_INIT("\x89PNG\r\n\x1a\n"), IMAGE_PNG, png_size, png_read},
    {STR_INIT("GIF87a"), IMAGE_GIF, gif_size, gif_read},
    {STR_INIT("GIF89a"), IMAGE_GIF, gif_size, gif_read},
    {STR_INIT("\xff\xd8\xff"), IMAGE_JPEG, jpeg_size, jpeg_read},
    {STR_INIT("BM"), IMAGE_BMP, bmp_size, bmp_read},
};

static const struct reader *reader_of(struct str bytes, struct image_head *head)
{
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        const struct reader *r = &readers[i];
        if (!str_starts(bytes, r->magic) || !r->size(bytes, &head->width, &head->height))
            continue;
        head->format = r->format;
        return r;
    }
    return NULL;
}

bool image_head_read(struct str bytes, struct image_head *head)
{
    struct image_head h = {.format = IMAGE_NONE};
    if (reader_of(bytes, &h) == NULL)
        return false;
    *head = h;
    return true;
}

int image_read(struct arena *a, struct str bytes, struct image_options options, struct image *out,
               struct mp_err *err)
{
    struct image im = {.state = IMAGE_WHOLE};
    const struct reader *r = reader_of(bytes, &im.head);
    int st = MP_OK;
    if (r == NULL)
        st = image_refuse(&im, IMAGE_UNSUPPORTED, "not a picture of a known format");
    else if (!image_size_fits(im.head.width, im.head.height))
        st = image_refuse(&im, IMAGE_TOO_LARGE, "more pixels than are looked at, or none");
    else
        st = r->read(a, bytes, options, &im);
    if (st != MP_OK)
        return mp_fail(err, st, 0, "a picture of %u x %u needs more memory than allowed",
                       (unsigned)im.head.width, (unsigned)im.head.height);
    *out = im;
    return MP_OK;
}

static void paste(const struct image *from, size_t left, size_t top, size_t stride,
                  unsigned char *to)
{
    for (size_t y = 0; y < from->height; y++)
        memcpy(to + (top + y) * stride + left, from->luma + y * from->width, from->width);
}

int image_join(struct arena *arena, const struct image *a, const struct image *b, bool below,
               struct image *out, struct mp_err *err)
{
    uint64_t w = a->width > b->width ? a->width : b->width;
    uint64_t h = a->height > b->height ? a->height : b->height;
    if (below)
        h = (uint64_t)a->height + b->height;
    else
        w = (uint64_t)a->width + b->width;
    if (a->luma == NULL || b->luma == NULL || !image_size_fits(w, h))
        return mp_fail(err, MP_E_LIMIT, IMAGE_MAX_PIXELS, "the joined picture is too large");
    struct image im = {.head = a->head, .width = (uint32_t)w, .height = (uint32_t)h};
    unsigned char *to = image_canvas(arena, &im, IMAGE_WHITE);
    if (to == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "two pictures joined need more memory than allowed");
    paste(a, 0, 0, im.width, to);
    paste(b, below ? 0 : a->width, below ? a->height : 0, im.width, to);
    *out = im;
    return MP_OK;
}
