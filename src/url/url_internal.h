/* What the files of this room share. */
#ifndef MP_URL_URL_INTERNAL_H
#define MP_URL_URL_INTERNAL_H

#include "url/url.h"

/* The host of `u` from the text as written: sets host, ip and flags. `special`: by the rules of
 * domain names. MP_OK or MP_E_NOMEM. */
int url_host_read(struct arena *arena, struct str written, bool special, struct url *u,
                  struct mp_err *err);

/* The absolute text of `text`, relative to `base`; p == NULL without memory. */
struct str url_join(struct arena *arena, const struct url *base, struct str text);

/* "scheme:" in front, without the colon; empty when there is none. */
struct str url_scheme_of(struct str text);

static inline int url_no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "a URL needs more memory than allowed");
}

static inline bool url_is_slash(char c, bool special)
{
    return c == '/' || (special && c == '\\');
}

/* 1 more than the value of a digit of base64, of either alphabet; 0: it is none. */
extern const signed char url_base64_digits[256];

/* -1: no digit. */
static inline int url_base64_value(char c)
{
    return url_base64_digits[(unsigned char)c] - 1;
}

/* Base64 of either alphabet, as far as it goes; `to` has room for text.n bytes. Returns how many.
 */
size_t url_base64_undo(struct str text, char *to);

/* %-escapes undone, in the arena; `s` itself when it has none; p == NULL without memory. */
struct str url_unescape(struct arena *arena, struct str s);

#endif
