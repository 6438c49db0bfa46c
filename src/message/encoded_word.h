/* RFC 2047 encoded words: recognised and decoded to UTF-8. */
#ifndef MP_MESSAGE_ENCODED_WORD_H
#define MP_MESSAGE_ENCODED_WORD_H

#include "base/arena.h"

struct encoded_word_info {
    unsigned words;      /* decoded */
    unsigned broken;     /* looked like one, could not be decoded: left as written */
    bool control_inside; /* CR, LF, NUL or another control came out of a word */
};

bool has_encoded_word(struct str text);

/* Unstructured text or a phrase with every encoded word decoded, adjacent ones joined (RFC 2047
 * 6.2), UTF-8 out (charsets by iconv; unknown ones stay as written). Folds taken out. At most
 * ENCODED_WORD_MAX_BYTES. p == NULL when memory is spent. `info` may be NULL. */
struct str encoded_word_decode(struct arena *arena, struct str text,
                               struct encoded_word_info *info);

#endif
