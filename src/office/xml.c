/* Tags, attributes, and the five entities. */
#include "office/xml.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "office/text.h"

static struct str behind(struct str s, struct str mark)
{
    size_t at = str_search(s, mark);
    return at == s.n ? str_slice(s, s.n, s.n) : str_slice(s, at + mark.n, s.n);
}

static struct str local_name(struct str name)
{
    size_t colon = str_find(name, ':');
    return colon < name.n ? str_slice(name, colon + 1, name.n) : name;
}

static bool is_name_end(char c)
{
    return is_fws(c) || c == '>' || c == '/' || c == '=' || c == '"' || c == '\'';
}

static struct str take_name(struct str *s)
{
    size_t n = 0;
    while (n < s->n && !is_name_end(s->p[n]))
        n++;
    struct str name = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return name;
}

/* From behind the name to the ">" that is outside of quotes. */
static size_t tag_end(struct str s)
{
    char quote = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quote != 0)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            return i;
    }
    return s.n;
}

static enum xml_event take_tag(struct xml *x)
{
    struct str s = str_slice(x->rest, 1, x->rest.n);
    bool closing = s.n > 0 && *s.p == '/';
    s = str_slice(s, closing, s.n);
    x->name = local_name(take_name(&s));
    size_t end = tag_end(s);
    x->attrs = str_slice(s, 0, end);
    x->empty = !closing && x->attrs.n > 0 && x->attrs.p[x->attrs.n - 1] == '/';
    x->rest = str_slice(s, end + 1, s.n);
    return closing ? XML_CLOSE : XML_OPEN;
}

enum xml_event xml_next(struct xml *x)
{
    static const struct str cdata = STR_INIT("<![CDATA[");
    while (x->rest.n > 0) {
        struct str s = x->rest;
        if (*s.p != '<') {
            size_t n = str_find(s, '<');
            x->text = str_slice(s, 0, n);
            x->rest = str_slice(s, n, s.n);
            return XML_TEXT;
        }
        if (str_starts(s, cdata)) {
            s = str_slice(s, cdata.n, s.n);
            size_t n = str_search(s, STR("]]>"));
            x->text = str_slice(s, 0, n);
            x->rest = str_slice(s, n + 3, s.n);
            return XML_TEXT;
        }
        if (str_starts(s, STR("<!--")))
            x->rest = behind(str_slice(s, 4, s.n), STR("-->"));
        else if (str_starts(s, STR("<?")))
            x->rest = behind(s, STR("?>"));
        else if (str_starts(s, STR("<!")))
            x->rest = behind(s, STR(">"));
        else
            return take_tag(x);
    }
    return XML_END;
}

bool xml_attr_next(struct str *attrs, struct xml_attr *out)
{
    struct str s = *attrs;
    while (s.n > 0) {
        size_t n = 0;
        while (n < s.n && is_name_end(s.p[n]))
            n++;
        s = str_slice(s, n, s.n);
        out->name = local_name(take_name(&s));
        s = str_trim(s);
        if (s.n == 0 || *s.p != '=')
            continue;
        s = str_trim(str_slice(s, 1, s.n));
        if (s.n == 0 || (*s.p != '"' && *s.p != '\''))
            continue;
        struct str value = str_slice(s, 1, s.n);
        size_t end = str_find(value, *s.p);
        out->value = str_slice(value, 0, end);
        *attrs = str_slice(value, end + 1, value.n);
        return true;
    }
    *attrs = s;
    return false;
}

struct str xml_attr(struct str attrs, struct str name)
{
    struct xml_attr a;
    while (xml_attr_next(&attrs, &a))
        if (str_eq(a.name, name))
            return a.value;
    return STR_NONE;
}

/* ---- entities ---- */

static const struct {
    struct str name;
    char c;
} entities[] = {{STR_INIT("amp"), '&'},
                {STR_INIT("lt"), '<'},
                {STR_INIT("gt"), '>'},
                {STR_INIT("quot"), '"'},
                {STR_INIT("apos"), '\''}};

/* `name` without "&" and ";". -1: none of XML. */
static int32_t entity(struct str name)
{
    uint32_t v = 0;
    for (size_t i = 0; i < ARRAY_LEN(entities); i++)
        if (str_eq(entities[i].name, name))
            return entities[i].c;
    if (name.n < 2 || *name.p != '#')
        return -1;
    bool hex = to_lower(name.p[1]) == 'x';
    for (size_t i = hex ? 2 : 1; i < name.n; i++) {
        int digit = hex_value(name.p[i]);
        if (digit < 0 || (!hex && digit > 9) || v > 0x10ffff)
            return -1;
        v = v * (hex ? 16 : 10) + (uint32_t)digit;
    }
    return v == 0 || v > 0x10ffff || (v >= 0xd800 && v < 0xe000) ? -1 : (int32_t)v;
}

struct str xml_text(struct arena *arena, struct str raw)
{
    enum { ENTITY_BYTES = 12 };
    struct buf b;
    if (!str_has(raw, '&'))
        return raw.p != NULL ? raw : STR("");
    buf_init(&b, raw.n + 1);
    while (raw.n > 0) {
        size_t n = str_find(raw, '&');
        buf_add(&b, str_slice(raw, 0, n));
        raw = str_slice(raw, n, raw.n);
        struct str name = str_slice(raw, 1, 1 + ENTITY_BYTES);
        size_t end = str_find(name, ';');
        int32_t c = end < name.n ? entity(str_slice(name, 0, end)) : -1;
        if (c >= 0)
            utf8_add(&b, c);
        else
            buf_add(&b, str_slice(raw, 0, 1));
        raw = str_slice(raw, c >= 0 ? end + 2 : 1, raw.n);
    }
    struct str out = b.failed ? STR_NONE : arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return out;
}

/* ---- UTF-16 ---- */

struct str xml_utf8(struct arena *arena, struct str bytes)
{
    bool big = str_starts(bytes, STR("\xfe\xff")) || str_starts(bytes, STR("\0<"));
    if (big || str_starts(bytes, STR("\xff\xfe")) || str_starts(bytes, STR("<\0")))
        return text_utf16(arena, bytes, big);
    return bytes.p != NULL ? bytes : STR("");
}
