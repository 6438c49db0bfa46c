/* The public suffix list (through libpsl's compiled-in copy): the registrable part of a name. */
#include "base/psl.h"

#include <libpsl.h>

#include "base/idna.h"

/* The compiled-in list is used, not the newer of it and a file: below io/ nothing reads files.
 * libpsl gives a constant, made at build time, so this is safe from any thread. */
struct str psl_registrable(struct arena *arena, struct str domain)
{
    struct str name;
    if (!idna_to_ascii(arena, domain, &name) || str_has(name, '\0'))
        return STR_NONE;
    struct str zero_ended = arena_copy(arena, name);
    const psl_ctx_t *list = psl_builtin();
    if (zero_ended.p == NULL || list == NULL)
        return STR_NONE;
    return str_from(psl_registrable_domain(list, zero_ended.p));
}
