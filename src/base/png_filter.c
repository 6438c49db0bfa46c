/* The five filters of PNG; what is usual has a loop of its own, for pictures are large. */
#include "base/png_filter.h"

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
        for (size_t i = step; i < n; i++)
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
        for (size_t i = step; i < n; i++)
            row[i] = (unsigned char)(row[i] + paeth(row[i - step], up[i], up[i - step]));
        return true;
    }
}
