/* Lower-case hexadecimal text. */
#ifndef MP_BASE_HEX_H
#define MP_BASE_HEX_H

#include "base/arena.h"

/* Two digits a byte, in the arena; p == NULL without memory. */
struct str hex_encode(struct arena *a, struct str bytes);

/* 0..15, or -1 for a character that is no hexadecimal digit (either case). */
static inline int hex_value(char c)
{
    int letter = (c | 0x20) - 'a';
    return is_digit(c) ? c - '0' : letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/* The octet of the two digits at s.p[at], or -1: no digits, or fewer than two. */
int hex_octet(struct str s, size_t at);

/* The octets of a run of digits, two each; what is left over goes. `out` has room for digits.n / 2.
 * Returns how many there are. */
size_t hex_undo(struct str digits, char *out);

/* "%41" to "A" (RFC 3986 2.1, RFC 2231 4); a "%" that begins nothing stays. `out` has room for s.n
 * bytes. Returns how many there are. */
size_t percent_undo(struct str s, char *out);

#endif
