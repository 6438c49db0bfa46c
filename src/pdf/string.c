/* Strings: escapes undone, decrypted, text of any of its encodings as UTF-8. */
#include "base/charset.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "pdf/pdf_internal.h"

static size_t unescape_one(struct str s, size_t i, struct buf *out)
{
    static const struct str letters = STR_INIT("nrtbf"), meant = STR_INIT("\n\r\t\b\f");
    char c = s.p[i];
    size_t letter = str_find(letters, c);
    if (letter < letters.n) {
        buf_addc(out, meant.p[letter]);
        return i + 1;
    }
    if (c == '\r' || c == '\n') /* the line goes on */
        return i + 1 + (c == '\r' && i + 1 < s.n && s.p[i + 1] == '\n');
    if (c < '0' || c > '7') {
        buf_addc(out, c);
        return i + 1;
    }
    unsigned v = 0, n = 0;
    for (; n < 3 && i < s.n && s.p[i] >= '0' && s.p[i] <= '7'; n++, i++)
        v = v * 8 + (unsigned)(s.p[i] - '0');
    buf_addc(out, (char)v);
    return i;
}

void pdf_unescape(struct str raw, bool hex, struct buf *out)
{
    if (hex) {
        pdf_unhex(raw, raw.n, out);
        return;
    }
    for (size_t i = 0; i < raw.n;) {
        size_t plain = str_find(str_slice(raw, i, raw.n), '\\');
        buf_add(out, str_slice(raw, i, i + plain));
        i += plain + 1;
        if (i < raw.n)
            i = unescape_one(raw, i, out);
    }
}

/* Text that somebody wrote to be read; or a text string with its mark. */
static bool looks_plain(struct str s)
{
    if (str_starts(s, STR("\xfe\xff")))
        return true;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' && !is_fws(s.p[i]))
            return false;
    return utf8_valid(s);
}

struct str pdf_string(struct pdf_reader *r, const struct pdf_object *o, uint32_t node)
{
    struct str raw = r->nodes[node].text;
    if (!pdf_work(r, 2 * (uint64_t)raw.n)) /* escapes take their time */
        return STR_NONE;
    buf_reset(&r->string);
    pdf_unescape(raw, r->nodes[node].kind == PDF_NODE_HEX, &r->string);
    r->starved |= r->string.failed;
    struct str s = buf_str(&r->string);
    /* Readers differ on which /Encrypt counts: what is text already was never encrypted. */
    if (r->pdf->encryption == PDF_LOCKED)
        return looks_plain(s) ? s : STR_NONE;
    if (!pdf_decrypt(r, o, r->crypt.strings, s, &r->plain) ||
        (looks_plain(s) && !looks_plain(buf_str(&r->plain))))
        return s;
    return buf_str(&r->plain);
}

int32_t pdf_code_point(unsigned char c)
{
    enum { BULLET = 0x2022 };
    int32_t meant = windows_1252(c);
    return meant != 0 || c == 0 ? meant : BULLET;
}

/* Halves of surrogate pairs are left out. */
static void add_utf16(struct str s, bool big, struct buf *out)
{
    for (int32_t c; (c = utf16_next(&s, big)) != UTF8_END;)
        if (c != UTF8_BAD)
            utf8_add(out, c);
}

struct str pdf_text_of(struct pdf_reader *r, struct str octets)
{
    if (str_starts(octets, STR("\xef\xbb\xbf")))
        octets = str_slice(octets, 3, octets.n);
    bool big = str_starts(octets, STR("\xfe\xff")), little = str_starts(octets, STR("\xff\xfe"));
    struct str out;
    if (!big && !little && utf8_valid(octets)) {
        out = arena_copy(r->arena, octets);
    } else {
        struct buf text;
        buf_init(&text, 4 * octets.n + 16);
        if (big || little)
            add_utf16(str_slice(octets, 2, octets.n), big, &text);
        for (size_t i = 0; !big && !little && i < octets.n; i++)
            utf8_add(&text, pdf_code_point((unsigned char)octets.p[i]));
        out = text.failed ? STR_NONE : arena_copy(r->arena, buf_str(&text));
        buf_clear(&text);
    }
    r->starved |= out.p == NULL;
    return out;
}

struct str pdf_text_at(struct pdf_reader *r, const struct pdf_object *o, uint32_t node)
{
    bool cut;
    node = pdf_follow(r, node, &o);
    if (pdf_is_string(r, node))
        return pdf_text_of(r, pdf_string(r, o, node));
    if (!pdf_is(r, node, PDF_NODE_DICT) || !o->has_stream || node != o->first)
        return STR_NONE;
    struct str s = pdf_stream(r, o, &r->inflate_left, PDF_LIMIT_INFLATED, &cut);
    return s.p == NULL ? STR_NONE : pdf_text_of(r, s);
}
