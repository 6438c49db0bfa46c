/* Blocking questions around the waiting checks: fetch what a view misses, then ask again. */
#include "flow/flow_dns.h"

#include "dns/zone.h"

struct dns_view *flow_dns_view(const struct dns_source *source, struct arena *a)
{
    if (source->zone != NULL)
        return dns_view_new_large(a, dns_zone_lookup, source->zone);
    return dns_view_new_large(a, resolver_ready, source->resolver);
}

int flow_dns_fill(struct flow_dns *d, struct mp_err *err)
{
    struct dns_question q;
    size_t cursor = 0;
    if (d->source->resolver != NULL)
        return resolver_fill(d->source->resolver, d->view, d->deadline_us, err);
    /* A zone answers at once, or has no memory: without this word the caller would ask forever. */
    if (dns_view_missing(d->view, &cursor, &q))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the answer to %.*s %s", STR_ARG(q.name),
                       dns_type_name(q.type));
    return MP_OK;
}

int flow_dns_ask(struct flow_dns *d, struct str name, enum dns_type type,
                 const struct dns_answer **out, struct mp_err *err)
{
    int st;
    while ((st = dns_ask(d->view, name, type, out, err)) == MP_WAIT)
        if ((st = flow_dns_fill(d, err)) != MP_OK)
            return st;
    return st;
}
