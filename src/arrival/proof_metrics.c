/* Numbers of a delivery proof for monitors, and its headline. No label holds a mail address. */
#include <math.h>
#include <stdio.h>

#include "arrival/proof_internal.h"
#include "report/metric_list.h"

enum { MS_PER_S = 1000, FIXED_METRICS = 9 + METRIC_OUTCOMES };

_Static_assert(FIXED_METRICS + TRACE_MAX_HOPS <= PROOF_MAX_METRICS, "metrics are bounded");

/* Series of a message that did not come are there too, as NaN: an alert on them can fire. */
static void describe_time(struct proof *p, struct metric_list *l)
{
    const struct arrival_expect *e = &p->request->expect;
    double took_s = p->arrival.arrived ? (double)p->arrival.took_ms / MS_PER_S : (double)NAN;
    struct metric *m =
        metric_show(metric_add(l, "mailproof_wait_arrival_seconds",
                               "How long the message took; NaN when it did not come.", took_s),
                    STR("arrival"), "s");
    if (e->warn_ms > 0)
        m->warn = arena_fmt(&p->arena, "%.3f", (double)e->warn_ms / MS_PER_S);
    if (e->crit_ms > 0)
        m->crit = arena_fmt(&p->arena, "%.3f", (double)e->crit_ms / MS_PER_S);
}

static void describe_hops(struct proof *p, struct metric_list *l)
{
    const struct trace_hops *h = &p->arrival.hops;
    metric_show(metric_add(l, "mailproof_wait_hops", "Received fields of the message.",
                           (double)h->n),
                STR("hops"), "");
    for (size_t i = 0; i < h->n && i < TRACE_MAX_HOPS; i++)
        if (h->items[i].has_delay)
            metric_label(metric_add(l, "mailproof_hop_delay_seconds",
                                    "How long each hop took; negative: a clock errs.",
                                    (double)h->items[i].delay_s),
                         "hop", arena_fmt(&p->arena, "%zu", i + 1));
}

static void describe_metrics(struct proof *p)
{
    static const struct metric_outcome_names outcomes = {"mailproof_wait_findings",
                                                         "Findings of the last proof.",
                                                         "mailproof_wait_checks",
                                                         "Checks of the last proof, by outcome."};
    struct metric_list list = {
        .items = p->metrics, .cap = PROOF_MAX_METRICS, .label = "target", .value = p->name};
    struct metric_list *l = &list;
    metric_success(l, &p->checks);
    metric_outcomes(l, &outcomes, &p->checks);
    metric_show(metric_add(l, "probe_duration_seconds", "How long the proof took.",
                           (double)p->elapsed_us / 1e6),
                STR("time"), "s");
    metric_add(l, "mailproof_wait_timestamp_seconds", "When the proof was started, Unix time.",
               (double)p->started_s);
    metric_add(l, "mailproof_wait_arrived", "1 when the message arrived.",
               p->arrival.arrived ? 1 : 0);
    describe_time(p, l);
    metric_show(metric_add(l, "mailproof_wait_copies", "Copies that were found.",
                           (double)p->arrival.n_copies),
                STR("copies"), "");
    if (p->request->send != NULL)
        metric_show(metric_add(l, "mailproof_wait_send_seconds", "How long sending took.",
                               (double)p->sent.elapsed_us / 1e6),
                    STR("send"), "s");
    describe_hops(p, l);
    p->n_metrics = l->n;
}

static struct str headline_of(struct proof *p)
{
    const struct arrival *x = &p->arrival;
    const char *what = p->match.bounce ? "bounce" : "message";
    struct arena *a = &p->arena;
    if (!p->waited)
        return arena_fmt(a, "not sent: %.*s", STR_ARG(p->sent.reason));
    if (x->arrived)
        return arena_fmt(a, "%s in %.*s after %.1f s", what, STR_ARG(x->copies[0].folder),
                         (double)x->took_ms / MS_PER_S);
    if (x->undecided)
        return arena_fmt(a, "the mailbox did not answer: %.*s", STR_ARG(x->reason));
    return arena_fmt(a, "no such %s within %.1f s", what,
                     (double)p->request->wait.within_ms / MS_PER_S);
}

int proof_describe(struct proof *p, struct mp_err *err)
{
    p->headline = headline_of(p);
    if (p->headline.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    describe_metrics(p);
    return MP_OK;
}

void proof_subject(const struct proof *p, struct subject *out)
{
    *out = (struct subject){.kind = "wait",
                            .name = p->name,
                            .headline = p->headline,
                            .checks = &p->checks,
                            .started_s = p->started_s,
                            .elapsed_us = p->elapsed_us,
                            .metrics = p->metrics,
                            .n_metrics = p->n_metrics,
                            .json = proof_json,
                            .lines = proof_lines,
                            .verbose = proof_verbose,
                            .ctx = p};
}
