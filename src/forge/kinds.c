/* The table of kinds, twice: what everybody may read, and how each is made. */
#include "forge/forge_internal.h"

#define T(text)      STR_INIT(text)
#define KEY          1
#define ATTACKER_KEY 2

#define KIND(name, group, flags, summary, expect, ...)                                             \
    {name, group, summary, expect, ((flags)&KEY) != 0, ((flags)&ATTACKER_KEY) != 0},
const struct forge_kind forge_kinds[] = {
#include "forge/kinds.def"
};
#undef KIND
const size_t n_forge_kinds = ARRAY_LEN(forge_kinds);

#define KIND(name, group, flags, summary, expect, ...) {__VA_ARGS__},
const struct forge_recipe forge_recipes[] = {
#include "forge/kinds.def"
};
#undef KIND

const struct forge_kind *forge_kind_by_name(struct str name)
{
    for (size_t i = 0; i < n_forge_kinds; i++)
        if (str_eq(str_from(forge_kinds[i].name), name))
            return &forge_kinds[i];
    return NULL;
}

bool forge_kind_from_victim(const struct forge_kind *kind)
{
    return forge_recipes[kind - forge_kinds].own_sender;
}
