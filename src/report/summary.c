/* What is kept of a mail when the mail itself is gone. */
#include "report/summary.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "report/report_internal.h"

struct str summary_text(struct arena *arena, struct str s)
{
    enum { ELLIPSIS_BYTES = 8 };
    struct buf b;
    if (s.n == 0)
        return STR_NONE;
    buf_init(&b, SUMMARY_MAX_TEXT_BYTES);
    utf8_add_printable(&b, s, SUMMARY_MAX_TEXT_BYTES - ELLIPSIS_BYTES);
    struct str text = b.failed ? STR_NONE : arena_copy(arena, buf_str(&b));
    buf_clear(&b);
    return text;
}

static void take_envelope(struct arena *a, const struct job *job, struct mail_summary *out)
{
    const struct envelope *e = &job->envelope;
    struct facts facts;
    facts_of(a, job, &facts);
    out->client = e->client;
    out->helo = summary_text(a, e->helo);
    out->has_mail_from = e->has_mail_from;
    out->mail_from = summary_text(a, e->mail_from);
    out->n_rcpt_to = (uint32_t)e->n_rcpt_to;
    for (size_t i = 0; i < e->n_rcpt_to && i < SUMMARY_MAX_RCPTS; i++)
        out->rcpt_to[out->n_rcpts++] = summary_text(a, e->rcpt_to[i]);
    out->from = summary_text(a, facts.n_addresses > 0 ? facts.addresses[0] : facts.from);
    out->from_domain = summary_text(a, job->author.domain);
    out->subject = summary_text(a, facts.subject);
    out->message_id = summary_text(a, str_trim(facts.message_id));
    out->size_bytes = job->raw.n;
    out->sha256 = job->sha256_hex;
}

static struct str policy_word(enum dmarc_policy p)
{
    return p == DMARC_P_UNSET ? STR_NONE : str_from(dmarc_policy_name(p));
}

/* RFC 9990: what a domain has published, and what came of it. */
static void take_policy(struct arena *a, const struct dmarc_outcome *d, struct mail_summary *out)
{
    struct summary_policy *p = &out->policy;
    out->dmarc_domain = summary_text(a, d->policy_domain);
    if (d->record == NULL)
        return;
    p->p = policy_word(d->record->p);
    p->sp = policy_word(d->record->sp);
    p->np = policy_word(d->record->np);
    p->adkim = d->record->strict_dkim ? STR("s") : STR("r");
    p->aspf = d->record->strict_spf ? STR("s") : STR("r");
    p->testing = d->testing;
    p->wants_reports = d->record->n_rua > 0;
    p->discovery = d->discovery == DMARC_PSL ? STR("psl") : STR("treewalk");
    p->disposition = policy_word(d->disposition);
    if (d->override_reason.n > 0) {
        p->override = STR("trusted_forwarder");
        p->comment = summary_text(a, d->override_reason);
    }
}

static void take_authentication(struct arena *a, const struct job *job, struct mail_summary *out)
{
    if (job->auth_skipped)
        return;
    if (job->spf_checked) {
        out->spf = str_from(spf_result_name(job->spf.result));
        out->spf_domain = summary_text(a, job->spf.domain);
        out->spf_scope = job->spf.identity == SPF_HELO ? STR("helo") : STR("mfrom");
    }
    for (size_t i = 0; i < job->dkim.n && i < SUMMARY_MAX_SIGNATURES; i++) {
        const struct dkim_signature *s = &job->dkim.sigs[i];
        out->dkim[out->n_dkim++] =
            (struct summary_signature){summary_text(a, s->domain), summary_text(a, s->selector),
                                       str_from(dkim_result_name(s->result))};
    }
    out->arc = str_from(arc_result_name(job->arc.result));
    out->dmarc = str_from(dmarc_result_name(job->dmarc.result));
    out->spf_aligned = job->dmarc.spf_aligned;
    out->dkim_aligned = job->dmarc.dkim_aligned;
    take_policy(a, &job->dmarc, out);
}

static struct summary_finding *finding_of(struct mail_summary *out, struct str id)
{
    for (size_t i = 0; i < out->n_findings; i++)
        if (str_eq(out->findings[i].id, id))
            return &out->findings[i];
    return NULL;
}

/* Kinds, the gravest first. */
static void take_findings(struct arena *a, const struct job *job, struct mail_summary *out)
{
    size_t order[FINDINGS_MAX], n = findings_by_severity(&job->findings, order);
    for (size_t i = 0; i < n; i++) {
        const struct finding *f = &job->findings.items[order[i]];
        struct str id = finding_kind(f->id)->name;
        struct summary_finding *known = finding_of(out, id);
        if (known != NULL)
            known->count++;
        else if (out->n_findings < SUMMARY_MAX_FINDINGS)
            out->findings[out->n_findings++] =
                (struct summary_finding){id, f->severity, 1, summary_text(a, f->evidence)};
    }
}

void report_summary(struct arena *arena, const struct job *job, struct mail_summary *out)
{
    *out = (struct mail_summary){.time_ms = clock_wall_ms(),
                                 .elapsed_us = (uint32_t)job->elapsed_us,
                                 .action = job->verdict.action,
                                 .complete = job->verdict.complete};
    take_envelope(arena, job, out);
    take_authentication(arena, job, out);
    take_findings(arena, job, out);
}
