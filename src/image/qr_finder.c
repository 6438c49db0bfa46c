/* The squares in three corners of a code: rows are searched for runs of 1:1:3:1:1, of either
 * colour, and what is found is looked at from above and from the side. */
#include "image/qr_internal.h"

enum {
    RUNS = 5,
    UNITS = 7,          /* modules of a square's side */
    WALK_LIMIT = 2,     /* a run may be this many times the whole side found in the row */
    EVERY_ROW = 1000,   /* pictures up to this high are looked at row by row ... */
    EVERY_SECOND = 2000 /* ... up to this every second row, else every third: a module may be one
                           pixel, and the middle of a square has three of them */
};

/* Are the runs about 1:1:3:1:1? Half a module off and half a pixel more. */
static bool runs_fit(const uint32_t *run)
{
    static const int32_t want[RUNS] = {1, 1, 3, 1, 1};
    int32_t total = (int32_t)(run[0] + run[1] + run[2] + run[3] + run[4]);
    for (size_t i = 0; i < RUNS; i++) {
        int32_t off = UNITS * (int32_t)run[i] - want[i] * total;
        int32_t slack = (i == 2 ? total : total / 2) + UNITS / 2;
        if (off > slack || off < -slack || run[i] == 0)
            return false;
    }
    return true;
}

/* Pixels between this one and the edge of the picture. */
static uint32_t steps_to_edge(int32_t at, int32_t d, uint32_t size)
{
    return d > 0 ? size - 1 - (uint32_t)at : d < 0 ? (uint32_t)at : UINT32_MAX;
}

/* From a pixel within the middle outwards: pixels of the middle's colour (without the first one),
 * of the other, of the first again. False: a run is too long, or the picture ends before. */
static bool walk(const struct qr_bits *b, int32_t x, int32_t y, int32_t dx, int32_t dy,
                 uint32_t limit, uint32_t *run)
{
    uint32_t across = steps_to_edge(x, dx, b->width), down = steps_to_edge(y, dy, b->height);
    const uint64_t *row = b->row + (size_t)y * b->words;
    const ptrdiff_t stride = dy * (ptrdiff_t)b->words;
    const uint64_t colour = row[x / 64] >> (x % 64) & 1;
    run[0] = run[1] = run[2] = 0;
    unsigned i = 0;
    for (uint32_t left = across < down ? across : down; left > 0; left--) {
        x += dx;
        row += stride;
        if ((row[(uint32_t)x / 64] >> ((uint32_t)x % 64) & 1) != (colour ^ (i & 1))) {
            if (++i == 3)
                return true;
        }
        if (++run[i] > limit)
            return false;
    }
    return i == 2 && run[2] > 0;
}

/* A way through the middle of a square. */
struct way {
    int32_t dx, dy;
};

/* Both ways through (x, y): the length from edge to edge, and how far the middle lies ahead of the
 * pixel. */
static bool cross(const struct qr_bits *b, int32_t x, int32_t y, struct way way, uint32_t side,
                  float *off, uint32_t *length)
{
    uint32_t back[3], ahead[3], limit = side * WALK_LIMIT;
    int32_t dx = way.dx, dy = way.dy;
    if (!walk(b, x, y, -dx, -dy, limit, back) || !walk(b, x, y, dx, dy, limit, ahead))
        return false;
    uint32_t run[RUNS] = {back[2], back[1], back[0] + 1 + ahead[0], ahead[1], ahead[2]};
    *length = run[0] + run[1] + run[2] + run[3] + run[4];
    *off = ((float)ahead[0] - (float)back[0]) / 2;
    return runs_fit(run) && *length * 3 >= side && *length <= side * 3;
}

/* One seen before at about this place, or NULL. */
static struct qr_finder *seen(struct qr_finders *f, const struct qr_finder *one)
{
    for (size_t i = f->n; i-- > 0 && f->checks_left > 0;) {
        struct qr_finder *o = &f->list[i];
        float dx = o->at.x - one->at.x, dy = o->at.y - one->at.y,
              reach = 1.5f * (o->module > 1 ? o->module : 1);
        f->checks_left--;
        if (dx < reach && dx > -reach && dy < reach && dy > -reach && o->inverted == one->inverted)
            return o;
    }
    return NULL;
}

/* Room for one more: what was seen once and lies well above goes. */
static void make_room(struct qr_finders *f, float y)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct qr_finder *o = &f->list[i];
        if (o->hits > 1 || o->at.y + 4 * o->module > y)
            f->list[kept++] = *o;
    }
    f->n = kept;
}

static void remember(struct qr_finders *f, const struct qr_finder *one)
{
    struct qr_finder *o = seen(f, one);
    if (o != NULL) {
        float n = (float)o->hits;
        o->at.x = (o->at.x * n + one->at.x) / (n + 1);
        o->at.y = (o->at.y * n + one->at.y) / (n + 1);
        o->module = (o->module * n + one->module) / (n + 1);
        o->hits++;
        return;
    }
    if (f->n == QR_MAX_FINDERS && f->checks_left >= QR_MAX_FINDERS) {
        f->checks_left -= QR_MAX_FINDERS;
        make_room(f, one->at.y);
    }
    if (f->n == QR_MAX_FINDERS || f->checks_left == 0)
        f->limited = true;
    else
        f->list[f->n++] = *one;
}

/* Five runs of a row that end at `end` have the right lengths. */
static void look_closer(const struct qr_bits *b, struct qr_finders *f, const uint32_t *edge,
                        uint32_t y)
{
    static const struct way across = {1, 0}, down = {0, 1}, falling = {1, 1}, rising = {1, -1};
    uint32_t side = edge[5] - edge[0], high, wide, diagonal;
    int32_t x = (int32_t)((edge[2] + edge[3]) / 2);
    float off_y, off_x, off;
    if (!cross(b, x, (int32_t)y, down, side, &off_y, &high))
        return;
    float middle = (float)y + off_y; /* within the middle, so inside the picture */
    if (!cross(b, x, (int32_t)middle, across, side, &off_x, &wide))
        return;
    int32_t cx = (int32_t)((float)x + off_x);
    if (!cross(b, cx, (int32_t)middle, falling, side, &off, &diagonal) ||
        !cross(b, cx, (int32_t)middle, rising, side, &off, &diagonal))
        return;
    struct qr_finder one = {.at = {(float)x + off_x + 0.5f, middle + 0.5f},
                            .module = (float)(wide + high) / (2 * UNITS),
                            .hits = 1,
                            .inverted = qr_bit(b, (uint32_t)x, y) == 0};
    remember(f, &one);
}

struct row {
    const struct qr_bits *bits;
    struct qr_finders *f;
    uint32_t y, edge[RUNS + 1]; /* where runs began, the last at [5] */
    unsigned n;
};

static inline void edge_at(struct row *r, uint32_t x)
{
    uint32_t *e = r->edge, run[RUNS];
    for (size_t i = 0; i < RUNS; i++)
        e[i] = e[i + 1];
    e[RUNS] = x;
    if (++r->n <= RUNS)
        return;
    uint32_t middle = e[3] - e[2], others = e[5] - e[0] - middle;
    if (middle * 3 < others || middle > others * 2) /* 3 to 4 when it is one */
        return;
    for (size_t i = 0; i < RUNS; i++)
        run[i] = e[i + 1] - e[i];
    if (runs_fit(run) && !r->f->limited)
        look_closer(r->bits, r->f, e, r->y);
}

static void scan_row(const struct qr_bits *b, struct qr_finders *f, uint32_t y)
{
    struct row r = {.bits = b, .f = f, .y = y};
    const uint64_t *word = b->row + y * b->words;
    uint64_t carry = word[0] & 1;
    edge_at(&r, 0);
    for (size_t i = 0; i < b->words; i++) {
        uint64_t changed = word[i] ^ (word[i] << 1 | carry);
        carry = word[i] >> 63;
        for (; changed != 0; changed &= changed - 1) {
            uint32_t x = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(changed);
            if (x < b->width)
                edge_at(&r, x);
        }
    }
    edge_at(&r, b->width);
    f->limited |= r.n > f->edges_left;
    f->edges_left -= r.n < f->edges_left ? r.n : f->edges_left;
}

void qr_finders_scan(const struct qr_bits *b, struct qr_finders *f)
{
    uint32_t step = b->height <= EVERY_ROW ? 1 : b->height <= EVERY_SECOND ? 2 : 3;
    f->n = 0;
    f->step = step;
    f->checks_left = QR_MAX_CHECKS;
    f->limited = false;
    for (uint32_t y = 0; y < b->height && !f->limited; y += step)
        scan_row(b, f, y);
}
