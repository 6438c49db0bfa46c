/* Hexadecimal digits, both ways. */
#include "base/hex.h"

struct str hex_encode(struct arena *a, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *to = arena_alloc(a, bytes.n, 2);
    if (to == NULL)
        return STR_NONE;
    for (size_t i = 0; i < bytes.n; i++) {
        to[2 * i] = digits[(unsigned char)bytes.p[i] >> 4];
        to[2 * i + 1] = digits[bytes.p[i] & 15];
    }
    return str_make(to, 2 * bytes.n);
}

int hex_octet(struct str s, size_t at)
{
    if (at >= s.n || s.n - at < 2)
        return -1;
    int high = hex_value(s.p[at]), low = high < 0 ? -1 : hex_value(s.p[at + 1]);
    return low < 0 ? -1 : high << 4 | low;
}

size_t hex_undo(struct str digits, char *out)
{
    for (size_t i = 0; i + 1 < digits.n; i += 2)
        out[i / 2] = (char)hex_octet(digits, i);
    return digits.n / 2;
}

size_t percent_undo(struct str s, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        int octet = s.p[i] == '%' ? hex_octet(s, i + 1) : -1;
        out[n++] = s.p[i];
        if (octet < 0)
            continue;
        out[n - 1] = (char)octet;
        i += 2;
    }
    return n;
}
