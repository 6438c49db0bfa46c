/* The certificates of MX hosts where neither MTA-STS nor DANE looks at them: most senders do not
 * either, so what is wrong weighs little. */
#include "posture/tls_internal.h"

static const struct str group = STR_INIT("Certificates");

/* NULL: the chain is good and is for the host. */
static const char *fault_of(const struct tls_facts *tls, struct str host)
{
    bool by_cn;
    if (tls->pkix != X509_OK)
        return x509_verdict_name(tls->pkix);
    if (!tls->has_leaf || !x509_matches(&tls->leaf, host, &by_cn))
        return "for other names";
    return NULL;
}

static void judge_expiry(struct posture_ctx *c, const struct posture_mx *m,
                         const struct tls_facts *tls)
{
    int64_t days = posture_days(c->now_s, tls->leaf.not_after_s);
    enum severity severity = SEV_LOW;
    if (m->dane.by_ta) /* then senders look at dates (RFC 7671 5.2) */
        severity = days < c->config->cert_high_days ? SEV_HIGH : SEV_MEDIUM;
    if (tls->has_leaf && days < c->config->cert_warn_days)
        check_add_as(&c->checks, severity, FINDING_POSTURE_MX_CERT_EXPIRES,
                     STR_FMT ": in %lld days", STR_ARG(m->host), (long long)days);
}

/* A record of DANE-EE(3) is about the key alone: names and dates mean nothing (RFC 7671 5.1). A
 * record that does not match was told. */
static bool is_pinned(const struct dane *d)
{
    return (d->verdict == DANE_VERIFIED && !d->by_ta) || d->verdict == DANE_MISMATCH;
}

static void judge(struct posture_ctx *c, const struct posture_mx *m, const struct tls_facts *tls)
{
    const char *fault = m->dane.by_ta ? NULL : fault_of(tls, m->host);
    if (is_pinned(&m->dane))
        return;
    if (fault != NULL)
        check_add(&c->checks, FINDING_POSTURE_MX_CERTIFICATE, STR_FMT ": %s", STR_ARG(m->host),
                  fault);
    else
        judge_expiry(c, m, tls);
}

void posture_check_certificates(struct posture_ctx *c, const struct posture_hosts *hosts)
{
    const struct posture *p = c->out;
    size_t seen = 0;
    if (p->has_sts_policy && p->sts.mode != MTA_STS_NONE) {
        check_skip(&c->checks, group, "mx.certificate", "judged with the MTA-STS policy");
        return;
    }
    for (size_t i = 0; i < p->n_mx; i++)
        seen += posture_seen_of(hosts->facts[i]) == SEEN_TLS;
    if (seen == 0) {
        check_skip(&c->checks, group, "mx.certificate", "no certificate was seen");
        return;
    }
    check_begin(&c->checks, group, "mx.certificate");
    for (size_t i = 0; i < p->n_mx; i++)
        if (posture_seen_of(hosts->facts[i]) == SEEN_TLS)
            judge(c, &p->mx[i], &hosts->facts[i]->tls);
    check_end(&c->checks, -1, "%zu certificates", seen);
}
