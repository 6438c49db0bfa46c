/* What the codes of a font mean: /ToUnicode (ISO 32000-2 9.10.3) where there is one, Latin text for
 * simple fonts, nothing for the others. */
#include <stdlib.h>

#include "base/charset.h"
#include "base/utf8.h"
#include "pdf/pdf_internal.h"

enum {
    MAX_PARENTS = 16,
    MAX_RANGES = 70000, /* of all fonts of a document */
    MAX_RANGE_TEXT = 64 /* bytes of UTF-16 that one code may mean */
};

/* Codes from `first` to `last`: `text`, with the last code point counting up. */
struct range {
    uint32_t first, last;
    struct str text; /* UTF-16BE; a view */
};

struct pdf_font {
    uint32_t object;
    bool wide; /* codes of two octets */
    bool has_map;
    struct range *ranges;
    size_t n, cap;
    struct pdf_font *next;
};

/* ---- the map ---- */

/* The next <hex> before `end`, as octets in `out`. False: none. */
static bool next_hex(struct str s, size_t *at, size_t end, struct buf *out)
{
    while (*at < end && s.p[*at] != '<' && s.p[*at] != ']')
        ++*at;
    if (*at >= end || s.p[*at] == ']')
        return false;
    size_t start = *at;
    *at = pdf_skip_string(s, start);
    buf_reset(out);
    pdf_unescape(str_slice(s, start + 1, *at), true, out);
    return *at <= end;
}

static uint32_t code_of(struct str octets)
{
    uint32_t v = 0;
    for (size_t i = 0; i < octets.n && i < 4; i++)
        v = v << 8 | (unsigned char)octets.p[i];
    return v;
}

static bool add_range(struct pdf_reader *r, struct pdf_font *f, uint32_t first, uint32_t last,
                      struct str text)
{
    if (f->n == MAX_RANGES || text.n > MAX_RANGE_TEXT || last < first)
        return f->n < MAX_RANGES;
    if (f->n == f->cap) {
        size_t cap = f->cap == 0 ? 64 : 2 * f->cap;
        void *p = arena_grow(&r->own, f->ranges, f->n, cap, sizeof *f->ranges);
        if (p == NULL) {
            r->starved = true;
            return false;
        }
        f->ranges = p;
        f->cap = cap;
    }
    text = arena_copy(&r->own, text);
    r->starved |= text.p == NULL;
    f->ranges[f->n++] = (struct range){first, last, text};
    return !r->starved;
}

/* <first> <last> <text>, or <first> <last> [<text> <text> ...]. */
static bool read_range(struct pdf_reader *r, struct pdf_font *f, struct str s, size_t *at,
                       size_t end)
{
    struct buf *b = &r->string;
    if (!next_hex(s, at, end, b))
        return false;
    uint32_t first = code_of(buf_str(b));
    if (!next_hex(s, at, end, b))
        return false;
    uint32_t last = code_of(buf_str(b));
    *at = pdf_skip_space(s, *at);
    if (*at >= end || s.p[*at] != '[')
        return next_hex(s, at, end, b) && add_range(r, f, first, last, buf_str(b));
    ++*at;
    for (uint32_t c = first; next_hex(s, at, end, b); c++)
        if (c <= last && !add_range(r, f, c, c, buf_str(b)))
            return false;
    *at += *at < end;
    return true;
}

static bool read_char(struct pdf_reader *r, struct pdf_font *f, struct str s, size_t *at,
                      size_t end)
{
    if (!next_hex(s, at, end, &r->string))
        return false;
    uint32_t code = code_of(buf_str(&r->string));
    f->wide |= r->string.n > 1;
    return next_hex(s, at, end, &r->string) && add_range(r, f, code, code, buf_str(&r->string));
}

static int by_first(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Sections "beginbfchar ... endbfchar" and "beginbfrange ... endbfrange". */
static void read_map(struct pdf_reader *r, struct pdf_font *f, struct str s)
{
    static const struct str begin = STR_INIT("beginbf"), stop = STR_INIT("endbf");
    for (size_t at = str_search(s, begin); at < s.n && !r->starved;) {
        at += begin.n;
        bool range = str_starts(str_slice(s, at, s.n), STR("range"));
        size_t end = at + str_search(str_slice(s, at, s.n), stop);
        while (range ? read_range(r, f, s, &at, end) : read_char(r, f, s, &at, end))
            continue;
        at = end;
        at += str_search(str_slice(s, at, s.n), begin);
    }
    if (f->n > 0)
        qsort(f->ranges, f->n, sizeof *f->ranges, by_first);
    f->has_map = f->n > 0;
}

/* ---- finding it ---- */

static struct pdf_font *load(struct pdf_reader *r, uint32_t index)
{
    struct pdf_object *o = &r->objects[index];
    uint32_t dict = pdf_dict_of(r, o);
    const struct pdf_object *of_map = NULL;
    struct pdf_font *f = arena_new(&r->own, struct pdf_font, 1);
    bool cut;
    if (f == NULL) {
        r->starved = true;
        return NULL;
    }
    f->object = index;
    f->wide = pdf_is_word(r, pdf_get(r, dict, PDF_W_SUBTYPE), PDF_W_TYPE0);
    uint32_t map = pdf_follow(r, pdf_get(r, dict, PDF_W_TOUNICODE), &of_map);
    if (of_map != NULL && map == of_map->first && of_map->has_stream) {
        struct str s = pdf_stream(r, of_map, &r->page_left, PDF_LIMIT_TEXT, &cut);
        bool wide = f->wide;
        if (s.p != NULL)
            read_map(r, f, s);
        f->wide = wide;
    }
    f->next = r->fonts;
    r->fonts = f;
    return f;
}

/* /Resources of the page, or of the nodes above it. */
static uint32_t resources_of(struct pdf_reader *r, uint32_t owner, const struct pdf_object **o)
{
    *o = &r->objects[owner];
    uint32_t node = pdf_dict_of(r, *o);
    for (unsigned i = 0; i < MAX_PARENTS && node != PDF_NO_NODE; i++) {
        uint32_t found = pdf_get(r, node, PDF_W_RESOURCES);
        if (found != PDF_NO_NODE)
            return pdf_follow(r, found, o);
        node = pdf_follow(r, pdf_get(r, node, PDF_W_PARENT), o);
    }
    return PDF_NO_NODE;
}

const struct pdf_font *pdf_font_find(struct pdf_reader *r, uint32_t owner, struct str name)
{
    const struct pdf_object *o = NULL;
    struct pdf_object *of[PDF_MAX_DEFINITIONS];
    uint32_t fonts = pdf_follow(r, pdf_get(r, resources_of(r, owner, &o), PDF_W_FONT), &o);
    if (!pdf_is(r, fonts, PDF_NODE_DICT))
        return NULL;
    for (uint32_t i = fonts + 1; i + 1 < r->nodes[fonts].end && pdf_work(r, PDF_ENTRY_WORK);
         i = r->nodes[i].end) {
        if (!pdf_is(r, i, PDF_NODE_NAME) || !str_eq(r->nodes[i].text, name) ||
            !pdf_is(r, i + 1, PDF_NODE_REF) || pdf_definitions(r, r->nodes[i + 1].number, of) == 0)
            continue;
        uint32_t index = (uint32_t)(of[0] - r->objects);
        for (struct pdf_font *f = r->fonts; f != NULL && pdf_work(r, PDF_ENTRY_WORK); f = f->next)
            if (f->object == index)
                return f;
        return load(r, index);
    }
    return NULL;
}

/* ---- using it ---- */

static const struct range *range_of(const struct pdf_font *f, uint32_t code)
{
    size_t low = 0, high = f->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (f->ranges[middle].first > code)
            high = middle;
        else
            low = middle + 1;
    }
    return low > 0 && f->ranges[low - 1].last >= code ? &f->ranges[low - 1] : NULL;
}

static void add_scalar(struct buf *out, int32_t c)
{
    if (c > 0 && c <= 0x10ffff && (c < 0xd800 || c >= 0xe000))
        utf8_add(out, c);
}

static void add_meaning(const struct range *range, uint32_t code, struct buf *out)
{
    struct str s = range->text;
    for (int32_t c; (c = utf16_next(&s, true)) != UTF8_END;)
        if (c != UTF8_BAD)
            add_scalar(out, c + (s.n < 2 ? (int32_t)((code - range->first) & 0xffff) : 0));
    if (range->text.n == 1)
        add_scalar(out, (unsigned char)range->text.p[0] + (int32_t)((code - range->first) & 0xff));
}

size_t pdf_font_add(const struct pdf_font *f, struct str octets, struct buf *out)
{
    size_t width = f != NULL && f->wide ? 2 : 1, n = 0;
    for (size_t i = 0; i + width <= octets.n; i += width, n++) {
        unsigned char c = (unsigned char)octets.p[i];
        uint32_t code = width == 1 ? c : (uint32_t)c << 8 | (unsigned char)octets.p[i + 1];
        const struct range *range = f != NULL && f->has_map ? range_of(f, code) : NULL;
        if (range != NULL)
            add_meaning(range, code, out);
        else if (width == 1)
            add_scalar(out, c < ' ' ? ' ' : pdf_code_point(c));
    }
    return n;
}
