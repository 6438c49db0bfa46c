/* Another reader of codes, measured beside ours: libzbar (LGPL), never part of the product. */
#ifndef MP_BENCH_IMAGE_BENCH_H
#define MP_BENCH_IMAGE_BENCH_H

#include <stdbool.h>
#include <stdint.h>

bool rival_is_there(void);

/* QR codes in grey values; -1: it is not there. */
int rival_codes(const unsigned char *luma, uint32_t width, uint32_t height);

#endif
