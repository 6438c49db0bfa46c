/* Declarations: found between their semicolons, cleaned of tricks, read by a table. */
#include "base/hex.h"
#include "html/css_internal.h"
#include "html/words_internal.h"

static bool is_css_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static struct str skip_space(struct str s)
{
    while (s.n > 0 && is_css_space(s.p[0]))
        s = str_slice(s, 1, s.n);
    return s;
}

struct str css_trim(struct str s)
{
    s = skip_space(s);
    while (s.n > 0 && is_css_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* ---- where things end ---- */

/* Behind the string that begins at `i`; a line end breaks it off. */
static size_t skip_string(struct str s, size_t i)
{
    char quote = s.p[i++];
    for (; i < s.n && s.p[i] != quote && s.p[i] != '\n'; i++)
        i += s.p[i] == '\\' && i + 1 < s.n;
    return i < s.n ? i + 1 : s.n;
}

static size_t skip_comment(struct str s, size_t i)
{
    struct str rest = str_slice(s, i + 2, s.n);
    size_t n = str_search(rest, STR("*/"));
    return n < rest.n ? i + 2 + n + 2 : s.n;
}

/* What a byte may be to css_find: bits of enum css_stop, or to be looked at closer. */
enum { SPECIAL = 1 };

static const uint8_t kinds[256] = {
    ['"'] = SPECIAL,
    ['\''] = SPECIAL,
    ['\\'] = SPECIAL,
    ['/'] = SPECIAL | CSS_STOP_SLASH,
    ['('] = SPECIAL,
    [')'] = SPECIAL,
    ['['] = SPECIAL,
    [']'] = SPECIAL,
    [';'] = CSS_STOP_SEMICOLON,
    ['{'] = CSS_STOP_BRACE,
    ['}'] = CSS_STOP_BRACE,
    [','] = CSS_STOP_COMMA,
    [' '] = CSS_STOP_SPACE,
    ['\t'] = CSS_STOP_SPACE,
    ['\n'] = CSS_STOP_SPACE,
};

/* `*odd`: there are escapes or comments on the way. */
static size_t find_odd(struct str s, unsigned stops, bool *odd)
{
    unsigned depth = 0, closer = stops | SPECIAL;
    for (size_t i = 0; i < s.n;) {
        while (i < s.n && (kinds[(unsigned char)s.p[i]] & closer) == 0)
            i++;
        if (i == s.n)
            break;
        char c = s.p[i];
        if (depth == 0 && (kinds[(unsigned char)c] & stops) != 0)
            return i;
        if (c == '"' || c == '\'') {
            i = skip_string(s, i);
        } else if (c == '\\') {
            *odd = true;
            i += 2;
        } else if (c == '/' && i + 1 < s.n && s.p[i + 1] == '*') {
            *odd = true;
            i = skip_comment(s, i);
        } else {
            depth += c == '(' || c == '[';
            depth -= (c == ')' || c == ']') && depth > 0;
            i++;
        }
    }
    return s.n;
}

size_t css_find(struct str s, unsigned stops)
{
    bool odd = false;
    return find_odd(s, stops, &odd);
}

struct str css_cut_word(struct str *s)
{
    *s = css_trim(*s);
    size_t n = css_find(*s, CSS_STOP_SPACE);
    struct str word = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->n);
    return word;
}

/* ---- tricks ---- */

static size_t hex_escape(struct str s, size_t i, uint32_t *out)
{
    size_t n = i;
    uint32_t value = 0;
    for (; n < s.n && n < i + 6; n++) {
        int digit = hex_value(s.p[n]);
        if (digit < 0)
            break;
        value = value << 4 | (uint32_t)digit;
    }
    *out = value;
    return n < s.n && n > i && is_css_space(s.p[n]) ? n + 1 : n;
}

struct str css_clean(struct str s, char out[CSS_MAX_VALUE])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < CSS_MAX_VALUE;) {
        if (s.p[i] == '/' && i + 1 < s.n && s.p[i + 1] == '*') {
            i = skip_comment(s, i);
            continue;
        }
        if (s.p[i] != '\\' || i + 1 == s.n) {
            out[n++] = s.p[i++];
            continue;
        }
        uint32_t c = 0;
        size_t next = hex_escape(s, i + 1, &c);
        if (next == i + 1)
            c = (unsigned char)s.p[next++];
        out[n++] = c > 0 && c < 0x80 ? (char)c : '?'; /* no word of ours has others */
        i = next;
    }
    return str_make(out, n);
}

/* ---- declarations ---- */

enum property {
    PROPERTY_OTHER,
#define PROPERTY(symbol, name, slot, reader) PROPERTY_##symbol,
#include "html/properties.def"
#undef PROPERTY
};

static const struct {
    enum css_slot slot;
    css_reader *read;
} properties[] = {
    {0, NULL},
#define PROPERTY(symbol, name, slot, reader) {slot, reader},
#include "html/properties.def"
#undef PROPERTY
};

static struct str cut_important(struct str value, bool *important)
{
    size_t mark = value.n;
    while (mark > 0 && value.p[mark - 1] != '!')
        mark--;
    *important = mark > 0 && str_ieq(css_trim(str_slice(value, mark, value.n)), STR("important"));
    return *important ? css_trim(str_slice(value, 0, mark - 1)) : value;
}

static void set_slot(struct css_style *out, enum css_slot slot, int32_t value, bool important)
{
    uint32_t bit = UINT32_C(1) << slot;
    if ((out->important & bit) != 0 && !important)
        return;
    out->set |= bit;
    out->important |= important ? bit : 0;
    out->value[slot] = value;
}

static void read_declaration(struct str text, bool odd, struct css_style *out)
{
    char clean[CSS_MAX_VALUE];
    if (odd)
        text = css_clean(text, clean);
    size_t colon = str_find(text, ':');
    unsigned row = words_find(&html_property_words, css_trim(str_slice(text, 0, colon)));
    if (row == PROPERTY_OTHER)
        return;
    bool important;
    int32_t value;
    struct str given = cut_important(css_trim(str_slice(text, colon + 1, text.n)), &important);
    if (!properties[row].read(given, &value))
        return;
    set_slot(out, properties[row].slot, value, important);
    if (row == PROPERTY_BACKGROUND)
        set_slot(out, CSS_IMAGE, value == CSS_COLOR_UNKNOWN, important);
}

void css_declarations_read(struct str text, struct css_style *out)
{
    while (text.n > 0) {
        bool odd = false;
        size_t n = find_odd(text, CSS_STOP_SEMICOLON, &odd);
        read_declaration(str_slice(text, 0, n), odd, out);
        text = str_slice(text, n + 1, text.n);
    }
}

void css_style_merge(struct css_style *to, const struct css_style *from)
{
    uint32_t take = from->set & ~(to->important & ~from->important);
    to->set |= take;
    to->important |= take & from->important;
    for (; take != 0; take &= take - 1) {
        int slot = __builtin_ctz(take);
        to->value[slot] = from->value[slot];
    }
}

/* ---- addresses ---- */

static struct str unquoted(struct str s)
{
    s = css_trim(s);
    if (s.n > 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
        size_t end = str_find(str_slice(s, 1, s.n), s.p[0]);
        s = str_slice(s, 1, 1 + end);
    }
    return css_trim(s);
}

bool css_url_next(struct str *rest, struct str *url)
{
    for (size_t n; (n = str_find(*rest, '(')) < rest->n;) {
        bool named = n >= 3 && str_ieq(str_slice(*rest, n - 3, n), STR("url"));
        *rest = str_slice(*rest, n + 1, rest->n);
        if (!named)
            continue;
        struct str at = skip_space(*rest);
        bool quoted = at.n > 0 && (at.p[0] == '"' || at.p[0] == '\'');
        size_t end = quoted ? skip_string(at, 0) : str_find(at, ')');
        *url = unquoted(str_slice(at, 0, end));
        *rest = str_slice(at, end, at.n);
        return true;
    }
    return false;
}

bool css_import_next(struct str *rest, struct str *url)
{
    for (size_t n; (n = str_find(*rest, '@')) < rest->n;) {
        *rest = str_slice(*rest, n + 1, rest->n);
        if (!str_istarts(*rest, STR("import")))
            continue;
        struct str at = skip_space(str_slice(*rest, 6, rest->n));
        if (at.n == 0 || (at.p[0] != '"' && at.p[0] != '\''))
            continue;
        size_t end = skip_string(at, 0);
        *url = unquoted(str_slice(at, 0, end));
        *rest = str_slice(at, end, at.n);
        return true;
    }
    return false;
}
