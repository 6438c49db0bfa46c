/* Text of parts as people read it, and finding words in it. */
#include "base/utf8.h"
#include "message/charset.h"
#include "store/summary_internal.h"

/* p == NULL: a charset that nobody knows, or no memory. */
static struct str to_utf8(struct arena *a, struct str charset, struct str bytes)
{
    enum { LONGEST = 3 }; /* bytes for one octet: U+FFFD */
    struct buf b;
    struct str out = STR_NONE;
    buf_init(&b, bytes.n * LONGEST + 1);
    if (charset_add_utf8(&b, charset, bytes) && !b.failed)
        out = arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return out;
}

/* ---- HTML: a reader's view, not a parser's ---- */

static const struct {
    struct str name;
    char as;
} entities[] = {{STR_INIT("&amp;"), '&'},  {STR_INIT("&lt;"), '<'},   {STR_INIT("&gt;"), '>'},
                {STR_INIT("&quot;"), '"'}, {STR_INIT("&#39;"), '\''}, {STR_INIT("&nbsp;"), ' '}};

/* At "<": to behind the tag; what stands in style and script is no text. */
static size_t skip_tag(struct str s, size_t pos)
{
    static const struct {
        struct str begin, end;
    } hidden[] = {{STR_INIT("<style"), STR_INIT("</style")},
                  {STR_INIT("<script"), STR_INIT("</script")},
                  {STR_INIT("<!--"), STR_INIT("-->")}};
    struct str rest = str_slice(s, pos, s.n);
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        if (!str_istarts(rest, hidden[i].begin))
            continue;
        size_t at = 1;
        while (at < rest.n && !str_istarts(str_slice(rest, at, rest.n), hidden[i].end))
            at += 1 + str_find(str_slice(rest, at + 1, rest.n), hidden[i].end.p[0]);
        rest = str_slice(rest, at, rest.n);
        break;
    }
    size_t close = str_find(rest, '>');
    return close == rest.n ? s.n : s.n - rest.n + close + 1;
}

static struct str html_text(struct arena *a, struct str html)
{
    char *out = arena_new(a, char, html.n + 1);
    size_t n = 0;
    if (out == NULL)
        return STR_NONE;
    for (size_t i = 0; i < html.n;) {
        if (html.p[i] == '<') {
            i = skip_tag(html, i);
            out[n++] = ' ';
            continue;
        }
        size_t step = 1;
        out[n] = html.p[i];
        for (size_t k = 0; html.p[i] == '&' && k < ARRAY_LEN(entities); k++)
            if (str_istarts(str_slice(html, i, html.n), entities[k].name)) {
                out[n] = entities[k].as;
                step = entities[k].name.n;
            }
        n++;
        i += step;
    }
    return str_make(out, n);
}

struct str part_text(struct arena *a, const struct message *m, const struct mime_part *p,
                     size_t max_encoded)
{
    size_t bad;
    if (!str_eq(p->type, STR("text")) || p->is_multipart)
        return STR_NONE;
    size_t n = p->body_length < max_encoded ? p->body_length : max_encoded;
    struct str encoded = str_slice(m->raw, p->body_offset, p->body_offset + n);
    struct str text = transfer_decode(a, encoded, p->encoding, &bad);
    if (text.p != NULL && p->charset.n != 0 && !str_ieq(p->charset, STR("utf-8"))) {
        struct str converted = to_utf8(a, p->charset, text);
        text = converted.p == NULL ? text : converted;
    }
    return text.p != NULL && str_eq(p->subtype, STR("html")) ? html_text(a, text) : text;
}

/* ---- letters without case ---- */

/* The alphabets of Europe; the others of the world have no case, but for a few. */
static int32_t fold(int32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 0x20 : c;
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40f)
        return c + 0x50;
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
        return c | 1; /* even is the capital */
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c % 2 != 0 ? c + 1 : c; /* odd is the capital */
    return c;
}

struct str text_fold(struct arena *a, struct str text)
{
    struct buf b;
    buf_init(&b, text.n + 1); /* no letter gets longer; NUL and bad octets stay as they are */
    for (struct str rest = text; rest.n > 0;) {
        struct str before = rest;
        int32_t c = utf8_next(&rest);
        if (c == UTF8_BAD)
            buf_addc(&b, before.p[0]);
        else
            utf8_add(&b, fold(c));
    }
    struct str out = b.failed ? STR_NONE : arena_copy(a, buf_str(&b));
    buf_clear(&b);
    return out;
}

/* One code point at `pos`, folded; *next is behind it. ASCII without a call. */
static int32_t folded_at(struct str s, size_t pos, size_t *next)
{
    unsigned char c = (unsigned char)s.p[pos];
    if (c < 0x80) {
        *next = pos + 1;
        return (unsigned char)to_lower((char)c);
    }
    struct str rest = str_slice(s, pos, s.n);
    int32_t point = utf8_next(&rest);
    *next = s.n - rest.n;
    return point == UTF8_BAD ? -1 - c : fold(point);
}

static bool has_at(struct str text, size_t pos, struct str folded)
{
    for (size_t i = 0; i < folded.n;) {
        size_t next, next_folded;
        if (pos >= text.n || folded_at(text, pos, &next) != folded_at(folded, i, &next_folded))
            return false;
        pos = next;
        i = next_folded;
    }
    return true;
}

bool text_has(struct str text, struct str folded)
{
    if (folded.n == 0)
        return true;
    size_t first_next;
    int32_t first = folded_at(folded, 0, &first_next);
    for (size_t i = 0, next; i < text.n; i = next)
        if (folded_at(text, i, &next) == first && has_at(text, i, folded))
            return true;
    return false;
}

bool body_has(struct arena *a, struct str raw, struct str needle)
{
    struct message m;
    struct mime_tree tree = {0};
    struct str folded = text_fold(a, needle);
    if (folded.p == NULL || message_parse(a, raw, &m, NULL) != MP_OK ||
        mime_parse(a, &m, &tree, NULL) != MP_OK)
        return false;
    for (size_t i = 0; i < tree.n; i++)
        if (text_has(part_text(a, &m, &tree.parts[i], SUMMARY_PART_MAX), folded))
            return true;
    return false;
}
