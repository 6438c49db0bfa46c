/* Charsets to UTF-8. */
#include "tests/tap.h"

#include "message/charset.h"

int main(void)
{
    static const struct {
        const char *label, *charset, *text, *want; /* want NULL: unknown */
    } rows[] = {
        {"none", "", "abc", "abc"},
        {"UTF-8", "utf-8", "\xc3\xa9", "\xc3\xa9"},
        {"UTF-8 with a broken byte", "UTF-8",
         "a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"ISO 8859-1", "iso-8859-1", "\xe9", "\xc3\xa9"},
        {"ISO 8859-1, ASCII alone", "ISO-8859-1", "a~b", "a~b"},
        {"windows-1252", "windows-1252", "\x80", "\xe2\x82\xac"},
        {"windows-1252, a byte that is none", "windows-1252", "\x81", "\xef\xbf\xbd"},
        {"Shift_JIS", "shift_jis", "\x93\xfa", "\xe6\x97\xa5"},
        {"Shift_JIS, cut", "shift_jis", "\x93", "\xef\xbf\xbd"},
        {"ISO 2022-JP", "iso-2022-jp", "\x1b$BF|\x1b(B", "\xe6\x97\xa5"},
        {"unknown", "x-nothing", "abc", NULL},
        {"a name that is too long", "a23456789012345678901234567890123456789012", "abc", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        tap_case("charset: %s", rows[i].label);
        bool ok = charset_add_utf8(&out, str_from(rows[i].charset), str_from(rows[i].text));
        tap_int(ok, rows[i].want != NULL);
        tap_str(buf_str(&out), str_from(rows[i].want));
        if (charset_is_utf8(str_from(rows[i].charset), str_from(rows[i].text)))
            tap_str(buf_str(&out), str_from(rows[i].text));
        buf_clear(&out);
    }
    return tap_done();
}
