/* Text of any charset as UTF-8, by iconv. */
#ifndef MP_MESSAGE_CHARSET_H
#define MP_MESSAGE_CHARSET_H

#include "base/buf.h"

enum { CHARSET_NAME_MAX = 40 };

/* Append `bytes` as UTF-8; what is no text of the charset becomes U+FFFD, as readers show it. An
 * empty charset is US-ASCII. False: an unknown charset, and nothing was appended. */
bool charset_add_utf8(struct buf *out, struct str charset, struct str bytes);
/* Would that append the bytes as they are? Not asked of every charset: false says little. */
bool charset_is_utf8(struct str charset, struct str bytes);

#endif
