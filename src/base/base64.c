/* Base64: a table decoder that refuses everything the grammar does not have. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of each byte, or 64 and more: OR over several tells at once whether all are digits. */
enum { NO_DIGIT = 64 };

/* clang-format off */
#define NO   NO_DIGIT
#define NO4  NO, NO, NO, NO
#define NO16 NO4, NO4, NO4, NO4
static const unsigned char values[256] = {
    NO16, NO16,
    NO4, NO4, NO, NO, NO, 62, NO, NO, NO, 63,                             /* " " to "/" */
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO4,                  /* "0" to "?" */
    NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,                 /* "@" to "O" */
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO4,                  /* "P" to "_" */
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,       /* "`" to "o" */
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO4,                  /* "p" to DEL */
    NO16, NO16, NO16, NO16, NO16, NO16, NO16, NO16
};
/* clang-format on */

static inline unsigned value_of(char c)
{
    return values[(unsigned char)c];
}

/* Whole groups of four digits from the front of `in`; returns how many bytes that took. */
static size_t decode_groups(struct str in, unsigned char *to)
{
    size_t i = 0;
    for (; i + 4 <= in.n; i += 4) {
        unsigned a = value_of(in.p[i]), b = value_of(in.p[i + 1]);
        unsigned c = value_of(in.p[i + 2]), d = value_of(in.p[i + 3]);
        if ((a | b | c | d) >= NO_DIGIT)
            break;
        unsigned group = a << 18 | b << 12 | c << 6 | d;
        *to++ = (unsigned char)(group >> 16);
        *to++ = (unsigned char)(group >> 8);
        *to++ = (unsigned char)group;
    }
    return i;
}

bool base64_decode(struct arena *a, struct str in, enum base64_mode mode, struct str *out)
{
    unsigned char *to = arena_new(a, unsigned char, in.n / 4 * 3 + 4);
    size_t n = 0;
    unsigned pending = 0, digits = 0, pads = 0;
    if (to == NULL)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        if (digits == 0 && pads == 0) {
            size_t taken = decode_groups(str_slice(in, i, in.n), to + n);
            i += taken;
            n += taken / 4 * 3;
            if (i == in.n)
                break;
        }
        char c = in.p[i];
        if (mode == BASE64_IGNORE_FWS && is_fws(c))
            continue;
        if (c == '=') {
            if (++pads > 2)
                return false;
            continue;
        }
        unsigned v = value_of(c);
        if (v >= NO_DIGIT || pads != 0)
            return false;
        pending = pending << 6 | v;
        if (++digits == 4) {
            to[n++] = (unsigned char)(pending >> 16);
            to[n++] = (unsigned char)(pending >> 8);
            to[n++] = (unsigned char)pending;
            pending = digits = 0;
        }
    }
    bool whole = digits == 0 && pads == 0;
    bool one = digits == 2 && pads == 2 && (pending & 0xf) == 0;
    bool two = digits == 3 && pads == 1 && (pending & 0x3) == 0;
    if (!whole && !one && !two)
        return false;
    if (one)
        to[n++] = (unsigned char)(pending >> 4);
    if (two) {
        to[n++] = (unsigned char)(pending >> 10);
        to[n++] = (unsigned char)(pending >> 2);
    }
    *out = str_make((const char *)to, n);
    return true;
}

void base64_encode(struct buf *b, struct str in)
{
    char *to = buf_reserve(b, base64_encoded_bytes(in.n));
    if (to == NULL)
        return;
    const unsigned char *p = (const unsigned char *)in.p;
    size_t i = 0;
    for (; i + 2 < in.n; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (unsigned)p[i + 1] << 8 | p[i + 2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = alphabet[v >> 6 & 63];
        *to++ = alphabet[v & 63];
    }
    if (i < in.n) {
        bool two = i + 1 < in.n;
        unsigned v = (unsigned)p[i] << 16 | (two ? (unsigned)p[i + 1] << 8 : 0);
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = two ? alphabet[v >> 6 & 63] : '=';
        *to++ = '=';
    }
    b->n += base64_encoded_bytes(in.n);
}
