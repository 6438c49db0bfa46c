/* Pictures to grey values: own readers of PNG, GIF, BMP and JPEG, bounded by pixels and bytes. */
#ifndef MP_IMAGE_IMAGE_H
#define MP_IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/err.h"

enum {
    IMAGE_MAX_PIXELS = 25 * 1000 * 1000,
    IMAGE_MAX_SIDE = 65535,
    /* JPEG above this is read at half its width and height, which is all that a screen shows of it
     * at once: a code that can be scanned there is still seen. */
    IMAGE_HALVED_PIXELS = 4 * 1000 * 1000,
    IMAGE_WHITE = 255, /* what transparent pixels lie on */
    IMAGE_BLACK = 0,
    /* Enough for one picture of the largest size with everything that reading it takes. */
    IMAGE_MEMORY_BYTES = 160 * 1024 * 1024
};

enum image_format { IMAGE_NONE, IMAGE_PNG, IMAGE_GIF, IMAGE_BMP, IMAGE_JPEG };

enum image_state {
    IMAGE_WHOLE,
    IMAGE_PARTLY,      /* data ended or broke; the rest is white (GIF, PNG, BMP) or grey (JPEG) */
    IMAGE_DAMAGED,     /* nothing of it can be shown: no pixels */
    IMAGE_UNSUPPORTED, /* a form that we do not read, `why` says which: no pixels */
    IMAGE_TOO_LARGE    /* above IMAGE_MAX_PIXELS or IMAGE_MAX_SIDE: no pixels */
};

/* What the head of the file claims. */
struct image_head {
    enum image_format format;
    uint32_t width, height;
};

struct image {
    struct image_head head;
    enum image_state state;
    const char *why;           /* static text for what is not IMAGE_WHOLE; else NULL */
    bool transparent;          /* some pixels let the background through */
    bool animated;             /* there are further frames */
    const unsigned char *luma; /* width * height, row by row; NULL when nothing could be read */
    /* The same on black instead of white, or the reverse, when it is there without reading again:
     * of each PNG that is transparent. Else NULL. */
    const unsigned char *other;
    uint32_t width, height; /* of luma: may be half of what the head says */
};

struct image_options {
    unsigned char background; /* IMAGE_WHITE or IMAGE_BLACK */
    bool last_frame;          /* of a GIF: what is seen at the end, not at the beginning */
};

/* What picture `bytes` are, and how large they say it is. False: none that we know. Reads headers
 * only (of JPEG: its segments up to the frame). Linear, no memory. */
bool image_head_read(struct str bytes, struct image_head *head);

/* The grey values of the picture. They and all scratch memory come from `a`, which should have
 * IMAGE_MEMORY_BYTES and is best reset after the picture.
 * Returns: MP_OK, *out says how far it went; MP_E_NOMEM: `a` is too small, nothing was written.
 * Time: linear in bytes and pixels. */
int image_read(struct arena *a, struct str bytes, struct image_options options, struct image *out,
               struct mp_err *err);

/* Both pictures in one, `b` to the right of `a` or below it, top and left sides aligned, white
 * where there is none. MP_E_LIMIT: larger than allowed, or one of them has no pixels. */
int image_join(struct arena *arena, const struct image *a, const struct image *b, bool below,
               struct image *out, struct mp_err *err);

#endif
