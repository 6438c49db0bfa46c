/* Numbers of a probe for monitors, and its headline. No label holds an address of a person. */
#include "flow/probe_internal.h"

enum {
    DAY_S = 86400,
    FIXED_METRICS = 6 + SEV_CRITICAL + 1 + CHECK_FAIL + 1,
    SERVER_METRICS = 4 + SMTP_STAGE_COUNT + RCPT_UNDECIDED + 1
};

/* ---- metrics ---- */

static struct metric *add_metric(struct probe *p, const char *name, const char *help, double value)
{
    struct metric *m = &p->metrics[p->n_metrics++];
    *m = (struct metric){.name = name, .help = help, .value = value, .n_labels = 1};
    m->labels[0].name = "target";
    m->labels[0].value = p->target.text;
    return m;
}

static void add_label(struct metric *m, const char *name, struct str value)
{
    m->labels[m->n_labels].name = name;
    m->labels[m->n_labels++].value = value;
}

static void show(struct metric *m, struct str label, const char *unit)
{
    m->perf = label;
    m->unit = unit;
}

static struct metric *server_metric(struct probe *p, const struct probe_server *s, const char *name,
                                    const char *help, double value)
{
    struct metric *m = add_metric(p, name, help, value);
    char text[IP_TEXT_MAX] = "";
    if (s->ip.family != IP_NONE)
        ip_write(&s->ip, text);
    add_label(m, "host", s->host->name);
    add_label(m, "address", arena_copy(&p->arena, str_from(text)));
    return m;
}

static void count_outcomes(struct probe *p)
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
        add_label(add_metric(p, "mailproof_probe_findings", "Findings of the last probe.",
                             severities[s]),
                  "severity", str_from(severity_name((enum severity)s)));
    for (int s = CHECK_PASS; s <= CHECK_FAIL; s++)
        add_label(add_metric(p, "mailproof_probe_checks", "Checks of the last probe, by outcome.",
                             statuses[s]),
                  "status", str_from(check_status_name((enum check_status)s)));
}

static void count_recipients(struct probe *p, const struct probe_server *s)
{
    unsigned classes[RCPT_UNDECIDED + 1] = {0};
    for (size_t i = 0; i < s->n_rcpts; i++)
        classes[s->rcpts[i].class_]++;
    for (int c = RCPT_ACCEPTED; s->n_rcpts > 0 && c <= RCPT_UNDECIDED; c++)
        add_label(server_metric(p, s, "mailproof_probe_recipients",
                                "Recipients, by what was said of them.", classes[c]),
                  "class", str_from(rcpt_class_name((enum rcpt_class)c)));
}

static void describe_server(struct probe *p, const struct probe_server *s)
{
    const struct tls_facts *t = &s->client.tls;
    server_metric(p, s, "mailproof_probe_up", "1 when the server answers.", s->answered ? 1 : 0);
    for (int i = 0; i < SMTP_STAGE_COUNT; i++)
        if (s->client.stage_us[i] >= 0)
            add_label(server_metric(p, s, "mailproof_probe_stage_seconds",
                                    "How long each stage of the conversation took.",
                                    (double)s->client.stage_us[i] / 1e6),
                      "stage", str_from(smtp_stage_name((enum smtp_stage)i)));
    if (t->has_leaf)
        server_metric(p, s, "mailproof_tls_cert_not_after_timestamp_seconds",
                      "When the certificate expires, Unix time.", (double)t->leaf.not_after_s);
    if (t->established)
        add_label(server_metric(p, s, "mailproof_probe_tls_info", "TLS of the conversation.", 1),
                  "version", t->version);
    if (s->has_decision)
        add_label(server_metric(p, s, "mailproof_probe_delivery_info",
                                "What a sender that knows DANE and MTA-STS would do.", 1),
                  "delivery", str_from(tls_delivery_name(s->decision.delivery)));
    count_recipients(p, s);
}

/* Fewest days that a certificate has left; thresholds as ranges of the monitoring plugins. */
static void add_days(struct probe *p, const struct probe_options *o)
{
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
        add_metric(p, "mailproof_probe_cert_days",
                   "Days that the certificate that expires first has left.", (double)least);
    show(m, STR("cert_days"), "");
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
    p->metrics =
        arena_new(&p->arena, struct metric, FIXED_METRICS + p->n_servers * (size_t)SERVER_METRICS);
    if (p->metrics == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for metrics");
    count_outcomes(p);
    show(add_metric(p, "probe_duration_seconds", "How long the probe took.",
                    (double)p->elapsed_us / 1e6),
         STR("time"), "s");
    add_metric(p, "mailproof_probe_timestamp_seconds", "When the probe was started, Unix time.",
               (double)p->started_s);
    show(add_metric(p, "mailproof_probe_servers_up", "Servers that answer.",
                    (double)count_servers(p, true)),
         STR("up"), "");
    add_days(p, o);
    for (size_t i = 0; i < p->n_servers; i++)
        if (p->servers[i].tried)
            describe_server(p, &p->servers[i]);
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
