/* Blocking questions: a view, its source, and the loop around what may wait. */
#ifndef MP_FLOW_FLOW_DNS_H
#define MP_FLOW_FLOW_DNS_H

#include "run/run.h"

struct flow_dns {
    const struct dns_source *source;
    struct dns_view *view;
    int64_t deadline_us;
};
/* A view over the source; release with dns_view_release. NULL without memory. */
struct dns_view *flow_dns_view(const struct dns_source *source, struct arena *a);
/* Fetch what is missing. MP_OK, MP_E_NOMEM. With a zone nothing is ever missing. */
int flow_dns_fill(struct flow_dns *d, struct mp_err *err);
/* dns_ask that waits. */
int flow_dns_ask(struct flow_dns *d, struct str name, enum dns_type type,
                 const struct dns_answer **out, struct mp_err *err);

#endif
