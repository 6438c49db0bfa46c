/* Warnings beside the DKIM verdicts: what passes and still deserves mistrust. */
#include "auth/dkim_internal.h"

enum { RSA_STRONG_BITS = 2048 };

/* Fields that stand at most once (RFC 5322 3.6, RFC 2045): readers show the topmost one, DKIM
 * signs the bottom-most. Also the set that a signer oversigns. */
static const struct str single_fields[] = {
    STR_INIT("From"),         STR_INIT("Sender"),
    STR_INIT("Reply-To"),     STR_INIT("To"),
    STR_INIT("Cc"),           STR_INIT("Bcc"),
    STR_INIT("Subject"),      STR_INIT("Date"),
    STR_INIT("Message-ID"),   STR_INIT("In-Reply-To"),
    STR_INIT("References"),   STR_INIT("MIME-Version"),
    STR_INIT("Content-Type"), STR_INIT("Content-Transfer-Encoding"),
};

static struct finding_where place(const struct dkim_signature *sig)
{
    return (struct finding_where){.header = STR("DKIM-Signature"),
                                  .offset = sig->field->offset,
                                  .length = sig->field->raw.n,
                                  .has_offset = true};
}

static void note(struct auth_ctx *ctx, enum finding_id id, const struct dkim_signature *sig,
                 const char *what)
{
    finding_add(ctx->findings, id, place(sig), "d=" STR_FMT " s=" STR_FMT "%s%s",
                STR_ARG(sig->domain), STR_ARG(sig->selector), *what != '\0' ? ": " : "", what);
}

static void note_result(struct auth_ctx *ctx, const struct dkim_signature *sig)
{
    static const struct {
        enum dkim_result result;
        enum finding_id id;
    } rows[] = {{DKIM_FAIL, FINDING_AUTH_DKIM_FAIL},
                {DKIM_PERMERROR, FINDING_AUTH_DKIM_PERMERROR},
                {DKIM_TEMPERROR, FINDING_AUTH_DKIM_TEMPERROR},
                {DKIM_POLICY, FINDING_AUTH_DKIM_POLICY}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (sig->result == rows[i].result)
            finding_add(ctx->findings, rows[i].id, place(sig),
                        "d=" STR_FMT " s=" STR_FMT ": " STR_FMT, STR_ARG(sig->domain),
                        STR_ARG(sig->selector), STR_ARG(sig->reason));
}

static void note_properties(struct auth_ctx *ctx, const struct dkim_signature *sig)
{
    if (sig->unsigned_tail)
        finding_add(ctx->findings, FINDING_AUTH_L_TAG_UNSIGNED_TAIL, place(sig),
                    "d=" STR_FMT ": l=%llu of %llu octets", STR_ARG(sig->domain),
                    (unsigned long long)sig->length, (unsigned long long)sig->body_length);
    if (sig->has_length)
        note(ctx, FINDING_AUTH_L_TAG, sig, "");
    if (sig->signed_at_s > ctx->now_s + ctx->config->clock_skew_s)
        note(ctx, FINDING_AUTH_FUTURE_T, sig, "");
    if (sig->key_bits > 0 && sig->key_bits < RSA_STRONG_BITS &&
        str_starts(sig->algorithm, STR("rsa")))
        finding_add(ctx->findings, FINDING_AUTH_KEY_WEAK, place(sig),
                    "d=" STR_FMT " s=" STR_FMT ": RSA of %u bits", STR_ARG(sig->domain),
                    STR_ARG(sig->selector), sig->key_bits);
    if (sig->key_testing)
        note(ctx, FINDING_AUTH_KEY_TESTING, sig, "");
    if (sig->key_several)
        note(ctx, FINDING_AUTH_KEY_SEVERAL, sig, "");
}

/* ---- fields above the signed one ---- */

static size_t times_named(struct str names, struct str field)
{
    size_t n = 0;
    struct str name;
    while (colon_list_next(&names, &name))
        n += str_ieq(name, field);
    return n;
}

static void note_duplicate(struct auth_ctx *ctx, const struct dkim_outcome *out, struct str field,
                           size_t present)
{
    for (size_t i = 0; i < out->n; i++) {
        const struct dkim_signature *sig = &out->sigs[i];
        size_t named = sig->over_limit ? 0 : times_named(sig->header_names, field);
        if (named == 0 || named >= present)
            continue;
        const struct header *top = header_first(ctx->msg, field);
        finding_add(ctx->findings, FINDING_AUTH_DUPLICATE_HEADER,
                    (struct finding_where){.header = field,
                                           .offset = top->offset,
                                           .length = top->raw.n,
                                           .has_offset = true},
                    STR_FMT " stands %zu times, d=" STR_FMT " signed %zu of them", STR_ARG(field),
                    present, STR_ARG(sig->domain), named);
        return;
    }
}

/* Only fields that do stand several times make us look into h=: hardly ever. */
static void note_duplicates(struct auth_ctx *ctx, const struct dkim_outcome *out)
{
    for (size_t i = 0; out->n > 0 && i < ARRAY_LEN(single_fields); i++) {
        size_t present = header_count(ctx->msg, single_fields[i]);
        if (present > 1)
            note_duplicate(ctx, out, single_fields[i], present);
    }
}

void dkim_findings(struct auth_ctx *ctx, const struct dkim_outcome *out)
{
    size_t unevaluated = out->seen - out->n;
    for (size_t i = 0; i < out->n; i++) {
        note_result(ctx, &out->sigs[i]);
        note_properties(ctx, &out->sigs[i]);
        unevaluated += out->sigs[i].over_limit;
    }
    if (unevaluated > 0)
        finding_add(ctx->findings, FINDING_AUTH_SIGNATURE_LIMIT, NOWHERE,
                    "%zu signatures, %zu of them not evaluated", out->seen, unevaluated);
    note_duplicates(ctx, out);
}
