/* Where mail goes: MX records, their hosts, the addresses of those, and whether they offer TLS. */
#include "posture/posture_internal.h"

enum {
    MX_MANY = 10 /* RFC 7208 4.6.4: more fail the mx mechanism */
};

static const struct str group = STR_INIT("MX");

/* ---- records ---- */

static void check_null(struct posture_ctx *c, const struct dns_answer *mx)
{
    struct posture *p = c->out;
    for (size_t i = 0; i < mx->n; i++) {
        const struct dns_record *r = &mx->records[i];
        if (r->name.n > 0)
            continue;
        struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_MX_NULL_MIXED,
                      "\"%u .\" beside %zu other records", r->preference, mx->n - 1);
        fix_edit_add(posture_fix(c, f), FIX_REMOVE, p->domain, DNS_MX,
                     posture_mx_rdata(c->arena, r->preference, STR("")));
    }
}

static bool is_listed(const struct posture *p, struct str host)
{
    for (size_t i = 0; i < p->n_mx; i++)
        if (str_eq(p->mx[i].host, host))
            return true;
    return false;
}

/* By preference, then name: reports and remedies do not depend on the order of the answer. */
static bool comes_before(const struct dns_record *a, const struct dns_record *b)
{
    return a->preference != b->preference ? a->preference < b->preference
                                          : str_cmp(a->name, b->name) < 0;
}

static const struct dns_record *next_record(const struct dns_answer *mx,
                                            const struct dns_record *last)
{
    const struct dns_record *next = NULL;
    for (size_t i = 0; i < mx->n; i++) {
        const struct dns_record *r = &mx->records[i];
        if (last != NULL && !comes_before(last, r))
            continue;
        if (next == NULL || comes_before(r, next))
            next = r;
    }
    return next;
}

static void take_host(struct posture_ctx *c, const struct dns_record *r)
{
    struct posture *p = c->out;
    if (is_listed(p, r->name)) {
        struct finding *f = check_add(&c->checks, FINDING_POSTURE_MX_DUPLICATE, "%.*s again at %u",
                                      STR_ARG(r->name), r->preference);
        fix_edit_add(posture_fix(c, f), FIX_REMOVE, p->domain, DNS_MX,
                     posture_mx_rdata(c->arena, r->preference, r->name));
    } else if (p->n_mx == POSTURE_MAX_MX) {
        posture_cut(c, "MX hosts", POSTURE_MAX_MX);
    } else {
        p->mx[p->n_mx++] = (struct posture_mx){.host = r->name, .preference = r->preference};
    }
}

static void take_records(struct posture_ctx *c, const struct dns_answer *mx)
{
    struct posture *p = c->out;
    p->null_mx = mx->n == 1 && mx->records[0].name.n == 0;
    if (p->null_mx)
        return;
    check_null(c, mx);
    for (const struct dns_record *r = NULL; (r = next_record(mx, r)) != NULL;)
        if (r->name.n > 0)
            take_host(c, r);
    if (p->n_mx > MX_MANY)
        check_add(&c->checks, FINDING_POSTURE_MX_MANY, "%zu hosts", p->n_mx);
}

/* No MX record: the name itself counts as the host of one (RFC 5321 5.1). */
static void take_implicit(struct posture_ctx *c, const struct dns_answer *mx,
                          const struct dns_answer *const addresses[2])
{
    struct posture *p = c->out;
    if (posture_either_failed(c, addresses[0], addresses[1]))
        return;
    if (addresses[0]->n + addresses[1]->n > 0) {
        p->implicit_mx = true;
        p->mx[p->n_mx++] = (struct posture_mx){.host = p->domain};
        struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_MX_IMPLICIT, "%.*s", STR_ARG(p->domain));
        struct fix *x = p->profile == PROFILE_PARKED ? NULL : posture_fix(c, f);
        fix_edit_add(x, FIX_ADD, p->domain, DNS_MX, posture_mx_rdata(c->arena, 10, p->domain));
    } else if (mx->status == DNS_NXDOMAIN) {
        check_add(&c->checks, FINDING_POSTURE_MX_NO_DOMAIN, "%.*s", STR_ARG(p->domain));
    } else if (p->profile != PROFILE_PARKED) {
        check_add(&c->checks, FINDING_POSTURE_MX_NONE, "%.*s", STR_ARG(p->domain));
    }
}

static int check_records(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    const struct dns_answer *mx, *addresses[2];
    int waiting = posture_ask(c, p->domain, DNS_MX, &mx, err);
    int a = posture_ask(c, p->domain, DNS_A, &addresses[0], err);
    int aaaa = posture_ask(c, p->domain, DNS_AAAA, &addresses[1], err);
    if (waiting != MP_OK || a != MP_OK || aaaa != MP_OK)
        return waiting < 0 ? waiting : a < 0 ? a : aaaa < 0 ? aaaa : MP_WAIT;
    check_begin(&c->checks, group, "mx.records");
    p->mx_secure = mx->dnssec == DNSSEC_SECURE;
    p->mx_failed = posture_answer_failed(c, mx);
    if (mx->n > 0)
        take_records(c, mx);
    else if (!p->mx_failed)
        take_implicit(c, mx, addresses);
    if (p->null_mx && p->profile != PROFILE_PARKED)
        check_add(&c->checks, FINDING_POSTURE_MX_NULL_SENDING, "%.*s", STR_ARG(p->domain));
    if (p->null_mx)
        check_end(&c->checks, -1, "null MX: takes no mail");
    else
        check_end(&c->checks, -1, "%zu %s%s", p->n_mx, p->n_mx == 1 ? "host" : "hosts",
                  p->implicit_mx ? ", by address only" : "");
    return MP_OK;
}

/* ---- hosts ---- */

struct host {
    const struct dns_answer *answers[2]; /* A, AAAA */
};

static int ask_host(struct posture_ctx *c, struct posture_mx *m, struct host *h, struct mp_err *err)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA};
    struct ip ip;
    int waiting = MP_OK;
    m->is_address = ip_parse(m->host, &ip);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        int st = posture_ask(c, m->host, types[i], &h->answers[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    return waiting;
}

static enum dns_status worse(enum dns_status a, enum dns_status b)
{
    return a > b ? a : b; /* failures stand behind denials */
}

static enum dnssec weaker(enum dnssec a, enum dnssec b)
{
    return a < b ? a : b;
}

static void take_addresses(struct posture_ctx *c, struct posture_mx *m, const struct host *h)
{
    const struct dns_answer *a = h->answers[0], *aaaa = h->answers[1];
    m->is_alias = !str_eq(a->canonical, a->name) || !str_eq(aaaa->canonical, aaaa->name);
    m->dnssec = weaker(a->dnssec, aaaa->dnssec);
    for (size_t i = 0; i < ARRAY_LEN(h->answers); i++)
        for (size_t k = 0; k < h->answers[i]->n; k++) {
            if (m->n_addresses < POSTURE_MAX_ADDRESSES)
                m->addresses[m->n_addresses++] = h->answers[i]->records[k].ip;
            else
                m->n_dropped++;
        }
    if (m->n_dropped > 0)
        posture_cut(c, "addresses of a host", POSTURE_MAX_ADDRESSES);
    bool failed = posture_failed(a) || posture_failed(aaaa);
    m->status = m->n_addresses > 0 && !failed ? DNS_DATA : worse(a->status, aaaa->status);
}

/* RFC 952 and 1123: letters, digits, hyphens inside. */
static bool is_host_name(struct str name)
{
    while (name.p != NULL) {
        struct str label = str_cut(&name, '.');
        if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_alnum(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

/* The record under another name: "MX 10 alias." becomes "MX 10 host.", unless the host has one. */
static void replace_host(struct posture_ctx *c, struct fix *x, const struct posture_mx *m,
                         struct str host)
{
    fix_edit_add(x, FIX_REMOVE, c->out->domain, DNS_MX,
                 posture_mx_rdata(c->arena, m->preference, m->host));
    if (!is_listed(c->out, host))
        fix_edit_add(x, FIX_ADD, c->out->domain, DNS_MX,
                     posture_mx_rdata(c->arena, m->preference, host));
}

/* The address gets a name of its own, if the usual one is free. */
static int fix_address(struct posture_ctx *c, const struct posture_mx *m, struct mp_err *err)
{
    struct host h;
    struct ip ip;
    struct str name = posture_below(c->arena, "mx", c->out->domain);
    struct posture_mx probe = {.host = name};
    int st = ask_host(c, &probe, &h, err);
    if (st != MP_OK)
        return st;
    struct finding *f = check_add(&c->checks, FINDING_POSTURE_MX_ADDRESS, "%u %.*s", m->preference,
                                  STR_ARG(m->host));
    if (h.answers[0]->status == DNS_NXDOMAIN && ip_parse(m->host, &ip)) {
        struct fix *x = posture_fix(c, f);
        replace_host(c, x, m, name);
        fix_edit_add(x, FIX_ADD, name, ip.family == IP_V4 ? DNS_A : DNS_AAAA,
                     posture_ip(c->arena, &ip));
    }
    return MP_OK;
}

static bool has_other_host(const struct posture *p, const struct posture_mx *m)
{
    for (size_t i = 0; i < p->n_mx; i++)
        if (&p->mx[i] != m && p->mx[i].n_addresses > 0 && p->mx[i].status == DNS_DATA)
            return true;
    return false;
}

static int check_name(struct posture_ctx *c, struct posture_mx *m, const struct host *h,
                      struct mp_err *err)
{
    struct posture *p = c->out;
    if (m->is_address)
        return fix_address(c, m, err);
    if (m->is_alias && !p->implicit_mx) {
        struct str real =
            h->answers[0]->n > 0 ? h->answers[0]->canonical : h->answers[1]->canonical;
        struct finding *f = check_add(&c->checks, FINDING_POSTURE_MX_ALIAS, "%.*s is %.*s",
                                      STR_ARG(m->host), STR_ARG(real));
        if (m->n_addresses > 0)
            replace_host(c, posture_fix(c, f), m, real);
    }
    if (!is_host_name(m->host))
        check_add(&c->checks, FINDING_POSTURE_MX_NAME, "%.*s", STR_ARG(m->host));
    bool failed = posture_either_failed(c, h->answers[0], h->answers[1]);
    if (m->n_addresses == 0 && !failed) {
        struct finding *f =
            check_add(&c->checks, FINDING_POSTURE_MX_NO_ADDRESS, "%.*s: %s", STR_ARG(m->host),
                      m->status == DNS_NXDOMAIN ? "no such name" : "the name has no A or AAAA");
        if (has_other_host(p, m))
            fix_edit_add(posture_fix(c, f), FIX_REMOVE, p->domain, DNS_MX,
                         posture_mx_rdata(c->arena, m->preference, m->host));
    }
    return MP_OK;
}

static int check_hosts(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    struct host hosts[POSTURE_MAX_MX];
    int waiting = MP_OK;
    for (size_t i = 0; i < p->n_mx; i++) {
        int st = ask_host(c, &p->mx[i], &hosts[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting != MP_OK)
        return waiting;
    check_begin(&c->checks, group, "mx.hosts");
    for (size_t i = 0; i < p->n_mx; i++)
        if (!p->mx[i].is_address)
            take_addresses(c, &p->mx[i], &hosts[i]);
    for (size_t i = 0; i < p->n_mx && waiting == MP_OK; i++)
        waiting = check_name(c, &p->mx[i], &hosts[i], err);
    check_end(&c->checks, -1, "%zu %s looked up", p->n_mx, p->n_mx == 1 ? "name" : "names");
    return waiting;
}

/* ---- addresses ---- */

static bool is_reachable(const struct posture_ctx *c, const struct ip *ip)
{
    return c->config->allow_private || ip_is_public(ip);
}

static size_t count_reachable(const struct posture_ctx *c, const struct posture_mx *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_addresses; i++)
        n += is_reachable(c, &m->addresses[i]);
    return n;
}

/* Take the address out of the zone, or the host out of the MX records: whichever leaves a way. */
static void fix_private(struct posture_ctx *c, const struct finding *f, const struct posture_mx *m,
                        const struct ip *ip)
{
    const struct posture *p = c->out;
    if (count_reachable(c, m) > 0 && posture_is_ours(c, m->host) && !m->is_alias)
        fix_edit_add(posture_fix(c, f), FIX_REMOVE, m->host, ip->family == IP_V4 ? DNS_A : DNS_AAAA,
                     posture_ip(c->arena, ip));
    else if (count_reachable(c, m) == 0 && has_other_host(p, m))
        fix_edit_add(posture_fix(c, f), FIX_REMOVE, p->domain, DNS_MX,
                     posture_mx_rdata(c->arena, m->preference, m->host));
}

struct reach {
    size_t addresses, v6; /* that can be reached, all hosts together; equal ones count once */
    size_t unknown;       /* hosts whose look-up failed */
};

static bool was_seen(const struct posture *p, size_t host, size_t address)
{
    const struct ip *ip = &p->mx[host].addresses[address];
    for (size_t i = 0; i <= host; i++)
        for (size_t k = 0; k < (i == host ? address : p->mx[i].n_addresses); k++)
            if (ip_eq(ip, &p->mx[i].addresses[k]))
                return true;
    return false;
}

static struct reach look_at_addresses(struct posture_ctx *c)
{
    const struct posture *p = c->out;
    struct reach r = {0};
    for (size_t i = 0; i < p->n_mx; i++) {
        const struct posture_mx *m = &p->mx[i];
        r.unknown += m->status > DNS_NXDOMAIN || m->n_dropped > 0;
        for (size_t k = 0; k < m->n_addresses; k++) {
            const struct ip *ip = &m->addresses[k];
            if (is_reachable(c, ip)) {
                r.addresses += !was_seen(p, i, k);
                r.v6 += ip->family == IP_V6;
                continue;
            }
            struct str text = posture_ip(c->arena, ip);
            fix_private(c,
                        check_add(&c->checks, FINDING_POSTURE_MX_PRIVATE, "%.*s: %.*s",
                                  STR_ARG(m->host), STR_ARG(text)),
                        m, ip);
        }
    }
    return r;
}

static void check_addresses(struct posture_ctx *c)
{
    const struct posture *p = c->out;
    check_begin(&c->checks, group, "mx.addresses");
    struct reach r = look_at_addresses(c);
    if (r.unknown > 0)
        check_undecided(&c->checks);
    else if (r.addresses == 0)
        check_add(&c->checks, FINDING_POSTURE_MX_NONE_USABLE, "%.*s", STR_ARG(p->domain));
    else if (r.addresses == 1)
        check_add(&c->checks, FINDING_POSTURE_MX_SINGLE, "%.*s", STR_ARG(p->mx[0].host));
    if (r.unknown == 0 && r.addresses > 0 && r.v6 == 0)
        check_add(&c->checks, FINDING_POSTURE_MX_NO_IPV6, "%.*s", STR_ARG(p->domain));
    check_end(&c->checks, -1, "%zu %s, %zu of IPv6", r.addresses,
              r.addresses == 1 ? "address" : "addresses", r.v6);
}

/* ---- TLS ---- */

static void judge_tls(struct posture_ctx *c, struct str host, const struct smtp_fact *f)
{
    if (!f->answered) {
        check_add(&c->checks, FINDING_POSTURE_MX_NO_ANSWER, "%.*s: %s%s%.*s", STR_ARG(host),
                  f->fault, f->reason.n > 0 ? ", " : "", STR_ARG(f->reason));
        check_undecided(&c->checks);
    } else if (!f->starttls) {
        check_add(&c->checks, FINDING_POSTURE_MX_NO_STARTTLS, "%.*s", STR_ARG(host));
    } else if (!f->tls.established) {
        check_add(&c->checks, FINDING_POSTURE_MX_TLS_FAILED, "%.*s: %.*s", STR_ARG(host),
                  STR_ARG(f->reason));
        if (f->temporary)
            check_undecided(&c->checks);
    }
}

static int check_tls(struct posture_ctx *c, struct mp_err *err)
{
    const struct posture *p = c->out;
    const struct smtp_fact *facts[POSTURE_MAX_MX] = {NULL};
    int waiting = MP_OK;
    if (!c->config->connect) {
        check_skip(&c->checks, group, "mx.tls", "hosts are not connected to");
        return MP_OK;
    }
    for (size_t i = 0; i < p->n_mx; i++) {
        const struct posture_mx *m = &p->mx[i];
        int st = count_reachable(c, m) == 0 ? MP_OK : fact_smtp(c->facts, m->host, &facts[i], err);
        if (st < 0)
            return st;
        waiting = st == MP_WAIT ? st : waiting;
    }
    if (waiting != MP_OK)
        return waiting;
    size_t encrypted = 0;
    check_begin(&c->checks, group, "mx.tls");
    for (size_t i = 0; i < p->n_mx; i++) {
        if (facts[i] == NULL || facts[i]->skipped)
            continue;
        judge_tls(c, p->mx[i].host, facts[i]);
        encrypted += facts[i]->tls.established;
    }
    check_end(&c->checks, -1, "%zu of %zu hosts speak TLS", encrypted, p->n_mx);
    return MP_OK;
}

int posture_check_mx(struct posture_ctx *c, struct mp_err *err)
{
    struct posture *p = c->out;
    int st = check_records(c, err);
    if (st == MP_OK && p->n_mx > 0)
        st = check_hosts(c, err);
    if (st != MP_OK)
        return st;
    p->mx_ready = true;
    if (p->n_mx == 0)
        return MP_OK;
    check_addresses(c);
    return check_tls(c, err);
}
