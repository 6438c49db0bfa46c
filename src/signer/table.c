/* Which entry speaks for an author, and which of its keys sign now. */
#include "signer/table.h"

#include <stdlib.h>

#include "base/idna.h"
#include "base/psl.h"
#include "signer/table_internal.h"

int signing_domain_compare(const void *a, const void *b)
{
    const struct signing_domain *x = a, *y = b;
    int c = str_cmp(x->name, y->name);
    return c != 0 ? c : (int)x->wildcard - (int)y->wildcard;
}

static const struct signing_domain *entry_of(const struct signing_table *t, struct str name,
                                             bool wildcard)
{
    struct signing_domain wanted = {.name = name, .wildcard = wildcard};
    return t->n_domains == 0
               ? NULL
               : bsearch(&wanted, t->domains, t->n_domains, sizeof wanted, signing_domain_compare);
}

/* The entry of the name, else the wildcard that shares most labels with it. */
static const struct signing_domain *special_entry(const struct signing_table *t, struct str domain)
{
    const struct signing_domain *d = entry_of(t, domain, false);
    struct str rest = domain;
    while (d == NULL && str_cut(&rest, '.').n > 0 && rest.n > 0)
        d = entry_of(t, rest, true);
    return d;
}

static bool signs_at(const struct signing_selector *s, int64_t t)
{
    return s->from_s <= t && t < s->until_s;
}

static void take_selectors(struct signing_choice *c, int64_t now_s)
{
    for (size_t i = 0; i < c->entry->n_selectors; i++)
        if (signs_at(&c->entry->selectors[i], now_s))
            c->selectors[c->n++] = &c->entry->selectors[i];
    c->status = c->n > 0 ? SIGNING_FOUND : SIGNING_NO_KEY;
}

void signing_choose(const struct signing_table *t, struct arena *arena, struct str author_domain,
                    int64_t now_s, struct signing_choice *out)
{
    struct signing_choice c = {.status = SIGNING_NO_ENTRY, .domain = author_domain};
    if (author_domain.n > 0 && author_domain.n <= DOMAIN_MAX_OCTETS)
        c.entry = special_entry(t, author_domain);
    if (c.entry == NULL && t->organizational && author_domain.n > 0) {
        struct str parent = psl_registrable(arena, author_domain);
        c.entry = parent.n == 0 ? NULL : entry_of(t, parent, false);
        if (c.entry != NULL)
            c.domain = c.entry->name;
    }
    if (c.entry != NULL && c.entry->sign_as.n > 0)
        c.domain = c.entry->sign_as;
    if (c.entry != NULL)
        take_selectors(&c, now_s);
    *out = c;
}

void signing_choose_seal(const struct signing_table *t, int64_t now_s, struct signing_choice *out)
{
    struct signing_choice c = {.status = SIGNING_NO_ENTRY, .entry = t->seal};
    if (c.entry != NULL) {
        c.domain = c.entry->name;
        take_selectors(&c, now_s);
    }
    for (; c.n > 1; c.n--)
        if (c.selectors[c.n - 1]->from_s > c.selectors[0]->from_s)
            c.selectors[0] = c.selectors[c.n - 1];
    *out = c;
}

int64_t signing_covered_until(const struct signing_domain *d, int64_t now_s)
{
    int64_t t = now_s;
    for (bool later = true; later;) {
        later = false;
        for (size_t i = 0; i < d->n_selectors; i++)
            if (signs_at(&d->selectors[i], t)) {
                t = d->selectors[i].until_s;
                later = t < INT64_MAX;
                break;
            }
    }
    return t;
}
