/* A matrix of modules to corrected codewords (ISO/IEC 18004 clauses 7.9 to 7.10 and 12). */
#include "image/qr_internal.h"

enum {
    FORMAT_MASK = 0x5412,
    FORMAT_GENERATOR = 0x537,
    FORMAT_MAX_WRONG = 3, /* of 15 bits */
    FORMATS = 32
};

/* By level L, M, Q, H: codewords of correction in each block, and blocks, of versions 1 to 40. */
static const unsigned char ec_per_block[4][QR_MAX_VERSION] = {
    {7,  10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28,
     28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
    {10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
     26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28},
    {13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30,
     28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30},
    {17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28,
     30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30}};
static const unsigned char n_blocks[4][QR_MAX_VERSION] = {
    {1, 1, 1, 1,  1,  2,  2,  2,  2,  4,  4,  4,  4,  4,  6,  6,  6,  6,  7,  8,
     8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25},
    {1,  1,  1,  2,  2,  4,  4,  4,  5,  5,  5,  8,  9,  9,  10, 10, 11, 13, 14, 16,
     17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49},
    {1,  1,  2,  2,  4,  4,  6,  6,  8,  8,  8,  10, 12, 16, 12, 17, 16, 18, 21, 20,
     23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68},
    {1,  1,  2,  4,  4,  4,  5,  6,  8,  8,  11, 11, 16, 16, 18, 16, 19, 21, 25, 25,
     25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81}};

static unsigned cell(const struct qr_matrix *m, unsigned x, unsigned y)
{
    return m->cell[y * m->side + x];
}

void qr_matrix_mirror(struct qr_matrix *m)
{
    for (unsigned y = 0; y < m->side; y++)
        for (unsigned x = 0; x < y; x++) {
            unsigned char keep = m->cell[y * m->side + x];
            m->cell[y * m->side + x] = m->cell[x * m->side + y];
            m->cell[x * m->side + y] = keep;
        }
}

unsigned qr_alignment(unsigned version, unsigned char centres[7])
{
    if (version < 2)
        return 0;
    unsigned n = version / 7 + 2, last = version * 4 + 10;
    unsigned step = version == 32 ? 26 : (version * 4 + n * 2 + 1) / (n * 2 - 2) * 2;
    centres[0] = 6;
    for (unsigned i = n; i-- > 1; last -= step)
        centres[i] = (unsigned char)last;
    return n;
}

/* 15 bits of format information: 5 and their remainder. */
static unsigned format_code(unsigned five)
{
    unsigned rest = five << 10;
    for (unsigned i = 15; i-- > 10;)
        if ((rest >> i & 1) != 0)
            rest ^= (unsigned)FORMAT_GENERATOR << (i - 10);
    return (five << 10 | rest) ^ FORMAT_MASK;
}

/* The format nearest to one of its two copies. */
static bool format_read(const struct qr_matrix *m, unsigned *format)
{
    static const unsigned char along[15] = {0, 1, 2, 3, 4, 5, 7, 8, 8, 8, 8, 8, 8, 8, 8},
                               up[15] = {8, 8, 8, 8, 8, 8, 8, 8, 7, 5, 4, 3, 2, 1, 0};
    unsigned first = 0, second = 0, best = FORMAT_MAX_WRONG + 1, last = m->side - 1;
    for (unsigned i = 0; i < 15; i++) {
        first = first << 1 | cell(m, along[i], up[i]);
        second = second << 1 | (i < 7 ? cell(m, 8, last - i) : cell(m, last - 14 + i, 8));
    }
    for (unsigned five = 0; five < FORMATS; five++) {
        unsigned code = format_code(five);
        unsigned wrong_1 = (unsigned)__builtin_popcount(code ^ first),
                 wrong_2 = (unsigned)__builtin_popcount(code ^ second);
        unsigned wrong = wrong_1 < wrong_2 ? wrong_1 : wrong_2;
        if (wrong < best) {
            best = wrong;
            *format = five;
        }
    }
    return best <= FORMAT_MAX_WRONG;
}

static void fill(struct qr_matrix *m, unsigned x, unsigned y, unsigned w, unsigned h)
{
    for (unsigned j = y; j < y + h; j++)
        memset(m->cell + j * m->side + x, 1, w);
}

/* 1 for modules that hold no data. */
static void fixed_modules(unsigned version, struct qr_matrix *m)
{
    unsigned char centres[7];
    unsigned side = version * 4 + 17, n = qr_alignment(version, centres);
    m->side = side;
    memset(m->cell, 0, (size_t)side * side);
    fill(m, 0, 0, 9, 9);
    fill(m, side - 8, 0, 8, 9);
    fill(m, 0, side - 8, 9, 8);
    fill(m, 6, 0, 1, side);
    fill(m, 0, 6, side, 1);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < n; k++) {
            bool in_corner = (i == 0 && k == 0) || (i == 0 && k == n - 1) || (i == n - 1 && k == 0);
            if (!in_corner)
                fill(m, centres[i] - 2u, centres[k] - 2u, 5, 5);
        }
    if (version >= 7) {
        fill(m, side - 11, 0, 3, 6);
        fill(m, 0, side - 11, 6, 3);
    }
}

static bool masked(unsigned mask, unsigned x, unsigned y)
{
    switch (mask) {
    case 0:
        return (x + y) % 2 == 0;
    case 1:
        return y % 2 == 0;
    case 2:
        return x % 3 == 0;
    case 3:
        return (x + y) % 3 == 0;
    case 4:
        return (y / 2 + x / 3) % 2 == 0;
    case 5:
        return x * y % 2 + x * y % 3 == 0;
    case 6:
        return (x * y % 2 + x * y % 3) % 2 == 0;
    default:
        return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

/* Codewords as they stand: up and down in columns of two, from the right. */
static size_t codewords(const struct qr_matrix *m, const struct qr_matrix *fixed, unsigned mask,
                        unsigned char *out)
{
    size_t bits = 0;
    const unsigned side = m->side;
    memset(out, 0, QR_MAX_CODEWORDS);
    for (unsigned column = 0, x = side - 1; x < side; column++, x -= x == 8 ? 3 : 2)
        for (unsigned i = 0; i < 2 * side; i++) {
            unsigned y = column % 2 == 0 ? side - 1 - i / 2 : i / 2, at = x - i % 2;
            if (cell(fixed, at, y) != 0 || bits / 8 >= QR_MAX_CODEWORDS)
                continue;
            unsigned bit = cell(m, at, y) ^ (unsigned)masked(mask, at, y);
            out[bits / 8] = (unsigned char)(out[bits / 8] | bit << (7 - bits % 8));
            bits++;
        }
    return bits / 8;
}

/* Blocks taken apart, mended, and their data put one behind the other. */
static bool blocks(const unsigned char *words, size_t total, unsigned level, struct qr_data *out)
{
    const size_t ec = ec_per_block[level][out->version - 1], n = n_blocks[level][out->version - 1];
    const size_t shortest = total / n - ec, longer = total % n; /* the last ones have one more */
    out->n = 0;
    for (size_t b = 0; b < n; b++) {
        unsigned char block[QR_MAX_BLOCK];
        size_t data = shortest + (b >= n - longer);
        for (size_t i = 0; i < data; i++) {
            size_t at = i < shortest ? i * n + b : shortest * n + b - (n - longer);
            block[i] = words[at];
        }
        for (size_t i = 0; i < ec; i++)
            block[data + i] = words[total - ec * n + i * n + b];
        int wrong = qr_rs_mend(block, data + ec, ec);
        if (wrong < 0)
            return false;
        out->mended += (unsigned)wrong;
        memcpy(out->bytes + out->n, block, data);
        out->n += data;
    }
    return true;
}

bool qr_matrix_read(const struct qr_matrix *m, struct qr_data *out)
{
    static const unsigned char level_of[4] = {1, 0, 3, 2}; /* M, L, H, Q in the format */
    unsigned char words[QR_MAX_CODEWORDS];
    struct qr_matrix fixed;
    unsigned format = 0;
    if (m->side < QR_LEAST_SIDE || m->side > QR_MOST_SIDE || m->side % 4 != 1 ||
        !format_read(m, &format))
        return false;
    *out = (struct qr_data){.version = (m->side - 17) / 4};
    fixed_modules(out->version, &fixed);
    size_t n = codewords(m, &fixed, format & 7, words);
    unsigned level = level_of[format >> 3];
    if (!blocks(words, n, level, out))
        return false;
    out->level = "LMQH"[level];
    qr_text_parts(out);
    return true;
}
