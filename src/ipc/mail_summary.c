/* One mail in short, as bytes: a table of its texts serves writing, reading and copying. */
#include "ipc/mail_summary.h"

#include <stddef.h>

#include "ipc/wire_ip.h"

static const size_t texts[] = {
#define TEXT(member) offsetof(struct mail_summary, member)
    TEXT(id),
    TEXT(mode),
    TEXT(listener),
    TEXT(queue_id),
    TEXT(client_name),
    TEXT(helo),
    TEXT(tls),
    TEXT(auth_user),
    TEXT(mail_from),
    TEXT(from),
    TEXT(from_domain),
    TEXT(subject),
    TEXT(message_id),
    TEXT(sha256),
    TEXT(done),
    TEXT(reply),
    TEXT(spf),
    TEXT(spf_domain),
    TEXT(spf_scope),
    TEXT(arc),
    TEXT(dmarc),
    TEXT(dmarc_domain),
    TEXT(policy.p),
    TEXT(policy.sp),
    TEXT(policy.np),
    TEXT(policy.adkim),
    TEXT(policy.aspf),
    TEXT(policy.discovery),
    TEXT(policy.disposition),
    TEXT(policy.override),
    TEXT(policy.comment),
    TEXT(signed_by),
#undef TEXT
};
enum { N_TEXTS = sizeof texts / sizeof texts[0] };

static struct str *text_of(struct mail_summary *s, size_t i)
{
    return (struct str *)(void *)((char *)s + texts[i]);
}

static void put_text(struct buf *out, struct str s)
{
    wire_put_str(out, str_slice(s, 0, s.n < SUMMARY_MAX_TEXT_BYTES ? s.n : SUMMARY_MAX_TEXT_BYTES));
}

static struct str get_text(struct wire_in *in, const char *what)
{
    return wire_get_str(in, SUMMARY_MAX_TEXT_BYTES, what);
}

void mail_summary_write(struct buf *out, const struct mail_summary *s)
{
    struct mail_summary copy = *s;
    for (size_t i = 0; i < N_TEXTS; i++)
        put_text(out, *text_of(&copy, i));
    wire_put_u64(out, (uint64_t)s->time_ms);
    wire_put_u32(out, s->elapsed_us);
    wire_put_ip(out, &s->client);
    wire_put_bool(out, s->has_mail_from);
    wire_put_u32(out, (uint32_t)s->n_rcpts);
    for (size_t i = 0; i < s->n_rcpts; i++)
        put_text(out, s->rcpt_to[i]);
    wire_put_u32(out, s->n_rcpt_to);
    wire_put_u64(out, s->size_bytes);
    wire_put_u32(out, s->action);
    wire_put_bool(out, s->complete);
    wire_put_u32(out, (uint32_t)s->n_dkim);
    for (size_t i = 0; i < s->n_dkim; i++) {
        put_text(out, s->dkim[i].domain);
        put_text(out, s->dkim[i].selector);
        put_text(out, s->dkim[i].result);
    }
    wire_put_bool(out, s->spf_aligned);
    wire_put_bool(out, s->dkim_aligned);
    wire_put_bool(out, s->policy.testing);
    wire_put_bool(out, s->policy.wants_reports);
    wire_put_u32(out, (uint32_t)s->n_findings);
    for (size_t i = 0; i < s->n_findings; i++) {
        put_text(out, s->findings[i].id);
        wire_put_u32(out, s->findings[i].severity);
        wire_put_u32(out, s->findings[i].count);
        put_text(out, s->findings[i].evidence);
    }
}

static void read_lists(struct wire_in *in, struct mail_summary *s)
{
    uint32_t n = wire_get_u32(in, SUMMARY_MAX_SIGNATURES, "signatures");
    for (uint32_t i = 0; i < n; i++, s->n_dkim++) {
        s->dkim[i].domain = get_text(in, "signature");
        s->dkim[i].selector = get_text(in, "signature");
        s->dkim[i].result = get_text(in, "signature");
    }
    s->spf_aligned = wire_get_bool(in, "spf_aligned");
    s->dkim_aligned = wire_get_bool(in, "dkim_aligned");
    s->policy.testing = wire_get_bool(in, "testing");
    s->policy.wants_reports = wire_get_bool(in, "wants_reports");
    n = wire_get_u32(in, SUMMARY_MAX_FINDINGS, "findings");
    for (uint32_t i = 0; i < n; i++, s->n_findings++) {
        s->findings[i].id = get_text(in, "finding");
        s->findings[i].severity = (enum severity)wire_get_u32(in, SEV_CRITICAL, "severity");
        s->findings[i].count = wire_get_u32(in, UINT32_MAX, "count");
        s->findings[i].evidence = get_text(in, "evidence");
    }
}

void mail_summary_read(struct wire_in *in, struct mail_summary *s)
{
    *s = (struct mail_summary){0};
    for (size_t i = 0; i < N_TEXTS; i++)
        *text_of(s, i) = get_text(in, "summary");
    s->time_ms = (int64_t)wire_get_u64(in, INT64_MAX, "time");
    s->elapsed_us = wire_get_u32(in, UINT32_MAX, "elapsed");
    s->client = wire_get_ip(in);
    s->has_mail_from = wire_get_bool(in, "has_mail_from");
    uint32_t n = wire_get_u32(in, SUMMARY_MAX_RCPTS, "recipients");
    for (uint32_t i = 0; i < n; i++)
        s->rcpt_to[s->n_rcpts++] = get_text(in, "recipient");
    s->n_rcpt_to = wire_get_u32(in, UINT32_MAX, "recipients");
    s->size_bytes = wire_get_u64(in, UINT64_MAX, "size");
    s->action = (enum verdict_action)wire_get_u32(in, ACTION_TEMPFAIL, "action");
    s->complete = wire_get_bool(in, "complete");
    read_lists(in, s);
}

static bool copy_text(struct arena *a, struct str *s)
{
    if (s->n == 0)
        return true;
    *s = arena_copy(a, *s);
    return s->p != NULL;
}

int mail_summary_copy(struct arena *a, const struct mail_summary *from, struct mail_summary *to,
                      struct mp_err *err)
{
    struct mail_summary s = *from;
    bool ok = true;
    for (size_t i = 0; i < N_TEXTS; i++)
        ok = ok && copy_text(a, text_of(&s, i));
    for (size_t i = 0; i < s.n_rcpts; i++)
        ok = ok && copy_text(a, &s.rcpt_to[i]);
    for (size_t i = 0; i < s.n_dkim; i++)
        ok = ok && copy_text(a, &s.dkim[i].domain) && copy_text(a, &s.dkim[i].selector) &&
             copy_text(a, &s.dkim[i].result);
    for (size_t i = 0; i < s.n_findings; i++)
        ok = ok && copy_text(a, &s.findings[i].id) && copy_text(a, &s.findings[i].evidence);
    if (!ok)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for the summary of a mail");
    *to = s;
    return MP_OK;
}
