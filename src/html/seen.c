/* Is it seen? What declarations do to the text of an element and of all within it. */
#include "html/html_internal.h"

enum { FONT_DEFAULT = 16 * CSS_PX, FONT_UNSEEN = CSS_PX, BOX_UNSEEN = CSS_PX };
enum { AWAY = -500 * CSS_PX, OPACITY_UNSEEN = 50 };
/* A distance of 0.05 of that between black and white: 0.05 * 0.05 * 3 * 255 * 255. */
enum { COLOR_UNSEEN = 487 };

static const int32_t white = 0xffffff | CSS_OPAQUE << 24, black = CSS_OPAQUE << 24;

struct html_seen seen_of_page(void)
{
    return (struct html_seen){
        .font = FONT_DEFAULT, .opacity = 1000, .color = black, .background = white};
}

static int channel(int32_t color, unsigned shift)
{
    return (int)((uint32_t)color >> shift & 0xff);
}

/* `top` with its opacity over `below`, opaque. */
static int32_t blend(int32_t top, int32_t below)
{
    int alpha = (int)((uint32_t)top >> 24);
    uint32_t rgb = 0;
    for (unsigned shift = 24; shift > 0; shift -= 8) {
        int a = channel(below, shift - 8), b = channel(top, shift - 8);
        rgb = rgb << 8 | (uint32_t)(a + (b - a) * alpha / CSS_OPAQUE);
    }
    return css_color(rgb);
}

static bool is_like_background(const struct html_seen *s)
{
    if (s->background == CSS_COLOR_UNKNOWN)
        return (uint32_t)s->color >> 24 == 0;
    int32_t color = blend(s->color, s->background);
    int sum = 0;
    for (unsigned shift = 0; shift < 24; shift += 8) {
        int d = channel(color, shift) - channel(s->background, shift);
        sum += d * d;
    }
    return sum <= COLOR_UNSEEN;
}

static bool is_word(const struct css_style *s, enum css_slot slot, enum css_word word)
{
    return css_has(s, slot) && s->value[slot] == (int32_t)word;
}

static bool is_at_most(const struct css_style *s, enum css_slot slot, int32_t most)
{
    return css_has(s, slot) && s->value[slot] <= most;
}

static bool is_positioned(const struct css_style *s, bool relative)
{
    return is_word(s, CSS_POSITION, CSS_WORD_ABSOLUTE) ||
           is_word(s, CSS_POSITION, CSS_WORD_FIXED) ||
           (relative && is_word(s, CSS_POSITION, CSS_WORD_RELATIVE));
}

static bool is_away(const struct css_style *s)
{
    static const enum css_slot anywhere[] = {CSS_TEXT_INDENT, CSS_MARGIN_LEFT, CSS_MARGIN_TOP};
    for (size_t i = 0; i < ARRAY_LEN(anywhere); i++)
        if (is_at_most(s, anywhere[i], AWAY))
            return true;
    return is_positioned(s, true) &&
           (is_at_most(s, CSS_LEFT, AWAY) || is_at_most(s, CSS_TOP, AWAY));
}

/* Cells grow with their text, whatever they are told. */
static bool is_box_of_nothing(const struct css_style *s, enum html_tag tag)
{
    static const enum css_slot sides[] = {CSS_HEIGHT, CSS_MAX_HEIGHT, CSS_WIDTH, CSS_MAX_WIDTH};
    bool cell =
        tag == TAG_TD || tag == TAG_TH || tag == TAG_TR || tag == TAG_TABLE || tag == TAG_TBODY;
    for (size_t i = 0; i < ARRAY_LEN(sides) && !cell; i++)
        if (is_at_most(s, sides[i], BOX_UNSEEN))
            return is_word(s, CSS_OVERFLOW, CSS_WORD_HIDDEN);
    return false;
}

/* What nothing within can undo. */
static uint16_t sticky_of(const struct css_style *own, int32_t opacity, enum html_tag tag)
{
    unsigned bits = 0;
    if (is_word(own, CSS_DISPLAY, CSS_WORD_NONE) ||
        is_word(own, CSS_CONTENT_VISIBILITY, CSS_WORD_HIDDEN))
        bits |= HTML_UNSEEN_DISPLAY;
    if (opacity <= OPACITY_UNSEEN)
        bits |= HTML_UNSEEN_OPACITY;
    if ((css_has(own, CSS_CLIP) && own->value[CSS_CLIP] != 0 && is_positioned(own, false)) ||
        (css_has(own, CSS_CLIP_PATH) && own->value[CSS_CLIP_PATH] != 0) ||
        (css_has(own, CSS_TRANSFORM) && own->value[CSS_TRANSFORM] != 0))
        bits |= HTML_UNSEEN_CLIP;
    if (is_away(own))
        bits |= HTML_UNSEEN_AWAY;
    if (is_box_of_nothing(own, tag))
        bits |= HTML_UNSEEN_BOX;
    return (uint16_t)bits;
}

static void take_colors(struct html_seen *s, const struct css_style *own)
{
    enum css_slot slot = css_has(own, CSS_TEXT_FILL) ? CSS_TEXT_FILL : CSS_COLOR;
    if (css_has(own, slot) && own->value[slot] != CSS_COLOR_INHERIT)
        s->color = own->value[slot];
    if (css_has(own, CSS_IMAGE) && own->value[CSS_IMAGE] != 0) {
        s->background = CSS_COLOR_UNKNOWN;
    } else if (css_has(own, CSS_BACKGROUND)) {
        int32_t b = own->value[CSS_BACKGROUND];
        bool over_unknown = s->background == CSS_COLOR_UNKNOWN;
        if (b == CSS_COLOR_UNKNOWN || (uint32_t)b >> 24 == CSS_OPAQUE)
            s->background = b;
        else if (!over_unknown)
            s->background = blend(b, s->background);
    }
}

struct html_seen seen_within(const struct html_seen *parent, const struct css_style *own,
                             enum html_tag tag)
{
    struct html_seen s = *parent;
    if (css_has(own, CSS_FONT_SIZE)) {
        int64_t size = own->value[CSS_FONT_SIZE];
        size = size >= 0 ? size : (-size - 1) * s.font / 1000;
        s.font = size > INT32_MAX ? INT32_MAX : (int32_t)size;
    }
    if (css_has(own, CSS_VISIBILITY)) {
        s.invisible = is_word(own, CSS_VISIBILITY, CSS_WORD_HIDDEN) ||
                      is_word(own, CSS_VISIBILITY, CSS_WORD_COLLAPSE);
    }
    if (css_has(own, CSS_OPACITY))
        s.opacity = s.opacity * own->value[CSS_OPACITY] / 1000;
    if (css_has(own, CSS_FILTER))
        s.opacity = s.opacity * own->value[CSS_FILTER] / 1000;
    if (css_has(own, CSS_DIRECTION))
        s.rtl = is_word(own, CSS_DIRECTION, CSS_WORD_RTL);
    take_colors(&s, own);
    s.sticky |= sticky_of(own, s.opacity, tag);
    s.unseen = s.sticky;
    s.unseen |= s.invisible ? HTML_UNSEEN_VISIBILITY : 0;
    s.unseen |= s.font <= FONT_UNSEEN ? HTML_UNSEEN_FONT : 0;
    s.unseen |= is_like_background(&s) ? HTML_UNSEEN_COLOR : 0;
    return s;
}
