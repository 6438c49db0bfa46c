/* QR codes (ISO/IEC 18004, models of 2005 and later): found in grey values, or read from cells. */
#ifndef MP_IMAGE_QR_H
#define MP_IMAGE_QR_H

#include "image/image.h"

enum {
    QR_LEAST_SIDE = 21, /* modules, of version 1 ... */
    QR_MOST_SIDE = 177, /* ... and of version 40 */
    QR_MOST_PARTS = 16, /* that a text may be spread over */
    QR_MAX_CODES = 16   /* told of one picture */
};

struct qr_code {
    struct str text; /* UTF-8, whatever the code's charset; in the arena */
    unsigned version;
    char level;              /* 'L', 'M', 'Q', 'H' */
    unsigned mended;         /* codewords that were wrong */
    bool inverted, mirrored; /* light on dark; as seen in a mirror */
    unsigned part, parts;    /* of a text in several codes: this is 1..parts; 0: it is whole */
    uint32_t x, y;           /* about its centre in the picture */
};

struct qr_found {
    struct qr_code
        codes[QR_MAX_CODES]; /* different texts; those in parts put together if complete */
    size_t n;
    unsigned squares; /* like those in corners of codes, most that one look showed */
    bool limited;     /* more looked like codes than was tried */
};

/* May a picture of this size hold a code at all? */
static inline bool qr_fits(uint32_t width, uint32_t height)
{
    return width >= QR_LEAST_SIDE && height >= QR_LEAST_SIDE;
}

/* The codes in a picture: of any size from one pixel a module, turned, mirrored, inverted, seen at
 * an angle, damaged as far as they mend themselves. Scratch memory from `a`, about twice the
 * pixels. Returns MP_OK (also for none), MP_E_NOMEM. Time: linear in pixels, and what is tried is
 * counted: `limited` says that it ended there. */
int qr_find(struct arena *a, const struct image *im, struct qr_found *out, struct mp_err *err);

/* The same for cells that are known one by one: width * height bytes, row by row, not 0 is dark.
 * A margin may be there or not. */
int qr_from_matrix(struct arena *a, const unsigned char *cells, uint32_t width, uint32_t height,
                   struct qr_found *out, struct mp_err *err);

#endif
