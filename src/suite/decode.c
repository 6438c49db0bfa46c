/* The table of keys at work: mappings into structs. */
#include "suite/suite_internal.h"

const struct key *context_find(const struct context *c, struct str name, size_t *offset)
{
    for (size_t i = 0; i < c->n_keys; i++)
        if (str_eq(c->keys[i].name, name)) {
            *offset = 0;
            return &c->keys[i];
        }
    for (size_t i = 0; i < ARRAY_LEN(c->also) && c->also[i].context != NULL; i++) {
        const struct key *k = context_find(c->also[i].context, name, offset);
        if (k != NULL) {
            *offset += c->also[i].offset;
            return k;
        }
    }
    return NULL;
}

void context_nearest(const struct context *c, struct nearest *n)
{
    for (size_t i = 0; i < c->n_keys; i++)
        nearest_try(n, c->keys[i].name);
    for (size_t i = 0; i < ARRAY_LEN(c->also) && c->also[i].context != NULL; i++)
        context_nearest(c->also[i].context, n);
}

bool goes_on(struct decoder *d)
{
    if (d->n_errors >= ERRORS_MAX && d->problems != NULL)
        d->problems->cut = true;
    return d->fatal == MP_OK && d->n_errors < ERRORS_MAX;
}

/* More values than that are visited only when variables stand for whole lists, over and over, or
 * many cases are large. */
bool visit(struct decoder *d, const struct node *n, size_t cost)
{
    d->visited += cost;
    if (d->visited > SUITE_MAX_NODES && d->fatal == MP_OK)
        d->fatal = mp_fail(d->err, MP_E_LIMIT, SUITE_MAX_NODES,
                           "%s:%u:%u: a suite has at most %d values, once its aliases, tables and "
                           "variables are followed",
                           n->at.file, n->at.line, n->at.column, SUITE_MAX_NODES);
    return goes_on(d);
}

static bool read_value(struct decoder *d, const struct node *n, const struct key *k, char *base)
{
    if (k->filled && n->kind != NODE_SCALAR && n->n == 0) {
        problem(d, &n->at, "'" STR_FMT "' is empty: nothing would be expected", STR_ARG(k->name));
        return false;
    }
    return k->type->read(d, n, k, base);
}

static bool decode_pair(struct decoder *d, const struct pair *p, const struct part *parts,
                        size_t n_parts)
{
    struct nearest nearest = {.wanted = p->key};
    struct node room;
    if (!visit(d, p->value, 1))
        return false;
    for (size_t i = 0; i < n_parts; i++) {
        size_t offset;
        const struct key *k = context_find(parts[i].context, p->key, &offset);
        if (k != NULL)
            return read_value(d, resolve_node(d, p->value, &room), k,
                              (char *)parts[i].base + offset);
        context_nearest(parts[i].context, &nearest);
    }
    problem_unknown(d, &p->at, "key", &nearest);
    return false;
}

static bool check_required(struct decoder *d, const struct node *n, const struct context *c)
{
    bool ok = true;
    for (size_t i = 0; i < c->n_keys; i++)
        if (c->keys[i].required && node_find(n, c->keys[i].name) == NULL) {
            problem(d, &n->at, "%s needs '" STR_FMT "'", c->title, STR_ARG(c->keys[i].name));
            ok = false;
        }
    return ok;
}

bool decode_map(struct decoder *d, const struct node *n, const struct part *parts, size_t n_parts)
{
    struct node room;
    bool ok = true;
    if (n == NULL)
        return true;
    n = resolve_node(d, n, &room);
    if (n->kind != NODE_MAP) {
        problem(d, &n->at, "%s is wanted here: a mapping of keys", parts[0].context->title);
        return false;
    }
    for (size_t i = 0; i < n->n && goes_on(d); i++)
        ok &= decode_pair(d, &n->pairs[i], parts, n_parts);
    for (size_t i = 0; i < n_parts && goes_on(d); i++)
        ok &= check_required(d, n, parts[i].context);
    return ok && goes_on(d);
}

bool decode(struct decoder *d, const struct node *n, const struct context *c, void *base)
{
    struct part part = {c, base};
    return decode_map(d, n, &part, 1);
}
