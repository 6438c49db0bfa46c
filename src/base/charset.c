/* UTF-16 (RFC 2781) and windows-1252 decoded. */
#include "base/charset.h"

#include "base/bytes.h"
#include "base/utf8.h"

static uint32_t unit_at(struct str s, size_t at, bool big)
{
    return big ? be16_at(s, at) : le16_at(s, at);
}

int32_t utf16_next(struct str *s, bool big)
{
    if (s->n < 2)
        return UTF8_END;
    uint32_t unit = unit_at(*s, 0, big), low = s->n < 4 ? 0 : unit_at(*s, 2, big);
    bool half = unit >= 0xd800 && unit < 0xe000;
    bool pair = half && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000;
    *s = str_slice(*s, pair ? 4 : 2, s->n);
    if (pair)
        return (int32_t)(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    return half ? UTF8_BAD : (int32_t)unit;
}

int32_t windows_1252(unsigned char c)
{
    static const uint16_t high[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020,
                                      0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
                                      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d,
                                      0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
                                      0x0153, 0,      0x017e, 0x0178};
    return c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
}
