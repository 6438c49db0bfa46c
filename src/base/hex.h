/* Lower-case hexadecimal text. */
#ifndef MP_BASE_HEX_H
#define MP_BASE_HEX_H

#include "base/arena.h"

/* Two digits a byte, in the arena; p == NULL without memory. */
struct str hex_encode(struct arena *a, struct str bytes);

/* 0..15, or -1 for a character that is no hexadecimal digit (either case). */
int hex_value(char c);

#endif
