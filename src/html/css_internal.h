/* Between the files of CSS. */
#ifndef MP_HTML_CSS_INTERNAL_H
#define MP_HTML_CSS_INTERNAL_H

#include "html/css.h"

enum {
    CSS_MAX_CLASSES = 16, /* looked at, of one element */
    CSS_MAX_NESTING = 8,  /* functions in expressions, at-rules in at-rules */
    CSS_MAX_VALUE = 512   /* of a declaration with escapes or comments, once without */
};

/* Bytes that end something: ";", "{" and "}", ",", white space, "/". */
enum css_stop {
    CSS_STOP_SEMICOLON = 2,
    CSS_STOP_BRACE = 4,
    CSS_STOP_COMMA = 8,
    CSS_STOP_SPACE = 16,
    CSS_STOP_SLASH = 32
};

/* Offset of the first byte of `stops` (bits) that stands outside of strings, brackets, comments and
 * escapes; `s.n` when there is none. Linear. */
size_t css_find(struct str s, unsigned stops);

/* Comments out, escapes decoded; at most CSS_MAX_VALUE bytes. */
struct str css_clean(struct str s, char out[CSS_MAX_VALUE]);

struct str css_trim(struct str s);
struct str css_cut_word(struct str *s); /* the next piece without white space outside brackets */

/* Readers of values (properties.def): false, and the declaration is as if it were not there. */
typedef bool css_reader(struct str value, int32_t *out);
css_reader css_read_background, css_read_clip, css_read_clip_path, css_read_color, css_read_filter,
    css_read_font, css_read_font_size, css_read_image, css_read_length, css_read_number,
    css_read_transform, css_read_word;

enum css_unit { CSS_UNIT_NONE, CSS_UNIT_LENGTH, CSS_UNIT_EM, CSS_UNIT_PERCENT };

/* A number in thousandths: of a pixel, of the font's size, of a percent or of one. */
struct css_number {
    int64_t milli;
    enum css_unit unit;
};

/* A number or an expression of calc(), min(), max(), clamp() at the front; `*s` moves behind it. */
bool css_number_read(struct str *s, struct css_number *out);

#endif
