/* The certificate that a server showed against what a suite expects of it. */
#include <inttypes.h>

#include "suite/ask_internal.h"

enum { DAY_S = 86400 };

typedef const struct suite_expect_cert expect_cert;

static bool has_leaf(const struct cert_seen *s)
{
    return s->tls != NULL && s->tls->established && s->tls->has_leaf;
}

static struct judged none(struct str expected, const struct cert_seen *s)
{
    struct str why = s->why.n > 0 ? s->why : STR("no certificate");
    return s->open ? judged_open(expected, why) : judged_if(false, expected, why);
}

/* {warn: 21, crit: 7}: fewer days warn, and fail. */
static struct judged judge_days(struct work *w, const void *expect, const void *seen)
{
    const struct suite_days *d = &((expect_cert *)expect)->days_left;
    const struct cert_seen *s = seen;
    bool compares = SUITE_GIVEN(d->compare);
    struct str wanted = compares ? d->compare.text : STR("");
    if (d->has_warn)
        wanted = arena_fmt(w->arena, "%.*s%sat least %" PRId64 " days (warning)", STR_ARG(wanted),
                           wanted.n > 0 ? ", " : "", d->warn);
    if (d->has_crit)
        wanted = arena_fmt(w->arena, "%.*s%sat least %" PRId64, STR_ARG(wanted),
                           wanted.n > 0 ? ", " : "", d->crit);
    if (!has_leaf(s))
        return none(wanted, s);
    int64_t left_s = s->tls->leaf.not_after_s - s->now_s;
    int64_t days = left_s >= 0 ? left_s / DAY_S : -1 - (-left_s - 1) / DAY_S;
    struct judged j = {.verdict = JUDGE_MET,
                       .expected = wanted,
                       .got = arena_fmt(w->arena, "%" PRId64 " days", days),
                       .has_finding = true,
                       .finding =
                           days < 0 ? FINDING_FLOW_CERT_EXPIRED : FINDING_FLOW_CERT_EXPIRES_SOON};
    if ((compares && !suite_compare_holds(&d->compare, days)) || (d->has_crit && days < d->crit))
        j.verdict = JUDGE_UNMET;
    else if (d->has_warn && days < d->warn)
        j.verdict = JUDGE_WARN;
    return j;
}

static struct judged judge_valid(struct work *w, const void *expect, const void *seen)
{
    const struct suite_flag *f = &((expect_cert *)expect)->valid;
    const struct cert_seen *s = seen;
    struct str wanted = f->value ? STR("valid for the host") : STR("not valid");
    bool by_cn;
    if (!has_leaf(s))
        return none(wanted, s);
    bool fits = x509_matches(&s->tls->leaf, s->host, &by_cn), good = s->tls->pkix == X509_OK;
    struct judged j =
        judged_if((good && fits) == f->value, wanted,
                  good && fits ? STR("valid")
                  : good       ? STR("for other names")
                               : arena_fmt(w->arena, "%s: %.*s", x509_verdict_name(s->tls->pkix),
                                           STR_ARG(s->tls->pkix_reason)));
    j.has_finding = true;
    j.finding = good ? FINDING_FLOW_CERT_WRONG_NAME : FINDING_FLOW_CERT_UNTRUSTED;
    return j;
}

static struct judged judge_names(struct work *w, const void *expect, const void *seen)
{
    const struct suite_list *l = &((expect_cert *)expect)->names;
    const struct cert_seen *s = seen;
    struct str wanted = judge_list_text(w, l), missing = STR(""), got = STR("");
    bool by_cn;
    if (!has_leaf(s))
        return none(wanted, s);
    for (size_t i = 0; i < l->n; i++)
        if (!x509_matches(&s->tls->leaf, l->items[i], &by_cn))
            missing = l->items[i];
    for (size_t i = 0; i < s->tls->leaf.n_dns_names; i++)
        got = arena_fmt(w->arena, "%.*s%s%.*s", STR_ARG(got), i > 0 ? ", " : "",
                        STR_ARG(s->tls->leaf.dns_names[i]));
    return judged_if(missing.n == 0, wanted, got.n > 0 ? got : STR("no names"));
}

static struct judged judge_issuer(struct work *w, const void *expect, const void *seen)
{
    const struct suite_text *t = &((expect_cert *)expect)->issuer;
    const struct cert_seen *s = seen;
    (void)w;
    return has_leaf(s) ? judged_glob(t, s->tls->leaf.issuer) : none(t->text, s);
}

const struct judge_row cert_rows[] = {
    {"cert.days-left", offsetof(expect_cert, days_left.at), judge_days},
    {"cert.valid", offsetof(expect_cert, valid.at), judge_valid},
    {"cert.names", offsetof(expect_cert, names.at), judge_names},
    {"cert.issuer", offsetof(expect_cert, issuer.at), judge_issuer},
};
const size_t n_cert_rows = ARRAY_LEN(cert_rows);
