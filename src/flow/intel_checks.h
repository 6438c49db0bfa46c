/* How intelligence fares: the store, each feed, DNS lists, services. For `intel stats` and the
 * doctor. */
#ifndef MP_FLOW_INTEL_CHECKS_H
#define MP_FLOW_INTEL_CHECKS_H

#include "finding/check.h"
#include "flow/flow_dns.h"
#include "report/metric_list.h"

enum { INTEL_FEED_METRICS = 2, INTEL_SERVICE_METRICS = 1 };

/* Borrowed. */
struct intel_checks {
    const struct intel_config *config;
    const struct intel_source *source;
    const char *store_dir; /* NULL: there is none */
    int64_t now_s;
};

/* The store: is it there, whole, of when. Nothing is asked. */
void intel_check_store(const struct intel_checks *c, struct check_list *checks);
/* Each enabled feed, and those in the store: its age, its entries, why it failed last. Nothing is
 * asked. `metrics` may be NULL; else it has room for INTEL_FEED_METRICS of each feed. MP_OK,
 * MP_E_NOMEM. */
int intel_check_feeds(const struct intel_checks *c, struct arena *arena, struct check_list *checks,
                      struct metric_list *metrics, struct mp_err *err);
/* Each DNS list is tested through `dns`. MP_OK, MP_E_NOMEM. */
int intel_check_lists(const struct intel_checks *c, struct flow_dns *dns, struct arena *arena,
                      struct check_list *checks, struct mp_err *err);
/* Each enabled service: its key, its quota, whether it is paused. Nothing is asked. */
void intel_check_services(const struct intel_checks *c, struct arena *arena,
                          struct check_list *checks, struct metric_list *metrics);

#endif
