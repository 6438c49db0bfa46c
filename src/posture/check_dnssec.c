/* Is the domain signed with DNSSEC, and are the addresses of its MX hosts? */
#include "posture/posture_internal.h"

static const struct str group = STR_INIT("DNSSEC");

static void check_domain(struct posture_ctx *c, const struct dns_answer *mx)
{
    struct posture *p = c->out;
    p->dnssec = mx->dnssec;
    if (!posture_failed(mx) && mx->dnssec == DNSSEC_UNKNOWN) {
        check_skip(&c->checks, group, "dnssec.domain", "the resolver does not validate");
        return;
    }
    check_begin(&c->checks, group, "dnssec.domain");
    if (!posture_answer_failed(c, mx) && mx->dnssec == DNSSEC_INSECURE)
        check_add(&c->checks, FINDING_POSTURE_DNSSEC_DOMAIN, "%.*s", STR_ARG(p->domain));
    check_end(&c->checks, -1, "%s",
              mx->dnssec == DNSSEC_SECURE     ? "signed"
              : mx->dnssec == DNSSEC_INSECURE ? "not signed"
                                              : "not known");
}

static void check_hosts(struct posture_ctx *c)
{
    const struct posture *p = c->out;
    size_t secure = 0, unknown = 0;
    for (size_t i = 0; i < p->n_mx; i++) {
        secure += p->mx[i].dnssec == DNSSEC_SECURE;
        unknown += p->mx[i].dnssec == DNSSEC_UNKNOWN;
    }
    if (unknown == p->n_mx) {
        check_skip(&c->checks, group, "dnssec.mx", "the resolver does not validate");
        return;
    }
    check_begin(&c->checks, group, "dnssec.mx");
    for (size_t i = 0; i < p->n_mx; i++) {
        const struct posture_mx *m = &p->mx[i];
        if (m->status > DNS_NXDOMAIN)
            check_undecided(&c->checks);
        /* What lies in the zone of the domain was told with the domain. */
        bool told = p->dnssec != DNSSEC_SECURE && domain_is_below(m->host, p->domain);
        if (m->dnssec == DNSSEC_INSECURE && m->status == DNS_DATA && !told)
            check_add(&c->checks, FINDING_POSTURE_DNSSEC_MX, "%.*s", STR_ARG(m->host));
    }
    check_end(&c->checks, -1, "%zu of %zu hosts signed", secure, p->n_mx);
}

int posture_check_dnssec(struct posture_ctx *c, struct mp_err *err)
{
    const struct dns_answer *mx;
    int st = posture_ask(c, c->out->domain, DNS_MX, &mx, err);
    if (st != MP_OK || !c->out->mx_ready)
        return st != MP_OK ? st : MP_WAIT;
    check_domain(c, mx);
    if (c->out->n_mx > 0)
        check_hosts(c);
    return MP_OK;
}
