/* Pages of other charsets as UTF-8: tables of single bytes, UTF-16; nothing is loaded. */
#include "base/charset.h"
#include "base/utf8.h"
#include "html/html.h"
#include "html/words_internal.h"

enum { CODEC_NONE, CODEC_UTF8, CODEC_UTF16LE, CODEC_UTF16BE, CODEC_SINGLE_BYTE };
enum { META_WINDOW = 4096, LABEL_MAX = 40 };

static unsigned codec_of(struct str label)
{
    return html_charset_codecs[words_find(&html_charset_words, str_trim(label))];
}

static unsigned codec_by_mark(struct str page)
{
    static const struct {
        struct str mark;
        unsigned codec;
    } marks[] = {{STR_INIT("\xef\xbb\xbf"), CODEC_UTF8},
                 {STR_INIT("\xff\xfe"), CODEC_UTF16LE},
                 {STR_INIT("\xfe\xff"), CODEC_UTF16BE}};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (str_starts(page, marks[i].mark))
            return marks[i].codec;
    /* "<\0" and "\0<": what no other charset begins with. */
    if (page.n >= 4 && page.p[0] != 0 && page.p[1] == 0 && page.p[2] != 0 && page.p[3] == 0)
        return CODEC_UTF16LE;
    if (page.n >= 4 && page.p[0] == 0 && page.p[1] != 0 && page.p[2] == 0 && page.p[3] != 0)
        return CODEC_UTF16BE;
    return CODEC_NONE;
}

/* The label behind "charset=" or "encoding=", with or without quotes. */
static struct str label_behind(struct str s, struct str key)
{
    size_t at = str_isearch(s, key);
    if (at == s.n)
        return STR_NONE;
    struct str rest = str_trim(str_slice(s, at + key.n, s.n));
    if (rest.n == 0 || rest.p[0] != '=')
        return STR_NONE;
    rest = str_trim(str_slice(rest, 1, rest.n));
    if (rest.n > 0 && (rest.p[0] == '"' || rest.p[0] == '\''))
        rest = str_slice(rest, 1, rest.n);
    size_t n = 0;
    while (n < rest.n && n < LABEL_MAX &&
           (is_alnum(rest.p[n]) || rest.p[n] == '-' || rest.p[n] == '_' || rest.p[n] == '.'))
        n++;
    return str_slice(rest, 0, n);
}

/* What the first 4 KiB say: `<?xml encoding=`, `<meta charset=`, `<meta ... content=...charset=`.
 */
static struct str declared_within(struct str page)
{
    struct str head = str_slice(page, 0, META_WINDOW);
    if (str_starts(head, STR("<?xml"))) {
        struct str label = label_behind(str_slice(head, 0, str_find(head, '>')), STR("encoding"));
        if (label.n > 0)
            return label;
    }
    while (head.n > 0) {
        size_t at = str_isearch(head, STR("<meta"));
        struct str tag = str_slice(head, at, head.n);
        size_t end = str_find(tag, '>');
        struct str label = label_behind(str_slice(tag, 0, end), STR("charset"));
        if (label.n > 0)
            return label;
        head = str_slice(tag, end + 1, tag.n);
    }
    return STR_NONE;
}

static int from_single_byte(struct arena *arena, struct str page, unsigned codec, struct str *out)
{
    size_t high = 0, n = 0;
    for (size_t i = 0; i < page.n; i++)
        high += (unsigned char)page.p[i] >> 7;
    if (high == 0) {
        *out = page;
        return MP_OK;
    }
    char *text = arena_new(arena, char, page.n + 2 * high);
    if (text == NULL)
        return MP_E_NOMEM;
    for (size_t i = 0; i < page.n; i++) {
        unsigned char c = (unsigned char)page.p[i];
        if (c < 0x80)
            text[n++] = (char)c;
        else
            n += utf8_put(html_single_byte[codec][c - 0x80], text + n);
    }
    *out = str_make(text, n);
    return MP_OK;
}

static int from_utf16(struct arena *arena, struct str page, bool big, struct str *out)
{
    char *text = arena_new(arena, char, page.n / 2 * 3 + 1);
    size_t n = 0;
    if (text == NULL)
        return MP_E_NOMEM;
    struct str rest = page;
    if (utf16_next(&rest, big) == 0xfeff) /* the mark */
        page = rest;
    for (int32_t c; (c = utf16_next(&page, big)) != UTF8_END;)
        n += utf8_put(c == UTF8_BAD ? 0xfffd : c, text + n);
    *out = str_make(text, n);
    return MP_OK;
}

int html_to_utf8(struct arena *arena, struct str page, struct str declared, struct str *out,
                 struct str *unknown, struct mp_err *err)
{
    struct str label = STR_NONE;
    unsigned codec = codec_by_mark(page);
    *unknown = STR_NONE;
    if (codec == CODEC_NONE) {
        label = str_trim(declared);
        if (label.n == 0)
            label = declared_within(page);
        codec = codec_of(label);
        /* That it is UTF-16 could be read: it is not (the standard's own rule). */
        if (codec == CODEC_UTF16LE || codec == CODEC_UTF16BE)
            codec = declared.n > 0 ? codec : CODEC_UTF8;
    }
    if (codec == CODEC_NONE && label.n > 0)
        *unknown = label;
    if (codec == CODEC_NONE && label.n == 0 && !utf8_valid(page))
        codec = codec_of(STR("windows-1252"));
    int st = MP_OK;
    struct str text = page;
    if (codec == CODEC_UTF16LE || codec == CODEC_UTF16BE)
        st = from_utf16(arena, page, codec == CODEC_UTF16BE, &text);
    else if (codec >= CODEC_SINGLE_BYTE)
        st = from_single_byte(arena, page, codec, &text);
    if (st != MP_OK)
        return mp_fail(err, st, 0, "a page needs more memory than allowed");
    *out = str_starts(text, STR("\xef\xbb\xbf")) ? str_slice(text, 3, text.n) : text;
    return MP_OK;
}
