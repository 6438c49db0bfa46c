/* Tokens of RFC 2045 5.1. */
#ifndef MP_MIME_TOKEN_H
#define MP_MIME_TOKEN_H

#include "base/str.h"

static inline bool is_token_char(char c)
{
    static const char tspecials[] = "()<>@,;:\\\"/[]?=";
    return c > ' ' && c < 0x7f && memchr(tspecials, c, sizeof tspecials - 1) == NULL;
}

static inline bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char(s.p[i]))
            return false;
    return s.n != 0;
}

#endif
