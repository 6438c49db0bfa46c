/* Numbers of a delivery proof for monitors, and its headline. No label holds a mail address. */
#include <math.h>
#include <stdio.h>

#include "arrival/proof_internal.h"

enum { MS_PER_S = 1000, FIXED_METRICS = 9 + SEV_CRITICAL + 1 + CHECK_FAIL + 1 };

_Static_assert(FIXED_METRICS + TRACE_MAX_HOPS <= PROOF_MAX_METRICS, "metrics are bounded");

static struct metric *add_metric(struct proof *p, const char *name, const char *help, double value)
{
    struct metric *m = &p->metrics[p->n_metrics++];
    *m = (struct metric){.name = name, .help = help, .value = value, .n_labels = 1};
    m->labels[0].name = "target";
    m->labels[0].value = p->name;
    return m;
}

static void add_label(struct metric *m, const char *name, struct str value)
{
    m->labels[m->n_labels].name = name;
    m->labels[m->n_labels++].value = value;
}

static struct metric *show(struct metric *m, struct str label, const char *unit)
{
    m->perf = label;
    m->unit = unit;
    return m;
}

static void count_outcomes(struct proof *p)
{
    unsigned severities[SEV_CRITICAL + 1] = {0}, statuses[CHECK_FAIL + 1] = {0};
    for (size_t i = 0; i < p->findings.n; i++)
        severities[p->findings.items[i].severity]++;
    for (size_t i = 0; i < p->checks.n; i++)
        statuses[check_status_of(&p->checks.items[i])]++;
    bool success = statuses[CHECK_FAIL] == 0 && !check_list_undecided(&p->checks);
    add_metric(p, "probe_success", "1 when nothing failed and nothing stayed undecided.",
               success ? 1 : 0);
    for (int s = SEV_INFO; s <= SEV_CRITICAL; s++)
        add_label(add_metric(p, "mailproof_wait_findings", "Findings of the last proof.",
                             severities[s]),
                  "severity", str_from(severity_name((enum severity)s)));
    for (int s = CHECK_PASS; s <= CHECK_FAIL; s++)
        add_label(add_metric(p, "mailproof_wait_checks", "Checks of the last proof, by outcome.",
                             statuses[s]),
                  "status", str_from(check_status_name((enum check_status)s)));
}

/* Series of a message that did not come are there too, as NaN: an alert on them can fire. */
static void describe_time(struct proof *p)
{
    const struct arrival_expect *e = &p->request->expect;
    double took_s = p->arrival.arrived ? (double)p->arrival.took_ms / MS_PER_S : (double)NAN;
    struct metric *m =
        show(add_metric(p, "mailproof_wait_arrival_seconds",
                        "How long the message took; NaN when it did not come.", took_s),
             STR("arrival"), "s");
    if (e->warn_ms > 0)
        m->warn = arena_fmt(&p->arena, "%.3f", (double)e->warn_ms / MS_PER_S);
    if (e->crit_ms > 0)
        m->crit = arena_fmt(&p->arena, "%.3f", (double)e->crit_ms / MS_PER_S);
}

static void describe_hops(struct proof *p)
{
    const struct trace_hops *h = &p->arrival.hops;
    show(add_metric(p, "mailproof_wait_hops", "Received fields of the message.", (double)h->n),
         STR("hops"), "");
    for (size_t i = 0; i < h->n && i < TRACE_MAX_HOPS; i++)
        if (h->items[i].has_delay)
            add_label(add_metric(p, "mailproof_hop_delay_seconds",
                                 "How long each hop took; negative: a clock errs.",
                                 (double)h->items[i].delay_s),
                      "hop", arena_fmt(&p->arena, "%zu", i + 1));
}

static void describe_metrics(struct proof *p)
{
    count_outcomes(p);
    show(add_metric(p, "probe_duration_seconds", "How long the proof took.",
                    (double)p->elapsed_us / 1e6),
         STR("time"), "s");
    add_metric(p, "mailproof_wait_timestamp_seconds", "When the proof was started, Unix time.",
               (double)p->started_s);
    add_metric(p, "mailproof_wait_arrived", "1 when the message arrived.",
               p->arrival.arrived ? 1 : 0);
    describe_time(p);
    show(add_metric(p, "mailproof_wait_copies", "Copies that were found.",
                    (double)p->arrival.n_copies),
         STR("copies"), "");
    if (p->request->send != NULL)
        show(add_metric(p, "mailproof_wait_send_seconds", "How long sending took.",
                        (double)p->sent.elapsed_us / 1e6),
             STR("send"), "s");
    describe_hops(p);
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
