/* DANE for SMTP, the TLS side: TLSA records against the certificates that a server showed
 * (RFC 7671 5, 7672 3). */
#include "transport/dane.h"

enum { USAGE_TA = 2, SELECTORS = 2, MATCHING_TYPES = 3, MATCHING_FULL = 0, SELECTOR_CERT = 0 };

struct judge {
    struct arena *a;
    const struct tls_facts *facts;
    size_t n_chain;
    const struct str *names;
    size_t n_names;
    int64_t now_s;
    /* What a record's data is compared with, made when first needed. */
    struct str association[X509_CHAIN_MAX][SELECTORS][MATCHING_TYPES];
    bool has_association[X509_CHAIN_MAX][SELECTORS][MATCHING_TYPES];
    bool by_ee, by_ta;
    struct str ta_reason; /* why the last DANE-TA record that names a certificate does not count */
};

static bool certificate_matches(struct judge *j, size_t i, const struct tlsa *t)
{
    struct str *made = &j->association[i][t->selector][t->matching];
    bool *has_made = &j->has_association[i][t->selector][t->matching];
    if (!*has_made)
        *made = x509_association(j->a, j->facts->chain[i], t->selector, t->matching);
    *has_made = true;
    return made->p != NULL && str_eq(*made, t->data);
}

/* RFC 7672 3.2.3: a reference identifier in the certificate; its CN counts when it has no dNSName.
 */
static bool names_match(const struct judge *j)
{
    bool by_cn;
    for (size_t i = 0; i < j->n_names && j->facts->has_leaf; i++) {
        if (x509_matches(&j->facts->leaf, j->names[i], &by_cn))
            return true;
    }
    return false;
}

/* A path to this anchor, its dates, and the names. */
static bool anchor_verifies(struct judge *j, struct str anchor, bool is_key)
{
    struct str why = STR_NONE;
    enum x509_verdict verdict =
        x509_verify_anchor(j->a, anchor, is_key, j->facts->chain, j->n_chain, j->now_s, &why);
    if (verdict != X509_OK) {
        j->ta_reason = arena_fmt(j->a,
                                 "a DANE-TA(2) record matches, but the chain does not "
                                 "verify: %s" STR_FMT,
                                 why.n != 0 ? "" : x509_verdict_name(verdict), STR_ARG(why));
        return false;
    }
    if (names_match(j))
        return true;
    j->ta_reason = STR("a DANE-TA(2) record matches, but the certificate is for other names");
    return false;
}

/* RFC 7671 5.2: the anchor is one of the certificates that the server sent above its own, or is
 * itself in the record. The server's own certificate is no anchor. */
static bool ta_verifies(struct judge *j, const struct tlsa *t)
{
    if (certificate_matches(j, 0, t)) {
        j->ta_reason = STR("a DANE-TA(2) record names the server's own certificate or key, which "
                           "is for DANE-EE(3)");
        return false;
    }
    bool in_chain = false;
    for (size_t i = 1; i < j->n_chain; i++) {
        if (!certificate_matches(j, i, t))
            continue;
        in_chain = true;
        if (anchor_verifies(j, j->facts->chain[i], false))
            return true;
    }
    return !in_chain && t->matching == MATCHING_FULL &&
           anchor_verifies(j, t->data, t->selector != SELECTOR_CERT);
}

/* RFC 7671 5.1: DANE-EE(3) looks at nothing but the record: not at names, not at dates. */
static void judge_record(struct judge *j, struct tlsa *t)
{
    if (t->usage == USAGE_TA) {
        t->matches = ta_verifies(j, t);
        j->by_ta |= t->matches;
    } else {
        t->matches = certificate_matches(j, 0, t);
        j->by_ee |= t->matches;
    }
}

static struct str mismatch_reason(const struct judge *j, size_t usable)
{
    if (j->n_chain == 0)
        return STR("the server showed no certificate");
    if (j->ta_reason.p != NULL)
        return j->ta_reason;
    struct str text = arena_fmt(j->a,
                                "none of the %zu usable TLSA records matches the "
                                "certificates of the server",
                                usable);
    return text.p != NULL ? text : STR("no TLSA record matches");
}

void dane_judge(struct dane *d, struct arena *a, const struct tls_facts *facts,
                const struct str *names, size_t n_names, int64_t now_s)
{
    size_t usable = 0;
    if (d->verdict == DANE_NONE || d->verdict == DANE_FAILED)
        return;
    d->by_ta = false;
    for (size_t i = 0; i < d->n; i++) {
        d->records[i].matches = false;
        usable += d->records[i].usable;
    }
    if (facts == NULL || !facts->established) { /* 2.2: records, whatever they are, demand TLS */
        d->verdict = DANE_NO_STARTTLS;
        d->reason = facts == NULL ? STR("there are TLSA records, but the server offers no STARTTLS")
                                  : STR("there are TLSA records, but the TLS handshake failed");
        return;
    }
    if (usable == 0) {
        d->verdict = DANE_UNUSABLE;
        d->reason = STR("none of the TLSA records can be used for SMTP");
        return;
    }
    struct judge j = {.a = a,
                      .facts = facts,
                      .n_chain = facts->n_chain < X509_CHAIN_MAX ? facts->n_chain : X509_CHAIN_MAX,
                      .names = names,
                      .n_names = n_names,
                      .now_s = now_s};
    for (size_t i = 0; i < d->n && j.n_chain != 0; i++) {
        if (d->records[i].usable)
            judge_record(&j, &d->records[i]);
    }
    d->by_ta = j.by_ta && !j.by_ee;
    d->verdict = j.by_ee || j.by_ta ? DANE_VERIFIED : DANE_MISMATCH;
    d->reason = j.by_ee ? STR("the certificate is the one of a DANE-EE(3) record")
                : j.by_ta
                    ? STR("the certificate was issued by the authority of a DANE-TA(2) record")
                    : mismatch_reason(&j, usable);
}
