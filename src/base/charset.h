/* Text that is no UTF-8, as code points. */
#ifndef MP_BASE_CHARSET_H
#define MP_BASE_CHARSET_H

#include "base/str.h"

/* Take one code point of UTF-16 off the front, the octet of `big` first. UTF8_END (base/utf8.h)
 * when no whole unit is left; UTF8_BAD takes half a surrogate pair that stands alone. */
int32_t utf16_next(struct str *s, bool big);

/* What the octet means in windows-1252; 0: NUL, or nothing (0x81, 0x8d, 0x8f, 0x90, 0x9d). */
int32_t windows_1252(unsigned char c);

#endif
