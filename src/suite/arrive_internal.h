/* Between verb_arrive.c, judge_arrival.c and judge_client.c. */
#ifndef MP_SUITE_ARRIVE_INTERNAL_H
#define MP_SUITE_ARRIVE_INTERNAL_H

#include "arrival/arrival.h"
#include "suite/runner_internal.h"

struct arrival_seen {
    const struct suite_arrive *asked;
    const struct arrival *arrival;
    const struct mailbox_hit *hit; /* the first copy */
    struct trace_extract extract;
    bool extracted;
};

/* Do the expectations need SPF, DKIM, DMARC judged here? */
bool arrival_wants_job(const struct suite_arrive *a);
/* All that is expected of what arrived in `host`. */
void judge_arrival(struct work *w, const struct suite_step *step, const struct suite_host *host,
                   const struct arrival *x);
/* What the receiving sink saw of the client: names, address, TLS, DNS lists. `at`: of the step. */
void judge_client(struct work *w, struct str group, const struct suite_expect_client *e,
                  struct suite_place at, const struct arrival_seen *seen);

#endif
