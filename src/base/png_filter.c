/* The five filters of PNG; what is usual has a loop of its own, for pictures are large. */
#include "base/png_filter.h"

#include <stdint.h>
#include <string.h>

/* The pixels of a row, each of which needs the one before it: of three or four bytes, four bytes
 * at once. */
typedef int16_t lanes __attribute__((vector_size(8)));
typedef unsigned char bytes4 __attribute__((vector_size(4)));

static inline uint32_t load(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store(unsigned char *p, uint32_t v, size_t step)
{
    unsigned char four[4];
    memcpy(four, &v, sizeof four);
    memcpy(p, four, step);
}

static inline lanes to_lanes(uint32_t v)
{
    bytes4 four;
    memcpy(&four, &v, sizeof four);
    return __builtin_convertvector(four, lanes);
}

static inline uint32_t of_lanes(lanes v)
{
    bytes4 four = __builtin_convertvector(v, bytes4);
    uint32_t word;
    memcpy(&word, &four, sizeof word);
    return word;
}

/* Each byte by itself. */
static inline uint32_t add_bytes(uint32_t a, uint32_t b)
{
    return ((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) ^ ((a ^ b) & 0x80808080);
}

/* Even areas: nothing is added to the pixel before, for four pixels and more. Filter 4 foretells
 * that one where the pixels above (`up`, else NULL) are all alike. Returns where that ends. */
static inline size_t fill_even(unsigned char *row, const unsigned char *up, size_t i, size_t n,
                               size_t step)
{
    static const unsigned char zeros[16];
    const size_t four = 4 * step;
    while (i + four <= n && memcmp(row + i, zeros, four) == 0 &&
           (up == NULL || memcmp(up + i, up + i - step, four) == 0)) {
        for (size_t k = 0; k < four; k += step)
            memcpy(row + i + k, row + i - step, step);
        i += four;
    }
    return i;
}

static inline lanes distance(lanes v)
{
    lanes sign = v >> 15;
    return (v ^ sign) - sign;
}

static inline lanes paeth_lanes(lanes left, lanes up, lanes corner)
{
    lanes to_left = distance(up - corner), to_up = distance(left - corner),
          to_corner = distance(left + up - corner - corner);
    lanes is_up = to_up <= to_corner, is_left = (to_left <= to_up) & (to_left <= to_corner);
    return (left & is_left) | (((up & is_up) | (corner & ~is_up)) & ~is_left);
}

/* Filter 1 or 4, from the second pixel on, while four bytes can be read. Returns where it ended. */
static inline size_t unfilter_pixels(unsigned filter, unsigned char *row, const unsigned char *up,
                                     size_t n, size_t step)
{
    size_t i = step;
    if (n < 4)
        return i;
    uint32_t one = load(row);
    lanes left = to_lanes(one), corner = to_lanes(load(up));
    while (i + 4 <= n) {
        uint32_t add = load(row + i);
        size_t even = add == 0 ? fill_even(row, filter == 4 ? up : NULL, i, n, step) : i;
        if (even != i) { /* `left` and `corner` are what they were */
            i = even;
            continue;
        }
        if (filter == 1) {
            one = add_bytes(one, add);
        } else {
            lanes above = to_lanes(load(up + i));
            left = (to_lanes(add) + paeth_lanes(left, above, corner)) & 255;
            corner = above;
            one = of_lanes(left);
        }
        store(row + i, one, step);
        i += step;
    }
    return i;
}

/* The same, compiled for each. */
static size_t unfilter_usual(unsigned filter, unsigned char *row, const unsigned char *up, size_t n,
                             size_t step)
{
    if (step == 4)
        return filter == 1 ? unfilter_pixels(1, row, up, n, 4) : unfilter_pixels(4, row, up, n, 4);
    if (step == 3)
        return filter == 1 ? unfilter_pixels(1, row, up, n, 3) : unfilter_pixels(4, row, up, n, 3);
    return step;
}

static unsigned char paeth(int left, int up, int corner)
{
    int to_left = up - corner, to_up = left - corner, to_corner = to_left + to_up;
    to_left = to_left < 0 ? -to_left : to_left;
    to_up = to_up < 0 ? -to_up : to_up;
    to_corner = to_corner < 0 ? -to_corner : to_corner;
    if (to_left <= to_up && to_left <= to_corner)
        return (unsigned char)left;
    return (unsigned char)(to_up <= to_corner ? up : corner);
}

/* The first pixel of a row has none to its left: what is there counts as 0. */
static void unfilter_first(unsigned filter, unsigned char *row, const unsigned char *up, size_t n)
{
    for (size_t i = 0; i < n && filter >= 2; i++)
        row[i] = (unsigned char)(row[i] + (filter == 3 ? up[i] / 2 : up[i]));
}

/* The same for the first row, above which there are zeros. */
static bool unfilter_top(unsigned filter, unsigned char *row, size_t n, size_t step)
{
    for (size_t i = step; i < n && filter != 2; i++)
        row[i] = (unsigned char)(row[i] + (filter == 3 ? row[i - step] / 2 : row[i - step]));
    return true;
}

bool png_unfilter(unsigned filter, unsigned char *row, const unsigned char *up, size_t n,
                  size_t step)
{
    if (filter == 0 || filter > 4)
        return filter == 0;
    if (up == NULL)
        return unfilter_top(filter, row, n, step);
    step = step < n ? step : n;
    unfilter_first(filter, row, up, step);
    switch (filter) {
    case 1:
        for (size_t i = unfilter_usual(1, row, up, n, step); i < n; i++)
            row[i] = (unsigned char)(row[i] + row[i - step]);
        return true;
    case 2:
        for (size_t i = step; i < n; i++)
            row[i] = (unsigned char)(row[i] + up[i]);
        return true;
    case 3:
        for (size_t i = step; i < n; i++)
            row[i] = (unsigned char)(row[i] + (row[i - step] + up[i]) / 2);
        return true;
    default:
        for (size_t i = unfilter_usual(4, row, up, n, step); i < n; i++)
            row[i] = (unsigned char)(row[i] + paeth(row[i - step], up[i], up[i - step]));
        return true;
    }
}
