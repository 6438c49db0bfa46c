/* UTF-8 decoding, checking, and text made safe for terminals and logs. */
#include "base/utf8.h"

#include "base/vec.h"

int32_t utf8_next(struct str *s)
{
    if (s->n == 0)
        return UTF8_END;
    const unsigned char *p = (const unsigned char *)s->p;
    unsigned char lead = p[0];
    size_t len = lead < 0x80                   ? 1
                 : lead >= 0xc2 && lead < 0xe0 ? 2
                 : lead >= 0xe0 && lead < 0xf0 ? 3
                 : lead >= 0xf0 && lead < 0xf5 ? 4
                                               : 0;
    if (len == 0 || len > s->n) {
        *s = str_slice(*s, 1, s->n);
        return UTF8_BAD;
    }
    int32_t cp = len == 1 ? lead : lead & (0x7f >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *s = str_slice(*s, 1, s->n);
            return UTF8_BAD;
        }
        cp = cp << 6 | (p[i] & 0x3f);
    }
    bool overlong = (len == 3 && cp < 0x800) || (len == 4 && cp < 0x10000);
    bool surrogate = cp >= 0xd800 && cp <= 0xdfff;
    if (overlong || surrogate || cp > 0x10ffff) {
        *s = str_slice(*s, 1, s->n);
        return UTF8_BAD;
    }
    *s = str_slice(*s, len, s->n);
    return cp;
}

static size_t ascii_run(struct str s)
{
    size_t i = 0;
    while (s.n - i >= VEC_BYTES && !vec_any(vec_load(s.p + i) & 0x80))
        i += VEC_BYTES;
    while (i < s.n && (unsigned char)s.p[i] < 0x80)
        i++;
    return i;
}

bool str_is_ascii(struct str s)
{
    return ascii_run(s) == s.n;
}

size_t utf8_run(struct str s)
{
    struct str rest = s;
    while (rest.n > 0) {
        struct str before = rest;
        if ((unsigned char)*rest.p < 0x80)
            rest = str_slice(rest, ascii_run(rest), rest.n);
        else if (utf8_next(&rest) == UTF8_BAD)
            return s.n - before.n;
    }
    return s.n;
}

bool utf8_valid(struct str s)
{
    return utf8_run(s) == s.n;
}

size_t utf8_put(int32_t cp, char *out)
{
    unsigned c = (unsigned)cp;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

void utf8_add(struct buf *b, int32_t cp)
{
    char bytes[4];
    buf_add(b, str_make(bytes, utf8_put(cp, bytes)));
}

static const struct range {
    int32_t first, last;
} invisible[] = {
    {0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f}, {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xe0000, 0xe0fff},
};

bool utf8_is_invisible(int32_t cp)
{
    for (size_t i = 0; i < ARRAY_LEN(invisible); i++)
        if (cp >= invisible[i].first && cp <= invisible[i].last)
            return true;
    return false;
}

/* Code points that are never characters (Unicode 23.7); XML and YAML forbid some of them. */
static bool is_noncharacter(int32_t cp)
{
    return (cp & 0xfffe) == 0xfffe || (cp >= 0xfdd0 && cp <= 0xfdef);
}

void utf8_add_printable(struct buf *b, struct str s, size_t max_bytes)
{
    size_t start = b->n;
    while (s.n > 0) {
        if (b->n - start >= max_bytes) {
            utf8_add(b, 0x2026);
            return;
        }
        int32_t cp = utf8_next(&s);
        bool separator = cp == 0x2028 || cp == 0x2029;
        if (cp == UTF8_BAD)
            utf8_add(b, 0xfffd);
        else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
            buf_addf(b, "\\x%02x", (unsigned)cp);
        else if (separator || utf8_is_invisible(cp) || is_noncharacter(cp))
            buf_addf(b, "\\u{%x}", (unsigned)cp);
        else
            utf8_add(b, cp);
    }
}

struct str utf8_cut(struct str s, size_t max)
{
    enum { LONGEST_TAIL = 3 };
    size_t n = max;
    if (s.n <= max)
        return s;
    while (n > 0 && max - n < LONGEST_TAIL && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_slice(s, 0, n);
}
