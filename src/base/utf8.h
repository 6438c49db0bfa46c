/* UTF-8 by RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */
#ifndef MP_BASE_UTF8_H
#define MP_BASE_UTF8_H

#include "base/buf.h"

enum { UTF8_BAD = -1, UTF8_END = -2 };

/* Take one code point off the front. UTF8_END when empty; UTF8_BAD takes one byte. */
int32_t utf8_next(struct str *s);

bool utf8_valid(struct str s);
/* How many bytes in front of `s` are whole code points. */
size_t utf8_run(struct str s);

/* At most `max` bytes of `s`, and no half character at the end. */
struct str utf8_cut(struct str s, size_t max);

/* Is every byte below 0x80? */
bool str_is_ascii(struct str s);

/* Write the code point (must be a valid scalar value); how many bytes it took, at most 4. */
size_t utf8_put(int32_t code_point, char *out);
/* Append it. */
void utf8_add(struct buf *b, int32_t code_point);

/* Append `s` made safe to show: invalid bytes become U+FFFD; C0, DEL, C1, bidi controls, line
 * separators and noncharacters become a visible \xNN or \u{N}. At most `max_bytes` of output,
 * then an ellipsis. */
void utf8_add_printable(struct buf *b, struct str s, size_t max_bytes);

/* Code points without a glyph that change what is seen or how it is read: zero-width, bidi
 * controls, soft hyphen, variation selectors, tags, fillers. */
bool utf8_is_invisible(int32_t code_point);

#endif
