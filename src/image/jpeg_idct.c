/* JPEG: a block of coefficients to pixels (ITU-T T.81 A.3.3), in integers. */
#include "image/jpeg_internal.h"

const unsigned char jpeg_zigzag[JPEG_BLOCK] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18,
                                               11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
                                               13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43,
                                               36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45,
                                               38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* cos(k pi / 16) in 4096ths. */
enum { C1 = 4017, C2 = 3784, C3 = 3406, C4 = 2896, C5 = 2276, C6 = 1567, C7 = 799 };

/* What real pictures never pass, and what keeps both passes within 32 bits. */
enum { COEFFICIENT_MAX = 8192 };

/* 12 bits of the cosines and one for a factor of 2, in each pass; the first keeps one bit more. */
enum { FIRST_SHIFT = 12, SECOND_SHIFT = 14 };

/* Eight values, `step` apart, transformed in place; `shift` takes the scale out. */
static inline void transform(int32_t *s, size_t step, unsigned shift)
{
    const int32_t s1 = s[step], s2 = s[2 * step], s3 = s[3 * step], s5 = s[5 * step],
                  s6 = s[6 * step], s7 = s[7 * step];
    const int32_t half = 1 << (shift - 1);
    int32_t sum = (s[0] + s[4 * step]) * C4 + half, diff = (s[0] - s[4 * step]) * C4 + half;
    int32_t outer = s2 * C2 + s6 * C6, inner = s2 * C6 - s6 * C2;
    int32_t even[4] = {sum + outer, diff + inner, diff - inner, sum - outer};
    int32_t odd[4] = {s1 * C1 + s3 * C3 + s5 * C5 + s7 * C7, s1 * C3 - s3 * C7 - s5 * C1 - s7 * C5,
                      s1 * C5 - s3 * C1 + s5 * C7 + s7 * C3, s1 * C7 - s3 * C5 + s5 * C3 - s7 * C1};
    for (size_t i = 0; i < 4; i++) {
        s[i * step] = (even[i] + odd[i]) >> shift;
        s[(7 - i) * step] = (even[i] - odd[i]) >> shift;
    }
}

static unsigned char to_pixel(int32_t v)
{
    v += 128;
    return (unsigned char)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static int32_t limited(int32_t v)
{
    return v < -COEFFICIENT_MAX ? -COEFFICIENT_MAX : v > COEFFICIENT_MAX ? COEFFICIENT_MAX : v;
}

static void whole_block(int32_t *s, unsigned char *out, size_t stride)
{
    for (size_t x = 0; x < JPEG_SIDE; x++) {
        int32_t below = 0;
        for (size_t y = 1; y < JPEG_SIDE; y++)
            below |= s[y * JPEG_SIDE + x];
        if (below != 0) {
            transform(s + x, JPEG_SIDE, FIRST_SHIFT);
            continue;
        }
        int32_t flat = (s[x] * C4 + (1 << (FIRST_SHIFT - 1))) >> FIRST_SHIFT;
        for (size_t y = 0; y < JPEG_SIDE; y++)
            s[y * JPEG_SIDE + x] = flat;
    }
    for (size_t y = 0; y < JPEG_SIDE; y++) {
        transform(s + y * JPEG_SIDE, 1, SECOND_SHIFT);
        for (size_t x = 0; x < JPEG_SIDE; x++)
            out[y * stride + x] = to_pixel(s[y * JPEG_SIDE + x]);
    }
}

/* Four values of the four lowest coefficients. */
static inline void half_transform(int32_t *s, size_t step, unsigned shift)
{
    const int32_t half = 1 << (shift - 1), s1 = s[step], s3 = s[3 * step];
    int32_t sum = (s[0] + s[2 * step]) * C4 + half, diff = (s[0] - s[2 * step]) * C4 + half;
    int32_t outer = s1 * C2 + s3 * C6, inner = s1 * C6 - s3 * C2;
    s[0] = (sum + outer) >> shift;
    s[step] = (diff + inner) >> shift;
    s[2 * step] = (diff - inner) >> shift;
    s[3 * step] = (sum - outer) >> shift;
}

static void half_block(int32_t *s, unsigned char *out, size_t stride)
{
    for (size_t x = 0; x < JPEG_HALF_SIDE; x++)
        half_transform(s + x, JPEG_SIDE, FIRST_SHIFT);
    for (size_t y = 0; y < JPEG_HALF_SIDE; y++) {
        half_transform(s + y * JPEG_SIDE, 1, SECOND_SHIFT);
        for (size_t x = 0; x < JPEG_HALF_SIDE; x++)
            out[y * stride + x] = to_pixel(s[y * JPEG_SIDE + x]);
    }
}

void jpeg_block(const int16_t *coefficients, const uint16_t *quant, size_t side, unsigned char *out,
                size_t stride)
{
    int32_t s[JPEG_BLOCK], others = 0;
    size_t rows = side == JPEG_SIDE ? JPEG_BLOCK : JPEG_BLOCK / 2;
    for (size_t i = 0; i < rows; i++) {
        s[i] = limited(coefficients[i] * (int32_t)quant[i]);
        others |= i == 0 ? 0 : s[i];
    }
    if (others == 0) { /* one grey */
        for (size_t y = 0; y < side; y++)
            memset(out + y * stride, to_pixel((s[0] + 4) >> 3), side);
        return;
    }
    if (side == JPEG_SIDE)
        whole_block(s, out, stride);
    else
        half_block(s, out, stride);
}
