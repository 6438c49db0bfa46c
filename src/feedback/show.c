/* What is to be shown, asked of the store; and what to do about it. */
#include "base/idna.h"
#include "feedback/show_internal.h"

static const char *const formats[FEEDBACK_FORMAT_COUNT] = {"text", "json", "jsonl", "csv", "none"};

bool feedback_format_by_name(struct str name, enum feedback_format *out)
{
    for (size_t i = 0; i < FEEDBACK_FORMAT_COUNT; i++)
        if (str_eq(name, str_from(formats[i]))) {
            *out = (enum feedback_format)i;
            return true;
        }
    return false;
}

/* ---- advice ---- */

static bool has_reason(const struct feedback_source *x)
{
    static const struct str words[] = {STR_INIT("forwarded"), STR_INIT("mailing_list"),
                                       STR_INIT("trusted_forwarder")};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_isearch(x->reason, words[i]) < x->reason.n)
            return true;
    return false;
}

/* By what authenticated the mail that failed: the wrong name is mended, nothing at all is not. */
struct str feedback_advice(struct arena *a, const struct feedback_source *x, struct str policy)
{
    uint64_t failed = x->sums.messages - x->sums.passed;
    struct str d = x->domain;
    if (failed == 0)
        return STR("");
    if (has_reason(x))
        return arena_fmt(a,
                         "forwarded, as its receiver says: a DKIM signature of " STR_FMT
                         " would outlive that",
                         STR_ARG(d));
    if (x->dkim_passed > x->sums.dkim_aligned && x->dkim_domain.n > 0 &&
        !domain_is_below(x->dkim_domain, d))
        return arena_fmt(a,
                         "signs as " STR_FMT
                         ": if it is yours, have it sign with a key of " STR_FMT,
                         STR_ARG(x->dkim_domain), STR_ARG(d));
    if (x->spf_passed > x->sums.spf_aligned && x->spf_domain.n > 0 &&
        !domain_is_below(x->spf_domain, d))
        return arena_fmt(a,
                         "SPF passes for " STR_FMT
                         ": if it is yours, give it a return path below " STR_FMT
                         ", or sign with DKIM",
                         STR_ARG(x->spf_domain), STR_ARG(d));
    if (x->sums.passed > 0)
        return arena_fmt(a, "a part of its mail passes: look at what differs with --source");
    if (str_eq(policy, STR("none")) || policy.n == 0)
        return arena_fmt(a, "not authenticated: if it is yours, sign with DKIM and list it in SPF; "
                            "if not, p=quarantine or p=reject would stop it");
    return arena_fmt(a, "not authenticated: if it is yours, sign with DKIM and list it in SPF");
}

const char *feedback_tls_advice(struct str result_type)
{
    static const struct {
        struct str type;
        const char *advice;
    } rows[] = {
        {STR_INIT("starttls-not-supported"), "the MX did not offer STARTTLS to this sender"},
        {STR_INIT("certificate-host-mismatch"), "the certificate names another host than the MX"},
        {STR_INIT("certificate-expired"), "renew the certificate of the MX"},
        {STR_INIT("certificate-not-trusted"),
         "send the whole chain, of an authority that is trusted"},
        {STR_INIT("validation-failure"), "see the reason; audit and probe the domain"},
        {STR_INIT("tlsa-invalid"), "the TLSA record does not match, or cannot be read"},
        {STR_INIT("dnssec-invalid"), "answers of the MX's zone do not validate"},
        {STR_INIT("dane-required"), "the sender wants DANE, and there is no TLSA record"},
        {STR_INIT("sts-policy-fetch-error"), "the policy host did not answer over https"},
        {STR_INIT("sts-policy-invalid"), "the policy file is broken"},
        {STR_INIT("sts-webpki-invalid"), "the certificate of the policy host does not verify"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_ieq(result_type, rows[i].type))
            return rows[i].advice;
    return "";
}

/* ---- asking ---- */

static int gather(struct feedback_store *s, struct feedback_shown *x, struct mp_err *err)
{
    const struct feedback_filter *f = &x->how->filter;
    bool people = x->how->format == FEEDBACK_FORMAT_TEXT;
    bool whole = people || x->how->format == FEEDBACK_FORMAT_JSON;
    bool csv = x->how->format == FEEDBACK_FORMAT_CSV;
    int st = feedback_store_domains(s, f, x->arena, &x->domains, err);
    if (st == MP_OK && whole)
        st = feedback_store_sources(s, f, x->arena, &x->sources, err);
    if (st == MP_OK && whole)
        st = feedback_store_reports(s, f, x->arena, &x->reports, err);
    if (st == MP_OK && !people)
        st = feedback_store_rows(s, f, x->arena, &x->rows, err);
    if (st == MP_OK && whole)
        st = feedback_store_days(s, f, x->arena, &x->days, err);
    if (st == MP_OK && whole)
        st = feedback_store_tls(s, f, x->arena, &x->tls, err);
    if (st == MP_OK && !csv)
        st = feedback_store_tls_failures(s, f, x->arena, &x->tls_failures, err);
    if (st == MP_OK && !csv)
        st = feedback_store_failures(s, f, x->arena, &x->failures, err);
    return st;
}

/* Lines are written page by page, so that none is left out. */
static int show_pages(struct feedback_store *s, struct feedback_shown *x, struct buf *out,
                      void (*write)(struct buf *, const struct feedback_shown *),
                      struct mp_err *err)
{
    struct feedback_show how = *x->how;
    int st;
    how.filter.limit = FEEDBACK_LIST_MAX;
    x->how = &how;
    do {
        arena_reset(x->arena);
        st = gather(s, x, err);
        if (st == MP_OK)
            write(out, x);
        how.filter.offset += FEEDBACK_LIST_MAX;
    } while (st == MP_OK && !out->failed &&
             (x->rows.more || x->tls_failures.more || x->failures.more));
    return st;
}

int feedback_show(struct feedback_store *s, const struct feedback_show *how, struct arena *a,
                  struct buf *out, struct mp_err *err)
{
    static void (*const writers[FEEDBACK_FORMAT_COUNT])(
        struct buf *, const struct feedback_shown *) = {feedback_show_text, feedback_show_json,
                                                        feedback_show_jsonl, feedback_show_csv};
    struct feedback_show own = *how;
    struct feedback_shown x = {.how = &own, .arena = a};
    bool lines = how->format == FEEDBACK_FORMAT_CSV || how->format == FEEDBACK_FORMAT_JSONL;
    int st = MP_OK;
    if (how->format == FEEDBACK_FORMAT_NONE)
        return st;
    if (own.filter.limit == 0 && how->format == FEEDBACK_FORMAT_JSON)
        own.filter.limit = FEEDBACK_LIST_MAX;
    if (lines && own.filter.limit == 0) {
        st = show_pages(s, &x, out, writers[how->format], err);
    } else {
        st = gather(s, &x, err);
        if (st == MP_OK)
            writers[how->format](out, &x);
    }
    if (st != MP_OK)
        return st;
    return out->failed ? mp_fail(err, MP_E_LIMIT, (int64_t)out->max_bytes,
                                 "the report is longer than %zu bytes", out->max_bytes)
                       : MP_OK;
}
