/* Filters of rows (PNG 9.2), which PDF has for any data too (ISO 32000-2 7.4.4.4). */
#ifndef MP_BASE_PNG_FILTER_H
#define MP_BASE_PNG_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* Undo the filter of a row of `n` bytes, in place. `up` is the row above, NULL for the first;
 * `step` the bytes of a pixel. False: there is no such filter, the row stays as it is. */
bool png_unfilter(unsigned filter, unsigned char *row, const unsigned char *up, size_t n,
                  size_t step);

#endif
