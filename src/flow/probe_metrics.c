/* Numbers of a probe for monitors, and its headline. No label holds an address of a person. */
#include "flow/probe_internal.h"
#include "report/metric_list.h"

enum {
    DAY_S = 86400,
    FIXED_METRICS = 6 + METRIC_OUTCOMES,
    SERVER_METRICS = 4 + SMTP_STAGE_COUNT + RCPT_UNDECIDED + 1
};

/* ---- metrics ---- */

struct series {
    struct probe *probe;
    struct metric_list list;
};

static struct metric *server_metric(struct series *x, const struct probe_server *s,
                                    const char *name, const char *help, double value)
{
    struct metric *m = metric_add(&x->list, name, help, value);
    char text[IP_TEXT_MAX] = "";
    if (s->ip.family != IP_NONE)
        ip_write(&s->ip, text);
    metric_label(m, "host", s->host->name);
    metric_label(m, "address", arena_copy(&x->probe->arena, str_from(text)));
    return m;
}

static void count_recipients(struct series *x, const struct probe_server *s)
{
    unsigned classes[RCPT_UNDECIDED + 1] = {0};
    for (size_t i = 0; i < s->n_rcpts; i++)
        classes[s->rcpts[i].class_]++;
    for (int c = RCPT_ACCEPTED; s->n_rcpts > 0 && c <= RCPT_UNDECIDED; c++)
        metric_label(server_metric(x, s, "mailproof_probe_recipients",
                                   "Recipients, by what was said of them.", classes[c]),
                     "class", str_from(rcpt_class_name((enum rcpt_class)c)));
}

static void describe_server(struct series *x, const struct probe_server *s)
{
    const struct tls_facts *t = &s->client.tls;
    server_metric(x, s, "mailproof_probe_up", "1 when the server answers.", s->answered ? 1 : 0);
    for (int i = 0; i < SMTP_STAGE_COUNT; i++)
        if (s->client.stage_us[i] >= 0)
            metric_label(server_metric(x, s, "mailproof_probe_stage_seconds",
                                       "How long each stage of the conversation took.",
                                       (double)s->client.stage_us[i] / 1e6),
                         "stage", str_from(smtp_stage_name((enum smtp_stage)i)));
    if (t->has_leaf)
        server_metric(x, s, "mailproof_tls_cert_not_after_timestamp_seconds",
                      "When the certificate expires, Unix time.", (double)t->leaf.not_after_s);
    if (t->established)
        metric_label(server_metric(x, s, "mailproof_probe_tls_info", "TLS of the conversation.", 1),
                     "version", t->version);
    if (s->has_decision)
        metric_label(server_metric(x, s, "mailproof_probe_delivery_info",
                                   "What a sender that knows DANE and MTA-STS would do.", 1),
                     "delivery", str_from(tls_delivery_name(s->decision.delivery)));
    count_recipients(x, s);
}

/* Fewest days that a certificate has left; thresholds as ranges of the monitoring plugins. */
static void add_days(struct series *x, const struct probe_options *o)
{
    struct probe *p = x->probe;
    bool any = false;
    int64_t least = 0;
    for (size_t i = 0; i < p->n_servers; i++) {
        const struct tls_facts *t = &p->servers[i].client.tls;
        int64_t days = (t->leaf.not_after_s - o->now_s) / DAY_S;
        if (t->has_leaf && (!any || days < least))
            least = days;
        any = any || t->has_leaf;
    }
    if (!any)
        return;
    struct metric *m =
        metric_add(&x->list, "mailproof_probe_cert_days",
                   "Days that the certificate that expires first has left.", (double)least);
    metric_show(m, STR("cert_days"), "");
    m->warn = arena_fmt(&p->arena, "%u:", o->cert_warn_days);
    m->crit = arena_fmt(&p->arena, "%u:", o->cert_high_days);
}

static size_t count_servers(const struct probe *p, bool answered)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_servers; i++)
        n += answered ? p->servers[i].answered : p->servers[i].tried;
    return n;
}

static int describe_metrics(struct probe *p, const struct probe_options *o, struct mp_err *err)
{
    static const struct metric_outcome_names outcomes = {"mailproof_probe_findings",
                                                         "Findings of the last probe.",
                                                         "mailproof_probe_checks",
                                                         "Checks of the last probe, by outcome."};
    size_t cap = FIXED_METRICS + p->n_servers * (size_t)SERVER_METRICS;
    struct series x = {.probe = p,
                       .list = {.items = arena_new(&p->arena, struct metric, cap),
                                .cap = cap,
                                .label = "target",
                                .value = p->target.text}};
    if (x.list.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for metrics");
    metric_success(&x.list, &p->checks);
    metric_outcomes(&x.list, &outcomes, &p->checks);
    metric_show(metric_add(&x.list, "probe_duration_seconds", "How long the probe took.",
                           (double)p->elapsed_us / 1e6),
                STR("time"), "s");
    metric_add(&x.list, "mailproof_probe_timestamp_seconds",
               "When the probe was started, Unix time.", (double)p->started_s);
    metric_show(metric_add(&x.list, "mailproof_probe_servers_up", "Servers that answer.",
                           (double)count_servers(p, true)),
                STR("up"), "");
    add_days(&x, o);
    for (size_t i = 0; i < p->n_servers; i++)
        if (p->servers[i].tried)
            describe_server(&x, &p->servers[i]);
    p->metrics = x.list.items;
    p->n_metrics = x.list.n;
    return MP_OK;
}

_Static_assert(FIXED_METRICS + PROBE_MAX_CONNECTIONS * SERVER_METRICS <= PROBE_MAX_METRICS,
               "metrics are bounded");

/* ---- headline ---- */

static struct str headline_of(struct probe *p)
{
    struct arena *a = &p->arena;
    size_t tried = count_servers(p, false), answered = count_servers(p, true), tls = 0;
    for (size_t i = 0; i < p->n_servers; i++)
        tls += p->servers[i].client.tls.established;
    if (p->route.kind == ROUTE_NULL_MX)
        return STR("takes no mail (null MX)");
    if (tried == 0)
        return p->route.reason.n > 0 ? p->route.reason : STR("no server to talk to");
    return arena_fmt(a, "%zu of %zu servers answer, %zu in TLS", answered, tried, tls);
}

int probe_describe(struct probe *p, const struct probe_options *o, struct mp_err *err)
{
    p->headline = headline_of(p);
    if (p->headline.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    return describe_metrics(p, o, err);
}
