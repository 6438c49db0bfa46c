/* Shared by the readers of this room: grey from colours, the canvas, the readers. */
#ifndef MP_IMAGE_IMAGE_INTERNAL_H
#define MP_IMAGE_IMAGE_INTERNAL_H

#include "base/bytes.h"
#include "image/image.h"

/* ITU-R BT.601, in 256ths. */
static inline unsigned char grey_of(unsigned r, unsigned g, unsigned b)
{
    return (unsigned char)((77 * r + 150 * g + 29 * b) >> 8);
}

/* `grey` of this opacity (0..255) on `background`. */
static inline unsigned char grey_on(unsigned grey, unsigned opacity, unsigned background)
{
    return (unsigned char)((grey * opacity + background * (255 - opacity) + 127) / 255);
}

bool image_size_fits(uint64_t width, uint64_t height);

/* What a reader returns when there will be no pixels. */
static inline int image_refuse(struct image *im, enum image_state state, const char *why)
{
    im->state = state;
    im->why = why;
    im->luma = NULL;
    return MP_OK;
}

/* Pixels of im->width * im->height, all `fill`, in im->luma too; NULL: `a` is spent. */
unsigned char *image_canvas(struct arena *a, struct image *im, unsigned char fill);

int png_read(struct arena *a, struct str bytes, struct image_options o, struct image *im);
int gif_read(struct arena *a, struct str bytes, struct image_options o, struct image *im);
int bmp_read(struct arena *a, struct str bytes, struct image_options o, struct image *im);
int jpeg_read(struct arena *a, struct str bytes, struct image_options o, struct image *im);

bool jpeg_size(struct str bytes, uint32_t *width, uint32_t *height);
bool bmp_size(struct str bytes, uint32_t *width, uint32_t *height);

#endif
