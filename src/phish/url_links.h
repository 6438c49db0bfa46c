/* What the rules of links share: each link taken apart once. */
#ifndef MP_PHISH_URL_LINKS_H
#define MP_PHISH_URL_LINKS_H

#include "phish/phish_internal.h"
#include "url/inside.h"

enum {
    PHISH_MAX_LINK_BYTES = 1024 * 1024, /* of all different links together */
    URL_EVIDENCE_BYTES = 120            /* of one URL in a finding */
};

struct seen_link {
    const struct content_link *link;
    struct finding_where where;
    struct url url;                 /* as it stands; URL_NONE: no rule looks at it */
    struct url_unwrapped unwrapped; /* unwrapped.target: where it leads */
    struct str outer_site, site;    /* registrable domains of both; empty for addresses */
    struct phish_near near;         /* what `site` is, or may be taken for */
    bool clicked;                   /* somebody follows it; not what a page only loads */
    bool again;                     /* the same URL came before from the same kind of source */
    bool host_again;                /* another URL that leads to the same host did */
};

struct url_facts {
    struct phish *p;
    struct str from_site, envelope_site;
    struct str *recipients; /* lower case */
    size_t n_recipients;
    struct str code; /* of a device, in the text; url_oauth.c */
    bool code_sought;
    bool bulk;            /* it says of itself that it is a newsletter or a mailing list */
    struct arena scratch; /* for what lives as long as one link is looked at */
};

/* Who sends and receives the message of f->p. MP_OK or MP_E_NOMEM. */
int url_people_read(struct url_facts *f, struct mp_err *err);

/* The rules of one link each; MP_OK or MP_E_NOMEM. url_shape.c, url_name.c, url_target.c */
int url_check_shape(struct url_facts *f, const struct seen_link *l, struct mp_err *err);
int url_check_name(struct url_facts *f, const struct seen_link *l, struct mp_err *err);
int url_check_target(struct url_facts *f, const struct seen_link *l, struct mp_err *err);
int url_check_oauth(struct url_facts *f, const struct seen_link *l, struct mp_err *err);

/* The host as readers see it; the URL as evidence shows it. */
struct str url_shown_host(struct arena *arena, const struct url *u);
struct str url_short(struct str text);

/* Is the sender proven to be who he says, as far as anybody looked? */
bool url_sender_is_proven(const struct url_facts *f);

/* Does the service stand in the list with this host, or with the beginning of this path? */
bool url_in_list(const struct phish *p, enum content_list list, const struct url *u);

#endif
