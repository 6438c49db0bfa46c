/* Pictures of a mail, of archives and documents in it, and of PDFs: searched for QR codes, alone
 * and with the one before them. */
#include "document/picture.h"

#include "content/found.h"
#include "document/document.h"

enum {
    SIZE_SLACK = 2, /* pixels that halves of one code may differ by */
    LOOK_BACK = 8,  /* objects between two pictures that stand beside each other */
    SQUARES_OF_A_CODE = 3
};

bool picture_is(const struct content_object *o)
{
    struct image_head head;
    return file_type_class(o->kind) != FILE_CLASS_MAIL && image_head_read(o->bytes, &head) &&
           qr_fits(head.width, head.height);
}

/* A picture read and searched. */
struct look {
    struct content *c;
    size_t index; /* of the object that it is or is in */
    struct arena arena;
    struct image im; /* luma NULL: it could not be read */
    struct qr_found found;
    bool silent; /* what it holds is not told */
};

static void look_begin(struct look *l, struct content *c, size_t index)
{
    *l = (struct look){.c = c, .index = index};
    arena_init(&l->arena, IMAGE_MEMORY_BYTES);
}

static void look_end(struct look *l)
{
    arena_clear(&l->arena);
}

/* Take a picture of this size off the budget; false: it is not looked at. */
static bool charge(struct content *c, size_t index, uint32_t width, uint32_t height)
{
    struct content_budget *b = c->budget;
    uint64_t pixels = (uint64_t)width * height;
    bool large = pixels > PICTURE_SMALL_PIXELS;
    if (pixels > IMAGE_MAX_PIXELS || (large && b->pictures_left == 0) || b->bytes_left < pixels) {
        content_cut(c, index,
                    pixels > IMAGE_MAX_PIXELS ? "a picture is too large to be searched for QR codes"
                                              : "more pictures than are searched for QR codes");
        return false;
    }
    b->pictures_left -= large;
    b->bytes_left -= pixels;
    return true;
}

/* Our failure is a limit: there is more memory than any picture of the allowed size takes. */
static int cut_for_memory(const struct look *l)
{
    content_cut(l->c, l->index, "a picture takes more memory than is given to search it");
    return MP_OK;
}

static int search(struct look *l, const struct image *im, enum finding_id id, const char *how,
                  struct mp_err *err)
{
    if (qr_find(&l->arena, im, &l->found, err) != MP_OK)
        return cut_for_memory(l);
    return l->silent ? MP_OK : picture_add_codes(l->c, l->index, &l->found, id, how, err);
}

/* One way to show the file: on white, on black, its last frame. */
static int look_at(struct look *l, struct str bytes, struct image_options o, struct image *im,
                   struct mp_err *err)
{
    *im = (struct image){.luma = NULL};
    l->found = (struct qr_found){.n = 0};
    if (image_read(&l->arena, bytes, o, im, err) != MP_OK)
        return cut_for_memory(l);
    if (im->state == IMAGE_TOO_LARGE)
        content_cut(l->c, l->index, "a picture is too large to be searched for QR codes");
    return im->luma == NULL ? MP_OK : search(l, im, FINDING_COUNT, "", err);
}

/* What is transparent, on black: that is there already, or read again. */
static int look_on_black(struct look *l, struct str bytes, struct mp_err *err)
{
    struct image black = l->im;
    black.luma = l->im.other;
    if (black.luma == NULL)
        return look_at(l, bytes, (struct image_options){.background = IMAGE_BLACK}, &black, err);
    l->found = (struct qr_found){.n = 0};
    return search(l, &black, FINDING_COUNT, "", err);
}

/* A file in all ways that it may be seen. */
static int look_at_file(struct look *l, struct str bytes, struct mp_err *err)
{
    struct image_head head;
    struct image other;
    if (!image_head_read(bytes, &head) || !charge(l->c, l->index, head.width, head.height))
        return MP_OK;
    int st = look_at(l, bytes, (struct image_options){.background = IMAGE_WHITE}, &l->im, err);
    struct qr_found first = l->found;
    if (st == MP_OK && l->im.transparent && first.n == 0)
        st = look_on_black(l, bytes, err);
    if (st == MP_OK && l->im.animated && head.format == IMAGE_GIF)
        st =
            look_at(l, bytes, (struct image_options){.background = IMAGE_WHITE, .last_frame = true},
                    &other, err);
    if (first.n > 0 || first.squares > l->found.squares)
        l->found = first;
    return st;
}

/* ---- Two pictures that are a code only together ---- */

static bool near(uint32_t a, uint32_t b)
{
    return a <= b + SIZE_SLACK && b <= a + SIZE_SLACK;
}

/* Each has some of the squares of a code, and none has a code. */
static bool may_be_halves(const struct look *a, const struct look *b)
{
    return a->im.luma != NULL && b->im.luma != NULL && a->found.n == 0 && b->found.n == 0 &&
           a->found.squares > 0 && b->found.squares > 0 &&
           a->found.squares + b->found.squares >= SQUARES_OF_A_CODE &&
           near(a->im.width, b->im.width) && near(a->im.height, b->im.height);
}

/* Codes of both pictures joined, told of the second. */
static int join(struct look *a, struct look *b, struct mp_err *err)
{
    static const struct {
        bool below, swapped;
        const char *how;
    } ways[] = {{false, false, "two pictures beside each other"},
                {true, false, "two pictures one below the other"},
                {false, true, "two pictures beside each other"},
                {true, true, "two pictures one below the other"}};
    int st = MP_OK;
    b->found.n = 0;
    for (size_t i = 0; st == MP_OK && b->found.n == 0 && i < ARRAY_LEN(ways); i++) {
        struct image both;
        const struct image *first = ways[i].swapped ? &b->im : &a->im,
                           *second = ways[i].swapped ? &a->im : &b->im;
        if (image_join(&b->arena, first, second, ways[i].below, &both, err) == MP_OK)
            st = search(b, &both, FINDING_QR_SPLIT, ways[i].how, err);
    }
    return st;
}

struct str document_before(const struct content_report *r, size_t index)
{
    const struct content_object *o = &r->objects[index];
    struct image_head head, other;
    size_t steps = 0;
    if (!picture_is(o) || !image_head_read(o->bytes, &head))
        return STR_NONE;
    for (size_t i = index; i-- > 0 && steps < LOOK_BACK;) {
        const struct content_object *p = &r->objects[i];
        if (p->parent != o->parent || !p->has_bytes)
            continue;
        steps++;
        if (picture_is(p) && image_head_read(p->bytes, &other))
            return near(head.width, other.width) && near(head.height, other.height) ? p->bytes
                                                                                    : STR_NONE;
    }
    return STR_NONE;
}

/* With the picture before it; what that one holds by itself is told where it stands. */
static int look_at_both(struct look *l, struct mp_err *err)
{
    const struct content_object *o = &l->c->report->objects[l->index];
    struct look first;
    struct str before = o->before.n > 0 ? o->before : document_before(l->c->report, l->index);
    if (before.n == 0 || l->im.luma == NULL || l->found.n > 0 || l->found.squares == 0)
        return MP_OK;
    look_begin(&first, l->c, l->index);
    first.silent = true;
    int st = look_at_file(&first, before, err);
    if (st == MP_OK && may_be_halves(&first, l))
        st = join(&first, l, err);
    look_end(&first);
    return st;
}

int picture_read(struct content *c, size_t index, struct mp_err *err)
{
    struct look l;
    look_begin(&l, c, index);
    int st = look_at_file(&l, c->report->objects[index].bytes, err);
    if (st == MP_OK)
        st = look_at_both(&l, err);
    look_end(&l);
    return st;
}

/* ---- PDF ---- */

/* One image: a JPEG as it stands there, or samples. Others (JPEG 2000, fax) are not read. */
static int look_at_pdf_image(struct look *l, const struct pdf_image *p, struct mp_err *err)
{
    enum pdf_filter format;
    struct str bytes, grey;
    if (!qr_fits(p->width, p->height) || !charge(l->c, l->index, p->width, p->height) ||
        !pdf_image_read(&l->arena, p, IMAGE_MEMORY_BYTES / 2, &bytes, &format))
        return MP_OK;
    if (format == PDF_DCT)
        return look_at(l, bytes, (struct image_options){.background = IMAGE_WHITE}, &l->im, err);
    if (format != PDF_FILTER_NONE || !pdf_image_grey(&l->arena, p, bytes, IMAGE_MAX_PIXELS, &grey))
        return MP_OK;
    l->im = (struct image){.luma = (const unsigned char *)grey.p,
                           .width = p->width,
                           .height = p->height};
    return search(l, &l->im, FINDING_COUNT, "", err);
}

int picture_read_pdf(struct content *c, size_t index, const struct pdf *pdf, struct mp_err *err)
{
    struct look looks[2]; /* this image and the one before */
    int st = MP_OK;
    look_begin(&looks[0], c, index);
    look_begin(&looks[1], c, index);
    for (size_t i = 0; st == MP_OK && i < pdf->n_images; i++) {
        struct look *now = &looks[i % 2], *last = &looks[(i + 1) % 2];
        look_end(now);
        look_begin(now, c, index);
        st = look_at_pdf_image(now, &pdf->images[i], err);
        if (st == MP_OK && may_be_halves(last, now))
            st = join(last, now, err);
    }
    look_end(&looks[0]);
    look_end(&looks[1]);
    return st;
}
