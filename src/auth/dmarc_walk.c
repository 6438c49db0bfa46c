/* Where DMARC records stand: the DNS tree walk (RFC 9989 4.10) and the list method of RFC 7489. */
#include "auth/dmarc_internal.h"
#include "base/idna.h"
#include "base/psl.h"

/* The names of a walk: the domain, then its last 7 labels (or one less than it has) down to 1. */
static size_t walk_names(struct str domain, struct str out[DMARC_MAX_QUERIES])
{
    unsigned labels = domain_labels(domain);
    size_t n = 0;
    out[n++] = domain;
    unsigned rest = labels < DMARC_MAX_QUERIES ? labels : DMARC_MAX_QUERIES;
    while (rest > 1)
        out[n++] = domain_tail(domain, --rest);
    return n;
}

enum { PREFIX_BYTES = sizeof "_dmarc." - 1 };

/* The name that is asked for a domain; the view copies what it keeps. */
struct record_name {
    char bytes[PREFIX_BYTES + DOMAIN_MAX_OCTETS];
    size_t n;
};

/* False: no domain name is this long. */
static bool record_name_make(struct record_name *out, struct str domain)
{
    if (domain.n == 0 || domain.n > DOMAIN_MAX_OCTETS)
        return false;
    memcpy(out->bytes, "_dmarc.", PREFIX_BYTES);
    memcpy(out->bytes + PREFIX_BYTES, domain.p, domain.n);
    out->n = PREFIX_BYTES + domain.n;
    return true;
}

static void prefetch_names(struct auth_ctx *ctx, const struct str *names, size_t n)
{
    struct record_name name;
    for (size_t i = 0; i < n; i++) {
        if (record_name_make(&name, names[i]))
            dns_prefetch(ctx->dns, str_make(name.bytes, name.n), DNS_TXT);
    }
}

void dmarc_walk_prefetch(struct auth_ctx *ctx, struct str domain)
{
    struct str names[DMARC_MAX_QUERIES];
    prefetch_names(ctx, names, walk_names(domain, names));
}

static int site_read(struct auth_ctx *ctx, struct str domain, struct dmarc_site *out,
                     struct mp_err *err)
{
    struct record_name name;
    const struct dns_answer *txt;
    *out = (struct dmarc_site){.domain = domain, .state = SITE_EMPTY};
    if (!record_name_make(&name, domain))
        return MP_OK;
    int st = dns_ask(ctx->dns, str_make(name.bytes, name.n), DNS_TXT, &txt, err);
    if (st != MP_OK)
        return st;
    if (txt->status != DNS_DATA && txt->status != DNS_NODATA && txt->status != DNS_NXDOMAIN) {
        out->state = SITE_FAILED;
        out->why = dns_status_name(txt->status);
        return MP_OK;
    }
    if (dmarc_record_of(txt, &out->presence, &out->record) != MP_OK)
        return mp_fail(err, MP_E_NOMEM, 0, "no memory for a DMARC record");
    out->state = out->record != NULL ? SITE_RECORD : SITE_EMPTY;
    return MP_OK;
}

static void org_add(struct dmarc_walk *w, struct str org)
{
    for (size_t i = 0; i < w->n_orgs; i++) {
        if (w->orgs[i].n == org.n)
            return;
    }
    w->orgs[w->n_orgs++] = org;
}

/* The domain itself for its own name: psd=y where the walk began says nothing (4.10.2). */
static struct str one_label_below(const struct dmarc_walk *w, struct str parent)
{
    return domain_tail(w->domain, domain_labels(parent) + 1);
}

/* RFC 9989 4.10.2 over what is known. A site that failed may hold anything: psd=n or a plain
 * record would make it the organization, psd=y the name below it. */
static void orgs_by_walk(struct dmarc_walk *w)
{
    struct str org = w->domain;
    for (size_t i = 0; i < w->n; i++) {
        const struct dmarc_site *s = &w->sites[i];
        if (s->state == SITE_FAILED) {
            org_add(w, s->domain);
            org_add(w, one_label_below(w, s->domain));
        }
        if (s->state == SITE_RECORD)
            org = s->record->psd == DMARC_PSD_Y ? one_label_below(w, s->domain) : s->domain;
    }
    org_add(w, org);
}

/* In order; at the first that waits, the rest is noted for the same round. */
static int read_sites(struct auth_ctx *ctx, const struct str *names, size_t n, bool stop_at_psd,
                      struct dmarc_walk *w, struct mp_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct dmarc_site *s = &w->sites[w->n];
        int st = site_read(ctx, names[i], s, err);
        if (st == MP_WAIT)
            prefetch_names(ctx, names + i + 1, n - i - 1);
        if (st != MP_OK)
            return st;
        w->n++;
        w->failed |= s->state == SITE_FAILED;
        if (stop_at_psd && s->state == SITE_RECORD && s->record->psd != DMARC_PSD_U)
            break;
    }
    return MP_OK;
}

int dmarc_walk_tree(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                    struct mp_err *err)
{
    struct str names[DMARC_MAX_QUERIES];
    struct dmarc_walk w = {.domain = domain};
    int st = read_sites(ctx, names, walk_names(domain, names), true, &w, err);
    if (st != MP_OK)
        return st;
    orgs_by_walk(&w);
    *out = w;
    return MP_OK;
}

struct str dmarc_list_org(struct auth_ctx *ctx, struct str domain)
{
    struct str org = psl_registrable(ctx->arena, domain);
    return org.n != 0 && domain_is_below(domain, org) ? domain_tail(domain, domain_labels(org))
                                                      : domain;
}

int dmarc_walk_list(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                    struct mp_err *err)
{
    struct dmarc_walk w = {.domain = domain};
    struct str names[2] = {domain, dmarc_list_org(ctx, domain)};
    org_add(&w, names[1]);
    int st = read_sites(ctx, names, domain_eq(names[0], names[1]) ? 1 : 2, false, &w, err);
    if (st == MP_OK)
        *out = w;
    return st;
}

int dmarc_walk_any(struct auth_ctx *ctx, struct str domain, struct dmarc_walk *out,
                   struct mp_err *err)
{
    return ctx->config->discovery == DMARC_PSL ? dmarc_walk_list(ctx, domain, out, err)
                                               : dmarc_walk_tree(ctx, domain, out, err);
}

const struct dmarc_site *dmarc_site_of(const struct dmarc_walk *w, struct str domain)
{
    for (size_t i = 0; i < w->n; i++) {
        if (domain_eq(w->sites[i].domain, domain))
            return &w->sites[i];
    }
    return NULL;
}

static const struct dmarc_site *first_failed(const struct dmarc_walk *w)
{
    const struct dmarc_site *s = w->sites;
    while (s->state != SITE_FAILED)
        s++;
    return s;
}

bool dmarc_policy_hidden(const struct dmarc_walk *w, enum dmarc_discovery method,
                         const struct dmarc_site **site)
{
    const struct dmarc_site *author = &w->sites[0], *last = &w->sites[w->n - 1];
    *site = author;
    if (author->state == SITE_RECORD)
        return false;
    if (method == DMARC_PSL && author->presence == DMARC_SEVERAL) {
        *site = NULL; /* RFC 7489 6.6.3 step 5: several records end the discovery */
        return false;
    }
    if (w->failed) {
        *site = first_failed(w);
        return true;
    }
    /* RFC 9989 4.10.1: the organizational domain's, then the public suffix domain's; records
     * between the author domain and its organization are not used. */
    const struct dmarc_site *org = dmarc_site_of(w, w->orgs[0]);
    *site = org != NULL && org->state == SITE_RECORD                         ? org
            : last->state == SITE_RECORD && last->record->psd == DMARC_PSD_Y ? last
                                                                             : NULL;
    return false;
}

void dmarc_prefetch(struct auth_ctx *ctx, struct str author_domain)
{
    dmarc_walk_prefetch(ctx, author_domain);
}

int dmarc_organizational(struct auth_ctx *ctx, struct str domain, struct str *org, bool *failed,
                         struct mp_err *err)
{
    struct dmarc_walk w;
    int st = dmarc_walk_tree(ctx, domain, &w, err);
    if (st != MP_OK)
        return st;
    *failed = w.n_orgs != 1;
    *org = *failed ? STR_NONE : w.orgs[0];
    return MP_OK;
}
