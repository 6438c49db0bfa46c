/* Text of old documents as UTF-8: UTF-16 and the code pages that have one octet a letter. */
#ifndef MP_OFFICE_TEXT_H
#define MP_OFFICE_TEXT_H

#include "base/arena.h"

enum { CODE_PAGE_CYRILLIC = 1251, CODE_PAGE_LATIN = 1252 };

/* The octet of `big` first; half surrogates become U+FFFD. p == NULL without memory. */
struct str text_utf16(struct arena *arena, struct str bytes, bool big);

/* By the number of a Windows code page. What is UTF-8 already stays; of a page that is not known
 * the letters above ASCII become U+FFFD. A view where nothing changes. p == NULL without memory. */
struct str text_code_page(struct arena *arena, struct str bytes, unsigned code_page);

/* The octets before the first NUL. */
static inline struct str text_until_nul(struct str s)
{
    return str_slice(s, 0, str_find(s, 0));
}

#endif
