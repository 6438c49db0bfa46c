/* JPEG, private to this room: the frame, its components, Huffman tables, bits. */
#ifndef MP_IMAGE_JPEG_INTERNAL_H
#define MP_IMAGE_JPEG_INTERNAL_H

#include "image/image_internal.h"

enum {
    JPEG_MAX_COMPONENTS = 4,
    JPEG_BLOCK = 64,    /* coefficients */
    JPEG_SIDE = 8,      /* pixels, of whole pictures ... */
    JPEG_HALF_SIDE = 4, /* ... and of those read at half their size */
    JPEG_FAST_BITS = 9, /* codes up to this long by one look */
    JPEG_MAX_CODE_BITS = 16,
    JPEG_MAX_SCANS = 100, /* of one picture; encoders make about ten */
    JPEG_MAX_VISITS = 32  /* times that each block may be looked at, by all scans together */
};

struct jpeg_huffman {
    bool set;
    uint16_t fast[1 << JPEG_FAST_BITS];     /* length << 8 | symbol; 0: longer */
    int32_t last[JPEG_MAX_CODE_BITS + 2];   /* the last code of each length, -1: none */
    int32_t offset[JPEG_MAX_CODE_BITS + 2]; /* of its symbol, less the code */
    unsigned char symbols[256];
};

struct jpeg_component {
    unsigned id, h, v, quant;
    bool wanted;               /* for the grey values; others are only stepped over */
    size_t blocks_x, blocks_y; /* stored: whole MCUs */
    size_t own_x, own_y;       /* of the component, in scans of its own */
    int16_t *coefficients;     /* of progressive pictures, in natural order */
    unsigned char *plane;
    const struct jpeg_huffman *dc, *ac; /* in this scan */
    int prediction;
};

struct jpeg_bits {
    const unsigned char *p, *end;
    uint64_t acc;
    unsigned n, lacking; /* bits in acc; zero bits put in behind the end of the data */
};

enum jpeg_colours { JPEG_GREY, JPEG_RGB, JPEG_CMYK, JPEG_YCCK };

struct jpeg {
    struct image *im;
    struct str rest; /* segments not yet looked at */
    struct jpeg_component components[JPEG_MAX_COMPONENTS];
    unsigned n_components, h_max, v_max;
    size_t mcus_x, mcus_y;
    uint16_t quant[4][JPEG_BLOCK];     /* in natural order */
    size_t side;                       /* of a block's pixels */
    struct jpeg_huffman huffman[2][4]; /* DC, AC */
    unsigned restart_every, scans;
    uint64_t visits_left; /* of blocks */
    bool frame, progressive, jfif, adobe;
    unsigned adobe_transform;
    enum jpeg_colours colours; /* as known when the frame begins */
    /* The scan: */
    struct jpeg_bits bits;
    struct jpeg_component *scan[JPEG_MAX_COMPONENTS];
    unsigned n_scan, from, to, high, low; /* spectral selection, successive approximation */
    uint32_t eob_run;
};

extern const unsigned char jpeg_zigzag[JPEG_BLOCK]; /* natural place of the k-th coefficient */

/* Builds the table from the counts of codes of 1..16 bits. False: no such code can be. */
bool jpeg_huffman_make(struct jpeg_huffman *h, const unsigned char *counts, struct str symbols);

/* The entropy-coded data of a scan whose header was read into `j`; j->rest stands at their
 * beginning and then behind them. False: they end early or are damaged. */
bool jpeg_scan(struct jpeg *j);

/* Coefficients to side * side grey values (JPEG_SIDE or JPEG_HALF_SIDE), rows `stride` apart. Both
 * arrays are in natural order. */
void jpeg_block(const int16_t *coefficients, const uint16_t *quant, size_t side, unsigned char *out,
                size_t stride);

#endif
