/* Links beside the sender's domain. */
#include "phish/url_links.h"

bool phish_same_house(const struct phish *p, struct str a, struct str b)
{
    return str_eq(a, b) ||
           phish_same_owner(phish_names_exact(p->names, a), phish_names_exact(p->names, b));
}

int phish_leads_read(struct phish *p, struct mp_err *err)
{
    struct phish_leads l = {.other = STR("")};
    (void)err;
    for (size_t i = 0; i < p->n_links && i < LEADS_MAX_LINKS; i++) {
        const struct seen_link *link = &p->links[i];
        l.pictures |= link->link->source == LINK_LOADED;
        if (!link->clicked || link->link->hidden || !url_is_web(&link->url))
            continue;
        struct str site = link->outer_site;
        bool sender = site.n > 0 && phish_same_house(p, site, p->people.from.site);
        l.web++;
        l.sender |= sender;
        if (!sender && !l.others)
            l.other = link->url.host;
        l.others |= !sender;
    }
    p->leads = l;
    return MP_OK;
}
