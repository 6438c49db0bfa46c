/* Links by the name of their host: whose name it borrows, and what kind of place it is. */
#include "base/confusable.h"
#include "base/idna.h"
#include "base/utf8.h"
#include "phish/url_links.h"
#include "url/skeleton.h"

enum { DISTINCT_LABEL_BYTES = 8 };

static struct str label_of(struct str domain)
{
    return str_cut(&domain, '.');
}

/* ---- url.confusable, url.lookalike ---- */

/* Is the label of `site` drawn in other letters that look just like those of `known`? */
static bool is_twin(struct arena *arena, struct str site, struct str known)
{
    struct str a = skeleton(arena, idna_to_unicode(arena, label_of(site)), SKELETON_LETTERS);
    struct str b = skeleton(arena, idna_to_unicode(arena, label_of(known)), SKELETON_LETTERS);
    return a.p != NULL && str_eq(a, b);
}

static void check_letters(struct url_facts *f, const struct seen_link *l)
{
    const struct url *u = &l->unwrapped.target;
    struct arena *arena = f->p->arena;
    struct str shown = STR_NONE;
    bool twin = l->near.kind == LOOKALIKE_GLYPH && is_twin(arena, l->site, l->near.name->domain);
    const char *why = domain_confusable(arena, u->host, &shown);
    if (twin)
        finding_add(f->p->findings, FINDING_URL_CONFUSABLE, l->where,
                    STR_FMT " (" STR_FMT ") looks like " STR_FMT, STR_ARG(url_shown_host(arena, u)),
                    STR_ARG(u->host), STR_ARG(l->near.name->domain));
    else if (why != NULL)
        finding_add(f->p->findings, FINDING_URL_CONFUSABLE, l->where,
                    "%s: \"" STR_FMT "\" in " STR_FMT, why, STR_ARG(shown), STR_ARG(u->host));
}

/* Another ending of a known label is somebody else's when the domain is ours; of a brand, which has
 * its own in many countries, where names cost nothing and say nothing of their owner. */
static bool ending_counts(const struct url_facts *f, const struct seen_link *l)
{
    const struct content_lists *lists = f->p->in->lists;
    if (l->near.name->owner != OWNER_BRAND)
        return true;
    return content_lists_domain(lists, LIST_TLDS_ABUSED, l->site) != NULL ||
           content_lists_domain(lists, LIST_FREE_HOSTS, l->site) != NULL;
}

static void check_near_miss(struct url_facts *f, const struct seen_link *l)
{
    enum lookalike_kind kind = l->near.kind;
    if (kind <= LOOKALIKE_SAME || kind == LOOKALIKE_WORD || !str_is_ascii(l->site) ||
        str_istarts(l->site, STR("xn--")) || (kind == LOOKALIKE_SUFFIX && !ending_counts(f, l)))
        return;
    finding_add(f->p->findings, FINDING_URL_LOOKALIKE, l->where, STR_FMT " is not " STR_FMT ": %s",
                STR_ARG(l->unwrapped.target.host), STR_ARG(l->near.name->domain),
                lookalike_text(kind));
}

/* ---- url.brand-subdomain ---- */

/* A known domain among the labels of `left`, which stand in front of somebody else's domain. */
static const struct phish_name *name_within(const struct url_facts *f, struct str left)
{
    for (struct str from = left; from.n != 0; str_cut(&from, '.')) {
        struct str rest = from;
        for (unsigned labels = 1; rest.p != NULL && labels <= 3; labels++) {
            str_cut(&rest, '.');
            size_t n = rest.p == NULL ? from.n : (size_t)(rest.p - from.p) - 1;
            const struct phish_name *name =
                labels == 1 ? NULL : phish_names_exact(f->p->names, str_slice(from, 0, n));
            if (name != NULL)
                return name;
        }
    }
    return NULL;
}

/* Is the known label a name, and not only a word that is also one ("apple-tree.example")? */
static bool is_distinct(const struct url_facts *f, const struct phish_name *name)
{
    struct str label = label_of(name->domain);
    const struct content_entry *entry = content_lists_find(f->p->in->lists, LIST_BRANDS, label);
    if (name->owner != OWNER_BRAND)
        return true;
    return entry != NULL ? !entry->whole : label.n >= DISTINCT_LABEL_BYTES;
}

static int check_borrowed(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    const struct url *u = &l->unwrapped.target;
    const struct phish_name *name = NULL;
    if (l->site.n == 0 || l->near.kind == LOOKALIKE_SAME)
        return MP_OK;
    if (u->host.n > l->site.n) {
        struct str left = str_slice(u->host, 0, u->host.n - l->site.n - 1);
        char *dots = arena_alloc(f->p->arena, left.n + 1, 1);
        if (dots == NULL)
            return mp_fail(err, MP_E_NOMEM, 0, "no memory for the host of a link");
        for (size_t i = 0; i < left.n; i++)
            dots[i] = left.p[i] == '-' ? '.' : left.p[i];
        name = name_within(f, left);
        if (name == NULL)
            name = name_within(f, str_make(dots, left.n));
    }
    if (name == NULL && l->near.kind == LOOKALIKE_WORD && is_distinct(f, l->near.name))
        name = l->near.name;
    if (name != NULL)
        finding_add(f->p->findings, FINDING_URL_BRAND_SUBDOMAIN, l->where,
                    STR_FMT " belongs to " STR_FMT ", not to " STR_FMT, STR_ARG(url_short(u->host)),
                    STR_ARG(l->site), STR_ARG(name->domain));
    return MP_OK;
}

/* ---- what kind of place ---- */

static bool leads_nowhere(const struct url *u)
{
    return u->path.n <= 1 && u->query.n == 0;
}

static void check_shortener(struct url_facts *f, const struct seen_link *l)
{
    const struct url *hosts[] = {&l->unwrapped.target, &l->url};
    for (size_t i = 0; i < (l->unwrapped.n == 0 ? 1 : 2); i++) {
        const struct content_entry *e =
            content_lists_domain(f->p->in->lists, LIST_SHORTENERS, hosts[i]->host);
        if (e == NULL || leads_nowhere(hosts[i]))
            continue;
        finding_add(f->p->findings, FINDING_URL_SHORTENER, l->where, STR_FMT ": " STR_FMT,
                    STR_ARG(e->key), STR_ARG(url_short(hosts[i]->text)));
        return;
    }
}

static void check_place(struct url_facts *f, const struct seen_link *l)
{
    const struct content_lists *lists = f->p->in->lists;
    const struct url *u = &l->unwrapped.target;
    const struct content_entry *e = content_lists_domain(lists, LIST_FREE_HOSTS, u->host);
    const struct content_entry *top = content_lists_domain(lists, LIST_TLDS_ABUSED, u->host);
    if (e != NULL)
        finding_add(f->p->findings, FINDING_URL_FREE_HOST, l->where, STR_FMT ": " STR_FMT,
                    STR_ARG(e->key), STR_ARG(url_short(u->text)));
    if (u->ip.family == IP_NONE && top != NULL)
        finding_add(f->p->findings, FINDING_URL_TLD, l->where, "." STR_FMT ": " STR_FMT,
                    STR_ARG(top->key), STR_ARG(url_short(u->text)));
}

int url_check_name(struct url_facts *f, const struct seen_link *l, struct mp_err *err)
{
    if (!url_is_web(&l->unwrapped.target))
        return MP_OK;
    if (l->clicked)
        check_shortener(f, l);
    if (l->host_again) /* the rest says the same of all URLs of a host */
        return MP_OK;
    check_letters(f, l);
    check_near_miss(f, l);
    if (l->clicked)
        check_place(f, l);
    return check_borrowed(f, l, err);
}
