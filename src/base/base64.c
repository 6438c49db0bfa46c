/* Base64: a table decoder that refuses everything the grammar does not have. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct arena *a, struct str in, enum base64_mode mode, struct str *out)
{
    unsigned char *to = arena_new(a, unsigned char, in.n / 4 * 3 + 4);
    size_t n = 0;
    unsigned pending = 0, digits = 0, pads = 0;
    if (to == NULL)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (mode == BASE64_IGNORE_FWS && is_fws(c))
            continue;
        if (c == '=') {
            if (++pads > 2)
                return false;
            continue;
        }
        int v = value_of(c);
        if (v < 0 || pads != 0)
            return false;
        pending = pending << 6 | (unsigned)v;
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
