/* MX look-up: the hosts that take a domain's mail, with their addresses, in the order of trying. */
#include "flow/route.h"

#include "flow/flow_dns.h"

static bool is_failure(enum dns_status s)
{
    return s == DNS_SERVFAIL || s == DNS_TIMEOUT || s == DNS_BOGUS;
}

/* What is certain about both answers together. */
static enum dnssec weaker(enum dnssec a, enum dnssec b)
{
    if (a == DNSSEC_UNKNOWN || b == DNSSEC_UNKNOWN)
        return DNSSEC_UNKNOWN;
    return a == DNSSEC_INSECURE || b == DNSSEC_INSECURE ? DNSSEC_INSECURE : DNSSEC_SECURE;
}

/* ---- addresses ---- */

static void prefetch_addresses(struct dns_view *dns, struct str name)
{
    dns_prefetch(dns, name, DNS_AAAA);
    dns_prefetch(dns, name, DNS_A);
}

/* Half of the places are kept for IPv4 when both families have many. */
static void take_addresses(struct route *r, struct route_host *h, const struct dns_answer *six,
                           const struct dns_answer *four)
{
    size_t half = ROUTE_MAX_ADDRESSES / 2, n4 = four->n, n6 = six->n;
    size_t room6 = ROUTE_MAX_ADDRESSES - (n4 < half ? n4 : half);
    n6 = n6 < room6 ? n6 : room6;
    n4 = n4 < ROUTE_MAX_ADDRESSES - n6 ? n4 : ROUTE_MAX_ADDRESSES - n6;
    for (size_t i = 0; i < n6; i++)
        h->addresses[h->n_addresses++] = six->records[i].ip;
    for (size_t i = 0; i < n4; i++)
        h->addresses[h->n_addresses++] = four->records[i].ip;
    r->dropped += six->n - n6 + four->n - n4;
}

static int find_addresses(struct flow_dns *d, struct arena *a, struct route *r,
                          struct route_host *h, struct mp_err *err)
{
    const struct dns_answer *six, *four;
    int st = flow_dns_ask(d, h->name, DNS_AAAA, &six, err);
    if (st == MP_OK)
        st = flow_dns_ask(d, h->name, DNS_A, &four, err);
    if (st != MP_OK)
        return st;
    take_addresses(r, h, six, four);
    h->dnssec = weaker(six->dnssec, four->dnssec);
    h->status = six->status > four->status ? six->status : four->status;
    if (h->n_addresses > 0)
        h->status = DNS_DATA;
    const struct dns_answer *chain = str_eq(six->canonical, h->name) ? four : six;
    h->is_alias = !str_eq(chain->canonical, h->name);
    if (h->is_alias)
        h->alias_of = arena_copy(a, chain->canonical);
    return MP_OK;
}

/* ---- MX ---- */

static bool is_known(const struct route *r, struct str name)
{
    for (size_t i = 0; i < r->n_hosts; i++)
        if (str_eq(r->hosts[i].name, name))
            return true;
    return false;
}

/* By preference, those of the same as they were answered: an insertion sort is stable. */
static size_t sort_records(const struct dns_answer *mx, const struct dns_record **sorted)
{
    size_t n = 0;
    for (size_t i = 0; i < mx->n && n < DNS_MAX_RECORDS; i++) {
        size_t at = n++;
        for (; at > 0 && sorted[at - 1]->preference > mx->records[i].preference; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &mx->records[i];
    }
    return n;
}

/* A host that is named twice counts at its best place. */
static int take_mx(struct arena *a, struct route *r, const struct dns_answer *mx,
                   struct mp_err *err)
{
    const struct dns_record *sorted[DNS_MAX_RECORDS];
    size_t n = sort_records(mx, sorted), n_null = 0;
    struct ip ip;
    for (size_t i = 0; i < n; i++) {
        struct str name = sorted[i]->name;
        if (name.n == 0) {
            n_null++;
        } else if (is_known(r, name)) {
            continue;
        } else if (r->n_hosts == ROUTE_MAX_HOSTS) {
            r->dropped++;
        } else {
            struct route_host *h = &r->hosts[r->n_hosts++];
            h->name = arena_copy(a, name);
            h->preference = sorted[i]->preference;
            h->is_literal = ip_parse(name, &ip);
            h->status = DNS_NXDOMAIN; /* stays so for a literal: nobody looks for it (5321 5.1) */
            if (h->name.p == NULL)
                return mp_fail(err, MP_E_NOMEM, 0, "no memory for an MX host");
        }
    }
    r->kind = r->n_hosts == 0 ? ROUTE_NULL_MX : ROUTE_MX;
    r->null_mx_mixed = n_null > 0 && r->n_hosts > 0;
    return MP_OK;
}

static int find_all(struct flow_dns *d, struct arena *a, struct route *r, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; i < r->n_hosts; i++)
        if (!r->hosts[i].is_literal)
            prefetch_addresses(d->view, r->hosts[i].name);
    for (size_t i = 0; i < r->n_hosts && st == MP_OK; i++)
        if (!r->hosts[i].is_literal)
            st = find_addresses(d, a, r, &r->hosts[i], err);
    return st;
}

/* ---- kinds ---- */

static void explain(struct arena *a, struct route *r, struct str name, const char *what,
                    enum dns_status status, struct str why)
{
    r->reason = arena_fmt(a, "%s of %.*s: %s%s%.*s", what, STR_ARG(name), dns_status_name(status),
                          why.n > 0 ? ", " : "", STR_ARG(why));
}

/* The one host of a name without MX, or of a name that is taken as it is. */
static int single_host(struct flow_dns *d, struct arena *a, struct route *r, struct str name,
                       enum route_kind kind, struct mp_err *err)
{
    struct route_host *h = &r->hosts[0];
    h->name = name;
    int st = find_addresses(d, a, r, h, err);
    if (st != MP_OK)
        return st;
    r->n_hosts = 1;
    r->kind = kind;
    if (h->n_addresses == 0) {
        r->kind = is_failure(h->status) ? ROUTE_FAILED : ROUTE_NONE;
        explain(a, r, name, "the addresses", h->status, STR_NONE);
    }
    return MP_OK;
}

static int find_domain(struct flow_dns *d, struct arena *a, struct str name, struct route *r,
                       struct mp_err *err)
{
    const struct dns_answer *mx;
    prefetch_addresses(d->view, name); /* in case it is its own MX */
    int st = flow_dns_ask(d, name, DNS_MX, &mx, err);
    if (st != MP_OK)
        return st;
    r->status = mx->status;
    r->mx_dnssec = mx->dnssec;
    if (is_failure(mx->status) || mx->status == DNS_NXDOMAIN) {
        r->kind = is_failure(mx->status) ? ROUTE_FAILED : ROUTE_NONE;
        explain(a, r, name, "the MX records", mx->status, mx->why);
        return MP_OK;
    }
    if (mx->status == DNS_NODATA) /* RFC 5321 5.1: the name stands for itself, preference 0 */
        return single_host(d, a, r, name, ROUTE_IMPLICIT, err);
    st = take_mx(a, r, mx, err);
    return st == MP_OK ? find_all(d, a, r, err) : st;
}

static void direct_address(struct arena *a, const struct target *t, struct route *r)
{
    struct route_host *h = &r->hosts[0];
    char text[IP_TEXT_MAX];
    r->kind = ROUTE_DIRECT;
    r->n_hosts = 1;
    h->status = DNS_DATA;
    if (t->kind == TARGET_SOCKET) {
        h->name = str_from(t->path);
        return;
    }
    h->name = arena_copy(a, str_make(text, ip_write(&t->ip, text)));
    h->addresses[h->n_addresses++] = t->ip;
}

int route_find(const struct dns_source *source, struct dns_view *dns, struct arena *a,
               const struct target *t, int64_t deadline_us, struct route *out, struct mp_err *err)
{
    struct flow_dns d = {source, dns, deadline_us};
    int st = MP_OK;
    *out = (struct route){.status = DNS_NODATA};
    switch (t->kind) {
    case TARGET_DOMAIN:
        return find_domain(&d, a, t->name, out, err);
    case TARGET_HOST:
        prefetch_addresses(dns, t->name);
        st = single_host(&d, a, out, t->name, ROUTE_DIRECT, err);
        out->mx_dnssec = DNSSEC_SECURE; /* named by the user: no MX answer could be forged */
        return st;
    default:
        direct_address(a, t, out);
        return st;
    }
}
