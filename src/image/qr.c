/* Codes in a picture: several looks at it (thresholds, sizes), each with what it shows tried. */
#include "image/qr_internal.h"

enum {
    SMALL_SIDE = 400,       /* pictures up to this are also looked at twice as large */
    LEAST_SIDE = 60,        /* below this no look at half the size */
    LOOKS_SMALLER = 2,      /* halvings */
    LARGE_PIXELS = 4000000, /* above this the whole size is looked at last, and once */
    MATRIX_SCALE = 4,       /* pixels of a cell that is looked at in a picture */
    MATRIX_MARGIN = 4,      /* cells around it */
    /* In modules looked at: */
    VERSION_COST = 3000, /* to find out that three squares are no code */
    SEARCH_COST = 7500,  /* to search the fourth corner */
    DESCENT_COST = 64,   /* to fit a grid, times the fixed modules */
    SAMPLE_COST = 12     /* to sample and read a module */
};

/* One code read, not yet text. */
struct piece {
    struct qr_data data;
    struct qr_code code;
};

struct search {
    struct arena *arena;
    struct qr_found *out;
    struct buf text;
    struct piece *pieces[QR_MAX_CODES]; /* of texts in several codes */
    size_t n_pieces;
    struct qr_matrix matrix;
    struct qr_data data;
    struct qr_finders finders;
    struct qr_triple triples[QR_MAX_TRIPLES];
    uint64_t work_left;
    bool promising; /* something fits well that could not be read */
    bool no_memory;
};

/* A text into the result, unless it is there already. */
static void add_text(struct search *s, const struct qr_data *const *data, size_t n,
                     struct qr_code code)
{
    if (!qr_text(data, n, &s->text))
        return;
    for (size_t i = 0; i < s->out->n; i++)
        if (str_eq(s->out->codes[i].text, buf_str(&s->text)) && s->out->codes[i].part == code.part)
            return;
    if (s->out->n == QR_MAX_CODES) {
        s->out->limited = true;
        return;
    }
    code.text = arena_copy(s->arena, buf_str(&s->text));
    s->no_memory |= code.text.p == NULL;
    if (code.text.p != NULL)
        s->out->codes[s->out->n++] = code;
}

/* Keep a part until all are read. */
static void add_piece(struct search *s, struct qr_code code)
{
    for (size_t i = 0; i < s->n_pieces; i++) {
        const struct qr_data *d = &s->pieces[i]->data;
        if (d->parity == s->data.parity && d->parts == s->data.parts && d->part == s->data.part)
            return;
    }
    struct piece *p = NULL;
    if (s->n_pieces == QR_MAX_CODES)
        s->out->limited = true;
    else if ((p = arena_new(s->arena, struct piece, 1)) == NULL)
        s->no_memory = true;
    if (p == NULL)
        return;
    *p = (struct piece){s->data, code};
    s->pieces[s->n_pieces++] = p;
}

/* The matrix as it is, or as seen in a mirror. */
static bool read_matrix(struct search *s, struct qr_code *code)
{
    bool mirrored = false;
    if (!qr_matrix_read(&s->matrix, &s->data)) {
        qr_matrix_mirror(&s->matrix);
        mirrored = qr_matrix_read(&s->matrix, &s->data);
        qr_matrix_mirror(&s->matrix);
        if (!mirrored)
            return false;
    }
    code->version = s->data.version;
    code->level = s->data.level;
    code->mended = s->data.mended;
    code->mirrored = mirrored;
    code->part = s->data.part;
    code->parts = s->data.parts;
    return true;
}

static bool take_matrix(struct search *s, struct qr_code code)
{
    const struct qr_data *data = &s->data;
    if (!read_matrix(s, &code))
        return false;
    if (s->data.parts > 0)
        add_piece(s, code);
    else
        add_text(s, &data, 1, code);
    return true;
}

static bool spend(struct search *s, uint64_t cost)
{
    if (s->work_left < cost) {
        s->out->limited = true;
        s->work_left = 0;
        return false;
    }
    s->work_left -= cost;
    return true;
}

/* Read the grid; when it cannot be, with its fourth corner moved a little: nothing fixed stands
 * there in small codes. */
static bool read_grid(struct search *s, const struct qr_grid *g, unsigned scale_shift, bool doubled)
{
    static const signed char moves[][2] = {{0, 0},   {1, 0},   {0, 1},   {-1, 0}, {0, -1}, {1, 1},
                                           {-1, 1},  {-1, -1}, {1, -1},  {2, 0},  {0, 2},  {-2, 0},
                                           {0, -2},  {2, 2},   {-2, -2}, {2, -2}, {-2, 2}, {3, 3},
                                           {-3, -3}, {3, 0},   {0, 3},   {-3, 0}, {0, -3}};
    size_t n = g->version < 7 ? ARRAY_LEN(moves) : 5;
    uint64_t side = g->version * 4 + 17;
    struct qr_point c = {(g->corner[1].x + g->corner[3].x) / 2,
                         (g->corner[1].y + g->corner[3].y) / 2};
    struct qr_code code = {.inverted = g->inverted,
                           .x = (uint32_t)(c.x > 0 ? c.x : 0) << scale_shift >> doubled,
                           .y = (uint32_t)(c.y > 0 ? c.y : 0) << scale_shift >> doubled};
    for (size_t i = 0; i < n; i++) {
        struct qr_grid moved;
        if (!spend(s, side * side * SAMPLE_COST))
            return false;
        if (!qr_grid_move(g, (float)moves[i][0] * 0.6f, (float)moves[i][1] * 0.6f, &moved))
            continue;
        qr_grid_sample(&moved, &s->matrix);
        if (take_matrix(s, code))
            return true;
    }
    return false;
}

/* Modules of squares, timing and alignment. */
static uint64_t fixed_of(unsigned version)
{
    unsigned char at[7];
    uint64_t n = qr_alignment(version, at);
    return 3 * 49 + 8 * version + 2 + 25 * n * n;
}

/* Everything that looks like corners of a code in `b`. */
static void look(struct search *s, const struct qr_bits *b, unsigned scale_shift, bool doubled)
{
    struct qr_finders *f = &s->finders;
    qr_finders_scan(b, f);
    s->out->squares = f->n > s->out->squares ? (unsigned)f->n : s->out->squares;
    size_t n = qr_triples(f, s->triples);
    s->out->limited |= f->limited;
    for (size_t i = 0; i < n; i++) {
        const struct qr_triple *t = &s->triples[i];
        struct qr_grid g;
        if (f->list[t->corner].used || f->list[t->right].used || f->list[t->below].used)
            continue;
        if (!spend(s, VERSION_COST))
            return;
        if (!qr_grid_fit(b, f, t, &g))
            continue;
        if (!spend(s, SEARCH_COST + DESCENT_COST * fixed_of(g.version)))
            return;
        if (read_grid(s, &g, scale_shift, doubled))
            f->list[t->corner].used = f->list[t->right].used = f->list[t->below].used = true;
        else
            s->promising = true;
    }
}

/* What one size of the picture shows, by each threshold, or by the first alone. */
static bool look_at(struct search *s, const struct qr_grey *g, unsigned scale_shift, bool doubled,
                    enum qr_threshold last)
{
    struct qr_bits bits;
    uint32_t *scratch = arena_new(s->arena, uint32_t, qr_scratch_words(g->width, g->height));
    if (scratch == NULL || !qr_bits_make(s->arena, g->width, g->height, &bits))
        return false;
    if (last > QR_GLOBAL)
        qr_means(g, scratch);
    for (enum qr_threshold how = QR_GLOBAL; how <= last; how++) {
        qr_bits_fill(g, how, scratch, &bits);
        look(s, &bits, scale_shift, doubled);
    }
    return !s->no_memory;
}

static bool satisfied(const struct search *s)
{
    return s->out->n == QR_MAX_CODES || s->work_left == 0 ||
           ((s->out->n > 0 || s->n_pieces > 0) && !s->promising);
}

/* Smaller pictures: noise goes. `shift`: how often it was halved before. */
static bool look_smaller(struct search *s, struct qr_grey g, unsigned shift)
{
    for (unsigned i = 1; i <= LOOKS_SMALLER && !satisfied(s); i++) {
        struct qr_grey half;
        if (g.width / 2 < LEAST_SIDE || g.height / 2 < LEAST_SIDE)
            break;
        s->promising = false;
        if (!qr_grey_halve(s->arena, &g, &half) || !look_at(s, &half, shift + i, false, QR_NARROW))
            return false;
        g = half;
    }
    return true;
}

/* The picture as it is; where that does not tell all, smaller, and larger: edges become finer than
 * pixels. A very large one is looked at by one threshold, and at half its size like others. */
static bool all_sizes(struct search *s, const struct qr_grey *whole)
{
    struct qr_grey g = *whole, twice;
    bool large = (uint64_t)g.width * g.height > LARGE_PIXELS;
    if (large && !qr_grey_halve(s->arena, whole, &g))
        return false;
    if (!look_at(s, &g, large, false, QR_NARROW) || !look_smaller(s, g, large))
        return false;
    if (large)
        return look_at(s, whole, 0, false, QR_GLOBAL);
    if (satisfied(s) || whole->width > SMALL_SIDE || whole->height > SMALL_SIDE)
        return true;
    return qr_grey_double(s->arena, whole, &twice) && look_at(s, &twice, 0, true, QR_NARROW);
}

static const struct piece *piece_of(const struct search *s, const struct qr_data *like,
                                    unsigned part)
{
    for (size_t i = 0; i < s->n_pieces; i++) {
        const struct qr_data *d = &s->pieces[i]->data;
        if (d->parity == like->parity && d->parts == like->parts && d->part == part)
            return s->pieces[i];
    }
    return NULL;
}

/* Texts whose parts are all there in one, the parts of others by themselves. */
static void join_pieces(struct search *s)
{
    for (size_t i = 0; i < s->n_pieces; i++) {
        const struct qr_data *d = &s->pieces[i]->data, *all[QR_MOST_PARTS];
        const struct piece *p;
        struct qr_code code = s->pieces[i]->code;
        unsigned n = 0;
        while (n < d->parts && (p = piece_of(s, d, n + 1)) != NULL)
            all[n++] = &p->data;
        if (n == d->parts)
            code.part = 0; /* made once, by whichever part comes first */
        add_text(s, n == d->parts ? all : &d, n == d->parts ? n : 1, code);
    }
}

static struct search *search_new(struct arena *a, struct qr_found *out)
{
    struct search *s = arena_new(a, struct search, 1);
    *out = (struct qr_found){.n = 0};
    if (s == NULL)
        return NULL;
    s->arena = a;
    s->out = out;
    s->work_left = QR_MAX_WORK;
    s->finders.edges_left = QR_MAX_EDGES;
    buf_init(&s->text, QR_MAX_TEXT_BYTES);
    return s;
}

static int search_end(struct search *s, bool ok, struct qr_found *out, struct mp_err *err)
{
    if (s != NULL) {
        join_pieces(s);
        ok = ok && !s->no_memory;
        if (ok)
            *out = *s->out;
        buf_clear(&s->text);
    }
    return ok && s != NULL
               ? MP_OK
               : mp_fail(err, MP_E_NOMEM, 0, "looking for codes needs more memory than allowed");
}

int qr_find(struct arena *a, const struct image *im, struct qr_found *out, struct mp_err *err)
{
    struct qr_found found;
    struct search *s = search_new(a, &found);
    struct qr_grey g = {im->luma, im->width, im->height};
    bool ok =
        s != NULL && (im->luma == NULL || !qr_fits(im->width, im->height) || all_sizes(s, &g));
    return search_end(s, ok, out, err);
}

/* ---- Cells that are known ---- */

struct cells {
    const unsigned char *p;
    uint32_t width, height;
};

static unsigned cell_at(const struct cells *c, uint32_t x, uint32_t y)
{
    return c->p[(size_t)y * c->width + x] != 0;
}

/* The smallest square around the cells of one colour, as a matrix. False: they are no code's. */
static bool trim(const struct cells *c, unsigned colour, struct qr_matrix *out)
{
    uint32_t left = c->width, top = c->height, right = 0, bottom = 0;
    for (uint32_t y = 0; y < c->height; y++)
        for (uint32_t x = 0; x < c->width; x++) {
            if (cell_at(c, x, y) != colour)
                continue;
            left = x < left ? x : left;
            top = y < top ? y : top;
            right = x + 1 > right ? x + 1 : right;
            bottom = y + 1;
        }
    if (right <= left || right - left != bottom - top || right - left > QR_MOST_SIDE ||
        right - left < QR_LEAST_SIDE)
        return false;
    out->side = right - left;
    for (uint32_t y = 0; y < out->side; y++)
        for (uint32_t x = 0; x < out->side; x++)
            out->cell[y * out->side + x] = cell_at(c, left + x, top + y) == colour;
    return true;
}

static void quarter_turn(struct qr_matrix *m, struct qr_matrix *scratch)
{
    *scratch = *m;
    for (unsigned y = 0; y < m->side; y++)
        for (unsigned x = 0; x < m->side; x++)
            m->cell[y * m->side + x] = scratch->cell[(m->side - 1 - x) * m->side + y];
}

static bool exact(struct search *s, const struct cells *c)
{
    struct qr_matrix scratch;
    for (unsigned colour = 0; colour < 2; colour++) {
        if (!trim(c, colour, &s->matrix))
            continue;
        for (unsigned turn = 0; turn < 4; turn++) {
            struct qr_code code = {.inverted = colour == 0, .x = c->width / 2, .y = c->height / 2};
            if (take_matrix(s, code))
                return true;
            quarter_turn(&s->matrix, &scratch);
        }
    }
    return false;
}

/* The cells as a picture with a margin. */
static bool as_picture(struct search *s, const struct cells *c)
{
    uint64_t w = ((uint64_t)c->width + 2 * MATRIX_MARGIN) * MATRIX_SCALE,
             h = ((uint64_t)c->height + 2 * MATRIX_MARGIN) * MATRIX_SCALE;
    if (w > IMAGE_MAX_SIDE || h > IMAGE_MAX_SIDE || w * h > IMAGE_MAX_PIXELS) {
        s->out->limited = true;
        return true;
    }
    unsigned char *p = arena_new(s->arena, unsigned char, (size_t)(w * h));
    struct qr_grey g = {p, (uint32_t)w, (uint32_t)h};
    if (p == NULL)
        return false;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++) {
            size_t i = x / MATRIX_SCALE - MATRIX_MARGIN, k = y / MATRIX_SCALE - MATRIX_MARGIN;
            bool inside = i < c->width && k < c->height; /* before 0 is very large */
            p[y * w + x] = inside && cell_at(c, (uint32_t)i, (uint32_t)k) != 0 ? 0 : 255;
        }
    return look_at(s, &g, 0, false, QR_NARROW);
}

int qr_from_matrix(struct arena *a, const unsigned char *cells, uint32_t width, uint32_t height,
                   struct qr_found *out, struct mp_err *err)
{
    struct qr_found found;
    struct search *s = search_new(a, &found);
    struct cells c = {cells, width, height};
    bool ok = s != NULL && (!qr_fits(width, height) || exact(s, &c) || as_picture(s, &c));
    return search_end(s, ok, out, err);
}
