/* One value, asked of all that may know it: the store, DNS lists, services. */
#ifndef MP_FLOW_INTEL_LOOKUP_H
#define MP_FLOW_INTEL_LOOKUP_H

#include "flow/flow_dns.h"
#include "report/subject.h"

enum { LOOKUP_DEADLINE_MS = 20000, LOOKUP_ARENA_BYTES = 64 << 20 };

/* Borrowed. */
struct intel_lookup_options {
    const struct intel_source *source;
    const struct dns_source *dns; /* NULL: DNS lists are skipped */
    unsigned deadline_ms;         /* of all; 0: LOOKUP_DEADLINE_MS */
    int64_t now_s;
};

struct intel_lookup {
    struct arena arena;
    struct str value; /* as it was given */
    struct indicator what;
    struct intel_item item;
    struct finding_list findings;
    struct check_list checks;
    struct intel_hits hits;
    struct dns_list_result lists;
    struct services_ask asks[SERVICE_COUNT];
    size_t n_asks;
    struct str headline;
    int64_t started_s, elapsed_us;
};

/* What the value is is found out by its looks; a name is asked for as a host. MP_OK, whatever is
 * known; MP_E_SYNTAX: it is no link, name, address, hash or mail address; MP_E_NOMEM.
 * intel_lookup_clear in any case. */
int intel_lookup_run(struct intel_lookup *l, const struct intel_lookup_options *o, struct str value,
                     struct mp_err *err);
/* Kind "intel"; `l` must outlive *out. */
void intel_lookup_subject(const struct intel_lookup *l, struct subject *out);
void intel_lookup_clear(struct intel_lookup *l);

#endif
