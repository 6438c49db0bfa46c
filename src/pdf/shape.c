/* Filled squares of a page as a picture: QR codes are often drawn so, module by module. Every part
 * of a path counts as the box around it; parts of one path that overlap cut holes into each other.
 * What is too much is left out: this is for codes, not for pictures of pages. */
#include "pdf/shape.h"

enum {
    SHAPES_MAX = 30000, /* of one page */
    SHAPES_LEAST = 64,  /* small ones: no code has fewer, even when they are joined along rows */
    DRAWN_MAX = 4,      /* pages of a document */
    SIDE_MAX = 1500,    /* pixels */
    MODULE_PIXELS = 4,
    MARGIN = 4,           /* modules of white around all */
    PAINT_MAX = 48 << 20, /* pixels painted for a document */
    LIGHT = 128,
    LEAST_MODULES = 8,   /* in all that is drawn on the page */
    MOST_MODULES = 1000, /* the same */
    JOINED_MAX = 24
};

struct shape {
    float x0, y0, x1, y1;
    unsigned char grey;
    bool begins; /* the first of one path that is filled */
};

struct pdf_shapes {
    struct pdf_reader *r;
    struct shape *shapes;
    size_t n, cap, path; /* path: where the one that is being drawn begins */
    struct shape part;
    unsigned points;
    unsigned drawn;
    uint64_t paint_left;
};

struct pdf_shapes *pdf_shapes_new(struct pdf_reader *r)
{
    struct pdf_shapes *s = arena_new(&r->own, struct pdf_shapes, 1);
    if (s == NULL) {
        r->starved = true;
        return NULL;
    }
    s->r = r;
    s->paint_left = PAINT_MAX;
    return s;
}

void pdf_shapes_begin(struct pdf_shapes *s)
{
    s->n = s->path = 0;
    s->points = 0;
}

/* ---- paths ---- */

static void add_shape(struct pdf_shapes *s, struct shape shape)
{
    if (s->n == SHAPES_MAX)
        return;
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
        void *p = arena_grow(&s->r->own, s->shapes, s->n, cap, sizeof *s->shapes);
        if (p == NULL) {
            s->r->starved = true;
            return;
        }
        s->shapes = p;
        s->cap = cap;
    }
    s->shapes[s->n++] = shape;
}

static void end_part(struct pdf_shapes *s)
{
    if (s->points > 1)
        add_shape(s, s->part);
    s->points = 0;
}

/* On the page; what is far out of any page is at its edge. */
static float on_page(double v)
{
    enum { OUTSIDE = 1000000 };
    return v > OUTSIDE ? OUTSIDE : v < -OUTSIDE ? -OUTSIDE : (float)v;
}

static void add_point(struct pdf_shapes *s, double x, double y, const struct pdf_pen *pen)
{
    float px = on_page(pen->page.a * x + pen->page.e);
    float py = on_page(pen->page.d * y + pen->page.f);
    struct shape *p = &s->part;
    if (s->points++ == 0)
        *p = (struct shape){.x0 = px, .x1 = px, .y0 = py, .y1 = py};
    p->x0 = px < p->x0 ? px : p->x0;
    p->x1 = px > p->x1 ? px : p->x1;
    p->y0 = py < p->y0 ? py : p->y0;
    p->y1 = py > p->y1 ? py : p->y1;
}

static float half_width(double width, double scale)
{
    double v = width * scale / 2;
    return on_page(v < 0 ? -v : v);
}

/* Parts without a height are lines: they are as thick as the pen. */
static void stroke(struct pdf_shapes *s, const struct pdf_pen *pen)
{
    size_t n = s->path;
    for (size_t i = s->path; i < s->n; i++) {
        struct shape p = s->shapes[i];
        bool flat = !(p.y1 > p.y0), thin = !(p.x1 > p.x0);
        if (flat == thin)
            continue;
        float half =
            flat ? half_width(pen->width, pen->page.d) : half_width(pen->width, pen->page.a);
        p.y0 -= flat ? half : 0;
        p.y1 += flat ? half : 0;
        p.x0 -= thin ? half : 0;
        p.x1 += thin ? half : 0;
        p.grey = pen->line;
        p.begins = true;
        s->shapes[n++] = p;
    }
    s->n = n;
}

static void fill(struct pdf_shapes *s, unsigned char grey)
{
    size_t n = s->path;
    for (size_t i = s->path; i < s->n; i++) {
        struct shape p = s->shapes[i];
        if (!(p.y1 > p.y0) || !(p.x1 > p.x0)) /* also when one is no number */
            continue;
        p.grey = grey;
        p.begins = n == s->path;
        s->shapes[n++] = p;
    }
    s->n = n;
}

void pdf_shapes_path(struct pdf_shapes *s, enum pdf_path_op op, const double v[6],
                     const struct pdf_pen *pen)
{
    switch (op) {
    case PDF_PATH_RECT:
        end_part(s);
        add_point(s, v[0], v[1], pen);
        add_point(s, v[0] + v[2], v[1] + v[3], pen);
        end_part(s);
        return;
    case PDF_PATH_MOVE:
        end_part(s);
        add_point(s, v[0], v[1], pen);
        return;
    case PDF_PATH_LINE:
        add_point(s, v[0], v[1], pen);
        return;
    case PDF_PATH_CURVE:
        add_point(s, v[4], v[5], pen);
        return;
    case PDF_PATH_FILL:
    case PDF_PATH_BOTH:
        end_part(s);
        fill(s, pen->grey);
        break;
    case PDF_PATH_STROKE:
        end_part(s);
        stroke(s, pen);
        break;
    case PDF_PATH_NONE:
        s->n = s->path;
        s->points = 0;
        break;
    }
    s->path = s->n;
}

/* ---- the picture ---- */

struct canvas {
    unsigned char *grey, *holes;
    size_t width, height;
    double x, y, scale; /* of its left lower corner on the page; pixels a unit */
};

static float side_of(const struct shape *p)
{
    float w = p->x1 - p->x0, h = p->y1 - p->y0;
    return w < h ? w : h;
}

/* The box around the small ones, and how large the smallest of them are. */
struct extent {
    float x0, y0, x1, y1, module;
    size_t small, dark; /* dark: of whatever size */
};

/* A module, or some of them joined along a row; no line of a table. */
static bool is_small(const struct shape *p, const struct shape *all)
{
    float w = all->x1 - all->x0, h = all->y1 - all->y0, whole = w > h ? w : h;
    float side = side_of(p), other = p->x1 - p->x0 + (p->y1 - p->y0) - side;
    return side * LEAST_MODULES < whole && side * MOST_MODULES > whole && other < side * JOINED_MAX;
}

static bool measure(const struct pdf_shapes *s, struct extent *out)
{
    struct shape all = s->n > 0 ? s->shapes[0] : (struct shape){0};
    *out = (struct extent){.small = 0};
    for (size_t i = 0; i < s->n; i++) {
        const struct shape *p = &s->shapes[i];
        all.x0 = p->x0 < all.x0 ? p->x0 : all.x0;
        all.y0 = p->y0 < all.y0 ? p->y0 : all.y0;
        all.x1 = p->x1 > all.x1 ? p->x1 : all.x1;
        all.y1 = p->y1 > all.y1 ? p->y1 : all.y1;
        out->dark += p->grey < LIGHT;
    }
    for (size_t i = 0; i < s->n; i++) {
        const struct shape *p = &s->shapes[i];
        if (!is_small(p, &all))
            continue;
        bool first = out->small == 0;
        out->x0 = first || p->x0 < out->x0 ? p->x0 : out->x0;
        out->y0 = first || p->y0 < out->y0 ? p->y0 : out->y0;
        out->x1 = first || p->x1 > out->x1 ? p->x1 : out->x1;
        out->y1 = first || p->y1 > out->y1 ? p->y1 : out->y1;
        out->module = first || side_of(p) < out->module ? side_of(p) : out->module;
        out->small++;
    }
    return out->small >= SHAPES_LEAST;
}

static size_t pixel_at(double v, size_t max)
{
    return !(v > 0) ? 0 : v >= (double)max ? max : (size_t)(v + 0.5);
}

struct box {
    size_t x0, y0, x1, y1;
};

static struct box box_of(const struct canvas *c, const struct shape *p)
{
    double h = (double)c->height;
    return (struct box){pixel_at((p->x0 - c->x) * c->scale, c->width),
                        pixel_at(h - (p->y1 - c->y) * c->scale, c->height),
                        pixel_at((p->x1 - c->x) * c->scale, c->width),
                        pixel_at(h - (p->y0 - c->y) * c->scale, c->height)};
}

static bool pay(struct pdf_shapes *s, const struct box *b)
{
    uint64_t cost = (uint64_t)(b->x1 - b->x0) * (b->y1 - b->y0) + 1;
    bool enough = cost <= s->paint_left;
    s->paint_left = enough ? s->paint_left - cost : 0;
    return enough;
}

/* One path, shapes[from, to): what an even number of its parts cover is a hole. */
static void paint_path(struct pdf_shapes *s, const struct canvas *c, size_t from, size_t to,
                       bool force_dark)
{
    for (size_t i = from; i < to; i++) {
        struct box b = box_of(c, &s->shapes[i]);
        if (!pay(s, &b))
            return;
        for (size_t y = b.y0; y < b.y1; y++)
            for (size_t x = b.x0; x < b.x1; x++)
                c->holes[y * c->width + x] ^= 1;
    }
    for (size_t i = from; i < to; i++) {
        struct box b = box_of(c, &s->shapes[i]);
        unsigned char grey = force_dark ? 0 : s->shapes[i].grey;
        for (size_t y = b.y0; y < b.y1; y++)
            for (size_t x = b.x0; x < b.x1; x++) {
                unsigned char *mark = &c->holes[y * c->width + x];
                if (*mark != 0)
                    c->grey[y * c->width + x] = grey;
                *mark = 0;
            }
    }
}

static bool make_canvas(struct pdf_shapes *s, const struct extent *e, struct canvas *c)
{
    double margin = MARGIN * (double)e->module;
    double width = (double)e->x1 - e->x0 + 2 * margin, height = (double)e->y1 - e->y0 + 2 * margin;
    double longer = width > height ? width : height;
    c->scale = MODULE_PIXELS / (double)e->module;
    c->scale = c->scale * longer > SIDE_MAX ? SIDE_MAX / longer : c->scale;
    c->x = e->x0 - margin;
    c->y = e->y0 - margin;
    c->width = pixel_at(width * c->scale, SIDE_MAX);
    c->height = pixel_at(height * c->scale, SIDE_MAX);
    size_t n = c->width * c->height;
    struct box whole = {0, 0, c->width, c->height};
    if (n == 0 || !pay(s, &whole))
        return false;
    c->grey = arena_alloc(s->r->arena, n, 1);
    c->holes = arena_alloc(&s->r->own, n, 1);
    if (c->grey == NULL || c->holes == NULL) {
        s->r->starved = true;
        return false;
    }
    memset(c->grey, 255, n);
    return true;
}

void pdf_shapes_end(struct pdf_shapes *s, size_t offset)
{
    struct pdf_reader *r = s->r;
    struct extent e;
    struct canvas c;
    s->n = s->path;
    if (s->n < SHAPES_LEAST || s->drawn == DRAWN_MAX || !measure(s, &e) || !make_canvas(s, &e, &c))
        return;
    for (size_t from = 0, to; from < s->n; from = to) {
        to = from + 1;
        while (to < s->n && !s->shapes[to].begins)
            to++;
        paint_path(s, &c, from, to, e.dark == 0);
    }
    s->drawn++;
    struct pdf_image *image = pdf_more(r, &r->pdf->images, &r->pdf->n_images, &r->cap_images,
                                       PDF_MAX_IMAGES, sizeof *image);
    if (image != NULL)
        *image = (struct pdf_image){.packed = str_make((const char *)c.grey, c.width * c.height),
                                    .width = (uint32_t)c.width,
                                    .height = (uint32_t)c.height,
                                    .bits = 8,
                                    .colour = PDF_GREY,
                                    .is_drawn = true,
                                    .offset = offset};
}
