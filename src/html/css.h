/* As much of CSS as decides whether text is seen: declarations, simple rules, what they mean. */
#ifndef MP_HTML_CSS_H
#define MP_HTML_CSS_H

#include "base/arena.h"

enum { CSS_MAX_RULES = 1024 /* selectors kept of all <style> elements of a page */ };

enum css_slot {
    CSS_BACKGROUND,
    CSS_IMAGE, /* of the background: 0 or 1 */
    CSS_CLIP,  /* to nothing: 0 or 1; so CSS_CLIP_PATH, CSS_TRANSFORM */
    CSS_CLIP_PATH,
    CSS_COLOR,
    CSS_CONTENT_VISIBILITY,
    CSS_DIRECTION,
    CSS_DISPLAY,
    CSS_FILTER, /* opacity by a filter, per mille */
    CSS_FONT_SIZE,
    CSS_HEIGHT,
    CSS_LEFT,
    CSS_MARGIN_LEFT,
    CSS_MARGIN_TOP,
    CSS_MAX_HEIGHT,
    CSS_MAX_WIDTH,
    CSS_OPACITY, /* per mille */
    CSS_OVERFLOW,
    CSS_POSITION,
    CSS_TEXT_FILL,
    CSS_TEXT_INDENT,
    CSS_TEXT_SECURITY,
    CSS_TOP,
    CSS_TRANSFORM,
    CSS_UNICODE_BIDI,
    CSS_VISIBILITY,
    CSS_WIDTH,
    CSS_SLOTS
};

/* Lengths are in thousandths of a pixel. */
enum { CSS_PX = 1000, CSS_AUTO = INT32_MAX };

/* Font sizes below 0: -(thousandths of the parent's) - 1. */
static inline int32_t css_relative(int64_t per_mille)
{
    return -(int32_t)(per_mille > 1000000 ? 1000000 : per_mille < 0 ? 0 : per_mille) - 1;
}

/* Colours: 0xRRGGBB below an opacity of 0 (nothing) to 127 (full). */
enum { CSS_OPAQUE = 127, CSS_COLOR_UNKNOWN = -1, CSS_COLOR_INHERIT = -2 };

static inline int32_t css_color(uint32_t rgb)
{
    return (int32_t)(rgb | (uint32_t)CSS_OPAQUE << 24);
}

/* Words that mean something to us; CSS_WORD_OTHER: another one that CSS knows. */
enum css_word {
    CSS_WORD_OTHER,
    CSS_WORD_ABSOLUTE,
    CSS_WORD_BIDI_OVERRIDE,
    CSS_WORD_COLLAPSE,
    CSS_WORD_DISC,
    CSS_WORD_FIXED,
    CSS_WORD_HIDDEN,
    CSS_WORD_NONE,
    CSS_WORD_RELATIVE,
    CSS_WORD_RTL,
    CSS_WORD_VISIBLE
};

struct css_style {
    uint32_t set, important; /* bits of enum css_slot */
    int32_t value[CSS_SLOTS];
};

static inline bool css_has(const struct css_style *s, enum css_slot slot)
{
    return (s->set >> slot & 1) != 0;
}

/* Declarations of a style attribute or a block, `text` without character references; later ones
 * win over earlier ones. `out` is added to. Linear. */
void css_declarations_read(struct str text, struct css_style *out);

/* `from` on top of `to`, as the cascade has it for origins of rising weight. */
void css_style_merge(struct css_style *to, const struct css_style *from);

/* A colour as attributes give it ("red", "#fff", "ffffff"). */
bool css_legacy_color(struct str text, int32_t *out);

/* The next url(...), without quotes; `*rest` moves behind it. False: none. Linear. */
bool css_url_next(struct str *rest, struct str *url);
/* The next @import of a sheet that gives its address as a string. */
bool css_import_next(struct str *rest, struct str *url);

/* A rule with a selector that looks at one element only. */
struct css_rule {
    struct str tag;                    /* empty: any */
    struct str name;                   /* class or id */
    struct str other;                  /* a second class; empty: none */
    char kind;                         /* '.', '#', or 0: tag alone */
    uint32_t order, specificity, next; /* `next`: 1 + index with the same hash */
    struct css_style style;
};

struct css_sheet {
    struct css_rule *rules;
    uint32_t n, cap, order;
    uint32_t *heads; /* 1 + index, by hash of tag, kind and name; NULL while there are no rules */
    bool full;
};

struct css_element {
    struct str tag, id, classes;
};

/* Media of a screen whatever its size: conditions in brackets are not met, or not known. */
bool css_is_for_screen(struct str media);

/* Add the rules of a <style> element; `text` must outlive the sheet. Media that need a size, print
 * and the like are left out. False: no memory. Linear. */
bool css_sheet_read(struct arena *arena, struct css_sheet *sheet, struct str text);

/* What the rules say of an element, merged into `out`. */
void css_sheet_apply(const struct css_sheet *sheet, const struct css_element *e,
                     struct css_style *out);

#endif
