/* Grey values to dark and light, 64 pixels a word: by one threshold, or by the neighbourhood. */
#include "base/vec.h"
#include "image/qr_internal.h"

enum {
    BLOCK = 8,             /* pixels; means are taken of blocks */
    NARROW_BLOCKS = 5,     /* a neighbourhood's side, in blocks */
    WIDE_SHARE = 8,        /* of the picture's longer side */
    MAX_SAMPLES = 1 << 20, /* pixels that the one threshold is made from */
    BIAS_SHARE = 16,       /* dark is what is darker than the mean by so much of it ... */
    BIAS_LEAST = 3,        /* ... or by this: even areas shall not be full of noise */
    WORD = 64
};

bool qr_bits_make(struct arena *a, uint32_t width, uint32_t height, struct qr_bits *out)
{
    size_t words = ((size_t)width + WORD - 1) / WORD;
    uint64_t *row = arena_new(a, uint64_t, words * height);
    if (row == NULL)
        return false;
    *out = (struct qr_bits){.width = width, .height = height, .words = words, .row = row};
    return true;
}

static size_t blocks_of(uint32_t n)
{
    return ((size_t)n + BLOCK - 1) / BLOCK;
}

/* Sums over blocks, with a row and a column of zeros; and a row of thresholds in front. */
static size_t threshold_words(uint32_t width)
{
    return ((size_t)width + WORD) / sizeof(uint32_t);
}

size_t qr_scratch_words(uint32_t width, uint32_t height)
{
    return threshold_words(width) + (blocks_of(width) + 1) * (blocks_of(height) + 1);
}

/* The mean of the block at (x, y) in blocks; those at the edges have fewer pixels. */
static uint32_t block_mean(const struct qr_grey *g, size_t bx, size_t by)
{
    const uint64_t even = 0x00ff00ff00ff00ff;
    size_t x = bx * BLOCK, y = by * BLOCK, w = g->width - x < BLOCK ? g->width - x : BLOCK,
           h = g->height - y < BLOCK ? g->height - y : BLOCK;
    const unsigned char *p = g->p + y * g->width + x;
    uint64_t lanes = 0;
    uint32_t sum = 0;
    for (size_t j = 0; j < h; j++, p += g->width) {
        if (w == BLOCK) {
            uint64_t v;
            memcpy(&v, p, sizeof v);
            lanes += (v & even) + (v >> 8 & even); /* 8 rows: below 2^16 a lane */
        } else {
            for (size_t i = 0; i < w; i++)
                sum += p[i];
        }
    }
    sum += (uint32_t)((lanes & 0xffff) + (lanes >> 16 & 0xffff) + (lanes >> 32 & 0xffff) +
                      (lanes >> 48));
    return sum / (uint32_t)(w * h);
}

void qr_means(const struct qr_grey *g, uint32_t *scratch)
{
    const size_t bw = blocks_of(g->width), bh = blocks_of(g->height);
    uint32_t *sums = scratch + threshold_words(g->width);
    memset(sums, 0, (bw + 1) * sizeof *sums);
    for (size_t y = 0; y < bh; y++) {
        uint32_t *above = sums + y * (bw + 1), *here = above + bw + 1, row = 0;
        here[0] = 0;
        for (size_t x = 0; x < bw; x++) {
            row += block_mean(g, x, y);
            here[x + 1] = above[x + 1] + row;
        }
    }
}

/* How many pixels have each value: in four tables, for neighbours are mostly alike, and one counter
 * can be raised only so fast. */
static void count_values(const struct qr_grey *g, uint32_t histogram[256])
{
    uint32_t more[3][256] = {{0}};
    size_t pixels = (size_t)g->width * g->height, step = pixels / MAX_SAMPLES + 1, i = 0;
    for (; i + 3 * step < pixels; i += 4 * step) {
        histogram[g->p[i]]++;
        more[0][g->p[i + step]]++;
        more[1][g->p[i + 2 * step]]++;
        more[2][g->p[i + 3 * step]]++;
    }
    for (; i < pixels; i += step)
        histogram[g->p[i]]++;
    for (unsigned v = 0; v < 256; v++)
        histogram[v] += more[0][v] + more[1][v] + more[2][v];
}

/* The threshold between the two groups of values that are farthest apart (Otsu 1979). */
static unsigned char global_threshold(const struct qr_grey *g)
{
    uint32_t histogram[256] = {0};
    uint64_t n = 0, sum = 0, n_dark = 0, sum_dark = 0;
    unsigned best = 128, best_end = 128;
    double best_gap = -1;
    count_values(g, histogram);
    for (unsigned v = 0; v < 256; v++) {
        n += histogram[v];
        sum += (uint64_t)histogram[v] * v;
    }
    for (unsigned v = 0; v < 255; v++) {
        n_dark += histogram[v];
        sum_dark += (uint64_t)histogram[v] * v;
        if (n_dark == 0 || n_dark == n)
            continue;
        double between =
            (double)sum_dark / (double)n_dark - (double)(sum - sum_dark) / (double)(n - n_dark);
        double gap = (double)n_dark * (double)(n - n_dark) * between * between;
        if (gap > best_gap) {
            best_gap = gap;
            best = v;
        }
        if (gap >= best_gap)
            best_end = v; /* nothing between the groups: their middle */
    }
    return (unsigned char)((best + best_end) / 2 + 1);
}

/* Thresholds of the pixels of one row of blocks. */
static void local_thresholds(const struct qr_grey *g, const uint32_t *sums, size_t by, size_t reach,
                             unsigned char *out)
{
    const size_t bw = blocks_of(g->width), bh = blocks_of(g->height), stride = bw + 1;
    size_t top = by > reach ? by - reach : 0, bottom = by + reach + 1 < bh ? by + reach + 1 : bh;
    for (size_t x = 0; x < bw; x++) {
        size_t left = x > reach ? x - reach : 0, right = x + reach + 1 < bw ? x + reach + 1 : bw;
        uint32_t sum = sums[bottom * stride + right] - sums[top * stride + right] -
                       sums[bottom * stride + left] + sums[top * stride + left];
        uint32_t mean = sum / (uint32_t)((bottom - top) * (right - left));
        uint32_t bias = mean / BIAS_SHARE > BIAS_LEAST ? mean / BIAS_SHARE : BIAS_LEAST;
        memset(out + x * BLOCK, mean > bias ? (int)(mean - bias) : 0, BLOCK);
    }
}

/* Bit i of the word: is p[i] below t[i]? */
static uint64_t word_of(const unsigned char *p, const unsigned char *t)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < WORD; i += VEC_BYTES) {
        vec below = (vec)(vec_load((const char *)p + i) < vec_load((const char *)t + i));
        word |= (uint64_t)vec_bits(below) << i;
    }
    return word;
}

static void fill_row(const unsigned char *p, size_t width, const unsigned char *thresholds,
                     uint64_t *out)
{
    size_t x = 0;
    for (; x + WORD <= width; x += WORD)
        out[x / WORD] = word_of(p + x, thresholds + x);
    if (x == width)
        return;
    unsigned char last[WORD];
    memset(last, 255, sizeof last);
    memcpy(last, p + x, width - x);
    out[x / WORD] = word_of(last, thresholds + x);
}

void qr_bits_fill(const struct qr_grey *g, enum qr_threshold how, uint32_t *scratch,
                  struct qr_bits *out)
{
    unsigned char *thresholds = (unsigned char *)scratch;
    uint32_t longer = g->width > g->height ? g->width : g->height;
    size_t reach = how == QR_WIDE ? longer / WIDE_SHARE / BLOCK / 2 : NARROW_BLOCKS / 2;
    memset(thresholds, how == QR_GLOBAL ? global_threshold(g) : 0, g->width + (size_t)WORD);
    for (size_t y = 0; y < g->height; y++) {
        if (how != QR_GLOBAL && y % BLOCK == 0)
            local_thresholds(g, scratch + threshold_words(g->width), y / BLOCK,
                             reach > 0 ? reach : 1, thresholds);
        fill_row(g->p + y * g->width, g->width, thresholds, out->row + y * out->words);
    }
}

typedef uint16_t vec_halves __attribute__((vector_size(VEC_BYTES)));
typedef unsigned char vec_narrow __attribute__((vector_size(VEC_BYTES / 2)));

/* Sums of two bytes each: which is the first of them does not matter. */
static inline vec_halves pairs(const unsigned char *p)
{
    vec_halves v = (vec_halves)vec_load((const char *)p);
    return (v & 0xff) + (v >> 8);
}

/* Two rows to one of `w` pixels. */
static void halve_rows(const unsigned char *p, const unsigned char *q, size_t w, unsigned char *out)
{
    size_t x = 0;
    for (; x + VEC_BYTES / 2 <= w; x += VEC_BYTES / 2) {
        vec_halves mean = (pairs(p + 2 * x) + pairs(q + 2 * x) + 2) >> 2;
        vec_narrow bytes = __builtin_convertvector(mean, vec_narrow);
        memcpy(out + x, &bytes, sizeof bytes);
    }
    for (; x < w; x++)
        out[x] = (unsigned char)((p[2 * x] + p[2 * x + 1] + q[2 * x] + q[2 * x + 1] + 2) / 4);
}

bool qr_grey_halve(struct arena *a, const struct qr_grey *g, struct qr_grey *out)
{
    const size_t w = g->width / 2, h = g->height / 2;
    unsigned char *to = w == 0 || h == 0 ? NULL : arena_new(a, unsigned char, w *h);
    if (to == NULL)
        return false;
    *out = (struct qr_grey){to, (uint32_t)w, (uint32_t)h};
    for (size_t y = 0; y < h; y++, to += w) {
        const unsigned char *p = g->p + 2 * y * g->width;
        halve_rows(p, p + g->width, w, to);
    }
    return true;
}

/* A pixel of the picture of twice the size: three quarters of the nearest, one of the next. */
static unsigned between(unsigned near, unsigned next)
{
    return 3 * near + next;
}

bool qr_grey_double(struct arena *a, const struct qr_grey *g, struct qr_grey *out)
{
    const size_t w = (size_t)g->width * 2, h = (size_t)g->height * 2;
    unsigned char *to = arena_new(a, unsigned char, w *h);
    if (to == NULL)
        return false;
    *out = (struct qr_grey){to, (uint32_t)w, (uint32_t)h};
    for (size_t y = 0; y < h; y++) {
        size_t near = y / 2, next = y % 2 == 0 ? near - (near > 0) : near + (near + 1 < g->height);
        const unsigned char *p = g->p + near * g->width, *q = g->p + next * g->width;
        for (size_t x = 0; x < w; x++) {
            size_t i = x / 2, k = x % 2 == 0 ? i - (i > 0) : i + (i + 1 < g->width);
            *to++ = (unsigned char)((between(between(p[i], p[k]), between(q[i], q[k])) + 8) / 16);
        }
    }
    return true;
}
