/* Values once they are read: looking up, laying one over another. */
#include "suite/suite_internal.h"

bool node_is_null(const struct node *n)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (n == NULL)
        return true;
    for (size_t i = 0; n->kind == NODE_SCALAR && n->plain && i < ARRAY_LEN(words); i++)
        if (str_eq(n->text, str_from(words[i])))
            return true;
    return false;
}

const struct pair *node_find(const struct node *map, struct str key)
{
    for (size_t i = 0; map != NULL && map->kind == NODE_MAP && i < map->n; i++)
        if (str_eq(map->pairs[i].key, key))
            return &map->pairs[i];
    return NULL;
}

static void measure(struct node *map)
{
    map->size = map->depth = 1;
    for (size_t i = 0; i < map->n; i++) {
        map->size += map->pairs[i].value->size;
        if (map->depth < map->pairs[i].value->depth + 1)
            map->depth = map->pairs[i].value->depth + 1;
    }
}

/* Depth is bounded by that of both. */
struct node *node_merge(struct arena *a, struct node *base, struct node *over)
{
    if (base == NULL || over == NULL)
        return over == NULL ? base : over;
    if (base->kind != NODE_MAP || over->kind != NODE_MAP)
        return over;
    struct node *out = arena_new(a, struct node, 1);
    if (out == NULL || (out->pairs = arena_new(a, struct pair, base->n + over->n + 1)) == NULL)
        return NULL;
    out->kind = NODE_MAP;
    out->at = over->at;
    for (size_t i = 0; i < base->n; i++) {
        const struct pair *p = node_find(over, base->pairs[i].key);
        out->pairs[out->n] = base->pairs[i];
        if (p != NULL) {
            out->pairs[out->n].at = p->at;
            out->pairs[out->n].value = node_merge(a, base->pairs[i].value, p->value);
            if (out->pairs[out->n].value == NULL)
                return NULL;
        }
        out->n++;
    }
    for (size_t i = 0; i < over->n; i++)
        if (node_find(base, over->pairs[i].key) == NULL)
            out->pairs[out->n++] = over->pairs[i];
    measure(out);
    return out;
}
