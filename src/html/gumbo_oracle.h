/* Gumbo beside our reader, in tests alone: the addresses of attributes that each sees. */
#ifndef MP_HTML_GUMBO_ORACLE_H
#define MP_HTML_GUMBO_ORACLE_H

#include <gumbo.h>
#include <stdlib.h>

#include "base/str.h"
#include "html/html.h"

/* Attributes that are addresses wherever they stand; what only some elements have as such, and what
 * is more than an address (srcset, style, refresh), is ours alone. */
static const char *const oracle_attributes[] = {"href",   "src",      "background", "poster",
                                                "lowsrc", "longdesc", "cite"};

struct oracle_list {
    struct str *items;
    size_t n, cap;
};

/* Readers differ in white space and in bytes that are no UTF-8, and URLs in neither: the letters of
 * ASCII alone, as a copy. */
static inline struct str oracle_key(struct str s)
{
    size_t n = 0;
    char *key = malloc(s.n + 1);
    if (key == NULL)
        abort();
    for (size_t i = 0; i < s.n && n < HTML_MAX_LINK_BYTES / 2; i++)
        if (s.p[i] > ' ' && s.p[i] < 0x7f)
            key[n++] = s.p[i];
    return str_make(key, n);
}

static inline void oracle_add(struct oracle_list *l, struct str url)
{
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 64 : l->cap * 2;
        l->items = realloc(l->items, l->cap * sizeof *l->items);
        if (l->items == NULL)
            abort();
    }
    l->items[l->n++] = oracle_key(url);
}

static inline int oracle_by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static inline void oracle_sort(struct oracle_list *l)
{
    if (l->n > 1)
        qsort(l->items, l->n, sizeof *l->items, oracle_by_bytes);
}

static inline bool oracle_has(const struct oracle_list *l, struct str url)
{
    return l->n > 0 && bsearch(&url, l->items, l->n, sizeof *l->items, oracle_by_bytes) != NULL;
}

static inline void oracle_clear(struct oracle_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((char *)(uintptr_t)l->items[i].p);
    free(l->items);
    *l = (struct oracle_list){0};
}

static inline void oracle_element(struct oracle_list *l, const GumboElement *e)
{
    for (size_t i = 0; i < ARRAY_LEN(oracle_attributes); i++) {
        const GumboAttribute *a = gumbo_get_attribute(&e->attributes, oracle_attributes[i]);
        if (a != NULL && a->value[0] != '\0')
            oracle_add(l, str_from(a->value));
    }
}

/* All elements of the tree, without recursion. */
static inline void oracle_walk(struct oracle_list *l, const GumboNode *root)
{
    const GumboNode *node = root;
    size_t next = 0;
    while (node != NULL) {
        const GumboVector *children = NULL;
        if (node->type == GUMBO_NODE_DOCUMENT)
            children = &node->v.document.children;
        if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE)
            children = &node->v.element.children;
        if (next == 0 && children != NULL && node->type != GUMBO_NODE_DOCUMENT)
            oracle_element(l, &node->v.element);
        if (children != NULL && next < children->length) {
            node = children->data[next];
            next = 0;
            continue;
        }
        next = node->index_within_parent + 1;
        node = node->parent;
    }
}

static inline struct oracle_list oracle_of_gumbo(struct str page)
{
    struct oracle_list l = {0};
    GumboOutput *out = gumbo_parse_with_options(&kGumboDefaultOptions, page.p, page.n);
    oracle_walk(&l, out->document);
    gumbo_destroy_output(&kGumboDefaultOptions, out);
    oracle_sort(&l);
    return l;
}

/* What Gumbo has no word for is left out: it is no address of one attribute, or only Outlook's. */
static inline bool oracle_is_ours_alone(const struct html_link *l)
{
    return l->source == HTML_FROM_CSS || l->source == HTML_FROM_REFRESH ||
           l->source == HTML_FROM_FORM || l->source == HTML_FROM_BUTTON ||
           l->source == HTML_FROM_OBJECT || (l->unseen & HTML_UNSEEN_OUTLOOK) != 0;
}

/* `all`: also what is ours alone. */
static inline struct oracle_list oracle_of_ours(const struct html_facts *f, bool all)
{
    struct oracle_list l = {0};
    for (size_t i = 0; i < f->n_links; i++)
        if (f->links[i].url.n > 0 && (all || !oracle_is_ours_alone(&f->links[i])))
            oracle_add(&l, f->links[i].url);
    oracle_sort(&l);
    return l;
}

/* How many of `a` are not in `b`; the first of them. */
static inline size_t oracle_missing(const struct oracle_list *a, const struct oracle_list *b,
                                    struct str *first)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        if (!oracle_has(b, a->items[i]) && n++ == 0)
            *first = a->items[i];
    return n;
}

#endif
