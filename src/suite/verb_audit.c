/* audit: the posture of domains, also of a zone file before it is published. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/idna.h"
#include "dns/zone.h"
#include "flow/audit.h"
#include "run/write_file.h"
#include "suite/ask_internal.h"

enum { ZONE_MAX_BYTES = 256 << 20 };

struct audit_seen {
    struct work *w;
    const struct suite_step *step;
    const struct suite_audit *asked;
    const struct audit *audit;
};

typedef const struct suite_expect_audit expect_audit;

static const struct posture *posture_of(const void *seen)
{
    return &((const struct audit_seen *)seen)->audit->posture;
}

/* ---- words ---- */

static bool is_group_open(const struct audit *a, const char *group)
{
    for (size_t i = 0; i < a->ctx.checks.n; i++)
        if (str_eq(a->ctx.checks.items[i].group, str_from(group)) &&
            a->ctx.checks.items[i].undecided)
            return true;
    return false;
}

static const struct audit *audit_of(const void *seen)
{
    return ((const struct audit_seen *)seen)->audit;
}

static struct judged judge_level(struct work *w, const void *expect, const void *seen)
{
    const struct suite_compare *c = &((expect_audit *)expect)->level;
    const struct posture *p = posture_of(seen);
    if (p->grade == NULL)
        return judged_open(c->text,
                           p->grade_reason.n > 0 ? p->grade_reason : STR("it could not be graded"));
    struct str got = arena_fmt(w->arena, "%s: %.*s", p->grade, STR_ARG(p->grade_reason));
    struct judged j = judged_compare(c, suite_grade_rank(str_from(p->grade)), got);
    bool open =
        check_list_undecided(&audit_of(seen)->ctx.checks); /* what is open can but lower it */
    return j.verdict == JUDGE_MET && open ? judged_open(c->text, got) : j;
}

static struct judged judge_sts_mode(struct work *w, const void *expect, const void *seen)
{
    int wanted = ((expect_audit *)expect)->sts.mode.value;
    const struct posture *p = posture_of(seen);
    struct str word = str_from(mta_sts_mode_name((enum mta_sts_mode)wanted));
    (void)w;
    if (!p->sts_ready || (!p->has_sts_policy && is_group_open(audit_of(seen), "MTA-STS")))
        return judged_open(word, STR("the policy is not known"));
    bool same = p->has_sts_policy ? (int)p->sts.mode == wanted : wanted == MTA_STS_NONE;
    return judged_if(same, word,
                     p->has_sts_policy ? str_from(mta_sts_mode_name(p->sts.mode))
                                       : STR("no policy"));
}

static struct judged judge_sts_mx(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_audit *)expect)->sts.matches_mx;
    const struct posture *p = posture_of(seen);
    struct str other = STR(""), wanted = STR("every MX host is in the policy");
    if (!p->sts_ready || !p->mx_ready || p->mx_failed ||
        (!p->has_sts_policy && is_group_open(audit_of(seen), "MTA-STS")))
        return judged_open(wanted, STR("the policy or the MX hosts are not known"));
    if (!p->has_sts_policy)
        return judged_if(!f->value, wanted, STR("no policy"));
    for (size_t i = 0; i < p->n_mx; i++)
        if (!mta_sts_allows(&p->sts, p->mx[i].host))
            other = p->mx[i].host;
    struct judged j = judged_flag(f, other.n == 0, "every MX host is in the policy",
                                  "an MX host is not in the policy");
    if (other.n > 0)
        j.got = arena_fmt(w->arena, "%.*s is not in the policy", STR_ARG(other));
    j.has_finding = true;
    j.finding = FINDING_POSTURE_STS_MX;
    return j;
}

/* Every MX host has records, and what it shows matches them. */
static struct judged judge_dane_valid(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_audit *)expect)->dane_valid;
    const struct posture *p = posture_of(seen);
    struct str wanted =
        f->value ? STR("verified at every MX host") : STR("not verified everywhere");
    struct str bad = STR(""), open = STR("");
    if (!p->mx_ready || p->mx_failed || !p->dane_ready)
        return judged_open(wanted, STR("the MX hosts or their records are not known"));
    for (size_t i = 0; i < p->n_mx; i++) {
        const struct posture_mx *m = &p->mx[i];
        bool unseen = m->dane.verdict == DANE_FAILED ||
                      (m->dane.verdict == DANE_MISMATCH && m->decision.by == NULL);
        struct str text =
            arena_fmt(w->arena, "%.*s: %s", STR_ARG(m->host),
                      unseen ? "could not be compared" : dane_verdict_name(m->dane.verdict));
        if (unseen)
            open = text;
        else if (m->dane.verdict != DANE_VERIFIED)
            bad = text;
    }
    if (bad.n == 0 && open.n > 0)
        return judged_open(wanted, open);
    bool all = bad.n == 0 && p->n_mx > 0;
    struct judged j = judged_if(all == f->value, wanted,
                                all         ? STR("verified at every MX host")
                                : bad.n > 0 ? bad
                                            : STR("there is no MX host"));
    j.has_finding = true;
    j.finding = FINDING_FLOW_DANE_MISMATCH;
    return j;
}

/* A host can change its key without a gap: it has a second record, or one for its authority (RFC
 * 7671 8.1); the audit looks for that. */
static struct judged judge_rollover(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_audit *)expect)->dane_rollover_ready;
    const struct posture *p = posture_of(seen);
    const struct finding_list *found = &audit_of(seen)->ctx.findings;
    struct str not_ready = STR("");
    size_t records = 0;
    if (!p->mx_ready || !p->dane_ready || is_group_open(audit_of(seen), "DANE"))
        return judged_open(STR("ready for a new key"), STR("the TLSA records are not known"));
    for (size_t i = 0; i < p->n_mx; i++)
        records += p->mx[i].dane.n;
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i].id == FINDING_POSTURE_DANE_ROLLOVER)
            not_ready = found->items[i].evidence;
    struct judged j = judged_flag(f, records > 0 && not_ready.n == 0, "ready for a new key",
                                  "not ready for a new key");
    if (not_ready.n > 0 || records == 0)
        j.got = records == 0 ? STR("no TLSA records")
                             : arena_fmt(w->arena, "one key alone: %.*s", STR_ARG(not_ready));
    j.has_finding = true;
    j.finding = FINDING_POSTURE_DANE_ROLLOVER;
    return j;
}

static struct judged judge_dmarc_policy(struct work *w, const void *expect, const void *seen)
{
    enum dmarc_policy wanted = (enum dmarc_policy)((expect_audit *)expect)->dmarc_policy.value;
    const struct posture *p = posture_of(seen);
    struct str word = arena_fmt(w->arena, "at least p=%s", dmarc_policy_name(wanted));
    if (!p->dmarc_ready || (p->dmarc.text.n == 0 && is_group_open(audit_of(seen), "DMARC")))
        return judged_open(word, STR("the record is not known"));
    if (p->dmarc.text.n == 0)
        return judged_if(false, word, STR("no record"));
    enum dmarc_policy has = p->dmarc_policy == DMARC_P_UNSET ? DMARC_P_NONE : p->dmarc_policy;
    return judged_if(has >= wanted, word, arena_fmt(w->arena, "p=%s", dmarc_policy_name(has)));
}

static struct judged judge_lookups(struct work *w, const void *expect, const void *seen)
{
    const struct suite_compare *c = &((expect_audit *)expect)->spf_lookups;
    const struct posture *p = posture_of(seen);
    if (!p->spf_ready || p->spf.incomplete)
        return judged_open(c->text, STR("not every record could be read"));
    return judged_compare(c, p->spf.lookups, arena_fmt(w->arena, "%u", p->spf.lookups));
}

static struct judged judge_dnssec(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_audit *)expect)->dnssec;
    const struct posture *p = posture_of(seen);
    (void)w;
    return p->dnssec == DNSSEC_UNKNOWN
               ? judged_open(STR("signed"), STR("the resolver does not tell"))
               : judged_flag(f, p->dnssec == DNSSEC_SECURE, "signed", "not signed");
}

/* What a parked domain has no use for is not asked of it: `mail`. */
static const struct audit_row {
    struct judge_row row;
    bool mail;
} rows[] = {
    {{"level", offsetof(expect_audit, level.at), judge_level}, false},
    {{"mta-sts.mode", offsetof(expect_audit, sts.mode.at), judge_sts_mode}, true},
    {{"mta-sts.matches-mx", offsetof(expect_audit, sts.matches_mx.at), judge_sts_mx}, true},
    {{"dane.valid", offsetof(expect_audit, dane_valid.at), judge_dane_valid}, true},
    {{"dane.rollover-ready", offsetof(expect_audit, dane_rollover_ready.at), judge_rollover}, true},
    {{"dmarc.policy", offsetof(expect_audit, dmarc_policy.at), judge_dmarc_policy}, false},
    {{"spf.lookups", offsetof(expect_audit, spf_lookups.at), judge_lookups}, false},
    {{"dnssec", offsetof(expect_audit, dnssec.at), judge_dnssec}, false},
};

/* ---- certificates of the MX hosts ---- */

static void judge_certificates(const struct audit_seen *x, struct str group)
{
    const struct suite_expect_cert *e = &x->asked->expect.cert;
    const struct posture *p = &x->audit->posture;
    struct suite_place at = SUITE_GIVEN(*e) ? e->at : x->step->at;
    if (!judge_any_given(cert_rows, n_cert_rows, e))
        return;
    if (p->profile == PROFILE_PARKED) {
        judge_skip(x->w, group, "cert", at, STR("the domain is parked"));
        return;
    }
    if (!p->mx_ready || p->mx_failed || p->n_mx == 0)
        judge_open(x->w, group, "cert", at, STR("its MX hosts are not known"));
    for (size_t i = 0; i < p->n_mx; i++) {
        const struct smtp_fact *f = NULL;
        int st = fact_smtp(x->audit->facts, p->mx[i].host, &f, NULL);
        bool seen = st == MP_OK && f != NULL && !f->skipped;
        struct cert_seen cert = {.host = p->mx[i].host, .now_s = x->w->now_s};
        cert.tls = seen ? &f->tls : NULL;
        cert.open = !seen || (!f->tls.established && (f->temporary || !f->answered));
        cert.why = !seen             ? STR("it was not connected to")
                   : f->reason.n > 0 ? f->reason
                                     : STR("no TLS, so no certificate");
        judge_rows(x->w,
                   arena_fmt(x->w->arena, "%.*s %.*s", STR_ARG(group), STR_ARG(p->mx[i].host)),
                   cert_rows, n_cert_rows, e, &cert);
        if (cert.tls == NULL || !cert.tls->has_leaf)
            continue;
        struct metric *m = work_metric(x->w, "mailproof_tls_cert_not_after_timestamp_seconds",
                                       "When the certificate expires, Unix time.",
                                       (double)cert.tls->leaf.not_after_s);
        work_label(x->w, m, "host", p->mx[i].host);
    }
}

/* ---- since the last time ---- */

static struct str saved_path(struct work *w, struct str domain)
{
    struct str ascii;
    if (!idna_to_ascii(w->arena, domain, &ascii) || !domain_is_ldh(ascii))
        return STR_NONE;
    return arena_fmt(w->arena, "%s/audit-%.*s.json", w->world->state_dir, STR_ARG(ascii));
}

/* What was saved; false: nothing yet. */
static bool read_saved(struct work *w, struct str domain, struct saved_audit *out, int *st,
                       struct mp_err *err)
{
    struct str path = saved_path(w, domain), text;
    struct mp_err none = {0};
    *st = MP_OK;
    if (path.p == NULL || access(path.p, F_OK) != 0 ||
        work_read_file(w, path, AUDIT_SAVED_MAX_BYTES, &text, &none) != MP_OK)
        return false;
    *st = audit_saved_read(w->arena, text, path.p, domain, out, err);
    return *st == MP_OK;
}

static int save(struct work *w, const struct audit *a, struct mp_err *err)
{
    struct report_options o = {.format = REPORT_JSON, .fail_on = SEV_HIGH};
    struct subject s;
    struct buf text;
    struct str path = saved_path(w, a->name);
    buf_init(&text, AUDIT_SAVED_MAX_BYTES);
    struct report *r = report_new(&o, &text, 1);
    int st = r == NULL || path.p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory to save an audit")
                                         : MP_OK;
    if (st == MP_OK) {
        audit_subject(a, &s);
        report_subject(r, &s);
        report_end(r);
        st = write_file(path.p, buf_str(&text), err);
    }
    report_free(r);
    buf_clear(&text);
    return st;
}

static void judge_changed(const struct audit_seen *x, struct str group)
{
    const struct suite_choice *c = &x->asked->expect.changed;
    const struct audit *a = x->audit;
    struct str wanted = STR("nothing new since the last audit");
    if (!SUITE_GIVEN(*c) || c->value == SUITE_CHANGED_IGNORE)
        return;
    struct str no_state = STR("no directory keeps audits between runs (--state)");
    if (x->w->world->state_dir == NULL && c->value == SUITE_CHANGED_FAIL) {
        judge_open(x->w, group, "changed-since-last", c->at, no_state);
        return;
    }
    if (x->w->world->state_dir == NULL) {
        judge_skip(x->w, group, "changed-since-last", c->at, no_state);
        return;
    }
    struct str got = a->before == NULL
                         ? STR("the first audit")
                         : arena_fmt(x->w->arena, "%zu new, %zu gone", a->n_new, a->n_gone);
    bool changed = a->before != NULL && a->n_new + a->n_gone > 0;
    struct judged j = {.verdict = !changed                         ? JUDGE_MET
                                  : c->value == SUITE_CHANGED_WARN ? JUDGE_WARN
                                                                   : JUDGE_UNMET,
                       .expected = wanted,
                       .got = got};
    if (!changed && check_list_undecided(&a->ctx.checks))
        j = judged_open(wanted, STR("not everything could be checked"));
    judge_tell(x->w, group, "changed-since-last", c->at, &j);
}

/* ---- one domain ---- */

static void judge(const struct audit_seen *x, struct str group)
{
    const struct suite_expect_audit *e = &x->asked->expect;
    const struct audit *a = x->audit;
    bool parked = a->posture.profile == PROFILE_PARKED;
    bool complete = !check_list_undecided(&a->ctx.checks);
    size_t given = SUITE_GIVEN(e->changed) || judge_any_given(cert_rows, n_cert_rows, &e->cert);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct suite_place at = judge_place(&rows[i].row, e);
        if (rows[i].mail && parked && at.line != 0)
            judge_skip(x->w, group, rows[i].row.name, at, STR("the domain is parked"));
        else
            judge_rows(x->w, group, &rows[i].row, 1, e, x);
        given += at.line != 0 ? 1u : 0u;
    }
    judge_certificates(x, group);
    judge_findings(x->w, group, &e->findings, &a->ctx.findings, complete);
    judge_changed(x, group);
    struct suite_expect_findings usual = {.tolerate = e->findings.tolerate,
                                          .fail_on = {.at = x->step->at, .value = SEV_HIGH}};
    if (given == 0 && !judge_findings_given(&e->findings))
        judge_findings(x->w, group, &usual, &a->ctx.findings, complete);
}

static int load_zone(struct work *w, const struct suite_audit *asked, struct str domain,
                     struct audit_options *o, struct dns_zone **zone, struct mp_err *err)
{
    struct str text, apex;
    if (asked->zone_file == NULL)
        return MP_OK;
    int st = work_read_file(w, str_from(asked->zone_file), ZONE_MAX_BYTES, &text, err);
    if (st != MP_OK)
        return st;
    *zone = dns_zone_new();
    if (*zone == NULL || !idna_to_ascii(w->arena, domain, &apex))
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a zone");
    o->zone = *zone;
    o->zone_apex = apex;
    return dns_zone_load_at(*zone, text, apex, asked->zone_file, err);
}

static void fill_options(struct work *w, const struct suite_audit *asked,
                         const struct suite_audit_domain *d, struct audit_options *o)
{
    audit_options_init(o);
    o->dns = w->world->dns;
    o->tls = w->world->tls;
    o->ca_file = w->world->ca_file;
    o->helo = w->world->helo;
    o->https_port = w->world->https_port;
    o->allow_private_https = w->world->allow_private;
    o->now_s = w->now_s;
    o->progress = work_progress;
    o->progress_ctx = w;
    o->posture.allow_private = w->world->allow_private;
    if (w->world->smtp_port != 0)
        o->posture.smtp_port = w->world->smtp_port;
    o->posture.profile = d->profile;
    o->posture.selectors = asked->selectors;
    o->posture.n_selectors = asked->n_selectors;
    o->posture.dnsbl = asked->dnsbl;
    o->posture.n_dnsbl = asked->n_dnsbl;
    o->posture.connect = asked->connect;
    o->posture.https = asked->https;
}

static int audit_one(struct work *w, const struct suite_step *step,
                     const struct suite_audit_domain *d, struct mp_err *err)
{
    const struct suite_audit *asked = step->audit;
    struct audit *a = calloc(1, sizeof *a); /* large */
    struct audit_options o;
    struct saved_audit before;
    struct dns_zone *zone = NULL;
    bool compares = SUITE_GIVEN(asked->expect.changed) && w->world->state_dir != NULL;
    struct str group = arena_fmt(w->arena, "audit %.*s", STR_ARG(d->domain));
    int st = a == NULL ? mp_fail(err, MP_E_NOMEM, 0, "no memory for an audit") : MP_OK;
    fill_options(w, asked, d, &o);
    st = st == MP_OK ? load_zone(w, asked, d->domain, &o, &zone, err) : st;
    bool had = st == MP_OK && compares && read_saved(w, d->domain, &before, &st, err);
    st = st == MP_OK ? audit_run(a, d->domain, &o, had ? &before : NULL, err) : st;
    if (st == MP_OK) {
        struct audit_seen x = {w, step, asked, a};
        judge(&x, group);
        st = compares ? save(w, a, err) : MP_OK;
    }
    audit_clear(a);
    free(a);
    dns_zone_free(zone);
    return st;
}

int verb_audit(struct work *w, const struct suite_step *step, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < step->audit->n_domains; i++)
        st = audit_one(w, step, &step->audit->domains[i], err);
    return st;
}
