/* All links of the message, taken apart once, and who sends and receives it. */
#include "phish/url_links.h"

#include "base/idna.h"
#include "base/psl.h"
#include "base/utf8.h"
#include "content/place.h"

enum { LIST_MAX_SEGMENTS = 4 };

static int no_memory(struct mp_err *err)
{
    return mp_fail(err, MP_E_NOMEM, 0, "the links of a message need more memory than allowed");
}

struct str url_short(struct str text)
{
    return utf8_cut(text, URL_EVIDENCE_BYTES);
}

struct str url_shown_host(struct arena *arena, const struct url *u)
{
    return idna_to_unicode(arena, u->host);
}

bool url_sender_is_proven(const struct url_facts *f)
{
    const struct phish_input *in = f->p->in;
    return in->dmarc_pass || (!in->dmarc_fail && f->bulk);
}

/* "host/a/b/c", "host/a/b", ... and the same below each domain above the host. */
bool url_in_list(const struct phish *p, enum content_list list, const struct url *u)
{
    for (struct str host = u->host; host.n != 0; str_cut(&host, '.')) {
        size_t end = 0;
        if (content_lists_has(p->in->lists, list, host))
            return true;
        for (unsigned i = 0; i < LIST_MAX_SEGMENTS && end < u->path.n; i++) {
            end++;
            while (end < u->path.n && u->path.p[end] != '/')
                end++;
            struct str parts[] = {host, str_slice(u->path, 0, end)};
            char key[CONTENT_LIST_MAX_KEY];
            if (parts[0].n + parts[1].n > sizeof key)
                break;
            memcpy(key, parts[0].p, parts[0].n);
            memcpy(key + parts[0].n, parts[1].p, parts[1].n);
            if (content_lists_has(p->in->lists, list, str_make(key, parts[0].n + parts[1].n)))
                return true;
        }
    }
    return false;
}

/* ---- who ---- */

static void add_recipient(struct url_facts *f, struct str local, struct str domain)
{
    struct str parts[] = {local, STR("@"), domain};
    struct str whole = arena_join(f->p->arena, parts, ARRAY_LEN(parts));
    struct str lower = whole.p == NULL ? STR_NONE : arena_lower(f->p->arena, whole);
    for (size_t i = 0; i < f->n_recipients; i++)
        if (str_eq(f->recipients[i], lower))
            return;
    if (lower.n > 2 && f->n_recipients < URL_MAX_ADDRESSES)
        f->recipients[f->n_recipients++] = lower;
}

/* Of To and Cc those at our own domains; all when we know none. */
static void read_field(struct url_facts *f, struct str name)
{
    const struct phish_input *in = f->p->in;
    const struct header *field = header_first(in->message, name);
    bool any = content_lists_count(in->lists, LIST_DOMAINS_OWN) == 0;
    struct address_list list = {.n = 0};
    if (field != NULL)
        address_parse(f->p->arena, field->value, &list);
    for (size_t i = 0; i < list.n && f->n_recipients < URL_MAX_ADDRESSES; i++) {
        const struct mailbox *m = &list.items[i];
        struct str domain = arena_lower(f->p->arena, m->domain);
        if (m->local.n != 0 && domain.n != 0 &&
            (any || content_lists_domain(in->lists, LIST_DOMAINS_OWN, domain) != NULL))
            add_recipient(f, m->local, domain);
    }
}

int url_people_read(struct url_facts *f, struct mp_err *err)
{
    const struct phish_input *in = f->p->in;
    struct str mail_from = in->mail_from;
    size_t at = str_rfind(mail_from, '@');
    f->recipients = arena_new(f->p->arena, struct str, URL_MAX_ADDRESSES);
    if (f->recipients == NULL)
        return no_memory(err);
    f->bulk = f->p->people.is_forum || header_first(in->message, STR("List-Unsubscribe")) != NULL;
    if (f->p->from != NULL)
        f->from_site = psl_registrable(f->p->arena, f->p->from->domain);
    if (at < mail_from.n)
        f->envelope_site = psl_registrable(f->p->arena, str_slice(mail_from, at + 1, mail_from.n));
    for (size_t i = 0; i < in->n_rcpt_to; i++) {
        struct str domain = in->rcpt_to[i], local = str_cut(&domain, '@');
        if (domain.n != 0)
            add_recipient(f, local, domain);
    }
    read_field(f, STR("To"));
    read_field(f, STR("Cc"));
    return MP_OK;
}

/* ---- links ---- */

static bool is_clicked(enum link_source source)
{
    return source != LINK_LOADED && source != LINK_OFFICE_PART;
}

/* Places in `links`, by hash of what is compared. */
struct known_links {
    const struct seen_link *links;
    uint32_t *slots;
    size_t mask;
    struct str (*key)(const struct seen_link *l);
};

static struct str url_of(const struct seen_link *l)
{
    return l->link->url;
}

static struct str host_of(const struct seen_link *l)
{
    return l->unwrapped.target.host;
}

/* Rules treat what is clicked, loaded and read from a QR code differently. */
static bool is_same_kind(const struct seen_link *a, const struct seen_link *b)
{
    return a->clicked == b->clicked && (a->link->source == LINK_QR) == (b->link->source == LINK_QR);
}

static int known_init(struct arena *arena, const struct seen_link *links, size_t n,
                      struct str (*key)(const struct seen_link *l), struct known_links *out,
                      struct mp_err *err)
{
    *out = (struct known_links){.links = links, .mask = 15, .key = key};
    while (out->mask < 2 * n)
        out->mask = 2 * out->mask + 1;
    out->slots = arena_new(arena, uint32_t, out->mask + 1);
    return out->slots == NULL ? no_memory(err) : MP_OK;
}

/* The first that is the same, of whatever kind; NULL without. `*again`: one of its kind came
 * before; links[index] is noted if not. */
static const struct seen_link *find_same(struct known_links *known, size_t index, bool *again)
{
    const struct seen_link *l = &known->links[index], *first = NULL;
    struct str key = known->key(l);
    for (size_t at = (size_t)str_hash(key);; at++) {
        uint32_t *slot = &known->slots[at & known->mask];
        *again = *slot != 0;
        if (*slot == 0) {
            *slot = (uint32_t)index + 1;
            return first;
        }
        const struct seen_link *other = &known->links[*slot - 1];
        if (!str_eq(known->key(other), key))
            continue;
        first = first == NULL ? other : first;
        if (is_same_kind(l, other))
            return first;
    }
}

/* Does the site of the URL depend on its host alone? */
static bool has_name(const struct url *u)
{
    return u->ip.family == IP_NONE && (u->flags & URL_HOST_BAD) == 0;
}

/* The registrable domains. `same`: a link that leads to the same host; or NULL. */
static int read_sites(struct phish *p, struct seen_link *l, const struct seen_link *same,
                      struct mp_err *err)
{
    const struct url *to = &l->unwrapped.target;
    if (same != NULL && has_name(to) && has_name(&same->unwrapped.target)) {
        l->site = same->site;
        l->near = same->near;
        l->outer_site = l->unwrapped.n == 0 ? l->site : url_site(p->arena, &l->url);
        return MP_OK;
    }
    l->outer_site = url_site(p->arena, &l->url);
    l->site = l->unwrapped.n == 0 ? l->outer_site : url_site(p->arena, to);
    return l->site.n == 0 ? MP_OK : phish_names_find(p->arena, p->names, l->site, &l->near, err);
}

struct reading {
    struct phish *p;
    struct seen_link *links;
    struct known_links urls, hosts;
};

/* links[index]: pages lead to few URLs many times, and to fewer hosts. */
static int read_link(struct reading *r, size_t index, struct mp_err *err)
{
    const struct content_report *found = r->p->in->found;
    struct seen_link *l = &r->links[index];
    l->link = &found->links[index];
    l->clicked = is_clicked(l->link->source);
    if (l->link->object < found->n)
        l->where = content_place(&found->objects[l->link->object]);
    const struct seen_link *same = find_same(&r->urls, index, &l->again);
    int st = MP_OK;
    if (same != NULL) {
        l->url = same->url;
        l->unwrapped = same->unwrapped;
    } else if ((st = url_parse(r->p->arena, l->link->url, NULL, &l->url, err)) == MP_OK) {
        st = url_unwrap(r->p->arena, &l->url, &l->unwrapped, err);
    }
    if (st != MP_OK || l->url.kind == URL_NONE)
        return st;
    same = find_same(&r->hosts, index, &l->host_again);
    return read_sites(r->p, l, same, err);
}

int url_links_read(struct phish *p, struct mp_err *err)
{
    size_t all = p->in->found->n_links, n = 0, bytes = 0;
    struct reading r = {.p = p, .links = arena_new(p->arena, struct seen_link, all + 1)};
    int st = r.links == NULL ? no_memory(err) : MP_OK;
    if (st == MP_OK)
        st = known_init(p->arena, r.links, all, url_of, &r.urls, err);
    if (st == MP_OK)
        st = known_init(p->arena, r.links, all, host_of, &r.hosts, err);
    for (; st == MP_OK && n < all; n++) {
        if (bytes > PHISH_MAX_LINK_BYTES) {
            finding_add(p->findings, FINDING_LIMIT_CONTENT, NOWHERE,
                        "the links of the message are too long together");
            break;
        }
        st = read_link(&r, n, err);
        const struct seen_link *l = &r.links[n];
        bytes += l->again || l->url.kind == URL_NONE ? 0 : l->url.text.n;
    }
    p->links = r.links;
    p->n_links = n;
    return st;
}
