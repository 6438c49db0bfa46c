/* QR codes, private to this room: dark and light, squares in corners, modules, codewords. */
#ifndef MP_IMAGE_QR_INTERNAL_H
#define MP_IMAGE_QR_INTERNAL_H

#include "base/buf.h"
#include "image/qr.h"

enum {
    QR_MAX_VERSION = 40,
    QR_MAX_TEXT_BYTES = 160 * 1024, /* of one text: 16 parts with the most that each may hold */
    QR_MAX_CODEWORDS = 3706,        /* of version 40, data and correction */
    QR_MAX_BLOCK = 153,             /* codewords of one block */
    QR_MAX_EC = 30,                 /* of them for correction */
    QR_MAX_FINDERS = 512,           /* squares like those in corners, remembered of one look */
    QR_MAX_BEST = 96,               /* of them tried with each other */
    QR_MAX_TRIPLES = 128,           /* tried as the three corners of a code, of one look */
    QR_MAX_CHECKS = 2000000,        /* steps of looking up squares seen before, of one look */
    QR_MAX_WORK = 15000000, /* modules looked at to fit grids and read them, of one picture */
    QR_MAX_EDGES = 6000000  /* between dark and light, in all looks at a picture */
};

/* ---- Dark and light ---- */

/* One bit a pixel, 1 is dark; rows of whole words, bits beyond the width are 0. */
struct qr_bits {
    uint32_t width, height;
    size_t words; /* of a row */
    uint64_t *row;
};

static inline unsigned qr_bit(const struct qr_bits *b, uint32_t x, uint32_t y)
{
    return (unsigned)(b->row[y * b->words + x / 64] >> (x % 64) & 1);
}

struct qr_grey {
    const unsigned char *p;
    uint32_t width, height;
};

enum qr_threshold {
    QR_GLOBAL, /* one for the picture, between its two tones */
    QR_WIDE,   /* the mean of a neighbourhood of an eighth of the picture */
    QR_NARROW  /* of 40 pixels */
};

/* Room for the bits of a picture of this size, to be used again and again. False: no memory. */
bool qr_bits_make(struct arena *a, uint32_t width, uint32_t height, struct qr_bits *out);
/* The means that QR_WIDE and QR_NARROW compare with, into scratch of qr_scratch_words() words. */
void qr_means(const struct qr_grey *g, uint32_t *scratch);
void qr_bits_fill(const struct qr_grey *g, enum qr_threshold how, uint32_t *scratch,
                  struct qr_bits *out);
size_t qr_scratch_words(uint32_t width, uint32_t height);

/* Half as wide and high, four pixels in one; twice, with pixels between. */
bool qr_grey_halve(struct arena *a, const struct qr_grey *g, struct qr_grey *out);
bool qr_grey_double(struct arena *a, const struct qr_grey *g, struct qr_grey *out);

/* ---- Squares in corners ---- */

struct qr_point {
    float x, y;
};

struct qr_finder {
    struct qr_point at;
    float module; /* pixels, along a row */
    unsigned hits;
    bool inverted, used;
};

struct qr_finders {
    struct qr_finder list[QR_MAX_FINDERS];
    size_t n;
    unsigned step; /* rows of which one was looked at */
    unsigned checks_left, edges_left;
    bool limited;
};

/* Spends f->edges_left, which the caller sets once for a picture. */
void qr_finders_scan(const struct qr_bits *b, struct qr_finders *f);

/* Three that may be the corners of one code: turning from `right` to `below` around `corner` goes
 * the way it does on paper (clockwise in pixels). */
struct qr_triple {
    size_t corner, right, below;
    float misfit; /* 0: a perfect right angle of equal sides and squares */
};

/* The likeliest first. */
size_t qr_triples(struct qr_finders *f, struct qr_triple *out);

/* ---- Modules ---- */

struct qr_matrix {
    unsigned side;
    unsigned char cell[QR_MOST_SIDE * QR_MOST_SIDE]; /* 1: dark */
};

/* Modules to pixels: perspective. */
struct qr_view {
    float m[8];
};

struct qr_grid {
    const struct qr_bits *bits;
    bool inverted;
    unsigned version;
    struct qr_point corner[4]; /* centres of the three squares; the fourth corner of their square */
    struct qr_view view;
    float fit; /* share of the fixed modules that are as they must be, 0..1 */
};

/* The best grid over the three squares; false when nothing there looks like a code. */
bool qr_grid_fit(const struct qr_bits *b, const struct qr_finders *f, const struct qr_triple *t,
                 struct qr_grid *out);
/* The same grid with the fourth corner moved by so many modules. False: there is no such view. */
bool qr_grid_move(const struct qr_grid *from, float dx, float dy, struct qr_grid *out);
void qr_grid_sample(const struct qr_grid *g, struct qr_matrix *out);

/* Where the alignment patterns of a version stand: their centres' coordinates; how many. */
unsigned qr_alignment(unsigned version, unsigned char centres[7]);

/* ---- Codewords ---- */

/* What a matrix held, corrected, before it is text. */
struct qr_data {
    unsigned char bytes[QR_MAX_CODEWORDS];
    size_t n;
    unsigned version, mended;
    char level;
    unsigned part, parts, parity; /* of structured append; parts 0: none */
};

/* Read a matrix the right way up. False: it is no code, or damaged beyond mending. */
bool qr_matrix_read(const struct qr_matrix *m, struct qr_data *out);
void qr_matrix_mirror(struct qr_matrix *m); /* about the diagonal from the corner without square */

/* Correct a block of `n` codewords, the last `ec` of them for correction. The number of wrong ones,
 * or -1 when it cannot be mended. */
int qr_rs_mend(unsigned char *block, size_t n, size_t ec);

/* The text of codes one behind the other, as UTF-8. False: no text, or no memory in `out`. */
bool qr_text(const struct qr_data *const *data, size_t n, struct buf *out);
/* The header of structured append, if there is one, into part, parts and parity. */
void qr_text_parts(struct qr_data *d);

#endif
