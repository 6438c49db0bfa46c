/* UTF-16 and code pages to UTF-8, by tables: no converter of the system, which would open files. */
#include "office/text.h"

#include "base/bytes.h"
#include "base/charset.h"
#include "base/utf8.h"

enum { REPLACEMENT = 0xfffd, UTF8_MAX_BYTES = 3 };

static struct str done(struct arena *arena, struct buf *b)
{
    struct str out = b->failed ? STR_NONE : arena_copy(arena, buf_str(b));
    buf_clear(b);
    return out;
}

struct str text_utf16(struct arena *arena, struct str bytes, bool big)
{
    struct buf b;
    buf_init(&b, bytes.n / 2 * UTF8_MAX_BYTES + 1);
    for (int32_t c; (c = utf16_next(&bytes, big)) != UTF8_END;)
        utf8_add(&b, c == UTF8_BAD ? REPLACEMENT : c);
    return done(arena, &b);
}

/* What stands at 0x80 to 0xbf of windows-1251; above that it begins with U+0410. 0: nothing. */
static const uint16_t cyrillic[0x40] = {
    0x0402, 0x0403, 0x201a, 0x0453, 0x201e, 0x2026, 0x2020, 0x2021, 0x20ac, 0x2030, 0x0409,
    0x2039, 0x040a, 0x040c, 0x040b, 0x040f, 0x0452, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0,      0x2122, 0x0459, 0x203a, 0x045a, 0x045c, 0x045b, 0x045f, 0x00a0,
    0x040e, 0x045e, 0x0408, 0x00a4, 0x0490, 0x00a6, 0x00a7, 0x0401, 0x00a9, 0x0404, 0x00ab,
    0x00ac, 0x00ad, 0x00ae, 0x0407, 0x00b0, 0x00b1, 0x0406, 0x0456, 0x0491, 0x00b5, 0x00b6,
    0x00b7, 0x0451, 0x2116, 0x0454, 0x00bb, 0x0458, 0x0405, 0x0455, 0x0457};

static int32_t letter(unsigned c, unsigned code_page)
{
    int32_t found = 0;
    if (c < 0x80)
        return (int32_t)c;
    if (code_page == CODE_PAGE_LATIN)
        found = windows_1252((unsigned char)c);
    if (code_page == CODE_PAGE_CYRILLIC)
        found = c < 0xc0 ? cyrillic[c - 0x80] : (int32_t)(0x0410 + c - 0xc0);
    return found != 0 ? found : REPLACEMENT;
}

struct str text_code_page(struct arena *arena, struct str bytes, unsigned code_page)
{
    struct buf b;
    if (utf8_valid(bytes))
        return bytes.p != NULL ? bytes : STR("");
    buf_init(&b, bytes.n * UTF8_MAX_BYTES);
    for (size_t i = 0; i < bytes.n; i++)
        utf8_add(&b, letter(byte_at(bytes, i), code_page));
    return done(arena, &b);
}
