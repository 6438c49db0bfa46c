/* DANE and MTA-STS together: what a sender that knows both does with one MX host (RFC 8461 2). */
#include "transport/tls_policy.h"

const char *tls_delivery_name(enum tls_delivery d)
{
    static const char *const names[] = {
        [TLS_DELIVERY_AUTHENTICATED] = "authenticated",
        [TLS_DELIVERY_ENCRYPTED] = "encrypted",
        [TLS_DELIVERY_PLAIN] = "plain",
        [TLS_DELIVERY_REFUSED] = "refused",
    };
    return (size_t)d < ARRAY_LEN(names) ? names[d] : "?";
}

static const char by_dane[] = "dane", by_sts[] = "mta-sts", by_nobody[] = "opportunistic";

/* Would the policy, were it enforced, refuse the host, and why (RFC 8461 4.1, 5)? The certificate
 * must lead to a trusted authority, not be expired, and have a dNSName for the MX host: its CN does
 * not count. */
static bool sts_refuses(struct arena *a, const struct mta_sts_policy *policy,
                        const struct tls_facts *facts, struct str host, struct str *why)
{
    bool has_tls = facts != NULL && facts->established, by_cn = false;
    bool in_policy = mta_sts_allows(policy, host);
    bool is_trusted = has_tls && facts->pkix == X509_OK;
    bool is_named = has_tls && facts->has_leaf && x509_matches(&facts->leaf, host, &by_cn);
    if (in_policy && is_trusted && is_named && !by_cn)
        return false;
    if (!in_policy)
        *why = STR("the host is not in the mx lines of the MTA-STS policy");
    else if (!has_tls)
        *why = STR("the MTA-STS policy demands TLS, and there is none");
    else if (!is_trusted)
        *why = arena_fmt(a, "the certificate is not trusted (%s), as the MTA-STS policy demands",
                         x509_verdict_name(facts->pkix));
    else if (!is_named)
        *why = STR("the certificate is not for the host, as the MTA-STS policy demands");
    else
        *why = STR("the certificate names the host in its CN only; MTA-STS demands a dNSName");
    if (why->p == NULL)
        *why = STR("the certificate is not trusted");
    return true;
}

/* Nobody binds the sender: it takes the TLS that is there. */
static void decide_opportunistic(const struct mta_sts_policy *policy, bool has_tls,
                                 struct tls_decision *out)
{
    bool testing = policy != NULL && policy->mode == MTA_STS_TESTING;
    out->by = by_nobody;
    out->delivery = has_tls ? TLS_DELIVERY_ENCRYPTED : TLS_DELIVERY_PLAIN;
    if (testing)
        out->reason = out->sts_would_refuse
                          ? STR("the MTA-STS policy is in testing mode; enforced, it would refuse")
                          : STR("the MTA-STS policy is in testing mode and is met");
    else
        out->reason = has_tls ? STR("TLS is used because it is offered; nothing asks for it")
                              : STR("nothing asks for TLS, and there is none");
}

static void decide_sts(const struct mta_sts_policy *policy, struct str fault, bool has_tls,
                       struct tls_decision *out)
{
    if (policy == NULL || policy->mode != MTA_STS_ENFORCE) {
        decide_opportunistic(policy, has_tls, out);
        return;
    }
    out->by = by_sts;
    out->delivery = out->sts_would_refuse ? TLS_DELIVERY_REFUSED : TLS_DELIVERY_AUTHENTICATED;
    out->reason = out->sts_would_refuse ? fault : STR("the MTA-STS policy is met");
}

/* Only unusable records (RFC 7672 2.2): TLS, with whomever. A policy to be enforced asks for more
 * and may tighten that; it never takes the TLS away again. */
static void decide_unusable(const struct mta_sts_policy *policy, struct str fault, bool has_tls,
                            struct tls_decision *out)
{
    if (!has_tls) {
        out->by = by_dane;
        out->delivery = TLS_DELIVERY_REFUSED;
        out->reason = STR("there are TLSA records, so TLS is required, and there is none");
    } else if (policy != NULL && policy->mode == MTA_STS_ENFORCE) {
        decide_sts(policy, fault, has_tls, out);
    } else {
        out->by = by_dane;
        out->delivery = TLS_DELIVERY_ENCRYPTED;
        out->reason = STR("no TLSA record can be used: TLS is required, the host is not verified");
    }
}

/* DANE is satisfied; a policy to be enforced that is not still forbids the host (RFC 8461 5). The
 * RFC excuses nobody who implements both; senders that ask DANE alone would deliver. */
static void decide_verified(const struct mta_sts_policy *policy, struct str fault, bool has_tls,
                            struct str reason, struct tls_decision *out)
{
    out->by = by_dane;
    if (!has_tls) { /* without the session that was verified it is worth nothing */
        out->delivery = TLS_DELIVERY_REFUSED;
        out->reason = STR("the TLS session that DANE verified is not there");
    } else if (policy != NULL && policy->mode == MTA_STS_ENFORCE && out->sts_would_refuse) {
        decide_sts(policy, fault, has_tls, out);
    } else {
        out->delivery = TLS_DELIVERY_AUTHENTICATED;
        out->reason = reason;
    }
}

void tls_decide(struct arena *a, const struct dane *dane, const struct mta_sts_policy *policy,
                const struct tls_facts *facts, struct str host, struct tls_decision *out)
{
    struct tls_decision d = {.delivery = TLS_DELIVERY_REFUSED, .by = by_dane};
    struct str fault = STR_NONE;
    enum dane_verdict verdict = dane == NULL ? DANE_NONE : dane->verdict;
    bool has_tls = facts != NULL && facts->established;
    if (policy != NULL && policy->mode == MTA_STS_NONE)
        policy = NULL;
    if (policy != NULL)
        d.sts_would_refuse = sts_refuses(a, policy, facts, host, &fault);
    switch (verdict) {
    case DANE_VERIFIED:
        decide_verified(policy, fault, has_tls, dane->reason, &d);
        break;
    case DANE_MISMATCH:
    case DANE_NO_STARTTLS:
    case DANE_FAILED: /* RFC 8461 2: MTA-STS must not override this */
        d.delivery = TLS_DELIVERY_REFUSED;
        d.reason = dane->reason;
        break;
    case DANE_UNUSABLE:
        decide_unusable(policy, fault, has_tls, &d);
        break;
    case DANE_NONE:
        decide_sts(policy, fault, has_tls, &d);
        break;
    }
    *out = d;
}
