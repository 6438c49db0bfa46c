/* What a trusted ARC seal says about the author domain at its hop: grounds for an override. */
#include "auth/authres.h"
#include "auth/dmarc_internal.h"
#include "base/idna.h"

static struct str prop_domain(struct auth_ctx *ctx, const struct authres_result *r,
                              const char *ptype, const char *property)
{
    for (size_t i = 0; i < r->n_props; i++) {
        const struct authres_prop *p = &r->props[i];
        struct str value = p->value, out;
        if (!str_ieq(p->ptype, str_from(ptype)) || !str_ieq(p->property, str_from(property)))
            continue;
        size_t at = str_rfind(value, '@');
        if (at < value.n)
            value = str_slice(value, at + 1, value.n);
        if (dmarc_identifier(ctx, value, &out))
            return out;
    }
    return STR_NONE;
}

/* The hop's own DMARC word for this author: 1 pass, -1 anything else, 0 not said. */
static int dmarc_word(struct dmarc_aligner *a, const struct authres *ar)
{
    for (size_t i = 0; i < ar->n; i++) {
        const struct authres_result *r = &ar->results[i];
        if (!str_eq(r->method, STR("dmarc")))
            continue;
        struct str from = prop_domain(a->ctx, r, "header", "from");
        if (from.n != 0 && domain_eq(from, a->author->domain))
            return str_eq(r->result, STR("pass")) ? 1 : -1;
    }
    return 0;
}

static int proven_at_hop(struct dmarc_aligner *a, const struct authres *ar,
                         const struct dmarc_record *record, const char **method, struct mp_err *err)
{
    int result = MP_OK;
    *method = NULL;
    for (size_t i = 0; i < ar->n && *method == NULL; i++) {
        const struct authres_result *r = &ar->results[i];
        bool spf = str_eq(r->method, STR("spf")), dkim = str_eq(r->method, STR("dkim"));
        if ((!spf && !dkim) || !str_eq(r->result, STR("pass")))
            continue;
        struct str domain = spf ? prop_domain(a->ctx, r, "smtp", "mailfrom")
                                : prop_domain(a->ctx, r, "header", "d");
        enum dmarc_alignment how = ALIGN_NO;
        int st =
            domain.n == 0
                ? MP_OK
                : dmarc_align(a, domain, spf ? record->strict_spf : record->strict_dkim, &how, err);
        if (st < MP_OK)
            return st;
        if (st != MP_OK)
            result = st;
        if (how == ALIGN_YES)
            *method = spf ? "spf" : "dkim";
    }
    return *method != NULL ? MP_OK : result;
}

int dmarc_arc_override(struct dmarc_aligner *a, const struct arc_outcome *arc,
                       const struct dmarc_record *record, struct str *reason, struct mp_err *err)
{
    const char *why, *method = NULL;
    struct authres ar;
    *reason = STR_NONE;
    if (arc->result != ARC_PASS || !arc->trusted || arc->sets == NULL || arc->trusted_from == 0 ||
        arc->trusted_from > arc->instances)
        return MP_OK;
    if (!authres_parse_sealed(a->ctx->arena, arc->aar_value, &ar, &why))
        return MP_OK;
    if (ar.version.p != NULL && !str_eq(ar.version, STR("1")))
        return MP_OK;
    int word = dmarc_word(a, &ar);
    if (word < 0)
        return MP_OK;
    if (word > 0)
        method = "dmarc";
    int st = word > 0 ? MP_OK : proven_at_hop(a, &ar, record, &method, err);
    if (st != MP_OK || method == NULL)
        return st;
    *reason = arena_fmt(a->ctx->arena,
                        "trusted_forwarder: the ARC seal of " STR_FMT " says %s=pass for " STR_FMT,
                        STR_ARG(arc->sets[arc->trusted_from - 1].sealer), method,
                        STR_ARG(a->author->domain));
    return reason->p == NULL ? mp_fail(err, MP_E_NOMEM, 0, "message needs more memory than allowed")
                             : MP_OK;
}
