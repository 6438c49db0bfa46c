/* What is wrong or risky in the records of an SPF tree, and the sums at its end (RFC 7208 4.6.4).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/spf_audit_internal.h"
#include "base/buf.h"
#include "base/idna.h"

enum {
    TEXT_MAX_BYTES = 1000,
    SHOWN_BYTES = 100,
    LISTED_MAX = 8,       /* terms in a sum */
    UDP_SAFE_OCTETS = 450 /* RFC 7208 3.4 */
};

static struct str shown(struct str s)
{
    return str_slice(s, 0, SHOWN_BYTES);
}

struct spf_problem *spf_problem_add(struct spf_walk *w, enum spf_problem_kind kind,
                                    struct str domain, struct str term, const char *fmt, ...)
{
    struct spf_audit *out = w->out;
    char text[TEXT_MAX_BYTES];
    if (w->per_kind[kind] == SPF_AUDIT_MAX_PER_KIND)
        return NULL;
    void *p =
        spf_walk_grow(w, out->problems, out->n_problems, &w->problem_cap, sizeof *out->problems);
    if (p == NULL)
        return NULL;
    out->problems = p;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    w->per_kind[kind]++;
    struct spf_problem *made = &out->problems[out->n_problems++];
    *made = (struct spf_problem){.kind = kind,
                                 .domain = domain,
                                 .term = term,
                                 .text = arena_copy(w->ctx->arena, str_from(text))};
    return made;
}

/* ---- one record ---- */

/* `include=x` is a modifier nobody knows: it does nothing. Others may be of a later standard. */
static void unknown_modifiers(struct spf_walk *w, struct str domain, struct str text)
{
    str_cut(&text, ' ');
    while (text.p != NULL) {
        struct str term = str_cut(&text, ' ');
        struct str name = str_slice(term, 0, spf_modifier_name(term));
        if (name.n != 0 && !str_ieq(name, STR("redirect")) && !str_ieq(name, STR("exp")))
            spf_problem_add(w, SPF_PROBLEM_UNKNOWN_MODIFIER, domain, term,
                            "'" STR_FMT "=' is no modifier of SPF: it is ignored",
                            STR_ARG(shown(name)));
    }
}

static void terms_after_all(struct spf_walk *w, const struct spf_frame *f)
{
    const struct spf_record *r = f->record;
    size_t i = 0;
    if (!r->has_all)
        return;
    while (r->terms[i].mech != SPF_ALL)
        i++;
    if (i + 1 < r->n)
        spf_problem_add(w, SPF_PROBLEM_AFTER_ALL, f->domain, r->terms[i + 1].text,
                        "%zu %s behind '" STR_FMT "' never looked at", r->n - i - 1,
                        r->n - i == 2 ? "term is" : "terms are", STR_ARG(shown(r->terms[i].text)));
    if (r->redirect_text.n != 0)
        spf_problem_add(w, SPF_PROBLEM_REDIRECT_ALL, f->domain, r->redirect_text,
                        "is ignored beside '" STR_FMT "'", STR_ARG(shown(r->terms[i].text)));
}

void spf_judge_record(struct spf_walk *w, const struct spf_frame *f, const struct dns_answer *txt,
                      struct str text)
{
    size_t octets = txt->name.n;
    for (size_t i = 0; i < txt->n; i++)
        octets += txt->records[i].data.n;
    if (octets > UDP_SAFE_OCTETS)
        spf_problem_add(w, SPF_PROBLEM_LONG, f->domain, STR(""),
                        "name and TXT records have %zu octets, %zu of them the SPF record; more "
                        "than %d may not fit into one UDP answer",
                        octets, text.n, UDP_SAFE_OCTETS);
    unknown_modifiers(w, f->domain, text);
    terms_after_all(w, f);
}

/* ---- the same term twice ---- */

/* The first address of a range, or the last. */
static struct ip end_of(struct ip ip, unsigned prefix, bool last)
{
    for (unsigned i = prefix; i < (ip.family == IP_V4 ? 32 : 128); i++) {
        unsigned bit = 0x80u >> i % 8, octet = ip.octets[i / 8];
        ip.octets[i / 8] = (unsigned char)(last ? octet | bit : octet & ~bit);
    }
    return ip;
}

static struct spf_seen key_of(struct spf_walk *w, const struct spf_term *t, struct str name)
{
    struct spf_seen s = {.mech = t->mech, .result = t->result, .net = t->net, .name = name};
    if (t->mech == SPF_IP4 || t->mech == SPF_A || t->mech == SPF_MX)
        s.cidr4 = t->cidr4;
    if (t->mech == SPF_IP6 || t->mech == SPF_A || t->mech == SPF_MX)
        s.cidr6 = t->cidr6;
    if (t->mech == SPF_IP4 || t->mech == SPF_IP6)
        s.net = end_of(t->net, t->mech == SPF_IP4 ? t->cidr4 : t->cidr6, false);
    char lower[DOMAIN_MAX_OCTETS];
    for (size_t i = 0; i < name.n && i < sizeof lower; i++)
        lower[i] = to_lower(name.p[i]);
    s.name = arena_copy(w->ctx->arena, str_make(lower, name.n));
    s.hash = str_hash(s.name) ^ str_hash(str_make((const char *)s.net.octets, 16)) ^
             (uint64_t)s.mech << 8 ^ s.cidr4;
    return s;
}

static bool same_term(const struct spf_seen *a, const struct spf_seen *b)
{
    return a->hash == b->hash && a->mech == b->mech && a->result == b->result &&
           a->cidr4 == b->cidr4 && a->cidr6 == b->cidr6 && str_eq(a->name, b->name) &&
           (a->net.family == IP_NONE || ip_eq(&a->net, &b->net));
}

bool spf_judge_repeat(struct spf_walk *w, const struct spf_frame *f, const struct spf_term *t,
                      size_t node, struct str name)
{
    if (t->mech == SPF_ALL || node == SPF_NO_NODE)
        return false;
    w->seen[node] = key_of(w, t, name);
    for (size_t i = 0; i < node; i++) {
        if (!same_term(&w->seen[i], &w->seen[node]))
            continue;
        if (!f->repeated)
            spf_problem_add(w, SPF_PROBLEM_DUPLICATE, f->domain, t->text,
                            "stands already as '" STR_FMT "' in the record of " STR_FMT,
                            STR_ARG(shown(w->out->nodes[i].term)),
                            STR_ARG(shown(w->out->nodes[i].domain)));
        return true;
    }
    return false;
}

/* ---- ranges that pass ---- */

/* Does the range lie among addresses that are nobody's on the public Internet? A pass for them is
 * worth nothing to others, and lets in whoever has the same network inside. The largest such block
 * is a /8 (IPv6: /7); what is broader holds public ones as well. */
static bool is_private(const struct ip *net, unsigned prefix)
{
    struct ip first = end_of(*net, prefix, false), last = end_of(*net, prefix, true);
    return prefix >= (net->family == IP_V4 ? 8 : 7) && !ip_is_public(&first) &&
           !ip_is_public(&last);
}

static uint32_t number_of(const struct ip *ip)
{
    return (uint32_t)ip->octets[0] << 24 | (uint32_t)ip->octets[1] << 16 |
           (uint32_t)ip->octets[2] << 8 | ip->octets[3];
}

static void add_range(struct spf_walk *w, const struct ip *net, unsigned prefix)
{
    uint32_t host = prefix == 0 ? UINT32_MAX : prefix >= 32 ? 0 : UINT32_MAX >> prefix;
    if (w->n_ranges == SPF_AUDIT_MAX_RANGES) {
        w->out->incomplete = true;
        return;
    }
    void *p = spf_walk_grow(w, w->ranges, w->n_ranges, &w->range_cap, sizeof *w->ranges);
    if (p == NULL)
        return;
    w->ranges = p;
    w->ranges[w->n_ranges++] = (struct spf_range){number_of(net) & ~host, number_of(net) | host};
}

void spf_judge_range(struct spf_walk *w, const struct spf_frame *f, const struct spf_term *t,
                     const struct ip *net, unsigned prefix)
{
    const struct auth_config *config = w->ctx->config;
    unsigned broad =
        net->family == IP_V4 ? config->spf_broad_prefix_v4 : config->spf_broad_prefix_v6;
    w->passes_something = true;
    if (net->family == IP_V4)
        add_range(w, net, prefix);
    if (prefix == 0)
        spf_problem_add(w, SPF_PROBLEM_PLUS_ALL, f->domain, t->text, "everybody passes");
    else if (prefix < broad)
        spf_problem_add(w, SPF_PROBLEM_BROAD, f->domain, t->text,
                        "a whole /%u passes, which strangers may share", prefix);
    if (!is_private(net, prefix))
        return;
    char text[IP_TEXT_MAX];
    ip_write(net, text);
    spf_problem_add(w, SPF_PROBLEM_PRIVATE, f->domain, t->text,
                    "%s/%u passes: no address of the public Internet", text, prefix);
}

/* ---- the whole ---- */

static int by_first(const void *a, const void *b)
{
    const struct spf_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Addresses in any of the ranges, each once. */
static uint64_t count_addresses(struct spf_range *r, size_t n)
{
    uint64_t sum = 0, next = 0; /* all below `next` are counted */
    if (n != 0)
        qsort(r, n, sizeof *r, by_first);
    for (size_t i = 0; i < n; i++) {
        uint64_t from = r[i].first > next ? r[i].first : next, to = (uint64_t)r[i].last + 1;
        if (to <= from)
            continue;
        sum += to - from;
        next = to;
    }
    return sum;
}

/* "include:a.test 5, mx 2": what the terms of the first record cost, the dearest first. */
static void list_costs(const struct spf_audit *out, struct buf *text)
{
    const struct spf_node *last = NULL;
    for (unsigned listed = 0; listed < LISTED_MAX; listed++) {
        const struct spf_node *best = NULL;
        for (size_t i = 0; i < out->n_nodes; i++) {
            const struct spf_node *n = &out->nodes[i];
            bool later = last == NULL || n->lookups < last->lookups ||
                         (n->lookups == last->lookups && n > last);
            if (n->depth == 0 && n->lookups != 0 && later &&
                (best == NULL || n->lookups > best->lookups))
                best = n;
        }
        if (best == NULL)
            return;
        buf_addf(text, "%s" STR_FMT " %u", listed == 0 ? "" : ", ", STR_ARG(shown(best->term)),
                 best->lookups);
        last = best;
    }
}

static void list_voids(const struct spf_walk *w, struct buf *text)
{
    unsigned listed = 0;
    for (size_t i = 0; i < w->out->n_nodes && listed < LISTED_MAX; i++) {
        const struct spf_node *n = &w->out->nodes[i];
        if (n->voids == 0 || w->seen[i].mech == SPF_INCLUDE)
            continue;
        buf_addf(text, "%s" STR_FMT " in " STR_FMT, listed == 0 ? "" : ", ",
                 STR_ARG(shown(n->term)), STR_ARG(shown(n->domain)));
        listed++;
    }
}

static void judge_limits(struct spf_walk *w, struct str domain)
{
    struct spf_audit *out = w->out;
    struct buf text;
    buf_init(&text, TEXT_MAX_BYTES * 4);
    if (out->lookups > SPF_MAX_LOOKUPS) {
        buf_addf(&text, "%u look-ups where %d are allowed: ", out->lookups, SPF_MAX_LOOKUPS);
        list_costs(out, &text);
        spf_problem_add(w, SPF_PROBLEM_LOOKUPS, domain, STR(""), STR_FMT, STR_ARG(buf_str(&text)));
    }
    buf_reset(&text);
    if (out->voids > SPF_MAX_VOID_LOOKUPS) {
        buf_addf(&text, "%u look-ups without an answer%s where %d are allowed: ", out->voids,
                 out->voids4 > SPF_MAX_VOID_LOOKUPS ? "" : " for a client that comes by IPv6",
                 SPF_MAX_VOID_LOOKUPS);
        list_voids(w, &text);
        spf_problem_add(w, SPF_PROBLEM_VOIDS, domain, STR(""), STR_FMT, STR_ARG(buf_str(&text)));
    }
    buf_clear(&text);
}

void spf_judge_whole(struct spf_walk *w)
{
    struct spf_audit *out = w->out;
    out->lookups = w->cost.lookups;
    out->voids4 = w->cost.voids4;
    out->voids = w->cost.voids4 > w->cost.voids6 ? w->cost.voids4 : w->cost.voids6;
    if (w->status != MP_OK)
        return;
    out->addresses4 = count_addresses(w->ranges, w->n_ranges);
    out->sends_nothing = out->presence == SPF_RECORDS_ONE && out->has_all && !out->incomplete &&
                         !w->passes_something && (out->all == SPF_FAIL || out->all == SPF_SOFTFAIL);
    judge_limits(w, w->env.sender_domain);
}
