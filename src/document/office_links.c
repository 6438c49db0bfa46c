/* The rules office.relationship.*: where the parts and the links of a document lead. */
#include "content/found.h"
#include "content/lists.h"
#include "content/place.h"
#include "document/office.h"
#include "url/url.h"

/* Types of relationships whose target is loaded with the document, or when something in it is
 * shown; by the last part of their name, in any case. */
static const struct str loaded[] = {
    STR_INIT("attachedTemplate"),
    STR_INIT("oleObject"),
    STR_INIT("frame"),
    STR_INIT("externalLink"),
    STR_INIT("externalLinkPath"),
    STR_INIT("externalReference"),
    STR_INIT("subDocument"),
    STR_INIT("officeDocument"),
    STR_INIT("package"),
    STR_INIT("slideUpdateUrl"),
    STR_INIT("slideUpdateInfo"),
    STR_INIT("slideMaster"),
    STR_INIT("slide"),
    STR_INIT("worksheet"),
    STR_INIT("xlExternalLinkPath"),
    STR_INIT("control"),
    STR_INIT("aFChunk"),
};

/* Handlers of the system that were used to run code from a document. */
static const struct str handlers[] = {
    STR_INIT("mhtml:"),     STR_INIT("ms-msdt:"),
    STR_INIT("search-ms:"), STR_INIT("ms-officecmd:"),
    STR_INIT("search:"),    STR_INIT("ms-search:"),
    STR_INIT("x-usc:"),     STR_INIT("ms-appinstaller:"),
    STR_INIT("ms-excel:"),  STR_INIT("ms-word:"),
    STR_INIT("script:"),    STR_INIT("javascript:"),
    STR_INIT("vbscript:"),  STR_INIT("ppaction://program"),
};

static bool is_listed(const struct str *list, size_t n, struct str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieq(list[i], word))
            return true;
    return false;
}

static bool is_handler(struct str target)
{
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
        if (str_istarts(target, handlers[i]))
            return true;
    return false;
}

/* "page.html!", "page!x-usc:...": what is behind "!" tells the system what to make of the page. Of
 * a workbook ("book.xlsx!Sheet1!A1:B2") it is a place. */
static bool ends_in_moniker(struct str target)
{
    size_t bang = str_rfind(target, '!');
    struct str page = str_slice(target, 0, bang), moniker = str_slice(target, bang + 1, target.n);
    if (bang == target.n)
        return false;
    return moniker.n == 0 || is_handler(moniker) || str_search(moniker, STR("://")) < moniker.n ||
           str_iends(page, STR(".html")) || str_iends(page, STR(".htm"));
}

/* A host of one's own house: its templates are on purpose. */
static bool is_own(const struct office_case *x, const struct url *u)
{
    return u->host.n > 0 && content_lists_domain(x->c->lists, LIST_DOMAINS_OWN, u->host) != NULL;
}

/* "\\\\host\\share", "file://host/share", and as Office writes it, "file:///\\\\host\\share". */
static bool is_share(const struct url *u)
{
    size_t slashes = 0;
    while (slashes < u->path.n && (u->path.p[slashes] == '/' || u->path.p[slashes] == '\\'))
        slashes++;
    return u->kind == URL_FILE && (u->host.n > 0 || slashes > 1);
}

static bool is_remote(const struct url *u)
{
    return url_is_web(u) || (u->kind == URL_FTP && u->host.n > 0) || is_share(u);
}

static void tell(const struct office_case *x, enum finding_id id, enum severity severity,
                 const struct office_link *l)
{
    finding_add_as(&x->c->report->findings, severity, id, content_place(&x->o),
                   STR_FMT ": " STR_FMT, STR_ARG(l->type), STR_ARG(l->target));
}

static int rule_link(struct office_case *x, const struct office_link *l, struct mp_err *err)
{
    struct url u;
    bool is_part = is_listed(loaded, ARRAY_LEN(loaded), l->type);
    bool is_image = str_ieq(l->type, STR("image"));
    int st = url_parse(x->c->arena, l->target, NULL, &u, err);
    if (st != MP_OK)
        return st;
    struct str target = str_trim(l->target);
    if (is_handler(target) || (is_part && ends_in_moniker(target)))
        tell(x, FINDING_OFFICE_RELATIONSHIP_HANDLER, SEV_CRITICAL, l);
    else if (is_own(x, &u))
        return MP_OK;
    else if ((is_part && is_remote(&u)) || (is_image && is_share(&u)))
        tell(x, FINDING_OFFICE_RELATIONSHIP_EXTERNAL, SEV_HIGH, l);
    else if (!is_part && !is_image && is_remote(&u) && u.ip.family != IP_NONE)
        tell(x, FINDING_OFFICE_RELATIONSHIP_EXTERNAL, SEV_MEDIUM, l);
    return MP_OK;
}

int office_link_rules(struct office_case *x, struct mp_err *err)
{
    int st = MP_OK;
    for (size_t i = 0; st == MP_OK && i < x->facts->n_links; i++) {
        const struct office_link *l = &x->facts->links[i];
        bool is_click = str_ieq(l->type, STR("hyperlink"));
        const struct content_link link = {.object = (uint32_t)x->index,
                                          .source = is_click ? LINK_OFFICE : LINK_OFFICE_PART,
                                          .url = l->target};
        if (!l->external)
            continue;
        st = rule_link(x, l, err);
        if (st == MP_OK)
            st = content_add_link(x->c, &link, err);
    }
    return st;
}
