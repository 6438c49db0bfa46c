/* The domains of three lists in one table of near misses. */
#include "phish/names.h"

#include <stdlib.h>

struct phish_names {
    struct phish_name *items;
    struct str *domains; /* the same, for the table */
    size_t n;
    struct lookalikes *near;
};

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "the domains of brands need more memory than allowed");
}

static void add(struct phish_names *names, struct str domain, enum phish_owner owner,
                const struct content_entry *brand)
{
    names->domains[names->n] = domain;
    names->items[names->n++] =
        (struct phish_name){.domain = domain, .owner = owner, .brand = brand};
}

static void add_list(struct phish_names *names, const struct content_lists *lists,
                     enum content_list list, enum phish_owner owner)
{
    size_t n;
    const struct content_entry *entries = content_lists_entries(lists, list, &n);
    for (size_t i = 0; i < n; i++)
        add(names, entries[i].key, owner, NULL);
}

static int by_values(const void *a, const void *b)
{
    const struct content_entry *const *x = a, *const *y = b;
    uintptr_t v = (uintptr_t)(*x)->values, w = (uintptr_t)(*y)->values;
    return v < w ? -1 : v > w ? 1 : *x < *y ? -1 : *x > *y;
}

/* The names of one brand share their domains: of each brand its first name, but rather one that is
 * not only a brand's. */
static size_t one_of_each(const struct content_entry **brands, size_t n)
{
    size_t kept = 0;
    qsort(brands, n, sizeof *brands, by_values);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || brands[kept - 1]->values != brands[i]->values)
            brands[kept++] = brands[i];
        else if (brands[kept - 1]->whole && !brands[i]->whole)
            brands[kept - 1] = brands[i];
    }
    return kept;
}

static void add_brand(struct phish_names *names, const struct content_entry *brand)
{
    for (size_t i = 0; i < brand->n_values; i++)
        add(names, brand->values[i], OWNER_BRAND, brand);
}

int phish_names_new(struct arena *arena, const struct content_lists *lists,
                    struct phish_names **out, struct mp_err *err)
{
    struct phish_names *names = arena_new(arena, struct phish_names, 1);
    size_t n, domains = content_lists_count(lists, LIST_DOMAINS_OWN) +
                        content_lists_count(lists, LIST_DOMAINS_PARTNER);
    const struct content_entry *entries = content_lists_entries(lists, LIST_BRANDS, &n);
    const struct content_entry **brands = arena_new(arena, const struct content_entry *, n + 1);
    if (names == NULL || brands == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        brands[i] = &entries[i];
    n = one_of_each(brands, n);
    for (size_t i = 0; i < n; i++)
        domains += brands[i]->n_values;
    names->items = arena_new(arena, struct phish_name, domains + 1);
    names->domains = arena_new(arena, struct str, domains + 1);
    if (names->items == NULL || names->domains == NULL)
        return no_memory(err);
    add_list(names, lists, LIST_DOMAINS_OWN, OWNER_SELF); /* of equal labels the first counts */
    add_list(names, lists, LIST_DOMAINS_PARTNER, OWNER_PARTNER);
    for (size_t i = 0; i < n; i++)
        add_brand(names, brands[i]);
    int st = lookalikes_new(arena, names->domains, names->n, &names->near, err);
    if (st == MP_OK)
        *out = names;
    return st;
}

int phish_names_find(struct arena *arena, const struct phish_names *names, struct str site,
                     struct phish_near *out, struct mp_err *err)
{
    struct lookalike found;
    int st = lookalike_find(arena, names->near, site, &found, err);
    if (st != MP_OK)
        return st;
    *out = (struct phish_near){.kind = found.kind};
    if (found.kind != LOOKALIKE_NONE)
        out->name = &names->items[found.domain];
    return MP_OK;
}

const struct phish_name *phish_names_exact(const struct phish_names *names, struct str site)
{
    size_t index;
    return lookalike_is_known(names->near, site, &index) ? &names->items[index] : NULL;
}

static bool has_domain(const struct content_entry *brand, struct str domain)
{
    for (size_t i = 0; brand != NULL && i < brand->n_values; i++)
        if (str_eq(brand->values[i], domain))
            return true;
    return false;
}

bool phish_same_owner(const struct phish_name *a, const struct phish_name *b)
{
    if (a == NULL || b == NULL)
        return false;
    return (a->owner == OWNER_SELF && b->owner == OWNER_SELF) || str_eq(a->domain, b->domain) ||
           has_domain(a->brand, b->domain) || has_domain(b->brand, a->domain);
}
