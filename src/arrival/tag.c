/* Tags: unguessable, of letters and digits, so that no path alters them. */
#include <sys/random.h>

#include "arrival/arrival.h"

enum { TAG_CHARS = 26 }; /* of 32 letters and digits: 130 bits */

struct str arrival_tag(struct arena *a, struct mp_err *err)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    unsigned char random[TAG_CHARS];
    char *tag = arena_new(a, char, TAG_CHARS + 4);
    if (tag == NULL || getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        mp_fail(err, tag == NULL ? MP_E_NOMEM : MP_E_CRYPTO, 0, "no memory or no random octets");
        return STR_NONE;
    }
    memcpy(tag, "mp-", 3);
    for (size_t i = 0; i < TAG_CHARS; i++)
        tag[3 + i] = letters[random[i] % 32];
    return str_make(tag, TAG_CHARS + 3);
}
