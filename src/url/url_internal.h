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

static inline bool url_is_slash(char c, bool special)
{
    return c == '/' || (special && c == '\\');
}

/* %-escapes undone, in the arena; `s` itself when it has none; p == NULL without memory. */
struct str url_unescape(struct arena *arena, struct str s);

#endif
