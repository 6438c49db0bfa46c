/* An audit as a subject: headline, remedies, metrics, members of the JSON document, verbose lines.
 */
#include "flow/audit_internal.h"

#include "base/ip.h"
#include "report/metric_list.h"

/* ---- headline and remedies ---- */

static struct str since(const struct saved_audit *before)
{
    return before->started.n > 0 ? before->started : STR("an earlier audit");
}

static struct str headline(struct audit *a)
{
    const struct posture *p = &a->posture;
    struct str text = arena_fmt(&a->arena, "grade %s: %.*s", p->grade == NULL ? "?" : p->grade,
                                STR_ARG(p->grade_reason));
    if (a->before == NULL || text.p == NULL)
        return text;
    if (str_ends(text, STR("."))) /* the title of the worst finding is a sentence */
        text = str_slice(text, 0, text.n - 1);
    return arena_fmt(&a->arena, "%.*s; since %.*s: %zu new, %zu known, %zu gone", STR_ARG(text),
                     STR_ARG(since(a->before)), a->n_new, a->n_known, a->n_gone);
}

static int describe_remedies(struct audit *a, struct mp_err *err)
{
    size_t n = a->ctx.findings.n;
    a->remedies = arena_new(&a->arena, struct remedy, n + 1);
    if (a->remedies == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for remedies");
    for (size_t i = 0; i < a->ctx.fixes.n; i++) {
        const struct fix *x = &a->ctx.fixes.items[i];
        if (x->finding < n && x->n > 0)
            a->remedies[x->finding] =
                (struct remedy){.text = fix_text(&a->arena, x), .verified = x->verified};
    }
    return MP_OK;
}

/* ---- metrics ---- */

enum { FIXED_METRICS = 2 + METRIC_OUTCOMES };

static int describe_metrics(struct audit *a, struct mp_err *err)
{
    static const struct metric_outcome_names outcomes = {"mailproof_audit_findings",
                                                         "Findings of the last audit.",
                                                         "mailproof_audit_checks",
                                                         "Checks of the last audit, by outcome."};
    struct metric_list l = {.cap = FIXED_METRICS, .label = "domain", .value = a->posture.domain};
    for (const struct audit_fact *f = a->fetched; f != NULL; f = f->next)
        l.cap += f->question.kind == FACT_SMTP && f->smtp.tls.has_leaf;
    l.items = arena_new(&a->arena, struct metric, l.cap);
    if (l.items == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for metrics");
    metric_show(metric_add(&l, "mailproof_audit_duration_seconds", "How long the audit took.",
                           (double)a->elapsed_us / 1e6),
                STR("time"), "s");
    metric_add(&l, "mailproof_audit_timestamp_seconds", "When the audit was started, Unix time.",
               (double)a->started_s);
    struct metric *found = metric_outcomes(&l, &outcomes, &a->ctx.checks);
    for (int s = SEV_INFO; s <= SEV_CRITICAL; s++)
        metric_show(&found[s], str_from(severity_name((enum severity)s)), "");
    for (const struct audit_fact *f = a->fetched; f != NULL; f = f->next)
        if (f->question.kind == FACT_SMTP && f->smtp.tls.has_leaf)
            metric_label(metric_add(&l, "mailproof_tls_cert_not_after_timestamp_seconds",
                                    "When the certificate of an MX host expires, Unix time.",
                                    (double)f->smtp.tls.leaf.not_after_s),
                         "host", f->question.key);
    a->metrics = l.items;
    a->n_metrics = l.n;
    return MP_OK;
}

int audit_describe(struct audit *a, struct mp_err *err)
{
    a->headline = headline(a);
    if (a->headline.p == NULL)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a report");
    int st = describe_remedies(a, err);
    return st == MP_OK ? describe_metrics(a, err) : st;
}

/* ---- JSON ---- */

static const char *dnssec_word(enum dnssec d)
{
    return d == DNSSEC_SECURE ? "secure" : d == DNSSEC_INSECURE ? "insecure" : "unknown";
}

static void mx_json(struct json *j, const struct posture_mx *m)
{
    json_object_begin(j);
    json_kstr(j, "host", m->host);
    json_kint(j, "preference", m->preference);
    json_key(j, "addresses");
    json_array_begin(j);
    for (size_t i = 0; i < m->n_addresses; i++) {
        char text[IP_TEXT_MAX];
        size_t n = ip_write(&m->addresses[i], text);
        json_str(j, str_make(text, n));
    }
    json_array_end(j);
    json_kword(j, "dnssec", dnssec_word(m->dnssec));
    bool compared = m->dane.verdict != DANE_MISMATCH || m->decision.by != NULL;
    json_kword(j, "dane", compared ? dane_verdict_name(m->dane.verdict) : NULL);
    json_kword(j, "delivery",
               m->decision.by == NULL ? NULL : tls_delivery_name(m->decision.delivery));
    json_kword(j, "delivery_by", m->decision.by);
    json_object_end(j);
}

static void spf_json(struct json *j, const struct spf_audit *s)
{
    json_key(j, "spf");
    json_object_begin(j);
    json_kstr(j, "record", s->record);
    json_kint(j, "lookups", s->lookups);
    json_kint(j, "void_lookups", s->voids);
    json_kint(j, "ipv4_addresses", (int64_t)s->addresses4);
    json_kword(j, "all", s->has_all ? spf_result_name(s->all) : NULL);
    json_key(j, "terms");
    json_array_begin(j);
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct spf_node *n = &s->nodes[i];
        json_object_begin(j);
        json_kint(j, "depth", n->depth);
        json_kstr(j, "domain", n->domain);
        json_kstr(j, "term", n->term);
        json_kint(j, "lookups", n->lookups);
        json_kint(j, "void_lookups", n->voids);
        json_kstr(j, "note", n->note);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static void keys_json(struct json *j, const struct posture *p)
{
    json_key(j, "dkim");
    json_array_begin(j);
    for (size_t i = 0; i < p->n_keys; i++) {
        const struct posture_key *k = &p->keys[i];
        json_object_begin(j);
        json_kstr(j, "selector", k->selector);
        json_kstr(j, "type", k->type);
        json_kint(j, "bits", k->bits);
        json_kbool(j, "revoked", k->revoked);
        json_kbool(j, "testing", k->testing);
        json_kbool(j, "broken", k->broken);
        json_object_end(j);
    }
    json_array_end(j);
}

static void kpolicy(struct json *j, const char *key, enum dmarc_policy p)
{
    json_kword(j, key, p == DMARC_P_UNSET ? NULL : dmarc_policy_name(p));
}

static void dmarc_json(struct json *j, const struct posture *p)
{
    json_key(j, "dmarc");
    json_object_begin(j);
    json_kstr(j, "record", p->dmarc.text);
    json_kstr(j, "at", p->dmarc_at);
    json_kstr(j, "organizational_domain", p->organizational_domain);
    if (p->dmarc.text.n > 0) {
        kpolicy(j, "policy", p->dmarc_policy);
        kpolicy(j, "subdomain_policy", p->dmarc_subdomain_policy);
        kpolicy(j, "nonexistent_policy", p->dmarc_nonexistent_policy);
        json_kbool(j, "testing", p->dmarc.testing);
    }
    json_object_end(j);
}

static void policies_json(struct json *j, const struct posture *p)
{
    json_key(j, "mta_sts");
    json_object_begin(j);
    json_kstr(j, "record", p->sts_record.text);
    json_kword(j, "mode", p->has_sts_policy ? mta_sts_mode_name(p->sts.mode) : NULL);
    json_kint(j, "max_age", p->has_sts_policy ? p->sts.max_age_s : 0);
    json_key(j, "mx");
    json_array_begin(j);
    for (size_t i = 0; p->has_sts_policy && i < p->sts.n_mx; i++)
        json_str(j, p->sts.mx[i]);
    json_array_end(j);
    json_object_end(j);
    json_kstr(j, "tls_rpt", p->tls_rpt.text);
    json_kstr(j, "bimi", p->bimi.text);
    json_kword(j, "dnssec", dnssec_word(p->dnssec));
}

static void changes_json(struct json *j, const struct audit *a)
{
    json_key(j, "changes");
    json_object_begin(j);
    json_kstr(j, "since", a->before->started);
    json_kstr(j, "grade_before", a->before->grade);
    json_key(j, "new");
    json_array_begin(j);
    for (size_t i = 0; i < a->ctx.findings.n; i++)
        if (!a->known[i])
            json_uint(j, i);
    json_array_end(j);
    json_key(j, "gone");
    json_array_begin(j);
    for (size_t i = 0; i < a->n_gone; i++) {
        json_object_begin(j);
        json_kstr(j, "id", a->gone[i].id);
        json_kword(j, "severity", severity_name(a->gone[i].severity));
        json_kstr(j, "group", a->gone[i].group);
        json_kstr(j, "check", a->gone[i].check);
        json_kstr(j, "evidence", a->gone[i].evidence);
        json_kbool(j, "checked", !a->gone[i].unchecked);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}

static void audit_json(struct json *j, const void *ctx)
{
    const struct audit *a = ctx;
    const struct posture *p = &a->posture;
    json_kstr(j, "domain", p->domain);
    json_kword(j, "grade", p->grade);
    json_kword(j, "profile", posture_profile_name(p->profile));
    json_kword(j, "mx_source", p->null_mx ? "null-mx" : p->implicit_mx ? "implicit" : "mx");
    json_key(j, "mx");
    json_array_begin(j);
    for (size_t i = 0; i < p->n_mx; i++)
        mx_json(j, &p->mx[i]);
    json_array_end(j);
    spf_json(j, &p->spf);
    keys_json(j, p);
    dmarc_json(j, p);
    policies_json(j, p);
    if (a->before != NULL)
        changes_json(j, a);
}

/* ---- lines for people ---- */

/* What the saved audit had, and is no more: good news, unless its check could not be made. */
static void gone_lines(struct flow *f, const void *ctx)
{
    const struct audit *a = ctx;
    if (a->n_gone == 0)
        return;
    flow_line(f, 2, 4);
    flow_putz(f, FLOW_GOOD, "gone since ");
    flow_put(f, FLOW_PLAIN, since(a->before));
    if (a->before->grade.n > 0) {
        flow_putz(f, FLOW_DIM, ", grade ");
        flow_put(f, FLOW_DIM, a->before->grade);
        flow_putz(f, FLOW_DIM, " then");
    }
    flow_end(f);
    for (size_t i = 0; i < a->n_gone; i++) {
        flow_line(f, 4, 8);
        flow_value(f, FLOW_PLAIN, a->gone[i].id);
        flow_putz(f, FLOW_DIM, "  ");
        flow_put(f, FLOW_DIM, a->gone[i].evidence);
        if (a->gone[i].unchecked)
            flow_putz(f, FLOW_WARN, "  (but its check was not made to its end this time)");
        flow_end(f);
    }
}

static void spf_tree(struct flow *f, const struct spf_audit *s)
{
    if (s->n_nodes == 0)
        return;
    flow_line(f, 2, 4);
    flow_putz(f, FLOW_BOLD, "SPF, term by term");
    flow_end(f);
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct spf_node *n = &s->nodes[i];
        unsigned indent = 4 + 2 * (n->depth < 10 ? n->depth : 10);
        flow_line(f, indent, indent + 4);
        flow_value(f, FLOW_PLAIN, n->term);
        if (n->lookups > 0) {
            flow_putz(f, FLOW_DIM, "  look-ups ");
            flow_num(f, FLOW_DIM, n->lookups);
        }
        if (n->voids > 0) {
            flow_putz(f, FLOW_DIM, "  void ");
            flow_num(f, FLOW_DIM, n->voids);
        }
        if (n->note.n > 0) {
            flow_putz(f, FLOW_DIM, "  ");
            flow_put(f, FLOW_DIM, n->note);
        }
        flow_end(f);
    }
}

static void dns_lines(struct flow *f, const struct dns_view *dns)
{
    flow_line(f, 2, 4);
    flow_putz(f, FLOW_BOLD, "DNS answers");
    flow_end(f);
    for (size_t i = 0; i < dns_view_count(dns); i++) {
        const struct dns_answer *a = dns_view_at(dns, i);
        if (a == NULL || a->status == DNS_NXDOMAIN)
            continue; /* the selectors that were tried */
        flow_line(f, 4, 8);
        flow_value(f, FLOW_PLAIN, a->name);
        flow_putz(f, FLOW_DIM, " ");
        flow_putz(f, FLOW_DIM, dns_type_name(a->type));
        flow_putz(f, FLOW_DIM, " ");
        flow_putz(f, a->status == DNS_DATA ? FLOW_DIM : FLOW_WARN, dns_status_name(a->status));
        flow_putz(f, FLOW_DIM, " ");
        flow_putz(f, FLOW_DIM, dnssec_word(a->dnssec));
        flow_end(f);
    }
}

static void audit_verbose(struct flow *f, const void *ctx)
{
    const struct audit *a = ctx;
    spf_tree(f, &a->posture.spf);
    dns_lines(f, a->dns);
}

void audit_subject(const struct audit *a, struct subject *out)
{
    *out = (struct subject){.kind = "audit",
                            .name = a->name,
                            .headline = a->headline,
                            .checks = &a->ctx.checks,
                            .started_s = a->started_s,
                            .elapsed_us = a->elapsed_us,
                            .metrics = a->metrics,
                            .n_metrics = a->n_metrics,
                            .remedies = a->remedies,
                            .known = a->known,
                            .json = audit_json,
                            .lines = gone_lines,
                            .verbose = audit_verbose,
                            .ctx = a};
}
