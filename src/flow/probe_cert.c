/* The certificate of a server: who trusts it, for which name, for how long; and for whom that
 * counts. */
#include "flow/probe_internal.h"

enum { DAY_S = 86400, RSA_MIN_BITS = 2048, EC_MIN_BITS = 224 };

/* Does anybody who connects there look at it? Between servers nobody does (RFC 7435), unless
 * MTA-STS is enforced; programs of people do (RFC 8314 4). DANE is judged by itself. */
static bool is_demanded(const struct prober *p, const struct probe_server *s)
{
    const struct probe *x = p->probe;
    return p->options->tls_verify || p->tls == TARGET_TLS_IMPLICIT || x->target.submission ||
           s->port == 465 || s->port == 587 || (x->has_sts && x->sts.mode == MTA_STS_ENFORCE);
}

/* DANE-EE has proved who answers: names, dates and authorities count for nothing (RFC 7671 5.1). */
static bool is_settled(const struct probe_server *s)
{
    return s->has_decision && s->dane.verdict == DANE_VERIFIED && !s->dane.by_ta;
}

/* As severe as it is to those who look, else as it is to those who do not. */
static enum severity weigh(const struct prober *p, const struct probe_server *s,
                           enum severity demanded, enum severity else_)
{
    return is_demanded(p, s) ? demanded : is_settled(s) ? SEV_INFO : else_;
}

static struct str reference_name(const struct prober *p, const struct probe_server *s)
{
    const struct target *t = &p->probe->target;
    if (p->options->verify_name.n > 0)
        return p->options->verify_name;
    return t->kind == TARGET_DOMAIN || t->kind == TARGET_HOST ? s->host->name : STR("");
}

static bool chain_finding(enum x509_verdict v, enum finding_id *out)
{
    switch (v) {
    case X509_EMPTY:
    case X509_BROKEN:
        *out = FINDING_FLOW_CERT_MISSING;
        return true;
    case X509_NOT_YET_VALID:
        *out = FINDING_FLOW_CERT_NOT_YET_VALID;
        return true;
    case X509_SELF_SIGNED:
        *out = FINDING_FLOW_CERT_SELF_SIGNED;
        return true;
    case X509_UNKNOWN_CA:
    case X509_WRONG_PURPOSE:
    case X509_BAD_SIGNATURE:
    case X509_OTHER:
        *out = FINDING_FLOW_CERT_UNTRUSTED;
        return true;
    case X509_WEAK:
        *out = FINDING_FLOW_CERT_WEAK;
        return true;
    default: /* X509_OK; dates of the leaf are looked at by themselves */
        return false;
    }
}

/* A date that passed, or soon will; of an authority in the chain too. */
static void judge_dates(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct probe_options *o = p->options;
    const struct tls_facts *t = &s->client.tls;
    int64_t left_s = t->leaf.not_after_s - o->now_s, days = left_s / DAY_S;
    enum severity expired = weigh(p, s, SEV_HIGH, SEV_MEDIUM);
    enum severity late = days < o->cert_high_days ? expired : weigh(p, s, SEV_MEDIUM, SEV_LOW);
    if (left_s < 0)
        check_add_as(checks, expired, FINDING_FLOW_CERT_EXPIRED, "%lld days ago", (long long)-days);
    else if (t->pkix == X509_EXPIRED)
        check_add_as(checks, expired, FINDING_FLOW_CERT_EXPIRED, "a certificate above it: %.*s",
                     STR_ARG(t->pkix_reason));
    else if (days < o->cert_warn_days)
        check_add_as(checks, late, FINDING_FLOW_CERT_EXPIRES_SOON, "in %lld days", (long long)days);
}

static bool is_weak(const struct x509_facts *f)
{
    struct str sig = f->signature;
    bool is_rsa = str_starts(f->key_type, STR("RSA"));
    bool old_digest = str_search(sig, STR("md5")) < sig.n || str_search(sig, STR("MD5")) < sig.n ||
                      str_search(sig, STR("sha1")) < sig.n || str_search(sig, STR("SHA1")) < sig.n;
    return old_digest || (f->key_bits > 0 && f->key_bits < (is_rsa ? RSA_MIN_BITS : EC_MIN_BITS));
}

static struct str names_text(struct arena *a, const struct x509_facts *f)
{
    enum { SHOWN = 6 };
    struct str all = f->n_dns_names == 0 ? f->common_name : STR("");
    for (size_t i = 0; i < f->n_dns_names && i < SHOWN; i++)
        all =
            arena_fmt(a, "%.*s%s%.*s", STR_ARG(all), i == 0 ? "" : ", ", STR_ARG(f->dns_names[i]));
    if (f->n_dns_names > SHOWN)
        all = arena_fmt(a, "%.*s and %zu more", STR_ARG(all), f->n_dns_names - SHOWN);
    return all.n == 0 ? STR("no name") : all;
}

static void judge_name(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct x509_facts *leaf = &s->client.tls.leaf;
    struct str name = reference_name(p, s);
    bool by_cn = false;
    if (name.n == 0 && p->options->tls_verify)
        check_undecided(checks); /* an address: what it should be for was not said */
    if (name.n > 0 && !x509_matches(leaf, name, &by_cn))
        check_add_as(checks, weigh(p, s, SEV_HIGH, SEV_LOW), FINDING_FLOW_CERT_WRONG_NAME,
                     "%.*s is not among %.*s", STR_ARG(name),
                     STR_ARG(names_text(&p->probe->arena, leaf)));
}

void probe_judge_certificate(struct prober *p, const struct probe_server *s)
{
    struct check_list *checks = &p->probe->checks;
    const struct tls_facts *t = &s->client.tls;
    enum finding_id id;
    if (!t->established)
        return;
    check_begin(checks, s->group, "tls.certificate");
    if (!t->has_leaf) {
        check_add_as(checks, weigh(p, s, SEV_HIGH, SEV_LOW), FINDING_FLOW_CERT_MISSING,
                     "%zu certificates were sent", t->n_chain);
        check_end(checks, -1, "none that can be read");
        return;
    }
    if (chain_finding(t->pkix, &id))
        check_add_as(checks,
                     id == FINDING_FLOW_CERT_WEAK ? SEV_MEDIUM : weigh(p, s, SEV_HIGH, SEV_LOW), id,
                     "%.*s", STR_ARG(t->pkix_reason.n > 0 ? t->pkix_reason : STR("chain")));
    if (t->pkix != X509_WEAK && is_weak(&t->leaf))
        check_add(checks, FINDING_FLOW_CERT_WEAK, "%.*s, %u bits, %.*s", STR_ARG(t->leaf.key_type),
                  t->leaf.key_bits, STR_ARG(t->leaf.signature));
    judge_dates(p, s);
    judge_name(p, s);
    check_end(checks, -1, "%s, for %.*s, %lld days left", x509_verdict_name(t->pkix),
              STR_ARG(names_text(&p->probe->arena, &t->leaf)),
              (long long)((t->leaf.not_after_s - p->options->now_s) / DAY_S));
}
