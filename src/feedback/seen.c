/* From a mail's summary to a row of RFC 9990. */
#include "feedback/seen.h"

#include "feedback/read_internal.h"

static bool is_word(struct str s, const char *word)
{
    return str_eq(s, str_from(word));
}

bool feedback_seen_counts(const struct mail_summary *s)
{
    bool incoming = is_word(s->mode, "inbound") || is_word(s->mode, "monitor");
    bool judged = is_word(s->dmarc, "pass") || is_word(s->dmarc, "fail");
    return incoming && judged && s->policy.wants_reports && s->auth_user.n == 0 &&
           s->dmarc_domain.n > 0 && s->client.family != IP_NONE && !is_word(s->done, "tempfail");
}

static enum feedback_disposition disposition_of(struct str done)
{
    return is_word(done, "reject")       ? DISPOSITION_REJECT
           : is_word(done, "quarantine") ? DISPOSITION_QUARANTINE
                                         : DISPOSITION_NONE;
}

/* Where we did something else than the policy asks, the report says why (RFC 9990 3.1.1.7). */
static bool add_reason(struct arena *a, const struct mail_summary *s, struct dmarc_row *row)
{
    enum feedback_disposition asked = disposition_of(s->policy.disposition);
    bool other = row->disposition != DISPOSITION_PASS && row->disposition != asked;
    if (s->policy.override.n == 0 && !other)
        return true;
    row->reasons = arena_new(a, struct dmarc_reason, 1);
    if (row->reasons == NULL)
        return false;
    row->n_reasons = 1;
    row->reasons[0] =
        (struct dmarc_reason){s->policy.override.n > 0 ? s->policy.override : STR("local_policy"),
                              s->policy.comment};
    return true;
}

static bool add_results(struct arena *a, const struct mail_summary *s, struct dmarc_row *row)
{
    row->dkim_results = arena_new(a, struct dmarc_auth, SUMMARY_MAX_SIGNATURES);
    row->spf_results = arena_new(a, struct dmarc_auth, 1);
    if (row->dkim_results == NULL || row->spf_results == NULL)
        return false;
    for (size_t i = 0; i < s->n_dkim && i < SUMMARY_MAX_SIGNATURES; i++)
        row->dkim_results[row->n_dkim++] = (struct dmarc_auth){.domain = s->dkim[i].domain,
                                                               .selector = s->dkim[i].selector,
                                                               .result = s->dkim[i].result};
    row->n_spf = s->spf.n > 0;
    row->spf_results[0] =
        (struct dmarc_auth){.domain = s->spf_domain, .scope = s->spf_scope, .result = s->spf};
    return true;
}

bool feedback_seen_of(struct arena *a, const struct mail_summary *s, struct feedback_seen *out,
                      bool *failed)
{
    const struct summary_policy *p = &s->policy;
    if (!feedback_seen_counts(s))
        return false;
    struct feedback_seen x = {.time_s = s->time_ms / 1000,
                              .published = {.domain = s->dmarc_domain,
                                            .adkim = p->adkim,
                                            .aspf = p->aspf,
                                            .p = p->p,
                                            .sp = p->sp,
                                            .np = p->np,
                                            .testing = p->testing ? STR("y") : STR("n"),
                                            .discovery_method = p->discovery},
                              .row = {.source = s->client,
                                      .count = 1,
                                      .disposition = is_word(s->dmarc, "pass")
                                                         ? DISPOSITION_PASS
                                                         : disposition_of(s->done),
                                      .dkim = s->dkim_aligned ? ALIGNED_PASS : ALIGNED_FAIL,
                                      .spf = s->spf_aligned ? ALIGNED_PASS : ALIGNED_FAIL,
                                      .header_from = s->from_domain,
                                      .envelope_from = feedback_address_domain(s->mail_from)}};
    if (!add_reason(a, s, &x.row) || !add_results(a, s, &x.row)) {
        *failed = true;
        return false;
    }
    *out = x;
    return true;
}
