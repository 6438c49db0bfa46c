/* The declarations of an element: of old attributes, of rules, of its own style. */
#include "html/html_internal.h"

enum { LINK_BLUE = 0x0000ee };

static void set(struct css_style *s, enum css_slot slot, int32_t value)
{
    s->set |= UINT32_C(1) << slot;
    s->value[slot] = value;
}

/* <font size>: 1 to 7, or so many more or less than 3. */
static void read_font_size(struct str text, struct css_style *out)
{
    static const int32_t pixels[] = {10, 10, 13, 16, 18, 24, 32, 48};
    text = str_trim(text);
    bool plus = text.n > 0 && text.p[0] == '+', minus = text.n > 0 && text.p[0] == '-';
    int size = 0;
    size_t i = (size_t)(plus || minus), digits = 0;
    for (; i < text.n && is_digit(text.p[i]) && digits < 3; i++, digits++)
        size = size * 10 + (text.p[i] - '0');
    if (digits == 0)
        return;
    size = plus ? 3 + size : minus ? 3 - size : size;
    size = size < 1 ? 1 : size > 7 ? 7 : size;
    set(out, CSS_FONT_SIZE, pixels[size] * CSS_PX);
}

/* What attributes said before there were styles: weaker than any rule. */
static void read_hints(const struct html_token *t, struct css_style *out)
{
    int32_t color;
    for (unsigned i = 0; i < t->n; i++) {
        struct str value = t->attributes[i].value;
        switch (t->attributes[i].id) {
        case ATTR_BGCOLOR:
            if (css_legacy_color(value, &color))
                set(out, CSS_BACKGROUND, color);
            break;
        case ATTR_BACKGROUND:
            if (value.n > 0)
                set(out, CSS_IMAGE, 1);
            break;
        case ATTR_COLOR:
            if (t->tag == TAG_FONT && css_legacy_color(value, &color))
                set(out, CSS_COLOR, color);
            break;
        case ATTR_TEXT:
            if (t->tag == TAG_BODY && css_legacy_color(value, &color))
                set(out, CSS_COLOR, color);
            break;
        case ATTR_SIZE:
            if (t->tag == TAG_FONT)
                read_font_size(value, out);
            break;
        case ATTR_HIDDEN:
            set(out, CSS_DISPLAY, CSS_WORD_NONE);
            break;
        case ATTR_FILL: /* of SVG: the colour of text */
            if (t->tag == TAG_TEXT && css_legacy_color(value, &color))
                set(out, CSS_COLOR, color);
            break;
        case ATTR_DIR:
            if (str_ieq(value, STR("rtl")))
                set(out, CSS_DIRECTION, CSS_WORD_RTL);
            break;
        case ATTR_HREF:
            if (t->tag == TAG_A)
                set(out, CSS_COLOR, css_color(LINK_BLUE));
            break;
        default:
            break;
        }
    }
}

static uint64_t hash_of(struct str s)
{
    uint64_t h = s.n, word;
    for (; s.n >= sizeof word; s = str_slice(s, sizeof word, s.n)) {
        memcpy(&word, s.p, sizeof word);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 40;
}

/* The declarations of a style attribute: a page has few that differ. */
static const struct css_style *inline_style(struct html_reader *r, struct str text)
{
    struct html_style *known = &r->known[hash_of(text) % HTML_STYLES_KEPT];
    if (!str_eq(known->text, text)) {
        known->text = text;
        known->style.set = known->style.important = 0;
        css_declarations_read(text_decode(r, text, true), &known->style);
    }
    return &known->style;
}

bool style_read(struct html_reader *r, struct css_style *own)
{
    const struct html_token *t = &r->token;
    struct str style = STR_NONE;
    own->set = own->important = 0;
    if (t->n > 0)
        read_hints(t, own);
    struct css_element e = {.tag = t->text};
    for (unsigned i = 0; i < t->n; i++) {
        if (t->attributes[i].id == ATTR_STYLE)
            style = t->attributes[i].value;
        if (t->attributes[i].id == ATTR_CLASS)
            e.classes = t->attributes[i].value;
        if (t->attributes[i].id == ATTR_ID)
            e.id = t->attributes[i].value;
    }
    css_sheet_apply(&r->sheet, &e, own);
    if (style.n > 0)
        css_style_merge(own, inline_style(r, style));
    return own->set != 0;
}
