/* The rules of links, in turn over each of them; and those of QR codes. */
#include "base/confusable.h"
#include "base/utf8.h"
#include "phish/url_links.h"

enum { SCRATCH_BYTES = 1024 * 1024 };

static bool is_elsewhere(const struct url_facts *f, const struct seen_link *qr)
{
    for (size_t i = 0; i < f->p->n_links; i++) {
        const struct seen_link *l = &f->p->links[i];
        if (l->link->source != LINK_QR && l->site.n != 0 && str_eq(l->site, qr->site))
            return true;
    }
    return false;
}

/* Why a link of a QR code hides where it leads; NULL when it does not. */
static const char *hiding(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->url;
    struct str shown;
    if (u->kind == URL_DATA || u->kind == URL_JAVASCRIPT || u->kind == URL_VBSCRIPT)
        return "it carries a page or a script";
    if (!url_is_web(u))
        return NULL;
    if ((u->flags & URL_USERINFO) != 0)
        return "something stands before an @ in front of its host";
    if ((u->flags & (URL_IP_ENCODED | URL_IP_MAPPED)) != 0)
        return "it writes an address as a number";
    if (!str_is_ascii(u->text) || domain_confusable(&f->scratch, u->host, &shown) != NULL ||
        str_search(u->host, STR("xn--")) < u->host.n)
        return "letters beyond ASCII stand in it";
    if (content_lists_domain(f->p->in->lists, LIST_SHORTENERS, u->host) != NULL)
        return "it goes through a service that hides its target";
    return NULL;
}

static int check_qr(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    (void)err;
    if (l->link->source != LINK_QR || l->again)
        return MP_OK;
    const char *why = hiding(f, l);
    if (url_is_web(&l->url)) {
        struct finding *found = finding_add(f->p->findings, FINDING_QR_URL, l->where, STR_FMT,
                                            STR_ARG(url_short(l->url.text)));
        if (!is_elsewhere(f, l))
            finding_raise(found, SEV_LOW);
    }
    if (why != NULL)
        finding_add(f->p->findings, FINDING_QR_SUSPICIOUS, l->where, "%s: " STR_FMT, why,
                    STR_ARG(url_short(l->url.text)));
    return MP_OK;
}

static const struct {
    int (*check)(struct url_facts *f, const struct seen_link *l, struct mp_err *err);
    bool each; /* also where the same URL came before */
} rules[] = {
    {url_check_shape, false}, {url_check_name, false}, {url_check_target, true},
    {url_check_oauth, false}, {check_qr, false},
};

int url_check(struct phish *p, struct mp_err *err)
{
    struct url_facts f = {.p = p};
    arena_init(&f.scratch, SCRATCH_BYTES);
    int st = url_people_read(&f, err);
    for (size_t i = 0; st == MP_OK && i < p->n_links; i++) {
        const struct seen_link *l = &p->links[i];
        if (l->url.kind == URL_NONE)
            continue;
        for (size_t r = 0; st == MP_OK && r < ARRAY_LEN(rules); r++)
            if (rules[r].each || !l->again)
                st = rules[r].check(&f, l, err);
        arena_reset(&f.scratch);
    }
    arena_clear(&f.scratch);
    return st;
}
