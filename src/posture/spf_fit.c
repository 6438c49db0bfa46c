/* An SPF record made to fit the limits of RFC 7208 4.6.4, when that takes nothing from anybody. */
#include "posture/spf_fix.h"

enum { FLAT_MAX = 16 }; /* addresses that are written in the place of one term */

/* A term as the audit listed it, taken apart. */
struct host_term {
    struct str sign, host, prefix4, prefix6; /* prefixes with their "/" */
    bool is_mx;
};

static bool host_term_read(struct str term, struct str domain, struct host_term *out)
{
    struct str s = words_bare(term);
    struct str cidr = str_slice(s, str_find(s, '/'), s.n);
    out->sign = str_slice(term, 0, term.n - s.n);
    s = str_slice(s, 0, s.n - cidr.n);
    struct str name = str_cut(&s, ':');
    out->host = s.p == NULL ? domain : s;
    out->is_mx = str_ieq(name, STR("mx"));
    size_t six = str_search(cidr, STR("//"));
    out->prefix4 = str_slice(cidr, 0, six);
    out->prefix6 = six < cidr.n ? str_slice(cidr, six + 1, cidr.n) : STR("");
    return (out->is_mx || str_ieq(name, STR("a"))) && !str_has(term, '%');
}

static bool add_address(struct spf_mender *m, const struct host_term *t, const struct ip *ip,
                        struct words *out)
{
    struct str text = posture_ip(m->c->arena, ip);
    struct str prefix = ip->family == IP_V4 ? t->prefix4 : t->prefix6;
    struct str word = arena_fmt(m->c->arena, "%.*sip%d:%.*s%.*s", STR_ARG(t->sign), (int)ip->family,
                                STR_ARG(text), STR_ARG(prefix));
    words_add(out, word);
    return word.p != NULL && out->n <= FLAT_MAX;
}

/* Hosts of others change their addresses without telling us. */
static bool add_host(struct spf_mender *m, const struct host_term *t, struct str host,
                     struct words *out)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    if (!posture_is_ours(m->c, host))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const struct dns_answer *a;
        if (dns_ask(m->c->dns, host, types[i], &a, NULL) != MP_OK || posture_failed(a))
            return false;
        for (size_t k = 0; k < a->n; k++)
            if (!add_address(m, t, &a->records[k].ip, out))
                return false;
    }
    return true;
}

/* The addresses of a term, as terms that cost nothing. */
static bool flatten(struct spf_mender *m, struct str term, struct words *out)
{
    struct host_term t;
    const struct dns_answer *mx;
    out->n = 0;
    out->overflow = false;
    if (!host_term_read(term, m->c->out->domain, &t))
        return false;
    if (!t.is_mx)
        return add_host(m, &t, t.host, out) && out->n > 0;
    if (dns_ask(m->c->dns, t.host, DNS_MX, &mx, NULL) != MP_OK || mx->n > SPF_MAX_NAMES)
        return false;
    for (size_t i = 0; i < mx->n; i++)
        if (!add_host(m, &t, mx->records[i].name, out))
            return false;
    return out->n > 0;
}

static void splice(struct words *w, size_t at, const struct words *in)
{
    struct words old = *w;
    w->n = at;
    for (size_t i = 0; i < in->n; i++)
        words_add(w, in->at[i]);
    for (size_t i = at + 1; i < old.n; i++)
        words_add(w, old.at[i]);
}

/* What the tree costs while terms are taken out of its first record. */
struct budget {
    struct spf_mender *m;
    bool voids; /* too many of those, else of look-ups */
    unsigned lookups, n_voids;
};

static bool is_within(const struct budget *b)
{
    return b->voids ? b->n_voids <= SPF_MAX_VOID_LOOKUPS : b->lookups <= SPF_MAX_LOOKUPS;
}

static void pay_back(struct budget *b, const struct spf_node *n)
{
    b->lookups -= n->lookups < b->lookups ? n->lookups : b->lookups;
    b->n_voids -= n->voids < b->n_voids ? n->voids : b->n_voids;
}

/* Terms of the first record that stand there, or below it, before. */
static void drop_repeats(struct budget *b)
{
    const struct spf_audit *a = &b->m->c->out->spf;
    for (size_t i = 0; i < a->n_problems; i++) {
        const struct spf_problem *p = &a->problems[i];
        size_t at = words_find(&b->m->w, p->term);
        if (p->kind != SPF_PROBLEM_DUPLICATE || !domain_eq(p->domain, b->m->p->domain) ||
            at == b->m->w.n)
            continue;
        words_remove(&b->m->w, at);
        for (size_t k = a->n_nodes; k-- > 0;) {
            if (a->nodes[k].depth != 0 || !str_eq(a->nodes[k].term, p->term))
                continue;
            pay_back(b, &a->nodes[k]);
            break;
        }
    }
}

/* No host has an address, no name exists: the term can match nobody. */
static bool is_dead(const struct spf_node *n)
{
    struct str s = words_bare(n->term);
    bool by_name = str_istarts(s, STR("exists:")) || str_ieq(s, STR("a")) ||
                   str_istarts(s, STR("a:")) || str_istarts(s, STR("a/")) ||
                   str_ieq(s, STR("mx")) || str_istarts(s, STR("mx:")) ||
                   str_istarts(s, STR("mx/"));
    return by_name && n->voids > 0 && n->addresses == 0 && !str_has(s, '%');
}

static void drop_dead(struct budget *b)
{
    const struct spf_audit *a = &b->m->c->out->spf;
    for (size_t i = 0; i < a->n_nodes; i++) {
        size_t at = words_find(&b->m->w, a->nodes[i].term);
        if (a->nodes[i].depth != 0 || !is_dead(&a->nodes[i]) || at == b->m->w.n)
            continue;
        words_remove(&b->m->w, at);
        pay_back(b, &a->nodes[i]);
    }
}

static void write_addresses(struct budget *b)
{
    const struct spf_audit *a = &b->m->c->out->spf;
    for (size_t i = 0; i < a->n_nodes && !is_within(b); i++) {
        const struct spf_node *n = &a->nodes[i];
        struct words flat;
        size_t at = words_find(&b->m->w, n->term);
        if (n->depth != 0 || n->lookups != 1 || (b->voids && n->voids == 0) || at == b->m->w.n ||
            !flatten(b->m, n->term, &flat))
            continue;
        splice(&b->m->w, at, &flat);
        pay_back(b, n);
    }
}

/* Nothing that counts is lost: first what does nothing goes, then our own hosts are written by
 * their addresses. What includes cost is their owners' business. */
bool spf_fit(struct spf_mender *m)
{
    const struct spf_audit *a = &m->c->out->spf;
    struct budget b = {m, m->p->kind == SPF_PROBLEM_VOIDS, a->lookups, a->voids};
    if (a->incomplete || a->n_nodes == SPF_AUDIT_MAX_NODES)
        return false;
    drop_repeats(&b);
    drop_dead(&b);
    write_addresses(&b);
    return is_within(&b);
}
