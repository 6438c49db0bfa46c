/* What each mechanism costs at worst and authorises, for no client in particular (RFC 7208 5). */
#include "auth/spf_audit_internal.h"
#include "base/idna.h"

enum { SHOWN_BYTES = 100 };

static const struct str by_client_note = STR_INIT("depends on the client (macro)");

static struct str shown(struct str s)
{
    return str_slice(s, 0, SHOWN_BYTES);
}

static bool is_void(const struct dns_answer *a)
{
    return a->status == DNS_NXDOMAIN || a->status == DNS_NODATA;
}

/* ---- questions ---- */

const struct dns_answer *spf_walk_ask(struct spf_walk *w, struct str name, enum dns_type type)
{
    const struct dns_answer *a = NULL;
    if (w->n_questions == SPF_AUDIT_MAX_QUESTIONS) {
        w->out->incomplete = true;
        return NULL;
    }
    w->n_questions++;
    int st = dns_ask(w->ctx->dns, name, type, &a, w->status < 0 ? NULL : w->err);
    if (st == MP_OK)
        return a;
    spf_walk_fail(w, st);
    return NULL;
}

bool spf_walk_dns_failed(struct spf_walk *w, const struct spf_frame *f, struct str term,
                         const struct dns_answer *a)
{
    if (a->status != DNS_SERVFAIL && a->status != DNS_TIMEOUT && a->status != DNS_BOGUS)
        return false;
    w->out->incomplete = true;
    struct spf_problem *p =
        spf_problem_add(w, SPF_PROBLEM_DNS, f->domain, term,
                        "the %s look-up of " STR_FMT " failed (%s)", dns_type_name(a->type),
                        STR_ARG(shown(a->name)), dns_status_name(a->status));
    if (p != NULL)
        p->answer = a;
    return true;
}

/* Macros that a record alone settles are d and o: the envelope sender is of the audited domain. */
bool spf_walk_target(struct spf_walk *w, const struct spf_frame *f, const struct spf_macro *m,
                     struct str *name, bool *by_client)
{
    *name = STR("");
    *by_client = spf_macro_uses(m, "slipvh");
    if (*by_client)
        return false;
    struct str got = f->domain;
    w->env.domain = f->domain;
    if (m->n != 0)
        got = spf_expand_name(w->ctx->arena, &w->env, m);
    if (got.p == NULL && m->n != 0) {
        spf_walk_fail(w, mp_fail(w->err, MP_E_NOMEM, 0, "no memory to audit an SPF record"));
        return false;
    }
    if (!spf_can_be_asked(got))
        return false;
    *name = got;
    return true;
}

struct spf_node *spf_walk_node(struct spf_walk *w, size_t node, struct spf_node *scrap)
{
    return node < w->out->n_nodes ? &w->out->nodes[node] : scrap;
}

/* ---- mechanisms ---- */

/* One term at work: where its results go, and whether who matches it passes. */
struct work {
    struct spf_walk *w;
    struct spf_frame *f;
    const struct spf_term *t;
    struct spf_node *node;
    bool passes;
};

static void take_range(const struct work *k, const struct ip *net, unsigned prefix)
{
    if (k->passes)
        spf_judge_range(k->w, k->f, k->t, net, prefix);
}

/* Addresses of one family; false when there is nothing to count. */
static bool take_family(const struct work *k, struct str name, enum dns_type type, size_t *found)
{
    const struct dns_answer *a = spf_walk_ask(k->w, name, type);
    if (a == NULL || spf_walk_dns_failed(k->w, k->f, k->t->text, a))
        return false;
    if (is_void(a)) {
        k->w->cost.voids4 += type == DNS_A;
        k->w->cost.voids6 += type == DNS_AAAA;
    }
    for (size_t i = 0; i < a->n; i++)
        take_range(k, &a->records[i].ip, type == DNS_A ? k->t->cidr4 : k->t->cidr6);
    *found = a->n;
    return true;
}

/* Both families are asked: each is what a client of it would ask. */
static void take_addresses(const struct work *k, struct str name, size_t *found4, size_t *found6)
{
    size_t n4 = 0, n6 = 0;
    take_family(k, name, DNS_A, &n4);
    take_family(k, name, DNS_AAAA, &n6);
    k->node->addresses += (unsigned)(n4 + n6);
    *found4 += n4;
    *found6 += n6;
}

static void both_void(struct spf_walk *w)
{
    w->cost.voids4++;
    w->cost.voids6++;
}

static void address_note(const struct work *k, size_t n4, size_t n6)
{
    if (n4 + n6 == 0)
        k->node->note = STR("no address");
    else if (n4 == 0)
        k->node->note = STR("no IPv4 address");
    else if (n6 == 0)
        k->node->note = STR("no IPv6 address");
}

static void walk_a(const struct work *k, struct str name)
{
    size_t n4 = 0, n6 = 0;
    take_addresses(k, name, &n4, &n6);
    address_note(k, n4, n6);
}

/* More than SPF_MAX_NAMES is an error before any of them is looked at (4.6.4). */
static void walk_mx(const struct work *k, struct str name)
{
    size_t n4 = 0, n6 = 0;
    const struct dns_answer *mx = spf_walk_ask(k->w, name, DNS_MX);
    if (mx == NULL || spf_walk_dns_failed(k->w, k->f, k->t->text, mx))
        return;
    k->node->names = (unsigned)mx->n;
    if (is_void(mx)) {
        both_void(k->w);
        k->node->note = STR("no MX record");
        return;
    }
    if (mx->n > SPF_MAX_NAMES) {
        spf_problem_add(k->w, SPF_PROBLEM_MX_NAMES, k->f->domain, k->t->text,
                        "%zu MX records of " STR_FMT ": more than %d", mx->n, STR_ARG(shown(name)),
                        SPF_MAX_NAMES);
        return;
    }
    for (size_t i = 0; i < mx->n; i++)
        if (spf_can_be_asked(mx->records[i].name))
            take_addresses(k, mx->records[i].name, &n4, &n6);
    address_note(k, n4, n6);
}

/* The PTR question is the client's, and may have no answer. */
static void walk_ptr(const struct work *k)
{
    both_void(k->w);
    k->w->passes_something |= k->passes;
    k->node->note = STR("depends on the client's reverse name");
    spf_problem_add(k->w, SPF_PROBLEM_PTR, k->f->domain, k->t->text,
                    "slow, and decided by who owns the client's address");
}

/* A name without macros that exists matches whoever comes. */
static void walk_exists(const struct work *k, struct str name)
{
    const struct dns_answer *a = spf_walk_ask(k->w, name, DNS_A);
    if (a == NULL || spf_walk_dns_failed(k->w, k->f, k->t->text, a))
        return;
    if (is_void(a)) {
        both_void(k->w);
        k->node->note = STR("no such name: never matches");
        return;
    }
    k->node->note = STR("exists: matches every client");
    static const struct ip any = {.family = IP_V4};
    take_range(k, &any, 0);
}

static void walk_all(const struct work *k)
{
    struct spf_audit *out = k->w->out;
    static const struct ip any = {.family = IP_V4};
    k->f->ended = true;
    if (k->f->final) {
        out->has_all = true;
        out->all = k->t->result;
        if (k->t->result == SPF_NEUTRAL)
            spf_problem_add(k->w, SPF_PROBLEM_NEUTRAL_ALL, k->f->domain, k->t->text,
                            "says nothing about who is not listed");
    }
    take_range(k, &any, 0);
}

/* Whatever the name comes to: an answer may be missing, and anybody may pass. A host list that the
 * client chooses has no bound we could know. */
static void walk_by_client(const struct work *k)
{
    both_void(k->w);
    k->w->passes_something |= k->passes;
    k->node->note = by_client_note;
    if (k->t->mech == SPF_MX)
        spf_problem_add(k->w, SPF_PROBLEM_BY_CLIENT, k->f->domain, k->t->text,
                        "the name depends on the client or the sender");
}

void spf_walk_term(struct spf_walk *w, struct spf_frame *f, const struct spf_term *t, size_t node)
{
    struct spf_node scrap = {0};
    struct work k = {w, f, t, spf_walk_node(w, node, &scrap), f->passes && t->result == SPF_PASS};
    struct str name = STR("");
    bool by_client = false, is_named = false;
    if (spf_is_lookup(t->mech))
        is_named = spf_walk_target(w, f, &t->target, &name, &by_client);
    if (!by_client && (is_named || !spf_is_lookup(t->mech)))
        spf_judge_repeat(w, f, t, node, name);
    if (t->mech == SPF_ALL)
        walk_all(&k);
    else if (!spf_is_lookup(t->mech))
        take_range(&k, &t->net, t->mech == SPF_IP4 ? t->cidr4 : t->cidr6);
    else if (t->mech == SPF_PTR)
        walk_ptr(&k);
    else if (by_client)
        walk_by_client(&k);
    else if (!is_named)
        k.node->note = STR("expands to no DNS name: never matches");
    else if (t->mech == SPF_A)
        walk_a(&k, name);
    else if (t->mech == SPF_MX)
        walk_mx(&k, name);
    else
        walk_exists(&k, name);
}
