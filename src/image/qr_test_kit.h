/* A writer of QR codes for tests, apart from the reader: bits, correction, placement, masks, and
 * pictures of what it wrote as a camera might see it. */
#ifndef MP_IMAGE_QR_TEST_KIT_H
#define MP_IMAGE_QR_TEST_KIT_H

#include <math.h>
#include <stdlib.h>

#include "image/qr.h"
#include "tests/tap.h"

enum { QK_SIDE = 177, QK_MAX_WORDS = 3706 };

/* Forms of codes that tests use: total codewords, correction in each block, blocks (ISO/IEC 18004
 * table 9). */
static const struct qk_form {
    unsigned version;
    char level;
    unsigned total, ec, blocks;
} qk_forms[] = {
    {1, 'L', 26, 7, 1},      {1, 'H', 26, 17, 1},   {2, 'M', 44, 16, 1},    {3, 'L', 70, 15, 1},
    {4, 'Q', 100, 26, 2},    {5, 'H', 134, 22, 4},  {7, 'L', 196, 20, 2},   {8, 'M', 242, 22, 4},
    {10, 'Q', 346, 24, 8},   {14, 'M', 581, 24, 9}, {21, 'L', 1156, 28, 8}, {27, 'M', 1828, 28, 25},
    {40, 'L', 3706, 30, 25},
};

struct qk_bits {
    unsigned char words[QK_MAX_WORDS];
    size_t n; /* bits */
};

static inline void qk_put(struct qk_bits *b, unsigned value, unsigned n)
{
    while (n-- > 0 && b->n < 8 * sizeof b->words) {
        if ((value >> n & 1) != 0)
            b->words[b->n / 8] = (unsigned char)(b->words[b->n / 8] | 0x80u >> b->n % 8);
        b->n++;
    }
}

/* A segment of bytes, for versions up to 9 (8 bits of count) or above (16). */
static inline void qk_put_bytes(struct qk_bits *b, struct str s, unsigned version)
{
    qk_put(b, 4, 4);
    qk_put(b, (unsigned)s.n, version < 10 ? 8 : 16);
    for (size_t i = 0; i < s.n; i++)
        qk_put(b, (unsigned char)s.p[i], 8);
}

static inline unsigned qk_gf(unsigned a, unsigned b)
{
    unsigned r = 0;
    for (; b != 0; b >>= 1) {
        r ^= (b & 1) != 0 ? a : 0;
        a = a << 1 ^ ((a & 0x80) != 0 ? 0x11d : 0);
    }
    return r & 255;
}

/* The rest of the data divided by the generator of degree `ec`. */
static inline void qk_correction(const unsigned char *data, size_t n, size_t ec, unsigned char *out)
{
    unsigned char generator[31] = {1};
    unsigned root = 1;
    for (size_t i = 0; i < ec; i++, root = qk_gf(root, 2)) /* coefficients, highest power first */
        for (size_t k = i + 1; k > 0; k--)
            generator[k] = (unsigned char)(generator[k] ^ qk_gf(generator[k - 1], root));
    memset(out, 0, ec);
    for (size_t i = 0; i < n; i++) {
        unsigned lead = data[i] ^ out[0];
        memmove(out, out + 1, ec - 1);
        out[ec - 1] = 0;
        for (size_t k = 0; k < ec; k++)
            out[k] = (unsigned char)(out[k] ^ qk_gf(generator[k + 1], lead));
    }
}

struct qk_code {
    unsigned side;
    unsigned char cell[QK_SIDE * QK_SIDE]; /* 1: dark */
    unsigned char fixed[QK_SIDE * QK_SIDE];
};

static inline void qk_set(struct qk_code *c, int x, int y, unsigned dark)
{
    if (x < 0 || y < 0 || x >= (int)c->side || y >= (int)c->side)
        return;
    c->cell[(unsigned)y * c->side + (unsigned)x] = (unsigned char)dark;
    c->fixed[(unsigned)y * c->side + (unsigned)x] = 1;
}

/* Rings around a middle, dark but for those of these distances. */
static inline void qk_rings(struct qk_code *c, int x, int y, int reach, int light, int border)
{
    for (int j = -reach; j <= reach; j++)
        for (int i = -reach; i <= reach; i++) {
            int ring = abs(i) > abs(j) ? abs(i) : abs(j);
            qk_set(c, x + i, y + j, ring != light && ring != border);
        }
}

static inline unsigned qk_remainder(unsigned value, unsigned bits, unsigned generator)
{
    unsigned rest = value << bits;
    for (unsigned i = 31; i >= bits; i--)
        if ((rest >> i & 1) != 0)
            rest ^= generator << (i - bits);
    return value << bits | rest;
}

static inline void qk_format(struct qk_code *c, const struct qk_form *f, unsigned mask)
{
    int side = (int)c->side;
    unsigned level = f->level == 'L' ? 1 : f->level == 'M' ? 0 : f->level == 'Q' ? 3 : 2;
    unsigned bits = qk_remainder(level << 3 | mask, 10, 0x537) ^ 0x5412;
    for (int i = 0; i < 15; i++) {
        unsigned bit = bits >> i & 1;
        int row = i < 6 ? i : i < 8 ? i + 1 : side - 15 + i;
        int column = i < 8 ? side - 1 - i : i == 8 ? 7 : 14 - i;
        qk_set(c, 8, row, bit);
        qk_set(c, column, 8, bit);
    }
    qk_set(c, 8, side - 8, 1);
    bits = qk_remainder(f->version, 12, 0x1f25);
    for (int i = 0; f->version >= 7 && i < 18; i++) {
        qk_set(c, side - 11 + i % 3, i / 3, bits >> i & 1);
        qk_set(c, i / 3, side - 11 + i % 3, bits >> i & 1);
    }
}

static inline void qk_patterns(struct qk_code *c, const struct qk_form *f)
{
    int side = (int)c->side, count = (int)f->version / 7 + 2;
    for (int i = 0; i < side; i++) {
        qk_set(c, i, 6, i % 2 == 0);
        qk_set(c, 6, i, i % 2 == 0);
    }
    qk_rings(c, 3, 3, 4, 2, 4);
    qk_rings(c, side - 4, 3, 4, 2, 4);
    qk_rings(c, 3, side - 4, 4, 2, 4);
    /* Alignment: even steps back from the last, of a size that the forms above all share. */
    int span = side - 13,
        step = count < 2 ? span : (span + 2 * (count - 1) - 1) / (2 * (count - 1)) * 2;
    for (int i = 0; f->version > 1 && i < count; i++)
        for (int k = 0; k < count; k++) {
            int x = i == 0 ? 6 : side - 7 - step * (count - 1 - i),
                y = k == 0 ? 6 : side - 7 - step * (count - 1 - k);
            bool corner = (i == 0 && (k == 0 || k == count - 1)) || (i == count - 1 && k == 0);
            if (!corner)
                qk_rings(c, x, y, 2, 1, -1);
        }
}

/* Blocks of data and correction, one codeword of each in turn. */
static inline void qk_interleave(const struct qk_form *f, const unsigned char *data,
                                 unsigned char *out)
{
    size_t n = f->blocks, short_data = f->total / n - f->ec, longer = f->total % n, at = 0;
    for (size_t i = 0; i <= short_data; i++)
        for (size_t b = 0, begin = 0; b < n; b++) {
            size_t size = short_data + (b >= n - longer);
            if (i < size)
                out[at++] = data[begin + i];
            begin += size;
        }
    for (size_t b = 0, begin = 0; b < n; b++) {
        unsigned char ec[30];
        size_t size = short_data + (b >= n - longer);
        qk_correction(data + begin, size, f->ec, ec);
        for (size_t i = 0; i < f->ec; i++)
            out[at + i * n + b] = ec[i];
        begin += size;
    }
}

static inline bool qk_masked(unsigned mask, int i, int j) /* row, column, as the norm writes them */
{
    int v[8] = {(i + j) % 2,
                i % 2,
                j % 3,
                (i + j) % 3,
                (i / 2 + j / 3) % 2,
                (i * j) % 2 + (i * j) % 3,
                ((i * j) % 2 + (i * j) % 3) % 2,
                ((i + j) % 2 + (i * j) % 3) % 2};
    return v[mask] == 0;
}

static inline const struct qk_form *qk_form(unsigned version, char level)
{
    for (size_t i = 0; i < ARRAY_LEN(qk_forms); i++)
        if (qk_forms[i].version == version && qk_forms[i].level == level)
            return &qk_forms[i];
    abort();
}

/* The code of these bits. `broken` codewords, from the first on, are written wrongly. */
static inline void qk_write(struct qk_code *c, const struct qk_form *f, struct qk_bits *b,
                            unsigned mask, unsigned broken)
{
    unsigned char words[QK_MAX_WORDS + 1] = {0};
    size_t room = f->total - f->ec * f->blocks, bit = 0;
    if (b->n > room * 8)
        abort();
    qk_put(b, 0, room * 8 - b->n < 4 ? (unsigned)(room * 8 - b->n) : 4);
    b->n = (b->n + 7) / 8 * 8;
    for (size_t i = b->n / 8; i < room; i++)
        b->words[i] = (i - b->n / 8) % 2 == 0 ? 0xec : 0x11;
    qk_interleave(f, b->words, words);
    for (unsigned i = 0; i < broken; i++)
        words[i] ^= (unsigned char)(0x55 + i);
    *c = (struct qk_code){.side = f->version * 4 + 17};
    qk_patterns(c, f);
    qk_format(c, f, mask);
    int side = (int)c->side;
    for (int pair = side - 1, up = 1; pair > 0; pair -= 2, up = !up) {
        pair -= pair == 6;
        for (int k = 0; k < side; k++)
            for (int x = pair; x > pair - 2; x--) {
                int y = up ? side - 1 - k : k;
                size_t at = (size_t)y * c->side + (size_t)x;
                if (c->fixed[at])
                    continue;
                unsigned v =
                    bit < 8 * f->total ? (unsigned)words[bit / 8] >> (7 - bit % 8) & 1u : 0;
                c->cell[at] = (unsigned char)(v ^ (unsigned)qk_masked(mask, y, x));
                bit++;
            }
    }
}

static inline void qk_text(struct qk_code *c, unsigned version, char level, struct str text)
{
    struct qk_bits b = {.n = 0};
    qk_put_bytes(&b, text, version);
    qk_write(c, qk_form(version, level), &b, (version + 3) % 8, 0);
}

/* How a picture shows a code. */
struct qk_shot {
    float module, degrees; /* pixels of a module; turned */
    float tilt_x, tilt_y;  /* perspective: how much nearer one side is, -0.5..0.5 */
    unsigned noise;        /* added to or taken from each pixel, at most */
    bool inverted, mirrored;
    unsigned dark, light; /* grey values; both 0: black on white */
    unsigned shade;       /* how much darker the right side of the picture is */
};

/* Of the picture `im`, the point of the code that a pixel shows, in modules. */
static inline void qk_point(const struct qk_shot *s, const struct qk_code *c, float dx, float dy,
                            float *x, float *y)
{
    float a = s->degrees * 3.14159265f / 180, half = (float)c->side / 2;
    float u = (dx * cosf(a) + dy * sinf(a)) / s->module,
          v = (dy * cosf(a) - dx * sinf(a)) / s->module;
    float w = 1 + (s->tilt_x * u + s->tilt_y * v) / (float)c->side;
    u = u / w;
    v = v / w;
    *x = (s->mirrored ? -u : u) + half;
    *y = v + half;
}

static inline unsigned qk_cell(const struct qk_code *c, float x, float y)
{
    int i = (int)floorf(x), k = (int)floorf(y);
    return i >= 0 && k >= 0 && i < (int)c->side && k < (int)c->side
               ? c->cell[(unsigned)k * c->side + (unsigned)i]
               : 0;
}

/* The code in the middle of a picture that holds all of it, four modules of margin at least. Each
 * pixel is the mean of nine points. */
static inline struct image qk_shoot(struct arena *a, const struct qk_code *c, struct qk_shot s)
{
    float size = ((float)c->side + 8) * s.module * (s.degrees == 0 ? 1.0f : 1.45f);
    size *= 1 + fabsf(s.tilt_x) + fabsf(s.tilt_y);
    uint32_t n = (uint32_t)ceilf(size);
    unsigned char *p = arena_new(a, unsigned char, (size_t)n *n);
    unsigned dark = s.dark, light = s.dark == 0 && s.light == 0 ? 255 : s.light;
    uint32_t seed = 12345;
    for (uint32_t y = 0; p != NULL && y < n; y++)
        for (uint32_t x = 0; x < n; x++) {
            unsigned sum = 0;
            for (unsigned k = 0; k < 9; k++) {
                float u, v;
                qk_point(&s, c, (float)x + (float)(k % 3 * 2 + 1) / 6 - size / 2,
                         (float)y + (float)(k / 3 * 2 + 1) / 6 - size / 2, &u, &v);
                sum += (qk_cell(c, u, v) != 0) != s.inverted;
            }
            int value = (int)((sum * dark + (9 - sum) * light) / 9) - (int)(s.shade * x / n);
            seed = seed * 1664525 + 1013904223;
            if (s.noise != 0)
                value += (int)(seed >> 16) % (int)(2 * s.noise + 1) - (int)s.noise;
            p[(size_t)y * n + x] = (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    return (struct image){.luma = p, .width = p == NULL ? 0 : n, .height = n};
}

#endif
