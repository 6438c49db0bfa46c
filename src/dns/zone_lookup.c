/* The zone as it is asked: wildcards (RFC 4592), chains of CNAMEs, denials; answers made once. */
#include <stdlib.h>

#include "dns/zone_internal.h"

/* What one name says to one type, before any CNAME is followed. */
struct step {
    const struct zone_verdict *verdict;
    const struct zone_set *set; /* of the type, or the CNAME */
    enum dns_status status;     /* without either: NODATA or NXDOMAIN */
};

static bool node_says(const struct zone_node *node, enum dns_type type, struct step *out)
{
    const struct zone_verdict *any = NULL;
    for (const struct zone_verdict *v = node->verdicts; v != NULL; v = v->next) {
        if (v->type == (int)type) {
            out->verdict = v;
            return true;
        }
        any = v->type == 0 ? v : any;
    }
    const struct zone_set *cname = NULL;
    for (const struct zone_set *s = node->sets; s != NULL; s = s->next) {
        if (s->n != 0 && s->type == type) {
            out->set = s;
            return true;
        }
        cname = s->n != 0 && s->type == DNS_CNAME ? s : cname;
    }
    out->set = cname;
    out->verdict = cname == NULL ? any : NULL;
    return cname != NULL || any != NULL || node->exists;
}

/* Walk from the name towards the root: `hash` gets the hash of each suffix for free. */
struct suffixes {
    uint32_t hash[DNS_NAME_OCTETS_MAX + 1];
};

static void hash_suffixes(struct str name, struct suffixes *s)
{
    uint32_t h = DNS_HASH_SEED;
    s->hash[name.n] = h;
    for (size_t i = name.n; i > 0; i--)
        s->hash[i - 1] = h = dns_hash_octet(h, name.p[i - 1]);
}

static const struct zone_node *wildcard_below(const struct dns_zone *z, struct str encloser,
                                              uint32_t hash)
{
    char text[DNS_NAME_MAX + 2] = "*.";
    size_t n = encloser.n == 0 ? 1 : 2 + encloser.n;
    if (encloser.n != 0) {
        memcpy(text + 2, encloser.p, encloser.n);
        hash = dns_hash_octet(hash, '.');
    }
    const struct zone_node *node = zone_find(z, str_make(text, n), dns_hash_octet(hash, '*'));
    return node != NULL && node->exists ? node : NULL;
}

static struct step look(const struct dns_zone *z, struct str name, enum dns_type type)
{
    struct step step = {.status = DNS_NODATA};
    struct suffixes s;
    hash_suffixes(name, &s);
    const struct zone_node *node = zone_find(z, name, s.hash[0]);
    if (node != NULL && node_says(node, type, &step))
        return step;
    struct str up = name; /* RFC 4592 3.3.1: the closest name that exists, and only its wildcard */
    do {
        up = zone_parent(up);
        node = zone_find(z, up, s.hash[name.n - up.n]);
    } while (up.n != 0 && (node == NULL || !node->exists));
    node = wildcard_below(z, up, s.hash[name.n - up.n]);
    if (node == NULL || !node_says(node, type, &step))
        step.status = DNS_NXDOMAIN;
    return step;
}

/* The SOA above a denied name gives its TTL (RFC 2308 5), the nearest records their DNSSEC state.
 */
static void denial_terms(const struct dns_zone *z, struct str name, uint32_t *ttl_s,
                         enum dnssec *dnssec)
{
    struct suffixes s;
    bool has_state = false;
    hash_suffixes(name, &s);
    *ttl_s = ZONE_NEGATIVE_TTL_S;
    *dnssec = DNSSEC_UNKNOWN;
    for (struct str up = name;; up = zone_parent(up)) {
        const struct zone_node *node = zone_find(z, up, s.hash[name.n - up.n]);
        if (node != NULL && node->is_real && !has_state) {
            *dnssec = node->dnssec;
            has_state = true;
        }
        const struct zone_set *set = node == NULL ? NULL : node->sets;
        while (set != NULL && set->type != DNS_SOA)
            set = set->next;
        if (set != NULL && set->n != 0) {
            *ttl_s = soa_negative_ttl(set->first->decoded.data, set->first->decoded.ttl_s);
            return;
        }
        if (up.n == 0)
            return;
    }
}

/* What is gathered along a chain of CNAMEs. */
struct chain {
    struct str asked, names[DNS_MAX_CNAMES + 1]; /* names[n - 1] is where it stands */
    size_t n;
    enum dns_type type;
    enum dnssec dnssec;
    uint32_t ttl_s;
};

static void chain_meet(struct chain *c, enum dnssec dnssec, uint32_t ttl_s)
{
    c->dnssec = dnssec < c->dnssec ? dnssec : c->dnssec;
    c->ttl_s = ttl_s < c->ttl_s ? ttl_s : c->ttl_s;
}

static struct dns_answer *answer_data(struct chain *c, const struct zone_set *set)
{
    struct dns_record *records = calloc(set->n, sizeof *records);
    size_t n = 0;
    if (records == NULL)
        return NULL;
    for (const struct zone_record *r = set->first; r != NULL; r = r->next) {
        records[n++] = r->decoded;
        chain_meet(c, set->dnssec, r->decoded.ttl_s);
    }
    struct dns_answer *a = dns_answer_new(DNS_DATA, c->asked, c->type, c->dnssec, c->ttl_s,
                                          c->names[c->n - 1], STR_NONE, records, n);
    free(records);
    return a;
}

static struct dns_answer *answer_none(struct chain *c, enum dns_status status, struct str why)
{
    bool denies = status == DNS_NXDOMAIN || status == DNS_NODATA;
    return dns_answer_new(status, c->asked, c->type, c->dnssec, c->ttl_s,
                          denies ? c->names[c->n - 1] : c->asked, why, NULL, 0);
}

static bool chain_follow(struct chain *c, struct str target, const char **why)
{
    *why = target.n == 0 ? "CNAME to the root" : NULL;
    for (size_t i = 0; i < c->n && *why == NULL; i++)
        if (str_eq(c->names[i], target))
            *why = "CNAME loop";
    if (*why == NULL && c->n == ARRAY_LEN(c->names))
        *why = "more than 16 CNAMEs";
    if (*why == NULL)
        c->names[c->n++] = target;
    return *why == NULL;
}

/* What the zone says where the chain stands: an answer, or NULL with the next name in *target. */
static struct dns_answer *answer_at(const struct dns_zone *z, struct chain *c, struct str *target)
{
    struct str at = c->names[c->n - 1];
    struct step step = look(z, at, c->type);
    const struct zone_verdict *v = step.verdict;
    *target = STR_NONE;
    if (v != NULL) {
        chain_meet(c, v->dnssec, v->ttl_s);
        if (v->target.n == 0)
            return answer_none(c, v->status, v->why);
        *target = v->target;
        return NULL;
    }
    if (step.set == NULL) {
        enum dnssec dnssec;
        uint32_t ttl_s;
        denial_terms(z, at, &ttl_s, &dnssec);
        chain_meet(c, dnssec, ttl_s);
        return answer_none(c, step.status, STR_NONE);
    }
    if (step.set->type == c->type)
        return answer_data(c, step.set);
    const struct dns_record *cname = &step.set->first->decoded;
    chain_meet(c, step.set->dnssec, cname->ttl_s);
    *target = str_make(cname->name.p, cname->name.n);
    return NULL;
}

static struct dns_answer *make_answer(const struct dns_zone *z, struct str name, enum dns_type type)
{
    struct chain c = {.asked = name,
                      .names = {name},
                      .n = 1,
                      .type = type,
                      .dnssec = DNSSEC_SECURE,
                      .ttl_s = DNS_TTL_MAX_S};
    for (;;) {
        struct str target;
        const char *why;
        struct dns_answer *a = answer_at(z, &c, &target);
        if (a != NULL || target.p == NULL) /* without a target it is memory that is missing */
            return a;
        if (!chain_follow(&c, target, &why))
            return answer_none(&c, DNS_SERVFAIL, str_from(why));
    }
}

static struct dns_answer *find_made(struct zone_made *m, enum dns_type type)
{
    while (m != NULL && m->answer->type != type)
        m = m->next;
    return m == NULL ? NULL : m->answer;
}

/* Share the answer of a name that is in the file; the first thread's stays. */
static struct dns_answer *share_made(struct dns_zone *z, struct zone_node *node,
                                     struct dns_answer *a)
{
    struct zone_made *m = a == NULL ? NULL : malloc(sizeof *m);
    if (m == NULL)
        return a; /* unshared, still right */
    m->answer = a;
    m->next = atomic_load_explicit(&node->made, memory_order_acquire);
    do {
        struct dns_answer *other = find_made(m->next, a->type);
        if (other != NULL) {
            free(m);
            dns_answer_unref(a);
            return dns_answer_ref(other);
        }
    } while (!atomic_compare_exchange_weak_explicit(&node->made, &m->next, m, memory_order_release,
                                                    memory_order_acquire));
    atomic_store(&z->has_made, true);
    return dns_answer_ref(a);
}

struct dns_answer *dns_zone_lookup(void *zone, struct str name, enum dns_type type)
{
    struct dns_zone *z = zone;
    char lower[DNS_NAME_MAX];
    struct str asked;
    const char *why = dns_name_lower(name, lower, &asked);
    if (why != NULL)
        return dns_answer_unaskable(asked, type, why);
    struct zone_node *node = zone_find(z, asked, dns_name_hash(asked));
    if (node == NULL)
        return make_answer(z, asked, type);
    struct dns_answer *a = find_made(atomic_load_explicit(&node->made, memory_order_acquire), type);
    return a != NULL ? dns_answer_ref(a) : share_made(z, node, make_answer(z, asked, type));
}
