/* Text brought to the form in which words are compared: how it is written makes no difference. */
#ifndef MP_BASE_FOLD_H
#define MP_BASE_FOLD_H

#include "base/str.h"

/* What fold_text may need for `n` bytes. */
#define FOLD_BYTES(n) ((n) + 2)

/* Fold `text`: a blank, the words of it with one blank between them, a blank; empty when it has no
 * word. A word is letters and digits: lower case, without accents and without characters that show
 * nothing; letters of other scripts that look Latin, and Latin ones that are drawn for mathematics
 * or wide, are Latin ones. Everything else parts words. Bytes that are no UTF-8 part words too.
 * `out` has room for FOLD_BYTES(text.n). Linear. */
struct str fold_text(struct str text, char *out);

/* The letter or digit of ASCII that `code_point` looks like, in lower case; 0: like none. */
char fold_letter(int32_t code_point);

#endif
