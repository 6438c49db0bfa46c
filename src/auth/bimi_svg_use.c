/* What <use> makes of a file: circles, and few bytes that draw without end, are found by adding up
 * how often every element with an id is drawn. */
#include "auth/bimi_svg_internal.h"

struct svg_node {
    struct str id;
    size_t parent;
    uint64_t
        drawn;    /* elements of its own, then all that it draws; at most BIMI_SVG_MAX_DRAWN + 1 */
    size_t waits; /* nodes inside and uses that are not counted yet */
};

struct svg_edge {
    size_t from, to; /* to == NOWHERE: no such id */
    struct str id;
};

enum { FIRST_NODES = 16 };
static const size_t NOWHERE = SIZE_MAX;

bool svg_uses_init(struct svg_uses *u, struct arena *a)
{
    *u = (struct svg_uses){.arena = a, .n_nodes = 1};
    u->nodes = arena_new(a, struct svg_node, FIRST_NODES);
    u->cap_nodes = FIRST_NODES;
    return u->nodes != NULL;
}

size_t svg_uses_node(struct svg_uses *u, size_t parent, struct str id)
{
    if (u->n_nodes > BIMI_SVG_MAX_IDS) {
        u->overflow = true;
        return parent;
    }
    if (u->n_nodes == u->cap_nodes) {
        struct svg_node *more =
            arena_grow(u->arena, u->nodes, u->n_nodes, 2 * u->cap_nodes, sizeof *more);
        u->no_memory |= more == NULL;
        if (more == NULL)
            return parent;
        u->nodes = more;
        u->cap_nodes *= 2;
    }
    struct str copy = arena_copy(u->arena, id);
    u->no_memory |= copy.p == NULL;
    u->nodes[u->n_nodes] = (struct svg_node){.id = copy, .parent = parent};
    return u->n_nodes++;
}

void svg_uses_element(struct svg_uses *u, size_t node)
{
    if (u->nodes[node].drawn <= BIMI_SVG_MAX_DRAWN)
        u->nodes[node].drawn++;
}

void svg_uses_refer(struct svg_uses *u, size_t node, struct str id)
{
    if (u->n_edges == BIMI_SVG_MAX_USES) {
        u->overflow = true;
        return;
    }
    if (u->n_edges == u->cap_edges) {
        size_t cap = u->cap_edges == 0 ? FIRST_NODES : 2 * u->cap_edges;
        struct svg_edge *more = arena_grow(u->arena, u->edges, u->n_edges, cap, sizeof *more);
        u->no_memory |= more == NULL;
        if (more == NULL)
            return;
        u->edges = more;
        u->cap_edges = cap;
    }
    struct str copy = arena_copy(u->arena, id);
    u->no_memory |= copy.p == NULL;
    u->edges[u->n_edges++] = (struct svg_edge){.from = node, .to = NOWHERE, .id = copy};
}

/* Every edge gets its end, every node the number of things it waits for. The first of two equal
 * ids counts. False: an id is not there. */
static bool link_edges(struct svg_uses *u)
{
    bool all = true;
    for (size_t i = 1; i < u->n_nodes; i++)
        u->nodes[u->nodes[i].parent].waits++;
    for (size_t k = 0; k < u->n_edges; k++) {
        struct svg_edge *e = &u->edges[k];
        for (size_t i = 1; i < u->n_nodes && e->to == NOWHERE; i++) {
            if (str_eq(u->nodes[i].id, e->id))
                e->to = i;
        }
        if (e->to != NOWHERE)
            u->nodes[e->from].waits++;
        all = all && e->to != NOWHERE;
    }
    return all;
}

/* `node` is drawn once more by `to`, which waits for one thing less. */
static void hand_up(struct svg_uses *u, size_t node, size_t to, size_t *ready, size_t *n_ready)
{
    uint64_t sum = u->nodes[to].drawn + u->nodes[node].drawn;
    u->nodes[to].drawn = sum > BIMI_SVG_MAX_DRAWN ? BIMI_SVG_MAX_DRAWN + 1 : sum;
    if (--u->nodes[to].waits == 0)
        ready[(*n_ready)++] = to;
}

int svg_uses_judge(struct svg_uses *u, enum svg_uses_verdict *out)
{
    size_t n_ready = 0, done = 0;
    size_t *ready = arena_new(u->arena, size_t, u->n_nodes);
    if (ready == NULL || u->no_memory)
        return MP_E_NOMEM;
    if (u->n_edges == 0) {
        *out = SVG_USES_OK;
        return MP_OK;
    }
    bool all = link_edges(u);
    for (size_t i = 0; i < u->n_nodes; i++) {
        if (u->nodes[i].waits == 0)
            ready[n_ready++] = i;
    }
    for (; done < n_ready; done++) { /* what waits for nothing is counted: hand it up */
        size_t node = ready[done];
        if (node != 0)
            hand_up(u, node, u->nodes[node].parent, ready, &n_ready);
        for (size_t k = 0; k < u->n_edges; k++) {
            if (u->edges[k].to == node)
                hand_up(u, node, u->edges[k].from, ready, &n_ready);
        }
    }
    *out = u->overflow                              ? SVG_USES_TOO_MANY
           : done < u->n_nodes                      ? SVG_USES_CIRCLE
           : u->nodes[0].drawn > BIMI_SVG_MAX_DRAWN ? SVG_USES_TOO_MANY
           : all                                    ? SVG_USES_OK
                                                    : SVG_USES_DANGLING;
    return MP_OK;
}
