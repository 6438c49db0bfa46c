/* Links beside the sender's domain. */
#include "phish/phish_internal.h"
#include "url/url.h"

static bool is_followed(enum link_source s)
{
    return s != LINK_LOADED && s != LINK_OFFICE_PART;
}

bool phish_same_house(const struct phish *p, struct str a, struct str b)
{
    const struct phish_name *x = phish_names_exact(p->names, a),
                            *y = phish_names_exact(p->names, b);
    return str_eq(a, b) || (x != NULL && y != NULL && phish_same_owner(x, y));
}

static int read_leads(struct phish *p, struct phish_leads *out, struct mp_err *err)
{
    const struct content_report *found = p->in->found;
    struct phish_leads l = {.other = STR("")};
    for (size_t i = 0; i < found->n_links && i < LEADS_MAX_LINKS; i++) {
        const struct content_link *link = &found->links[i];
        struct url u;
        l.pictures |= link->source == LINK_LOADED;
        if (!is_followed(link->source) || link->hidden)
            continue;
        int st = url_parse(p->arena, link->url, NULL, &u, err);
        if (st != MP_OK)
            return st;
        if (!url_is_web(&u))
            continue;
        struct str site = url_site(p->arena, &u);
        bool sender = site.n > 0 && phish_same_house(p, site, p->people.from.site);
        l.web++;
        l.sender |= sender;
        if (!sender && !l.others)
            l.other = u.host;
        l.others |= !sender;
    }
    *out = l;
    return MP_OK;
}

const struct phish_leads *phish_leads(struct phish *p)
{
    if (!p->leads_read && p->status == MP_OK)
        p->status = read_leads(p, &p->leads, p->err);
    p->leads_read = true;
    return &p->leads;
}
