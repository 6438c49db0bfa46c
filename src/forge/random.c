/* Numbers for boundaries and identifiers: the same for the same seed on every machine. */
#include "forge/forge_internal.h"

uint64_t forge_random_next(struct forge_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct str forge_random_hex(struct arena *a, struct forge_random *r, size_t n)
{
    char *p = arena_new(a, char, n + 1);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < n; i++)
        p[i] = "0123456789abcdef"[forge_random_next(r) >> 60];
    return str_make(p, n);
}
