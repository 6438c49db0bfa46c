/* Identifier alignment (RFC 9989 4.10.2): has an authenticated domain the author's organization? */
#include "auth/dmarc_internal.h"
#include "base/idna.h"

bool dmarc_identifier(struct auth_ctx *ctx, struct str domain, struct str *out)
{
    return domain.n != 0 && idna_to_ascii(ctx->arena, domain, out) && domain_is_ldh(*out);
}

/* An organization is a tail of the name it belongs to: without a common tail there is nothing to
 * walk for. Foreign signers (most of them) cost no query this way. */
static bool may_share_org(const struct dmarc_walk *author, struct str domain)
{
    for (size_t i = 0; i < author->n_orgs; i++) {
        if (domain_is_below(domain, author->orgs[i]))
            return true;
    }
    return false;
}

static enum dmarc_alignment compare_orgs(const struct dmarc_walk *a, const struct dmarc_walk *b)
{
    for (size_t i = 0; i < a->n_orgs; i++) {
        for (size_t j = 0; j < b->n_orgs; j++) {
            if (domain_eq(a->orgs[i], b->orgs[j]))
                return a->n_orgs == 1 && b->n_orgs == 1 ? ALIGN_YES : ALIGN_MAYBE;
        }
    }
    return ALIGN_NO;
}

/* Organizations only: the list method needs no DNS here. */
static int orgs_of(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                   struct mp_err *err)
{
    if (ctx->config->discovery == DMARC_TREE_WALK)
        return dmarc_walk_tree(ctx, domain, out, err);
    *out = (struct dmarc_walk){.domain = domain, .n_orgs = 1};
    out->orgs[0] = dmarc_list_org(ctx, domain);
    return MP_OK;
}

int dmarc_align(struct dmarc_aligner *a, struct str domain, bool strict, enum dmarc_alignment *out,
                struct mp_err *err)
{
    *out = ALIGN_NO;
    if (domain_eq(domain, a->author->domain)) {
        *out = ALIGN_YES;
        return MP_OK;
    }
    if (strict || !may_share_org(a->author, domain))
        return MP_OK;
    for (size_t i = 0; i < a->n_known; i++) {
        if (domain_eq(a->known[i].domain, domain)) {
            *out = a->known[i].relaxed;
            return MP_OK;
        }
    }
    if (a->n_known == DMARC_MAX_IDENTIFIERS) {
        a->skipped++;
        return MP_OK;
    }
    struct dmarc_walk walk;
    int st = orgs_of(a->ctx, domain, &walk, err);
    if (st < MP_OK)
        return st;
    /* A name that waits holds its place too, so that the cap cuts at the same one on each run. */
    if (st == MP_OK)
        *out = compare_orgs(a->author, &walk);
    a->known[a->n_known].domain = domain;
    a->known[a->n_known++].relaxed = *out;
    return st;
}
