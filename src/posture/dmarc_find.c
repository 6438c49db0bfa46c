/* Which DMARC record applies to the audited domain, and which to its subdomains (RFC 9989 4.10). */
#include "base/psl.h"
#include "posture/dmarc_check.h"

/* The names of a walk: the domain, then its last 7 labels (or one less than it has) down to 1. */
static void name_places(struct dmarc_finder *f)
{
    struct str domain = f->c->out->domain;
    unsigned labels = domain_labels(domain);
    unsigned rest = labels < DMARC_MAX_QUERIES ? labels : DMARC_MAX_QUERIES;
    f->places[f->n++].domain = domain;
    while (rest > 1)
        f->places[f->n++].domain = domain_tail(domain, --rest);
}

static int read_place(struct posture_ctx *c, struct dmarc_place *p, struct mp_err *err)
{
    p->name = posture_below(c->arena, "_dmarc", p->domain);
    int st = posture_ask(c, p->name, DNS_TXT, &p->txt, err);
    if (st == MP_OK && dmarc_record_of(p->txt, &p->presence, &p->record) != MP_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a DMARC record");
    return st;
}

static const struct dmarc_place *place_of(const struct dmarc_finder *f, struct str domain)
{
    for (size_t i = 0; i < f->n; i++)
        if (domain_eq(f->places[i].domain, domain))
            return &f->places[i];
    return NULL;
}

/* The domain's own record, then that of its organization, then of the public suffix above. */
static const struct dmarc_place *find_applying(const struct dmarc_finder *f)
{
    if (f->own->record != NULL)
        return f->own;
    if (f->org == NULL || f->org->record != NULL)
        return f->org;
    const struct dmarc_place *above =
        place_of(f, domain_tail(f->org->domain, domain_labels(f->org->domain) - 1));
    bool is_psd = above != NULL && above->record != NULL && above->record->psd == DMARC_PSD_Y;
    return is_psd && f->c->config->discovery == DMARC_TREE_WALK ? above : NULL;
}

static int find_organization(struct dmarc_finder *f, struct mp_err *err)
{
    struct posture_ctx *c = f->c;
    struct str org;
    bool failed = false;
    int st = MP_OK;
    if (c->config->discovery == DMARC_PSL)
        org = psl_registrable(c->arena, c->out->domain);
    else
        st = dmarc_organizational(&c->auth, c->out->domain, &org, &failed, err);
    if (st != MP_OK)
        return st;
    if (org.n == 0 && !failed)
        org = c->out->domain;
    f->org = failed ? NULL : place_of(f, org);
    c->out->organizational_domain = failed ? STR("") : org;
    return MP_OK;
}

int dmarc_find(struct posture_ctx *c, struct dmarc_finder *out, struct mp_err *err)
{
    const struct dns_answer *mx;
    *out = (struct dmarc_finder){.c = c};
    name_places(out);
    int worst = posture_ask(c, c->out->domain, DNS_MX, &mx, err);
    if (worst < 0)
        return worst;
    for (size_t i = 0; i < out->n; i++) {
        int st = read_place(c, &out->places[i], err);
        if (st < 0)
            return st;
        worst = st == MP_WAIT ? st : worst;
    }
    if (worst != MP_OK)
        return worst;
    out->own = &out->places[0];
    out->exists = mx->status != DNS_NXDOMAIN;
    int st = find_organization(out, err);
    if (st != MP_OK)
        return st;
    out->hidden = posture_failed(out->own->txt) ||
                  (out->own->record == NULL && (out->org == NULL || posture_failed(out->org->txt)));
    out->at = out->hidden ? NULL : find_applying(out);
    return MP_OK;
}

/* ---- what it means ---- */

static enum dmarc_policy first_set(enum dmarc_policy a, enum dmarc_policy b, enum dmarc_policy c)
{
    return a != DMARC_P_UNSET ? a : b != DMARC_P_UNSET ? b : c;
}

void dmarc_tell(const struct dmarc_finder *f)
{
    struct posture *p = f->c->out;
    const struct dmarc_record *none =
        &(const struct dmarc_record){.p = DMARC_P_UNSET, .sp = DMARC_P_UNSET, .np = DMARC_P_UNSET};
    const struct dmarc_record *r = f->at != NULL ? f->at->record : none;
    /* Subdomains look at the organization before they look at what stands between. */
    const struct dmarc_record *below =
        f->org != NULL && f->org->record != NULL ? f->org->record : r;
    p->dmarc_ready = !f->hidden;
    p->dmarc = *r;
    p->dmarc_at = f->at != NULL ? f->at->domain : STR("");
    p->dmarc_applies = f->at == NULL || f->at == f->own ? DMARC_APPLIES_P
                       : !f->exists                     ? DMARC_APPLIES_NP
                                                        : DMARC_APPLIES_SP;
    p->dmarc_subdomain_policy = first_set(below->sp, below->p, DMARC_P_UNSET);
    p->dmarc_nonexistent_policy = first_set(below->np, below->sp, below->p);
    p->dmarc_policy = p->dmarc_applies == DMARC_APPLIES_P    ? r->p
                      : p->dmarc_applies == DMARC_APPLIES_SP ? first_set(r->sp, r->p, r->p)
                                                             : first_set(r->np, r->sp, r->p);
}
