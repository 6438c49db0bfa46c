/* Links by where they lead: other than they show, by way of others, with the reader's address. */
#include "phish/url_links.h"

/* ---- url.text-mismatch ---- */

/* What a person sees in place of the link, as a URL; kind URL_NONE when it is none. */
static int read_shown(struct url_facts *f, const struct seen_link *l, struct url_unwrapped *shown,
                      struct mp_err *err)
{
    struct str text = l->link->text;
    struct url u;
    *shown = (struct url_unwrapped){.n = 0};
    if (l->link->source == LINK_TEXT || !url_is_shown(text))
        return MP_OK;
    int st = url_parse(f->p->arena, text, NULL, &u, err);
    return st == MP_OK ? url_unwrap(f->p->arena, &u, shown, err) : st;
}

/* Links of newsletters go by way of who sends them: that is so when the sender is proven and shows
 * his own domain, or when he counts the visits of others'. */
static bool is_counted(const struct url_facts *f, const struct seen_link *l, struct str shown,
                       const struct phish_name *known)
{
    if (!url_sender_is_proven(f))
        return false;
    if (str_eq(shown, f->from_site))
        return true;
    bool senders = str_eq(l->outer_site, f->from_site) || str_eq(l->outer_site, f->envelope_site);
    return known == NULL && senders;
}

static int check_mismatch(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    const struct url *target = &l->unwrapped.target;
    struct url_unwrapped shown;
    int st = read_shown(f, l, &shown, err);
    if (st != MP_OK || !url_is_web(&shown.target) || !url_is_web(target))
        return st;
    const struct url *s = &shown.target;
    if (l->unwrapped.opaque || (s->flags & URL_HOST_BAD) != 0 || str_eq(s->host, target->host))
        return MP_OK;
    struct str site = url_site(f->p->arena, s);
    if (site.n == 0 && s->ip.family == IP_NONE)
        return MP_OK; /* it shows no host of the Internet */
    if (site.n != 0 && (str_eq(site, l->site) || str_eq(site, l->outer_site)))
        return MP_OK;
    const struct phish_name *known = phish_names_exact(f->p->names, site);
    if (l->near.kind == LOOKALIKE_SAME && phish_same_owner(known, l->near.name))
        return MP_OK;
    if (is_counted(f, l, site, known))
        return MP_OK;
    finding_add(f->p->findings, FINDING_URL_TEXT_MISMATCH, l->where,
                "shows " STR_FMT ", leads to " STR_FMT " (" STR_FMT ")", STR_ARG(s->host),
                STR_ARG(target->host), STR_ARG(url_short(l->url.text)));
    return MP_OK;
}

/* ---- url.open-redirect ---- */

/* Parameters that tell a site where to go on. */
static bool has_way_on(const struct url *u)
{
    static const struct str names[] = {STR_INIT("redirect"),    STR_INIT("redirect_url"),
                                       STR_INIT("redirecturl"), STR_INIT("redir"),
                                       STR_INIT("goto"),        STR_INIT("dest"),
                                       STR_INIT("destination"), STR_INIT("target"),
                                       STR_INIT("next"),        STR_INIT("continue"),
                                       STR_INIT("returnurl"),   STR_INIT("return_to"),
                                       STR_INIT("forward"),     STR_INIT("outurl"),
                                       STR_INIT("adurl"),       STR_INIT("rurl")};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (url_parameter(u, names[i]).p != NULL)
            return true;
    return false;
}

static void add_redirect(struct url_facts *f, const struct seen_link *l, struct str by,
                         const struct url *to)
{
    finding_add(f->p->findings, FINDING_URL_OPEN_REDIRECT, l->where,
                STR_FMT " passes on to " STR_FMT ": " STR_FMT, STR_ARG(by), STR_ARG(to->host),
                STR_ARG(url_short(l->url.text)));
}

/* To his own site a sender may lead as he likes. */
static bool is_senders(const struct url_facts *f, struct str site)
{
    return site.n != 0 && str_eq(site, f->from_site) && !f->p->in->dmarc_fail;
}

static int check_redirect(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    const struct url *u = &l->unwrapped.target;
    struct url nested[URL_MAX_NESTED];
    size_t n = 0;
    if (l->unwrapped.was[URL_WRAP_PASSES_ON] && !is_senders(f, l->site)) {
        add_redirect(f, l, l->unwrapped.first_passes, u);
        return MP_OK;
    }
    bool known =
        url_in_list(f->p, LIST_REDIRECTORS, u) || (l->near.kind == LOOKALIKE_SAME && has_way_on(u));
    int st = known ? url_nested(&f->scratch, u, nested, &n, err) : MP_OK;
    for (size_t i = 0; st == MP_OK && i < n; i++) {
        struct str site = url_site(&f->scratch, &nested[i]);
        const struct phish_name *name = phish_names_exact(f->p->names, site);
        bool same = str_eq(site, l->site) || is_senders(f, site) ||
                    (l->near.kind == LOOKALIKE_SAME && phish_same_owner(name, l->near.name));
        if (!same || (site.n == 0 && nested[i].ip.family != IP_NONE)) {
            add_redirect(f, l, u->host, &nested[i]);
            return MP_OK;
        }
    }
    return st;
}

/* ---- url.recipient ---- */

static int check_recipient(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    static const char *const forms[] = {[URL_ADDRESS_NONE] = "",
                                        [URL_ADDRESS_PLAIN] = "in plain",
                                        [URL_ADDRESS_ROT13] = "by rot13",
                                        [URL_ADDRESS_HEX] = "in hex",
                                        [URL_ADDRESS_BASE64] = "in base64"};
    const struct url *u = &l->unwrapped.target;
    struct url_address a;
    int st = url_find_address(&f->scratch, u, f->recipients, f->n_recipients, &a, err);
    if (st != MP_OK || a.form == URL_ADDRESS_NONE)
        return st;
    bool hidden = a.form > URL_ADDRESS_PLAIN || a.in_fragment;
    enum finding_id id = l->link->source == LINK_QR ? FINDING_QR_RECIPIENT : FINDING_URL_RECIPIENT;
    struct finding *found =
        finding_add(f->p->findings, id, l->where, STR_FMT " stands %s%s in " STR_FMT,
                    STR_ARG(f->recipients[a.index]), forms[a.form],
                    a.in_fragment ? ", behind #," : "", STR_ARG(url_short(u->text)));
    if (hidden && !(is_senders(f, l->site) && url_sender_is_proven(f)))
        finding_raise(found, SEV_HIGH);
    return MP_OK;
}

/* ---- html.form.external ---- */

static void check_form(struct url_facts *f, const struct seen_link *l)
{
    const struct phish_name *from = phish_names_exact(f->p->names, f->from_site);
    if (l->link->source != LINK_FORM || (l->site.n != 0 && str_eq(l->site, f->from_site)))
        return;
    if (l->near.kind == LOOKALIKE_SAME && phish_same_owner(from, l->near.name))
        return;
    finding_add(f->p->findings, FINDING_HTML_FORM_EXTERNAL, l->where,
                "what is filled in goes to " STR_FMT ", not to " STR_FMT,
                STR_ARG(l->unwrapped.target.host),
                STR_ARG(f->from_site.n == 0 ? STR("the sender") : f->from_site));
}

int url_check_target(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    int st = check_mismatch(f, l, err); /* each time: the text differs where the URL does not */
    if (st != MP_OK || !l->clicked || l->again || !url_is_web(&l->unwrapped.target))
        return st;
    check_form(f, l);
    st = check_redirect(f, l, err);
    return st == MP_OK ? check_recipient(f, l, err) : st;
}
