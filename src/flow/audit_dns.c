/* The answers of an audit: what DNS says, and over it the zone file that is not yet published. */
#include "flow/audit_internal.h"

#include "base/idna.h"
#include "dns/zone.h"

/* A question on its way along aliases, in the file and out of it. */
struct walk {
    struct audit *audit;
    struct str asked;
    enum dns_type type;
    char at_text[DNS_NAME_MAX];
    struct str at; /* where it stands */
    size_t hops;
    enum dnssec dnssec;
    uint32_t ttl_s;
};

static struct dns_answer *look_up(const struct audit_options *o, struct str name,
                                  enum dns_type type)
{
    return dns_zone_lookup((void *)(uintptr_t)o->zone, name, type);
}

/* Is the name the top of a zone that the file only delegates (RFC 1034 4.2.1)? */
static int is_cut(const struct audit_options *o, struct str name, bool *out)
{
    struct dns_answer *ns = look_up(o, name, DNS_NS);
    if (ns == NULL)
        return MP_E_NOMEM;
    *out = ns->status == DNS_DATA && str_eq(ns->canonical, ns->name);
    dns_answer_unref(ns);
    return MP_OK;
}

/* Does the file speak for the name? What it has at and below a delegation is glue. */
static int speaks_for(const struct audit_options *o, struct str name, bool *out)
{
    *out = domain_is_below(name, o->zone_apex);
    for (struct str up = name; *out && !domain_eq(up, o->zone_apex); (void)str_cut(&up, '.')) {
        bool cut;
        int st = is_cut(o, up, &cut);
        if (st != MP_OK)
            return st;
        *out = !cut;
    }
    return MP_OK;
}

static void meet(struct walk *w, const struct dns_answer *a)
{
    w->dnssec = a->dnssec < w->dnssec ? a->dnssec : w->dnssec;
    w->ttl_s = a->ttl_s < w->ttl_s ? a->ttl_s : w->ttl_s;
}

/* One step on; `target` may lie in what is freed next. */
static void step_to(struct walk *w, struct str target)
{
    w->at = str_slice(target, 0, sizeof w->at_text);
    if (w->at.n > 0)
        memcpy(w->at_text, w->at.p, w->at.n);
    w->at.p = w->at_text;
    w->hops++;
}

/* The last answer becomes the one to what was asked. Takes over the reference. */
static int end_walk(struct walk *w, struct dns_answer *last, struct dns_answer **out)
{
    *out = last;
    if (last == NULL)
        return MP_E_NOMEM;
    if (w->hops == 0)
        return MP_OK;
    meet(w, last);
    bool failed = last->status >= DNS_SERVFAIL;
    *out = dns_answer_new(last->status, w->asked, w->type, w->dnssec, w->ttl_s,
                          failed ? STR_NONE : last->canonical, last->why, last->records, last->n);
    dns_answer_unref(last);
    return *out == NULL ? MP_E_NOMEM : MP_OK;
}

/* In the file. *out stays NULL when the walk goes on at an alias's target. */
static int walk_file(struct walk *w, struct dns_answer **out)
{
    const struct audit_options *o = w->audit->options;
    struct dns_answer *alias = w->type == DNS_CNAME ? NULL : look_up(o, w->at, DNS_CNAME);
    if (alias == NULL && w->type != DNS_CNAME)
        return MP_E_NOMEM;
    bool goes_on = alias != NULL && alias->status == DNS_DATA && alias->records[0].name.n > 0;
    if (goes_on) {
        meet(w, alias);
        step_to(w, alias->records[0].name);
    }
    dns_answer_unref(alias);
    return goes_on ? MP_OK : end_walk(w, look_up(o, w->at, w->type), out);
}

/* In DNS, which follows aliases itself: until they lead back to a name of ours. MP_WAIT: noted. */
static int walk_dns(struct walk *w, struct dns_answer **out, struct mp_err *err)
{
    const struct dns_answer *a;
    bool ours = false;
    int st = dns_ask(w->audit->below, w->at, w->type, &a, err);
    if (st != MP_OK)
        return st;
    if (a->status < DNS_SERVFAIL && !str_eq(a->canonical, a->name))
        st = speaks_for(w->audit->options, a->canonical, &ours);
    if (st != MP_OK)
        return st;
    if (!ours)
        return end_walk(w, dns_answer_ref((struct dns_answer *)(uintptr_t)a), out);
    meet(w, a);
    step_to(w, a->canonical);
    return MP_OK;
}

/* MP_WAIT: DNS must be asked first; that is noted in the view below. */
static int find_answer(struct audit *a, struct str name, enum dns_type type,
                       struct dns_answer **out, struct mp_err *err)
{
    struct walk w = {.audit = a,
                     .asked = name,
                     .type = type,
                     .at = name,
                     .dnssec = DNSSEC_SECURE,
                     .ttl_s = DNS_TTL_MAX_S};
    *out = NULL;
    while (*out == NULL && w.hops <= DNS_MAX_CNAMES) {
        bool ours;
        int st = speaks_for(a->options, w.at, &ours);
        if (st == MP_OK)
            st = ours ? walk_file(&w, out) : walk_dns(&w, out, err);
        if (st != MP_OK)
            return st;
    }
    if (*out == NULL)
        *out =
            dns_answer_new(DNS_SERVFAIL, name, type, DNSSEC_UNKNOWN, 0, STR_NONE,
                           STR("the CNAMEs run in a circle, or there are more than 16"), NULL, 0);
    return *out == NULL ? MP_E_NOMEM : MP_OK;
}

static struct dns_answer *ready(void *ctx, struct str name, enum dns_type type)
{
    struct dns_answer *a;
    return find_answer(ctx, name, type, &a, NULL) == MP_OK ? a : NULL;
}

int audit_dns_open(struct audit *a, struct mp_err *err)
{
    const struct audit_options *o = a->options;
    a->below = flow_dns_view(o->dns, &a->arena);
    if (a->below != NULL)
        a->dns = o->zone == NULL ? a->below : dns_view_new_large(&a->arena, ready, a);
    return a->dns == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for an audit") : MP_OK;
}

void audit_dns_close(struct audit *a)
{
    if (a->dns != a->below)
        dns_view_release(a->dns);
    dns_view_release(a->below);
    a->dns = a->below = NULL;
}

/* All that is missing of what the checks see, as far as it can be said now. */
static int answer_missing(struct audit *a, bool *waiting, struct mp_err *err)
{
    struct dns_question q;
    for (size_t cursor = 0; dns_view_missing(a->dns, &cursor, &q);) {
        struct dns_answer *answer;
        int st = find_answer(a, q.name, q.type, &answer, err);
        if (st == MP_OK)
            st = dns_view_put(a->dns, q.name, q.type, answer);
        if (st == MP_E_NOMEM)
            return mp_fail(err, st, 0, "no memory for a DNS answer");
        if (st < 0)
            return st;
        *waiting |= st == MP_WAIT;
    }
    return MP_OK;
}

int audit_dns_fill(struct audit *a, struct mp_err *err)
{
    struct flow_dns below = {a->options->dns, a->below, a->deadline_us};
    for (bool waiting = true; waiting;) {
        int st = flow_dns_fill(&below, err);
        waiting = false;
        if (st == MP_OK && a->dns != a->below)
            st = answer_missing(a, &waiting, err);
        if (st != MP_OK)
            return st;
    }
    return MP_OK;
}
