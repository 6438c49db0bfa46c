/* Where the modules of a code are: a perspective view through its corners, fitted to the modules
 * that every code has. */
#include <math.h>

#include "image/qr_internal.h"

enum {
    FINDER_HALF = 7,     /* half modules from a corner to the middle of its square */
    VERSIONS_AROUND = 4, /* tried on either side of what distances say */
    ALIGN_REACH = 8,     /* half modules that the alignment pattern is searched around */
    WALK_STEPS = 3,      /* edges from the middle of a square to beyond it */
    DESCENTS = 4         /* rounds of moving corners, each by half of the one before */
};

static const float least_timing = 0.70f, least_fit = 0.72f, least_squares = 0.75f,
                   first_step = 0.5f;

static struct qr_point through(const struct qr_view *v, float x, float y)
{
    const float *m = v->m;
    float w = m[6] * x + m[7] * y + 1;
    w = fabsf(w) < 1e-6f ? 1e-6f : w;
    return (struct qr_point){(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w};
}

/* 1: the module's middle is of the code's dark; what lies outside of the picture is light. */
static unsigned dark_at(const struct qr_grid *g, struct qr_point p)
{
    const struct qr_bits *b = g->bits;
    if (!(p.x >= 0 && p.y >= 0 && p.x < (float)b->width && p.y < (float)b->height))
        return 0;
    return qr_bit(b, (uint32_t)p.x, (uint32_t)p.y) ^ (unsigned)g->inverted;
}

static unsigned module_at(const struct qr_grid *g, unsigned x, unsigned y)
{
    return dark_at(g, through(&g->view, (float)x + 0.5f, (float)y + 0.5f));
}

static float side_of(unsigned version)
{
    return (float)(version * 4 + 17);
}

/* The view that puts the middles of the squares, and the fourth point of their square, where
 * `corner` says (a square onto a quadrilateral). False: they are no quadrilateral. */
static bool view_make(struct qr_grid *g)
{
    const struct qr_point *p = g->corner; /* corner, right, fourth, below */
    float inset = FINDER_HALF / 2.0f, scale = 1 / (side_of(g->version) - 2 * inset);
    float dx1 = p[1].x - p[2].x, dx2 = p[3].x - p[2].x, dy1 = p[1].y - p[2].y,
          dy2 = p[3].y - p[2].y;
    float sx = p[0].x - p[1].x + p[2].x - p[3].x, sy = p[0].y - p[1].y + p[2].y - p[3].y;
    float area = dx1 * dy2 - dx2 * dy1;
    if (!(fabsf(area) > 1e-3f))
        return false;
    float gx = (sx * dy2 - dx2 * sy) / area, gy = (dx1 * sy - sx * dy1) / area;
    float m[8] = {p[1].x - p[0].x + gx * p[1].x,
                  p[3].x - p[0].x + gy * p[3].x,
                  p[0].x,
                  p[1].y - p[0].y + gx * p[1].y,
                  p[3].y - p[0].y + gy * p[3].y,
                  p[0].y,
                  gx,
                  gy};
    /* From modules to the unit square: (x - inset) * scale, put into the same eight numbers. */
    float one = 1 - (gx + gy) * inset * scale;
    if (!(fabsf(one) > 1e-6f))
        return false;
    for (size_t row = 0; row < 2; row++) {
        float *r = m + 3 * row;
        r[2] = (r[2] - (r[0] + r[1]) * inset * scale) / one;
        r[0] *= scale / one;
        r[1] *= scale / one;
    }
    m[6] *= scale / one;
    m[7] *= scale / one;
    for (size_t i = 0; i < 8; i++)
        if (!isfinite(m[i]))
            return false;
    memcpy(g->view.m, m, sizeof m);
    return true;
}

struct score {
    unsigned right, all;
};

static void expect(struct score *s, unsigned got, unsigned want)
{
    s->right += got == want;
    s->all++;
}

static float share(struct score s)
{
    return s.all == 0 ? 0 : (float)s.right / (float)s.all;
}

/* The two lines of dark and light between the squares. */
static void timing_score(const struct qr_grid *g, struct score *s)
{
    unsigned last = g->version * 4 + 16 - 8;
    for (unsigned i = 8; i <= last; i++) {
        expect(s, module_at(g, i, 6), i % 2 == 0);
        expect(s, module_at(g, 6, i), i % 2 == 0);
    }
}

/* Rings of dark and light around a middle: dark where the larger distance is 0, 1 or 3. */
static void rings_score(const struct qr_grid *g, unsigned x, unsigned y, unsigned reach,
                        unsigned light, struct score *s)
{
    for (unsigned j = 0; j <= 2 * reach; j++)
        for (unsigned i = 0; i <= 2 * reach; i++) {
            unsigned dx = i > reach ? i - reach : reach - i, dy = j > reach ? j - reach : reach - j;
            unsigned ring = dx > dy ? dx : dy;
            expect(s, module_at(g, x + i - reach, y + j - reach), ring != light);
        }
}

static void alignment_score(const struct qr_grid *g, struct score *s)
{
    unsigned char at[7];
    unsigned n = qr_alignment(g->version, at);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < n; k++)
            if (!((i == 0 && (k == 0 || k == n - 1)) || (i == n - 1 && k == 0)))
                rings_score(g, at[i], at[k], 2, 1, s);
}

static void squares_score(const struct qr_grid *g, struct score *s)
{
    unsigned far = g->version * 4 + 13;
    rings_score(g, 3, 3, 3, 2, s);
    rings_score(g, far, 3, 3, 2, s);
    rings_score(g, 3, far, 3, 2, s);
}

static float fit_of(const struct qr_grid *g)
{
    struct score s = {0, 0};
    timing_score(g, &s);
    squares_score(g, &s);
    alignment_score(g, &s);
    return share(s);
}

static float length(struct qr_point p)
{
    return sqrtf(p.x * p.x + p.y * p.y);
}

static struct qr_point minus(struct qr_point a, struct qr_point b)
{
    return (struct qr_point){a.x - b.x, a.y - b.y};
}

/* From a square's middle along `way` (of length 1) to its `want`-th edge (the third is the outer
 * one), in pixels; 0: none. */
static float edge_along(const struct qr_grid *g, struct qr_point from, struct qr_point way,
                        float limit, unsigned want)
{
    unsigned edges = 0;
    for (float d = 0; d < limit; d += 0.5f) {
        struct qr_point at = {from.x + way.x * d, from.y + way.y * d};
        edges += dark_at(g, at) == edges % 2;
        if (edges == want)
            return d;
    }
    return 0;
}

/* Pixels of a module along the line from one square's middle to another's. */
static float module_along(const struct qr_grid *g, const struct qr_finder *from,
                          const struct qr_finder *to)
{
    struct qr_point way = minus(to->at, from->at);
    float n = length(way), limit = 6 * from->module + 2;
    way.x /= n;
    way.y /= n;
    float ahead = edge_along(g, from->at, way, limit, WALK_STEPS),
          back = edge_along(g, from->at, (struct qr_point){-way.x, -way.y}, limit, WALK_STEPS);
    return ahead > 0 && back > 0 ? (ahead + back) / FINDER_HALF : 0;
}

/* Modules between the middles of two squares, by the size of modules at both. */
static float modules_between(const struct qr_grid *g, const struct qr_finder *a,
                             const struct qr_finder *b)
{
    float at_a = module_along(g, a, b), at_b = module_along(g, b, a);
    float module = at_a > 0 && at_b > 0 ? (at_a + at_b) / 2 : at_a + at_b;
    return module > 0 ? length(minus(a->at, b->at)) / module : 0;
}

/* The fourth corner so that the three others and it are a parallelogram. */
static void parallelogram(struct qr_grid *g)
{
    struct qr_point *p = g->corner;
    p[2] = (struct qr_point){p[1].x + p[3].x - p[0].x, p[1].y + p[3].y - p[0].y};
}

/* The fourth corner, when the point `q` of the picture is known to lie at (`at`, `at`) of the
 * square of side 1 that the middles of the squares and the fourth corner make. False: it cannot be.
 */
static bool fourth_by(struct qr_grid *g, struct qr_point q, float at)
{
    struct qr_point *p = g->corner;
    /* With u and v from 0 to 1: (a u + b v + p0) / (gx u + gy v + 1), where right and below give a
     * and b; q gives two equations for gx and gy. */
    float ax = at * (p[1].x - q.x), ay = at * (p[1].y - q.y), bx = at * (p[3].x - q.x),
          by = at * (p[3].y - q.y);
    float cx = q.x - p[0].x - at * (p[1].x + p[3].x - 2 * p[0].x),
          cy = q.y - p[0].y - at * (p[1].y + p[3].y - 2 * p[0].y);
    float area = ax * by - bx * ay;
    if (!(fabsf(area) > 1e-3f))
        return false;
    float gx = (cx * by - bx * cy) / area, gy = (ax * cy - cx * ay) / area, w = gx + gy + 1;
    if (!(w > 0.1f && gx > -0.9f && gy > -0.9f))
        return false;
    p[2].x = (p[1].x * (1 + gx) + p[3].x * (1 + gy) - p[0].x) / w;
    p[2].y = (p[1].y * (1 + gx) + p[3].y * (1 + gy) - p[0].y) / w;
    return true;
}

struct line {
    struct qr_point a, b;
};

/* The outer side of a square: of the one at `from`, the side that lies in direction `out`, seen at
 * both ends of it, which are in the directions of `side`. */
static bool outer_side(const struct qr_grid *g, const struct qr_finder *from, struct qr_point out,
                       struct qr_point side, struct line *line)
{
    float limit = 6 * from->module + 2, both[2];
    struct qr_point *end[2] = {&line->a, &line->b};
    for (unsigned i = 0; i < 2; i++, side = (struct qr_point){-side.x, -side.y})
        if ((both[i] = edge_along(g, from->at, side, limit, WALK_STEPS)) <= 0)
            return false;
    for (unsigned i = 0; i < 2; i++, side = (struct qr_point){-side.x, -side.y}) {
        float off = both[i] * 6 / FINDER_HALF; /* along the middle of the outer ring */
        struct qr_point start = {from->at.x + side.x * off, from->at.y + side.y * off};
        float n = edge_along(g, start, out, limit, 1);
        if (n <= 0)
            return false;
        *end[i] = (struct qr_point){start.x + out.x * n, start.y + out.y * n};
    }
    return true;
}

static bool meet(const struct line *l, const struct line *m, struct qr_point *out)
{
    struct qr_point d = minus(l->b, l->a), e = minus(m->b, m->a), off = minus(m->a, l->a);
    float area = d.x * e.y - d.y * e.x;
    if (!(fabsf(area) > 0.2f * length(d) * length(e)))
        return false;
    float t = (off.x * e.y - off.y * e.x) / area;
    *out = (struct qr_point){l->a.x + t * d.x, l->a.y + t * d.y};
    return true;
}

/* The code's corner without square: where the outer sides of both squares beside it meet. */
static bool outer_corner(const struct qr_grid *g, const struct qr_finder *right,
                         const struct qr_finder *below, struct qr_point *out)
{
    struct qr_point along = minus(g->corner[1], g->corner[0]),
                    down = minus(g->corner[3], g->corner[0]);
    float n = length(along), m = length(down);
    struct line at_right, at_bottom;
    along = (struct qr_point){along.x / n, along.y / n};
    down = (struct qr_point){down.x / m, down.y / m};
    return outer_side(g, right, along, down, &at_right) &&
           outer_side(g, below, down, along, &at_bottom) && meet(&at_right, &at_bottom, out);
}

/* The version whose lines of timing fit best, with the fourth corner that goes with it. */
static bool find_version(struct qr_grid *g, float modules, const struct qr_point *outer)
{
    int about = (int)lroundf((modules - 10) / 4);
    struct qr_grid best = *g;
    best.fit = least_timing;
    best.version = 0;
    for (int v = about - VERSIONS_AROUND; v <= about + VERSIONS_AROUND; v++)
        for (unsigned how = outer == NULL; how < 2 && v >= 1 && v <= QR_MAX_VERSION; how++) {
            struct score s = {0, 0};
            g->version = (unsigned)v;
            parallelogram(g);
            float side = side_of(g->version), inner = side - FINDER_HALF;
            if ((how == 0 && !fourth_by(g, *outer, (inner + FINDER_HALF / 2.0f) / inner)) ||
                !view_make(g))
                continue;
            timing_score(g, &s);
            g->fit = share(s);
            if (g->fit > best.fit)
                best = *g;
        }
    *g = best;
    return best.version != 0;
}

/* The fourth corner moved by (dx, dy) modules of the code's own directions. */
static void move_fourth(const struct qr_grid *from, float dx, float dy, struct qr_grid *to)
{
    const struct qr_point *p = from->corner;
    float n = side_of(from->version) - FINDER_HALF;
    struct qr_point along = minus(p[2], p[3]), down = minus(p[2], p[1]);
    *to = *from;
    to->corner[2].x += (along.x * dx + down.x * dy) / n;
    to->corner[2].y += (along.y * dx + down.y * dy) / n;
}

/* Search the fourth corner where the last alignment pattern, or else all that is fixed, fits. */
static void find_fourth(struct qr_grid *g)
{
    struct qr_grid best = *g;
    float most = -1;
    unsigned last = g->version * 4 + 10;
    for (int j = -ALIGN_REACH; g->version > 1 && j <= ALIGN_REACH; j++)
        for (int i = -ALIGN_REACH; i <= ALIGN_REACH; i++) {
            struct qr_grid moved;
            struct score s = {0, 0};
            float reach = 1 + side_of(g->version) / 60; /* large ones are farther off */
            move_fourth(g, (float)i * reach / 2, (float)j * reach / 2, &moved);
            if (!view_make(&moved))
                continue;
            rings_score(&moved, last, last, 2, 1, &s);
            float worth = share(s) - 0.001f * (float)(i * i + j * j); /* the nearest of equals */
            if (worth > most) {
                most = worth;
                best = moved;
            }
        }
    *g = best;
}

/* Move corners one by one as long as that makes the grid fit better. */
static void descend(struct qr_grid *g)
{
    float step = first_step;
    for (unsigned round = 0; round < DESCENTS; round++, step /= 2)
        for (unsigned i = 0; i < 16; i++) {
            struct qr_grid moved = *g;
            float pixels = step * length(minus(g->corner[1], g->corner[0])) /
                           (side_of(g->version) - FINDER_HALF);
            struct qr_point *p = &moved.corner[i / 4];
            *(i % 2 == 0 ? &p->x : &p->y) += i / 2 % 2 == 0 ? pixels : -pixels;
            if (view_make(&moved) && (moved.fit = fit_of(&moved)) > g->fit)
                *g = moved;
        }
}

bool qr_grid_fit(const struct qr_bits *b, const struct qr_finders *f, const struct qr_triple *t,
                 struct qr_grid *out)
{
    const struct qr_finder *c = &f->list[t->corner], *right = &f->list[t->right],
                           *below = &f->list[t->below];
    struct qr_grid g = {.bits = b, .inverted = c->inverted};
    float along = modules_between(&g, c, right), down = modules_between(&g, c, below);
    g.corner[0] = c->at;
    g.corner[1] = right->at;
    g.corner[3] = below->at;
    float modules = along > 0 && down > 0 ? (along + down) / 2 : along + down;
    struct qr_point outer;
    bool has_outer = outer_corner(&g, right, below, &outer);
    if (modules <= 0 || !find_version(&g, modules, has_outer ? &outer : NULL))
        return false;
    struct score squares = {0, 0};
    squares_score(&g, &squares);
    if (share(squares) < least_squares)
        return false;
    find_fourth(&g);
    if (!view_make(&g))
        return false;
    g.fit = fit_of(&g);
    if (g.fit < least_fit)
        return false;
    descend(&g);
    *out = g;
    return true;
}

bool qr_grid_move(const struct qr_grid *from, float dx, float dy, struct qr_grid *out)
{
    move_fourth(from, dx, dy, out);
    return view_make(out);
}

/* Of five points of the module, where it has so many. */
static unsigned char majority(const struct qr_grid *g, unsigned x, unsigned y)
{
    static const float off[5][2] = {{0, 0}, {-0.22f, 0}, {0.22f, 0}, {0, -0.22f}, {0, 0.22f}};
    unsigned dark = 0;
    for (size_t i = 0; i < 5; i++)
        dark +=
            dark_at(g, through(&g->view, (float)x + 0.5f + off[i][0], (float)y + 0.5f + off[i][1]));
    return dark >= 3;
}

void qr_grid_sample(const struct qr_grid *g, struct qr_matrix *out)
{
    float module = length(minus(g->corner[1], g->corner[0])) / (side_of(g->version) - FINDER_HALF);
    out->side = g->version * 4 + 17;
    for (unsigned y = 0; y < out->side; y++)
        for (unsigned x = 0; x < out->side; x++)
            out->cell[y * out->side + x] =
                module < 2.5f ? (unsigned char)module_at(g, x, y) : majority(g, x, y);
}
